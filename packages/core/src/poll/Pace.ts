/**
 * When to poll next.
 *
 * A pace is a `Schedule` whose input is the last poll, so paces compose with every `Schedule` combinator.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { JobState } from "../job/JobState.ts"
import type { PollingPolicy } from "../provider/Provider.ts"

/**
 * The last poll at a job. Before the first one, the state is `Submitted` and `polls` 0.
 *
 * @category models
 * @since 0.1.0
 */
export interface LastPoll {
  readonly state: JobState
  /** Polls begun so far, failed ones included. */
  readonly polls: number
  /** Looks in a row that told nothing. */
  readonly failures: number
  /** Since the provider accepted the job, in milliseconds. A step of the wall clock does not change it. */
  readonly age: number
  /** From `Retry-After`, in milliseconds. Absent if the provider does not say. */
  readonly retryAfter?: number | undefined
}

/**
 * Says how long to wait from one answer to the next poll. The engine adds what must be added: `Retry-After` and `pollRetry`, after
 * failed polls, stretch a wait, and the deadline cuts it. A pace that ends lets the watcher wait for the deadline without looking.
 *
 * @category models
 * @since 0.1.0
 */
export interface Pace extends Schedule.Schedule<unknown, LastPoll> {}

/**
 * Polls at an even interval: milliseconds, `"5 seconds"`, or a `Duration`.
 *
 * **Example** (Polling every ten seconds)
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
export const fixed = (every: Duration.Input): Pace => Schedule.spaced(every).pipe(Schedule.setInputType<LastPoll>())

/**
 * Polls often at first and ever more seldom: each wait is `factor` times the one before, until `to`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const backoff = (options: {
  /** The first wait: milliseconds, `"2 seconds"`, or a `Duration`. */
  readonly from: Duration.Input
  /** The longest wait. */
  readonly to: Duration.Input
  /** Default: 1.5. */
  readonly factor?: number | undefined
}): Pace =>
  Schedule.exponential(options.from, options.factor ?? 1.5).pipe(
    Schedule.setInputType<LastPoll>(),
    Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.fromInputUnsafe(options.to))))
  )

/**
 * The pace that a provider's documents advise: a first wait, then an even interval.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofPolicy = ({ firstDelay, interval }: PollingPolicy): Pace =>
  fixed(interval).pipe(
    Schedule.modifyDelay(({ duration, input }) => Effect.succeed(input.polls === 0 ? Duration.millis(firstDelay) : duration))
  )

/**
 * A pace from what a caller gave: a pace as it is, or an interval.
 *
 * @category constructors
 * @since 0.1.0
 */
export const from = (pace: Pace | Duration.Input): Pace => (Schedule.isSchedule(pace) ? pace : fixed(pace))

/**
 * Estimates how much longer a job will take, in milliseconds from now; `undefined` where nothing can be said. It is asked before each
 * wait, the first one included, when `look.polls` is 0. An estimate below 0 counts as 0, and one that is no number as none.
 *
 * @category models
 * @since 0.1.0
 */
export type Estimator = (look: LastPoll) => number | undefined

/**
 * Waits a share of the time that a job is estimated to take yet: seldom while the end is far, often as it comes near, and never more
 * often than `min` nor more seldom than `max`.
 *
 * **Example** (By the progress where there is one, else by what such jobs usually take)
 *
 * ```ts
 * import { Pace } from "@reelay/core"
 *
 * const usually = Pace.byTypical("90 seconds")
 *
 * export const pace = Pace.adaptive({
 *   remaining: (look) => Pace.byProgress(look) ?? usually(look),
 *   min: "5 seconds",
 *   max: "60 seconds"
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const adaptive = (options: {
  readonly remaining: Estimator
  /** The shortest wait: milliseconds, `"5 seconds"`, or a `Duration`. What the provider's documents advise is a good one. */
  readonly min: Duration.Input
  /** The longest wait. Where it is below `min`, `min` counts. */
  readonly max: Duration.Input
  /** How much of the remaining time to wait, a fraction above 0 and up to 1. Default: 0.5, so that each poll halves what is left. */
  readonly share?: number | undefined
  /** The wait while the estimator says nothing, within `min` and `max` too. Default: `min`. */
  readonly otherwise?: Duration.Input | undefined
}): Pace => {
  const min = Duration.toMillis(options.min)
  const max = Math.max(min, Duration.toMillis(options.max))
  const share = options.share ?? 0.5
  const unknown = options.otherwise === undefined ? min : Duration.toMillis(options.otherwise)
  const within = (wait: number): Duration.Duration => Duration.millis(Math.min(max, Math.max(min, wait)))
  return Schedule.forever.pipe(
    Schedule.setInputType<LastPoll>(),
    Schedule.modifyDelay(({ input }) => {
      const estimate = options.remaining(input)
      return Effect.succeed(within(estimate === undefined || Number.isNaN(estimate) ? unknown : estimate * share))
    })
  )
}

/**
 * Estimates from the progress that a provider reports: half done after a minute, a minute to go. Says nothing before the first
 * progress, and nothing of a progress that is estimated itself: gateways fill in 30 and 50 percent by the state alone.
 *
 * @category estimators
 * @since 0.1.0
 */
export const byProgress: Estimator = ({ age, state }) =>
  state._tag === "Running" && state.progressSource === "reported" && state.progress !== undefined && state.progress > 0
    ? (age * (1 - state.progress)) / state.progress
    : undefined

/**
 * Estimates from what such jobs usually take, from submission to end: milliseconds, `"90 seconds"`, or a `Duration`. One that is late is
 * expected to take as long again as it is late by now, so that the waits grow again.
 *
 * @category estimators
 * @since 0.1.0
 */
export const byTypical = (typical: Duration.Input): Estimator => {
  const whole = Duration.toMillis(typical)
  return ({ age }) => Math.abs(whole - age)
}
