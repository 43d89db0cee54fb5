/** Who sends the request of a download. */
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { Provider } from "../provider/Provider.ts"
import { agentOf, headersOf } from "../transport/auth.ts"
import { inBrowser } from "../transport/browser.ts"

/** To any origin: the user agent, except in a browser, which sends its own. For another one Firefox would ask the server's permission (CORS). */
export const withAgent =
  ({ userAgent }: Provider<never>) =>
  (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest =>
    inBrowser() ? request : HttpClientRequest.setHeader(request, "user-agent", agentOf(userAgent))

/** To the API's own origin: the key and the caller's headers too. */
export const withKey =
  (provider: Provider<never>) =>
  (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest =>
    HttpClientRequest.setHeaders(request, headersOf(provider))
