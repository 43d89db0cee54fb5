import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { queued, ref, running, states, submitted } from "../../test/samples.ts"
import { isTerminal, type JobState } from "../job/JobState.ts"
import { outlook, type Outlook } from "./outlook.ts"

const made = { ...running, progress: 0.3, progressSource: "estimated" } as const
const silent = { ...running, progress: undefined, progressSource: undefined }

describe("the outlook of a job", () => {
  it.each<[string, JobState, number | undefined, Outlook | undefined]>([
    ["of which nothing is known is none", submitted, undefined, undefined],
    ["that reports its progress follows from that", { ...running, at: 24_000 }, 999, { progress: 0.4, eta: 60_000, source: "reported" }],
    ["that reports none is what such jobs take", silent, 60_000, { progress: 0.485, eta: 60_000, source: "estimated" }],
    ["that waits is what such jobs take", queued, 40_000, { progress: 0.7275, eta: 40_000, source: "estimated" }],
    ["T28: whose progress a gateway made up is what such jobs take", made, 60_000, { progress: 0.485, eta: 60_000, source: "estimated" }],
    ["T28: a made-up progress is marked", { ...made, at: 9000 }, undefined, { progress: 0.3, eta: 30_000, source: "estimated" }],
    ["that is late will be as late again", silent, 20_000, { progress: 0.98, eta: 40_000, source: "estimated" }]
  ])("%s", (_, state, total, expected) => {
    const seen = outlook(state, total, 30_000)
    expect(seen && { ...seen, progress: Math.round((seen.progress ?? 0) * 1e6) / 1e6 }).toEqual(expected)
  })

  it("that has ended is none", () => {
    for (const state of states.filter(isTerminal))
      expect(outlook(state, 60_000, 30_000, { progress: 0.5, eta: 1, source: "reported" })).toBeUndefined()
  })

  it("never goes back in progress, and never is 1, whatever comes: late states, other estimates, a clock that is set back", () => {
    const state = fc.oneof(
      fc.constantFrom<JobState>(submitted, queued, silent),
      fc
        .record({
          progress: fc.double({ min: 0, max: 1, noNaN: true }),
          progressSource: fc.constantFrom("reported" as const, "estimated" as const),
          at: fc.nat(1_000_000)
        })
        .map((more): JobState => Object.assign(more, { _tag: "Running", ref, polls: 1 } as const))
    )
    const total = fc.option(fc.oneof(fc.nat(1_000_000), fc.double()), { nil: undefined })
    const now = fc.oneof(fc.nat(2_000_000), fc.integer({ min: -1000, max: 0 }))
    fc.assert(
      fc.property(fc.array(fc.tuple(state, total, now), { maxLength: 30 }), (looks) => {
        let before: Outlook | undefined
        for (const [seen, takes, at] of looks) {
          const next = outlook(seen, takes, at, before)
          expect(next?.progress ?? 0).toBeGreaterThanOrEqual(before?.progress ?? 0)
          expect(next?.progress ?? 0).toBeLessThan(1)
          expect(Number.isFinite(next?.eta ?? 0)).toBe(true)
          before = next
        }
      }),
      { numRuns: 1000 }
    )
  })
})
