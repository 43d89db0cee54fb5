/** `reelay jobs`: what the journal remembers. Sends nothing at all. */
import { JobError, JobRef, Journal } from "@reelay/core"
import * as Clock from "effect/Clock"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type { ExitCode } from "../ExitCode.ts"
import type { Outcome } from "../Outcome.ts"
import { ago } from "../Time.ts"
import { json, text } from "./flags.ts"

const flags = {
  all: Flag.Boolean("all").pipe(Flag.withDefault(false), Flag.withDescription("Those that are finished too; they are kept for 30 days")),
  forget: text("forget", "Forget one entry, by its id in the list: one whose fate you have found out at the provider"),
  json
}

export const jobs = (outcome: Outcome) =>
  Command.make("jobs", flags, ({ all, forget, json: asJson }) =>
    outcome(
      { json: asJson },
      Effect.gen(function* () {
        const journal = yield* Journal.Journal
        yield* Effect.ignore(Journal.prune("30 days"))
        const entries = yield* Effect.mapError(journal.entries, failed)
        if (forget !== undefined) return yield* forgotten(journal, entries, forget)
        const shown = entries.filter((entry) => all || entry._tag === "Damaged" || Journal.isOpen(entry))
        const now = yield* Clock.currentTimeMillis
        if (shown.length > 0)
          yield* Console.log(shown.map((entry) => (asJson ? JSON.stringify(dataOf(entry)) : textOf(entry, now))).join("\n"))
        else if (!asJson)
          yield* Console.error(entries.length === 0 ? "No job is remembered." : "No job is unfinished; --all lists the others.")
        return 0 satisfies ExitCode
      })
    )
  ).pipe(
    Command.withDescription(
      "List the jobs that run has remembered and that are not finished: those to follow with resume, and submissions whose fate is unknown. Nothing is sent."
    ),
    Command.withShortDescription("List the unfinished jobs that were remembered")
  )

const failed = (reason: JobError.Reason): JobError.JobError =>
  new JobError.JobError({ reason, provider: "reelay", operation: "attach", attempt: 0 })

const forgotten = Effect.fnUntraced(function* (
  journal: Journal.Journal["Service"],
  entries: ReadonlyArray<Journal.Entry | Journal.Damaged>,
  id: string
): Effect.fn.Return<ExitCode, JobError.JobError> {
  const entry = entries.find((each) => each.id === id)
  if (entry === undefined) {
    return yield* failed(
      new JobError.InvalidRequest({ field: "forget", rule: `is ${id}, and there is no such entry; see reelay jobs --all` })
    )
  }
  yield* Effect.mapError(journal.remove(id), failed)
  yield* Console.error(`Forgotten: ${textOf(entry, yield* Clock.currentTimeMillis)}`)
  return 0
})

const wordOf = ({ fate }: Journal.Entry): string => {
  switch (fate._tag) {
    case "Intent":
      return "being submitted, or of unknown fate"
    case "Unknown":
      return "of unknown fate"
    case "Accepted":
      return "unfinished"
    case "Closed":
      return fate.end.toLowerCase()
  }
}

const textOf = (entry: Journal.Entry | Journal.Damaged, now: number): string => {
  if (entry._tag === "Damaged") return `${entry.id}  damaged: it ${entry.detail}`
  const { at, baseUrl, account, fate, id, label, provider, saveTo } = entry
  const ref = Journal.refOf(entry)
  const head = [id, provider, wordOf(entry), ago(now - at), ...(label === undefined ? [] : [label])].join("  ")
  const place = saveTo === undefined || saveTo.endsWith("/") ? [] : [`  to ${saveTo}`]
  switch (fate._tag) {
    case "Intent":
    case "Unknown":
      return [
        head,
        ...(fate._tag === "Unknown" ? [`  ${fate.detail}`] : []),
        `  look for it at ${baseUrl}, account ${account}; then reelay jobs --forget ${id}`
      ].join("\n")
    case "Accepted":
    case "Closed":
      return [head, ...(ref === undefined ? [] : [`  ${JobRef.toUri(ref)}`]), ...place].join("\n")
  }
}

const dataOf = (entry: Journal.Entry | Journal.Damaged) => {
  if (entry._tag === "Damaged") return entry
  const { fate, ...rest } = entry
  const ref = Journal.refOf(entry)
  return {
    ...rest,
    fate: fate._tag,
    ...(fate._tag === "Unknown" ? { detail: fate.detail } : {}),
    ...(fate._tag === "Closed" ? { end: fate.end } : {}),
    ...(ref === undefined ? {} : { ref: JobRef.toUri(ref) })
  }
}
