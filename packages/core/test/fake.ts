/** A provider with a plain wire format, and a scripted transport, for the engine's tests. */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { JobHandle } from "../src/Job.ts"
import { InvalidRequest, type JobError } from "../src/job/JobError.ts"
import type { JobState } from "../src/job/JobState.ts"
import * as Dialect from "../src/provider/Dialect.ts"
import * as Provider from "../src/provider/Provider.ts"
import { failed } from "./samples.ts"

export const key = "sk-super-secret"
const baseUrl = "https://api.fake.test"

const Payload = Schema.Struct({
  status: Schema.String,
  progress: Dialect.lenient(Schema.Unknown),
  url: Dialect.lenient(Schema.String),
  error: Dialect.lenient(Schema.String)
})

/** `POST /jobs` makes `{ id }`; `GET /jobs/{id}` answers `{ status, progress, url, error }`. An empty prompt is refused. */
export const definition: Provider.Definition<{ readonly prompt: string }> = {
  name: "fake",
  title: "Fake",
  baseUrl,
  docs: "https://docs.fake.test",
  capabilities: [{ model: "fake-1", mode: "generate", prompt: "required" }],
  polling: { firstDelay: 2000, interval: 5000, minInterval: 3000, deadline: 60_000 },
  submission: ({ prompt }) =>
    prompt === ""
      ? Effect.fail(new InvalidRequest({ field: "prompt", rule: "is missing" }))
      : Effect.succeed({ kind: "generation", call: { method: "POST", path: "/jobs", body: { _tag: "Json", value: { prompt } } } }),
  receive: Dialect.receiver({ id: (json) => Dialect.idAt(json, "id") }),
  poll: ({ id }) => ({ method: "GET", path: `/jobs/${encodeURIComponent(id)}` }),
  interpret: Dialect.interpreter({
    schema: Payload,
    word: ({ status }) => status,
    statuses: { queued: "queued", running: "running", done: "succeeded", failed: "failed", expired: "expired", cancelled: "cancelled" },
    read: {
      queued: () => ({ _tag: "Queued" }),
      running: ({ progress }) => ({ _tag: "Running", progress: Dialect.fraction(progress), progressSource: "reported" }),
      succeeded: ({ url }) => ({ _tag: "Succeeded", artifacts: Dialect.links(url) }),
      failed: ({ error }) => ({ _tag: "Failed", failure: { ...failed.failure, message: error ?? "no reason" }, billed: "unknown" }),
      expired: () => ({ _tag: "Expired", billed: "unknown" }),
      cancelled: () => ({ _tag: "Cancelled", by: "provider", billed: "unknown" })
    }
  })
}

export const fake = Provider.configure(definition)
export const provider = fake({ apiKey: key, account: "me" })
export const request = { prompt: "a fox in the snow" }

/** One behaviour of the server. `after` is virtual time. */
export interface Reply {
  readonly status?: number
  readonly headers?: Record<string, string>
  /** The body: a text or bytes unchanged, anything else as JSON. */
  readonly body?: unknown
  readonly after?: Duration.Input
  /** The connection fails, with this as its cause. */
  readonly breaks?: unknown
  /** The body begins, and never ends. */
  readonly stalls?: boolean
  /** How many bytes come at a time. Default: all of them. */
  readonly pieces?: number
  /** The body breaks off with this as its cause. */
  readonly cut?: unknown
  /** No answer ever comes. */
  readonly hangs?: boolean
}

export interface Sent {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Virtual milliseconds. */
  readonly at: number
}

/** A transport with scripted answers, which records the requests sent and aborted. */
export const transport = (answer: (sent: Sent, nth: number) => Reply) => {
  const requests: Array<Sent> = []
  const cut: Array<Sent> = []
  const client = HttpClient.make((outgoing, url) =>
    Effect.gen(function* () {
      const sent = { method: outgoing.method, url: url.href, headers: outgoing.headers, at: yield* Clock.currentTimeMillis }
      requests.push(sent)
      const {
        after = 0,
        body = "",
        breaks,
        cut: broken,
        hangs = false,
        headers = {},
        pieces,
        stalls = false,
        status = 200
      } = answer(sent, requests.length)
      yield* (hangs ? Effect.never : Effect.sleep(after)).pipe(Effect.onInterrupt(() => Effect.sync(() => cut.push(sent))))
      if (breaks !== undefined) {
        return yield* new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request: outgoing, cause: breaks })
        })
      }
      const bytes = body instanceof Uint8Array ? body : new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body))
      const web = new Response(null, { status, headers })
      const flow = pieces === undefined ? Stream.succeed(bytes) : Stream.fromArray(cutInto(bytes, pieces))
      const torn = (cause: unknown) =>
        Stream.fail(new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request: outgoing, cause }) }))
      // The stream of a web Response takes real time; this one takes none, so that virtual time is all there is.
      return Object.defineProperty(HttpClientResponse.fromWeb(outgoing, web), "stream", {
        value: stalls ? Stream.concat(flow, Stream.never) : broken === undefined ? flow : Stream.concat(flow, torn(broken))
      })
    })
  )
  const sent = (method: string) => requests.filter((each) => each.method === method)
  return { requests, cut, client, layer: Layer.succeed(HttpClient.HttpClient, client), posts: () => sent("POST"), polls: () => sent("GET") }
}

const cutInto = (bytes: Uint8Array, length: number): ReadonlyArray<Uint8Array> =>
  Array.from({ length: Math.ceil(bytes.byteLength / length) }, (_, index) => bytes.slice(index * length, (index + 1) * length))

/** Answers in turn: those to POSTs, and those to GETs; the last of each is repeated. */
export const script = (replies: { readonly posts?: ReadonlyArray<Reply>; readonly polls?: ReadonlyArray<Reply> }) => {
  const { polls = [{ body: { status: "queued" } }], posts = [{ body: { id: "job-1" } }] } = replies
  const counts = { GET: 0, POST: 0 }
  return transport(({ method }) => {
    const all = method === "POST" ? posts : polls
    const index = method === "POST" ? counts.POST++ : counts.GET++
    return all[Math.min(index, all.length - 1)] ?? {}
  })
}

export const said = (status: string, more: Record<string, unknown> = {}): Reply => ({ body: { status, ...more } })
export const done: Reply = said("done", { url: "https://cdn.fake.test/video.mp4?sig=abc" })

/** Watches a job in the background. */
export const listen = Effect.fnUntraced(function* (handle: JobHandle) {
  const seen: Array<JobState> = []
  const log: { end: "complete" | JobError | undefined } = { end: undefined }
  const fiber = yield* Effect.forkChild(
    Stream.runForEach(handle.states, (state) => Effect.sync(() => void seen.push(state))).pipe(
      Effect.matchEffect({
        onFailure: (error) => Effect.sync(() => void (log.end = error)),
        onSuccess: () => Effect.sync(() => void (log.end = "complete"))
      })
    )
  )
  return { seen, fiber, tags: () => seen.map(({ _tag }) => _tag), end: () => log.end }
})

/** An error in full: its message and everything that printing it would show. */
export const printed = (error: unknown): string =>
  [
    String(error),
    error instanceof Error ? error.message : "",
    error instanceof Error ? (error.stack ?? "") : "",
    JSON.stringify(error)
  ].join("\n")
