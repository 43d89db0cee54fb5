/** Which faults of the mock's catalogue really happened, by its own journal: a word in a prompt proves nothing. */
import { type Entry, MagicPrompt, type Mock, Script } from "@reelay/mock-server"
import { grouped } from "./grouped.ts"
import type { Played } from "./play.ts"

/** `<word> at <provider>`: of how many jobs it could be seen. */
export type Coverage = Map<string, number>

const misspelled = "a word that is none"

export const cover = (coverage: Coverage, { jobs, journal }: Played): void => {
  const add = (what: string): void => void coverage.set(what, (coverage.get(what) ?? 0) + 1)
  const byJob = grouped(journal, ({ jobId = "" }) => jobId)
  for (const job of jobs) {
    for (const word of wordsOf(job)) if (seen(word, job, byJob.get(job.id) ?? [])) add(`${word.word} at ${job.provider}`)
  }
  for (const { jobId, provider, route, status } of journal) {
    if (route === "submit" && jobId === undefined && status === 400) add(`${misspelled} at ${provider}`)
  }
}

const wordsOf = ({ prompt }: Mock.JobView): ReadonlyArray<MagicPrompt.MagicWord> =>
  MagicPrompt.magicWords.filter(({ word }) => new RegExp(`mock:${word}(?![\\w-])`, "u").test(prompt))

/** Whether some request met with what the word does. */
const seen = (
  { group, sets, word }: MagicPrompt.MagicWord,
  { createdAt, script }: Mock.JobView,
  entries: ReadonlyArray<Entry>
): boolean => {
  const looks = entries.filter(({ route }) => route === "poll")
  const files = entries.filter(({ route }) => route === "file")
  const over = createdAt + script.duration
  const answered = (status: number) => looks.some((entry) => entry.status === status)
  switch (sets.fault) {
    case "lost-submit":
      return entries.some(({ route, status }) => route === "submit" && status === 502)
    case "flaky":
      return answered(503)
    case "rate-limited":
      return answered(429)
    case "not-found-first":
      return looks.some(({ at }) => at - createdAt < script.duration * Script.hiddenShare)
    case "query-failed":
      return looks.length > 0
    case "url-expired":
      return files.some(({ status }) => status === 403)
    case undefined:
      break
  }
  if (word === "unknown-status") return looks.some(({ at }) => Script.momentAt(script, at - createdAt)._tag === "Running")
  // What shows only at the end, or by when that comes.
  return looks.some(({ at }) => at >= over) || (group === "shape" && files.length > 0)
}

/** What of the catalogue has not happened: of each word at each provider, or of each word at any. */
export const missing = (coverage: Coverage, providers: ReadonlyArray<string>, anywhere: boolean): ReadonlyArray<string> => {
  const words = [...MagicPrompt.magicWords.map(({ word }) => word), ...(anywhere ? [] : [misspelled])]
  return words.flatMap((word) => {
    const absent = providers.filter((provider) => !coverage.has(`${word} at ${provider}`))
    if (anywhere) return absent.length === providers.length ? [word] : []
    return absent.map((provider) => `${word} at ${provider}`)
  })
}
