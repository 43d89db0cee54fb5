/**
 * Who of this process works on an entry of the journal: its submission, its watcher, a save. They share one claim, which goes back with the last of
 * them. Others, of this process or another, have none meanwhile.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { JournalFailed } from "../JobError.ts"

/** What of a journal is needed here. */
interface Service {
  readonly claim: (id: string) => Effect.Effect<boolean, JournalFailed>
  readonly release: (id: string) => Effect.Effect<void>
}

const shares = new WeakMap<Service, Map<string, number>>()

const sharesOf = (journal: Service): Map<string, number> => {
  const known = shares.get(journal) ?? new Map<string, number>()
  shares.set(journal, known)
  return known
}

/** For one who must be alone: `false` where anybody works on it. */
export const take = (journal: Service, id: string): Effect.Effect<boolean, JournalFailed> =>
  Effect.tap(journal.claim(id), (mine) => Effect.sync(() => void (mine && sharesOf(journal).set(id, 1)))).pipe(Effect.uninterruptible)

/** As `take`, for as long as the scope lasts. */
export const scoped = (journal: Service, id: string): Effect.Effect<boolean, JournalFailed, Scope.Scope> =>
  Effect.acquireRelease(take(journal, id), (mine) => (mine ? drop(journal, id) : Effect.void))

/** For one who goes on with what somebody of this process works on. `false` where another does. */
export const join = (journal: Service, id: string): Effect.Effect<boolean, JournalFailed> =>
  Effect.suspend(() => {
    const others = sharesOf(journal).get(id)
    if (others === undefined) return take(journal, id)
    sharesOf(journal).set(id, others + 1)
    return Effect.succeed(true)
  })

/** As `join`, for as long as the scope lasts. */
export const scopedJoin = (journal: Service, id: string): Effect.Effect<boolean, JournalFailed, Scope.Scope> =>
  Effect.acquireRelease(join(journal, id), (mine) => (mine ? drop(journal, id) : Effect.void))

/** As `join`, for one who goes on all the same where nobody can tell. */
export const share = (journal: Service, id: string): Effect.Effect<boolean> => Effect.orElseSucceed(join(journal, id), () => false)

/** Who had a share gives it back. */
export const drop = (journal: Service, id: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    const others = (sharesOf(journal).get(id) ?? 1) - 1
    if (others > 0) {
      sharesOf(journal).set(id, others)
      return Effect.void
    }
    sharesOf(journal).delete(id)
    return journal.release(id)
  })
