/**
 * What survives a restart: an intent before each POST, the reference after it, and how the job ended.
 *
 * A submission, an attachment and a download use the journal that is in their context, and do without where there is none. Where it is
 * kept is `KeyValueJournal`'s part (memory, browser storage, SQL), or on Node `FileJournal`'s.
 *
 * An entry holds no key, no prompt and no link to a video.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { JournalFailed } from "./JobError.ts"
import { type JobRef, type Kind, toUri } from "./JobRef.ts"

/**
 * One submission. It is written before the POST, and rewritten as more is known.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  readonly _tag: "Entry"
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
  /** A name of the caller's, to recognise the job by. */
  readonly label?: string | undefined
  /** The batch of `Job.runAll` that the job belongs to, and its key there. */
  readonly batch?: string | undefined
  readonly key?: string | undefined
  /** Where the caller means to save the video. The entry then stays open until that is done. */
  readonly saveTo?: string | undefined
  readonly fate: Fate
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
 * The journal, as the engine uses it.
 *
 * @category services
 * @since 0.1.0
 */
export class Journal extends Context.Service<
  Journal,
  {
    /** Keeps an entry, in the place of an earlier one of its id. It is durable when this returns. */
    readonly write: (entry: Entry) => Effect.Effect<void, JournalFailed>
    readonly remove: (id: string) => Effect.Effect<void, JournalFailed>
    readonly read: (id: string) => Effect.Effect<Entry | Damaged | undefined>
    /** All that is remembered, oldest first. */
    readonly entries: Effect.Effect<ReadonlyArray<Entry | Damaged>, JournalFailed>
    /** Takes hold of an entry, so that nobody else follows the same job. `false`: a living process holds it. */
    readonly claim: (id: string) => Effect.Effect<boolean, JournalFailed>
    /** Lets go of an entry. What can't be let go now is let go with the process. */
    readonly release: (id: string) => Effect.Effect<void>
    /** The open entry of a job that this process has submitted or resumed. */
    readonly open: (ref: JobRef) => Entry | undefined
    /** Takes an entry that was read among those of this process. */
    readonly learn: (entry: Entry) => void
  }
>()("@reelay/core/Journal") {}

/**
 * Whether something is left to do: a job to follow, or a submission whose fate is unknown.
 *
 * @category guards
 * @since 0.1.0
 */
export const isOpen = ({ fate }: Entry): boolean => fate._tag !== "Closed"

/**
 * The reference of an entry's job, where there is one.
 *
 * @category getters
 * @since 0.1.0
 */
export const refOf = ({ fate }: Entry): JobRef | undefined => (fate._tag === "Accepted" || fate._tag === "Closed" ? fate.ref : undefined)

/**
 * The entry of a job, whoever wrote it. Reads the whole journal where this process does not know it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const find = Effect.fnUntraced(function* (ref: JobRef): Effect.fn.Return<Entry | undefined, JournalFailed, Journal> {
  const journal = yield* Journal
  const known = journal.open(ref)
  if (known !== undefined) return known
  return (yield* journal.entries).find((entry): entry is Entry => entry._tag === "Entry" && isSame(refOf(entry), ref))
})

/** The same job: when it was submitted, and under which name of the account, does not matter. */
const isSame = (one: JobRef | undefined, other: JobRef): boolean => one !== undefined && jobKey(one) === jobKey(other)

/** One text for one job. */
export const jobKey = (ref: JobRef): string => toUri({ ...ref, account: undefined, submittedAt: 0 })

/**
 * Forgets what was closed longer ago than this: milliseconds, `"30 days"`, or a `Duration`. Answers with how many entries that were.
 * What is open is never forgotten.
 *
 * **Example** (Keeping a month)
 *
 * ```ts
 * import { Journal } from "@reelay/core"
 *
 * export const tidy = Journal.prune("30 days")
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const prune = Effect.fnUntraced(function* (olderThan: Duration.Input): Effect.fn.Return<number, JournalFailed, Journal> {
  const journal = yield* Journal
  const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(Duration.fromInputUnsafe(olderThan))
  const old = (yield* journal.entries).filter((entry) => entry._tag === "Entry" && entry.fate._tag === "Closed" && entry.fate.at < before)
  yield* Effect.forEach(old, ({ id }) => journal.remove(id), { discard: true })
  return old.length
})
