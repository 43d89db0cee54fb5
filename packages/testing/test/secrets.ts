/** Plays a job and collects everything about it: logs, spans, metrics, a journal, errors and states, each as the text that a person could see. */
import { inspect } from "node:util"
import { Artifact, Job, JobError, JobErrorSchema, type JobState, Journal, KeyValueJournal, Provider, type VideoRequest } from "@reelay/core"
import { Mock } from "@reelay/mock-server"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Random from "effect/Random"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as fc from "fast-check"
import { type Scenario, scenario } from "../src/arbitraries/scenario.ts"
import * as Virtual from "../src/internal/virtual.ts"
import { storeOf } from "./store.ts"
import { type Definition, definitions } from "./subjects.ts"

/** Characters that encodings change: a slash, a plus, a quote. */
export const key = 'sk-7f3a/9c51+d00d"f00d=='
/** The value of a header that a gateway requires. */
export const token = "tok-51c9/a3f7 b00b+c0de="

/** How the server repeats the key: not at all, unchanged, URL-encoded, or as JSON in a text. */
const spellings = {
  none: () => "",
  plain: (secret: string) => secret,
  url: (secret: string) => encodeURIComponent(secret),
  json: (secret: string) => JSON.stringify({ authorization: `Bearer ${secret}` })
} as const

export interface Case {
  readonly scenario: Scenario
  readonly spelling: keyof typeof spellings
  /** The form of errors: an object, a page, or truncated JSON. */
  readonly wrapping: "json" | "page" | "cut"
  /** After every this many requests the connection breaks, with the whole request in its error. 0: never. */
  readonly breaks: number
  /** How requests for the video end. */
  readonly download: "served" | "breaks" | "refused"
  readonly raw: boolean
}

export const cases: fc.Arbitrary<Case> = fc.record({
  scenario,
  spelling: fc.constantFrom("none", "plain", "url", "json"),
  wrapping: fc.constantFrom("json", "json", "page", "cut"),
  breaks: fc.constantFrom(0, 0, 2, 3, 5),
  download: fc.constantFrom("served", "breaks", "refused"),
  raw: fc.boolean()
})

export type Submit = (
  provider: Provider.Provider<VideoRequest.VideoRequest>,
  request: VideoRequest.VideoRequest,
  options: Job.SubmitOptions
) => Effect.Effect<Job.JobHandle, JobError.JobError, HttpClient.HttpClient>

/** The subject under test, which may be broken on purpose. */
export interface Stage {
  readonly submit: Submit
  readonly journal?: (journal: Journal.Journal["Service"]) => Journal.Journal["Service"]
}

/** Something that a person, a file or a collector could see. */
export interface Shown {
  readonly where: "log" | "span" | "metric" | "journal" | "error" | "state" | "reference" | "provider"
  readonly text: string
}

export interface Seen {
  readonly shown: ReadonlyArray<Shown>
  /** Queries of signed links that the server gave out, and their signatures. */
  readonly signed: ReadonlySet<string>
  readonly tags: ReadonlySet<string>
}

export const play = (stage: Stage, given: Case): Promise<Seen> => {
  const { pace, provider } = given.scenario
  const definition = definitions[provider % definitions.length]
  if (definition === undefined) return Promise.reject(new Error("there is no provider to test"))
  return Virtual.run((world) => playing(stage, given, definition, world).pipe(Random.withSeed(1)), { after: 20 * pace })
}

