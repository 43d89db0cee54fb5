/** The four providers over a transport with scripted answers, in virtual time: what a trap looks like on the wire, and its result. */
import { Job, type JobError, type JobState, type Provider, type VideoRequest } from "@reelay/core"
import { cometapi } from "@reelay/providers/cometapi"
import { fixtures as ofCometapi } from "@reelay/providers/cometapi/fixtures"
import { geeknow } from "@reelay/providers/geeknow"
import { fixtures as ofGeeknow } from "@reelay/providers/geeknow/fixtures"
import { xai } from "@reelay/providers/xai"
import { fixtures as ofXai } from "@reelay/providers/xai/fixtures"
import { xingchao } from "@reelay/providers/xingchao"
import { fixtures as ofXingchao } from "@reelay/providers/xingchao/fixtures"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

/** One answer. */
export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** A text unchanged, anything else as JSON. */
  readonly body?: unknown
  /** The connection is reset. */
  readonly breaks?: boolean
  /** No answer comes. */
  readonly hangs?: boolean
}

/** One request. `at` is virtual milliseconds. */
interface Sent {
  readonly method: string
  readonly url: string
  readonly at: number
}

const makers = { cometapi, xingchao, geeknow, xai } satisfies Record<string, (options: Provider.Options) => Provider.Provider<never>>
export type Name = keyof typeof makers
export const names = ["cometapi", "xingchao", "geeknow", "xai"] as const satisfies ReadonlyArray<Name>

/** A documented poll of a running job, and of a finished one. */
export const running = {
  cometapi: ofCometapi["query.processing"].body,
  xingchao: ofXingchao["result.processing"].body,
  geeknow: ofGeeknow["videos.processing"].body,
  xai: ofXai["videos.pending"].body
}
export const finished = {
  cometapi: ofCometapi["query.done.with-wrapper"].body,
  xingchao: ofXingchao["result.completed"].body,
  geeknow: ofGeeknow["videos.completed"].body,
  xai: ofXai["videos.done"].body
}

/** A running job with another status and, if given, other fields. */
export const worded = (name: Name, status: string, more: object = {}): Reply => ({ body: { ...running[name], status, ...more } })

/** The wrapper that CometAPI puts around a task. */
export const wrapped = (data: object, more: object = {}): Reply => ({ body: { code: "success", message: "", data, ...more } })

const accepted: Reply = { body: { id: "job-1", request_id: "job-1" } }

const transport = (answer: (sent: Sent) => Reply) => {
  const requests: Array<Sent> = []
  const client = HttpClient.make((outgoing, url) =>
    Effect.gen(function* () {
      const sent = { method: outgoing.method, url: url.href, at: yield* Clock.currentTimeMillis }
      requests.push(sent)
      const { body = "", breaks = false, hangs = false, headers = {}, status = 200 } = answer(sent)
      if (hangs) return yield* Effect.never
      if (breaks) {
        const cause = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" })
        return yield* new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request: outgoing, cause }) })
      }
      const bytes = new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body))
      // The stream of a web Response takes real time; this one takes none.
      return Object.defineProperty(HttpClientResponse.fromWeb(outgoing, new Response(null, { status, headers })), "stream", {
        value: Stream.succeed(bytes)
      })
    })
  )
  return { requests, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

/** The result of a job. */
export interface Life {
  readonly states: ReadonlyArray<JobState.JobState>
  /** The states' names, in order and without repeats. */
  readonly tags: ReadonlyArray<string>
  readonly last: JobState.JobState | undefined
  /** Present if the job was lost, or never made. */
  readonly error: JobError.JobError | undefined
  readonly posts: number
  /** The links of a success. */
  readonly links: ReadonlyArray<string>
  /** When each poll was begun: milliseconds after the submission. */
  readonly polledAt: ReadonlyArray<number>
}

export interface Options {
  /** The answer to the POST. Default: an id. */
  readonly posted?: Reply
  readonly request?: Partial<VideoRequest.VideoRequest>
}

/** Follows one job, polled every 10 s, for at most half an hour. The last of `polls` is repeated. */
export const followed = (name: Name, polls: ReadonlyArray<Reply>, { posted = accepted, request = {} }: Options = {}): Effect.Effect<Life> =>
  Effect.gen(function* () {
    let polled = 0
    const net = transport(({ method }) => (method === "POST" ? posted : (polls[Math.min(polled++, polls.length - 1)] ?? {})))
    const states: Array<JobState.JobState> = []
    const life = Job.submit(
      makers[name]({ apiKey: "sk-test-key", baseUrl: "https://gateway.test" }),
      { prompt: "A candle flickers.", ...request },
      { pace: "10 seconds", deadline: "30 minutes" }
    ).pipe(
      Effect.flatMap((handle) => Stream.runForEach(handle.states, (state) => Effect.sync(() => void states.push(state)))),
      Effect.as(undefined),
      Effect.catch((error) => Effect.succeed(error))
    )
    const fiber = yield* Effect.forkChild(Effect.provide(life, net.layer))
    // Started work runs as far as it can before time passes.
    for (let turn = 0; turn < 50; turn++) yield* Effect.yieldNow
    for (let step = 0; step < 360 && fiber.pollUnsafe() === undefined; step++) yield* TestClock.adjust("10 seconds")
    const error = yield* Fiber.join(fiber)
    const last = states.at(-1)
    const since = net.requests.find(({ method }) => method === "POST")?.at ?? 0
    return {
      states,
      last,
      links: last?._tag === "Succeeded" ? last.artifacts.flatMap(({ kind, url }) => (kind === "link" ? [url] : [])) : [],
      tags: [...new Set(states.map(({ _tag }) => _tag))],
      error,
      posts: net.requests.filter(({ method }) => method === "POST").length,
      polledAt: net.requests.filter(({ method }) => method === "GET").map(({ at }) => at - since)
    }
  })
