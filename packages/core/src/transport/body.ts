/** The body of an answer, which may be left at any time. */
import * as Effect from "effect/Effect"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/**
 * The bytes of an answer. Whoever leaves them cancels them, and does not wait for that: where an instrumented `fetch` has cloned the
 * answer, it never ends (vercel/ai#18048), and would hold up timeout, interruption and deadline for ever.
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
