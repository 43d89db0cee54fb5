/** Milliseconds on the monotonic clock: a step of the wall clock moves no deadline. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

export const monotonicOf = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000

export const monotonic: Effect.Effect<number> = Clock.clockWith((clock) => Effect.sync(() => monotonicOf(clock)))
