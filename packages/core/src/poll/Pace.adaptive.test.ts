import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as fc from "fast-check"
import { expect } from "../../test/expect.ts"
import { done, listen, provider, request, said, transport } from "../../test/fake.ts"
import { ref, states, submitted } from "../../test/samples.ts"
import * as Durations from "../durations/Durations.ts"
import * as Job from "../Job.ts"
import * as Pace from "./Pace.ts"

describe("adaptive", () => {
  const times = fc.integer({ min: 1, max: 10_000_000 })
  const samples = fc.array(fc.record({ from: fc.oneof(times, fc.double()), to: fc.oneof(times, fc.double()) }), { maxLength: 30 })
  const look = fc.record({
    state: fc.constantFrom(...states),
    polls: fc.nat(1000),
    failures: fc.nat(10),
    age: fc.oneof(times, fc.constantFrom(0, 1e12))
  })
  const given = fc.record({ lag: times, price: fc.option(times, { nil: undefined }), min: times, above: times })

  it("always waits, and from min to max, whatever was seen", () => {
    fc.assert(
      fc.property(given, samples, fc.array(look, { minLength: 1, maxLength: 10 }), ({ above, lag, min, price }, seen, looks) => {
        const durations = Durations.memory()
        for (const each of seen) durations.ended(ref, each)
        const pace = Pace.adaptive({ durations, lag, price, min, max: min + above })
        for (const each of looks) {
          const wait = pace(each)
          expect(wait).toBeGreaterThanOrEqual(min)
          expect(wait).toBeLessThanOrEqual(min + above)
        }
      }),
      { numRuns: 60 }
    )
  })

  it("polls early one job in about twelve, if most have ended by their first poll", () => {
    const durations = Durations.memory()
    for (let nth = 0; nth < 40; nth++) durations.ended(ref, { from: 58_000 + 50 * nth, to: 60_000 + 50 * nth })
    const pace = Pace.adaptive({ durations, lag: "3 seconds", min: 1000 })
    const waits = Array.from({ length: 600 }, (_, nth) =>
      pace({ state: { ...submitted, ref: { ...ref, id: `${nth}` } }, polls: 0, failures: 0, age: 0 })
    )
    const early = waits.filter((wait) => wait < 57_000).length
    expect(early).toBeGreaterThan(20)
    expect(early).toBeLessThan(80)
  })
})

describe("jobs that are watched at an adaptive pace", () => {
  /** Runs jobs one after another, each of which succeeds after `takes`, and says how often each was polled, and how late it was noticed. */
  const watched = Effect.fnUntraced(function* (pace: Pace.LearningPace, count: number, takes: number) {
    const runs: Array<{ readonly polls: number; readonly lag: number }> = []
    for (let nth = 0; nth < count; nth++) {
      let born = 0
      const net = transport(({ at, method }) => {
        if (method === "POST") {
          born = at
          return { body: { id: `job-${takes}-${nth}` } }
        }
        return at - born < takes ? said("running") : done
      })
      const handle = yield* Job.submit(provider, request, { pace, deadline: "20 minutes" }).pipe(Effect.provide(net.layer))
      const listener = yield* listen(handle)
      yield* TestClock.adjust("10 minutes")
      expect(listener.tags().at(-1)).toBe("Succeeded")
      runs.push({ polls: net.polls().length, lag: (net.polls().at(-1)?.at ?? 0) - born - takes })
    }
    return runs
  })

  it.effect("need few polls once some have ended, and follow a provider that became slower", () =>
    Effect.gen(function* () {
      const durations = Durations.memory()
      const pace = Pace.adaptive({ durations, lag: "4 seconds", min: "1 second" })
      const first = yield* watched(pace, 15, 60_000)
      const later = yield* watched(pace, 10, 60_000)
      const polls = (runs: typeof first): number => runs.reduce((sum, run) => sum + run.polls, 0) / runs.length
      expect(polls(later)).toBeLessThan(3)
      expect(later.reduce((sum, { lag }) => sum + lag, 0) / later.length).toBeLessThan(8000)
      expect(durations.expected(ref, 0)).toBeGreaterThan(55_000)
      yield* watched(pace, 12, 120_000)
      expect(polls(yield* watched(pace, 5, 120_000))).toBeLessThan(4)
    })
  )

  it.effect("are not polled before the least wait nor after the deadline", () =>
    Effect.gen(function* () {
      const durations = Durations.memory()
      for (let nth = 0; nth < 20; nth++) durations.ended(ref, { from: 0, to: 100 + nth })
      const net = transport(({ method }) => (method === "POST" ? { body: { id: "job-1" } } : said("running")))
      const pace = Pace.adaptive({ durations, lag: 1, min: "4 seconds" })
      const handle = yield* Job.submit(provider, request, { pace, deadline: "1 minute" }).pipe(Effect.provide(net.layer))
      yield* listen(handle)
      yield* TestClock.adjust("10 minutes")
      const ages = net.polls().map(({ at }) => at)
      expect(ages.length).toBeGreaterThan(2)
      for (const [nth, age] of ages.entries()) expect(age - (ages[nth - 1] ?? 0)).toBeGreaterThanOrEqual(nth === ages.length - 1 ? 0 : 4000)
      for (const age of ages) expect(age).toBeLessThanOrEqual(60_000)
    })
  )
})
