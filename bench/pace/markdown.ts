/** The figures of one world as a table. */
import type { Compared } from "./compared.ts"

export const markdown = (name: string, rows: ReadonlyArray<Compared>): string =>
  [
    `### ${name}\n`,
    "| asked for | polls a job | mean lag, s | p95 lag, s | ÷ bound | ÷ better of fixed and exponential | lag ÷ wanted |",
    "|---|---|---|---|---|---|---|",
    ...rows.map(({ asked, lag, p95, polls, toBetter, toBound, toWanted }) =>
      ["", asked, ...[polls, lag, p95, toBound, toBetter].map((each) => each.toFixed(2)), toWanted?.toFixed(2) ?? "", ""].join(" | ").trim()
    ),
    ""
  ].join("\n")
