import { describe, expect, it } from "vitest"
import { boundOf, pollsAt } from "./bound.ts"
import { compared } from "./compared.ts"
import { markdown } from "./markdown.ts"
import { fixed, simulate } from "./simulate.ts"
import { worlds } from "./worlds.ts"

const run = { jobs: 2000, seed: 1 }

describe("Pace.adaptive", () => {
  it.each(worlds)(
    "in the world $name needs at most 1.3 of the fewest polls at its lag, 1.5 if it finds the price itself, and 1.2 of the better even pace",
    (world) => {
      const rows = compared(world, run, { prices: [6], lags: [5] })
      const wrong = rows.filter(
        ({ asked, toBetter, toBound, toWanted = 1 }) => toBound > (asked.startsWith("lag") ? 1.5 : 1.3) || toBetter > 1.2 || toWanted > 1.25
      )
      expect(wrong).toEqual([])
      expect(markdown(world.name, rows).split("\n")).toHaveLength(7)
    },
    120_000
  )
})

describe("the bound", () => {
  it("of jobs that may end at any moment is an even pace, and no pace is below it", () => {
    const world = worlds.find(({ name }) => name.startsWith("exponential"))
    if (world === undefined) throw new Error("there is no such world")
    const even = simulate(world, fixed(8), { jobs: 4000, seed: 2 })
    const share = even.polls / pollsAt(boundOf(world), even.lag)
    expect(share).toBeGreaterThan(0.95)
    expect(share).toBeLessThan(1.1)
  })
})
