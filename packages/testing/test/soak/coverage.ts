/** Which faults of the mock's catalogue really happened, by its own journal: a word in a prompt proves nothing. */
import type { Entry, Mock } from "@reelay/mock-server"
import { catalogue, type Word } from "./catalogue.ts"
import { grouped } from "./grouped.ts"
import type { Played } from "./play.ts"

/** `<word> at <provider>`: of how many jobs it could be seen. */
export type Coverage = Map<string, number>

const misspelled = "a word that is none"

export const cover = (coverage: Coverage, { jobs, journal }: Played): void => {
  const add = (what: string): void => void coverage.set(what, (coverage.get(what) ?? 0) + 1)
  const byJob = grouped(journal, ({ jobId = "" }) => jobId)
  for (const job of jobs) {
    for (const word of wordsOf(job)) if (seen(word, job, byJob.get(job.id) ?? [])) add(`${word.name} at ${job.provider}`)
  }
  for (const { fault, jobId, provider, route, status } of journal) {
    if (route !== "submit" || jobId !== undefined) continue
    // A submission that made no job has none to show its word.
    const word = fault === undefined ? undefined : catalogue.find((each) => each.fault === fault)
    if (word !== undefined) add(`${word.name} at ${provider}`)
    else if (status === 400) add(`${misspelled} at ${provider}`)
  }
}

const wordsOf = ({ prompt }: Mock.JobView): ReadonlyArray<Word> =>
  catalogue.filter(({ name }) => new RegExp(`mock:${name.replaceAll(".", "\\.")}(?![\\w.-])`, "u").test(prompt))

/** Whether some request met the word's effect. */
const seen = ({ fault, group, needsDownload }: Word, { createdAt, life }: Mock.JobView, entries: ReadonlyArray<Entry>): boolean => {
  if (fault !== undefined && !unmarked.has(fault)) return entries.some((entry) => entry.fault === fault)
  const polls = entries.filter(({ route }) => route === "poll")
  const isSeen = fault !== undefined && needsDownload ? entries.some(({ route }) => route === "file") : polls.length > 0
  // Effects that show only at the end, or in its time.
  return fault === undefined ? polls.some(({ at }) => at >= createdAt + life.end) || (group === "shape" && polls.length > 0) : isSeen
}

/** Faults that leave no mark: without effect at other providers, or seen only by a client that misbehaves or returns after the end. */
const unmarked: ReadonlySet<string> = new Set(["query-failed", "url-refuses-key", "goes-back"])

/** The part of the catalogue that has not happened: each word at each provider that can show it, or each word at any. */
export const missing = (coverage: Coverage, providers: ReadonlyArray<string>, anywhere: boolean): ReadonlyArray<string> => {
  const words = [...catalogue, ...(anywhere ? [] : [{ name: misspelled, only: undefined }])]
  return words.flatMap(({ name, only }) => {
    const able = providers.filter((provider) => only?.includes(provider) !== false)
    const absent = able.filter((provider) => !coverage.has(`${name} at ${provider}`))
    if (anywhere) return absent.length === able.length ? [name] : []
    return absent.map((provider) => `${name} at ${provider}`)
  })
}
