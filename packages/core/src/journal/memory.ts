/** What a process remembers about its own submissions, from any API. Each clock has one memory: a test with its own time starts fresh. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { JobError } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import type { Damaged, Entry, Tombstone } from "./Entry.ts"
import { accountKey, type Asked } from "./keys.ts"

/** Times are milliseconds on the monotonic clock. */
export interface Memory {
  /** The submission of each key, by its id; for each journal, and for callers without one. */
  readonly keys: WeakMap<object, Map<string, Keyed>>
  /** Submissions with an unknown outcome, by fingerprint, then by id. */
  readonly unknown: Map<string, Map<string, Unknown>>
  /** Attempts that may have been accepted, by account: when each began. */
  readonly sent: Map<string, Map<string, number>>
  /** Ids of jobs that an account is known to own: its submission was accepted, or its poll answered, in this process. */
  readonly owned: Map<string, Set<string>>
}

/** The outcome of a key outlives its value; the value itself is kept only as long as a caller holds it. */
export interface Keyed {
  readonly digest: string
  readonly value: WeakRef<object>
  /** Keeps the value while a requested wait must be remembered. */
  waits?: object | undefined
  outcome: { readonly _tag: "Accepted"; readonly ref: JobRef } | { readonly _tag: "Unknown"; readonly error: JobError } | undefined
}

export interface Unknown {
  readonly error: JobError
  readonly at: number
  /** The journal's entry, if there is one. */
  readonly kept: { readonly journal: Reader; readonly attempt: string | undefined } | undefined
}

/** The part of a journal that is needed here. */
interface Reader {
  readonly read: (id: string) => Effect.Effect<Entry | Tombstone | Damaged | undefined>
}

/** How long the same request is refused after one with an unknown outcome: 10 minutes. */
export const guardFor = 600_000

/** The maximum of jobs of an account that are remembered as its own. The oldest are forgotten first: then a 401 ends the polling, which costs no money. */
const mostOwned = 20_000

const memories = new WeakMap<Clock.Clock, Memory>()

const memoryOf = (clock: Clock.Clock): Memory => {
  const known = memories.get(clock)
  if (known !== undefined) return known
  const fresh: Memory = { keys: new WeakMap(), unknown: new Map(), sent: new Map(), owned: new Map() }
  memories.set(clock, fresh)
  return fresh
}

export const memory: Effect.Effect<Memory> = Clock.clockWith((clock) => Effect.sync(() => memoryOf(clock)))

/** The keys of one journal, or of callers without a journal. */
export const keysOf = (mine: Memory, journal: object | undefined): Map<string, Keyed> => {
  const known = mine.keys.get(journal ?? mine)
  if (known !== undefined) return known
  const fresh = new Map<string, Keyed>()
  mine.keys.set(journal ?? mine, fresh)
  return fresh
}

/** A key's name among those: a journal's entry belongs to one account, and without a journal each account has its own keys. */
export const nameOfKey = (journal: object | undefined, asked: Asked, id: string): string =>
  journal === undefined ? `${accountKey(asked)}\n${id}` : id

/** Submissions of the same request that are younger than ten minutes, each with its id. */
export const unknownOf = ({ unknown }: Memory, fingerprint: string, now: number): ReadonlyArray<readonly [id: string, Unknown]> => {
  const all = Array.from(unknown.get(fingerprint) ?? [])
  const young = all.filter(([, { at }]) => now - at <= guardFor)
  if (young.length === 0) unknown.delete(fingerprint)
  return young
}

export const noteUnknown = ({ unknown }: Memory, fingerprint: string, id: string, made: Unknown): void => {
  const all = unknown.get(fingerprint) ?? new Map<string, Unknown>()
  // In the order of their last addition: entries that refuse nothing any more are not kept.
  unknown.delete(fingerprint)
  unknown.set(fingerprint, all.set(id, made))
  for (const [other, ofIt] of unknown) {
    if (Array.from(ofIt.values()).some(({ at }) => made.at - at <= guardFor)) break
    unknown.delete(other)
  }
}

export const forgetUnknown = ({ unknown }: Memory, fingerprint: string, id: string): void => void unknown.get(fingerprint)?.delete(id)

/** What the jobs of one account have in common. An id by itself is a text that the job has already. */
const ownership = (account: string, { baseUrl, kind, provider }: JobRef): string => `${account}\n${provider}\n${baseUrl}\n${kind}`

export const own = ({ owned }: Memory, account: string, ref: JobRef): void => {
  const key = ownership(account, ref)
  const ids = owned.get(key) ?? new Set<string>()
  if (ids.size === 0) owned.set(key, ids)
  ids.add(ref.id)
  if (ids.size <= mostOwned) return
  for (const oldest of ids) {
    ids.delete(oldest)
    return
  }
}

export const owns = ({ owned }: Memory, account: string, ref: JobRef): boolean => owned.get(ownership(account, ref))?.has(ref.id) === true

/** The attempts that this process has sent for an account within the last `window` milliseconds. */
export const sentWithin = ({ sent }: Memory, account: string, now: number, window: number): ReadonlyArray<string> =>
  Array.from(sent.get(account) ?? []).flatMap(([attempt, at]) => (now - at < window ? [attempt] : []))

/** Longer than any window that is counted in one process: a little over a day would do, a month is kept. */
const longestWindow = 31 * 24 * 3_600_000

export const noteSent = ({ sent }: Memory, account: string, attempt: string, now: number): void => {
  const all = sent.get(account) ?? new Map<string, number>()
  sent.set(account, all)
  all.set(attempt, now)
  // In the order of their beginning.
  for (const [old, at] of all) {
    if (now - at < longestWindow) break
    all.delete(old)
  }
}

export const unsend = ({ sent }: Memory, account: string, attempt: string): void => void sent.get(account)?.delete(attempt)
