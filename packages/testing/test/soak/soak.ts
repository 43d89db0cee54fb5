/** Many worlds, one after another, and their results. */
import { definitions } from "../subjects.ts"
import { catalogue } from "./catalogue.ts"
import { type Coverage, cover, missing } from "./coverage.ts"
import { ended, filmOf, judge, type Rule, type Violation } from "./judge.ts"
import { type Engine, play, type Played } from "./play.ts"
import { calm, type Missed, type Plan, plan } from "./plan.ts"

/** Jobs of one world: enough to interfere with each other, and few enough to replay one in a second. */
const worldSize = 40

/** From this many jobs on each word of the catalogue must have happened, and from this many on at each provider. */
const some = 1500
const many = 10_000

export interface Given {
  readonly engine: Engine
  readonly seed: number
  readonly jobs: number
  /** The number of the first job. Default: 0. */
  readonly first?: number
  /** Ends at the first world that breaks this rule. */
  readonly until?: Rule
  readonly onWorld?: (worlds: number, total: number) => void
}

export interface Found extends Violation {
  /** The first job of its world. */
  readonly first: number
  readonly size: number
}

export interface Result {
  readonly seed: number
  readonly first: number
  readonly jobs: number
  readonly worlds: number
  readonly accepted: number
  readonly posts: number
  readonly ended: number
  /** Jobs without a known end: endless ones; ones that no watcher saw again after it left; ones whose outcome was reported as unknown. */
  readonly endless: number
  readonly unknown: number
  readonly requests: number
  readonly downloads: number
  readonly violations: ReadonlyArray<Found>
  readonly coverage: Coverage
  readonly missing: ReadonlyArray<string>
  /** What chance had missed, and was played for that reason. */
  readonly madeUp: ReadonlyArray<string>
  /** What the network did, and what the processes did in it. */
  readonly counts: ReadonlyMap<string, number>
  /** Virtual milliseconds. */
  readonly virtual: number
  /** Milliseconds. */
  readonly took: number
  /** Timers, sockets and the like that the whole run left in this process. */
  readonly resources: number
  /** Bytes, at the peak. */
  readonly memory: number
}

export const soak = async (given: Given): Promise<Result> => {
  const { engine, first = 0, jobs, seed } = given
  const started = performance.now()
  const before = resources()
  const coverage: Coverage = new Map()
  const counts = new Map<string, number>()
  const violations: Array<Found> = []
  const sum = { worlds: 0, accepted: 0, posts: 0, ended: 0, endless: 0, unknown: 0, requests: 0, downloads: 0, virtual: 0, memory: 0 }
  const total = Math.ceil(jobs / worldSize)
  const world = async (planned: Plan): Promise<void> => {
    const played = await play(engine, planned)
    add(sum, played)
    for (const [name, times] of played.log.counts) counts.set(name, (counts.get(name) ?? 0) + times)
    cover(coverage, played)
    for (const violation of judge(played)) violations.push({ ...violation, first: planned.first, size: planned.films.length })
  }
  for (let from = first; from < first + jobs; from += worldSize) {
    await world(plan(seed, from, Math.min(worldSize, first + jobs - from)))
    given.onWorld?.(sum.worlds, total)
    if (violations.some(({ rule }) => rule === given.until)) break
  }
  const providers = Array.from(definitions, ({ name }) => name)
  const absent = (): ReadonlyArray<string> => (jobs < some ? [] : missing(coverage, providers, jobs < many))
  const madeUp = absent()
  // Twice: of two jobs at once the first may be heard of while the second is answered.
  for (let times = 0; times < 2 && absent().length > 0; times++) {
    const wanted = absent().flatMap((name) => missedOf(name, providers))
    for (let at = 0; at < wanted.length; at += worldSize) {
      await world(calm(seed, first + jobs + times * 10_000 + at, wanted.slice(at, at + worldSize)))
    }
  }
  return {
    ...sum,
    seed,
    first,
    jobs,
    violations,
    coverage,
    counts,
    missing: absent(),
    madeUp,
    took: performance.now() - started,
    resources: Math.max(0, resources() - before)
  }
}

/** `<word> at <provider>`, or a word at whichever provider can show it. */
export const missedOf = (what: string, providers: ReadonlyArray<string>): ReadonlyArray<Missed> => {
  const [name = "", at] = what.split(" at ")
  const word = catalogue.find((each) => each.name === name)
  const able = providers.flatMap((each, provider) => (word?.only?.includes(each) === false ? [] : [{ word, provider }]))
  return at === undefined ? able : able.filter(({ provider }) => providers[provider] === at)
}

