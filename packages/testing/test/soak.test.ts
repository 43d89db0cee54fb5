import { Job, JobState, type Journal } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { type Engine, engine, play, type Played } from "./soak/play.ts"
import { type Coverage, cover, missing } from "./soak/coverage.ts"
import { judge, type Rule } from "./soak/judge.ts"
import { calm, plan } from "./soak/plan.ts"
import { again, isGood, missedOf, report, rules, shrunk, soak } from "./soak/soak.ts"
import { definitions } from "./subjects.ts"

type Entries = Journal.Journal["Service"]
type Submit = Engine["submit"]

/** The engine over another journal. */
const journaling = (change: (journal: Entries) => Partial<Entries>): Partial<Engine> => ({
  journal: (given) => ({ ...given, ...change(given) })
})

/** The engine with changed requests. */
const sending = (
  change: (
    sent: ReturnType<HttpClient.HttpClient["execute"]>,
    to: { readonly isPost: boolean; readonly isFile: boolean }
  ) => ReturnType<HttpClient.HttpClient["execute"]>
): Partial<Engine> => ({
  client: HttpClient.transform((sent, { method, url }) => change(sent, { isPost: method === "POST", isFile: url.includes("files.test") }))
})

/** The engine with a modified handle. */
const states = (change: (states: Job.JobHandle["states"]) => Job.JobHandle["states"]): Partial<Engine> => ({
  submit: (...given) => Effect.map(Job.submit(...given), (handle) => ({ ...handle, states: change(handle.states) }))
})

const submitting = (change: Partial<Job.SubmitOptions>): Partial<Engine> => ({
  submit: (provider, request, options) => Job.submit(provider, request, { ...options, ...change })
})

const isAccepted = (to: Journal.Entry | Journal.Tombstone | undefined): boolean => to?._tag === "Entry" && to.fate._tag === "Accepted"

const leaky: Submit = (...given) => Effect.tap(Job.submit(...given), () => Effect.forkDetach(Effect.never))

/** The same answer with other headers, and the first piece of its body only. */
const truncated = (response: HttpClientResponse.HttpClientResponse): HttpClientResponse.HttpClientResponse =>
  new Proxy(response, {
    get: (target, name) => (name === "headers" ? {} : name === "stream" ? Stream.take(target.stream, 1) : Reflect.get(target, name, target))
  })

/** The engine, broken on purpose, and the rule that it breaks. */
const mutants: ReadonlyArray<{ readonly name: string; readonly rule: Rule; readonly broken: Partial<Engine>; readonly seed?: number }> = [
  {
    name: "repeats a POST that got no answer",
    rule: "double submission",
    broken: sending((sent, { isPost }) => (isPost ? Effect.retry(sent, { times: 1 }) : sent))
  },
  {
    name: "repeats a POST that got a 502",
    rule: "double submission",
    broken: sending((sent, { isPost }) =>
      isPost ? Effect.flatMap(sent, (got) => (got.status === 502 ? sent : Effect.succeed(got))) : sent
    )
  },
  {
    name: "posts an intent from before the restart again",
    rule: "double submission",
    broken: journaling(({ read, write }) => ({
      create: (entry) => Effect.as(write(entry), true),
      read: (id) => Effect.map(read(id), (entry) => (entry?._tag === "Entry" && entry.fate._tag === "Intent" ? undefined : entry))
    }))
  },
  {
    name: "runs a batch that another process runs",
    rule: "double submission",
    seed: 5,
    broken: journaling(({ write }) => ({ claim: () => Effect.succeed(true), create: (entry) => Effect.as(write(entry), true) }))
  },
  {
    name: "resumes a job that another process follows",
    rule: "followed twice",
    broken: journaling(() => ({ claim: () => Effect.succeed(true) }))
  },
  {
    name: "writes no intent",
    rule: "lost",
    broken: journaling(({ create }) => ({
      create: (entry) => (entry.fate._tag === "Intent" ? Effect.succeed(true) : create(entry))
    }))
  },
  {
    name: "forgets the reference in the journal",
    rule: "lost",
    broken: journaling(({ swap }) => ({ swap: (id, attempt, to) => swap(id, attempt, isAccepted(to) ? undefined : to) }))
  },
  {
    name: "gives a handle before its reference is durable",
    rule: "lost",
    broken: journaling(({ swap }) => ({
      swap: (id, attempt, to) => (isAccepted(to) ? Effect.succeed(true) : swap(id, attempt, to))
    }))
  },
  { name: "reports no reference to a caller that left", rule: "lost", broken: submitting({ onSubmitted: undefined }) },
  { name: "reports no unknown outcome to a caller that left", rule: "lost", broken: submitting({ onUnknown: undefined }) },
  {
    name: "continues polling after its watcher has left",
    rule: "request after leaving",
    broken: states((all) => Stream.unwrap(Effect.as(Effect.forkDetach(Effect.ignore(Stream.runDrain(all))), all)))
  },
  {
    name: "does not abort the poll in flight",
    rule: "request after leaving",
    broken: sending((sent, { isPost }) => (isPost ? sent : Effect.uninterruptible(sent)))
  },
  { name: "leaves a fiber behind", rule: "open handle", broken: { submit: leaky } },
  {
    name: "reads a failure as an expiry",
    rule: "wrong end",
    broken: states((all) =>
      Stream.map(all, (state) => (state._tag === "Failed" ? (JobState.advance({ ...submitted(state) }, expired(state)) ?? state) : state))
    )
  },
  {
    name: "does not record how a job ended",
    rule: "end not found",
    broken: journaling(({ write }) => ({ write: (entry) => (entry.fate._tag === "Closed" ? Effect.void : write(entry)) }))
  },
  {
    name: "treats a part of a video as the whole",
    rule: "wrong video",
    broken: sending((sent, { isFile }) => (isFile ? Effect.map(sent, truncated) : sent))
  },
  {
    name: "sends the key to any link's host",
    rule: "key to a file",
    broken: { client: HttpClient.mapRequest(HttpClientRequest.setHeader("authorization", "Bearer sk")) }
  },
  { name: "ends without an end", rule: "defect", broken: states(Stream.take(1)) },
  {
    name: "keeps its claim on a job that has ended",
    rule: "open handle",
    broken: journaling(() => ({ release: () => Effect.void }))
  },
  {
    name: "dies instead of failing",
    rule: "defect",
    broken: states((all) => Stream.catchTag(all, "JobError", (error) => Stream.die(error.reason)))
  }
]

