/** The transport over `fetch`: without the weight of an `HttpClient`, for browsers. */
import { readText } from "./bodyText.ts"
import { inBrowser } from "./browser.ts"
import { atOnce, held, type Incoming, type NoAnswer, type Outgoing, type Transport } from "./exchange.ts"
import { failed } from "./failure.ts"

/**
 * Sends by `fetch`. Default: the platform's, as it is at the time of each request, so that a patch made by then (MSW) sees the request. The platform
 * undoes content codings; a browser shows neither the status of a redirect, which is 0, nor its target.
 *
 * @category constructors
 * @since 0.1.0
 */
export const overFetch = (fetch?: typeof globalThis.fetch): Transport => ({
  capacity: atOnce,
  send: (request, done, _context, mayGo) => {
    if (mayGo?.() === false) {
      done(held)
      return () => undefined
    }
    const left = new AbortController()
    const reading: Leaving = { leave: undefined }
    const told = async (): Promise<void> => {
      const outcome = await exchange(fetch ?? globalThis.fetch, request, left.signal, reading)
      if (!left.signal.aborted) done(outcome)
    }
    void told()
    return () => {
      left.abort()
      reading.leave?.()
    }
  }
})

/** Cancels what is being read. */
interface Leaving {
  leave: (() => void) | undefined
}

const exchange = async (
  fetch: typeof globalThis.fetch,
  request: Outgoing,
  signal: AbortSignal,
  reading: Leaving
): Promise<Incoming | NoAnswer> => {
  let response: Response | undefined
  try {
    const { headers, method, url } = request
    response = await fetch(url, { method, headers, body: request.body ?? null, redirect: "manual", signal })
    const text = await textOf(response, signal, reading)
    return { _tag: "Incoming", status: response.status, headers: headersOf(response.headers), body: text }
  } catch (error) {
    if (inBrowser()) return failed(request, error, "by a browser")
    return failed(request, error, response === undefined ? "by its code" : "by nothing")
  }
}

const textOf = ({ body, headers }: Response, signal: AbortSignal, reading: Leaving): Promise<string> | string => {
  if (body === null) return ""
  const { leave, text } = readText(body, headers.get("content-encoding"))
  reading.leave = leave
  // A caller's own `fetch` may have ignored the signal.
  if (signal.aborted) leave()
  return text
}

const headersOf = (headers: Headers): Incoming["headers"] => {
  const all: Record<string, string> = {}
  for (const [name, value] of headers) {
    // Each cookie comes by itself.
    const before = all[name]
    all[name] = before === undefined ? value : `${before}, ${value}`
  }
  return all
}
