/** What a person or a program decides about a job: to cancel it, what came of an unknown submission, to look again, to forget it. */
import type { Job, JobRef } from "@reelay/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import { queueTable } from "../database/schema.ts"
import { KeyUnknown, NotPossible } from "../job/DurableError.ts"
import { encode, isReadable, type Row } from "../job/Row.ts"
import { Jobs } from "../store/Jobs.ts"
import { Changes } from "./changes.ts"

const found = Effect.fnUntraced(function* (key: string) {
  const jobs = yield* Jobs
  const row = yield* jobs.find(key)
  if (row === undefined) return yield* new KeyUnknown({ key })
  if (!isReadable(row)) return yield* new NotPossible({ key, detail: row.detail })
  return row
})

const outcomes: Readonly<Record<string, Job.CancelOutcome | undefined>> = {
  Cancelled: "Cancelled",
  CompletedAnyway: "CompletedAnyway",
  Unsupported: "Unsupported",
  Unknown: "Unknown"
}

const placeOf = ({ account, provider, ref }: Row) => ({ provider, account: ref?.account ?? account })

/** How long a caller waits for a worker to ask the provider. */
const patience = Duration.minutes(1)

/** What a cancellation comes to that is late. */
const endedAs = ({ state }: Row): Job.CancelOutcome => {
  if (state === "Lost") return "Unknown"
  return state === "Withdrawn" || state === "Refused" || state === "Cancelled" ? "Cancelled" : "CompletedAnyway"
}

/** Notes the wish. What is not sent yet is withdrawn at once. */
const wished = Effect.fnUntraced(function* (key: string) {
  const jobs = yield* Jobs
  for (;;) {
    const row = yield* found(key)
    if (row.ended !== undefined) return endedAs(row)
    if (row.state === "Waiting") {
      const moved = yield* jobs.move(row, { set: { state: "Withdrawn" }, where: { state: ["Waiting"], attempt: null }, ends: true })
      if (moved !== undefined) return "Cancelled" as const
      continue
    }
    if (row.state === "Succeeded") return "CompletedAnyway"
    if (row.state === "SubmitUnknown") return "Unknown"
    const { sql } = jobs
    const noted = yield* jobs.guarded(
      sql.withTransaction(
        Effect.gen(function* () {
          const rows = yield* sql`UPDATE reelay_job SET cancel = 'Requested' WHERE key = ${key} AND state = ${row.state} RETURNING key`
          // One that is being sent is cancelled once it has a reference.
          if (rows.length > 0 && row.ref !== null) yield* jobs.offer(placeOf(row), { key, do: "cancel", step: row.step }, 0)
          return rows.length > 0
        })
      )
    )
    if (noted) return undefined
  }
})

export const cancel = Effect.fn("reelay.durable.cancel")(function* (key: string) {
  const changes = yield* Changes
  const woken = yield* changes.subscribe(key)
  const at = yield* wished(key)
  if (at !== undefined) return at
  const outcome = Effect.gen(function* () {
    for (;;) {
      const row = yield* found(key)
      const word = outcomes[row.cancel ?? ""]
      if (word !== undefined) return word
      if (row.state === "Waiting" || row.state === "Refused") return "Cancelled" as const
      yield* Effect.race(Effect.orDie(Queue.take(woken)), Effect.sleep("2 seconds"))
    }
  })
  return Option.getOrElse(yield* Effect.timeoutOption(outcome, patience), (): Job.CancelOutcome => "Unknown")
}, Effect.scoped)

/**
 * Settles a submission with an unknown outcome, once a person has looked it up. With `"NotCreated"` one new POST is allowed.
 */
