/** One request to the relay: its headers, and what its answer means. */
import { made, RelayError, type Told } from "./errors.ts"

export interface ApiOptions {
  /** Where the relay is: `/api/video`, or a whole address. */
  readonly url: string
  /** Sent with each request, such as a bearer token. Asked for anew each time. Default: none, the browser's cookies say who asks. */
  readonly headers?: (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>) | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

interface Call {
  readonly method?: "GET" | "POST" | "DELETE"
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

export interface Api {
  readonly url: string
  /** Rejects with `RelayError` for an answer that is no success, and if there is none: then it says what may be repeated. */
  readonly send: (path: string, call?: Call) => Promise<Response>
}

/** The path of a job. Only a name of a relay's gets into it. */
export const pathOf = (job: string): string => {
  if (!/^j1\.[\w-]+$/u.test(job)) throw made("UnknownJob", "never", "it is no job's name")
  return `/jobs/${job}`
}

/** Whether the answer was about the moment, and not about what was asked. */
export const mayPass = ({ problem: { status } }: RelayError): boolean => status >= 500 || [0, 408, 425, 429].includes(status)

export const apiOf = ({ fetch = (...given) => globalThis.fetch(...given), headers, url }: ApiOptions): Api => {
  const base = url.replace(/\/+$/u, "")
  return {
    url: base,
    send: async (path, { body, headers: more, method = "GET", signal } = {}) => {
      const theirs = await headers?.()
      const answer = await fetch(`${base}${path}`, {
        method,
        headers: { ...theirs, ...(method === "GET" ? {} : { "content-type": "application/json", "x-reelay": "1" }), ...more },
        credentials: "include",
        cache: "no-store",
        body: body ?? null,
        signal: signal ?? null
      }).catch((error: unknown) => {
        signal?.throwIfAborted()
        throw made("Unreachable", "submit", String(error))
      })
      const { status } = answer
      if (answer.ok || status === 304) return answer
      const given: Partial<Told> = await answer.json().catch(() => ({}))
      // A page of something on the way says nothing but its status.
      const { problem } = made("Unreachable", status >= 500 ? "submit" : "never", `HTTP ${status}`)
      const asked = Number(answer.headers.get("retry-after")) || 0
      throw new RelayError({ ...problem, ...(given.reason === undefined ? {} : given), status }, Math.min(asked, 3600) * 1000)
    }
  }
}
