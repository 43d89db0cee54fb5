/** What a caller holds: a job, and a submission of one. */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { JobCancelled, JobError, JobExpired, JobFailed } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import type { JobState, Succeeded } from "../job/JobState.ts"
import type { Phase } from "./Submission.ts"
import type { Listener } from "./watching.ts"

/**
 * What came of asking a provider to stop a job.
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
  /** The state that the watcher knows of now. It moves only while `states` or `result` is consumed. */
  readonly current: () => JobState
  /**
   * The current state, then each change, to the end. One poller serves all subscribers; the last to leave stops it, the next to come
   * resumes it, no earlier than the pace allows. Leaving is not cancelling. Fails where the job's fate can't be known.
   */
  readonly states: Stream.Stream<JobState, JobError>
  /** The finished job. A job that ended otherwise is a typed failure. */
  readonly result: Effect.Effect<Succeeded, JobError | JobFailed | JobExpired | JobCancelled>
  /** Asks the provider to stop the job. Only a confirmed cancellation changes the state. */
  readonly cancel: Effect.Effect<CancelOutcome>
  /**
   * The same as `states` by callbacks, the current state before this returns: what waits so costs no fiber. What it answers with leaves. The
   * context is where the session is logged, counted and traced. Default: empty.
   */
  readonly subscribe: (listener: Listener, context?: Context.Context<never>) => () => void
}

/**
 * A submission as a value to hold: it sends at most one POST that may have been accepted, in its whole life, however often and by however
 * many it is asked.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission {
  /** The caller's, else made. */
  readonly key: string
  /** SHA-256 of what is sent, in lower-case hexadecimal. */
  readonly digest: string
  /** Where it is. `Accepted`, `Unknown` and `Refused` are final; an id that comes late turns `Unknown` into `Accepted`. */
  readonly phase: () => Phase
  /**
   * The job. It may be run, retried and repeated for ever: after `Accepted` it is the same job, after `Unknown` or `Refused` the same error;
   * after `NotSent` it is tried again, no earlier than the provider or the last wait said. Interrupting it before the POST has begun
   * sends nothing; after that it waits for the id, at most 10 seconds.
   */
  readonly job: Effect.Effect<JobHandle, JobError>
}
