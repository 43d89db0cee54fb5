/** What stands between a submission and money that is spent twice, or beyond what its caller allows. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { drop, take } from "../internal/hold.ts"
import { type JobError, type JournalFailed, RateLimited } from "../JobError.ts"
import type { Entry, Journal, Tombstone } from "../Journal.ts"
import { unknownOf } from "./entryWriter.ts"
import { accountKey, type Asked, fingerprint, isOfKey, mayBeOf } from "./keys.ts"
import { forgetUnknown, guardFor, type Memory, noteSent, sentWithin, unknownOf as remembered } from "./memory.ts"

/** The most submissions of an account within a time. */
export interface MaxSubmissions {
  readonly limit: number
  /** Milliseconds. */
  readonly window: number
}

type Service = Journal["Service"]

/** How long what was read of a journal will do: 5 seconds. */
const fresh = 5000

interface Scan<A> {
  readonly at: number
  readonly seen: A
}

const idScans = new WeakMap<Service, Scan<ReadonlyArray<string>>>()
const entryScans = new WeakMap<Service, Scan<ReadonlyArray<Entry | Tombstone>>>()
/** What was last read of the entries of keys, whose ids do not tell for which request they are. What can't become unknown is read once. */
const keyed = new WeakMap<Service, Map<string, Entry | Tombstone | undefined>>()

const scanned = <A>(scans: WeakMap<Service, Scan<A>>, journal: Service, read: Effect.Effect<A, JournalFailed>, now: number) =>
  Effect.suspend(() => {
    const last = scans.get(journal)
    if (last !== undefined && now >= last.at && now - last.at < fresh) return Effect.succeed(last.seen)
    return Effect.tap(read, (seen) => Effect.sync(() => void scans.set(journal, { at: now, seen })))
  })

const readable = (journal: Service, ids: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Entry | Tombstone>> =>
  Effect.map(Effect.forEach(ids, journal.read, { concurrency: 16 }), (all) =>
    all.filter((each) => each !== undefined).filter((each) => each._tag !== "Damaged")
  )

const isYoung = ({ at }: Entry | Tombstone, now: number): boolean => Math.abs(now - at) <= guardFor

const mayBeUnknown = (each: Entry | Tombstone): boolean =>
  each._tag === "Tombstone" ? each.outcome === "Unknown" : each.fate._tag === "Intent" || each.fate._tag === "Unknown"

/**
 * The `SubmitUnknown` of the same request to the same account within the last ten minutes, by this process or in its journal.
 *
 * Of a journal the ids are listed, at most every five seconds. Of those without a key the id tells for which request they are; those of keys are
 * read until it is known what became of them.
 */
export const unknownTwin = Effect.fnUntraced(function* (
  mine: Memory,
  journal: Service | undefined,
  asked: Asked,
  digest: string,
  monotonic: number
): Effect.fn.Return<JobError | undefined, JournalFailed> {
  const print = fingerprint(asked, digest)
  for (const [id, known] of remembered(mine, print, monotonic)) {
    if (known.attempt === undefined || journal === undefined || (yield* stillUnknown(journal, id, known.attempt))) return known.error
    forgetUnknown(mine, print, id)
  }
  if (journal === undefined) return undefined
  const now = yield* Clock.currentTimeMillis
  const ids = yield* scanned(idScans, journal, journal.ids, now)
  const ofKeys = keyed.get(journal) ?? new Map<string, Entry | Tombstone | undefined>()
  keyed.set(journal, ofKeys)
  const toRead = ids.filter((id) => isOfKey(id) && (!ofKeys.has(id) || ofKeys.get(id) !== undefined))
  const read = yield* readable(journal, toRead)
  // Only now: another submission of this moment must not take what is still being read for settled.
  for (const id of toRead) ofKeys.set(id, undefined)
  for (const each of read) if (mayBeUnknown(each) && isYoung(each, now)) ofKeys.set(each.id, each)
  const suspects = Array.from(ofKeys.values()).filter((each) => each?.digest === digest)
  const named = yield* readable(
    journal,
    ids.filter((id) => mayBeOf(id, digest, now - guardFor))
  )
  for (const each of [...suspects, ...named]) {
    if (each === undefined || accountKey(each) !== accountKey(asked) || each.digest !== digest || !isYoung(each, now)) continue
    if (yield* isUnknown(journal, each)) return unknownOf(each)
  }
  return undefined
})

/** Whether an attempt that this process knows to be of unknown fate is so for its journal too: somebody else may have looked it up. */
const stillUnknown = (journal: Service, id: string, attempt: string): Effect.Effect<boolean> =>
  Effect.map(
    journal.read(id),
    (there) => there?._tag === "Damaged" || (there !== undefined && there.attempt === attempt && mayBeUnknown(there))
  )

/** An intent counts once nobody who lives works on it. */
const isUnknown = (journal: Service, each: Entry | Tombstone): Effect.Effect<boolean, JournalFailed> => {
  if (each._tag === "Tombstone") return Effect.succeed(each.outcome === "Unknown")
  switch (each.fate._tag) {
    case "Unknown":
      return Effect.succeed(true)
    case "Intent":
      return Effect.tap(take(journal, each.id), (free) => (free ? drop(journal, each.id) : Effect.void))
    case "Accepted":
    case "Closed":
      return Effect.succeed(false)
  }
}

/**
 * Counts one more submission of an account, or says why not. What other processes have written down counts if it is older than five seconds.
 */
export const spend = Effect.fnUntraced(function* (
  mine: Memory,
  journal: Service | undefined,
  asked: Asked,
  attempt: string,
  monotonic: number,
  max: MaxSubmissions | undefined
): Effect.fn.Return<RateLimited | undefined, JournalFailed> {
  const account = accountKey(asked)
  const written = new Set<string>()
  if (max !== undefined && journal !== undefined) {
    const now = yield* Clock.currentTimeMillis
    const all = Effect.flatMap(journal.ids, (ids) => readable(journal, ids))
    for (const each of yield* scanned(entryScans, journal, all, now)) {
      if (accountKey(each) === account && now - each.at < max.window) written.add(each.attempt ?? each.id)
    }
  }
  if (max !== undefined) {
    for (const sent of sentWithin(mine, account, monotonic, max.window)) written.add(sent)
    if (written.size >= max.limit) {
      const window = Duration.format(Duration.millis(max.window))
      return new RateLimited({
        detail: `${written.size} submissions were sent within ${window}, and maxSubmissions allows ${max.limit}; nothing was sent`
      })
    }
  }
  noteSent(mine, account, attempt, monotonic)
  return undefined
})
