/** `reelay cancel`, `reelay resolve` and `reelay prune`: what a person decides about jobs in a database. */
import { JobRef } from "@reelay/core"
import { Durable } from "@reelay/durable"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ExitCode } from "../../ExitCode.ts"
import type { Outcome } from "../../Outcome.ts"
import { parseTime } from "../../Time.ts"
import { argument, json, text } from "../flags.ts"
import { database, invalid, onDatabase } from "./database.ts"

const key = argument("key", "The job")

const done: ExitCode = 0

const print = (asJson: boolean, data: Readonly<Record<string, unknown>>, sentence: string) =>
  Effect.as(Console.log(asJson ? JSON.stringify(data) : sentence), done)

export const cancel = (outcome: Outcome) =>
  Command.make("cancel", { key, database, json }, (given) =>
    outcome(
      { json: given.json, journal: false },
      Effect.gen(function* () {
        const word = yield* onDatabase(given.database)(Durable.cancel(given.key))
        return yield* print(given.json, { key: given.key, outcome: word }, `${given.key}: ${word}`)
      })
    )
  ).pipe(
    Command.withDescription(
      "Cancel a job of a database. Cancelled: it is stopped, or was not sent. Unsupported: the provider has no way to stop it; it still runs, and is billed."
    ),
    Command.withShortDescription("Cancel a job of a database")
  )

export const resolve = (outcome: Outcome) =>
  Command.make(
    "resolve",
    {
      key,
      ref: text("ref", "The reference of its job, reelay:<provider>/<kind>/<id>?..."),
      notCreated: Flag.Boolean("not-created").pipe(
        Flag.withDefault(false),
        Flag.withDescription("You have looked, and the provider has no such job: it is submitted once more, and paid for")
      ),
      database,
      json
    },
    (given) =>
      outcome(
        { json: given.json, journal: false },
        Effect.gen(function* () {
          if ((given.ref === undefined) !== given.notCreated) return yield* invalid("resolve", "needs one of --ref and --not-created")
          const ref = given.ref === undefined ? undefined : JobRef.fromUri(given.ref)
          if (typeof ref === "string") return yield* invalid("ref", ref)
          yield* onDatabase(given.database)(Durable.resolve(given.key, ref === undefined ? "NotCreated" : { ref }))
          const sentence = ref === undefined ? "submitted once more" : "watched from now on"
          return yield* print(given.json, { key: given.key, resolved: true }, `${given.key} is ${sentence}.`)
        })
      )
  ).pipe(
    Command.withDescription("Settle a submission with an unknown outcome, once you have looked it up at the provider."),
    Command.withShortDescription("Settle a submission with an unknown outcome in a database")
  )

export const prune = (outcome: Outcome) =>
  Command.make(
    "prune",
    {
      olderThan: Flag.String("older-than").pipe(
        Flag.withDefault("720h"),
        Flag.withDescription("How long ago a job ended (default: 720h, 30 days)")
      ),
      batch: text("batch", "Drop this batch with its keys instead: submitting one of them again pays again"),
      database,
      json
    },
    (given) =>
      outcome(
        { json: given.json, journal: false },
        Effect.gen(function* () {
          const { batch } = given
          if (batch !== undefined) {
            const dropped = yield* onDatabase(given.database)(Durable.forget({ batch }))
            return yield* print(given.json, { dropped }, `${dropped} jobs were dropped with their keys.`)
          }
          const age = parseTime(given.olderThan)
          if (age === undefined) return yield* invalid("older-than", `is ${given.olderThan}, and must be a time above zero, such as 720h`)
          const pruned = yield* onDatabase(given.database)(Durable.prune(Duration.millis(age)))
          return yield* print(given.json, { pruned }, `${pruned} jobs were pruned; their keys stay paid for.`)
        })
      )
  ).pipe(
    Command.withDescription("Strip jobs that ended long ago to what keeps their keys from being paid for again."),
    Command.withShortDescription("Prune ended jobs of a database")
  )
