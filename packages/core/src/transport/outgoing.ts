/** A call of a provider as the request that is sent, and the `location` of its answer. */
import * as Redacted from "effect/Redacted"
import { version } from "../base/version.ts"
import type { Call, Provider } from "../provider/Provider.ts"
import { inBrowser } from "./browser.ts"
import type { Incoming, Outgoing } from "./Transport.ts"

type Headers = Readonly<Record<string, string>>

const made = new WeakMap<Provider<never>, Headers>()

/** To the API's own origin: the key and the caller's headers too. A browser sends a user agent of its own. */
const headersOf = (provider: Provider<never>): Headers => {
  const known = made.get(provider)
  if (known !== undefined) return known
  const { apiKey, headers = {}, userAgent } = provider
  const extra = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Redacted.value(value)] as const)
  const fresh: Headers = {
    accept: "application/json",
    ...Object.fromEntries(extra),
    ...(inBrowser() ? {} : { "user-agent": userAgent ?? `reelay/${version}` }),
    authorization: `Bearer ${Redacted.value(apiKey)}`
  }
  made.set(provider, fresh)
  return fresh
}

export const outgoing = (provider: Provider<never>, { body, method, path }: Call): Outgoing => {
  const url = `${provider.baseUrl}${path}`
  const headers = headersOf(provider)
  if (body?._tag !== "Json") return { method, url, headers }
  return { method, url, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body.value) }
}

/** Resolves the `location` header from the answer's own address. */
export const seenFrom = (answer: Incoming, url: string): Incoming => {
  const location = answer.headers["location"]
  return location !== undefined && URL.canParse(location, url)
    ? { ...answer, headers: { ...answer.headers, location: new URL(location, url).href } }
    : answer
}
