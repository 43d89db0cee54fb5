/** What a job's faults make of its answers. Pure: which fault is due is decided by counting, which is the mock's. */
import * as DateTime from "effect/DateTime"
import type { Answer } from "../answer/Answer.ts"
import { broken, type Delivery } from "../answer/delivery.ts"
import * as Statuses from "../answer/statuses.ts"
import type { Provider } from "../provider/Provider.ts"
import { type Endpoint, type Fault, fixtureOf, isDue, kindOf } from "../script/Fault.ts"

/** A fault that is about this request, with its place in the catalogue. */
export interface Due {
  readonly fault: Fault
  readonly kind: NonNullable<ReturnType<typeof kindOf>>
}

/** The faults that are about the n-th request of an endpoint, in the order of the script. */
export const due = (faults: ReadonlyArray<Fault>, endpoint: Endpoint, nth: number): ReadonlyArray<Due> =>
  faults.flatMap((fault) => {
    const kind = kindOf(fault.name)
    return kind?.endpoint === endpoint && isDue(fault, nth) ? [{ fault, kind }] : []
  })

/** The first fault that keeps the API from doing what is asked: before that, or instead of it. */
export const before = (all: ReadonlyArray<Due>): Due | undefined =>
  all.find(({ kind }) => kind.cell?.point === "unreceived" || kind.cell?.point === "unaccepted")

/** The first fault that breaks an answer on its way back. */
export const after = (all: ReadonlyArray<Due>): Due | undefined =>
  all.find(({ kind }) => kind.cell !== undefined && kind.cell.point !== "unreceived" && kind.cell.point !== "unaccepted")

/**
 * The same of a poll, of whose answers not all have a body: what breaks one is about the n-th that has one, as else it would be spent on those where
 * nobody can see it.
 */
export const afterPoll = (faults: ReadonlyArray<Fault>, polls: number, bodies: number, hasBody: boolean): Due | undefined =>
  after(
    faults.flatMap((fault) => {
      const isOfBody = kindOf(fault.name)?.cell?.point === "body"
      return isOfBody && !hasBody ? [] : due([fault], "poll", isOfBody ? bodies : polls)
    })
  )

/** An answer as the network leaves it. */
export const deliver = (answer: Answer, spoilt: Due | undefined): Delivery =>
  spoilt?.kind.cell === undefined ? { answer } : broken(spoilt.kind.cell, answer, spoilt.fault.byte)

/** What a 429 says, in each of the three ways. `now` is milliseconds since the epoch. */
const rateLimited = (provider: Provider, { fault }: Due, now: number): Answer => {
  const asked = fault.retryAfter ?? 1
  if (fault.name === "rate-limited-silent") return { status: 429, body: undefined }
  const answer = provider.refuse("RateLimited", "Too many requests")
  // A date has whole seconds, and must not ask for less than it means.
  const date = DateTime.toDateUtc(DateTime.makeUnsafe(Math.ceil(now / 1000 + asked) * 1000)).toUTCString()
  return { ...answer, headers: { "retry-after": fault.name === "rate-limited-date" ? date : String(asked) } }
}

/** What is said instead of an answer to a submission or a poll; `undefined` if nothing is. */
export const instead = (
  all: ReadonlyArray<Due>,
  provider: Provider,
  now: number
): { readonly answer: Answer; readonly by: Due } | undefined => {
  for (const by of all) {
    const { name } = by.fault
    if (name.includes("rate-limited") && by.kind.cell === undefined && !name.includes("-error.")) {
      return { answer: rateLimited(provider, by, now), by }
    }
    const error = provider.fixtures?.[fixtureOf(name) ?? ""]
    if (error !== undefined) return { answer: { status: error.status, body: error.body }, by }
    if (name === "query-failed" && provider.queryFailed !== undefined) return { answer: provider.queryFailed, by }
  }
  return undefined
}

/** The words of an answer to a poll, as the faults leave them. */
const reworded = (all: ReadonlyArray<Due>, answer: Answer, isRunning: boolean): Answer =>
  all.reduce((said, { fault }) => {
    switch (fault.name) {
      case "unknown-status":
        return isRunning ? Statuses.unknown(said) : said
      case "foreign-words":
        return Statuses.foreign(said)
      case "no-status":
        return Statuses.missing(said)
      default:
        return said
    }
  }, answer)

/** The same, and what it adds to the journal: the fault that shows, after which nobody is sure to understand. */
export const worded = (all: ReadonlyArray<Due>, answer: Answer, isRunning: boolean) => {
  const by = all.find((each) => reworded([each], answer, isRunning) !== answer)
  return by === undefined ? { answer } : { answer: reworded(all, answer, isRunning), fault: by.fault.name, isUnclear: true as const }
}
