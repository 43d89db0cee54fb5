/** What the journal is told of one submission. Without a journal all of it is nothing. */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type End, type Entry, Journal } from "../Journal.ts"
import type { JournalFailed } from "../JobError.ts"
import type { JobRef } from "../JobRef.ts"
import type { Terminal } from "../JobState.ts"
import type { Provider, Submission } from "../Provider.ts"
import { accountOf } from "./checked.ts"
import { drop, share, take } from "./hold.ts"

/** What a caller wants to be remembered with a job. */
export interface Notes {
  readonly label?: string | undefined
  readonly batch?: string | undefined
  readonly key?: string | undefined
  readonly saveTo?: string | undefined
}

/** Where an entry of a batch lies: known beforehand, and held by whoever runs the batch. */
export interface Place {
  readonly id: string
}

/** One submission, as the journal follows it. */
export interface Record {
  /** The job, once it is one. */
  readonly ref: () => JobRef | undefined
  /** From here on the provider may have accepted it. */
  readonly sending: Effect.Effect<void>
  /** The answer says that it was not accepted: it may be sent again. */
  readonly refused: Effect.Effect<void>
  readonly accepted: (ref: JobRef) => Effect.Effect<void, JournalFailed>
  readonly unknown: (detail: string) => Effect.Effect<void>
  /** Whether nobody knows what became of it. */
  readonly isUnknown: () => boolean
  /** Nothing more will be sent: an intent that was surely not accepted is forgotten, and whoever comes may take up any other. */
  readonly settled: Effect.Effect<void>
}

/** How the journal follows the watcher of one job. */
export interface Following {
  readonly begun: Effect.Effect<void>
  /** Nobody listens any more, or the job was lost sight of. */
  readonly left: Effect.Effect<void>
  readonly ended: (state: Terminal) => Effect.Effect<void>
}

const unfollowed: Following = { begun: Effect.void, left: Effect.void, ended: () => Effect.void }

/** Writes the intent. It is durable when this returns; where it can't be written, nothing may be sent. */
export const intend = Effect.fnUntraced(function* (
  provider: Provider<never>,
  { call, kind }: Submission,
  notes: Notes,
  place?: Place
): Effect.fn.Return<Record, JournalFailed> {
  const found = yield* Effect.serviceOption(Journal)
  if (Option.isNone(found)) return recordOf(undefined)
  const journal = found.value
  const at = yield* Clock.currentTimeMillis
  const intent: Entry = {
    _tag: "Entry",
    id: place?.id ?? idAt(at),
    provider: provider.definition.name,
    kind,
    baseUrl: provider.baseUrl,
    account: accountOf(provider),
    digest: yield* digestOf(call),
    at,
    ...notes,
    fate: { _tag: "Intent" }
  }
  yield* place === undefined ? take(journal, intent.id) : share(journal, intent.id)
  yield* Effect.onError(journal.write(intent), () => drop(journal, intent.id))
  return recordOf({ journal, intent })
})

const recordOf = (written: { readonly journal: Journal["Service"]; readonly intent: Entry } | undefined): Record => {
  /** Whether the provider may have accepted it. */
  let pending = false
  let known: JobRef | undefined
  let isUnknown = false
  const tell = (
    use: (journal: Journal["Service"], intent: Entry) => Effect.Effect<void, JournalFailed>
  ): Effect.Effect<void, JournalFailed> => (written === undefined ? Effect.void : use(written.journal, written.intent))
  const quietly = (effect: Effect.Effect<void, JournalFailed>): Effect.Effect<void> =>
    effect.pipe(
      Effect.catch(({ detail }) => Effect.logWarning(`${detail}; the entry ${written?.intent.id} stays an intent of unknown fate`))
    )
  return {
    ref: () => known,
    sending: Effect.sync(() => void (pending = true)),
    refused: Effect.sync(() => void (pending = false)),
    accepted: (ref) =>
      Effect.suspend(() => {
        known = ref
        return tell((journal, intent) => journal.write({ ...intent, fate: { _tag: "Accepted", ref } }))
      }),
    isUnknown: () => isUnknown,
    unknown: (detail) => {
      isUnknown = true
      return quietly(tell((journal, intent) => journal.write({ ...intent, fate: { _tag: "Unknown", detail } })))
    },
    settled: Effect.suspend(() => {
      if (written === undefined) return Effect.void
      const { intent, journal } = written
      return Effect.andThen(pending ? Effect.void : quietly(journal.remove(intent.id)), drop(journal, intent.id))
    })
  }
}

