/** A journal whose store can be inspected, made to fail, and reopened as after a restart. */
import * as Effect from "effect/Effect"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Journal from "../src/journal/Journal.ts"
import * as KeyValueJournal from "../src/journal/KeyValueJournal.ts"

export const prefix = "reelay/job/"

const never = (_written: number): boolean => false

export const memory = () => {
  const data = new Map<string, string>()
  /** Every text that was ever written, in order. */
  const written: Array<string> = []
  let full = never
  const store = KeyValueStore.makeStringOnly({
    get: (key) => Effect.sync(() => data.get(key)),
    set: (key, value) =>
      Effect.suspend(() => {
        if (full(written.length)) {
          const cause = new Error("ENOSPC: no space left on device, write")
          return Effect.fail(new KeyValueStore.KeyValueStoreError({ method: "set", key, message: "Unable to set item", cause }))
        }
        data.set(key, value)
        written.push(value)
        return Effect.void
      }),
    remove: (key) => Effect.sync(() => void data.delete(key)),
    clear: Effect.sync(() => data.clear()),
    size: Effect.sync(() => data.size),
    keys: Effect.sync(() => [...data.keys()])
  })
  return {
    data,
    written,
    store,
    /** Decides by the number of earlier writes. */
    failing: (when: (written: number) => boolean) => (full = when),
    /** A process that has just started: nothing is claimed, nothing is known. */
    restart: () => KeyValueJournal.make(store)
  }
}

/** The entries that a process that has just started finds. */
export const remembered = (journal: Journal.Journal["Service"]) =>
  Effect.map(journal.entries, (entries) => entries.map((entry) => (entry._tag === "Damaged" ? "Damaged" : fateOf(entry))))

export const fateOf = ({ fate }: Journal.Entry): string => (fate._tag === "Closed" ? `Closed ${fate.end}` : fate._tag)

/** Puts a journal into the context. */
export const withJournal =
  (journal: Journal.Journal["Service"]) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.provideService(effect, Journal.Journal, journal)
