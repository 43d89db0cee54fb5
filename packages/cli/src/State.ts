/** Where the command records jobs: a folder of the user's. */
import { JobError, type Journal } from "@reelay/core"
import { FileJournal } from "@reelay/node"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as UserDirectories from "effect/persistence/UserDirectories"
import { dirname, join } from "node:path"

/** Names a folder to use in place of the user's own. */
const stateVariable = "REELAY_STATE"

/** The folder for what is not a journal: the database of `reelay worker`. */
export const databaseFile: Effect.Effect<string, JobError.JobError> = Effect.suspend(() =>
  Effect.map(folder, (path) => join(dirname(path), "jobs.db"))
)

const folder: Effect.Effect<string, JobError.JobError> = Effect.gen(function* () {
  const given = Option.getOrUndefined(yield* Effect.orElseSucceed(Config.option(Config.String(stateVariable)), () => Option.none()))
  if (given !== undefined && given.trim() !== "") return given.trim()
  const user = UserDirectories.make()
  return join(yield* user.state("reelay"), "journal")
}).pipe(
  Effect.mapError(() => {
    const detail = `there is no folder to record jobs in; set ${stateVariable} to one, or run with --no-journal`
    return new JobError.JobError({ reason: new JobError.JournalFailed({ detail }), provider: "reelay", operation: "submit", attempt: 0 })
  })
)

/** Layer for the journal in that folder. */
export const layer: Layer.Layer<Journal.Journal, JobError.JobError, FileSystem.FileSystem> = Layer.unwrap(
  Effect.map(folder, FileJournal.layer)
)
