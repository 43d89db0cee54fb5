/** The transport over any effect `HttpClient`, so that programs keep theirs: a fiber for each request. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { textOf } from "./body.ts"
import { inBrowser } from "./browser.ts"
import { untraced } from "./call.ts"
import { atOnce, type Incoming, type NoAnswer, type Outgoing, type Transport } from "./exchange.ts"
import { failed } from "./failure.ts"

/**
 * Sends by an `HttpClient`. Content codings that the client leaves are undone as far as the platform's
 * `DecompressionStream` can.
 *
 * @category constructors
 * @since 0.1.0
 */
export const overHttpClient = (client: HttpClient.HttpClient): Transport => ({
  capacity: atOnce,
  send: (request, done, context) => {
    let over = false
    const fiber = Effect.runForkWith(context)(exchange(client, request))
    fiber.addObserver((exit) => {
      if (over) return
      const outcome = Exit.isSuccess(exit) ? exit.value : failure(request, exit.cause)
      over = true
      done(outcome)
    })
    return () => {
      over = true
      fiber.interruptUnsafe()
    }
  }
})

const exchange = (client: HttpClient.HttpClient, request: Outgoing): Effect.Effect<Incoming, HttpClientError.HttpClientError> =>
  client.execute(requestOf(request)).pipe(
    Effect.flatMap((response) =>
      Effect.map(textOf(response), (body): Incoming => ({ _tag: "Incoming", status: response.status, headers: response.headers, body }))
    ),
    untraced
  )

const requestOf = ({ body, headers, method, url }: Outgoing): HttpClientRequest.HttpClientRequest => {
  const request = HttpClientRequest.make(method)(url)
  return HttpClientRequest.setHeaders(body === undefined ? request : HttpClientRequest.bodyText(request, body), headers)
}

/** Only an error before any answer can show by its code that nothing was sent. */
const failure = (request: Outgoing, cause: Cause.Cause<HttpClientError.HttpClientError>): NoAnswer => {
  const error = Cause.hasInterruptsOnly(cause) ? new Error("the request was interrupted") : Cause.squash(cause)
  if (inBrowser()) return failed(request, reasonOf(error), "by a browser")
  const before = HttpClientError.isHttpClientError(error) && error.reason._tag === "TransportError"
  return failed(request, reasonOf(error), before ? "by its code" : "by nothing")
}

/** Without effect's own message, which contains the address of the request. */
const reasonOf = (error: unknown): unknown => {
  if (!HttpClientError.isHttpClientError(error)) return error
  const { reason } = error
  return "cause" in reason && reason.cause instanceof Error ? reason.cause : new Error(reason._tag)
}
