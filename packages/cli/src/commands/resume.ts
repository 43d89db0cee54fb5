/** `reelay resume`: watch every unfinished job of the journal, and save its video. Sends no POST. */
import { Job, JobError, type JobRef, Journal, JobRef as Ref, Provider } from "@reelay/core"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { exitCodeTable, type ExitCode, ofError, worse } from "../ExitCode.ts"
import type { Outcome } from "../Outcome.ts"
import { definitions, keyVariable } from "../Registry.ts"
import { Report } from "../Report.ts"
import { save } from "../watch.ts"
import { keyOf, polling } from "./flags.ts"

const flags = {
  ...polling,
  anyAccount: Flag.Boolean("any-account").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Watch jobs of other keys too, for example after a key was renewed")
  ),
  concurrency: Flag.Int("concurrency").pipe(Flag.withDefault(16), Flag.withDescription("Jobs to watch at the same time"))
}

export const resume = (outcome: Outcome) =>
  Command.make("resume", flags, (given) =>
    outcome(
      { ...given, many: true },
      Effect.gen(function* () {
        const { anyAccount, concurrency, deadline, pace, raw } = given
        if (concurrency < 1) return yield* refuse("concurrency", `is ${concurrency}, and must be 1 or more`)
        yield* Effect.ignore(Journal.prune("30 days"))
        const providers = yield* known
        const codes = yield* Job.resumeAll(providers, { anyAccount, concurrency, deadline, pace, raw }).pipe(
          Stream.mapEffect((event) => reportEvent(event, given), { concurrency, unordered: true }),
          Stream.runCollect
        )
        return codes.reduce(worse, 0)
      })
    )
  ).pipe(
    Command.withDescription(
      `Watch every unfinished job that run recorded, and save the videos where run would have. Nothing is submitted. Keys come ` +
        `from the environment: REELAY_<PROVIDER>_API_KEY. A submission with an unknown outcome is reported each time, until reelay jobs ` +
        `--resolve.\n\nExit codes:\n${exitCodeTable()}`
    ),
    Command.withShortDescription("Watch every unfinished job that was recorded; nothing is submitted"),
    Command.withExamples([{ command: "reelay resume", description: "After a crash, a reboot or Ctrl-C" }])
  )

/** The providers whose key is set. */
const known = Effect.gen(function* () {
  const found = yield* Effect.forEach(definitions, (definition) =>
    Effect.option(Effect.map(keyOf(definition.name, "attach", undefined), (apiKey) => Provider.configure(definition)({ apiKey })))
  )
  return found.flatMap((option) => (option._tag === "Some" ? [option.value] : []))
})

/** Reports one event, and saves a job that has succeeded. An error with one job is reported, and ends no other. */
const reportEvent = Effect.fnUntraced(function* (
  event: Job.Resumed,
  options: Parameters<typeof save>[3]
): Effect.fn.Return<ExitCode, never, Needs> {
  const report = yield* Report
  switch (event._tag) {
    case "Leased":
      yield* report.skipped({ _tag: "Leased", entry: event.entry.id, ...refOf(Journal.refOf(event.entry)) })
      return 0
    case "Damaged":
      yield* report.skipped({ _tag: "Damaged", entry: event.id, detail: event.detail })
      return 3
    case "Error": {
      const error = withVariable(event.error)
      yield* report.error(error)
      return ofError(error)
    }
    case "State": {
      yield* report.state(event.state)
      switch (event.state._tag) {
        case "Submitted":
        case "Queued":
        case "Running":
          return 0
        case "Failed":
        case "Expired":
        case "Cancelled":
          return 1
        case "Succeeded":
          return yield* save(event.provider, event.state, event.entry.saveTo ?? "./", options).pipe(
            Effect.as<ExitCode>(0),
            Effect.catch((error) => Effect.as(report.error(error), ofError(error)))
          )
      }
    }
  }
})

type Needs = Effect.Services<ReturnType<typeof save>>

const refOf = (ref: JobRef.JobRef | undefined): { readonly ref?: string } => (ref === undefined ? {} : { ref: Ref.toUri(ref) })

/** The command configures a provider by its key, and finds the key in a variable. */
const withVariable = (error: JobError.JobError): JobError.JobError => {
  const { attempt, operation, provider, reason, ref } = error
  if (reason._tag !== "InvalidRequest" || reason.field !== "providers") return error
  const rule = `of account ${ref?.account ?? "unknown"} is missing; set ${keyVariable(provider)}`
  const missing = new JobError.InvalidRequest({ field: "apiKey", rule })
  return new JobError.JobError({ attempt, operation, provider, reason: missing, ...(ref === undefined ? {} : { ref }) })
}

const refuse = (field: string, rule: string) =>
  new JobError.JobError({ reason: new JobError.InvalidRequest({ field, rule }), provider: "reelay", operation: "attach", attempt: 0 })
