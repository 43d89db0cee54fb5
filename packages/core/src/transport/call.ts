/** One request to a provider's API: the key, the timeout, a bounded body, no redirect. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"
import { excerpt } from "../base/Text.ts"
import type { Answer } from "../job/Reading.ts"
import type { Call, Provider } from "../provider/Provider.ts"
import { redactor } from "../provider/redact.ts"
import { withinOrigin } from "../provider/redirect.ts"
import { inBrowser, withKey } from "./auth.ts"
import { bodyOf } from "./body.ts"
import { BeforeFirstByte, bodyLimit, type Incoming, isAnnouncing, NeverSent, type NoAnswer, type Outgoing } from "./Transport.ts"

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
    Effect.mapError((error) => noAnswer(error, redactor(provider), "by its code")),
    timedOut(within, "timeout")
  )
}

/** Where an answer leads to is told by its own address. */
const seenFrom = (answer: Answer, url: string): Answer => {
  const location = answer.headers["location"]
  return location !== undefined && URL.canParse(location, url)
    ? { ...answer, headers: { ...answer.headers, location: new URL(location, url).href } }
    : answer
}

/** Why a POST never had a first byte: it was not wanted any more, or its intent was too old. */
const held: NoAnswer = { _tag: "NoAnswer", because: "held", detail: "it was not to be sent any more" }

/**
 * Sends a POST that costs money. `ready` is asked directly before the first byte, once: `false` sends nothing. Whether nothing was sent
 * is told by a transport that announces its first byte; by the listed codes of others; and by nothing that a browser says after `fetch` was called.
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
      Effect.mapError((error) => (asked > 0 && !begun ? held : noAnswer(error, redactor(provider), proofOf({ announces, begun, asked })))),
      timedOut(within, () => (begun ? "timeout" : "unsent"))
    )
  })

/** What tells that a POST which failed was never sent on. */
const proofOf = (of: { readonly announces: boolean; readonly begun: boolean; readonly asked: number }): Proof => {
  // Somebody has sent it twice, and this is the fate of one of the two.
  if (of.asked > 1) return "by nothing"
  if (of.announces) return of.begun ? "by its proxy" : "surely"
  return inBrowser() ? "by a browser" : "by its code"
}

/** Read before `fetch` is called, and then it is not: after a failure the same word would prove nothing. This machine itself needs no network. */
const isOffline = (baseUrl: string): boolean => {
  const { navigator } = globalThis
  // Node has a navigator, and no word of this.
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

/** One request as a transport sends it. */
export const exchanged = ({ body, headers, method, url }: Outgoing): Effect.Effect<Incoming, NoAnswer, HttpClient.HttpClient> => {
  const bare = HttpClientRequest.setHeaders(HttpClientRequest.make(method)(url), headers)
  const request = body === undefined ? bare : HttpClientRequest.bodyText(bare, body, headers["content-type"])
  return sent("poll", request).pipe(
    Effect.map(({ body: text, headers: said, status }): Incoming => ({ _tag: "Incoming", status, headers: said, body: text })),
    Effect.mapError((error) => noAnswer(error, (shown) => shown, "by its code"))
  )
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

/** The body as text, at most a mebibyte of it. */
const textOf = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string, HttpClientError.HttpClientError> =>
  Effect.suspend(() => {
    const decoder = new TextDecoder()
    let text = ""
    let size = 0
    return bodyOf(response).pipe(
      Stream.takeWhile(() => size <= bodyLimit),
      Stream.runForEach((chunk) =>
        Effect.sync(() => {
          size += chunk.byteLength
          text += decoder.decode(chunk, { stream: true })
        })
      ),
      Effect.map(() => text + decoder.decode()),
      // An empty body has no stream on some transports; it is a documented answer (xAI's 202).
      Effect.catchIf(
        (error) => error.reason._tag === "EmptyBodyError",
        () => Effect.succeed("")
      )
    )
  })

const formData = (parts: ReadonlyArray<{ readonly name: string; readonly value: string | Blob; readonly filename?: string }>): FormData => {
  const form = new FormData()
  for (const { filename, name, value } of parts) {
    if (typeof value === "string") form.append(name, value)
    else form.append(name, value, filename)
  }
  return form
}

/** Messages that say less than their cause. */
const vague = new Set(["", "fetch failed", "nothing was sent"])

type Proof = "surely" | "by its code" | "by its proxy" | "by a browser" | "by nothing"

/** `unsent`: that nothing was sent on, or what tells it. */
const noAnswer = (error: HttpClientError.HttpClientError, shown: (text: string) => string, unsent: Proof): NoAnswer => {
  const causes = chain("cause" in error.reason ? error.reason.cause : undefined)
  const isUnsent = {
    surely: () => true,
    "by its code": () => error.reason._tag === "TransportError" && causes.some(neverConnected),
    "by its proxy": () => causes.some(({ message }) => noTunnel.test(message)),
    "by a browser": () => false,
    "by nothing": () => false
  }[unsent]
  const codes = causes.map((cause) => cause.code).filter((code) => code !== undefined)
  const words = causes.map((cause) => cause.message).find((message) => !vague.has(message))
  return {
    _tag: "NoAnswer",
    because: isUnsent() ? "unsent" : "network",
    detail: `${excerpt(shown([...new Set(codes), words ?? error.reason._tag].join(": ")))}${unsent === "by a browser" ? hidden : ""}`
  }
}

/** What a page learns of a request that failed, and what it was most often. */
const hidden = ". A browser does not say why a request failed: the server may be out of reach, or may have refused this page (CORS)"

interface Cause {
  readonly never: boolean
  readonly code: string | undefined
  readonly syscall: string | undefined
  readonly message: string
}

/** An error, what caused it, and so on; an AggregateError (one per address that was tried) is its last part. */
const chain = (error: unknown, depth = 0): ReadonlyArray<Cause> => {
  if (!(error instanceof Error) || depth > 5) return []
  const code = Reflect.get(error, "code")
  const syscall = Reflect.get(error, "syscall")
  const parts: ReadonlyArray<unknown> = error instanceof AggregateError ? error.errors : []
  return [
    {
      never: error instanceof NeverSent,
      code: typeof code === "string" ? code : undefined,
      syscall: typeof syscall === "string" ? syscall : undefined,
      message: error.message
    },
    ...chain(parts.at(-1), depth + 1),
    ...chain(error.cause, depth + 1)
  ]
}

/** Names from Node's DNS, net and tls, and from undici. A browser names none: there every failure is uncertain. */
const beforeSending = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ConnectionRefused",
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "ERR_TLS_HANDSHAKE_TIMEOUT",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG"
])

/** undici's words where a proxy makes no tunnel, or wants another password; these errors have no names of their own. */
const noTunnel = /^(Proxy response \(\d+\) !== 200|Proxy Authentication Required \(407\))/u

const neverConnected = ({ code, message, never, syscall }: Cause): boolean =>
  never || (code !== undefined && beforeSending.has(code)) || syscall === "connect" || noTunnel.test(message)
