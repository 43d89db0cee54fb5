/** The sender of a request: the user agent, the key, the headers that a caller adds. */
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import { version } from "../base/version.ts"
import type { Provider } from "../provider/Provider.ts"
import { inBrowser } from "./browser.ts"

/** To any origin: the user agent, except in a browser, which sends its own. For another one Firefox would ask the server's permission (CORS). */
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
