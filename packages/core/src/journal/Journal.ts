/**
 * What survives a restart: an intent before each POST, the reference after it, and how the job ended.
 *
 * Submitting, attaching and downloading use the journal in their context, and work without one. `KeyValueJournal` keeps it in memory,
 * browser storage or SQL, and on Node `FileJournal` keeps it in files.
 *
 * An entry contains no API key, no prompt and no link to a video.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidRequest, JournalFailed } from "../job/JobError.ts"
import { type JobRef, toUri } from "../job/JobRef.ts"
import { changed } from "./changes.ts"
import { type Damaged, type Entry, type Kept, refOf, type Tombstone } from "./Entry.ts"
import { attemptId, fingerprint, idInBatch, idOfKey, isSameJob } from "./keys.ts"
import { release, acquireShared, acquireExclusive } from "./lease.ts"
import { forgetUnknown, guardFor, keysOf, memory } from "./memory.ts"

export {
  /** @category guards */
  isOpen,
  /** @category getters */
  refOf
} from "./Entry.ts"
export type {
  /** @category models */
  Damaged,
  /** @category models */
  End,
  /** @category models */
  Entry,
  /** @category models */
  Fate,
  /** @category models */
  Kept,
  /** @category models */
  Tombstone
} from "./Entry.ts"

/**
 * The journal, as the engine uses it.
 *
 * @category services
 * @since 0.1.0
 */
export class Journal extends Context.Service<
  Journal,
  {
    /** Writes an entry, and replaces an earlier one with its id. It is durable when this returns. */
    readonly write: (entry: Entry) => Effect.Effect<void, JournalFailed>
    /** Writes an entry if none has its id, atomically. `false`: there is one, and it stays unchanged. */
    readonly create: (entry: Entry) => Effect.Effect<boolean, JournalFailed>
    /**
     * Replaces or removes what an attempt has written. `false`: there is nothing, or it is of another attempt, and stays unchanged. The caller
     * must hold the entry's claim.
     */
    readonly swap: (id: string, attempt: string | undefined, to: Entry | Tombstone | undefined) => Effect.Effect<boolean, JournalFailed>
    readonly remove: (id: string) => Effect.Effect<void, JournalFailed>
    readonly read: (id: string) => Effect.Effect<Entry | Tombstone | Damaged | undefined>
    /** All entries, oldest first. */
    readonly entries: Effect.Effect<ReadonlyArray<Entry | Damaged>, JournalFailed>
    /** All entries and tombstones, oldest first. */
    readonly all: Effect.Effect<ReadonlyArray<Entry | Tombstone | Damaged>, JournalFailed>
    /** The ids of `all`, without reading any. */
    readonly ids: Effect.Effect<ReadonlyArray<string>, JournalFailed>
    /** Claims an entry, so that no other process follows the same job. `false`: a living process holds it. */
    readonly claim: (id: string) => Effect.Effect<boolean, JournalFailed>
    /** Releases an entry. If that fails now, it is released when the process ends. */
    readonly release: (id: string) => Effect.Effect<void>
    /** The open entry of a job that this process has submitted or resumed. */
    readonly open: (ref: JobRef) => Entry | undefined
    /** Adds an entry that was read to those of this process. */
    readonly learn: (entry: Entry) => void
  }
>()("@reelay/core/Journal") {}

/**
 * The entry of a job, from any process. Reads the whole journal if this process does not know it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const find = Effect.fnUntraced(function* (ref: JobRef): Effect.fn.Return<Entry | undefined, JournalFailed, Journal> {
  const journal = yield* Journal
  const known = journal.open(ref)
  if (known !== undefined) return known
  return (yield* journal.entries).find((entry): entry is Entry => entry._tag === "Entry" && isSameJob(refOf(entry), ref))
})

/**
 * Names a submission of the journal: by its key, with its batch if it belongs to `Job.runAll`, or by the id of its entry.
 *
 * @category models
 * @since 0.1.0
 */
export type Which = string | { readonly batch: string; readonly key: string }

