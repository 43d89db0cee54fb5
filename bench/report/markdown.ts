/** The report: `RESULTS.md`. */
import type { Row } from "../Row.ts"
import type { Name } from "../rows.ts"
import type { Setting } from "../run/Sample.ts"
import type { Figures, Stopped } from "./Figures.ts"
import { type Goal, goals, verdictOf } from "./goals.ts"
import { kilobytes, none, number, whole } from "./units.ts"

export interface Titled {
  readonly name: Name
  readonly row: Row
}

export interface Report {
  readonly setting: Setting
  readonly rows: ReadonlyArray<Titled>
  readonly figures: Figures
  /** Measurements that failed, with what they said. */
  readonly failures: ReadonlyArray<string>
  /** The names of the pictures beside it. */
  readonly pictures: { readonly first: string; readonly others: string }
}

export const markdown = (report: Report): string => {
  const { failures, figures, pictures, rows, setting } = report
  const rounds = Math.max(0, ...rows.flatMap(({ name }) => figures.polled.map((jobs) => figures.rounds(name, jobs))))
  return `${[
    "# What waiting costs",
    `![CPU a poll and heap of a waiting job, of Reelay and of what else people use](${pictures.first})`,
    "Made by `npm run bench`; don't edit. Read the ratios: they are taken between rows of one round, and hold better on another machine than the numbers.",
    table(["", ""], settingRows(setting, rounds)),
    "Repeat it with `npm run bench` (`-- --help` tells of its options); `--jobs 1000,10000,100000 --phases memory` weighs a hundred thousand. What is measured, and how, is in [README.md](README.md).",
    "## What must be reached",
    goalTable(report),
    "## CPU a poll",
    ...figures.polled.flatMap((jobs) => [`### ${whole(jobs)} jobs`, pollTable(report, jobs)]),
    ...(figures.polled.length > 1 || figures.weighed.length > 1 ? ["## How it grows with jobs", growthTable(report)] : []),
    "## A waiting job",
    "Above what the process had after its warm-up, so that the RSS of few jobs says little: they fit into what is there.",
    memoryTable(report),
    "## Stopping",
    "Jobs that are polled, each by an AbortSignal of its own, in one loop:",
    stopTable(report, (name) => figures.signals(name)),
    "Jobs that sleep, by what the library itself gives to stop them, a fiber or a subscription, in one loop:",
    stopTable(report, (name) => figures.handles(name)),
    "## From the end of a job until its promise is settled",
    lagTable(report),
    "## Submitting",
    submitTable(report),
    "## How it grows with subscribers",
    "One job, whose state each poll moves, ten times a second. Rows that tell only one listener of it are left out.",
    subscriberTable(report),
    `![RSS, submissions, aborts, lag and subscribers](${pictures.others})`,
    ...(failures.length === 0 ? [] : ["## What failed", failures.map((each) => `- ${each}`).join("\n")])
  ].join("\n\n")}\n`
}

const table = (head: ReadonlyArray<string>, lines: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map((_, at) => (at === 0 ? "---" : "--:")), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

const settingRows = (setting: Setting, rounds: number): ReadonlyArray<ReadonlyArray<string>> => [
  ["date", `${setting.date} UTC`],
  ["machine", `${setting.cores} × ${setting.processor}, ${setting.memory} GiB, ${setting.system}, load ${setting.load} at the start`],
  ["Node", `${setting.node}, its undici ${setting.versions["undici"] ?? "unknown"}`],
  ["Reelay", setting.commit],
  [
    "others",
    Object.entries(setting.versions)
      .filter(([name]) => name !== "undici")
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")
  ],
  ["rounds", String(rounds)]
]

/** A line for each row that has something to say. */
const lines = ({ rows }: Report, cells: (name: Name) => ReadonlyArray<string> | undefined): ReadonlyArray<ReadonlyArray<string>> =>
  rows.flatMap(({ name, row }) => {
    const found = cells(name)
    if (found === undefined || found.every((cell) => cell === none)) return []
    return [[row.group === "Reelay" ? `**${row.title}**` : row.title, ...found]]
  })

const between = (range: readonly [number, number] | undefined): string =>
  range === undefined ? none : `${number(range[0])}–${number(range[1])}`

const share = (value: number | undefined): string => (value === undefined ? none : `${Math.round(value * 100)} %`)

const short = (waiting: number | undefined, jobs: number): string =>
  waiting === undefined || waiting >= jobs ? "" : ` (only ${whole(waiting)} in time)`

const growth = (one: number | undefined, other: number | undefined): string =>
  one === undefined || other === undefined ? none : number(other / one)

const limit: Name = "raw-net"

const pollTable = (report: Report, jobs: number): string => {
  const { figures } = report
  const atLimit = figures.poll(limit, jobs).cpu
  return table(
    ["", "÷ fetch loop", "÷ limit", "µs", "least–most", "polls kept", "event loop busy", "connections"],
    lines(report, (name) => {
      const { cpu, range, ratio } = figures.poll(name, jobs)
      return [
        ratio === undefined ? none : `**${number(ratio)}**`,
        number(cpu === undefined || atLimit === undefined ? undefined : cpu / atLimit),
        number(cpu),
        between(range),
        share(figures.ofPolls(name, jobs, ({ kept }) => kept)) +
          short(
            figures.ofPolls(name, jobs, ({ waiting }) => waiting),
            jobs
          ),
        share(figures.ofPolls(name, jobs, ({ busy }) => busy)),
        whole(figures.ofPolls(name, jobs, ({ connections }) => connections))
      ]
    })
  )
}

const growthTable = (report: Report): string => {
  const { figures } = report
  const [few] = figures.polled
  const many = figures.polled.at(-1)
  const [light] = figures.weighed
  const heavy = figures.weighed.at(-1)
  return table(
    ["", `CPU a poll, ${whole(many)} ÷ ${whole(few)} jobs`, `heap of a job, ${whole(heavy)} ÷ ${whole(light)} jobs`],
    lines(report, (name) => [
      few === undefined || many === undefined || few === many ? none : growth(figures.poll(name, few).cpu, figures.poll(name, many).cpu),
      light === undefined || heavy === undefined || light === heavy
        ? none
        : growth(figures.memory(name, light).heap, figures.memory(name, heavy).heap)
    ])
  )
}

const memoryTable = (report: Report): string => {
  const { figures } = report
  const sizes = figures.weighed
  return table(
    ["", ...sizes.flatMap((jobs) => [`heap, KB, ${whole(jobs)} jobs`, `RSS, KB, ${whole(jobs)} jobs`])],
    lines(report, (name) =>
      sizes.flatMap((jobs) => {
        const { ended, heap, rss, waiting } = figures.memory(name, jobs)
        const end = ended === undefined ? "" : `, ${whole(ended)} came to their end`
        return [kilobytes(heap), `${kilobytes(rss)}${short(waiting, jobs)}${end}`]
      })
    )
  )
}

const stopTable = (report: Report, read: (name: Name) => Stopped | undefined): string =>
  table(
    ["", "jobs", "CPU of each, µs", "until the last is settled, ms", "not settled after one macrotask", "requests after"],
    lines(report, (name) => {
      const stopped = read(name)
      if (stopped === undefined) return undefined
      const { cpu, jobs, late, requests, settled } = stopped
      return [whole(jobs), number(cpu), settled === undefined ? "never" : number(settled), whole(late), whole(requests)]
    })
  )

const lagTable = (report: Report): string =>
  table(
    ["", "mean, ms", "95 %, ms", "interval, ms"],
    lines(report, (name) => {
      const lag = report.figures.lag(name)
      return [whole(lag.mean), whole(lag.late), whole(lag.interval)]
    })
  )

const submitTable = (report: Report): string =>
  table(
    ["", "÷ fetch loop", "CPU to the first poll's answer, µs", "least–most", "submissions a second"],
    lines(report, (name) => {
      const { aSecond, cpu, range, ratio } = report.figures.submit(name)
      return [number(ratio), number(cpu), between(range), whole(aSecond)]
    })
  )

const subscriberTable = (report: Report): string => {
  const { figures } = report
  const counts = figures.subscribed
  const most = counts.at(-1) ?? 1
  return table(
    [
      "",
      ...counts.map((count) => `CPU a poll, µs, ${whole(count)}`),
      "of one subscriber more, µs",
      `heap of a subscriber, KB, ${whole(most)}`,
      `polls, ${whole(most)}`
    ],
    lines(report, (name) => [
      ...counts.map((count) => number(figures.subscribers(name, count, ({ cpu, polls, states }) => (cpu * states) / polls))),
      number(figures.subscriber(name)),
      kilobytes(figures.subscribers(name, most, ({ heap }) => heap)),
      whole(figures.subscribers(name, most, ({ polls }) => polls))
    ])
  )
}

const goalTable = (report: Report): string =>
  table(
    ["", "goal", "must", "Promise", "Effect", "RxJS", ""],
    goals.map((goal) => goalRow(report, goal))
  )

const goalRow = ({ figures, rows }: Report, goal: Goal): ReadonlyArray<string> => {
  const measured = rows.flatMap(({ name, row }) =>
    row.transport !== undefined && goal.transports.includes(row.transport) ? [{ name, value: goal.read(figures, name) }] : []
  )
  const worst = (api: string): string => {
    const values = measured.flatMap(({ name, value }) => (name.startsWith(`reelay-${api}-`) && value !== undefined ? [value] : []))
    return values.length === 0 ? none : shown(goal, Math.max(...values))
  }
  const verdict = verdictOf(
    goal,
    measured.map(({ value }) => value)
  )
  return [
    goal.what,
    goal.goal === undefined ? none : shown(goal, goal.goal),
    goal.must === Infinity ? none : shown(goal, goal.must),
    worst("promise"),
    worst("effect"),
    worst("rxjs"),
    verdict === "missed" ? "**missed**" : verdict
  ]
}

const shown = ({ unit }: Goal, value: number): string => {
  if (unit === "") return whole(value)
  return unit === "×" ? `${number(value)} ×` : `${number(value)} ${unit}`
}
