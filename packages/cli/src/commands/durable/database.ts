/** The database that the commands for many machines share, and its errors in the words of the command line. */
import { JobError } from "@reelay/core"
import { Durable, type DurableError, open } from "@reelay/durable"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdirSync } from "node:fs"
import { dirname } from "node:path"
import * as State from "../../State.ts"
import { text } from "../flags.ts"

export const database = text("database", "postgres://..., or the path of a SQLite file (default: jobs.db in the folder of the journal)")

const failed = (reason: JobError.Reason): JobError.JobError =>
  new JobError.JobError({ reason, provider: "reelay", operation: "submit", attempt: 0 })

export const invalid = (field: string, rule: string): JobError.JobError => failed(new JobError.InvalidRequest({ field, rule }))

/** effect's queues report a database that is out of reach as a defect. */
const cannotOpen = (cause: Cause.Cause<unknown>): JobError.JobError => {
  const error = Cause.squash(cause)
  const detail = `the database can't be opened: ${error instanceof Error ? error.message : String(error)}`
  return failed(new JobError.JournalFailed({ detail }))
}

type Failure =
  | DurableError.KeyTaken
  | DurableError.KeyUnknown
  | DurableError.NotPossible
  | DurableError.DatabaseFailed
  | JobError.InvalidRequest
  | JobError.JobError

const inWords = (error: Failure): JobError.JobError => {
  switch (error._tag) {
    case "JobError":
      return error
    case "InvalidRequest":
      return failed(error)
    case "KeyTaken":
      return invalid("key", "was given with another request before: give a new key")
    case "KeyUnknown":
      return invalid("key", `is ${error.key}, and the database has no job under it`)
    case "NotPossible":
      return invalid("key", `is that of a job that ${error.detail}`)
    case "DatabaseFailed":
      return failed(new JobError.JournalFailed({ detail: error.message }))
  }
}

/** Runs work on the database, which is made or upgraded first. */
export const onDatabase =
  (given: string | undefined, options: Durable.LayerOptions = {}, connections = 10) =>
  <A, E extends Failure, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, JobError.JobError, Exclude<R, Durable.Durable>> =>
    Effect.gen(function* () {
      const address = given ?? (yield* State.databaseFile)
      if (given === undefined) yield* Effect.ignore(Effect.sync(() => mkdirSync(dirname(address), { recursive: true })))
      const layer = Durable.layer(options).pipe(
        Layer.provide(open(address, connections)),
        Layer.catchCause((cause) => Layer.effectContext(Effect.fail(cannotOpen(cause))))
      )
      return yield* Effect.provide(Effect.mapError(work, inWords), layer)
    })
