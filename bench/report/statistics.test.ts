import { describe, expect, it } from "vitest"
import { mean, median, quantile, range, ratio } from "./statistics.ts"

describe("median", () => {
  it("is the middle one, or the mean of both", () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])]).toStrictEqual([2, 2.5, 7])
  })
  it("is nothing of nothing, and leaves out what is no number", () => {
    expect([median([]), median([Number.NaN]), median([Number.NaN, 2])]).toStrictEqual([undefined, undefined, 2])
  })
})

describe("quantile", () => {
  it("is a value that all but the given part do not exceed", () => {
    const hundred = Array.from({ length: 100 }, (_, at) => 100 - at)
    expect([quantile(hundred, 0.95), quantile(hundred, 0.5), quantile([5], 0.95), quantile([5, 6], 0)]).toStrictEqual([95, 50, 5, 5])
  })
})

describe("mean and range", () => {
  it("are nothing of nothing", () => {
    expect([mean([]), range([]), mean([1, 2]), range([2, 1, 3])]).toStrictEqual([undefined, undefined, 1.5, [1, 3]])
  })
})

describe("a ratio", () => {
  it("is taken within a round, so that a round which was slow for all does not count", () => {
    const row = [10, 20, 90].map((value, round) => ({ round, value }))
    const reference = [20, 40, 180].map((value, round) => ({ round, value }))
    expect(ratio(row, reference)).toBe(0.5)
  })
  it("leaves out the rounds that only one of both has", () => {
    expect(
      ratio(
        [
          { round: 0, value: 3 },
          { round: 1, value: 100 }
        ],
        [
          { round: 0, value: 1 },
          { round: 2, value: 1 }
        ]
      )
    ).toBe(3)
    expect(ratio([{ round: 0, value: 3 }], [])).toBe(undefined)
  })
})