const add = (
  sum: Record<"worlds" | "accepted" | "posts" | "ended" | "endless" | "unknown" | "requests" | "downloads" | "virtual" | "memory", number>,
  played: Played
): void => {
  const { jobs, journal, length, log } = played
  sum.worlds += 1
  sum.accepted += jobs.length
  sum.posts += journal.filter(({ route }) => route === "submit").length
  const known = new Set(ended(played))
  const rest = jobs.filter((job) => !known.has(job))
  const withUnknownOutcome = new Set(log.reported.filter(({ what }) => what === "unknown").map(({ film }) => film))
  sum.ended += known.size
  sum.endless += rest.filter(({ script }) => script.ending === "never").length
  sum.unknown += rest.filter((job) => job.script.ending !== "never" && withUnknownOutcome.has(filmOf(job))).length
  sum.requests += journal.length
  sum.downloads += log.videos.length
  sum.virtual += length
  sum.memory = Math.max(sum.memory, process.memoryUsage().rss)
}

/** What keeps this process alive, except its own input and output. */
const resources = (): number =>
  process.getActiveResourcesInfo().filter((name) => !/Pipe|TTY|FS|Immediate|MessagePort|Worker/u.test(name)).length

const rows: ReadonlyArray<readonly [string, Rule]> = [
  ["jobs lost", "lost"],
  ["double submissions", "double submission"],
  ["requests after cancellation", "request after leaving"],
  ["open handles", "open handle"],
  ["wrong ends shown", "wrong end"],
  ["ends not found by the last process", "end not found"],
  ["wrong videos", "wrong video"],
  ["jobs followed twice at a time", "followed twice"],
  ["keys sent to a file", "key to a file"],
  ["undocumented failures", "defect"]
]

export const rules: ReadonlyArray<Rule> = rows.map(([, rule]) => rule)

export const isGood = ({ missing: absent, resources: left, violations }: Result): boolean =>
  violations.length === 0 && absent.length === 0 && left === 0

/** The report for people. */
export const report = (result: Result): string => {
  const {
    accepted,
    counts,
    coverage,
    downloads,
    ended: known,
    endless,
    jobs,
    madeUp,
    memory,
    missing: absent,
    posts,
    requests,
    seed,
    took,
    unknown,
    violations,
    virtual,
    worlds
  } = result
  const times = (rule: Rule): number => violations.filter((each) => each.rule === rule).length
  const lines = [
    `seed ${seed}: ${jobs} jobs in ${worlds} worlds, ${(virtual / 3_600_000).toFixed(1)} hours of virtual time in ${(took / 1000).toFixed(1)} s, ${Math.round(memory / 2 ** 20)} MiB`,
    "",
    row("jobs intended", jobs),
    row("jobs accepted by the mock", accepted),
    row("POSTs received by the mock", posts),
    row("requests received by the mock", requests),
    row("jobs with a known end", known),
    row("  without: they never end", endless),
    row("  without: outcome reported as unknown", unknown),
    row("  without: not watched again", accepted - known - endless - unknown),
    row("videos fetched", downloads),
    ...rows.map(([name, rule]) => row(name, times(rule) + (rule === "open handle" ? result.resources : 0))),
    "",
    "Magic words and faults that happened, by the mock's journal (jobs at cometapi, xingchao, geeknow, xai):",
    ...covered(coverage),
    "",
    "Around the mock:",
    ...[...counts].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([name, number]) => row(name, number))
  ]
  if (madeUp.length > 0) lines.push("", `Missed by chance, and so played besides: ${madeUp.join(", ")}`)
  if (absent.length > 0) lines.push("", `Did not happen: ${absent.join(", ")}`)
  for (const found of violations.slice(0, 20))
    lines.push("", `${found.rule}: ${found.film}: ${found.what}`, `  again: ${again(seed, found)}`)
  if (violations.length > 20) lines.push("", `… and ${violations.length - 20} more`)
  lines.push("", isGood(result) ? "All rules hold." : `Broken. The whole again: ${again(seed, { first: result.first, size: jobs })}`)
  return lines.join("\n")
}

export const again = (seed: number, { first, size }: Pick<Found, "first" | "size">): string =>
  `npm run soak -- --seed ${seed}${first === 0 ? "" : ` --first ${first}`} --jobs ${size}`

const row = (name: string, number: number): string => `  ${name.padEnd(44)}${String(number).padStart(9)}`

const covered = (coverage: Coverage): ReadonlyArray<string> => {
  const words = new Set([...catalogue.map(({ name }) => name), ...[...coverage.keys()].map((name) => name.split(" at ")[0] ?? "")])
  return Array.from(
    words,
    (word) => `  ${word.padEnd(36)}${definitions.map(({ name }) => String(coverage.get(`${word} at ${name}`) ?? 0).padStart(6)).join("")}`
  )
}

/** The fewest jobs of a world in which a rule still breaks: by halving their number, then one by one. */
export const shrunk = async (engine: Engine, seed: number, { first, rule, size }: Found): Promise<Pick<Found, "first" | "size">> => {
  let least = size
  for (let tried = Math.floor(size / 2); tried >= 1 && tried < least;) {
    const found = judge(await play(engine, plan(seed, first, tried))).some((each) => each.rule === rule)
    if (found) {
      least = tried
      tried = Math.floor(tried / 2)
    } else tried = Math.ceil((tried + least) / 2)
  }
  return { first, size: least }
}
