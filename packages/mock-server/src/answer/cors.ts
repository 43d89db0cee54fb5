/** What lets a page of another origin ask the mock: the answer to a browser's preflight, and a header on every other answer. */
import type { Answer } from "./Answer.ts"
import type { Delivery } from "./delivery.ts"

/** Undefined for what isn't a preflight. A key's header has to be named: "*" does not stand for it. */
export const preflight = ({ headers, method }: Request): Answer | undefined => {
  if (method !== "OPTIONS" || !headers.has("origin") || !headers.has("access-control-request-method")) return undefined
  const asked = headers.get("access-control-request-headers")
  return {
    status: 204,
    body: undefined,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET, HEAD, POST",
      ...(asked === null ? {} : { "access-control-allow-headers": asked }),
      // A page of the public web asks a server of its user's own machine only if that says so.
      ...(headers.has("access-control-request-private-network") ? { "access-control-allow-private-network": "true" } : {}),
      "access-control-max-age": "600"
    }
  }
}

export const readable = (delivery: Delivery, { headers }: Request): Delivery => {
  if (!headers.has("origin")) return delivery
  const told = { "access-control-allow-origin": "*", "access-control-expose-headers": "*" }
  return { ...delivery, answer: { ...delivery.answer, headers: { ...delivery.answer.headers, ...told } } }
}
