/** What must be reached, beside what was. */
import type { Row } from "../Row.ts"
import type { Name } from "../rows.ts"
import type { Figures } from "./Figures.ts"

export interface Goal {
  readonly what: string
  /** Which of Reelay's rows it holds for. */
  readonly transports: ReadonlyArray<NonNullable<Row["transport"]>>
  readonly must: number
  /** Where it is lower than what must be. */
  readonly goal?: number
  readonly unit: "×" | "KB" | "ms" | ""
  readonly read: (figures: Figures, row: Name) => number | undefined
}

const everyTransport = ["node", "http-client", "fetch"] as const

const kilobytes = (bytes: number | undefined): number | undefined => (bytes === undefined ? undefined : bytes / 1000)

const pollGoals = (jobs: number, limits: readonly (readonly [NonNullable<Row["transport"]>, goal: number, must: number])[]) =>
  limits.map(([transport, goal, must]): Goal => {
    const over = { node: "@reelay/node", "http-client": "effect's HttpClient", fetch: "fetch" }[transport]
    return {
      what: `CPU a poll, ${jobs.toLocaleString("en-US")} jobs, over ${over}`,
      transports: [transport],
      goal,
      must,
      unit: "×",
      read: (figures, row) => figures.poll(row, jobs).ratio
    }
  })

export const goals: ReadonlyArray<Goal> = [
  ...pollGoals(1000, [
    ["node", 0.3, 0.4],
    ["http-client", 0.9, 1.1],
    ["fetch", 1, 1.2]
  ]),
  ...pollGoals(10_000, [
    ["node", 0.25, 0.35],
    ["http-client", 0.9, 1.1],
    ["fetch", 1, 1.2]
  ]),
  {
    what: "heap of a waiting job, 10,000 of them",
    transports: ["node"],
    goal: 1.2,
    must: 2,
    unit: "KB",
    read: (figures, row) => kilobytes(figures.memory(row, 10_000).heap)
  },
  {
    what: "RSS of a waiting job, 100,000 of them",
    transports: ["node"],
    goal: 3,
    must: 5,
    unit: "KB",
    read: (figures, row) => kilobytes(figures.memory(row, 100_000).rss)
  },
  {
    what: "of 100,000 waiting jobs, how many do not come to their end",
    transports: ["node"],
    must: 0,
    unit: "",
    read: (figures, row) => {
      const { ended } = figures.memory(row, 100_000)
      return ended === undefined ? undefined : 100_000 - ended
    }
  },
  {
    what: "submission, CPU to the first poll's answer",
    transports: ["node"],
    goal: 1,
    must: 1.3,
    unit: "×",
    read: (figures, row) => figures.submit(row).ratio
  },
  {
    what: "requests after an abort",
    transports: everyTransport,
    must: 0,
    unit: "",
    read: (figures, row) => figures.signals(row)?.requests
  },
  {
    what: "jobs that are not settled one macrotask after an abort",
    transports: everyTransport,
    must: 0,
    unit: "",
    read: (figures, row) => figures.signals(row)?.late
  },
  {
    what: "CPU of stopping 10,000 jobs by their own handles",
    transports: ["node"],
    goal: 50,
    must: Infinity,
    unit: "ms",
    read: (figures, row) => {
      const stopped = figures.handles(row)
      // As many as that, or nobody knows.
      return stopped?.cpu === undefined || stopped.jobs < 10_000 ? undefined : stopped.cpu * 10
    }
  }
]

export type Verdict = "goal reached" | "goal missed" | "reached" | "missed" | "not measured"

/** Of the worst row that it holds for. */
export const verdictOf = ({ goal, must }: Goal, values: ReadonlyArray<number | undefined>): Verdict => {
  const known = values.filter((value) => value !== undefined)
  if (known.length === 0) return "not measured"
  const worst = Math.max(...known)
  if (worst > must) return "missed"
  if (goal === undefined) return "reached"
  if (worst <= goal) return "goal reached"
  return must === Infinity ? "goal missed" : "reached"
}
