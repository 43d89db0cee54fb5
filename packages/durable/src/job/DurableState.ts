/** What the database knows of a job. Types, without a runtime import. */
import type { JobError, JobState } from "@reelay/core"

/**
 * The state of a durable job: what the provider says of it, and what comes before and after that.
 *
 * - `Waiting`: nothing was sent. `error`: why the last try was not accepted; another follows.
 * - `Sending`: about to be sent, or sent without an answer yet.
 * - `SubmitUnknown`: it may exist and be billed, and no worker ever sends it again. Look it up at the provider, then call `resolve`.
 * - `Refused`: surely nothing was accepted. Submitting the key again tries again.
 * - `Withdrawn`: cancelled before it was sent.
 * - `Lost`: the job exists, and its outcome can't be known. `resume` polls it again.
 * - `DownloadFailed`: the video exists, and was not saved. `resume` downloads it again.
 * - `Saved`: the video is in the artifact store.
 * - `Unreadable`: the row can't be read: written by a newer Reelay, or damaged. It is left as it is.
 *
 * @category models
 * @since 0.1.0
 */
export type DurableState =
  | { readonly _tag: "Waiting"; readonly error?: JobError.JobError | undefined }
  | { readonly _tag: "Sending" }
  | { readonly _tag: "SubmitUnknown"; readonly error: JobError.JobError }
  | { readonly _tag: "Refused"; readonly error: JobError.JobError }
  | { readonly _tag: "Withdrawn" }
  | JobState.JobState
  | { readonly _tag: "Lost"; readonly error: JobError.JobError }
  | { readonly _tag: "DownloadFailed"; readonly error: JobError.JobError; readonly job: JobState.Succeeded }
  | { readonly _tag: "Saved"; readonly saved: Saved; readonly job: JobState.Succeeded }
  | { readonly _tag: "Unreadable"; readonly detail: string }

/** @category models */
export type StateName = DurableState["_tag"]

/**
 * A video in the artifact store.
 *
 * @category models
 * @since 0.1.0
 */
export interface Saved {
  /** Where it is: a path, or a URL. */
  readonly location: string
  readonly bytes: number
  /** The digest of the whole file, in lower-case hexadecimal. */
  readonly sha256: string
}

/**
 * A job as `state` and `list` return it. Times are milliseconds since the epoch, by the database's clock.
 *
 * @category models
 * @since 0.1.0
 */
export interface Status {
  readonly key: string
  readonly batch?: string | undefined
  readonly provider: string
  readonly state: DurableState
  /** Whether nothing more happens by itself, and nothing is left for a person to do. */
  readonly ended: boolean
  readonly createdAt: number
  readonly updatedAt: number
  /** Every state that it was in, and since when. */
  readonly history: ReadonlyArray<Change>
  /** Counts the changes of its state. */
  readonly revision: number
}

/** @category models */
export interface Change {
  readonly state: string
  readonly at: number
}
