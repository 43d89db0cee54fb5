/** The journal in a browser's storage for the Promise API: its code is loaded when a job is first written or read. */
import * as Effect from "effect/Effect"
import { Journal } from "../journal/Journal.ts"
import { demandOptions, type Options } from "../journal/journalOptions.ts"

/**
 * The journal in a browser's `localStorage` or `sessionStorage`, as a value for `createClient`: `KeyValueJournal.inStorage`, loaded when it is needed.
 *
 * Give a function where the code is also loaded by a server, or where the browser may block storage: it is called when something is read or written.
 * If there is no storage then, or it is full, what needed it fails with `JournalFailed`, and a submission sends nothing.
 *
 * **Example** (A page that finds its jobs again after a reload)
 *
 * ```ts
 * import { createClient, inStorage } from "@reelay/core/promise"
 * import { xai } from "@reelay/providers/xai"
 *
 * export const client = (apiKey: string) => createClient({ provider: xai({ apiKey }), journal: inStorage(() => localStorage) })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const inStorage = (storage: Storage | (() => Storage), options: Options = {}): Journal["Service"] => {
  demandOptions(options)
  let made: Journal["Service"] | undefined
  const journal = Effect.map(
    Effect.promise(() => import("../journal/KeyValueJournal.ts")),
    (module) => (made ??= module.inStorage(storage, options))
  )
  const by = <A, E>(use: (journal: Journal["Service"]) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => (made === undefined ? Effect.flatMap(journal, use) : use(made)))
  return Journal.of({
    write: (entry) => by(({ write }) => write(entry)),
    create: (entry) => by(({ create }) => create(entry)),
    swap: (id, attempt, to) => by(({ swap }) => swap(id, attempt, to)),
    remove: (id) => by(({ remove }) => remove(id)),
    read: (id) => by(({ read }) => read(id)),
    entries: by(({ entries }) => entries),
    all: by(({ all }) => all),
    ids: by(({ ids }) => ids),
    claim: (id) => by(({ claim }) => claim(id)),
    release: (id) => by(({ release }) => release(id)),
    // Both are asked about what was read or written before.
    open: (ref) => made?.open(ref),
    learn: (entry) => made?.learn(entry)
  })
}
