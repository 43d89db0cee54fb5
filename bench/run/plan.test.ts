import { describe, expect, it } from "vitest"
import { phases } from "../measure/Task.ts"
import { names, reference } from "../rows.ts"
import { parse } from "./options.ts"
import { plan } from "./plan.ts"

const choice = { rows: names, phases, jobs: [1000, 10_000, 100_000], rounds: 5 }

describe("a plan", () => {
  it("has every row in each round, and begins each round with another", () => {
    const polls = plan(choice).filter(({ task }) => task.phase === "poll" && task.jobs === 1000)
    const rounds = Map.groupBy(polls, ({ round }) => round)
    expect([...rounds.values()].map((steps) => steps.map(({ row }) => row).toSorted())).toStrictEqual(
      Array.from({ length: 5 }, () => names.toSorted())
    )
    expect(new Set([...rounds.values()].map(([first]) => first?.row)).size).toBe(5)
  })
  it("makes a whole number of polls of each job in a window", () => {
    const polls = plan(choice).flatMap(({ task }) => (task.phase === "poll" ? [task] : []))
    expect(polls.filter(({ interval, window }) => window % interval !== 0)).toStrictEqual([])
  })
  it("weighs a hundred thousand jobs, and does not poll them", () => {
    const tasks = plan(choice).map(({ task }) => task)
    expect(tasks.filter((task) => task.phase === "poll").map(({ jobs }) => jobs)).not.toContain(100_000)
    expect(tasks.find((task) => task.phase === "memory")?.sizes).toStrictEqual([1000, 10_000, 100_000])
  })
})

describe("options", () => {
  it("are five rounds of everything where none are given", () => {
    expect(parse([])).toStrictEqual({ rounds: 5, jobs: [1000, 10_000], rows: names, phases, from: [] })
  })
  it("keep the fetch loop beside the rows that are chosen", () => {
    expect(parse(["--", "--only", "openai", "--jobs", "10,5,10", "--phases", "submit", "--rounds", "2"])).toStrictEqual({
      rounds: 2,
      jobs: [5, 10],
      rows: [reference, "openai"],
      phases: ["submit"],
      from: []
    })
  })
  it.each([
    [["--only", "axios"], 'no row "axios"'],
    [["--phases", "all"], 'no phase "all"'],
    [["--rounds", "0"], '--rounds is "0"'],
    [["--jobs", "1.5"], '--jobs is "1.5"'],
    [["--fast"], "--fast"]
  ])("that can't be meant are refused: %s", (args, message) => {
    expect(() => parse(args)).toThrow(message)
  })
})
