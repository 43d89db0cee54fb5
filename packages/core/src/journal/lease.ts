/**
 * Who of this process works on an entry of the journal: its submission, its watcher, a save. They share one claim, which goes back with the last of
 * them. Others, of this process or another, have none meanwhile.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { JournalFailed } from "../job/JobError.ts"

/** What of a journal is needed here. */
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

/** For one who must be alone: `false` where anybody works on it. */
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

/** As `acquireExclusive`, for as long as the scope lasts. */
export const scopedExclusive = (journal: Service, id: string): Effect.Effect<boolean, JournalFailed, Scope.Scope> =>
  Effect.acquireRelease(acquireExclusive(journal, id), (mine) => (mine ? release(journal, id) : Effect.void))

/** For one who goes on with what somebody of this process works on. `false` where another does. */
export const acquireShared = (journal: Service, id: string): Effect.Effect<boolean, JournalFailed> =>
  Effect.suspend(() => {
    const other = sharesOf(journal).get(id)
    if (other === undefined) return acquireExclusive(journal, id)
    // It may be about to have it, and may fail.
    return Effect.flatMap(Deferred.await(other.taken), (isOurs) => {
      if (!isOurs || sharesOf(journal).get(id) !== other) return acquireShared(journal, id)
      other.count += 1
      return Effect.succeed(true)
    })
  }).pipe(Effect.uninterruptible)

/** As `acquireShared`, for as long as the scope lasts. */
export const scopedShared = (journal: Service, id: string): Effect.Effect<boolean, JournalFailed, Scope.Scope> =>
  Effect.acquireRelease(acquireShared(journal, id), (mine) => (mine ? release(journal, id) : Effect.void))

/** As `acquireShared`, for one who goes on all the same where nobody can tell. */
export const tryAcquireShared = (journal: Service, id: string): Effect.Effect<boolean> =>
  Effect.orElseSucceed(acquireShared(journal, id), () => false)

/** Who had a share gives it back. */
export const release = (journal: Service, id: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    const mine = sharesOf(journal).get(id)
    if (mine !== undefined && --mine.count > 0) return Effect.void
    sharesOf(journal).delete(id)
    return journal.release(id)
  })