const playing = ({ journal = (same) => same, submit }: Stage, given: Case, definition: Definition, world: Virtual.World) =>
  Effect.gen(function* () {
    const { deadline, duration, leave, pace, windows, words } = given.scenario
    const shown: Array<Shown> = []
    const signed = new Set<string>()
    const tags = new Set<string>()
    const spans: Array<Tracer.NativeSpan> = []
    const registry = new Map<string, Metric.Metric.Metadata<unknown, unknown>>()
    const show = (where: Shown["where"], ...texts: ReadonlyArray<string>): void =>
      void shown.push(...texts.map((text) => ({ where, text })))
    const mock = Mock.make({ now: world.now, duration })
    const provider = Provider.configure(definition)({
      apiKey: key,
      baseUrl: `http://mock.test/${definition.name}`,
      headers: { "x-gateway-token": token }
    })
    show("provider", json(provider), deep(provider))

    const said = (exit: Exit.Exit<unknown, unknown>): void => {
      if (Exit.isFailure(exit))
        for (const reason of exit.cause.reasons) if (reason._tag !== "Interrupt") show("error", ...spoken(Cause.squash(exit.cause)))
    }
    const watched = (states: Job.JobHandle["states"]) =>
      Stream.runForEach(states, (state) =>
        Effect.sync(() => {
          tags.add(state._tag)
          show("state", json(bare(state)), deep(bare(state)))
        })
      )

    const life = Effect.gen(function* () {
      const options = { pace, deadline, raw: given.raw, label: "a film" }
      const opened = yield* Effect.exit(
        submit(
          provider,
          { prompt: `A candle, ${words.join(" ")}` },
          {
            ...options,
            onSubmitted: (ref) => Effect.sync(() => show("reference", json(ref))),
            onUnknown: (error) => Effect.sync(() => show("error", ...spoken(error)))
          }
        ).pipe(Effect.timeout(leave ?? Number.POSITIVE_INFINITY))
      )
      said(opened)
      if (Exit.isFailure(opened)) return
      const handle = opened.value
      show("reference", json(handle.ref), deep(handle))
      yield* Effect.forEach(
        windows,
        ({ from, span }) =>
          Effect.sleep(from).pipe(
            Effect.andThen(span === undefined ? watched(handle.states) : Effect.timeoutOption(watched(handle.states), span)),
            Effect.exit,
            Effect.map(said)
          ),
        { concurrency: "unbounded", discard: true }
      )
      yield* handle.cancel
      const ended = yield* Effect.exit(handle.result)
      said(ended)
      if (Exit.isSuccess(ended)) said(yield* Effect.exit(Artifact.bytes(provider, ended.value)))
      const again = yield* Effect.exit(Effect.flatMap(Job.attach(provider, handle.ref, options), ({ states }) => watched(states)))
      said(again)
      yield* Job.resumeAll([provider], { ...options, deadline: 3 * pace }).pipe(
        Stream.runForEach((event) =>
          Effect.sync(() => {
            if (event._tag === "Error") show("error", ...spoken(event.error))
            if (event._tag === "State") show("state", json(bare(event.state)))
          })
        ),
        Effect.exit,
        Effect.map(said)
      )
    })

    const store = KeyValueJournal.make(storeOf((...texts) => show("journal", ...texts)))
    yield* life.pipe(
      Effect.provideService(Journal.Journal, journal(store)),
      Effect.provide(FetchHttpClient.layer),
      Effect.provideService(FetchHttpClient.Fetch, farEnd(mock, world, given, signed)),
      Effect.withTracer(tracer(spans)),
      Effect.provideService(Metric.MetricRegistry, registry),
      Effect.provideService(References.MinimumLogLevel, "Trace"),
      Effect.provide(
        Logger.layer([
          Logger.make(({ cause, fiber, message }) => {
            const around = [fiber.getRef(References.CurrentLogAnnotations), fiber.getRef(References.CurrentLogSpans)]
            show("log", deep(message), Cause.pretty(cause), deep(around))
          }),
          Logger.tracerLogger
        ])
      )
    )
    for (const { attributes, events, links, name, status } of spans) {
      const end = status._tag === "Ended" && Exit.isFailure(status.exit) ? [Cause.pretty(status.exit.cause), deep(status.exit.cause)] : []
      show("span", name, deep([...attributes]), deep(events), deep(links.map((link) => link.attributes)), ...end)
    }
    for (const { attributes, id } of yield* Effect.provideService(Metric.snapshot, Metric.MetricRegistry, registry)) {
      show("metric", id, deep(attributes))
    }
    return { shown, signed, tags }
  })

/** Everything except the places where secrets may be: links, and the payload that the caller asked for. */
const bare = (state: JobState.JobState) => ({
  ...state,
  raw: undefined,
  ...("artifacts" in state ? { artifacts: state.artifacts.map(({ kind }) => kind) } : {})
})

const json = (value: unknown): string => JSON.stringify(value) ?? ""
const deep = (value: unknown): string => inspect(value, { depth: 12, showHidden: true })

/** Everything that printing an error may show; but a job that ended otherwise carries its state, and that its payload. */
const spoken = (error: unknown): ReadonlyArray<string> => {
  const state = error instanceof Error && "state" in error
  const texts = [String(error), error instanceof Error ? (error.stack ?? "") : "", error instanceof Error ? error.message : ""]
  return state ? texts : [...texts, json(error), deep(error), ...stored(error)]
}