/** Keeps an entry up to date with what the watcher sees. */
export const following = Effect.fnUntraced(function* (ref: JobRef): Effect.fn.Return<Following> {
  const found = yield* Effect.serviceOption(Journal)
  if (Option.isNone(found)) return unfollowed
  const journal = found.value
  const entry = (): Entry | undefined => journal.open(ref)
  /** The entry that the watcher has a share of. */
  let holding: string | undefined
  return {
    begun: Effect.suspend(() => {
      const id = entry()?.id
      if (holding !== undefined || id === undefined) return Effect.void
      return Effect.map(share(journal, id), (mine) => void (holding = mine ? id : undefined))
    }),
    left: Effect.suspend(() => {
      const id = holding
      holding = undefined
      return id === undefined ? Effect.void : drop(journal, id)
    }),
    ended: (state) =>
      Effect.suspend(() => {
        const open = entry()
        if (open === undefined || (state._tag === "Succeeded" && open.saveTo !== undefined)) return Effect.void
        return close(journal, open, ref, state._tag, state.at)
      })
  }
})

/** A provider at the address of a job that the journal knows: this user's own process has sent the key there before. */
export const trusting = Effect.fnUntraced(function* (provider: Provider<never>, ref: JobRef): Effect.fn.Return<Provider<never>> {
  const found = yield* Effect.serviceOption(Journal)
  return Option.isSome(found) && found.value.open(ref) !== undefined ? { ...provider, baseUrl: ref.baseUrl } : provider
})

/** Notes that the video is on disk, and where: nothing is left to do. */
export const saved = Effect.fnUntraced(function* (ref: JobRef, path: string): Effect.fn.Return<void> {
  const found = yield* Effect.serviceOption(Journal)
  const entry = Option.isNone(found) ? undefined : found.value.open(ref)
  if (Option.isNone(found) || entry === undefined) return
  yield* close(found.value, { ...entry, saveTo: path }, ref, "Saved", yield* Clock.currentTimeMillis)
})

/** Keeps the entry of a job from others while its video is being saved; whoever resumes the job may try after that. */
export const whileSaving = <A, E, R>(ref: JobRef, save: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.gen(function* () {
      const found = yield* Effect.serviceOption(Journal)
      const entry = Option.isNone(found) ? undefined : found.value.open(ref)
      if (Option.isNone(found) || entry === undefined || !(yield* share(found.value, entry.id))) return Effect.void
      return drop(found.value, entry.id)
    }),
    () => save,
    (letGo) => letGo
  )

/** What can't be written now is found out again by whoever resumes: that costs a look, and no money. */
const close = (journal: Journal["Service"], entry: Entry, ref: JobRef, end: End, at: number): Effect.Effect<void> =>
  journal.write({ ...entry, fate: { _tag: "Closed", ref, end, at } }).pipe(
    Effect.catch(({ detail }) => Effect.logWarning(`${detail}; the entry ${entry.id} stays open`)),
    Effect.uninterruptible
  )

/** One place for one key of a batch, in whatever process: two that run the same batch can't both submit it. */
export const placeOf = (batch: string, key: string): Place => ({
  id: `batch-${bytesToHex(sha256(utf8ToBytes(JSON.stringify([batch, key])))).slice(0, 32)}`
})

/** Is never made twice, in whatever process. */
const idAt = (at: number): string =>
  `${Math.max(0, Math.floor(at)).toString(36).padStart(9, "0")}-${bytesToHex(globalThis.crypto.getRandomValues(new Uint8Array(8)))}`

/** SHA-256 of a call: method, path, and body with the bytes of its files. */
export const digestOf = ({ body, method, path }: Submission["call"]): Effect.Effect<string> =>
  Effect.map(textOf(body), (text) => bytesToHex(sha256(utf8ToBytes(`${method} ${path}\n${text}`))))

const textOf = (body: Submission["call"]["body"]): Effect.Effect<string> => {
  if (body === undefined) return Effect.succeed("")
  if (body._tag === "Json") return Effect.sync(() => JSON.stringify(body.value))
  const parts = Effect.forEach(body.parts, ({ filename, name, value }) =>
    Effect.map(typeof value === "string" ? Effect.succeed(value) : fileDigest(value), (said) => [name, filename, said])
  )
  return Effect.map(parts, (all) => JSON.stringify(all))
}

const fileDigest = (file: Blob): Effect.Effect<string> =>
  Effect.promise(async () => bytesToHex(sha256(new Uint8Array(await file.arrayBuffer()))))
