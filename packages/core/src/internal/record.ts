/** What the journal is told of one submission. Without a journal all of it is nothing. */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type End, type Entry, isOpen, Journal } from "../Journal.ts"
import type { JournalFailed } from "../JobError.ts"
import type { JobRef } from "../JobRef.ts"
import type { JobState } from "../JobState.ts"
import type { Provider, Submission } from "../Provider.ts"
import { accountOf } from "./checked.ts"

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
  /** Nothing more will be sent: an intent that was surely not accepted is forgotten. */
  readonly settled: Effect.Effect<void>
}

/** How the journal follows the watcher of one job. */
export interface Following {
  readonly begun: Effect.Effect<void>
  /** Nobody listens any more, or the job was lost sight of. */
  readonly left: Effect.Effect<void>
  readonly ended: (state: JobState) => Effect.Effect<void>
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
  if (place === undefined) yield* journal.claim(intent.id)
  yield* Effect.onError(journal.write(intent), () => journal.release(intent.id))
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
      return quietly(
        tell((journal, intent) =>
          Effect.andThen(journal.write({ ...intent, fate: { _tag: "Unknown", detail } }), journal.release(intent.id))
        )
      )
    },
    settled: Effect.suspend(() => (pending ? Effect.void : quietly(tell((journal, intent) => journal.remove(intent.id)))))
  }
}

/** Takes up an entry that another process has left: tells whether it is ours now. One that is closed stays closed. */
export const adopt = (journal: Journal["Service"], entry: Entry): Effect.Effect<boolean, JournalFailed> =>
  isOpen(entry) ? Effect.tap(journal.claim(entry.id), () => Effect.sync(() => journal.learn(entry))) : Effect.succeed(false)

/** Keeps an entry up to date with what the watcher sees. */
export const following = Effect.fnUntraced(function* (ref: JobRef, held: boolean): Effect.fn.Return<Following> {
  const found = yield* Effect.serviceOption(Journal)
  if (Option.isNone(found)) return unfollowed
  const journal = found.value
  let holding = held
  const entry = (): Entry | undefined => journal.open(ref)
  const release = (): Effect.Effect<void> => {
    const open = entry()
    if (!holding || open === undefined) return Effect.void
    holding = false
    return journal.release(open.id)
  }
  return {
    begun: Effect.suspend(() => {
      const open = entry()
      if (holding || open === undefined) return Effect.void
      return Effect.map(
        Effect.orElseSucceed(journal.claim(open.id), () => false),
        (mine) => void (holding = mine)
      )
    }),
    left: Effect.suspend(release),
    ended: (state) =>
      Effect.suspend(() => {
        const open = entry()
        const end = endOf(state)
        if (open === undefined || end === undefined || (end === "Succeeded" && open.saveTo !== undefined)) return Effect.void
        return close(journal, open, ref, end, state.at)
      })
  }
})

/** A provider at the address of a job that the journal knows: this user's own process has sent the key there before. */
export const trusting = Effect.fnUntraced(function* (provider: Provider<never>, ref: JobRef): Effect.fn.Return<Provider<never>> {
  const found = yield* Effect.serviceOption(Journal)
  return Option.isSome(found) && found.value.open(ref) !== undefined ? { ...provider, baseUrl: ref.baseUrl } : provider
})

/** Notes that the video is on disk: nothing is left to do. */
export const saved = Effect.fnUntraced(function* (ref: JobRef): Effect.fn.Return<void> {
  const found = yield* Effect.serviceOption(Journal)
  const entry = Option.isNone(found) ? undefined : found.value.open(ref)
  if (Option.isNone(found) || entry === undefined) return
  yield* close(found.value, entry, ref, "Saved", yield* Clock.currentTimeMillis)
})

/** Lets go of an entry whose video could not be saved: whoever resumes the job may try. */
export const unsaved = Effect.fnUntraced(function* (ref: JobRef): Effect.fn.Return<void> {
  const found = yield* Effect.serviceOption(Journal)
  const entry = Option.isNone(found) ? undefined : found.value.open(ref)
  if (Option.isSome(found) && entry !== undefined) yield* found.value.release(entry.id)
})

/** What can't be written now is found out again by whoever resumes: that costs a look, and no money. */
const close = (journal: Journal["Service"], entry: Entry, ref: JobRef, end: End, at: number): Effect.Effect<void> =>
  journal.write({ ...entry, fate: { _tag: "Closed", ref, end, at } }).pipe(
    Effect.catch(({ detail }) => Effect.logWarning(`${detail}; the entry ${entry.id} stays open`)),
    Effect.andThen(journal.release(entry.id)),
    Effect.uninterruptible
  )

const endOf = (state: JobState): Exclude<End, "Saved"> | undefined => {
  switch (state._tag) {
    case "Succeeded":
    case "Failed":
    case "Expired":
    case "Cancelled":
      return state._tag
    case "Submitted":
    case "Queued":
    case "Running":
      return undefined
  }
}

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
