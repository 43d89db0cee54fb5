/**
 * What a test suite covers of a provider, by the mock's own journal: its states, the transitions between them, and its faults. A client that
 * never met an expired job has no test for it, whatever its line coverage says.
 *
 * @since 0.1.0
 */
import { type Entry, Fault, type Mock } from "@reelay/mock-server"
import { catalogue } from "@reelay/mock-server/providers"

/**
 * What a mock has seen. A served mock has it at `/__mock/journal` and `/__mock/jobs`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Seen {
  readonly journal: ReadonlyArray<Pick<Entry, "jobId" | "told" | "fault" | "provider">>
  readonly jobs: ReadonlyArray<Pick<Mock.JobView, "id" | "provider" | "state">>
}

/**
 * One kind of coverage: all names, and the covered ones with their counts.
 *
 * @category models
 * @since 0.1.0
 */
export interface Part {
  readonly all: ReadonlyArray<string>
  readonly met: ReadonlyMap<string, number>
  /** From 0 to 1. */
  readonly share: number
}

/**
 * The coverage of one provider.
 *
 * @category models
 * @since 0.1.0
 */
export interface Report {
  readonly provider: Provider
  readonly states: Part
  /** Such as `running > succeeded`: what one poll reported, and the next different report. */
  readonly transitions: Part
  /** By their names in the mock's catalogue; only those that this provider's answers and the host can show. */
  readonly faults: Part
}

/** Shares from 0 to 1. Default: no threshold. */
export interface Thresholds {
  readonly states?: number | undefined
  readonly transitions?: number | undefined
  readonly faults?: number | undefined
}

/**
 * The providers whose statuses are known here.
 *
 * @category models
 * @since 0.1.0
 */
export type Provider = "cometapi" | "xingchao" | "geeknow" | "xai"

/** The endings that a provider has a status or a form for. */
const endings: Readonly<Record<Provider, ReadonlyArray<string>>> = {
  cometapi: ["succeeded", "failed", "gateway-failed", "moderated", "expired", "no-url"],
  xingchao: ["succeeded", "failed", "moderated", "no-url"],
  geeknow: ["succeeded", "failed", "moderated", "cancelled", "no-url"],
  xai: ["succeeded", "failed", "moderated", "expired", "no-url"]
}

/** What may be reported of a job before its end: XingChao and GeekNow have one status for the first two. */
const beginnings: Readonly<Record<Provider, ReadonlyArray<string>>> = {
  cometapi: ["submitted", "queued", "running"],
  xingchao: ["queued", "running"],
  geeknow: ["queued", "running"],
  xai: ["submitted", "queued", "running"]
}

const statesOf = (provider: Provider): ReadonlyArray<string> => [...beginnings[provider], ...endings[provider]]

/** Each step forward, and each beginning to each end: between two polls a job may take more than one step. */
const transitionsOf = (provider: Provider): ReadonlyArray<string> => {
  const [early, late] = [beginnings[provider], endings[provider]]
  const steps = early.slice(1).map((state, index) => `${early[index]} > ${state}`)
  return [...steps, ...early.flatMap((state) => late.map((end) => `${state} > ${end}`))]
}

const faultsOf = (provider: Provider, host: Fault.Needs): ReadonlyArray<string> =>
  catalogue.kinds.filter((kind) => kind.only?.includes(provider) !== false && Fault.isExpressible(kind, host)).map(({ name }) => name)

const part = (all: ReadonlyArray<string>, met: ReadonlyArray<string>): Part => {
  const counts = new Map<string, number>()
  for (const name of met) if (all.includes(name)) counts.set(name, (counts.get(name) ?? 0) + 1)
  return { all, met: counts, share: all.length === 0 ? 1 : counts.size / all.length }
}

/** What the polls of each job reported, in order; an end by its name. */
const lives = ({ journal, jobs }: Seen, provider: Provider): ReadonlyArray<ReadonlyArray<string>> => {
  const merged = provider === "xingchao" || provider === "geeknow"
  return jobs
    .filter((job) => job.provider === provider)
    .map((job) =>
      journal.flatMap(({ jobId, told }) => {
        if (jobId !== job.id || told === undefined) return []
        return [told === "ended" ? job.state : told === "submitted" && merged ? "queued" : told]
      })
    )
}

/**
 * The coverage of one provider. Give it what each test's mock saw; `host` is what those mocks could show: `socket` if they were served.
 *
 * **Example** (A threshold for CI)
 *
 * ```ts
 * import { Mock } from "@reelay/mock-server"
 * import { Coverage } from "@reelay/testing"
 *
 * const mocks = [Mock.make({ now: () => 0 })]
 * // … tests run against them …
 * const report = Coverage.of("xai", mocks, "web")
 * console.log(Coverage.toText(report))
 * Coverage.check(report, { states: 1, transitions: 0.5, faults: 0.2 })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (provider: Provider, seen: Iterable<Seen>, host: Fault.Needs = "socket"): Report => {
  if (!["every", "web", "socket"].includes(host)) throw new TypeError(`host must be every, web or socket, not ${JSON.stringify(host)}`)
  const all = Array.from(seen)
  const reported = all.flatMap((each) => lives(each, provider))
  const faults = all.flatMap(({ journal }) => journal.flatMap((entry) => (entry.provider === provider ? [entry.fault ?? ""] : [])))
  return {
    provider,
    states: part(statesOf(provider), reported.flat()),
    transitions: part(
      transitionsOf(provider),
      reported.flatMap((states) => states.slice(1).map((state, index) => `${states[index]} > ${state}`))
    ),
    faults: part(faultsOf(provider, host), faults)
  }
}

const kinds = ["states", "transitions", "faults"] as const

const percent = (share: number): string => `${Math.floor(share * 100)} %`

/**
 * Throws if a share is below its threshold, and names what was not met.
 *
 * @category testing
 * @since 0.1.0
 */
export const check = (report: Report, thresholds: Thresholds): void => {
  const low = kinds.flatMap((kind) => {
    const least = thresholds[kind]
    const { all, met, share } = report[kind]
    if (least === undefined || share >= least) return []
    const absent = all.filter((name) => !met.has(name))
    return [`${kind} of ${report.provider}: ${percent(share)} met, ${percent(least)} wanted; not met: ${absent.join(", ")}`]
  })
  if (low.length > 0) throw new Error(low.join("\n"))
}

/**
 * A report for people: what was met, how often, and what was not.
 *
 * @category formatting
 * @since 0.1.0
 */
export const toText = (report: Report): string => [report.provider, ...kinds.map((kind) => linesOf(kind, report[kind]))].join("\n")

const linesOf = (kind: string, { all, met, share }: Part): string => {
  const absent = all.filter((name) => !met.has(name))
  const shown = Array.from(met, ([name, times]) => `${name} (${times})`)
  const lines = [`  ${kind}: ${met.size} of ${all.length}, ${percent(share)}`]
  if (shown.length > 0) lines.push(`    met      ${shown.join(", ")}`)
  if (absent.length > 0) lines.push(`    not met  ${absent.join(", ")}`)
  return lines.join("\n")
}
