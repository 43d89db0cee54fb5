/** `reelay status`: what the database knows of its jobs. */
import { JobRef } from "@reelay/core"
import { Durable, type Status } from "@reelay/durable"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ExitCode } from "../../ExitCode.ts"
import type { Outcome } from "../../Outcome.ts"
import { json, text } from "../flags.ts"
import { database, invalid, onDatabase } from "./database.ts"

const flags = {
  key: Argument.String("key").pipe(Argument.withDescription("The job (default: all, counted by state)"), Argument.optional),
  batch: text("batch", "Only jobs of this batch"),
  state: text("state", "List the jobs in this state, such as SubmitUnknown, instead of counting"),
  watch: Flag.Boolean("watch").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Go on until nothing is left to do, and print what changes")
  ),
  database,
  json
}

/** One line for a job: without its prompt and its links. */
const dataOf = ({ batch, createdAt, ended, key, provider, state, updatedAt }: Status) => ({
  key,
  ...(batch === undefined ? {} : { batch }),
  provider,
  state: state._tag,
  ended,
  createdAt,
  updatedAt,
  ...("ref" in state ? { ref: JobRef.toUri(state.ref) } : {}),
  ...("error" in state && state.error !== undefined ? { error: state.error.message } : {}),
  ...(state._tag === "Saved" ? state.saved : {}),
  ...(state._tag === "Unreadable" ? { detail: state.detail } : {})
})

const lineOf = (status: Status, asJson: boolean): string => {
  const data = dataOf(status)
  if (asJson) return JSON.stringify(data)
  return [data.key, data.provider, data.state, data.location, data.error, data.detail].filter((part) => part !== undefined).join("  ")
}

/** How many jobs there are in each state. */
const counted = (batch: string | undefined) =>
  Effect.gen(function* () {
    const counts = new Map<string, number>()
    let open = 0
    yield* Stream.runForEach(Durable.list({ batch }), ({ ended, state }) =>
      Effect.sync(() => {
        counts.set(state._tag, (counts.get(state._tag) ?? 0) + 1)
        if (!ended && state._tag !== "SubmitUnknown" && state._tag !== "Unreadable") open += 1
      })
    )
    return { counts: Object.fromEntries(Array.from(counts).toSorted(([one], [other]) => one.localeCompare(other))), open }
  })

const names: ReadonlySet<string> = new Set([
  "Waiting",
  "Sending",
  "SubmitUnknown",
  "Refused",
  "Withdrawn",
  "Submitted",
  "Queued",
  "Running",
  "Succeeded",
  "Failed",
  "Expired",
  "Cancelled",
  "Lost",
  "DownloadFailed",
  "Saved"
] satisfies ReadonlyArray<Status["state"]["_tag"]>)

const isName = (word: string): word is Status["state"]["_tag"] => names.has(word)

const show = (asJson: boolean) => (each: Status) => Console.log(lineOf(each, asJson))

const print = (counts: Readonly<Record<string, number>>, asJson: boolean) => {
  const words = Object.entries(counts).map(([name, count]) => `${name} ${count}`)
  return Console.log(asJson ? JSON.stringify(counts) : words.join("  ") || "No job is in the database.")
}

/** Prints the counts, and with `watch` each change of them until nothing is left to do. */
const summary = Effect.fnUntraced(function* (batch: string | undefined, asJson: boolean, watch: boolean) {
  let last = ""
  for (;;) {
    const { counts, open } = yield* counted(batch)
    const seen = JSON.stringify(counts)
    if (seen !== last) yield* print(counts, asJson)
    last = seen
    if (!watch || open === 0) return
    yield* Effect.sleep("1 second")
  }
})

const done: ExitCode = 0

export const status = (outcome: Outcome) =>
  Command.make("status", flags, ({ batch, database: address, json: asJson, key, state, watch }) =>
    outcome(
      { json: asJson, journal: false, many: true },
      Effect.gen(function* () {
        const on = onDatabase(address)
        if (Option.isSome(key)) {
          const states = Durable.statuses(key.value)
          yield* on(Stream.runForEach(watch ? states : Stream.take(states, 1), show(asJson)))
        } else if (state === undefined) {
          yield* on(summary(batch, asJson, watch))
        } else {
          if (!isName(state)) return yield* invalid("state", `is ${state}, and must be one of ${Array.from(names).join(", ")}`)
          yield* on(Stream.runForEach(Durable.list({ batch, state }), show(asJson)))
        }
        return done
      })
    )
  ).pipe(
    Command.withDescription("Show what the database knows: one job, the jobs in a state, or how many there are in each. Asks no provider."),
    Command.withShortDescription("Show the jobs of a database")
  )
