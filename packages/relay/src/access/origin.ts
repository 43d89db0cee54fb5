/** Requests that a page of somebody else makes a browser send. */
import { refuse } from "./refuse.ts"

/** A form can't set one of these, and a script of another origin only after a preflight. */
const ownHeaders = ["x-reelay", "idempotency-key", "x-requested-with"] as const

const isSafe = (method: string): boolean => method === "GET" || method === "HEAD"

/** Refuses what another origin has made a browser send, unless that origin is listed. */
export const checkOrigin = (request: Request, origins: ReadonlyArray<string>): void => {
  const { headers, method } = request
  const origin = headers.get("origin")
  if (origin !== null && origins.includes(origin)) return checkHeader(request)
  const site = headers.get("sec-fetch-site")
  if (site !== null && site !== "same-origin" && site !== "none")
    throw refuse("Forbidden", "This page is of another origin than the relay.")
  // A browser without Sec-Fetch-Site; what has neither header is no browser.
  if (site === null && origin !== null && !isSafe(method) && origin !== ownOrigin(request)) {
    throw refuse("Forbidden", "This page is of another origin than the relay.")
  }
  checkHeader(request)
}

const checkHeader = ({ headers, method }: Request): void => {
  if (isSafe(method) || ownHeaders.some((name) => headers.has(name))) return
  throw refuse("Forbidden", `A ${method} needs the header X-Reelay: 1, which a form can't send.`)
}

/** The scheme may have been TLS before a proxy: only the host is compared. */
const ownOrigin = ({ headers, url }: Request): string | undefined => {
  const origin = headers.get("origin") ?? ""
  const host = headers.get("host") ?? new URL(url).host
  return URL.canParse(origin) && new URL(origin).host === host ? origin : undefined
}

/** Headers for a page of a listed origin; none for any other. */
export const corsHeaders = ({ headers }: Request, origins: ReadonlyArray<string>): Readonly<Record<string, string>> => {
  if (origins.length === 0) return {}
  const origin = headers.get("origin")
  if (origin === null || !origins.includes(origin)) return { vary: "Origin" }
  return {
    vary: "Origin",
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "ETag, Retry-After, Location, Idempotent-Replayed, Content-Range, Accept-Ranges"
  }
}

/** The answer to the question before a request of a listed origin. */
export const preflight = (request: Request, origins: ReadonlyArray<string>): Response => {
  const headers = corsHeaders(request, origins)
  if (!("access-control-allow-origin" in headers)) throw refuse("Forbidden", "This page is of another origin than the relay.")
  return new Response(null, {
    status: 204,
    headers: {
      ...headers,
      "access-control-allow-methods": "GET, HEAD, POST, DELETE",
      "access-control-allow-headers": "Content-Type, X-Reelay, Idempotency-Key, Authorization, Last-Event-ID, If-None-Match, Range",
      "access-control-max-age": "600"
    }
  })
}
