import { describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as fc from "fast-check"
import { expect } from "../../test/expect.ts"
import { done, listen, provider, request, said, transport } from "../../test/fake.ts"
import { queued, running, states, submitted } from "../../test/samples.ts"
import * as Job from "../Job.ts"
import * as Pace from "./Pace.ts"

const look = (given: Partial<Pace.LastPoll> = {}): Pace.LastPoll => ({ state: submitted, polls: 1, failures: 0, age: 0, ...given })

/** The waits that a pace asks for, one a poll; no time passes between. */
const waits = (pace: Pace.PurePace, looks: ReadonlyArray<Pace.LastPoll>): ReadonlyArray<number> => looks.map(pace)
const remaining = (estimate: number | undefined, more: { share?: number; otherwise?: Duration.Input } = {}) =>
  waits(Pace.byRemaining({ remaining: () => estimate, min: 1000, max: "20 seconds", ...more }), [look()])[0]

describe("byRemaining", () => {
  it.each([
    ["half of what remains", 30_000, {}, 15_000],
    ["the share that it is given", 30_000, { share: 0.1 }, 3000],
    ["no longer than max", 999_999, {}, 20_000],
    ["no longer than max for ever", Number.POSITIVE_INFINITY, {}, 20_000],
    ["no shorter than min", 10, {}, 1000],
    ["min where the end should have come", -5000, {}, 1000],
    ["min where nothing is known", undefined, {}, 1000],
    ["what it is told where nothing is known", undefined, { otherwise: "7 seconds" }, 7000],
    ["within max where nothing is known", undefined, { otherwise: "7 hours" }, 20_000],
    ["as where nothing is known, for what is no number", Number.NaN, { otherwise: 4000 }, 4000]
  ] as const)("waits %s", (_, estimate, more, wait) => {
    expect(remaining(estimate, more)).toBe(wait)
  })

  it("holds min against a smaller max", () => {
    expect(waits(Pace.byRemaining({ remaining: () => 0, min: 5000, max: 10 }), [look()])).toEqual([5000])
  })

  const times = fc.integer({ min: 0, max: 10_000_000 })
  const looks = fc.array(
    fc.record({
      state: fc.constantFrom(...states, running).map((state) => state),
      polls: fc.nat(1000),
      failures: fc.nat(10),
      age: times
    }),
    { minLength: 1, maxLength: 20 }
  )
  const estimators: fc.Arbitrary<Pace.Estimator> = fc.oneof(
    fc.constant(Pace.byProgress),
    times.map((typical) => Pace.byTypical(typical)),
    fc.func(fc.oneof(fc.double(), fc.constant(undefined)))
  )
  const given = fc
    .record({
      remaining: estimators,
      min: times,
      above: times,
      share: fc.option(fc.double({ min: 0.01, max: 1, noNaN: true }), { nil: undefined }),
      otherwise: fc.option(times, { nil: undefined })
    })
    .map(({ above, ...more }) => Object.assign(more, { max: more.min + above }))
  const always = (
    holds: (options: Parameters<typeof Pace.byRemaining>[0] & { min: number; max: number }, all: Array<Pace.LastPoll>) => void
  ) => fc.assert(fc.property(given, looks, holds), { numRuns: 500 })

  it("no wait is below min or above max", () => {
    always((options, all) => {
      for (const wait of waits(Pace.byRemaining(options), all)) {
        expect(wait).toBeGreaterThanOrEqual(options.min)
        expect(wait).toBeLessThanOrEqual(options.max)
      }
    })
  })
})

describe("byProgress", () => {
  it.each([
    ["half done after a minute, a minute to go", { state: { ...running, progress: 0.5 }, age: 60_000 }, 60_000],
    ["a quarter done after a minute, three to go", { state: { ...running, progress: 0.25 }, age: 60_000 }, 180_000],
    ["all done, nothing to go", { state: { ...running, progress: 1 }, age: 60_000 }, 0],
    ["nothing done, nothing known", { state: { ...running, progress: 0 }, age: 60_000 }, undefined],
    ["no progress, nothing known", { state: queued, age: 60_000 }, undefined],
    [
      "T28: a progress that a gateway made up tells nothing",
      { state: { ...running, progressSource: "estimated" as const }, age: 60_000 },
      undefined
    ]
  ])("%s", (_, given, expected) => {
    expect(Pace.byProgress(look(given))).toBe(expected)
  })
})

describe("byTypical", () => {
  it.each([
    [0, 90_000],
    [60_000, 30_000],
    [90_000, 0],
    [100_000, 10_000],
    [270_000, 180_000]
  ])("of 90 s, after %i ms %i ms are expected", (age, expected) => {
    expect(Pace.byTypical("90 seconds")(look({ age }))).toBe(expected)
  })
})

describe("a job that is watched by its remaining time", () => {
  /** When a job that ends after two minutes is looked at, having told its progress evenly. */
  const watched = Effect.fnUntraced(function* (remainingTime: Pace.Estimator) {
    const net = transport(({ at, method }) =>
      method === "POST" ? { body: { id: "job-1" } } : at < 120_000 ? said("running", { progress: Math.floor(at / 1200) }) : done
    )
    const pace = Pace.byRemaining({ remaining: remainingTime, min: "4 seconds", max: "40 seconds" })
    const handle = yield* Job.submit(provider, request, { pace, deadline: "10 minutes" }).pipe(Effect.provide(net.layer))
    const listener = yield* listen(handle)
    yield* TestClock.adjust("5 minutes")
    expect(listener.tags().at(-1)).toBe("Succeeded")
    return net.polls().map(({ at }) => Math.round(at / 1000))
  })

  it.effect("is looked at more often as its end comes near, by its progress", () =>
    Effect.gen(function* () {
      const times = yield* watched(Pace.byProgress)
      expect(times[0]).toBe(4)
      expect(times.length).toBeLessThanOrEqual(11)
      expect(times.at(-1)).toBeLessThanOrEqual(124)
    })
  )

  it.effect("is looked at around the time that such jobs take", () =>
    Effect.gen(function* () {
      expect(yield* watched(Pace.byTypical("100 seconds"))).toEqual([40, 70, 85, 93, 97, 101, 105, 109, 113, 119, 129])
    })
  )
})
