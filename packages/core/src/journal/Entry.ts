/** What the journal keeps of one submission, and what is left of it. Types, without a runtime import. */
import type { JobRef, Kind } from "../job/JobRef.ts"

/**
 * What the journal keeps of a submission, as long as it keeps anything.
 *
 * @category models
 * @since 0.1.0
 */
export interface Kept {
  /** Our own, before the provider has given one. */
  readonly id: string
  readonly provider: string
  readonly kind: Kind
  readonly baseUrl: string
  readonly account: string
  /** SHA-256 of what was sent, in lower-case hexadecimal: tells whether two submissions asked for the same. */
  readonly digest: string
  /** When the intent was written: milliseconds since the epoch. */
  readonly at: number
  /** The batch of `Job.runAll` that the job belongs to. */
  readonly batch?: string | undefined
  /** The caller's key, alone or in the batch. */
  readonly key?: string | undefined
  /** Tells the tries of one key apart. Entries of version 1 have none. */
  readonly attempt?: string | undefined
}

/**
 * One submission. It is written before the POST, and rewritten as more is known.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry extends Kept {
  readonly _tag: "Entry"
  /** A name of the caller's, to recognise the job by. */
  readonly label?: string | undefined
  /** Where the caller means to save the video. The entry then stays open until that is done. */
  readonly saveTo?: string | undefined
  readonly fate: Fate
}

/**
 * What is left of a submission that was pruned or forgotten: enough that its key is never paid for again.
 *
 * It is no entry: nothing lists it, and nothing is left to do for it. It goes with its batch, by `forget` with `maySubmitAgain`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tombstone extends Kept {
  readonly _tag: "Tombstone"
  /** What was known of it: `Unknown`, `Accepted`, or how the job ended. */
  readonly outcome: "Unknown" | "Accepted" | End
  /** The job, unless the outcome is `Unknown`. */
  readonly ref?: JobRef | undefined
}

/**
 * What is known of a submission.
 *
 * - `Intent`: about to be sent. If the process died then, nobody knows whether it was.
 * - `Unknown`: sent, and no answer told whether it was accepted.
 * - `Accepted`: it is a job, and its end is not known here yet.
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
 * An entry that can't be read. It is reported, and keeps no other from being read.
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
 * Whether something is left to do: a job to follow, or a submission whose fate is unknown.
 *
 * @category guards
 * @since 0.1.0
 */
export const isOpen = ({ fate }: Entry): boolean => fate._tag !== "Closed"

/**
 * The reference of the job that an entry or a tombstone is of, where it is known.
 *
 * @category getters
 * @since 0.1.0
 */
export const refOf = (there: Entry | Tombstone): JobRef | undefined => {
  if (there._tag === "Tombstone") return there.ref
  return there.fate._tag === "Accepted" || there.fate._tag === "Closed" ? there.fate.ref : undefined
}
