/** `reelay jobs`: the jobs of the journal. Sends nothing at all. */
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
  all: Flag.Boolean("all").pipe(Flag.withDefault(false), Flag.withDescription("Finished jobs too; they are kept for 30 days")),
  forget: text("forget", "Forget one entry, by its id in the list or its key. Its key stays used: nothing is paid for twice"),
  maySubmitAgain: Flag.Boolean("may-submit-again").pipe(
    Flag.withDefault(false),
    Flag.withDescription("With --forget: nothing is left, and submitting the same again pays again")
  ),
  resolve: text("resolve", "Settle a submission with an unknown outcome, by its id or key: with --ref or --not-created"),
  ref: text("ref", "With --resolve: the reference of its job, reelay:<provider>/<kind>/<id>?..."),
  notCreated: Flag.Boolean("not-created").pipe(
    Flag.withDefault(false),
    Flag.withDescription("With --resolve: you have looked, and the provider has no such job")
  ),
  json
}

export const jobs = (outcome: Outcome) =>
  Command.make("jobs", flags, ({ all, forget, json: asJson, maySubmitAgain, notCreated, ref, resolve }) =>
    outcome(
      { json: asJson },
      Effect.gen(function* () {
        const journal = yield* Journal.Journal
        yield* Effect.ignore(Journal.prune("30 days"))
        if (resolve !== undefined) return yield* resolved(resolve, yield* factOf(ref, notCreated))
        const entries = yield* Effect.mapError(journal.entries, failed)
        if (forget !== undefined) return yield* forgotten(entries, forget, maySubmitAgain)
        const shown = entries.filter((entry) => all || entry._tag === "Damaged" || Journal.isOpen(entry))
        const now = yield* Clock.currentTimeMillis
        if (shown.length > 0)
          yield* Console.log(shown.map((entry) => (asJson ? JSON.stringify(dataOf(entry)) : textOf(entry, now))).join("\n"))
        else if (!asJson)
          yield* Console.error(entries.length === 0 ? "No job is recorded." : "No job is unfinished; --all lists the others.")
        return 0 satisfies ExitCode
      })
    )
  ).pipe(
    Command.withDescription(
      "List the unfinished jobs that run recorded: those to watch with resume, and submissions with an unknown outcome. Nothing is sent."
    ),
    Command.withShortDescription("List the unfinished jobs that were recorded")
  )

const failed = (reason: JobError.Reason): JobError.JobError =>
  new JobError.JobError({ reason, provider: "reelay", operation: "attach", attempt: 0 })

const forgotten = Effect.fnUntraced(function* (
  entries: ReadonlyArray<Journal.Entry | Journal.Damaged>,
  id: string,
  maySubmitAgain: boolean
): Effect.fn.Return<ExitCode, JobError.JobError, Journal.Journal> {
  const entry = entries.find((each) => each.id === id || (each._tag === "Entry" && each.key === id && each.batch === undefined))
  if (entry === undefined && !maySubmitAgain) {
    return yield* failed(
      new JobError.InvalidRequest({ field: "forget", rule: `is ${id}, and there is no such entry; see reelay jobs --all` })
    )
  }
  const count = yield* Effect.mapError(Journal.forget(entry?.id ?? id, { maySubmitAgain }), failed)
  if (count === 0) {
    return yield* failed(new JobError.InvalidRequest({ field: "forget", rule: `is ${id}, and nothing is recorded under it` }))
  }
  const shown = entry === undefined ? id : textOf(entry, yield* Clock.currentTimeMillis)
  yield* Console.error(`Forgotten${maySubmitAgain ? ", and may be submitted again" : ""}: ${shown}`)
  return 0
})

const refuse = (field: string, rule: string) => Effect.fail(failed(new JobError.InvalidRequest({ field, rule })))

const factOf = (
  ref: string | undefined,
  notCreated: boolean
): Effect.Effect<{ readonly ref: JobRef.JobRef } | "NotCreated", JobError.JobError> => {
  if ((ref === undefined) !== notCreated) return refuse("resolve", "needs one of --ref and --not-created")
  if (ref === undefined) return Effect.succeed("NotCreated")
  const read = JobRef.fromUri(ref)
  return typeof read === "string" ? refuse("ref", read) : Effect.succeed({ ref: read })
}

const resolved = Effect.fnUntraced(function* (
  which: string,
  fact: { readonly ref: JobRef.JobRef } | "NotCreated"
): Effect.fn.Return<ExitCode, JobError.JobError, Journal.Journal> {
  const entry = yield* Effect.mapError(Journal.resolve(which, fact), failed)
  const now = yield* Clock.currentTimeMillis
  yield* Console.error(
    entry === undefined ? `Resolved: ${which} was never created, and may be submitted.` : `Resolved: ${textOf(entry, now)}`
  )
  return 0
})

const wordOf = ({ fate }: Journal.Entry): string => {
  switch (fate._tag) {
    case "Intent":
      return "being submitted, or outcome unknown"
    case "Unknown":
      return "outcome unknown"
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
        `  look for it at ${baseUrl}, account ${account}; then reelay jobs --resolve ${id} --not-created, or --ref with its reference`
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
