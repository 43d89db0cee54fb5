/** A call of a provider as the request that is sent, and the `location` of its answer. */
import type { Call, Provider } from "../provider/Provider.ts"
import { headersOf } from "./auth.ts"
import type { Incoming, Outgoing } from "./Transport.ts"

export const outgoing = (provider: Provider<never>, { body, method, path }: Call): Outgoing => {
  const url = `${provider.baseUrl}${path}`
  const headers = { accept: "application/json", ...headersOf(provider) }
  if (body === undefined) return { method, url, headers }
  if (body._tag !== "Json") return { method, url, headers, body: formData(body.parts) }
  return { method, url, headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body.value) }
}

/** Resolves the `location` header from the answer's own address. */
export const seenFrom = <Seen extends Pick<Incoming, "headers">>(answer: Seen, url: string): Seen => {
  const location = answer.headers["location"]
  return location !== undefined && URL.canParse(location, url)
    ? { ...answer, headers: { ...answer.headers, location: new URL(location, url).href } }
    : answer
}

const formData = (parts: ReadonlyArray<{ readonly name: string; readonly value: string | Blob; readonly filename?: string }>): FormData => {
  const form = new FormData()
  for (const { filename, name, value } of parts) {
    if (typeof value === "string") form.append(name, value)
    else form.append(name, value, filename)
  }
  return form
}
