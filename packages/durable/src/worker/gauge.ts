/** What a worker tells about itself. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** Counts of this process. */
export class Working extends Context.Service<Working, { running: number; done: number; failed: number }>()("@reelay/durable/Working") {
  static readonly layer = Layer.sync(Working, () => ({ running: 0, done: 0, failed: 0 }))
}

/** Counts a task while it runs, and how it ended. */
export const counted = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Working> =>
  Effect.gen(function* () {
    const gauge = yield* Working
    gauge.running += 1
    return yield* Effect.onExit(work, (exit) =>
      Effect.sync(() => {
        gauge.running -= 1
        if (exit._tag === "Success") gauge.done += 1
        else gauge.failed += 1
      })
    )
  })
