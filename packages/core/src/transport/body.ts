/** The body of an answer of an effect `HttpClient`, which may be left at any time. */
import * as Effect from "effect/Effect"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { bodyText } from "./bodyText.ts"
import { inBrowser } from "./browser.ts"
import { bodyLimit } from "./exchange.ts"

/**
 * The bytes of an answer. Leaving them cancels them, without waiting for that: if an instrumented `fetch` has cloned the answer, it never ends
 * (vercel/ai#18048), and would block timeout, interruption and deadline for ever.
 */
export const bodyOf = ({ stream }: HttpClientResponse.HttpClientResponse): Stream.Stream<Uint8Array, HttpClientError.HttpClientError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const scope = yield* Effect.acquireRelease(Scope.make(), (own, exit) =>
        Effect.forkDetach(Scope.close(own, exit), { startImmediately: true })
      )
      const pull = yield* Scope.provide(Stream.toPull(stream), scope)
      return Stream.fromPull(Effect.succeed(pull))
    })
  )

/**
 * The body as text, at most `bodyLimit` bytes of it, its content codings undone. It is read as a `Stream`, which costs as much as all the rest, only
 * if it may be longer.
 */
export const textOf = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string, HttpClientError.HttpClientError> =>
  isShort(response.headers) ? response.text : textOfStream(response)

/** It says how long it is, within the limit, and comes as it is: no client reads on after that. A browser does not show every coding. */
const isShort = ({ "content-encoding": coding, "content-length": length }: HttpClientResponse.HttpClientResponse["headers"]): boolean =>
  coding === undefined && length !== undefined && Number(length) <= bodyLimit && !inBrowser()

const textOfStream = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string, HttpClientError.HttpClientError> =>
  Effect.suspend(() => {
    const text = bodyText(response.headers["content-encoding"])
    return bodyOf(response).pipe(
      Stream.runForEachWhile((chunk) => Effect.sync(() => text.add(chunk))),
      // An empty body has no stream on some transports; it is a documented answer (xAI's 202).
      Effect.catchIf(
        (error) => error.reason._tag === "EmptyBodyError",
        () => Effect.void
      ),
      Effect.andThen(() => endOf(text.end, response))
    )
  })

const endOf = (
  end: () => string | Promise<string>,
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<string, HttpClientError.HttpClientError> => {
  const text = end()
  if (typeof text === "string") return Effect.succeed(text)
  return Effect.tryPromise({
    try: () => text,
    catch: (cause) => broken(response, cause)
  })
}

const broken = (response: HttpClientResponse.HttpClientResponse, cause: unknown): HttpClientError.HttpClientError =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.DecodeError({ request: response.request, response, cause }) })
