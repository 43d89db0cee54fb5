/** The sender of a request: the user agent, the key, the headers that a caller adds. */
import * as Redacted from "effect/Redacted"
import { version } from "../base/version.ts"
import type { Provider } from "../provider/Provider.ts"
import { inBrowser } from "./browser.ts"

const made = new WeakMap<Provider<never>, Readonly<Record<string, string>>>()

/** To the API's own origin: the key and the caller's headers too. Names in lower case. */
export const headersOf = (provider: Provider<never>): Readonly<Record<string, string>> => {
  const known = made.get(provider)
  if (known !== undefined) return known
  const { apiKey, headers = {}, userAgent } = provider
  const fresh = {
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Redacted.value(value)])),
    ...(inBrowser() ? {} : { "user-agent": agentOf(userAgent) }),
    authorization: `Bearer ${Redacted.value(apiKey)}`
  }
  made.set(provider, fresh)
  return fresh
}

/** What a request says that it comes from. */
export const agentOf = (userAgent = `reelay/${version}`): string => userAgent
