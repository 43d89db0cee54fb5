/** What stands between a submission and money that is spent twice, or beyond what its caller allows. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { drop, take } from "../internal/hold.ts"
import { type JobError, type JournalFailed, RateLimited } from "../JobError.ts"
import type { Entry, Journal, Tombstone } from "../Journal.ts"
import { unknownOf } from "./entryWriter.ts"
import { accountKey, type Asked, fingerprint, mayBeOf } from "./keys.ts"
import { guardFor, type Memory, noteSent, sentWithin, unknownOf as remembered } from "./memory.ts"

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

const scanned = <A>(scans: WeakMap<Service, Scan<A>>, journal: Service, read: Effect.Effect<A, JournalFailed>, now: number) =>
  Effect.suspend(() => {
    const last = scans.get(journal)
    if (last !== undefined && now >= last.at && now - last.at < fresh) return Effect.succeed(last.seen)
    return Effect.tap(read, (seen) => Effect.sync(() => void scans.set(journal, { at: now, seen })))
  })

const readable = (journal: Service): Effect.Effect<ReadonlyArray<Entry | Tombstone>, JournalFailed> =>
  Effect.map(journal.all, (all) => all.filter((each) => each._tag !== "Damaged"))

/**
 * The `SubmitUnknown` of the same request to the same account within the last ten minutes, by this process or in its journal.
 *
 * The journal is read whole once, and after that only for ids that name the request: what other processes make unknown under a key of its own is
 * seen after a restart.
 */
export const unknownTwin = Effect.fnUntraced(function* (
  mine: Memory,
  journal: Service | undefined,
  asked: Asked,
  digest: string,
  monotonic: number
): Effect.fn.Return<JobError | undefined, JournalFailed> {
  const known = remembered(mine, fingerprint(asked, digest), monotonic)
  if (known !== undefined || journal === undefined) return known
  const now = yield* Clock.currentTimeMillis
  const first = !entryScans.has(journal)
  const candidates = first
    ? (yield* scanned(entryScans, journal, readable(journal), now)).filter((each) => each.digest === digest)
    : (yield* Effect.forEach(
        (yield* scanned(idScans, journal, journal.ids, now)).filter((id) => mayBeOf(id, digest, now - guardFor)),
        journal.read
      )).filter((each) => each !== undefined && each._tag !== "Damaged")
  for (const each of candidates) {
    const isSame = accountKey(each) === accountKey(asked) && each.digest === digest && Math.abs(now - each.at) <= guardFor
    if (isSame && (yield* isUnknown(journal, each))) return unknownOf(each)
  }
  return undefined
})

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
  id: string,
  monotonic: number,
  max: MaxSubmissions | undefined
): Effect.fn.Return<RateLimited | undefined, JournalFailed> {
  const account = accountKey(asked)
  const written = new Set<string>()
  if (max !== undefined && journal !== undefined) {
    const now = yield* Clock.currentTimeMillis
    for (const each of yield* scanned(entryScans, journal, readable(journal), now)) {
      if (accountKey(each) === account && now - each.at < max.window) written.add(each.id)
    }
  }
  if (max !== undefined) {
    for (const sent of sentWithin(mine, account, monotonic, max.window)) written.add(sent)
    written.delete(id)
    if (written.size >= max.limit) {
      const window = Duration.format(Duration.millis(max.window))
      return new RateLimited({
        detail: `${written.size} submissions were sent within ${window}, and maxSubmissions allows ${max.limit}; nothing was sent`
      })
    }
  }
  noteSent(mine, account, id, monotonic)
  return undefined
})
