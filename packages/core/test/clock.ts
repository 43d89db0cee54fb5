/** A clock that can be set wrong, and a machine that can sleep, over Effect's TestClock. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

const nanos = (millis: number): bigint => BigInt(millis) * 1_000_000n

export const make = Effect.map(
  Clock.clockWith((inner) => Effect.succeed(inner)),
  (inner) => {
    let wall = 0
    let asleep = 0
    const waking = new Set<Deferred.Deferred<void>>()
    const wallMillis = (): number => inner.currentTimeMillisUnsafe() + wall
    const wallNanos = (): bigint => inner.currentTimeNanosUnsafe() + nanos(wall)
    const monotonicNanos = (): bigint => inner.monotonicTimeNanosUnsafe() + nanos(asleep)
    const monotonicMillis = (): number => Number(monotonicNanos()) / 1_000_000

    /** A timer counts on the monotonic clock: if that leaps, every overdue timer ends at once. */
    const sleep = (duration: Duration.Duration): Effect.Effect<void> =>
      Effect.gen(function* () {
        const until = monotonicMillis() + Duration.toMillis(duration)
        while (monotonicMillis() < until) {
          const woken = yield* Deferred.make<void>()
          waking.add(woken)
          yield* Effect.race(inner.sleep(Duration.millis(until - monotonicMillis())), Deferred.await(woken)).pipe(
            Effect.ensuring(Effect.sync(() => waking.delete(woken)))
          )
        }
      })

    const clock: Clock.Clock = {
      currentTimeMillisUnsafe: wallMillis,
      currentTimeMillis: Effect.sync(wallMillis),
      currentTimeNanosUnsafe: wallNanos,
      currentTimeNanos: Effect.sync(wallNanos),
      monotonicTimeNanosUnsafe: monotonicNanos,
      monotonicTimeNanos: Effect.sync(monotonicNanos),
      sleep
    }
    /** Sets the wall clock. Milliseconds, in either direction. */
    const step = (by: number): Effect.Effect<void> => Effect.sync(() => void (wall += by))
    /** The machine sleeps: nothing runs meanwhile. The monotonic clocks of some systems count that time, and those of others do not. */
    const suspend = (millis: number, monotonic: "counts" | "stands still"): Effect.Effect<void> =>
      Effect.gen(function* () {
        wall += millis
        if (monotonic === "stands still") return
        asleep += millis
        for (const woken of Array.from(waking)) yield* Deferred.succeed(woken, undefined)
      })
    return { clock, step, suspend }
  }
)
