/** The journal's side of one submission: its key, its intent and its outcome. Without a journal it does nothing. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { changed } from "./changes.ts"
import { JobError, JournalFailed, SubmitUnknown } from "../job/JobError.ts"
import type { JobRef, Kind } from "../job/JobRef.ts"
import { type Damaged, type Entry, type Journal, refOf, type Tombstone } from "./Journal.ts"
import { type Asked, attemptId, idAt, isSameJob } from "./keys.ts"
import { release, acquireShared, acquireExclusive } from "./lease.ts"

/** What a caller wants to be recorded with a job. */
export interface Metadata {
  readonly label?: string | undefined
  readonly saveTo?: string | undefined
}

/** A key's place in the journal, the same in every process. */
export interface EntryKey {
  readonly id: string
  readonly key: string
  readonly batch?: string | undefined
}

/** The earlier outcome of a key. */
export type Found =
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Job"; readonly ref: JobRef; readonly entry: Entry | Tombstone }
  | { readonly _tag: "Unknown"; readonly error: JobError }
  | { readonly _tag: "AnotherRequest" }

export interface EntryWriter {
  /** The id of the entry, once it is claimed. */
  readonly id: () => string
  /** The attempt that was last written. */
  readonly attempt: () => string | undefined
  /** Keeps others from the entry, in this process and elsewhere. `false`: another process works on it. */
  readonly claim: Effect.Effect<boolean, JournalFailed>
  readonly release: Effect.Effect<void>
  /** What the journal has before anything is sent. */
  readonly found: Effect.Effect<Found>
  /** Writes the intent of another attempt, atomically. It is durable when this returns "Written"; otherwise another process was first. */
  readonly write: (attempt: string) => Effect.Effect<Found | "Written", JournalFailed>
  /** Removes what the last attempt wrote, or what others made of it. `false`: it was gone, so another process owns it. */
  readonly remove: Effect.Effect<boolean>
  readonly accepted: (ref: JobRef) => Effect.Effect<void, JournalFailed>
  readonly unknown: (detail: string) => Effect.Effect<void>
}

const nothing: Found = { _tag: "Nothing" }

/** The writer without a journal. */
export const unwritten = (): EntryWriter => {
  const id = attemptId()
  return {
    id: () => id,
    attempt: () => undefined,
    claim: Effect.succeed(true),
    release: Effect.void,
    found: Effect.succeed(nothing),
    write: () => Effect.succeed("Written"),
    remove: Effect.succeed(true),
    accepted: () => Effect.void,
    unknown: () => Effect.void
  }
}

