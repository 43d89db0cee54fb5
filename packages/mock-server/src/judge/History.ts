/**
 * Judges what happened: the mock's journal, and if a client posts them, the states that it saw. Counting requests says how many there were; a
 * history says whether each was right when it came.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { calledOf, type Provider } from "../provider/Provider.ts"
import type { Entry } from "../serve/Journal.ts"
import type { JobView } from "./JobView.ts"

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
 * - `served`: it is there, runs, and ends as the provider said, and not before.
 * - `after-end`: nobody asks about a job whose end was told; but for a fresh link, if the last one has expired or gave no whole file.
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
  /** It matters less than its law does. */
  readonly severity?: "courtesy"
}

/** @category models */
export interface Evidence {
  readonly journal: ReadonlyArray<Entry>
  readonly jobs: ReadonlyArray<JobView>
  /** What clients saw. Default: nobody told. */
  readonly traces?: ReadonlyArray<Trace>
  /** Jobs as a gateway shows them, by its own ids. */
  readonly tasks?: ReadonlyArray<JobView>
  /** Whose jobs they are. Default: providers that say of each state what it is. */
  readonly providers?: ReadonlyArray<Pick<Provider, "gateway" | "isVague" | "name">>
  /** The least distance between two polls of a job, in milliseconds, by provider. Default: none, since a test's jobs are often short. */
  readonly floors?: Readonly<Record<string, number>>
}

const isEnd = (state: Trace["states"][number]): boolean => state !== "submitted" && state !== "queued" && state !== "running"

/**
 * What a client may make of an ending. No document says whether a success without a URL is one; two providers have no word for `expired`, and
 * many a client has none.
 */
const endsAs: Readonly<Record<JobView["state"], ReadonlyArray<Trace["states"][number]>>> = {
  submitted: [],
  queued: [],
  running: [],
  succeeded: ["succeeded"],
  failed: ["failed"],
  "gateway-failed": ["failed"],
  moderated: ["failed"],
  expired: ["expired", "succeeded", "failed"],
  cancelled: ["cancelled", "failed"],
  "no-url": ["succeeded", "failed"],
  delivered: ["succeeded", "failed"]
}

/** Faults of answers that one client may understand, and another one not; and of one that tells of a job that had ended. */
const unclear: ReadonlySet<string> = new Set(["unknown-status", "foreign-words", "no-status", "goes-back"])

/** Whether an answer may have said that a job runs. A vague provider has one word for all that comes before the end. */
const mayTellOfRunning =
  (vague: ReadonlySet<string | undefined>) =>
  ({ fault = "", provider, route, told }: Entry): boolean =>
    route === "poll" && (told === "running" || unclear.has(fault) || (vague.has(provider) && told !== undefined && told !== "ended"))

const traceJudged = ({ jobs, journal, providers = [], tasks = [] }: Evidence) => {
  const mayBeRunning = mayTellOfRunning(new Set(providers.flatMap((each) => (each.isVague === true ? [calledOf(each)] : []))))
  return ({ job: jobId, states }: Trace): ReadonlyArray<Finding> => {
    const found: Array<Finding> = []
    const job = [...tasks, ...jobs].find(({ id }) => id === jobId)
    if (job === undefined) return [{ law: "served", jobId, what: `${jobId} was followed, and no such job was ever made here` }]
    if (states.includes("running") && !journal.some((entry) => entry.jobId === jobId && mayBeRunning(entry)))
      found.push({ law: "served", jobId, what: `${jobId} was running, and the provider never said so` })
    const end = states.findIndex(isEnd)
    const after = end < 0 ? undefined : states[end + 1]
    if (after !== undefined) found.push({ law: "one-end", jobId, what: `${jobId} was ${states[end]}, and then ${after}: a job ends once` })
    const ended = states[end]
    const allowed = job.endToldAt === undefined ? [] : endsAs[job.state]
    if (ended === undefined || allowed.includes(ended)) return found
    const truth = job.endToldAt === undefined ? "never told how it ended" : `told that it was ${job.state}`
    return [...found, { law: "served", jobId, what: `${jobId} was ${ended}, and the provider ${truth}` }]
  }
}

