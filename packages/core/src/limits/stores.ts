/** The stores of the limits, made safe: one that fails or hangs costs a moment, never a job. */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as RateLimiter from "effect/persistence/RateLimiter"

export interface Stores {
  readonly limiter: RateLimiter.RateLimiterStore["Service"]
  readonly breaker: CircuitBreaker.CircuitBreakerStore["Service"]
}

/** The longest that a store may take to answer. A Redis client that lost its server may wait for hours. */
const within = Duration.seconds(2)
/** How long a store that failed is not used, in milliseconds: meanwhile there are no shared limits. */
const apart = 10_000

/**
 * The wall clock as if it were never set: the stores in memory use it, and a step of an hour must not become a pause of an hour. `offset` is the wall
 * clock minus the monotonic one, in milliseconds, at some moment.
 */
export const steady = (clock: Clock.Clock, offset: number): Clock.Clock => {
  const nanos = (): bigint => clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(offset)) * 1_000_000n
  const millis = (): number => offset + Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
}

/** The same stores with a time limit on every answer. The first failure is logged. */
export const bounded = ({ breaker, limiter }: Stores): Stores => {
  let down = Number.NEGATIVE_INFINITY
  let said = false

  const asked =
    <E>(failure: (message: string) => E) =>
    <A, R>(ask: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.clockWith((clock) => {
        const now = (): number => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000
        if (now() < down) return Effect.fail(failure("the store did not answer a moment ago"))
        const fails = (message: string): Effect.Effect<never, E> =>
          Effect.suspend(() => {
            const first = !said
            said = true
            down = now() + apart
            const words = `The store of the shared limits failed (${message}): until it is back, jobs know only the pauses that this process has seen.`
            return Effect.andThen(first ? Effect.logWarning(words) : Effect.void, Effect.fail(failure(message)))
          })
        // A fiber of its own: the breaker calls this in an uninterruptible region, where a store that hangs would hang the job.
        return Effect.flatMap(Effect.forkDetach(ask, { startImmediately: true }), (fiber) =>
          Effect.flatMap(Effect.timeoutOption(Fiber.await(fiber), within), (exit) => {
            if (Option.isNone(exit)) {
              fiber.interruptUnsafe()
              return fails(`no answer within ${Duration.toSeconds(within)} s`)
            }
            if (Exit.isSuccess(exit.value)) return Effect.succeed(exit.value.value)
            const error = Cause.findErrorOption(exit.value.cause)
            return Option.isSome(error) && isRejection(error.value)
              ? Effect.fail(error.value)
              : fails(Option.isSome(error) && error.value instanceof Error ? error.value.message : "it died")
          })
        )
      })
  const limited = asked((message) => new RateLimiter.RateLimiterError({ reason: new RateLimiter.RateLimitStoreError({ message }) }))
  const broken = asked(
    (message) => new CircuitBreaker.CircuitBreakerError({ reason: new CircuitBreaker.CircuitBreakerStoreError({ message }) })
  )
  return {
    limiter: {
      fixedWindow: (options) => limited(limiter.fixedWindow(options)),
      tokenBucket: (options) => limited(limiter.tokenBucket(options)),
      adaptiveConsume: (options) => limited(limiter.adaptiveConsume(options)),
      adaptiveFeedback: (options) => limited(limiter.adaptiveFeedback(options))
    },
    breaker: {
      admit: (key) => broken(breaker.admit(key)),
      record: (options) => broken(breaker.record(options)),
      state: (key) => broken(breaker.state(key))
    }
  }
}

/** Whether an open circuit refused, as it should: that isn't a failure of its store. */
const isRejection = (error: unknown): boolean =>
  error instanceof CircuitBreaker.CircuitBreakerError && error.reason._tag !== "CircuitBreakerStoreError"
