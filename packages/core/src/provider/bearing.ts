/** What a request bears besides its content: who sends it, the key, the headers that a caller adds; and why those are refused. */
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import { InvalidRequest } from "../job/JobError.ts"
import type { Provider } from "./Provider.ts"
import { withoutSecret } from "../base/Text.ts"
import { version } from "../base/version.ts"

/** To any origin: the user agent, but in a browser, whose own it is. Firefox would ask the server's leave for another (CORS). */
export const withAgent =
  ({ userAgent }: Provider<never>) =>
  (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest =>
    inBrowser() ? request : HttpClientRequest.setHeader(request, "user-agent", userAgent ?? `reelay/${version}`)

/** To the API's own origin: the key and the caller's headers too. */
export const withKey =
  (provider: Provider<never>) =>
  (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest => {
    const extra = Object.entries(provider.headers ?? {}).map(([name, value]) => [name, Redacted.value(value)] as const)
    return withAgent(provider)(HttpClientRequest.setHeaders(request, extra)).pipe(HttpClientRequest.bearerToken(provider.apiKey))
  }

/** Leaves the key and the values of the caller's headers out of a text: some gateways repeat them in what they say. */
export const shownBy =
  ({ apiKey, headers = {} }: Provider<never>) =>
  (text: string): string =>
    [apiKey, ...Object.values(headers)].reduce((shown, secret) => withoutSecret(shown, Redacted.value(secret)), text)

/** Those that say who is asked, how the body is written or read, or how the connection is used. */
const own = new Set([
  "accept",
  "accept-encoding",
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent"
])

/** Why a header or a user agent can't be sent. A value may be secret, and is not shown. */
export const refuseHeaders = ({ headers = {}, userAgent }: Provider<never>): InvalidRequest | undefined => {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/u.test(name))
      return new InvalidRequest({ field: "headers", rule: "have a name that is none: a header is name: value" })
    if (own.has(name.toLowerCase())) {
      const instead = name.toLowerCase() === "user-agent" ? "; give it as userAgent" : ""
      return new InvalidRequest({ field: "headers", rule: `name ${name}, which Reelay sets itself${instead}` })
    }
    if (!isValue(Redacted.value(value))) return new InvalidRequest({ field: "headers", rule: `give ${name} a value ${noValue}` })
  }
  return userAgent === undefined || (userAgent !== "" && isValue(userAgent))
    ? undefined
    : new InvalidRequest({ field: "userAgent", rule: userAgent === "" ? "is empty" : `is a text ${noValue}` })
}

/** What every transport takes as it is. The error of one that does not would show the value. */
const isValue = (text: string): boolean => /^[\t\x20-\x7e]*$/u.test(text)
const noValue = "with characters that no header has, such as a line break"

/** A page or a worker of one. */
export const inBrowser = (): boolean => {
  const { navigator } = globalThis
  return typeof navigator === "object" && typeof navigator.userAgent === "string" && navigator.userAgent.startsWith("Mozilla/")
}
