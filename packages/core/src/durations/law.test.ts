import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { grid, indexOf, lawOf, longest, type Sample } from "./law.ts"
import { scheduleOf, scheduleWith, waitBy } from "./schedule.ts"

const samples = fc.array(
  fc
    .tuple(fc.nat(longest - 1), fc.integer({ min: 1, max: longest }))
    .map(([from, width]): Sample => ({ from, to: Math.min(longest, from + width) })),
  { maxLength: 40 }
)

/** The share of jobs that a law has end by an age. */
const by = (age: number, given: ReadonlyArray<Sample>): number => lawOf(given).ended[indexOf(age)] ?? Number.NaN

const around = (age: number, count: number, width = 0.04): ReadonlyArray<Sample> =>
  Array.from({ length: count }, (_, nth) => ({
    from: age * (1 - width * (1 + (nth % 3) / 3)),
    to: age * (1 + width * (1 + (nth % 5) / 5))
  }))

describe("a law", () => {
  it("is a distribution, whatever was seen: from 0, never falling, at most 1", () => {
    fc.assert(
      fc.property(samples, (given) => {
        const { ended } = lawOf(given)
        expect(ended[0]).toBe(0)
        for (let index = 1; index < ended.length; index++) {
          expect(ended[index]).toBeGreaterThanOrEqual((ended[index - 1] ?? 0) - 1e-12)
          expect(ended[index]).toBeLessThanOrEqual(1)
        }
      }),
      { numRuns: 40 }
    )
  })

  it("of nothing that was seen expects that what has lasted long lasts long", () => {
    expect([by(45_000, []), by(90_000, []) - by(45_000, [])]).toEqual([expect.closeTo(0.5, 2), expect.closeTo(1 / 6, 2)])
  })

  it("has most jobs end where jobs were seen to end, after a few", () => {
    const few = around(60_000, 5)
    expect(by(40_000, few)).toBeLessThan(0.15)
    expect(by(90_000, few)).toBeGreaterThan(0.85)
  })

  it("keeps two kinds of jobs apart", () => {
    const both = [...around(30_000, 30), ...around(180_000, 30)]
    expect(by(100_000, both) - by(45_000, both)).toBeLessThan(0.02)
    expect(by(60_000, both)).toBeCloseTo(0.5, 1)
  })

  it("takes what is known only vaguely from where others say that it lies", () => {
    const vague = Array.from({ length: 60 }, (): Sample => ({ from: 0, to: 46_000 }))
    expect(by(40_000, [...vague, ...around(45_000, 6, 0.01)])).toBeLessThan(0.1)
  })

  it("is moved little by one job in fifty that took a hundred times as long", () => {
    const given = [...around(60_000, 49), { from: 5_900_000, to: 6_000_000 }]
    expect(by(75_000, given)).toBeGreaterThan(0.95)
  })
})

describe("a schedule", () => {
  const price = fc.integer({ min: 1, max: 10_000_000 })
  const floor = fc.integer({ min: 1, max: 60_000 })
  const age = fc.double({ min: 0, max: 10 * longest, noNaN: true })
  const share = fc.double({ min: 0, max: 1, noNaN: true })

  it("always polls again, whatever was seen: the next age is later, and finite", () => {
    fc.assert(
      fc.property(samples, price, floor, age, share, (given, worth, least, at, draw) => {
        const law = lawOf(given)
        const { schedule } = scheduleWith(law, worth, least, worth)
        for (const each of [scheduleOf(law, worth, least), schedule]) {
          const wait = waitBy(each, at, draw)
          expect(Number.isFinite(wait)).toBe(true)
          expect(at <= longest || wait > 0).toBe(true)
          for (let index = 0; index < grid.length - 1; index++) expect(each.soonest[index]).toBeGreaterThan(index)
        }
      }),
      { numRuns: 12 }
    )
  })

  it("polls seldom before jobs can end, and about when they do", () => {
    const plan = scheduleOf(lawOf(around(60_000, 50)), 10_000, 1000)
    const first = waitBy(plan, 0, 0.5)
    expect(first).toBeGreaterThan(58_000)
    expect(first).toBeLessThan(75_000)
  })

  it("has the mean lag that is wanted, if the law allows it", () => {
    const spread = Array.from({ length: 100 }, (_, nth) => ({ from: 20_000 + 2000 * nth, to: 22_000 + 2000 * nth }))
    const { price: found } = scheduleWith(lawOf(spread), 4000, 1000, 8000)
    const { lag } = scheduleOf(lawOf(spread), found, 1000)
    expect(lag).toBeGreaterThan(3000)
    expect(lag).toBeLessThan(4400)
  })
})