/** The entries and tombstones under a name. */
const thereUnder = Effect.fnUntraced(function* (journal: Journal["Service"], which: Which) {
  if (typeof which !== "string") return yield* journal.read(idInBatch(which.batch, which.key))
  // A key may be any text; an id has Reelay's own form.
  return (yield* journal.read(idOfKey(which))) ?? (/^[\w-]{1,80}$/u.test(which) ? yield* journal.read(which) : undefined)
})

/**
 * What the journal has under a name: the entry, its tombstone, or nothing.
 *
 * @category combinators
 * @since 0.1.0
 */
export const get = (which: Which): Effect.Effect<Entry | Tombstone | Damaged | undefined, never, Journal> =>
  Effect.flatMap(Journal, (journal) => thereUnder(journal, which))

/**
 * Forgets entries that were closed longer ago than this: milliseconds, `"30 days"`, or a `Duration`. Returns how many there were.
 * Open entries are never forgotten, and neither are keys: an entry with a key leaves a `Tombstone`.
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
  const now = yield* Clock.currentTimeMillis
  const before = now - Duration.toMillis(Duration.fromInputUnsafe(olderThan))
  const all = yield* journal.all
  const old = all.flatMap((entry) => (entry._tag === "Entry" && entry.fate._tag === "Closed" && entry.fate.at < before ? [entry] : []))
  yield* Effect.forEach(old, (entry) => buried(journal, entry), { discard: true })
  // Without a key it stands for a request with an unknown outcome, which is no longer refused after ten minutes.
  const stale = all.filter((each) => each._tag === "Tombstone" && each.key === undefined && now - each.at > guardFor)
  yield* Effect.forEach(stale, ({ id }) => journal.remove(id), { discard: true })
  return old.length
})

/** Removes an entry, and keeps its key. */
const buried = (journal: Journal["Service"], entry: Entry): Effect.Effect<unknown, JournalFailed> => {
  const { attempt, fate, id, key } = entry
  const outcome = fate._tag === "Intent" ? "Unknown" : fate._tag === "Closed" ? fate.end : fate._tag
  if (key === undefined && outcome !== "Unknown") return journal.remove(id)
  return journal.swap(id, attempt, { _tag: "Tombstone", ...keptOf(entry), outcome, ref: refOf(entry) })
}

/** The fields that an entry and its tombstone share. */
const keptOf = ({ account, at, attempt, baseUrl, batch, digest, id, key, kind, provider }: Entry | Tombstone): Kept => ({
  id,
  provider,
  kind,
  baseUrl,
  account,
  digest,
  at,
  batch,
  key,
  attempt
})

