/** What became of the jobs, by the mock's own list of what it has accepted, and by nothing that a worker says. */
import type { Mock } from "@reelay/mock-server"
import { existsSync, statSync } from "node:fs"
import type { Status } from "../../src/index.ts"

export interface Verdict {
  readonly jobs: number
  /** Jobs that the mock has accepted. */
  readonly paid: number
  readonly known: number
  readonly unknown: number
  readonly saved: number
  /** What must not be: each in a sentence. */
  readonly wrong: ReadonlyArray<string>
}

/** The key is in the prompt. */
const keyOf = (prompt: string): string => /film (\d+)/u.exec(prompt)?.[0] ?? ""

export const promptOf = (key: string, words: string): string => `${key}, ${words}`

const refOf = ({ state }: Status) =>
  "ref" in state ? state.ref : "job" in state ? state.job.ref : "error" in state ? state.error?.ref : undefined

export const judge = (mock: Mock.Mock, keys: ReadonlyArray<string>, rows: ReadonlyArray<Status>): Verdict => {
  const wrong: Array<string> = []
  const made = new Map<string, Array<Mock.JobView>>()
  for (const job of mock.jobs) made.set(keyOf(job.prompt), [...(made.get(keyOf(job.prompt)) ?? []), job])
  const byKey = new Map(rows.map((row) => [row.key, row]))
  let [known, unknown, saved] = [0, 0, 0]
  for (const key of keys) {
    const jobs = made.get(key) ?? []
    const row = byKey.get(key)
    if (jobs.length > 1) wrong.push(`${key} was paid for ${jobs.length} times`)
    if (row === undefined) {
      wrong.push(`${key} has no row`)
      continue
    }
    const { state } = row
    if (state._tag === "SubmitUnknown") {
      unknown += 1
      continue
    }
    if (!row.ended) {
      wrong.push(`${key} stands still: ${state._tag}`)
      continue
    }
    const ref = refOf(row)
    const [job] = jobs
    if (job !== undefined && ref?.id !== job.id) wrong.push(`${key} was paid for, and its row (${state._tag}) does not know the job`)
    if (job === undefined) wrong.push(`${key} is ${state._tag}, and the provider has no job of it`)
    if (ref !== undefined) known += 1
    if (job?.state === "succeeded" && state._tag !== "Saved") wrong.push(`${key} succeeded, and is ${state._tag}`)
    if (state._tag === "Saved") {
      saved += 1
      const { bytes, location } = state.saved
      if (!existsSync(location) || statSync(location).size !== bytes) wrong.push(`${key} has no whole video at its place`)
    }
  }
  for (const key of made.keys()) if (!byKey.has(key)) wrong.push(`${key} was paid for, and nobody knows it`)
  return { jobs: keys.length, paid: mock.jobs.length, known, unknown, saved, wrong }
}

/** The longest time between two polls of a job, from its submission on. */
export interface Standstill {
  /** Milliseconds. */
  readonly lasted: number
  /** When it began: milliseconds since the epoch. */
  readonly from: number
}

export const standstill = (mock: Mock.Mock): Standstill => {
  let longest: Standstill = { lasted: 0, from: 0 }
  const last = new Map<string, number>()
  for (const { at, jobId, route } of mock.journal) {
    if (jobId === undefined || (route !== "submit" && route !== "poll")) continue
    const before = last.get(jobId)
    if (before !== undefined && at - before > longest.lasted) longest = { lasted: at - before, from: before }
    last.set(jobId, at)
  }
  return longest
}
