/**
 * What a page needs of a client, and of a job: the same whether it asks a provider itself, or through a server of its own. Types, without a runtime
 * import.
 */
import type { Options as DownloadOptions } from "../artifact/options.ts"
import type { Outlook } from "../durations/outlook.ts"
import type { CancelOutcome } from "../engine/JobHandle.ts"
import type { JobError } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import type { JobState, Succeeded } from "../job/JobState.ts"

/** @category models */
export interface Observer<A> {
  readonly next: (value: A) => void
  /** Sight is lost, and nothing follows. Without it the error is logged. */
  readonly error: (error: unknown) => void
  /** Nothing follows. */
  readonly complete: () => void
}

/**
 * Call it, or its `unsubscribe`: a second call does nothing.
 *
 * @category models
 */
export interface Subscription {
  (): void
  readonly unsubscribe: () => void
}

/**
 * A value that changes. It is what React's `useSyncExternalStore`, a Svelte store, Solid's `from`, Angular's `toSignal` and RxJS's `from` each ask
 * for. Its members can be destructured, and stay the same functions.
 *
 * @category models
 * @since 0.1.0
 */
export interface Source<A> {
  /** The value now: the same one until it changes. */
  readonly current: () => A
  /** Calls a function, or `next`, with the current value before it returns, and with each one that follows. */
  readonly subscribe: (observer: Partial<Observer<A>> | ((value: A) => void)) => Subscription
}

/** @category models */
export interface CallOptions {
  /**
   * Stops waiting. A submission whose POST has not begun sends nothing; one that has begun is never aborted, and a job is never cancelled at the
   * provider.
   */
  readonly signal?: AbortSignal | undefined
}

/** @category models */
export interface SubmitOptions extends CallOptions {
  /** Called with the reference as soon as it is known, even if `signal` was aborted meanwhile. Keep it: the job may be billed. */
  readonly onSubmitted?: ((ref: JobRef) => void) | undefined
  /** Called with a `SubmitUnknown` if `signal` was aborted, and so the promise can't reject with it. The job may be billed. */
  readonly onUnknown?: ((error: JobError) => void) | undefined
  /** Submissions with the same key are one: see `Job.SubmitOptions`. Default: none, each call pays for its own video. */
  readonly key?: string | undefined
  /** Submits even if the same request has had an unknown outcome for less than ten minutes: **it may be paid for twice**. Default: false. */
  readonly maySubmitAgain?: boolean | undefined
  /** A name of yours that the journal keeps with the job. */
  readonly label?: string | undefined
  /** Where the video will be saved: the journal keeps the job open until that is done. */
  readonly saveTo?: string | undefined
}

/** @category models */
export interface RunOptions extends SubmitOptions {
  /** Called with each state, the first and the last included. */
  readonly onState?: ((state: JobState) => void) | undefined
}

/**
 * A job as plain promises, and as what each framework subscribes to. While anybody listens it is polled.
 *
 * It isn't a thenable: an `async` function that returned one would wait for the video. `await using job = ...` leaves it at the end of a block, as
 * `leave` does.
 *
 * **Example** (In Svelte, React, Solid and RxJS)
 *
 * ```ts
 * import type { PromiseJob } from "@reelay/core/promise"
 * import { from } from "rxjs"
 *
 * export const everywhere = (job: PromiseJob) => ({
 *   svelte: job, // $job in a component
 *   react: [job.subscribe, job.current, job.current] as const, // useSyncExternalStore(...)
 *   rxjs: from(job)
 * })
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export interface PromiseJob extends AsyncIterable<JobState>, AsyncDisposable, Source<JobState> {
  /** The reference as text: `client.attach(job.id)` returns to the job, after a reload too. */
  readonly id: string
  readonly ref: JobRef
  /** The current state, then each change: `for await (const state of job.states({ signal }))`. A slow loop misses states, but never the last. */
  readonly states: (options?: CallOptions) => AsyncIterable<JobState>
  /**
   * The finished job. Rejects with `JobFailed`, `JobExpired`, `JobCancelled`, or `JobError`, or with the signal's reason.
   *
   * Without options every call returns the same promise, for React's `use(job.result())`. After sight of the job was lost the next call watches it
   * again; a promise that React has read stays until something else does, as `job.result({})`.
   */
  readonly result: (options?: CallOptions) => Promise<Succeeded>
  /**
   * How far it is now, and when it will end: as the provider reports, else as such jobs were seen to take, if the client has `durations`. The progress
   * never goes back, and never is 1. Absent once it has ended, and if nothing is known.
   */
  readonly outlook: () => Outlook | undefined
  /** Asks the provider to stop the job, and returns the true outcome. */
  readonly cancel: () => Promise<CancelOutcome>
  /** Reads the video into memory, waiting for it first. With that a job that the journal keeps open for its video is closed. */
  readonly bytes: (options?: CallOptions & DownloadOptions) => Promise<Uint8Array<ArrayBuffer>>
  /** The same as `bytes`, as a `Blob`. */
  readonly blob: (options?: CallOptions & DownloadOptions) => Promise<Blob>
  /**
   * An address for `<video src>`, waiting for the video first: the link of the provider if it needs no key, else an object URL of the bytes, which is
   * made once, and revoked by `leave`.
   */
  readonly url: (options?: CallOptions & DownloadOptions) => Promise<string>
  /** Stops all that listens to this job here, and revokes its object URL. The job continues at the provider. */
  readonly leave: () => void
}

/**
 * One line of a client's list of jobs. It is the same object until something of it changes.
 *
 * @category models
 * @since 0.1.0
 */
export interface ListedJob<J = PromiseJob> {
  /** What `client.forget` takes. */
  readonly id: string
  /** Absent if nobody knows of a job: `Unknown` or `Damaged`, with the `error`. */
  readonly job?: J | undefined
  /** The status as far as it is known here. `Unknown`: the submission has an unknown outcome, and may be billed. */
  readonly status: JobState["_tag"] | "Unknown" | "Damaged"
  /** Absent if this page has not seen any yet: the job ended before it was loaded, or another tab follows it. Listening to `job` gets it. */
  readonly state?: JobState | undefined
  /** Why the job is not followed any more. */
  readonly error?: unknown
  /** The name that it was submitted with. */
  readonly label?: string | undefined
  /** When it was submitted: milliseconds since the epoch. */
  readonly at: number
}

/**
 * What a component needs of a client.
 *
 * @category models
 * @since 0.1.0
 */
export interface JobClient<Request, J extends PromiseJob = PromiseJob> {
  /** Submits one job. Resolves when the provider has given an id. Each call pays for its own video, unless it has a `key`. */
  readonly submit: (request: Request, options?: SubmitOptions) => Promise<J>
  /** Watches a job that was submitted before, by its id or reference. Sends no POST. */
  readonly attach: (which: JobRef | string, options?: CallOptions) => Promise<J>
  /** Submits a job and waits for its end: for callers that want only the video. */
  readonly run: (request: Request, options?: RunOptions) => Promise<Succeeded>
  /** The list of all jobs, oldest first; the unfinished ones are followed while somebody listens to it. */
  readonly jobs: Source<ReadonlyArray<ListedJob<J>>>
  /** Removes a job from the list, by its id there. Returns how many there were. It continues at the provider. */
  readonly forget: (id: string) => Promise<number>
  readonly close: () => Promise<void>
}
