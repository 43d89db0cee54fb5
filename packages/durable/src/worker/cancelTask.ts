/** The task that asks the provider to stop a job, and records what came of it. The job's own polls go on unless it is confirmed. */
import { Job } from "@reelay/core"
import * as Effect from "effect/Effect"
import { NotPossible } from "../job/DurableError.ts"
import { encode, type Row } from "../job/Row.ts"
import type { Jobs } from "../store/Jobs.ts"
import type { Delivery } from "./context.ts"

export const cancelTask = Effect.fn("reelay.durable.cancelTask")(function* (jobs: Jobs["Service"], row: Row, delivery: Delivery) {
  const { ref } = row
  if (row.cancel !== "Requested" || ref === null) return undefined
  const outcome = row.ended === undefined ? yield* asked(delivery, ref) : { word: "CompletedAnyway" as const, state: undefined }
  const { sql } = jobs
  if (outcome.state !== undefined && row.poller !== null) {
    const poller = encode.poller({ ...row.poller, state: outcome.state })
    const moved = yield* jobs.move(row, {
      set: { state: outcome.state._tag, cancel: outcome.word, poller, error: null },
      ends: true,
      done: delivery.id
    })
    if (moved !== undefined) return moved
    // A poll was faster: this is delivered again, and sees what it saw.
    return yield* new NotPossible({ key: row.key, detail: "changed meanwhile" })
  }
  yield* jobs.guarded(
    sql.withTransaction(
      Effect.andThen(
        sql`UPDATE reelay_job SET cancel = ${outcome.word}, revision = revision + 1, updated = ${jobs.now} WHERE key = ${row.key} AND cancel = 'Requested'`,
        jobs.notify(row.key)
      )
    )
  )
  return undefined
})

const asked = Effect.fnUntraced(function* ({ provider }: Delivery, ref: NonNullable<Row["ref"]>) {
  const handle = yield* Effect.option(Job.attach(provider, ref))
  if (handle._tag === "None") return { word: "Unknown" as const, state: undefined }
  const word = yield* handle.value.cancel
  const state = handle.value.current()
  return { word, state: word === "Cancelled" && state._tag === "Cancelled" ? state : undefined }
})
