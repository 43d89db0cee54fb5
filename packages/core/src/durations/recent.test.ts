import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Sample } from "./law.ts"
import { recent } from "./recent.ts"

/** Jobs around an age, none the same. */
const around = (age: number, count: number): ReadonlyArray<Sample> =>
  Array.from({ length: count }, (_, nth) => {
    const from = age * (0.85 + 0.3 * ((nth * 0.618) % 1))
    return { from, to: from * 1.05 }
  })

describe("what still counts", () => {
  it.each([
    ["twice as slow", 60_000, 120_000],
    ["twice as fast", 60_000, 30_000]
  ])("is only the newer jobs after a provider became %s", (_, before, after) => {
    const kept = recent([...around(before, 100), ...around(after, 6)])
    expect(kept).toHaveLength(6)
    for (const { from } of kept) expect(Math.abs(from - after) / after).toBeLessThan(0.2)
  })

  it.each([1, 2])("is everything after %i odd jobs", (odd) => {
    expect(recent([...around(60_000, 100), ...around(600_000, odd)])).toHaveLength(100 + odd)
  })

  it("is everything if the jobs are alike but polled in another way: not knowing when one ended is no change", () => {
    const polledOnce = Array.from({ length: 100 }, (): Sample => ({ from: 0, to: 75_000 }))
    expect(recent([...around(60_000, 100), ...polledOnce])).toHaveLength(200)
    expect(recent([...polledOnce, ...around(60_000, 100)])).toHaveLength(200)
  })

  it("is always the newest ones, in their order", () => {
    const sample = fc
      .record({ from: fc.nat(1000), width: fc.integer({ min: 1, max: 1000 }) })
      .map(({ from, width }) => ({ from, to: from + width }))
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 60 }), (samples) => {
        const kept = recent(samples)
        expect(kept).toEqual(samples.slice(samples.length - kept.length))
        expect(kept.length).toBeGreaterThanOrEqual(Math.min(3, samples.length))
      })
    )
  })
})
