/**
 * What in this process works on an entry of the journal: its submission, its watcher, a save. They share one claim, which the last of them
 * releases. Meanwhile no other work, in this process or another, has one.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { JournalFailed } from "../job/JobError.ts"

/** The part of a journal that is needed here. */
interface Service {
  readonly claim: (id: string) => Effect.Effect<boolean, JournalFailed>
  readonly release: (id: string) => Effect.Effect<void>
}

/** A claim of this process, or one that it is about to have. */
interface Share {
  count: number
  readonly taken: Deferred.Deferred<boolean>
}

const shares = new WeakMap<Service, Map<string, Share>>()

const sharesOf = (journal: Service): Map<string, Share> => {
  const known = shares.get(journal) ?? new Map<string, Share>()
  shares.set(journal, known)
  return known
}

/** For exclusive work: `false` if anything works on the entry. */
export const acquireExclusive = (journal: Service, id: string): Effect.Effect<boolean, JournalFailed> =>
  Effect.suspend(() => {
    const all = sharesOf(journal)
    if (all.has(id)) return Effect.succeed(false)
    const mine: Share = { count: 1, taken: Deferred.makeUnsafe() }
    all.set(id, mine)
    const known = (isMine: boolean) =>
      Effect.suspend(() => {
        if (!isMine) all.delete(id)
        return Deferred.succeed(mine.taken, isMine)
      })
    return journal.claim(id).pipe(
      Effect.tap(known),
      Effect.onError(() => known(false))
    )
  }).pipe(Effect.uninterruptible)

/** Like `acquireExclusive`, for as long as the scope lasts. */
export const scopedExclusive = (journal: Service, id: string): Effect.Effect<boolean, JournalFailed, Scope.Scope> =>
  Effect.acquireRelease(acquireExclusive(journal, id), (mine) => (mine ? release(journal, id) : Effect.void))

/** For work that shares this process's claim. `false` if another process works on the entry. */
export const acquireShared = (journal: Service, id: string): Effect.Effect<boolean, JournalFailed> =>
  Effect.suspend(() => {
    const other = sharesOf(journal).get(id)
    if (other === undefined) return acquireExclusive(journal, id)
    // The claim may be in progress, and may fail.
    return Effect.flatMap(Deferred.await(other.taken), (isOurs) => {
      if (!isOurs || sharesOf(journal).get(id) !== other) return acquireShared(journal, id)
      other.count += 1
      return Effect.succeed(true)
    })
  }).pipe(Effect.uninterruptible)

/** Like `acquireShared`, for as long as the scope lasts. */
export const scopedShared = (journal: Service, id: string): Effect.Effect<boolean, JournalFailed, Scope.Scope> =>
  Effect.acquireRelease(acquireShared(journal, id), (mine) => (mine ? release(journal, id) : Effect.void))

/** Like `acquireShared`, for work that continues even if the claim can't be checked. */
export const tryAcquireShared = (journal: Service, id: string): Effect.Effect<boolean> =>
  Effect.orElseSucceed(acquireShared(journal, id), () => false)

/** Releases a share. */
export const release = (journal: Service, id: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    const mine = sharesOf(journal).get(id)
    if (mine !== undefined && --mine.count > 0) return Effect.void
    sharesOf(journal).delete(id)
    return journal.release(id)
  })
