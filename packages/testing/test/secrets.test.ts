import { Job, JobError, type JobState, Journal } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { cases, key, leaks, play, type Shown, type Stage, type Submit, token } from "./secrets.ts"

const real: Stage = { submit: Job.submit }

/** The engine, and something done at each state. */
const besides =
  (run: (state: JobState.JobState) => Effect.Effect<unknown>): Submit =>
  (provider, request, options) =>
    Effect.map(Job.submit(provider, request, options), (handle) => ({ ...handle, states: Stream.tap(handle.states, run) }))

/** The engine that sees other states. */
const seeing =
  (change: (state: JobState.JobState) => JobState.JobState): Submit =>
  (provider, request, options) =>
    Effect.map(Job.submit(provider, request, options), (handle) => ({ ...handle, states: Stream.map(handle.states, change) }))

const linkOf = (state: JobState.JobState): string => (state._tag === "Succeeded" ? state.artifacts[0].url : "")

/** A journal that writes more than its entries. */
const writing =
  (label: string) =>
  (journal: Journal.Journal["Service"]): Journal.Journal["Service"] => ({
    ...journal,
    write: (entry) => journal.write({ ...entry, label })
  })

/** A journal of whole states would do this. */
const keeping = (state: JobState.JobState) =>
  Effect.gen(function* () {
    const journal = Option.getOrThrow(yield* Effect.serviceOption(Journal.Journal))
    for (const entry of yield* journal.entries) if (entry._tag === "Entry") yield* journal.write({ ...entry, saveTo: linkOf(state) })
  })

const failing = (detail: string) =>
  new JobError.JobError({ reason: new JobError.Unreachable({ detail }), provider: "xai", operation: "poll", attempt: 1 })

/** Leaks, each in one place. */
const mutants: ReadonlyArray<readonly [string, Shown["where"], Stage]> = [
  ["logs the key", "log", { submit: besides(() => Effect.logDebug("asking", { authorization: `Bearer ${key}` })) }],
  ["logs the header as base64", "log", { submit: besides(() => Effect.logTrace(Buffer.from(token).toString("base64"))) }],
  ["annotates logs with the key", "log", { submit: besides(() => Effect.annotateLogs(Effect.log("a poll"), { key })) }],
  ["logs a failure with the key in its cause", "log", { submit: besides(() => Effect.logError("no", failing(`with ${key}`))) }],
  [
    "puts the link into a span",
    "span",
    { submit: besides((state) => Effect.void.pipe(Effect.withSpan("saw", { attributes: { url: linkOf(state) } }))) }
  ],
  [
    "puts the key into a span's event",
    "span",
    { submit: besides(() => Effect.withSpan(Effect.logDebug("saw", encodeURIComponent(key)), "saw")) }
  ],
  ["ends a span with the key", "span", { submit: besides(() => Effect.exit(Effect.withSpan(Effect.fail(failing(key)), "saw"))) }],
  ["counts by the key", "metric", { submit: besides(() => Metric.update(Metric.withAttributes(Metric.counter("seen"), { key }), 1)) }],
  ["writes the link into the journal", "journal", { submit: besides((state) => Effect.ignore(keeping(state))) }],
  ["writes the key into the journal", "journal", { submit: Job.submit, journal: writing(key) }],
  ["fails with the key", "error", { submit: () => Effect.fail(failing(`curl -H 'authorization: Bearer ${key}'`)) }],
  ["fails with most of the header", "error", { submit: () => Effect.fail(failing(`${token.slice(0, 20)}…`)) }],
  [
    "shows the key in a state",
    "state",
    { submit: seeing((state) => (state._tag === "Failed" ? { ...state, failure: { ...state.failure, code: key } } : state)) }
  ],
  [
    "shows a link in a state",
    "state",
    { submit: seeing((state) => (state._tag === "Succeeded" ? { ...state, model: linkOf(state) } : state)) }
  ],
  [
    "keeps the key in the reference",
    "reference",
    {
      submit: (provider, request, options) =>
        Effect.map(Job.submit(provider, request, options), (handle) => ({ ...handle, ref: { ...handle.ref, account: key } }))
    }
  ]
]

describe("secrets", () => {
  it("never appear in a log, span, metric, journal entry, error or state of any run", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (given) => {
        expect(leaks(await play(real, given))).toEqual([])
      }),
      { numRuns: 400, seed: 11 }
    )
  })

  it("could appear: runs give out signed links, and write logs, spans, metrics and entries", async () => {
    const places = new Map<string, number>()
    const tags = new Set<string>()
    let signed = 0
    for (const given of fc.sample(cases, { numRuns: 150, seed: 5 })) {
      const seen = await play(real, given)
      signed += seen.signed.size
      for (const tag of seen.tags) tags.add(tag)
      for (const each of seen.shown) places.set(each.where, (places.get(each.where) ?? 0) + 1)
    }
    expect(signed).toBeGreaterThan(40)
    expect([...tags]).toEqual(expect.arrayContaining(["Submitted", "Queued", "Running", "Succeeded", "Failed", "Expired"]))
    for (const place of ["log", "span", "metric", "journal", "error", "state", "reference", "provider"]) {
      expect([place, (places.get(place) ?? 0) > 50]).toEqual([place, true])
    }
  })

  it.each(mutants)("a mutant that %s is caught in a %s", async (_, place, stage) => {
    const found = new Set<string>()
    for (const given of fc.sample(cases, { numRuns: 60, seed: 2 })) {
      for (const caught of leaks(await play(stage, given))) found.add(caught.where)
      if (found.has(place)) break
    }
    expect([...found]).toContain(place)
  })
})
