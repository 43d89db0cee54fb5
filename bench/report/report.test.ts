import { describe, expect, it } from "vitest"
import type { Poll } from "../measure/Task.ts"
import { load, type Name } from "../rows.ts"
import type { Sample } from "../run/Sample.ts"
import { Figures } from "./Figures.ts"
import { type Goal, goals, verdictOf } from "./goals.ts"
import { markdown } from "./markdown.ts"
import { pictures } from "./svg.ts"

const poll = (row: Name, round: number, cpu: number, more: Partial<Poll["cancel"]> = {}): Sample => ({
  row,
  round,
  phase: "poll",
  result: {
    phase: "poll",
    jobs: 1000,
    waiting: 1000,
    interval: 500,
    polls: 4000,
    kept: 1,
    cpu,
    busy: 0.5,
    connections: 32,
    lags: [100, 200, 300],
    cancel: { jobs: 600, cpu: 6, settled: 5, late: 0, requests: 0, ...more }
  }
})

const samples: ReadonlyArray<Sample> = [
  poll("fetch-loop", 0, 200),
  poll("fetch-loop", 1, 400),
  poll("reelay-promise-node", 0, 50),
  poll("reelay-promise-node", 1, 100, { requests: 1 }),
  poll("replicate", 0, 210, { settled: null, late: 3 }),
  { row: "raw-net", round: 0, phase: "memory", result: { phase: "memory", sizes: [{ jobs: 1000, waiting: 900, heap: 700, rss: 300 }] } },
  { row: "openai", round: 1, phase: "submit", failure: "It was not over" }
]

const report = async () => {
  const figures = new Figures(samples)
  const names = ["raw-net", "reelay-promise-node", "fetch-loop", "replicate"] as const
  const rows = await Promise.all(names.map(async (name) => ({ name, row: await load(name) })))
  return { figures, rows }
}

const setting = {
  date: "2026-11-30 21:00",
  processor: "a processor",
  cores: 2,
  memory: 8,
  system: "linux",
  node: "24",
  commit: "abc",
  load: 0.1,
  versions: { undici: "7", rxjs: "7.8.2" }
}

describe("a report", () => {
  it("gives ratios within rounds, the worst of what must not happen, and what failed", async () => {
    const text = markdown({
      ...(await report()),
      setting,
      failures: ["openai, submit, round 2: It was not over"],
      pictures: { first: "first.svg", others: "others.svg" }
    })
    expect(text).toContain("| **Reelay Promise, @reelay/node** | **0.25** |")
    expect(text).toContain("| replicate | 600 | 10.0 | never | 3 | 0 |")
    expect(text).toContain("0.70 | 0.30 (only 900 in time) |")
    expect(text).toContain("| requests after an abort | — | 0 | 1 | — | — | **missed** |")
    expect(text).toContain("rxjs 7.8.2")
    expect(text).toContain("- openai, submit, round 2")
    expect(text).not.toMatch(/undefined|NaN|Infinity/u)
  })

  it("has a picture with a bar for each row, and a dress for dark pages", async () => {
    const { figures, rows } = await report()
    const { first, others } = pictures(rows, figures)
    // Of three, CPU a poll; of one, heap. Of one, RSS; of three, aborts and lag.
    expect([first, others].map((picture) => picture.match(/<rect/gu)?.length)).toStrictEqual([4, 7])
    expect(first).toContain("prefers-color-scheme: dark")
    expect(first + others).not.toMatch(/undefined|NaN|Infinity/u)
  })
})

describe("a verdict", () => {
  const goal: Goal = { what: "", transports: ["node"], goal: 1, must: 2, unit: "×", read: () => undefined }
  it("is that of the worst row", () => {
    expect([[0.5, 1], [0.5, 1.5], [0.5, 2.5], [undefined], [undefined, 1.5]].map((values) => verdictOf(goal, values))).toStrictEqual([
      "goal reached",
      "reached",
      "missed",
      "not measured",
      "reached"
    ])
  })
  it("that misses what is only wished for says so", () => {
    expect(verdictOf({ ...goal, must: Infinity }, [1.5])).toBe("goal missed")
  })
  it("is never gentler for a goal than for what must be", () => {
    for (const { goal: wanted, must } of goals) expect(wanted ?? must).toBeLessThanOrEqual(must)
  })
})
