/** The one durable store of a world: texts and claims. A process that has ended can change neither. */
import { type Journal, KeyValueJournal } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import { count, type Book, type Life } from "./life.ts"
import type * as Plan from "./plan.ts"

export interface Durable {
  readonly texts: Map<string, string>
  readonly holders: Map<string, Life>
}

export const durable = (): Durable => ({ texts: new Map(), holders: new Map() })

const failure = (method: string, said: string) => Effect.fail(new KeyValueStore.KeyValueStoreError({ method, message: said }))

/** The journal of one process. */
export const journalOf = (
  { holders, texts }: Durable,
  life: Life,
  { full, storage }: Pick<Plan.Process, "full" | "storage">,
  log: Book
) => {
  let writes = 0
  const step = <A>(method: string, run: () => Effect.Effect<A, KeyValueStore.KeyValueStoreError>) =>
    Effect.andThen(
      storage > 0 ? Effect.sleep(storage) : Effect.void,
      Effect.suspend(() => (life.alive() ? run() : failure(method, "EPIPE: the process is gone")))
    )
  const store = KeyValueStore.makeStringOnly({
    get: (key) => step("get", () => Effect.succeed(texts.get(key))),
    set: (key, text) =>
      step("set", () => {
        writes += 1
        if (full > 0 && writes % full === 0) {
          count(log, "storage: no space left")
          return failure("set", "ENOSPC: no space left on device")
        }
        texts.set(key, text)
        if (text.includes(`"_tag":"Intent"`)) life.hit("intent written")
        if (text.includes(`"_tag":"Accepted"`)) life.hit("ref written")
        return life.alive() ? Effect.void : failure("set", "EPIPE: the process is gone")
      }),
    remove: (key) => step("remove", () => Effect.sync(() => void texts.delete(key))),
    clear: Effect.die(new Error("no journal clears the store")),
    size: Effect.sync(() => texts.size),
    keys: step("keys", () => Effect.sync(() => [...texts.keys()]))
  })
  const claims: KeyValueJournal.Claims = {
    acquire: (id) =>
      Effect.sync(() => {
        if (!life.alive() || holders.get(id)?.alive() === true) return false
        holders.set(id, life)
        return true
      }),
    release: (id) =>
      Effect.sync(() => {
        if (holders.get(id) === life) holders.delete(id)
      })
  }
  return KeyValueJournal.make(store, { claims })
}

/** The entries of the store; nothing is pruned or forgotten in a soak. */
export const entries = ({ texts }: Durable): ReadonlyArray<Journal.Entry | Journal.Damaged> =>
  Array.from(texts, ([key, text]) => KeyValueJournal.fromText(key.replace("reelay/job/", ""), text)).filter(
    (found) => found._tag !== "Tombstone"
  )
