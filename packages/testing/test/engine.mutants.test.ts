import { Job, JobError, type JobState, type Pace } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { type Engine, engineLaws, Law } from "../src/index.ts"
import { type Definition, definitions } from "./subjects.ts"

type Submit = NonNullable<Engine["submit"]>
type States = Job.JobHandle["states"]

/** The engine with other options. */
const terms =
  (change: (options: Job.SubmitOptions) => Job.SubmitOptions): Submit =>
  (provider, request, options) =>
    Job.submit(provider, request, change(options))

/** The engine with a modified handle. */
const states =
  (change: (states: States, handle: Job.JobHandle) => States): Submit =>
  (provider, request, options) =>
    Effect.map(Job.submit(provider, request, options), (handle) => ({ ...handle, states: change(handle.states, handle) }))

/** The engine that sees other states. */
const seeing = (change: (state: JobState.JobState) => ReadonlyArray<JobState.JobState>): Submit =>
  states((all) => Stream.flatMap(all, (state) => Stream.fromIterable(change(state))))

/** The engine over another client. */
const over =
  (change: (client: HttpClient.HttpClient) => HttpClient.HttpClient): Submit =>
  (provider, request, options) =>
    Effect.flatMap(HttpClient.HttpClient, (client) =>
      Effect.provideService(Job.submit(provider, request, options), HttpClient.HttpClient, change(client))
    )

const reading = (change: (reading: ReturnType<Definition["interpret"]>) => ReturnType<Definition["interpret"]>) =>
  definitions.map((definition): Definition => ({ ...definition, interpret: (answer) => change(definition.interpret(answer)) }))

const seconds = (input: Job.SubmitOptions["pace"]): number => (typeof input === "number" ? input : 1000)

