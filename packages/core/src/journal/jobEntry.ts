/** The journal's side of a job that is watched or saved. Without a journal it does nothing. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { JobRef } from "../job/JobRef.ts"
import type { Terminal } from "../job/JobState.ts"
import { providerAt } from "../provider/account.ts"
import type { Provider } from "../provider/Provider.ts"
import { changed } from "./changes.ts"
import { type End, type Entry, Journal } from "./Journal.ts"
import { release, tryAcquireShared } from "./lease.ts"

/** The journal's callbacks for the watcher of one job. */
export interface JobEntry {
  readonly begun: Effect.Effect<void>
  /** The last watcher left, or the job was lost. */
  readonly left: Effect.Effect<void>
  readonly ended: (state: Terminal) => Effect.Effect<void>
}

/** Keeps an entry up to date with what the watcher sees. */
export const jobEntry = Effect.fnUntraced(function* (ref: JobRef): Effect.fn.Return<JobEntry | undefined> {
  const found = yield* Effect.serviceOption(Journal)
  if (Option.isNone(found)) return undefined
  const journal = found.value
  const entry = (): Entry | undefined => journal.open(ref)
  /** The entry that the watcher shares. */
  let holding: string | undefined
  return {
    begun: Effect.suspend(() => {
      const id = entry()?.id
      if (holding !== undefined || id === undefined) return Effect.void
      return Effect.map(tryAcquireShared(journal, id), (mine) => void (holding = mine ? id : undefined))
    }),
    left: Effect.suspend(() => {
      const id = holding
      holding = undefined
      return id === undefined ? Effect.void : release(journal, id)
    }),
    ended: (state) =>
      Effect.suspend(() => {
        const open = entry()
        if (open === undefined || (open.saveTo !== undefined && isToSave(state))) return Effect.void
        return close(journal, open, ref, state._tag, state.at)
      })
  }
})

/** A video that was delivered elsewhere is not waited for. */
const isToSave = (state: Terminal): boolean => state._tag === "Succeeded" && state.artifacts.some(({ kind }) => kind !== "delivered")

/** A provider at the address of a job in the journal: this user's own process has sent the key there before. */
export const trusting = Effect.fnUntraced(function* (provider: Provider<never>, ref: JobRef): Effect.fn.Return<Provider<never>> {
  const found = yield* Effect.serviceOption(Journal)
  return Option.isSome(found) && found.value.open(ref) !== undefined ? providerAt(provider, ref.baseUrl) : provider
})

/** Records that the video is on disk, and where: nothing is left to do. */
export const saved = Effect.fnUntraced(function* (ref: JobRef, path: string): Effect.fn.Return<void> {
  const found = yield* Effect.serviceOption(Journal)
  const entry = Option.isNone(found) ? undefined : found.value.open(ref)
  if (Option.isNone(found) || entry === undefined) return
  yield* close(found.value, { ...entry, saveTo: path }, ref, "Saved", yield* Clock.currentTimeMillis)
})

/** Records that the caller has the whole video in memory. */
export const delivered = Effect.fnUntraced(function* (ref: JobRef): Effect.fn.Return<void> {
  const found = yield* Effect.serviceOption(Journal)
  const entry = Option.isNone(found) ? undefined : found.value.open(ref)
  if (Option.isNone(found) || entry === undefined) return
  yield* close(found.value, entry, ref, "Succeeded", yield* Clock.currentTimeMillis)
})

/** Holds the entry of a job while its video is being saved; after that another process may resume it. */
export const whileSaving = <A, E, R>(ref: JobRef, save: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.gen(function* () {
      const found = yield* Effect.serviceOption(Journal)
      const entry = Option.isNone(found) ? undefined : found.value.open(ref)
      if (Option.isNone(found) || entry === undefined || !(yield* tryAcquireShared(found.value, entry.id))) return Effect.void
      return release(found.value, entry.id)
    }),
    () => save,
    (letGo) => letGo
  )

/** If an end can't be written now, resuming the job finds it again: that costs a poll, and no money. */
const close = (journal: Journal["Service"], entry: Entry, ref: JobRef, end: End, at: number): Effect.Effect<void> =>
  journal.write({ ...entry, fate: { _tag: "Closed", ref, end, at } }).pipe(
    Effect.andThen(Effect.sync(() => changed(journal, ref))),
    Effect.catch(({ detail }) => Effect.logWarning(`${detail}; the entry ${entry.id} stays open`)),
    Effect.uninterruptible
  )
