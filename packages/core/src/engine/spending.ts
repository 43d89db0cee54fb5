/** What keeps a submission from spending money twice, or more than its caller allows. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { type JobError, type JournalFailed, RateLimited } from "../job/JobError.ts"
import { unknownOf } from "../journal/entryWriter.ts"
import type { Entry, Journal, Tombstone } from "../journal/Journal.ts"
import { accountKey, type Asked, fingerprint, isOfKey, shortened, toldBy } from "../journal/keys.ts"
import { release, acquireExclusive } from "../journal/lease.ts"
import { forgetUnknown, guardFor, type Memory, noteSent, sentWithin, type Unknown, unknownOf as remembered } from "../journal/memory.ts"

/** The most submissions of an account within a time. */
export interface MaxSubmissions {
  readonly limit: number
  /** Milliseconds. */
  readonly window: number
}

type Service = Journal["Service"]

/** How long what was read of a journal is used: 5 seconds. */
const fresh = 5000

/** How long another process may take to check whether an intent is leased: 100 milliseconds. */
const aLook = 100

interface Scan<A> {
  readonly at: number
  readonly seen: A
}

/** The ids of a journal, by what they say. */
interface Listing {
  readonly byRequest: ReadonlyMap<string, ReadonlyArray<string>>
  readonly ofKeys: ReadonlyArray<string>
}

const idScans = new WeakMap<Service, Scan<Listing>>()
const entryScans = new WeakMap<Service, Scan<ReadonlyArray<Entry | Tombstone>>>()
/** Entries of keys that have led to a job: they are not read again. The ids of keys do not say for which request they are. */
const settled = new WeakMap<Service, Set<string>>()
/** One probe at a time: two would take each other for a process that works on the entry. */
const probes = new WeakMap<Service, Semaphore.Semaphore>()

const scanned = <A>(scans: WeakMap<Service, Scan<A>>, journal: Service, read: Effect.Effect<A, JournalFailed>, now: number) =>
  Effect.suspend(() => {
    const last = scans.get(journal)
    if (last !== undefined && now >= last.at && now - last.at < fresh) return Effect.succeed(last.seen)
    return Effect.tap(read, (seen) => Effect.sync(() => void scans.set(journal, { at: now, seen })))
  })

const listed = (journal: Service): Effect.Effect<Listing, JournalFailed> =>
  Effect.map(journal.ids, (ids) => {
    const byRequest = new Map<string, Array<string>>()
    for (const id of ids) {
      const told = toldBy(id)
      if (told === undefined) continue
      const all = byRequest.get(told.request) ?? []
      byRequest.set(told.request, all)
      all.push(id)
    }
    const ofKeys = ids.filter(isOfKey)
    const there = new Set(ofKeys)
    const known = settled.get(journal) ?? new Set<string>()
    for (const id of known) if (!there.has(id)) known.delete(id)
    settled.set(journal, known)
    return { byRequest, ofKeys }
  })

const readable = (journal: Service, ids: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Entry | Tombstone>> =>
  Effect.map(Effect.forEach(ids, journal.read, { concurrency: 16 }), (all) =>
    all.filter((each) => each !== undefined).filter((each) => each._tag !== "Damaged")
  )

const isYoung = ({ at }: { readonly at: number }, now: number): boolean => Math.abs(now - at) <= guardFor

const mayBeUnknown = (each: Entry | Tombstone): boolean =>
  each._tag === "Tombstone" ? each.outcome === "Unknown" : each.fate._tag === "Intent" || each.fate._tag === "Unknown"

/**
 * The `SubmitUnknown` of the same request to the same account within the last ten minutes, by this process or in its journal.
 *
 * The ids of a journal are listed, at most every five seconds. An id without a key says for which request it is; entries of keys are read until they
 * have led to a job.
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
    if (yield* stillUnknown(id, known)) return known.error
    forgetUnknown(mine, print, id)
  }
  if (journal === undefined) return undefined
  const probe = probes.get(journal) ?? Semaphore.makeUnsafe(1)
  probes.set(journal, probe)
  const look = probe.withPermits(1)(unknownIn(journal, asked, digest))
  const seen = yield* look
  if (seen !== "busy") return seen
  // Another process may be checking the same dead intent; one that works on it still does so after this wait.
  yield* Effect.sleep(aLook)
  const again = yield* look
  return again === "busy" ? undefined : again
})

const unknownIn = Effect.fnUntraced(function* (
  journal: Service,
  asked: Asked,
  digest: string
): Effect.fn.Return<JobError | "busy" | undefined, JournalFailed> {
  const now = yield* Clock.currentTimeMillis
  const { byRequest, ofKeys } = yield* scanned(idScans, journal, listed(journal), now)
  const known = settled.get(journal)
  const keyed = yield* readable(
    journal,
    ofKeys.filter((id) => known?.has(id) !== true)
  )
  for (const each of keyed) if (!mayBeUnknown(each)) known?.add(each.id)
  const named = (byRequest.get(shortened(digest)) ?? []).filter((id) => isYoung(toldBy(id) ?? { at: 0 }, now))
  let isBusy = false
  for (const each of [...keyed, ...(yield* readable(journal, named))]) {
    if (accountKey(each) !== accountKey(asked) || each.digest !== digest || !isYoung(each, now)) continue
    if (!mayBeUnknown(each)) continue
    if (!isOpen(each) || !(yield* isHeld(journal, each.id))) return unknownOf(each)
    isBusy = true
  }
  return isBusy ? "busy" : undefined
})

/** Whether an outcome that this process knows to be unknown is so for its journal too: another process may have resolved it. */
const stillUnknown = (id: string, { kept }: Unknown): Effect.Effect<boolean> =>
  kept === undefined
    ? Effect.succeed(true)
    : Effect.map(
        kept.journal.read(id),
        (there) => there?._tag === "Damaged" || (there !== undefined && there.attempt === kept.attempt && mayBeUnknown(there))
      )

const isOpen = (each: Entry | Tombstone): boolean => each._tag === "Entry" && each.fate._tag === "Intent"

/** An intent counts once no living process works on it. */
const isHeld = (journal: Service, id: string): Effect.Effect<boolean, JournalFailed> =>
  Effect.flatMap(acquireExclusive(journal, id), (free) => (free ? Effect.as(release(journal, id), false) : Effect.succeed(true)))

/**
 * Counts one more submission of an account, or says why not. What other processes have written counts if it is older than five seconds.
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