/** The engine, broken on purpose, and the law that catches it. */
const mutants: ReadonlyArray<{ readonly law: string; readonly name: string } & Partial<Engine>> = [
  {
    law: "one-submit",
    name: "posts twice",
    submit: (provider, request, options) =>
      Effect.andThen(Effect.ignore(Job.submit(provider, request, options)), Job.submit(provider, request, options))
  },
  {
    law: "one-submit",
    name: "posts for each subscriber",
    submit: (provider, request, options) =>
      Effect.gen(function* () {
        const client = yield* HttpClient.HttpClient
        const handle = yield* Job.submit(provider, request, options)
        const own = Effect.provideService(Job.submit(provider, request, options), HttpClient.HttpClient, client)
        return { ...handle, states: Stream.unwrap(Effect.map(own, (each) => each.states)) }
      })
  },
  {
    law: "one-submit",
    name: "posts again after an unclear answer",
    submit: (provider, request, options) => Effect.retry(Job.submit(provider, request, { ...options, maySubmitAgain: true }), { times: 1 })
  },
  { law: "uncut", name: "does not report the ref", submit: terms((options) => ({ ...options, onSubmitted: undefined })) },
  { law: "uncut", name: "gives a submission too little time", submit: terms((options) => ({ ...options, submitTimeout: 100 })) },
  { law: "uncut", name: "does not report an unknown outcome", submit: terms((options) => ({ ...options, onUnknown: undefined })) },
  {
    law: "leaving",
    name: "continues polling after the last watcher has left",
    submit: states((all) => Stream.unwrap(Effect.as(Effect.forkDetach(Effect.exit(Stream.runDrain(all))), all)))
  },
  {
    law: "leaving",
    name: "does not abort the request in flight",
    submit: over((client) => HttpClient.transform(client, (effect) => Effect.uninterruptible(effect)))
  },
  { law: "pace", name: "ignores the pace", submit: terms((options) => ({ ...options, pace: 100 })) },
  { law: "pace", name: "polls at once", submit: terms((options) => ({ ...options, pace: atOnce(seconds(options.pace)) })) },
  { law: "pace", name: "polls half as often", submit: terms((options) => ({ ...options, pace: 2 * seconds(options.pace) })) },
  {
    law: "pace",
    name: "ignores Retry-After",
    submit: over((client) => HttpClient.transformResponse(client, (effect) => Effect.map(effect, deaf)))
  },
  {
    law: "return",
    name: "polls at once for a returning watcher",
    submit: (provider, request, options) =>
      Effect.gen(function* () {
        const client = yield* HttpClient.HttpClient
        const handle = yield* Job.submit(provider, request, options)
        let watchers = 0
        const anew = Effect.provideService(Job.attach(provider, handle.ref, options), HttpClient.HttpClient, client)
        const again = Stream.unwrap(Effect.map(anew, (each) => each.states))
        return { ...handle, states: Stream.suspend(() => (watchers++ === 0 ? handle.states : again)) }
      })
  },
  { law: "deadline", name: "overshoots the deadline", submit: terms((options) => ({ ...options, deadline: "1 day" })) },
  { law: "life", name: "begins at the first answer", submit: states((all) => Stream.drop(all, 1)) },
  { law: "life", name: "continues after the end", submit: states((all) => Stream.concat(all, Stream.never)) },
  { law: "life", name: "ends without an end", submit: states((all) => Stream.take(all, 2)) },
  {
    law: "life",
    name: "has two ends",
    submit: seeing((state) => (state._tag === "Succeeded" ? [state, { ...state, _tag: "Expired" }] : [state]))
  },
  {
    law: "rank",
    name: "lets progress fall",
    submit: seeing((state) => [
      state._tag === "Running" && state.progress !== undefined ? { ...state, progress: 1 - state.progress } : state
    ])
  },
  {
    law: "rank",
    name: "queues again",
    submit: seeing((state) => (state._tag === "Running" ? [state, { ...state, _tag: "Queued" }] : [state]))
  },
  { law: "change", name: "emits a state twice", submit: seeing((state) => [state, state]) },
  {
    law: "change",
    name: "emits at every poll",
    submit: seeing((state) => (state._tag === "Queued" ? [state, { ...state, at: state.at + 1, polls: state.polls + 1 }] : [state]))
  },
  {
    law: "unknown",
    name: "fails at an unknown status",
    providers: reading((seen) =>
      seen._tag === "Unrecognised"
        ? { _tag: "Failed", failure: { origin: "gateway", message: seen.word, moderated: false }, billed: "unknown" }
        : seen
    )
  },
  {
    law: "unknown",
    name: "gives up at an unknown status",
    providers: reading((seen) => (seen._tag === "Unrecognised" ? { _tag: "Missed", because: "unreadable", detail: seen.word } : seen))
  },
  { law: "unknown", name: "spins at an unknown status", submit: terms((options) => ({ ...options, pace: 10 })) },
  {
    law: "artifact",
    name: "succeeds without a video",
    submit: seeing((state) => [state._tag === "Succeeded" ? { ...state, artifacts: [{ url: "", kind: "link" }] } : state])
  },
  {
    law: "truth",
    name: "reads 90 % as a success",
    providers: reading((seen) =>
      seen._tag === "Running" && (seen.progress ?? 0) > 0.5
        ? { _tag: "Succeeded", artifacts: [{ url: "https://cdn.test/x", kind: "link" }] }
        : seen
    )
  },
  {
    law: "truth",
    name: "reads a failure as a success",
    submit: seeing((state) => [
      state._tag === "Failed" ? { ...state, _tag: "Succeeded", artifacts: [{ url: "https://cdn.test/x", kind: "link" }] } : state
    ])
  },
  {
    law: "truth",
    name: "ignores moderation",
    submit: seeing((state) => [state._tag === "Failed" ? { ...state, failure: { ...state.failure, moderated: false } } : state])
  },
  {
    law: "ref",
    name: "loses the ref",
    submit: states((all) => Stream.mapError(all, (error) => new JobError.JobError({ ...fields(error), ref: undefined })))
  },
  { law: "ref", name: "dies", submit: states((all) => Stream.catchTag(all, "JobError", (error) => Stream.die(error.reason))) },
  {
    law: "secrets",
    name: "leaks the key in an error",
    submit: states((all) =>
      Stream.mapError(
        all,
        (error) => new JobError.JobError({ ...fields(error), reason: new JobError.Unreachable({ detail: "with sk-secret-7f3a9c51" }) })
      )
    )
  },
  {
    law: "secrets",
    name: "leaks the key in a failure",
    submit: seeing((state) => [state._tag === "Failed" ? { ...state, failure: { ...state.failure, code: "sk-secret-7f3a9c51" } } : state])
  },
  {
    law: "secrets",
    name: "leaks a signed link",
    submit: seeing((state) => [state._tag === "Succeeded" ? { ...state, model: state.artifacts[0].url } : state])
  }
]

/** The same answer without headers. */
const deaf = (response: HttpClientResponse.HttpClientResponse): HttpClientResponse.HttpClientResponse =>
  new Proxy(response, { get: (target, name) => (name === "headers" ? {} : Reflect.get(target, name, target)) })

const fields = ({ attempt, operation, provider, reason, ref }: JobError.JobError) => ({ attempt, operation, provider, reason, ref })

const atOnce =
  (every: number): Pace.Pace =>
  ({ polls }) =>
    polls === 0 ? 0 : every

describe("a mutant of the engine", () => {
  it.each(mutants)("that $name is caught by $law", async ({ law, providers = definitions, submit }) => {
    const found = engineLaws({ providers, submit }).find(({ id }) => id === `engine/${law}`)
    await expect(found?.check({ seed: 1, runs: 300 })).rejects.toThrow(Law.Broken)
  })

  it("exists for every law", () => {
    const caught = new Set(mutants.map(({ law }) => `engine/${law}`))
    expect(
      engineLaws({ providers: definitions })
        .map(({ id }) => id)
        .filter((id) => !caught.has(id))
    ).toEqual([])
  })
})
