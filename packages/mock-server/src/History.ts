/**
 * Judges what happened: the mock's journal, and where a client posts them, the states that it saw. Counting requests says how many there were; a
 * history says whether each was right when it came.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { Entry } from "./Journal.ts"
import type { JobView } from "./Mock.ts"
import type { Provider } from "./dialects/Dialect.ts"

const State = Schema.Literals(["submitted", "queued", "running", "succeeded", "failed", "expired", "cancelled"])

/**
 * Schema for what a client saw of one job: its states, in order.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Trace = Schema.Struct({ job: Schema.String, states: Schema.Array(State) })
/** @category models */
export type Trace = typeof Trace.Type

/**
 * What a client may not do.
 *
 * - `one-end`: a job ends once, and nothing comes after that.
 * - `served`: it ends as the provider said, and not before.
 * - `after-end`: nobody asks about a job whose end was told; but for a fresh link, after one that had lapsed.
 * - `retry-after`: nobody comes back before the time that a 429 asked for.
 * - `floor`: nobody asks about a job more often than so.
 * - `key`: a key goes to the API alone, unless the file wants it.
 *
 * @category models
 * @since 0.1.0
 */
export type Law = "one-end" | "served" | "after-end" | "retry-after" | "floor" | "key"

/** @category models */
export interface Finding {
  readonly law: Law
  readonly jobId?: string
  /** When it was seen, in milliseconds since the epoch. */
  readonly at?: number
  /** In a sentence. */
  readonly what: string
}

/** @category models */
export interface Evidence {
  readonly journal: ReadonlyArray<Entry>
  readonly jobs: ReadonlyArray<JobView>
  /** What clients saw. Absent: nobody told. */
  readonly traces?: ReadonlyArray<Trace>
  /** The least distance between two polls of a job, in milliseconds, by provider. Absent: none, since a test's jobs are often short. */
  readonly floors?: Readonly<Partial<Record<Provider, number>>>
}

const isEnd = (state: Trace["states"][number]): boolean => state !== "submitted" && state !== "queued" && state !== "running"

/** What a client may make of an ending. No document says whether a success without a URL is one; two providers have no word for `expired`. */
const endsAs: Readonly<Record<JobView["state"], ReadonlyArray<Trace["states"][number]>>> = {
  submitted: [],
  queued: [],
  running: [],
  succeeded: ["succeeded"],
  failed: ["failed"],
  "gateway-failed": ["failed"],
  moderated: ["failed"],
  expired: ["expired", "succeeded"],
  cancelled: ["cancelled", "failed"],
  "no-url": ["succeeded", "failed"]
}

const tracesJudged = ({ jobs, traces = [] }: Evidence): ReadonlyArray<Finding> =>
  traces.flatMap(({ job: jobId, states }): ReadonlyArray<Finding> => {
    const end = states.findIndex(isEnd)
    const after = end < 0 ? undefined : states[end + 1]
    const once: ReadonlyArray<Finding> =
      after === undefined ? [] : [{ law: "one-end", jobId, what: `${jobId} was ${states[end]}, and then ${after}: a job ends once` }]
    const ended = states[end]
    const job = jobs.find(({ id }) => id === jobId)
    if (ended === undefined) return once
    const allowed = job?.endToldAt === undefined ? [] : endsAs[job.state]
    if (allowed.includes(ended)) return once
    const truth = job?.endToldAt === undefined ? "never told how it ended" : `told that it was ${job.state}`
    return [...once, { law: "served", jobId, what: `${jobId} was ${ended}, and the provider ${truth}` }]
  })

const seconds = (millis: number): string => `${Math.round(millis) / 1000} s`

/** What is asked about each job, in order. */
const byJob = (journal: ReadonlyArray<Entry>): ReadonlyMap<string, ReadonlyArray<Entry>> => {
  const all = new Map<string, Array<Entry>>()
  for (const entry of journal) {
    if (entry.jobId === undefined) continue
    const those = all.get(entry.jobId)
    if (those === undefined) all.set(entry.jobId, [entry])
    else those.push(entry)
  }
  return all
}

const pollsJudged = ({ floors = {}, jobs, journal }: Evidence): ReadonlyArray<Finding> => {
  const requests = byJob(journal)
  return jobs.flatMap((job) => {
    const found: Array<Finding> = []
    const floor = floors[job.provider]
    let last: Entry | undefined
    let over = false
    for (const entry of requests.get(job.id) ?? []) {
      const { at, route, status, told } = entry
      if (route === "file" || route === "content") {
        // Whoever was refused a file may ask for a fresh link.
        over = over && status !== undefined && status < 400
        continue
      }
      if (route !== "poll") continue
      if (over) found.push({ law: "after-end", jobId: job.id, at, what: `${job.id} was asked about after its end was told` })
      const since = last === undefined ? undefined : at - last.at
      if (since !== undefined && last?.retryAfter !== undefined && since < last.retryAfter) {
        const what = `${job.id} was asked about ${seconds(since)} after a 429 that asked for ${seconds(last.retryAfter)}`
        found.push({ law: "retry-after", jobId: job.id, at, what })
      }
      if (since !== undefined && floor !== undefined && since < floor) {
        const what = `${job.id} was asked about after ${seconds(since)}, and ${job.provider} wants ${seconds(floor)} between two polls`
        found.push({ law: "floor", jobId: job.id, at, what })
      }
      last = entry
      over = told === "ended"
    }
    return found
  })
}

/** Submissions that were refused for their number, and came again too soon. */
const submitsJudged = ({ journal }: Evidence): ReadonlyArray<Finding> => {
  const asked = new Map<string, Entry>()
  return journal.flatMap((entry): ReadonlyArray<Finding> => {
    const { at, intent, retryAfter } = entry
    if (intent === undefined) return []
    const before = asked.get(intent)
    if (retryAfter === undefined) asked.delete(intent)
    else asked.set(intent, entry)
    if (before?.retryAfter === undefined || at - before.at >= before.retryAfter) return []
    const what = `a submission came again ${seconds(at - before.at)} after a 429 that asked for ${seconds(before.retryAfter)}`
    return [{ law: "retry-after", at, what }]
  })
}

const keysJudged = ({ jobs, journal }: Evidence): ReadonlyArray<Finding> =>
  journal.flatMap(({ at, jobId, keySent, path }): ReadonlyArray<Finding> => {
    if (keySent !== true) return []
    const job = jobs.find(({ id }) => id === jobId)
    if (job?.script.faults.some(({ name }) => name === "url-needs-key") === true) return []
    return [{ law: "key", at, ...(jobId === undefined ? {} : { jobId }), what: `a key was sent to ${path}, which is not the API` }]
  })

/**
 * Every finding, by law. None: as far as the mock can see, the client did nothing wrong.
 *
 * **Example** (At the end of a test)
 *
 * ```ts
 * import { History, Mock } from "@reelay/mock-server"
 *
 * const mock = Mock.make({ now: () => 0 })
 * // … a client runs against it …
 * for (const { law, what } of History.check(mock)) throw new Error(`${law}: ${what}`)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const check = (evidence: Evidence): ReadonlyArray<Finding> => [
  ...tracesJudged(evidence),
  ...pollsJudged(evidence),
  ...submitsJudged(evidence),
  ...keysJudged(evidence)
]