/** An error as it is stored. */
const stored = (error: unknown): ReadonlyArray<string> =>
  error instanceof JobError.JobError ? [Schema.encodeSync(Schema.fromJsonString(JobErrorSchema.JobError))(error)] : []

const tracer = (spans: Array<Tracer.NativeSpan>): Tracer.Tracer =>
  Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })

/** The mock behind a gateway that reveals too much, and a connection that breaks with the whole request in its error. */
const farEnd = (mock: Mock.Mock, world: Virtual.World, given: Case, signed: Set<string>): typeof globalThis.fetch => {
  const { latency } = given.scenario
  let requests = 0
  return async (input, init) => {
    const request = new Request(input, init)
    const signal = init?.signal ?? undefined
    requests += 1
    note(request.url, signed)
    if (latency > 0) await world.delay(latency, signal)
    const idle = world.busy()
    try {
      signal?.throwIfAborted()
      const isDownload = /\/files\/|\/content$/u.test(new URL(request.url).pathname)
      const breaks = isDownload ? given.download === "breaks" : given.breaks > 0 && requests % given.breaks === 0
      if (breaks && request.method === "GET") {
        const all = `${request.url} (${key}, ${token}, ${JSON.stringify([...request.headers])})`
        throw new TypeError(`fetch failed for ${all}`, { cause: new Error(`read ECONNRESET ${all}`) })
      }
      if (isDownload && given.download === "refused") return answered(new Response(null, { status: 400 }), request.url, given)
      const answer = await mock.handle(request)
      if (answer.headers.get("content-type")?.includes("video") === true) return answer
      const body = await answer.text()
      for (const [link] of body.matchAll(/https?:[^\s"<>]+/gu)) note(link.replaceAll("\\/", "/"), signed)
      return answered(answer, body, given)
    } finally {
      idle()
    }
  }
}

/** What makes a link valid: its query, and the signature in it. */
const note = (link: string, signed: Set<string>): void => {
  const { search, searchParams } = new URL(link)
  const signature = searchParams.get("signature")
  if (signature !== null) signed.add(search).add(signature)
}

const answered = ({ headers, status }: Response, body: string, { spelling, wrapping }: Case): Response => {
  const echo = [key, token].map((secret) => spellings[spelling](secret)).join(" and ")
  const type = { "content-type": "application/json" }
  if (spelling === "none") return new Response(body === "" ? null : body, { status, headers })
  if (status < 400) return new Response(body === "" ? null : repeated(body, echo), { status, headers })
  if (wrapping === "page") return new Response(`<html>${echo} ${body}</html>`, { status, headers: { "content-type": "text/html" } })
  const error = JSON.stringify({ error: { code: `denied ${echo}`, message: `The key ${echo} may not do that. ${body}` } })
  return new Response(wrapping === "cut" ? error.slice(0, -2) : error, { status, headers: type })
}

/** A payload whose texts contain the secret: a failure's reason, and an unknown status. */
const repeated = (body: string, echo: string): string => {
  const said = JSON.stringify(echo).slice(1, -1)
  return body
    .replaceAll(/"(message|fail_reason|failure_reason|error)":"(?!")(?!https?:)/gu, `"$1":"${said} `)
    .replaceAll('"status":"warming_up', `"status":"${said} warming_up`)
}

/** Every spelling of a secret. */
const forms = (secret: string): ReadonlyArray<string> => [
  secret,
  encodeURIComponent(secret),
  new URLSearchParams({ a: secret }).toString().slice(2),
  JSON.stringify(secret).slice(1, -1),
  JSON.stringify(secret).slice(1, -1).replaceAll("/", "\\/"),
  JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1),
  Buffer.from(secret).toString("base64").replace(/=+$/u, ""),
  Buffer.from(`Bearer ${secret}`).toString("base64").replace(/=+$/u, ""),
  Buffer.from(secret).toString("base64url"),
  Buffer.from(secret).toString("hex"),
  // Most of it is enough to guess the rest.
  secret.slice(0, Math.ceil(secret.length * 0.7))
]

/** Every secret that appeared, and where. */
export const leaks = ({ shown, signed }: Seen): ReadonlyArray<Shown & { readonly what: string }> => {
  const secrets: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
    ["the key", forms(key)],
    ["the value of a header", forms(token)],
    ["a signed query", [...signed]]
  ]
  return shown.flatMap((each) =>
    secrets.flatMap(([what, texts]) => (texts.some((secret) => each.text.includes(secret)) ? [{ ...each, what }] : []))
  )
}
