/** What a caller keeps: a job, and a submission of one. */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { JobCancelled, JobError, JobExpired, JobFailed } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import type { JobState, Succeeded } from "../job/JobState.ts"
import type { Phase } from "./Submission.ts"
import type { Listener } from "./watching.ts"

/**
 * The outcome of asking a provider to stop a job.
 *
 * - `Cancelled`: the provider confirmed it.
 * - `CompletedAnyway`: it had ended before.
 * - `Unsupported`: the provider documents no way to cancel. The job still runs there, and is still billed.
 * - `Unknown`: the call failed; the job may or may not run.
 *
 * @category models
 * @since 0.1.0
 */
export type CancelOutcome = "Cancelled" | "CompletedAnyway" | "Unsupported" | "Unknown"

/**
 * A job that was submitted, or attached to.
 *
 * @category models
 * @since 0.1.0
 */
export interface JobHandle {
  /** Enough to attach again, from anywhere. */
  readonly ref: JobRef
  /** The state that the watcher knows now. It changes only while `states` or `result` is consumed. */
  readonly current: () => JobState
  /**
   * The current state, then each change, to the end. One poller serves all subscribers: the last one to leave stops it, and the next one resumes it,
   * no earlier than the pace allows. Leaving does not cancel the job. Fails if the job's outcome can't be known.
   */
  readonly states: Stream.Stream<JobState, JobError>
  /** The finished job. A job that ended otherwise is a typed failure. */
  readonly result: Effect.Effect<Succeeded, JobError | JobFailed | JobExpired | JobCancelled>
  /** Asks the provider to stop the job. Only a confirmed cancellation changes the state. */
  readonly cancel: Effect.Effect<CancelOutcome>
  /**
   * The same as `states` with callbacks, without a fiber while it waits. The listener gets the current state before this returns. Returns a function
   * that unsubscribes. The context is where the session is logged, counted and traced. Default: empty.
   */
  readonly subscribe: (listener: Listener, context?: Context.Context<never>) => () => void
}

/**
 * A submission as a value to keep: in its whole life it sends at most one POST that may have been accepted, however often its `job` is run.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission {
  /** The caller's, or a generated one. */
  readonly key: string
  /** SHA-256 of what is sent, in lower-case hexadecimal. */
  readonly digest: string
  /** The current phase. `Accepted`, `Unknown` and `Refused` are final; an id that comes late turns `Unknown` into `Accepted`. */
  readonly phase: () => Phase
  /**
   * The job. It may be run, retried and repeated any number of times: after `Accepted` it is the same job, after `Unknown` or `Refused` the same
   * error. After `NotSent` it is tried again, no earlier than the provider or the last wait allows. An interruption before the POST has begun sends
   * nothing; a later one waits for the id, at most 10 seconds.
   */
  readonly job: Effect.Effect<JobHandle, JobError>
}