export const resolve = Effect.fn("reelay.durable.resolve")(function* (key: string, fact: { readonly ref: JobRef.JobRef } | "NotCreated") {
  const jobs = yield* Jobs
  const row = yield* found(key)
  if (row.state !== "SubmitUnknown") return yield* new NotPossible({ key, detail: `is ${row.state}: only SubmitUnknown is to be resolved` })
  const place = placeOf(row)
  if (fact !== "NotCreated" && fact.ref.provider !== row.provider) {
    return yield* new NotPossible({
      key,
      detail: `is of a submission to ${row.provider}, and the reference of a job at ${fact.ref.provider}`
    })
  }
  if (fact === "NotCreated" && row.request === null)
    return yield* new NotPossible({ key, detail: "was pruned with its request: give a new key" })
  const account = fact === "NotCreated" ? undefined : (fact.ref.account ?? row.intent?.account)
  const moved = yield* jobs.move(row, {
    set:
      fact === "NotCreated"
        ? { state: "Waiting", attempt: null, intent: null, error: null, tries: 0 }
        : { state: "Submitted", error: null, ref: encode.ref({ ...fact.ref, account }) },
    where: { state: ["SubmitUnknown"] },
    leased: null,
    next:
      fact === "NotCreated"
        ? { place, do: "submit", delay: 0 }
        : { place: { ...place, account: account ?? place.account }, do: "poll", delay: 0 }
  })
  if (moved === undefined) return yield* new NotPossible({ key, detail: "changed meanwhile" })
})

/** Goes on with a job that was given up: polls one that is lost, downloads one that was not saved. */
export const resume = Effect.fn("reelay.durable.resume")(function* (key: string) {
  const jobs = yield* Jobs
  const row = yield* found(key)
  const isLost = row.state === "Lost" && row.ref !== null
  if (!isLost && row.state !== "DownloadFailed") {
    return yield* new NotPossible({ key, detail: `is ${row.state}: only Lost and DownloadFailed are to be resumed` })
  }
  const moved = yield* jobs.move(row, {
    set: { state: isLost ? (row.poller?.state._tag ?? "Submitted") : "Succeeded", tries: 0 },
    where: { state: [row.state] },
    next: { place: placeOf(row), do: isLost ? "poll" : "save", delay: 0 }
  })
  if (moved === undefined) return yield* new NotPossible({ key, detail: "changed meanwhile" })
})

/** How many rows one statement changes. */
const pageSize = 1000

/**
 * Strips jobs that ended longer ago than this to what keeps their keys from being paid for again. Returns how many.
 */
export const prune = Effect.fn("reelay.durable.prune")(function* (olderThan: Duration.Input) {
  const jobs = yield* Jobs
  const { now, sql } = jobs
  const age = Math.max(0, Math.round(Duration.toMillis(Duration.fromInputUnsafe(olderThan))))
  const page = sql`
    UPDATE reelay_job SET request = NULL, poller = NULL, error = NULL, saved = NULL, intent = NULL, history = '[]'
    WHERE key IN (SELECT key FROM reelay_job WHERE ended <= ${now} - ${age} AND history <> '[]' LIMIT ${sql.literal(String(pageSize))})
    RETURNING key`
  let pruned = 0
  for (;;) {
    const rows = yield* jobs.guarded(page)
    pruned += rows.length
    if (rows.length < pageSize) break
  }
  // Deliveries that came twice.
  yield* jobs.guarded(sql`DELETE FROM ${sql(queueTable)} WHERE state = 'completed'`)
  return pruned
})

/**
 * Drops a whole batch, with its keys: **submitting one of them pays again**. Refused while one of its jobs is open. Returns how many.
 */
export const forget = Effect.fn("reelay.durable.forget")(function* ({ batch }: { readonly batch: string }) {
  const jobs = yield* Jobs
  const { sql } = jobs
  return yield* jobs
    .guarded(
      sql.withTransaction(
        Effect.gen(function* () {
          const open = yield* sql`SELECT key FROM reelay_job WHERE batch = ${batch} AND ended IS NULL LIMIT 1`
          if (open.length > 0) return undefined
          return (yield* sql`DELETE FROM reelay_job WHERE batch = ${batch} RETURNING key`).length
        })
      )
    )
    .pipe(
      Effect.flatMap((count) =>
        count === undefined ? Effect.fail(new NotPossible({ key: batch, detail: "is a batch with an open job" })) : Effect.succeed(count)
      )
    )
})
