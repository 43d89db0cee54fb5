/** One request to a provider's API: the key, the timeout, a bounded body, no redirect but one within the API's own origin. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Answer } from "../job/Reading.ts"
import type { Call, Provider } from "../provider/Provider.ts"
import { withinOrigin } from "../provider/redirect.ts"
import { outgoing, seenFrom } from "./outgoing.ts"
import { ApiTransport, type Incoming, type NoAnswer, type Outgoing } from "./Transport.ts"

/**
 * Sends one request and reads its answer, whatever its status. `within` is in milliseconds and includes the body. A redirect that a GET meets
 * within the API's own origin is followed once.
 */
export const call = (
  provider: Provider<never>,
  operation: Answer["operation"],
  asked: Call,
  within: number
): Effect.Effect<Answer, NoAnswer, ApiTransport> => {
  const request = outgoing(provider, asked)
  return Effect.flatMap(sent(request), (incoming) => {
    const answer = answerOf(operation, incoming)
    const target = request.method === "GET" ? withinOrigin(answer, request.url) : undefined
    if (target === undefined) return Effect.succeed(answer)
    return Effect.map(sent({ ...request, url: target }), (again) => answerOf(operation, seenFrom(again, target)))
  }).pipe(timedOut(within, "timeout"))
}

/**
 * Sends a POST that costs money. `ready` is called directly before the first byte, once: `false` sends nothing. That nothing was sent is known from a
 * transport that sees its connections, or from the listed codes of others; nothing that a browser reports after `fetch` was called shows it.
 */
export const post = (
  provider: Provider<never>,
  asked: Call,
  within: number,
  ready: () => boolean
): Effect.Effect<Answer, NoAnswer, ApiTransport> =>
  Effect.suspend(() => {
    if (isOffline(provider.baseUrl)) {
      return Effect.fail<NoAnswer>({ _tag: "NoAnswer", because: "unsent", detail: "this device is offline" })
    }
    let begun = false
    const mayGo = (): boolean => {
      begun = ready()
      return begun
    }
    return Effect.map(sent(outgoing(provider, asked), mayGo), (incoming) => answerOf("submit", incoming)).pipe(
      timedOut(within, () => (begun ? "timeout" : "unsent"))
    )
  })

/** Read before anything is sent: after a failure the same value would prove nothing. The machine's own addresses need no network. */
const isOffline = (baseUrl: string): boolean => {
  const { navigator } = globalThis
  // Node has a navigator, but not this property.
  const onLine: unknown = typeof navigator === "object" ? Reflect.get(navigator, "onLine") : undefined
  return onLine === false && !isLoopback(new URL(baseUrl).hostname)
}

const isLoopback = (host: string): boolean => /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/u.test(host)

const sent = (request: Outgoing, mayGo?: () => boolean): Effect.Effect<Incoming, NoAnswer, ApiTransport> =>
  Effect.contextWith((context: Context.Context<ApiTransport>) =>
    Effect.callback((resume) => {
      const abort = Context.get(context, ApiTransport).send(
        request,
        (outcome) => resume(outcome._tag === "Incoming" ? Effect.succeed(outcome) : Effect.fail(outcome)),
        context,
        mayGo
      )
      return Effect.sync(abort)
    })
  )

const answerOf = (operation: Answer["operation"], { body, headers, status }: Incoming): Answer => ({ operation, status, headers, body })

const timedOut =
  (within: number, because: NoAnswer["because"] | (() => NoAnswer["because"])) =>
  <R>(answer: Effect.Effect<Answer, NoAnswer, R>): Effect.Effect<Answer, NoAnswer, R> =>
    Effect.timeoutOrElse(answer, {
      duration: Duration.millis(within),
      orElse: () =>
        Effect.failSync<NoAnswer>(() => ({
          _tag: "NoAnswer",
          because: typeof because === "function" ? because() : because,
          detail: `no answer within ${within / 1000} s`
        }))
    })
