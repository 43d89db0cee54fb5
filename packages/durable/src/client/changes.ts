/** Tells which rows have changed: by the database's notifications, and by asking from time to time for whoever is watched. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { channel, Notifications } from "../database/Notifications.ts"
import { Jobs } from "../store/Jobs.ts"

/** Asks this often for rows that are watched, if nothing notifies. */
const withoutNotifications = Duration.millis(500)
/** And if something does: a lost connection loses no change. */
const withNotifications = Duration.seconds(10)

/** `subscribe` gives a queue with something in it whenever the row may have changed. */
export class Changes extends Context.Service<
  Changes,
  { readonly subscribe: (key: string) => Effect.Effect<Queue.Dequeue<void>, never, Scope.Scope> }
>()("@reelay/durable/Changes") {}

const make = Effect.gen(function* () {
  const jobs = yield* Jobs
  const { sql } = jobs
  const notifier = yield* Notifications
  const watched = new Map<string, Set<Queue.Queue<void>>>()
  const seen = new Map<string, number>()
  let isListening = false

  const wake = (key: string): void => {
    for (const queue of watched.get(key) ?? []) Queue.offerUnsafe(queue, undefined)
  }

  /** The revisions of a page of watched rows, at most 500 in one statement. */
  const page = (keys: ReadonlyArray<string>) =>
    Effect.map(
      sql<{ readonly key: string; readonly revision: unknown }>`SELECT key, revision FROM reelay_job WHERE ${sql.in("key", keys)}`,
      (rows) => {
        for (const { key, revision } of rows) {
          if (seen.get(key) === Number(revision)) continue
          seen.set(key, Number(revision))
          wake(key)
        }
      }
    )

  const asked = Effect.suspend(() => {
    const keys = Array.from(watched.keys())
    const pages = Array.from({ length: Math.ceil(keys.length / 500) }, (_, index) => keys.slice(index * 500, (index + 1) * 500))
    return Effect.ignore(Effect.forEach(pages, page, { discard: true }))
  })

  yield* Effect.forkScoped(
    Effect.forever(
      Effect.andThen(
        Effect.suspend(() => Effect.sleep(isListening ? withNotifications : withoutNotifications)),
        asked
      )
    )
  )
  if (notifier !== undefined) {
    const listening = Effect.scoped(
      Effect.gen(function* () {
        const keys = yield* notifier.listen(channel)
        isListening = true
        // What changed while nobody listened.
        yield* asked
        yield* Stream.runForEach(keys, (key) => Effect.sync(() => wake(key)))
      })
    ).pipe(Effect.ensuring(Effect.sync(() => void (isListening = false))))
    yield* Effect.forkScoped(Effect.repeat(Effect.ignoreCause(listening), Schedule.spaced("1 second")))
  }

  return Changes.of({
    subscribe: (key) =>
      Effect.acquireRelease(
        Effect.gen(function* () {
          const queue = yield* Queue.sliding<void>(1)
          const all = watched.get(key) ?? new Set()
          watched.set(key, all.add(queue))
          return queue
        }),
        (queue) =>
          Effect.sync(() => {
            const all = watched.get(key)
            all?.delete(queue)
            if (all?.size !== 0) return
            watched.delete(key)
            seen.delete(key)
          })
      )
  })
})

export const layer = Layer.effect(Changes, make)
