/** The task that submits a job: at most one POST of a key may ever be accepted. */
import { Job, type JobError, Journal, StoredVideoRequest } from "@reelay/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { encode, type Row } from "../job/Row.ts"
import type { Jobs } from "../store/Jobs.ts"
import { backoff, type Delivery, type Options } from "./context.ts"
import { rowJournal, unknownOf } from "./rowJournal.ts"

/** Tries are tasks: what waits for the next one is in the database, not in a process. */
const once = Schedule.recurs(0)

const patience = Duration.seconds(30)

const refused = (jobs: Jobs["Service"], row: Row, error: JobError.JobError, done: string) =>
  jobs.move(row, { set: { state: "Refused", error: encode.error(error) }, where: { state: ["Waiting"], attempt: null }, ends: true, done })

export const submitTask = Effect.fn("reelay.durable.submitTask")(function* (
  jobs: Jobs["Service"],
  row: Row,
  delivery: Delivery,
  options: Options
) {
  const { account, id: done, provider, task } = delivery
  const place = { provider: row.provider, account }
  if (row.state === "Sending") {
    const left = (row.intentUntil ?? 0) - row.now
    // Its worker may still be waiting for the answer.
    if (left > 0) return yield* jobs.postpone(place, { ...task, step: row.step }, left + 1000, done)
    const error = unknownOf(row, "its worker ended between its intent and the answer")
    return yield* jobs.move(row, {
      set: { state: "SubmitUnknown", error: encode.error(error) },
      where: { state: ["Sending"], expired: true },
      leased: null,
      done
    })
  }
  if (row.state !== "Waiting") return undefined
  const request = yield* Effect.result(StoredVideoRequest.fromStored(row.request))
  if (Result.isFailure(request)) return yield* Effect.die(request.failure)
  const journal = rowJournal(jobs, row, delivery, options)
  const submission = yield* Effect.result(
    Job.submission(provider, request.success, {
      ...options.watch,
      key: row.key,
      submitRetry: once,
      // It waits for its turn no longer than this: then it waits in the database.
      deadline: patience,
      submitTimeout: Duration.millis(options.submitTimeout ?? 60_000),
      // Another key is another job, even for the same request.
      maySubmitAgain: true
    }).pipe(Effect.provideService(Journal.Journal, journal))
  )
  if (Result.isFailure(submission)) return yield* refused(jobs, row, submission.failure, done)
  const exit = yield* Effect.exit(Effect.provideService(submission.success.job, Journal.Journal, journal))
  if (journal.isAccepted()) return undefined
  const now = yield* jobs.readable(row.key)
  if (now === undefined) return undefined
  // The answer could not be written: whoever comes after the lease finds it unknown.
  if (now.state === "Sending") return yield* jobs.postpone(place, { ...task, step: now.step }, 1000, done)
  if (Exit.isSuccess(exit) || now.state !== "Waiting") return undefined
  const failure = Exit.findErrorOption(exit)
  if (failure._tag === "None") return yield* Effect.failCause(exit.cause)
  const error = failure.value
  if (error.again !== "submit" && error.reason._tag !== "JournalFailed") return yield* refused(jobs, now, error, done)
  const delay = backoff(now.tries)
  return yield* jobs.move(now, {
    set: { tries: now.tries + 1, error: encode.error(error) },
    where: { state: ["Waiting"], attempt: null },
    next: { place, do: "submit", delay },
    done
  })
})
