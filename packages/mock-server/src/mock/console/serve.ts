/** The console: a page that shows what happens in a mock while it happens. It needs no key, and leaves no trace in journal and ledger. */
import type { Answer } from "../../answer/Answer.ts"
import type { Delivery } from "../../answer/delivery.ts"
import * as Files from "../../answer/files.ts"
import { html } from "./html.ts"
import { script } from "./script.ts"
import { hasFile, type Inside, stateOf } from "./state.ts"
import { css } from "./style.ts"

/**
 * Nothing but what this server has itself, no script and no style in the page, and no text that becomes HTML: what a client sent is shown, and never run.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "media-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'"
].join("; ")

const common = { "cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" }

const file = (type: string, body: string): Answer => ({
  status: 200,
  body,
  headers: { ...common, "content-type": `${type}; charset=utf-8`, "content-security-policy": policy }
})

const json = (body: unknown): Answer => ({ status: 200, body, headers: common })

const missing = (error: string): Answer => ({ status: 404, body: { error } })

const entry = ({ journal }: Inside, n: number): Answer => {
  const found = journal.entries[n - journal.first]
  return found === undefined ? missing(`The journal has no entry ${n}`) : json(found)
}

/** The video as it was made: looking at it is no download, and no fault of the job shows in it. */
const video = ({ mock, seed }: Inside, name: string, headers: Headers): Answer => {
  const job = mock.jobs.find(({ id }) => encodeURIComponent(id) === name)
  return job !== undefined && hasFile(job) ? Files.serve(seed, job, headers) : missing("There is no video of such a job")
}

/** Of a world that is let go they end, so that the page comes back, and sees the one that has its name then. */
const events = ({ gone, pulse }: Inside, { method, signal }: Request): Delivery => {
  const answer = { status: 200, body: undefined, headers: { ...common, "content-type": "text/event-stream" } }
  return method === "HEAD" ? { answer } : { answer, stream: pulse.events(gone === undefined ? signal : AbortSignal.any([signal, gone])) }
}

const wrongMethod: Answer = { status: 405, body: { error: "The console takes GET, HEAD only" }, headers: { allow: "GET, HEAD" } }

/** Answers a request for the console; `path` is what follows `/__mock/`. */
export const serve = (inside: Inside, request: Request, path: string): Delivery => {
  const { headers, method } = request
  if (method !== "GET" && method !== "HEAD") return { answer: wrongMethod }
  const [first = "", name = ""] = path.split("/")
  switch (first) {
    case "":
      return { answer: file("text/html", html) }
    case "console.css":
      return { answer: file("text/css", css) }
    case "console.js":
      return { answer: file("text/javascript", script) }
    case "console.json":
      return { answer: json(stateOf(inside)) }
    case "events":
      return events(inside, request)
    case "journal":
      return { answer: entry(inside, Number(name)) }
    default:
      return { answer: video(inside, name, headers) }
  }
}
