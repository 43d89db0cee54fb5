/** The journal's record of one submission, and its tombstone. Types, without a runtime import. */
import type { JobRef, Kind } from "../job/JobRef.ts"

/**
 * The fields that an entry and its tombstone share.
 *
 * @category models
 * @since 0.1.0
 */
export interface Kept {
  /** Reelay's own id, from before the provider has given one. */
  readonly id: string
  readonly provider: string
  readonly kind: Kind
  readonly baseUrl: string
  readonly account: string
  /** SHA-256 of the request, in lower-case hexadecimal: equal for two submissions of the same request. */
  readonly digest: string
  /** When the intent was written: milliseconds since the epoch. */
  readonly at: number
  /** The batch of `Job.runAll` that the job belongs to. */
  readonly batch?: string | undefined
  /** The caller's key, alone or in the batch. */
  readonly key?: string | undefined
  /** Distinguishes the attempts of one key. Entries of version 1 have none. */
  readonly attempt?: string | undefined
}

/**
 * One submission. It is written before the POST, and rewritten as its outcome becomes known.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry extends Kept {
  readonly _tag: "Entry"
  /** The caller's name for the job. */
  readonly label?: string | undefined
  /** Where the caller will save the video. The entry then stays open until it is saved. */
  readonly saveTo?: string | undefined
  readonly fate: Fate
}

/**
 * What remains of a submission that was pruned or forgotten: enough that its key is never paid for again.
 *
 * It isn't an entry: nothing lists it, and nothing is left to do for it. `forget` with `maySubmitAgain` removes it, with its batch.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tombstone extends Kept {
  readonly _tag: "Tombstone"
  /** The last known outcome: `Unknown`, `Accepted`, or how the job ended. */
  readonly outcome: "Unknown" | "Accepted" | End
  /** The job, unless the outcome is `Unknown`. */
  readonly ref?: JobRef | undefined
}

/**
 * What is known about a submission.
 *
 * - `Intent`: about to be sent. If the process died then, it is unknown whether it was sent.
 * - `Unknown`: sent, and no answer says whether it was accepted.
 * - `Accepted`: it is a job, whose end is not known here yet.
 * - `Closed`: nothing is left to do. `Saved`: the video is on disk.
 *
 * @category models
 * @since 0.1.0
 */
export type Fate =
  | { readonly _tag: "Intent" }
  | { readonly _tag: "Unknown"; readonly detail: string }
  | { readonly _tag: "Accepted"; readonly ref: JobRef }
  | { readonly _tag: "Closed"; readonly ref: JobRef; readonly end: End; readonly at: number }

/** @category models */
export type End = "Saved" | "Succeeded" | "Failed" | "Expired" | "Cancelled"

/**
 * An entry that can't be read. It is reported, and does not keep others from being read.
 *
 * @category models
 * @since 0.1.0
 */
export interface Damaged {
  readonly _tag: "Damaged"
  readonly id: string
  readonly detail: string
}

/**
 * Whether something is left to do: a job to follow, or a submission with an unknown outcome.
 *
 * @category guards
 * @since 0.1.0
 */
export const isOpen = ({ fate }: Entry): boolean => fate._tag !== "Closed"

/**
 * The reference of the job of an entry or a tombstone, if it is known.
 *
 * @category getters
 * @since 0.1.0
 */
export const refOf = (there: Entry | Tombstone): JobRef | undefined => {
  if (there._tag === "Tombstone") return there.ref
  return there.fate._tag === "Accepted" || there.fate._tag === "Closed" ? there.fate.ref : undefined
}
