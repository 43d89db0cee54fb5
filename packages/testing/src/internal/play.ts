/** Plays a scenario, with one caller, one job, the mock behind effect's own fetch client and virtual time, and records what happened. */
import { type Job, type JobError, type JobRef, type JobState, Provider, type VideoRequest } from "@reelay/core"
import { type Entry, Mock } from "@reelay/mock-server"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import type { Scenario } from "../arbitraries/scenario.ts"
import * as Virtual from "./virtual.ts"

/** What a play needs. */
export interface Stage {
  readonly providers: ReadonlyArray<Provider.Definition<VideoRequest.VideoRequest>>
  readonly submit: (
    provider: Provider.Provider<VideoRequest.VideoRequest>,
    request: VideoRequest.VideoRequest,
    options: Job.SubmitOptions
  ) => Effect.Effect<Job.JobHandle, JobError.JobError, HttpClient.HttpClient>
}

/** One request. Times are virtual milliseconds. */
export interface Sent {
  readonly method: string
  readonly path: string
  readonly begun: number
  answered?: number
  aborted?: number
  status?: number
  /** Milliseconds. */
  retryAfter?: number
}

/** One watcher. */
export interface Visit {
  readonly joined: number
  readonly states: Array<{ readonly at: number; readonly state: JobState.JobState }>
  left: number
  /** How the stream ended; absent if the watcher left before. */
  end?: { readonly error: unknown } | "completed"
}

export interface Play {
  readonly scenario: Scenario
  readonly provider: Provider.Definition<VideoRequest.VideoRequest>
  readonly key: string
  readonly sent: ReadonlyArray<Sent>
  readonly visits: ReadonlyArray<Visit>
  readonly ref: JobRef.JobRef | undefined
  /** Why the submission gave no handle. */
  readonly failure: unknown
  /** What was reported to the caller about the submission besides the handle: ids, and `SubmitUnknown`. */
  readonly reported: ReadonlyArray<string>
  /** When the submission began, and when it was over. */
  readonly since: number
  readonly submitted: number
  readonly journal: ReadonlyArray<Entry>
  readonly jobs: ReadonlyArray<Mock.JobView>
}

/** A key that no text contains by accident. */
const key = "sk-secret-7f3a9c51"

export const play = ({ providers, submit }: Stage, scenario: Scenario): Promise<Play> => {
  const definition = providers[scenario.provider % providers.length]
  if (definition === undefined) return Promise.reject(new Error("there is no provider to test"))
  return Virtual.run(
    (world) =>
      Effect.gen(function* () {
        const mock = Mock.make({ now: world.now, duration: scenario.duration })
        const sent: Array<Sent> = []
        const visits: Array<Visit> = []
        const reported: Array<string> = []
        const report = (what: string) => Effect.sync(() => void reported.push(what))
        const provider = Provider.configure(definition)({ apiKey: key, baseUrl: `http://mock.test/${definition.name}` })
        const since = world.now()
        const prompt = `A candle, ${scenario.words.join(" ")}`
        const opened = yield* Effect.exit(
          submit(
            provider,
            { prompt },
            {
              pace: scenario.pace,
              deadline: scenario.deadline,
              onSubmitted: ({ id }) => report(id),
              onUnknown: ({ reason }) => report(reason._tag)
            }
          ).pipe(
            Effect.timeout(scenario.leave ?? Number.POSITIVE_INFINITY),
            Effect.provide(FetchHttpClient.layer),
            Effect.provideService(FetchHttpClient.Fetch, fetchOf(mock, world, scenario, sent))
          )
        )
        const submitted = world.now()
        if (Exit.isSuccess(opened)) {
          const handle = opened.value
          yield* Effect.forEach(scenario.windows, (window) => visit(world, handle, window, visits), {
            concurrency: "unbounded",
            discard: true
          })
        }
        const failure = Exit.isSuccess(opened) ? undefined : Cause.squash(opened.cause)
        const ref = Exit.isSuccess(opened) ? opened.value.ref : undefined
        return {
          scenario,
          provider: definition,
          key,
          sent,
          visits,
          ref,
          failure,
          reported,
          since,
          submitted,
          // Read late: requests after the last watcher has left count.
          get journal() {
            return mock.journal
          },
          get jobs() {
            return mock.jobs
          }
        }
      }).pipe(Random.withSeed(1)),
    { after: 20 * scenario.pace }
  )
}

const visit = (world: Virtual.World, handle: Job.JobHandle, { from, span }: Scenario["windows"][number], visits: Array<Visit>) =>
  Effect.gen(function* () {
    yield* Effect.sleep(from)
    const mine: Visit = { joined: world.now(), states: [], left: 0 }
    visits.push(mine)
    const watching = Stream.runForEach(handle.states, (state) => Effect.sync(() => void mine.states.push({ at: world.now(), state })))
    const exit = yield* Effect.exit(span === undefined ? Effect.asSome(watching) : Effect.timeoutOption(watching, span))
    // A watcher leaves when it is interrupted, however long the engine takes: a request still running after that was not aborted.
    mine.left = Exit.isSuccess(exit) && exit.value._tag === "None" && span !== undefined ? mine.joined + span : world.now()
    if (Exit.isFailure(exit)) mine.end = { error: Cause.squash(exit.cause) }
    else if (exit.value._tag === "Some") mine.end = "completed"
  })

/** The mock as a fetch that has latency, can be aborted, and records its requests. */
const fetchOf =
  (mock: Mock.Mock, world: Virtual.World, scenario: Scenario, sent: Array<Sent>): typeof globalThis.fetch =>
  async (input, init) => {
    const request = new Request(input, init)
    const signal = init?.signal ?? undefined
    const entry: Sent = { method: request.method, path: new URL(request.url).pathname, begun: world.now() }
    sent.push(entry)
    signal?.addEventListener("abort", () => {
      if (entry.answered === undefined) entry.aborted ??= world.now()
    })
    const idle = world.busy()
    const response = await mock
      .handle(request)
      .then((answer) => altered(answer, scenario, entry))
      .finally(idle)
    if (scenario.latency > 0) await world.delay(scenario.latency, signal)
    const still = world.busy()
    try {
      signal?.throwIfAborted()
      entry.answered = world.now()
      return response
    } finally {
      still()
    }
  }

/** Some gateways repeat the key in their errors, and each has another `Retry-After`. */
const altered = async (response: Response, { echo, retryAfter }: Scenario, entry: Sent): Promise<Response> => {
  entry.status = response.status
  const headers = new Headers(response.headers)
  if (response.status === 429) {
    headers.set("retry-after", String(retryAfter))
    entry.retryAfter = retryAfter * 1000
  }
  const body = await response.text()
  const { status } = response
  if (!echo || status < 400) return new Response(body === "" ? null : body, { status, headers })
  headers.set("content-type", "application/json")
  const message = `The key ${key} may not do that. ${body}`
  return new Response(JSON.stringify({ error: { code: "denied", message } }), { status, headers })
}