const tracesJudged = (evidence: Evidence): ReadonlyArray<Finding> => (evidence.traces ?? []).flatMap(traceJudged(evidence))

const seconds = (millis: number): string => `${Math.round(millis) / 1000} s`

/** What is asked about each job, in order. The files of a gateway's jobs are its upstream's. */
const byJob = (journal: ReadonlyArray<Entry>, tasks: ReadonlyArray<JobView>): ReadonlyMap<string, ReadonlyArray<Entry>> => {
  const wrapped = new Map(tasks.map(({ id, upstream }) => [upstream, id]))
  const all = new Map<string, Array<Entry>>()
  for (const entry of journal) {
    const id = entry.route === "file" ? (wrapped.get(entry.jobId) ?? entry.jobId) : entry.jobId
    if (id === undefined) continue
    const those = all.get(id)
    if (those === undefined) all.set(id, [entry])
    else those.push(entry)
  }
  return all
}

/** Whether the job was asked about, and by its owner: what had a wrong key or method was refused before that. */
const isPoll = ({ authorised, isStray, method, route }: Entry): boolean =>
  route === "poll" && authorised && method === "GET" && isStray !== true

/** What a request for its file leaves a client with: the file, a reason to ask for a fresh link, or neither. */
const fileOf = ({ authorised, cut, fault, isStray, method, route, status = 0 }: Entry): "fetched" | "missed" | undefined => {
  if ((route !== "file" && route !== "content") || isStray === true || (route === "content" && !authorised)) return undefined
  const isGood = status >= 200 && status < 400 && cut === undefined && (fault === undefined || fault === "url-needs-key")
  const isOnItsWay = status >= 300 && status < 400 && fault !== "redirect-loop"
  if (isOnItsWay || (isGood && method !== "GET")) return undefined
  return isGood ? "fetched" : "missed"
}

const pollsJudged = ({ floors = {}, jobs, journal, tasks = [] }: Evidence): ReadonlyArray<Finding> => {
  const requests = byJob(journal, tasks)
  return [...tasks, ...jobs].flatMap((job) => {
    const found: Array<Finding> = []
    const floor = floors[job.provider]
    let last: Entry | undefined
    /** Until when there is nothing to ask about it, as far as was told; and whether the file did not come. */
    let overUntil = 0
    let isMissed = false
    for (const entry of requests.get(job.id) ?? []) {
      const { at, told } = entry
      const file = fileOf(entry)
      if (file !== undefined) isMissed = file === "missed"
      if (!isPoll(entry)) continue
      if (at < overUntil && !isMissed)
        found.push({ law: "after-end", jobId: job.id, at, what: `${job.id} was asked about after its end was told` })
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
      // A success without a URL may be asked for one.
      const isOver = told === "ended" && job.state !== "no-url" && job.state !== "delivered"
      isMissed = false
      overUntil = isOver ? (entry.linkGoodUntil ?? Number.POSITIVE_INFINITY) : 0
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
  journal.flatMap(({ at, isAtApi, jobId, keySent, path }): ReadonlyArray<Finding> => {
    if (keySent !== true) return []
    const job = jobs.find(({ id }) => id === jobId)
    if (job?.script.faults.some(({ name }) => name === "url-needs-key") === true) return []
    const about = { law: "key", at, ...(jobId === undefined ? {} : { jobId }) } as const
    if (isAtApi !== true) return [{ ...about, what: `a key was sent to ${path}, which is not the API` }]
    // Who sends it to the API's own origin does as one may; whether it goes elsewhere too, only links that lead there tell.
    const what = `a key was sent to ${path}, which is not the API, but at its origin: with filesAt the mock's links lead to another`
    return [{ ...about, severity: "courtesy", what }]
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
export const check = ({ journal, ...others }: Evidence): ReadonlyArray<Finding> => {
  const evidence = { ...others, journal: journal.filter(({ isUpstream }) => isUpstream !== true) }
  return [...tracesJudged(evidence), ...pollsJudged(evidence), ...submitsJudged(evidence), ...keysJudged(evidence)]
}