const submitted = ({ at, polls, ref }: JobState.JobState): JobState.JobState => ({ _tag: "Submitted", at, polls, ref })
const expired = ({ at, polls }: JobState.JobState) => ({ _tag: "Expired", at, poll: polls, billed: "unknown" }) as const

/** What the mock has seen. The boundary of a multipart body differs each time. */
const plain = ({ journal }: Played) =>
  journal.map((entry) => Object.assign({}, entry, { headers: Object.entries(entry.headers).filter(([name]) => name !== "content-type") }))

describe("a soak", () => {
  it.each([1, 2, 3])("of 200 jobs breaks no rule, with seed %i", async (seed) => {
    // The runner has its own timers.
    const result = { ...(await soak({ engine, seed, jobs: 200 })), resources: 0 }
    expect(isGood(result) ? "" : report(result)).toBe("")
  })

  it("plays the same again", async () => {
    const [one, other] = [await play(engine, plan(7, 40, 20)), await play(engine, plan(7, 40, 20))]
    expect(plain(other)).toEqual(plain(one))
    expect(one.journal.length).toBeGreaterThan(0)
  })
})

describe("a mutant of the engine", () => {
  it.each(mutants)("that $name is caught by the rule '$rule'", async ({ broken, rule, seed = 6 }) => {
    // It ends when the rule breaks: mostly in the first world of 40 jobs.
    const { violations } = await soak({ engine: { ...engine, ...broken }, seed, jobs: 1200, until: rule })
    expect(violations.map((each) => each.rule)).toContain(rule)
  })

  it("exists for every rule", () => {
    const caught = new Set(mutants.map(({ rule }) => rule))
    expect(rules.filter((rule) => !caught.has(rule))).toEqual([])
  })

  it("is shown in the smallest world that it breaks", async () => {
    const broken = { ...engine, submit: leaky }
    const [found] = (await soak({ engine: broken, seed: 1, jobs: 40 })).violations
    if (found === undefined) throw new Error("nothing was found")
    const least = await shrunk(broken, 1, found)
    expect(least.size).toBeLessThan(10)
    const seen = await soak({ engine: broken, seed: 1, first: least.first, jobs: least.size })
    expect(seen.violations.map(({ rule }) => rule)).toContain(found.rule)
    expect(report(seen)).toContain(again(1, least))
  })
})

describe("what chance has missed", () => {
  it("is played besides: each word and fault happens in a calm world, at each provider that can show it, and breaks no rule", async () => {
    const providers = Array.from(definitions, ({ name }) => name)
    const coverage: Coverage = new Map()
    const all = missing(coverage, providers, false).flatMap((name) => missedOf(name, providers))
    expect(all.length).toBeGreaterThan(200)
    for (let at = 0; at < all.length; at += 40) {
      const played = await play(engine, calm(3, at, all.slice(at, at + 40)))
      cover(coverage, played)
      expect(judge(played)).toEqual([])
    }
    expect(missing(coverage, providers, false)).toEqual([])
  })
})
