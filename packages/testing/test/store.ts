/** A store in memory that reports every write. */
import * as Effect from "effect/Effect"
import * as KeyValueStore from "effect/persistence/KeyValueStore"

export const storeOf = (onWrite: (key: string, value: string) => void = () => undefined): KeyValueStore.KeyValueStore => {
  const data = new Map<string, string>()
  return KeyValueStore.makeStringOnly({
    get: (key) => Effect.sync(() => data.get(key)),
    set: (key, value) =>
      Effect.sync(() => {
        onWrite(key, value)
        data.set(key, value)
      }),
    remove: (key) => Effect.sync(() => void data.delete(key)),
    clear: Effect.sync(() => data.clear()),
    size: Effect.sync(() => data.size),
    keys: Effect.sync(() => [...data.keys()])
  })
}
