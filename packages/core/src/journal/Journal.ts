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
import { InvalidRequest, JournalFailed } from "../job/JobError.ts"
import { type JobRef, toUri } from "../job/JobRef.ts"
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
    /** Keeps an entry, in the place of an earlier one of its id. It is durable when this returns. */
    readonly write: (entry: Entry) => Effect.Effect<void, JournalFailed>
    /** Keeps an entry if there is nothing of its id, in one step. `false`: there is something, and it stays as it is. */
    readonly create: (entry: Entry) => Effect.Effect<boolean, JournalFailed>
    /**
     * Puts something in the place of what an attempt has written, or removes that. `false`: there is nothing, or it is of another attempt, and
     * stays as it is. Whoever calls this holds the entry's claim.
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
 * The entry of a job, whoever wrote it. Reads the whole journal where this process does not know it.
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
 * Names a submission of the journal: by the key that a caller gave it, with its batch if it was one of `Job.runAll`, or by the id of its
 * entry.
 *
 * @category models
 * @since 0.1.0
 */
export type Which = string | { readonly batch: string; readonly key: string }

/** What is there under a name. */
const thereUnder = Effect.fnUntraced(function* (journal: Journal["Service"], which: Which) {
  if (typeof which !== "string") return yield* journal.read(idInBatch(which.batch, which.key))
  // A key may be anything; an id has a form of ours.
  return (yield* journal.read(idOfKey(which))) ?? (/^[\w-]{1,80}$/u.test(which) ? yield* journal.read(which) : undefined)
})

/**
 * Forgets what was closed longer ago than this: milliseconds, `"30 days"`, or a `Duration`. Answers with how many entries that were.
 * What is open is never forgotten, and neither is a key: an entry that has one leaves a `Tombstone`.
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
  // Without a key it stands for a request of unknown fate, which nobody is warned of after ten minutes.
  const stale = all.filter((each) => each._tag === "Tombstone" && each.key === undefined && now - each.at > guardFor)
  yield* Effect.forEach(stale, ({ id }) => journal.remove(id), { discard: true })
  return old.length
})

/** An entry goes, and its key stays. */
const buried = (journal: Journal["Service"], entry: Entry): Effect.Effect<unknown, JournalFailed> => {
  const { attempt, fate, id, key } = entry
  const outcome = fate._tag === "Intent" ? "Unknown" : fate._tag === "Closed" ? fate.end : fate._tag
  if (key === undefined && outcome !== "Unknown") return journal.remove(id)
  return journal.swap(id, attempt, { _tag: "Tombstone", ...keptOf(entry), outcome, ref: refOf(entry) })
}

/** What an entry and its tombstone have in common. */
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
 * Forgets one submission, or a whole batch. Answers with how many entries and tombstones went.
 *
 * Money: the key stays paid for, and the same request stays refused for ten minutes if its fate is unknown. With `maySubmitAgain` nothing
 * is left, and **whoever submits under the key pays again**. What is being submitted at this moment is not forgotten: `JournalFailed`.
 *
 * **Example** (Dropping a batch that is done with)
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
  return all.length
})

const forgotten = Effect.fnUntraced(function* (journal: Journal["Service"], found: Entry | Tombstone | Damaged, maySubmitAgain: boolean) {
  // What can't be read may be of any fate: its name alone is what keeps its key from being paid for again.
  if (!maySubmitAgain) {
    if (found._tag === "Entry") yield* buried(journal, found)
    return
  }
  yield* journal.remove(found.id)
  yield* renewed(journal, found)
})

/**
 * Says what became of a submission of unknown fate, once somebody has looked it up at the provider. With the job's reference its key has
 * that job; with `"NotCreated"` the key is new, and **whoever submits under it pays**. Answers with the entry, if one is left.
 *
 * It is refused with `InvalidRequest` if there is no such submission, its fate is known, or, with `attempt`, if another attempt was made since
 * somebody looked; with `JournalFailed` while a living process works on it. An id that comes late after all is kept as a job of its own.
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
    return entry
  })
  // Of unknown fate for this process too: nobody is in the midst of submitting it.
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
    // Of nobody who still waits for an answer.
    attempt: attemptId(),
    ...notes,
    fate: { _tag: "Accepted", ref: made }
  }
}

/** Runs something while nobody else works on an entry. `shared`: what this process does with it may go on. */
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

/** This process remembers nothing of a key, and warns of nothing. */
const renewed = (journal: Journal["Service"], found: Entry | Tombstone | Damaged): Effect.Effect<void> =>
  Effect.map(memory, (mine) => {
    keysOf(mine, journal).delete(found.id)
    if (found._tag !== "Damaged") forgetUnknown(mine, fingerprint(found, found.digest), found.id)
  })
