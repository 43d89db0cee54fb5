/** Following a job from any process: no process but a worker's polls the provider. */
import { JobError } from "@reelay/core"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { type DatabaseFailed, KeyUnknown } from "../job/DurableError.ts"
import type { Status } from "../job/DurableState.ts"
import { statusOf } from "../job/status.ts"
import { Jobs } from "../store/Jobs.ts"
import { Changes } from "./changes.ts"

export const state = (key: string): Effect.Effect<Option.Option<Status>, DatabaseFailed, Jobs> =>
  Effect.flatMap(Jobs, (jobs) => Effect.map(jobs.find(key), (row) => (row === undefined ? Option.none() : Option.some(statusOf(row)))))

/** The state now, each change, to the end. */
export const statuses = (key: string): Stream.Stream<Status, KeyUnknown | DatabaseFailed, Jobs | Changes> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const changes = yield* Changes
      const woken = yield* changes.subscribe(key)
      let revision = Number.NaN
      let isOver = false
      const next: Effect.Effect<Status, KeyUnknown | DatabaseFailed | Cause.Done, Jobs> = Effect.suspend(() => {
        if (isOver) return Cause.done()
        return Effect.flatMap(state(key), (found) => {
          if (Option.isNone(found)) return Effect.fail(new KeyUnknown({ key }))
          const status = found.value
          if (status.revision === revision) return Effect.andThen(Effect.orDie(Queue.take(woken)), next)
          revision = status.revision
          isOver = status.ended
          return Effect.succeed(status)
        })
      })
      return Stream.fromPull(Effect.succeed(Effect.map(next, (status): readonly [Status] => [status])))
    })
  )

/** Why there is no video. */
export type NoVideo = JobError.JobError | JobError.JobFailed | JobError.JobExpired | JobError.JobCancelled

const failureOf = (status: Status): NoVideo | undefined => {
  const { state: it } = status
  switch (it._tag) {
    case "SubmitUnknown":
    case "Refused":
    case "Lost":
    case "DownloadFailed":
      return it.error
    case "Failed":
      return new JobError.JobFailed({ state: it })
    case "Expired":
      return new JobError.JobExpired({ state: it })
    case "Cancelled":
      return new JobError.JobCancelled({ state: it })
    case "Withdrawn":
    case "Unreadable":
      return withoutVideo(status, it._tag === "Withdrawn" ? "it was cancelled before it was sent" : it.detail)
    case "Waiting":
    case "Sending":
    case "Submitted":
    case "Queued":
    case "Running":
    case "Succeeded":
    case "Saved":
      return undefined
  }
}

const withoutVideo = ({ key, provider }: Status, rule: string): JobError.JobError =>
  new JobError.JobError({
    reason: new JobError.InvalidRequest({ field: key, rule }),
    provider,
    operation: "submit",
    attempt: 0
  })

/** Waits for the video. Fails at once if only a person can say what came of it. */
export const result = (key: string): Effect.Effect<Status, NoVideo | KeyUnknown | DatabaseFailed, Jobs | Changes> =>
  statuses(key).pipe(
    Stream.takeUntil((status) => status.ended || failureOf(status) !== undefined),
    Stream.runLast,
    Effect.flatMap((last): Effect.Effect<Status, NoVideo | KeyUnknown> => {
      if (Option.isNone(last)) return Effect.fail(new KeyUnknown({ key }))
      const failure = failureOf(last.value)
      return failure === undefined ? Effect.succeed(last.value) : Effect.fail(failure)
    })
  )
