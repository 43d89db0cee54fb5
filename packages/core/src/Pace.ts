/**
 * When to look next.
 *
 * A pace is a `Schedule` whose input is the last look, so paces compose with every `Schedule` combinator.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { JobState } from "./JobState.ts"
import type { Rhythm } from "./Provider.ts"

/**
 * The last look at a job. Before the first one, the state is `Submitted` and `polls` 0.
 *
 * @category models
 * @since 0.1.0
 */
export interface Look {
  readonly state: JobState
  /** Looks begun so far, missed ones included. */
  readonly polls: number
  /** Looks in a row that told nothing. */
  readonly misses: number
  /** Since the provider accepted the job, in milliseconds. A step of the wall clock does not change it. */
  readonly age: number
  /** From `Retry-After`, in milliseconds. Absent where the provider does not say. */
  readonly retryAfter?: number | undefined
}

/**
 * Says how long to wait from one answer to the next look. The engine adds what must be added: `Retry-After` and `pollRetry`, after
 * looks that were missed, stretch a wait, and the deadline cuts it. A pace that ends lets the watcher wait for the deadline without looking.
 *
 * @category models
 * @since 0.1.0
 */
export interface Pace extends Schedule.Schedule<unknown, Look> {}

/**
 * Looks at an even interval: milliseconds, `"5 seconds"`, or a `Duration`.
 *
 * **Example** (Looking every ten seconds)
 *
 * ```ts
 * import { Pace } from "@reelay/core"
 *
 * export const pace = Pace.fixed("10 seconds")
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fixed = (every: Duration.Input): Pace => Schedule.spaced(every).pipe(Schedule.setInputType<Look>())

/**
 * Looks often at first and ever more seldom: each wait is `factor` times the one before, until `to`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const backoff = (options: {
  /** The first wait: milliseconds, `"2 seconds"`, or a `Duration`. */
  readonly from: Duration.Input
  /** The longest wait. */
  readonly to: Duration.Input
  /** Absent: 1.5. */
  readonly factor?: number | undefined
}): Pace =>
  Schedule.exponential(options.from, options.factor ?? 1.5).pipe(
    Schedule.setInputType<Look>(),
    Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.fromInputUnsafe(options.to))))
  )

/**
 * The pace that a provider's documents advise: a first wait, then an even interval.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofRhythm = ({ first, interval }: Rhythm): Pace =>
  fixed(interval).pipe(Schedule.modifyDelay(({ duration, input }) => Effect.succeed(input.polls === 0 ? Duration.millis(first) : duration)))

/**
 * A pace from what a caller gave: a pace as it is, or an interval.
 *
 * @category constructors
 * @since 0.1.0
 */
export const from = (pace: Pace | Duration.Input): Pace => (Schedule.isSchedule(pace) ? pace : fixed(pace))
