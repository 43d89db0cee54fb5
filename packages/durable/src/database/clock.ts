/** effect's Clock by the database's time: however their own clocks are set, all workers have one time line. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** A clock that shows `time` now, and continues by this process's monotonic one: a step of the wall clock moves nothing. */
export const clockAt = (own: Clock.Clock, time: number): Clock.Clock => {
  const offset = BigInt(Math.round(time)) * 1_000_000n - own.monotonicTimeNanosUnsafe()
  const nanos = (): bigint => own.monotonicTimeNanosUnsafe() + offset
  const millis = (): number => Number(nanos() / 1_000_000n)
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: () => own.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: own.monotonicTimeNanos,
    sleep: (duration) => own.sleep(duration)
  }
}
