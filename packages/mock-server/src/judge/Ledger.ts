/**
 * What the submissions would have cost, and whether the money was well spent: the oracle that a client can't talk round.
 *
 * Two submissions are one intention if the same key sends the same body, or the same `x-reelay-intent`. Two jobs for one intention are paid
 * twice, unless the test says that so many are meant.
 *
 * @since 0.1.0
 */
import type { Provider } from "../provider/Provider.ts"
import type { JobView } from "./JobView.ts"
import { repeatsOf } from "./repeats.ts"

/** @category constants */
export { intentHeader } from "../serve/intent.ts"

/**
 * Dollars for a second of video, if its provider does not say. It is that of xAI's documented sample, 500,000,000 ticks for one second at 480p; the
 * others' are assumed to be the same.
 *
 * @category constants
 * @since 0.1.0
 */
export const usualPrice = 0.05

/**
 * Dollars for a second of video, by the name of the provider.
 *
 * @category models
 * @since 0.1.0
 */
export type Prices = Readonly<Record<string, number>>

/**
 * The prices that providers state.
 *
 * @category getters
 * @since 0.1.0
 */
export const pricesOf = (providers: ReadonlyArray<Pick<Provider, "name" | "price">>): Prices =>
  Object.fromEntries(providers.flatMap(({ name, price }) => (price === undefined ? [] : [[name, price] as const])))

/**
 * One job, as an accountant sees it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Line {
  readonly jobId: string
  readonly provider: string
  readonly intent: string
  readonly state: JobView["state"]
  /** Dollars. A job that failed, or was cancelled, costs nothing; one that was rejected by moderation does, as xAI bills it. */
  readonly cost: number
  /** The file was fetched whole, or delivered to the client. */
  readonly used: boolean
}

/**
 * What is wrong with how money was spent. `paid-twice`: several paid jobs for one intention. `abandoned`: paid, and nobody was told how it
 * ended. `expired`: paid, and the file was not fetched while its link was good.
 *
 * @category models
 * @since 0.1.0
 */
export interface Finding {
  readonly kind: "paid-twice" | "abandoned" | "expired"
  readonly jobs: ReadonlyArray<string>
  /** Dollars. */
  readonly cost: number
  /** In a sentence. */
  readonly what: string
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Ledger {
  readonly lines: ReadonlyArray<Line>
  /** Dollars, of all lines. */
  readonly total: number
  readonly findings: ReadonlyArray<Finding>
}

const isFree = (state: JobView["state"]): boolean => state === "failed" || state === "gateway-failed" || state === "cancelled"

/** Ends after which there is a file to fetch. */
const hasFile = (state: JobView["state"]): boolean => state === "succeeded"

const dollars = (amount: number): string => `$${amount.toFixed(2)}`

const isOver = (state: JobView["state"]): boolean => state !== "submitted" && state !== "queued" && state !== "running"

const sum = (lines: ReadonlyArray<Line>): number => lines.reduce((all, { cost }) => all + Math.round(cost * 10_000), 0) / 10_000

const paidTwice = (paid: ReadonlyArray<Line>, copies: number): Finding => {
  const cost = sum(paid)
  const used = paid.filter((line) => line.used).length
  const times = paid.length === 2 ? "twice" : `${paid.length} times`
  const meant = copies === 1 ? "" : `, ${copies} meant`
  const what = `paid ${times}: ${paid.length} jobs${meant}, ${dollars(cost)}, ${used} result${used === 1 ? "" : "s"} used`
  return { kind: "paid-twice", jobs: paid.map(({ jobId }) => jobId), cost, what }
}

const wasted = (job: JobView, { cost, jobId, used }: Line, now: number): ReadonlyArray<Finding> => {
  if (cost === 0 || used || !isOver(job.state)) return []
  if (job.endToldAt === undefined) {
    return [
      { kind: "abandoned", jobs: [jobId], cost, what: `paid and abandoned: ${jobId}, ${dollars(cost)}, and nobody was told that it ended` }
    ]
  }
  const { linkGoodUntil } = job
  if (!hasFile(job.state) || linkGoodUntil === undefined || now < linkGoodUntil) return []
  return [{ kind: "expired", jobs: [jobId], cost, what: `result never fetched before it expired: ${jobId}, ${dollars(cost)}` }]
}

/**
 * The ledger of a mock's jobs at a time, in milliseconds since the epoch. `copies`: how many jobs one intention may have, for a client that
 * submits the same on purpose and does not say so in a header.
 *
 * **Example** (A test that fails if money was wasted)
 *
 * ```ts
 * import { Ledger, Mock } from "@reelay/mock-server"
 *
 * const mock = Mock.make({ now: () => 0 })
 * // … a client runs against it …
 * for (const { what } of Ledger.of(mock.jobs, 0).findings) throw new Error(what)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (jobs: ReadonlyArray<JobView>, now: number, prices: Prices = {}, copies = 1): Ledger => {
  const lines = jobs.map(({ fetched, id, intent, provider, seconds, state }): Line => ({
    jobId: id,
    provider,
    intent,
    state,
    cost: isFree(state) ? 0 : Math.round(seconds * (prices[provider] ?? usualPrice) * 10_000) / 10_000,
    used: fetched > 0 || state === "delivered"
  }))
  const repeats = repeatsOf(lines, jobs, copies)
  // Of what was paid twice, the one that is thrown away has its finding already.
  const told = new Set(repeats.flatMap(({ paid }) => paid.map(({ jobId }) => jobId)))
  const others = jobs.flatMap((job, index) => {
    const line = lines[index]
    return line === undefined || told.has(job.id) ? [] : wasted(job, line, now)
  })
  return { lines, total: sum(lines), findings: [...repeats.map(({ paid }) => paidTwice(paid, copies)), ...others] }
}