export const make = (
  journal: Journal["Service"],
  asked: Asked,
  kind: Kind,
  digest: string,
  { label, saveTo }: Metadata,
  place: EntryKey | undefined
): EntryWriter => {
  let id = place?.id ?? ""
  /** The intent of the last attempt. */
  let intent: Entry | undefined
  /** Whether it is in the journal. */
  let stands = false

  const quietly = (swapped: Effect.Effect<boolean, JournalFailed>): Effect.Effect<boolean> =>
    swapped.pipe(
      Effect.catch(({ detail }) => Effect.as(Effect.logWarning(`${detail}; the entry ${id} stays an intent of unknown fate`), true)),
      Effect.uninterruptible
    )

  const found: Effect.Effect<Found> = Effect.suspend(() =>
    place === undefined ? Effect.succeed(nothing) : Effect.map(journal.read(id), (there) => foundIn(there, asked.provider, digest, place))
  )

  const write = Effect.fnUntraced(function* (attempt: string): Effect.fn.Return<Found | "Written", JournalFailed> {
    const at = yield* Clock.currentTimeMillis
    const next: Entry = {
      _tag: "Entry",
      id,
      ...asked,
      kind,
      digest,
      at,
      label,
      batch: place?.batch,
      key: place?.key,
      saveTo,
      attempt,
      fate: { _tag: "Intent" }
    }
    const last = stands ? intent : undefined
    // It may have been written even if this fails: then it is ours to renew or to remove.
    intent = next
    stands = true
    const created = yield* Effect.tapError(journal.create(next), () => Effect.sync(() => void (intent = last ?? next)))
    // If the last attempt's intent could not be removed, it is renewed.
    const isOurs = created || (last !== undefined && (yield* journal.swap(id, last.attempt, next)))
    if (!isOurs) {
      intent = last
      stands = last !== undefined
      const there = yield* found
      // It was removed meanwhile, so another process is at work.
      return there._tag === "Nothing" ? yield* Effect.fail(busy(place)) : there
    }
    return "Written"
  }, Effect.uninterruptible)

  return {
    id: () => id,
    attempt: () => intent?.attempt,
    claim: Effect.suspend(() => {
      if (place !== undefined) return acquireShared(journal, place.id)
      return Effect.flatMap(Clock.currentTimeMillis, (now) => {
        id = idAt(now, digest)
        return acquireExclusive(journal, id)
      })
    }),
    release: Effect.suspend(() => release(journal, id)),
    found,
    write,
    remove: Effect.suspend(() => {
      if (intent === undefined || !stands) return Effect.succeed(true)
      return quietly(Effect.tap(journal.swap(id, intent.attempt, undefined), () => Effect.sync(() => void (stands = false))))
    }),
    accepted: Effect.fnUntraced(function* (ref) {
      if (intent === undefined) return
      // From here on it belongs to a job, and must not be removed.
      stands = false
      const entry: Entry = { ...intent, fate: { _tag: "Accepted", ref } }
      if ((yield* journal.swap(id, intent.attempt, entry)) || (yield* journal.create(entry))) return changed(journal, ref)
      const there = yield* journal.read(id)
      const known = there === undefined || there._tag === "Damaged" ? undefined : refOf(there)
      // A user has looked it up at the provider meanwhile.
      if (isSameJob(known, ref)) return
      // Another attempt has taken the key meanwhile. This job is paid for as well, and must not be lost.
      const extra: Entry = { ...entry, id: idAt(entry.at, digest), batch: undefined, key: undefined }
      yield* journal.write(extra)
      yield* Effect.logWarning(
        `The job ${ref.id} of ${ref.provider} was accepted by an attempt that had been given up; it is kept as the entry ${extra.id}`
      )
    }, Effect.uninterruptible),
    unknown: (detail) =>
      Effect.suspend(() =>
        intent === undefined
          ? Effect.void
          : Effect.map(quietly(journal.swap(id, intent.attempt, { ...intent, fate: { _tag: "Unknown", detail } })), () => changed(journal))
      )
  }
}

const foundIn = (there: Entry | Tombstone | Damaged | undefined, provider: string, digest: string, place: EntryKey | undefined): Found => {
  if (there === undefined) return nothing
  if (there._tag === "Damaged") {
    const detail = `the entry of ${named(place)} ${there.detail}; whether it was paid for is unknown, so it was not sent again`
    return { _tag: "Unknown", error: unknownBy(provider, new SubmitUnknown({ detail })) }
  }
  if (there.digest !== digest) return { _tag: "AnotherRequest" }
  const ref = refOf(there)
  return ref === undefined ? { _tag: "Unknown", error: unknownOf(there) } : { _tag: "Job", ref, entry: there }
}

/** How messages name a key. */
const named = (place: EntryKey | undefined): string =>
  place === undefined ? "this submission" : place.batch === undefined ? `the key ${place.key}` : `${place.key} in the batch ${place.batch}`

/** Another process works on the same key. */
export const busy = (place: EntryKey | undefined): JournalFailed =>
  new JournalFailed({ detail: `another process works on ${named(place)}` })

/** The error for an entry whose POST may have been accepted. */
export const unknownOf = (found: Entry | Tombstone): JobError => {
  const { account, at, baseUrl, kind, provider } = found
  const detail =
    found._tag === "Entry" && found.fate._tag === "Unknown"
      ? found.fate.detail
      : found._tag === "Tombstone"
        ? "no answer said whether it was accepted, and its entry was forgotten since"
        : "the process ended between its intent and the answer"
  return unknownBy(provider, new SubmitUnknown({ detail, sent: { kind, at, baseUrl, account } }))
}

const unknownBy = (provider: string, reason: SubmitUnknown): JobError => new JobError({ reason, provider, operation: "submit", attempt: 0 })
