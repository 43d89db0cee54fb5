/** One request to a provider's API: the key, the timeout, a bounded body, no redirect. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { Answer } from "../job/Reading.ts"
import type { Call, Provider } from "../provider/Provider.ts"
import { redactor } from "../provider/redact.ts"
import { withinOrigin } from "../provider/redirect.ts"
import { withKey } from "./auth.ts"
import { textOf } from "./body.ts"
import { inBrowser } from "./browser.ts"
import type { NoAnswer } from "./exchange.ts"
import { noAnswer, type Proof } from "./failure.ts"
import { seenFrom } from "./outgoing.ts"
import { BeforeFirstByte, isAnnouncing } from "./Transport.ts"

/**
 * Sends one request and reads its answer, whatever its status. `within` is in milliseconds and includes the body. A redirect that a GET meets
 * within the API's own origin is followed once.
 */
export const call = (
  provider: Provider<never>,
  operation: Answer["operation"],
  { body, method, path }: Call,
  within: number
): Effect.Effect<Answer, NoAnswer, HttpClient.HttpClient> => {
  const url = `${provider.baseUrl}${path}`
  const answered = sent(operation, requestOf(provider, method, url, body))
  return answered.pipe(
    Effect.flatMap((answer) => {
      const target = method === "GET" ? withinOrigin(answer, url) : undefined
      if (target === undefined) return Effect.succeed(answer)
      return Effect.map(sent(operation, requestOf(provider, method, target, undefined)), (again) => seenFrom(again, target))
    }),
    Effect.mapError((error) => failureOf(error, "by its code", provider)),
    timedOut(within, "timeout")
  )
}

/** Why a POST was held back before its first byte: it was not wanted any more, or its intent was too old. */
const held: NoAnswer = { _tag: "NoAnswer", because: "held", detail: "it was not to be sent any more" }

/**
 * Sends a POST that costs money. `ready` is called directly before the first byte, once: `false` sends nothing. That nothing was sent is known from a
 * transport that announces its first byte, or from the listed codes of others; nothing that a browser reports after `fetch` was called shows it.
 */
export const post = (
  provider: Provider<never>,
  { body, method, path }: Call,
  within: number,
  ready: () => boolean
): Effect.Effect<Answer, NoAnswer, HttpClient.HttpClient> =>
  Effect.flatMap(HttpClient.HttpClient, (client) => {
    if (isOffline(provider.baseUrl)) {
      return Effect.fail<NoAnswer>({ _tag: "NoAnswer", because: "unsent", detail: "this device is offline" })
    }
    const announces = isAnnouncing(client)
    let begun = false
    let asked = 0
    const begin = (): boolean => (begun ||= ready())
    const once = (): boolean => ++asked === 1 && begin()
    if (!announces && !begin()) return Effect.fail(held)
    return sent("submit", requestOf(provider, method, `${provider.baseUrl}${path}`, body)).pipe(
      Effect.provideService(BeforeFirstByte, once),
      Effect.mapError((error) => (asked > 0 && !begun ? held : failureOf(error, proofOf({ announces, begun, asked }), provider))),
      timedOut(within, () => (begun ? "timeout" : "unsent"))
    )
  })

/** What shows that a failed POST was never sent. */
const proofOf = (of: { readonly announces: boolean; readonly begun: boolean; readonly asked: number }): Proof => {
  // It was sent twice, and this is the outcome of one of the two.
  if (of.asked > 1) return "by nothing"
  if (of.announces) return of.begun ? "by its proxy" : "surely"
  return inBrowser() ? "by a browser" : "by its code"
}

/** Read before `fetch`, which is then not called: after a failure the same value would prove nothing. The machine's own addresses need no network. */
const isOffline = (baseUrl: string): boolean => {
  const { navigator } = globalThis
  // Node has a navigator, but not this property.
  const onLine: unknown = typeof navigator === "object" ? Reflect.get(navigator, "onLine") : undefined
  return onLine === false && !isLoopback(new URL(baseUrl).hostname)
}

const isLoopback = (host: string): boolean => /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/u.test(host)

const requestOf = (
  provider: Provider<never>,
  method: Call["method"],
  url: string,
  body: Call["body"]
): HttpClientRequest.HttpClientRequest => {
  const base = HttpClientRequest.make(method)(url).pipe(HttpClientRequest.acceptJson, withKey(provider))
  if (body === undefined) return base
  return body._tag === "Json"
    ? HttpClientRequest.bodyJsonUnsafe(base, body.value)
    : HttpClientRequest.bodyFormData(base, formData(body.parts))
}

const sent = (
  operation: Answer["operation"],
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<Answer, HttpClientError.HttpClientError, HttpClient.HttpClient> =>
  HttpClient.execute(request).pipe(
    Effect.flatMap((response) =>
      Effect.map(textOf(response), (text): Answer => ({ operation, status: response.status, headers: response.headers, body: text }))
    ),
    untraced
  )

/** Only an error before any answer can show by its code that nothing was sent. */
const failureOf = ({ reason }: HttpClientError.HttpClientError, unsent: Proof, provider: Provider<never>): NoAnswer =>
  noAnswer(
    "cause" in reason ? reason.cause : undefined,
    unsent === "by its code" && reason._tag !== "TransportError" ? "by nothing" : unsent,
    redactor(provider),
    reason._tag
  )

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

/**
 * What every request of Reelay has in common: redirects are the caller's to follow (a fetch would carry on by itself), and
 * neither the URL (it may be signed) nor a trace header leaves through the HTTP client's own spans.
 */
export const untraced = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  effect.pipe(
    Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
    Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
    Effect.provideService(HttpClient.TracerPropagationEnabled, false)
  )

const formData = (parts: ReadonlyArray<{ readonly name: string; readonly value: string | Blob; readonly filename?: string }>): FormData => {
  const form = new FormData()
  for (const { filename, name, value } of parts) {
    if (typeof value === "string") form.append(name, value)
    else form.append(name, value, filename)
  }
  return form
}