/**
 * Forgets one submission, or a whole batch. Returns how many entries and tombstones were removed.
 *
 * Money: the key stays paid for, and the same request stays refused for ten minutes if its outcome is unknown. With `maySubmitAgain` nothing
 * is left, and **submitting under the key pays again**. A submission in progress is not forgotten: `JournalFailed`.
 *
 * **Example** (Dropping a finished batch)
 *
 * ```ts
 * import { Journal } from "@reelay/core"
 *
 * export const done = Journal.forget({ batch: "winter" }, { maySubmitAgain: true })
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const forget = Effect.fnUntraced(function* (
  which: Which | { readonly batch: string },
  { maySubmitAgain = false }: { readonly maySubmitAgain?: boolean | undefined } = {}
): Effect.fn.Return<number, JournalFailed, Journal> {
  const journal = yield* Journal
  const there =
    typeof which === "string" || "key" in which
      ? [yield* thereUnder(journal, which)]
      : (yield* journal.all).filter((each) => each._tag !== "Damaged" && each.batch === which.batch)
  const all = there.filter((each) => each !== undefined)
  for (const each of all) {
    if (each._tag === "Entry" && each.fate._tag === "Intent") yield* alone(journal, each.id, forgotten(journal, each, maySubmitAgain))
    else yield* forgotten(journal, each, maySubmitAgain)
  }
  if (all.length > 0) changed(journal)
  return all.length
})

const forgotten = Effect.fnUntraced(function* (journal: Journal["Service"], found: Entry | Tombstone | Damaged, maySubmitAgain: boolean) {
  // An unreadable entry may have any fate: only its name keeps its key from being paid for again.
  if (!maySubmitAgain) {
    if (found._tag === "Entry") yield* buried(journal, found)
    return
  }
  yield* journal.remove(found.id)
  yield* renewed(journal, found)
})

/**
 * Settles a submission with an unknown outcome, once you have looked it up at the provider. With the job's reference its key has that job;
 * with `"NotCreated"` the key is new, and **submitting under it pays**. Returns the entry, if one is left.
 *
 * It is refused with `InvalidRequest` if there is no such submission, its outcome is known, or, with `attempt`, if another attempt was made
 * since you looked; with `JournalFailed` while a living process works on it. An id that arrives later is kept as a separate job.
 *
 * **Example** (The account shows no such job)
 *
 * ```ts
 * import { Journal } from "@reelay/core"
 *
 * export const notThere = Journal.resolve({ batch: "winter", key: "fox" }, "NotCreated")
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const resolve = Effect.fnUntraced(function* (
  which: Which,
  fact: { readonly ref: JobRef } | "NotCreated",
  { attempt }: { readonly attempt?: string | undefined } = {}
): Effect.fn.Return<Entry | undefined, JournalFailed | InvalidRequest, Journal> {
  const journal = yield* Journal
  const first = yield* thereUnder(journal, which)
  const name = typeof which === "string" ? which : `${which.key} of the batch ${which.batch}`
  if (first === undefined) return yield* refuse(`is ${name}, and the journal knows no such submission`)
  const settled = Effect.gen(function* () {
    const found = yield* journal.read(first.id)
    if (found === undefined) return yield* refuse(`is ${name}, and its entry is gone`)
    if (found._tag === "Damaged") return yield* refuse(`is ${name}, and its entry ${found.detail}: only forget can drop it`)
    const known = refOf(found)
    if (known !== undefined) return yield* refuse(`is ${name}, and its job is known: ${toUri(known)}`)
    if (attempt !== undefined && found.attempt !== attempt) return yield* refuse(`is ${name}, and another attempt was made since`)
    const entry = fact === "NotCreated" ? undefined : acceptedAs(found, fact.ref)
    if (typeof entry === "string") return yield* refuse(entry)
    if (!(yield* journal.swap(found.id, found.attempt, entry))) return yield* refuse(`is ${name}, and another attempt was made since`)
    yield* renewed(journal, found)
    changed(journal)
    return entry
  })
  // Its outcome is unknown to this process too: no submission of it is in progress.
  const free = first._tag === "Tombstone" || (first._tag === "Entry" && first.fate._tag === "Unknown")
  return yield* alone(journal, first.id, settled, free)
})

const refuse = (rule: string): Effect.Effect<never, InvalidRequest> => Effect.fail(new InvalidRequest({ field: "key", rule }))

const acceptedAs = (found: Entry | Tombstone, ref: JobRef): Entry | string => {
  const { account, provider } = found
  if (ref.provider !== provider) return `is of a submission to ${provider}, and the reference of a job at ${ref.provider}`
  const made = { ...ref, account: ref.account ?? account }
  const notes = found._tag === "Entry" ? { label: found.label, saveTo: found.saveTo } : {}
  return {
    _tag: "Entry",
    ...keptOf(found),
    kind: ref.kind,
    // No caller still waits for an answer.
    attempt: attemptId(),
    ...notes,
    fate: { _tag: "Accepted", ref: made }
  }
}

/** Runs an effect while no other process works on an entry. `shared`: this process's own work on it may continue. */
const alone = <A, E>(
  journal: Journal["Service"],
  id: string,
  use: Effect.Effect<A, E>,
  shared = false
): Effect.Effect<A, E | JournalFailed> =>
  Effect.acquireUseRelease(
    Effect.flatMap(shared ? acquireShared(journal, id) : acquireExclusive(journal, id), (mine) =>
      mine ? Effect.void : Effect.fail(new JournalFailed({ detail: `the journal's entry ${id} is being worked on by a living process` }))
    ),
    () => use,
    () => release(journal, id)
  )

/** Makes this process forget a key, so that it refuses nothing for it. */
const renewed = (journal: Journal["Service"], found: Entry | Tombstone | Damaged): Effect.Effect<void> =>
  Effect.map(memory, (mine) => {
    keysOf(mine, journal).delete(found.id)
    if (found._tag !== "Damaged") forgetUnknown(mine, fingerprint(found, found.digest), found.id)
  })
