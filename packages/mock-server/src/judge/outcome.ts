/**
 * What a client that is over has left undone: what it was to have is a video for each job that was paid. A run in which nothing went wrong may
 * be one in which nothing happened.
 */
import { kindOf } from "../script/Fault.ts"
import type { Entry } from "../serve/Journal.ts"
import type { JobView } from "./JobView.ts"
import type { Law } from "./laws.ts"
import type { Ledger } from "./Ledger.ts"
import { repeatsOf } from "./repeats.ts"

/** As much of a mock as tells what came of it. */
export interface Left {
  readonly jobs: ReadonlyArray<JobView>
  readonly tasks: ReadonlyArray<JobView>
  readonly journal: ReadonlyArray<Entry>
  readonly worlds: ReadonlyMap<string, unknown>
  readonly explorations: number
}

export interface Found {
  readonly law: Law
  readonly jobId?: string
  readonly what: string
}

/** The jobs as clients have them: a gateway's by its ids. An upstream's that no gateway knows of is nobody's, and paid. */
const viewsOf = ({ jobs, tasks }: Left): ReadonlyArray<JobView> => {
  const wrapped = new Set(tasks.map(({ upstream }) => upstream))
  return [...jobs.filter(({ id }) => !wrapped.has(id)), ...tasks]
}

/** Ids that were lost with the answer to their submission. */
const lostIn = ({ journal }: Left): ReadonlySet<string> =>
  new Set(
    journal.flatMap(({ fault = "", jobId, route }) => {
      if (route !== "submit" || jobId === undefined) return []
      const point = kindOf(fault)?.cell?.point
      return point !== undefined && point !== "answered" ? [jobId] : []
    })
  )

const dollars = (cost: number): string => (cost === 0 ? "" : `, $${cost.toFixed(2)}`)

/** The requests for a job's file that a client made. */
const downloadsOf = ({ journal }: Left, { id, upstream }: JobView): ReadonlyArray<Entry> =>
  journal.filter(
    ({ isStray, jobId, method, route }) =>
      (route === "file" || route === "content") && method === "GET" && isStray !== true && (jobId === id || jobId === upstream)
  )

const answerOf = ({ cut, fault, status }: Entry): string =>
  [
    status === undefined ? "no answer" : `HTTP ${status}`,
    ...(cut === undefined ? [] : ["broken off"]),
    ...(fault === undefined ? [] : [fault])
  ].join(", ")

const unread = (left: Left, job: JobView, cost: number): ReadonlyArray<Found> => {
  const downloads = downloadsOf(left, job)
  const last = downloads.at(-1)
  if (last === undefined)
    return [{ law: "unfetched", jobId: job.id, what: `nobody tried to download the video of ${job.id}${dollars(cost)}` }]
  const count = downloads.length === 1 ? "the one download" : `the last of ${downloads.length} downloads`
  return [
    { law: "incomplete", jobId: job.id, what: `the video of ${job.id}${dollars(cost)} never came whole: ${count} was ${answerOf(last)}` }
  ]
}

const unknown = (job: JobView, cost: number, isLost: boolean): ReadonlyArray<Found> => {
  const { id, polls } = job
  if (isLost && polls === 0) {
    const what = `nobody knows of ${id}${dollars(cost)}: the answer to its submission was lost`
    return cost === 0 ? [] : [{ law: "lost", jobId: id, what }]
  }
  // Nobody can follow one to its end that has none.
  if (job.script.ending === "never" && polls > 0) return []
  return [{ law: "abandoned", jobId: id, what: `${id} was submitted, and the client ended before it was told how the job did` }]
}

/** How a job ended in its client's eyes; `undefined` if that has a finding of its own. */
const endOf = ({ endToldAt, polls, script, state }: JobView): string | undefined => {
  if (endToldAt !== undefined) return state
  return script.ending === "never" && polls > 0 ? "never" : undefined
}

const hasSucceeded = ({ endToldAt, fetched, state }: JobView): boolean =>
  fetched > 0 || (endToldAt !== undefined && (state === "succeeded" || state === "delivered"))

const unsuccessful = (views: ReadonlyArray<JobView>): ReadonlyArray<Found> => {
  const ends = views.flatMap((view) => endOf(view) ?? [])
  if (ends.length === 0 || views.some(hasSucceeded)) return []
  const count = ends.length === 1 ? "the only one ended" : `all ${ends.length} ended`
  return [{ law: "unsuccessful", what: `no job succeeded: ${count} ${[...new Set(ends)].join(", ")}` }]
}

/** Why there is no job at all. */
const none = ({ explorations, journal, worlds }: Left): ReadonlyArray<Found> => {
  const submits = journal.filter(({ isUpstream, route }) => route === "submit" && isUpstream !== true)
  const last = submits.at(-1)
  if (last !== undefined) {
    const text = last.answer === undefined ? "" : `: ${JSON.stringify(last.answer.body)?.slice(0, 300)}`
    const count = submits.length === 1 ? "the one submission" : `${submits.length} submissions`
    return [{ law: "refused", what: `no job was made: of ${count} the last was answered with ${answerOf(last)}${text}` }]
  }
  if (explorations > 0) return []
  const asked = journal.length === 0 ? "nothing was submitted here" : `nothing was submitted here, in ${journal.length} requests`
  const elsewhere = worlds.size === 0 ? "" : "; worlds in this mock have verdicts of their own, at /r/<token>/__mock/verify"
  return [{ law: "unused", what: `${asked}: does the client take this base URL?${elsewhere}` }]
}

/** Each cause has one finding: what is lost is not unsuccessful too. */
export const leftUndone = (left: Left, { findings, lines }: Ledger, copies: number): ReadonlyArray<Found> => {
  const views = viewsOf(left)
  if (views.length === 0) return none(left)
  const costs = new Map(lines.map(({ cost, jobId }) => [jobId, cost]))
  const expired = new Set(findings.flatMap(({ jobs, kind }) => (kind === "expired" ? jobs : [])))
  const spare = new Set(repeatsOf(lines, left.jobs, copies).flatMap((repeat) => repeat.spare))
  const lost = lostIn(left)
  const own = views.flatMap((job): ReadonlyArray<Found> => {
    const ledgered = job.upstream ?? job.id
    const cost = costs.get(ledgered) ?? 0
    if (spare.has(ledgered) || expired.has(ledgered)) return []
    if (job.endToldAt === undefined) return unknown(job, cost, lost.has(job.id))
    return job.state === "succeeded" && job.fetched === 0 ? unread(left, job, cost) : []
  })
  return [...own, ...unsuccessful(views.filter(({ id, upstream }) => !spare.has(upstream ?? id)))]
}
