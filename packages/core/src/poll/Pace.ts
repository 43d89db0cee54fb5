/**
 * When to poll next.
 *
 * A pace is a function of the last poll, or a `Schedule` that is stepped once a poll (`Pace.fromSchedule`).
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import type * as Schedule from "effect/Schedule"
import type { Durations } from "../durations/Durations.ts"
import type { Law } from "../durations/law.ts"
import { indexOf } from "../durations/law.ts"
import { type Schedule as Plan, scheduleOf, scheduleWith, waitBy } from "../durations/schedule.ts"
import type { JobState } from "../job/JobState.ts"
import type { PollingPolicy } from "../provider/Provider.ts"
import { callback, demand, duration, record, type Rule, schedule as scheduleRule } from "../request/optionRules.ts"

/**
 * The last poll of a job. Before the first one, the state is `Submitted` and `polls` 0.
 *
 * @category models
 * @since 0.1.0
 */
export interface LastPoll {
  readonly state: JobState
  /** Polls begun so far, failed ones included. */
  readonly polls: number
  /** Failed polls in a row. */
  readonly failures: number
  /** Since the provider accepted the job, in milliseconds. A step of the wall clock does not change it. */
  readonly age: number
  /** From `Retry-After`, in milliseconds. `undefined` if the provider asks for no wait. */
  readonly retryAfter?: number | undefined
}

/**
 * Returns the wait from one answer to the next poll, in milliseconds. `Infinity` means no further poll: the watch session then waits for the
 * deadline, and polls once more. The engine does the rest: `Retry-After`, and `pollRetry` after failed polls, make a wait longer, and the deadline
 * cuts it. Below 0 counts as 0, and `NaN` as the provider's minimum interval.
 *
 * **Example** (Often in the first minute)
 *
 * ```ts
 * import type { Pace } from "@reelay/core"
 *
 * export const pace: Pace.Pace = ({ age }) => (age < 60_000 ? 5000 : 15_000)
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export type Pace = PurePace | LearningPace | SchedulePace

/** @category models */
export type PurePace = (last: LastPoll) => number

/**
 * A pace that learns from each job that is polled by it and succeeds.
 *
 * @category models
 * @since 0.2.0
 */
export interface LearningPace extends PurePace {
  readonly durations: Durations
}

/**
 * A pace that is a schedule. It lives in the process that polls, so `Job.poller` and `Job.poll` refuse it.
 *
 * @category models
 * @since 0.1.0
 */
export interface SchedulePace {
  readonly _tag: "SchedulePace"
  readonly schedule: Schedule.Schedule<unknown, LastPoll>
}

/**
 * A pace from a `Schedule` whose input is the last poll. After the schedule ends, the only further poll is the one at the deadline.
 *
 * **Example** (Ten polls, and then the deadline's)
 *
 * ```ts
 * import * as Schedule from "effect/Schedule"
 * import { Pace } from "@reelay/core"
 *
 * export const pace = Pace.fromSchedule(Schedule.spaced("10 seconds").pipe(Schedule.upTo({ times: 10 })))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromSchedule = (schedule: Schedule.Schedule<unknown, LastPoll>): SchedulePace => {
  demand("Pace.fromSchedule", { schedule: schedule ?? null }, { schedule: scheduleRule })
  return { _tag: "SchedulePace", schedule }
}

/**
 * Polls at an even interval: milliseconds, `"5 seconds"`, or a `Duration`. This and the other constructors throw `RangeError` for an option that can't
 * be.
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
export const fixed = (every: Duration.Input): PurePace => {
  demand("Pace.fixed", { every: every ?? null }, { every: duration })
  const wait = Duration.toMillis(Duration.fromInputUnsafe(every))
  return () => wait
}

/**
 * Polls often at first, then ever more rarely: each wait is `factor` times the one before, up to `to`.
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
}): PurePace => {
  demand(
    "Pace.backoff",
    { ...options, from: options?.from ?? null, to: options?.to ?? null },
    { from: duration, to: duration, factor: atLeast1 }
  )
  const from = Duration.toMillis(Duration.fromInputUnsafe(options.from))
  const to = Duration.toMillis(Duration.fromInputUnsafe(options.to))
  const factor = options.factor ?? 1.5
  return ({ polls }) => Math.min(to, from * factor ** polls)
}

/**
 * The pace that a provider's documents advise: a first wait, then an even interval.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ofPolicy =
  ({ firstDelay, interval }: PollingPolicy): PurePace =>
  ({ polls }) =>
    polls === 0 ? firstDelay : interval

/**
 * A pace from what a caller gave: a pace as it is, or an interval.
 *
 * @category constructors
 * @since 0.1.0
 */
export const from = (pace: Pace | Duration.Input): Pace => (isPace(pace) ? pace : fixed(pace))

/** Whether it is a pace already, and not an interval. */
export const isPace = (pace: Pace | Duration.Input): pace is Pace =>
  typeof pace === "function" || (typeof pace === "object" && pace !== null && "_tag" in pace && pace._tag === "SchedulePace")

/**
 * Estimates how much longer a job will take, in milliseconds from now; `undefined` if it has no estimate. It is called before each wait, the first
 * one included, when `polls` is 0. An estimate below 0 counts as 0, and `NaN` as none.
 *
 * @category models
 * @since 0.1.0
 */
export type Estimator = (look: LastPoll) => number | undefined

/** @category models */
export interface AdaptiveOptions {
  /** What is known of how long jobs take. It learns from those that are polled at this pace. */
  readonly durations: Durations
  /** The wanted mean lag, from a job's end until it is noticed: milliseconds, `"5 seconds"`, or a `Duration`. Default: 5 seconds. */
  readonly lag?: Duration.Input | undefined
  /** The lag that one poll is worth, instead of a wanted mean lag: the dearer, the fewer polls. */
  readonly price?: Duration.Input | undefined
  /** The shortest wait. The least interval that the provider's documents advise is a good one. Default: 5 seconds. */
  readonly min?: Duration.Input | undefined
  /** The longest wait: how long a failure of a job that usually succeeds later goes unnoticed. Default: 2 minutes. */
  readonly max?: Duration.Input | undefined
}

/**
 * Polls when jobs of this provider, kind, model and length are about to end, as it has learned from those that ended: at an equal mean lag, a tenth to
 * three quarters of the polls of an even interval. While little is known it polls as broadly as that deserves, and where nothing can be learned, as
 * when any moment is as likely, about as often as an even interval.
 *
 * The waits of two jobs differ a little, and one in twelve is polled early once, so that a provider that has become faster is noticed.
 *
 * **Example** (Few polls, and a mean lag of three seconds)
 *
 * ```ts
 * import { Durations, Pace } from "@reelay/core"
 *
 * export const pace = Pace.adaptive({ durations: Durations.inStorage(() => localStorage), lag: "3 seconds" })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const adaptive = (options: AdaptiveOptions): LearningPace => {
  const given = { ...options, durations: options.durations ?? null }
  demand("Pace.adaptive", given, { durations: record, lag: duration, price: duration, min: duration, max: duration })
  const { durations } = options
  const lag = millis(options.lag, 5000)
  const fixedPrice = options.price === undefined ? undefined : Math.max(1, millis(options.price, 0))
  const min = Math.max(1, millis(options.min, 5000))
  const max = Math.max(min, millis(options.max, 120_000))
  const plans = new WeakMap<Law, Plan>()
  let price = 2 * lag
  const planOf = (law: Law): Plan => {
    const known = plans.get(law)
    if (known !== undefined) return known
    const made =
      fixedPrice === undefined ? scheduleWith(law, lag, min, price) : { schedule: scheduleOf(law, fixedPrice, min), price: fixedPrice }
    price = made.price
    plans.set(law, made.schedule)
    return made.schedule
  }
  const pace = ({ age, polls, state: { ref } }: LastPoll): number => {
    const law = durations.law(ref)
    const wait = waitBy(planOf(law), age, draw(`${ref.id} ${polls}`))
    const early = polls === 0 && draw(`${ref.id} early`) < earlyShare && (law.ended[indexOf(age + wait)] ?? 0) > 0.5
    return Math.min(max, Math.max(min, early ? wait * (1 - 0.75 * draw(`${ref.id} when`) ** 2) : wait))
  }
  return Object.assign(pace, { durations })
}

/** Where most jobs have ended by their first poll, nothing else tells that they end sooner than they did. */
const earlyShare = 1 / 12

const millis = (input: Duration.Input | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(Duration.fromInputUnsafe(input))

/** A number from 0 to 1 that a text always has, and that looks random. */
const draw = (text: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return ((hash ^ (hash >>> 13)) >>> 0) / 0x1_0000_0000
}

/**
 * Waits a share of the time that a job is estimated to need still: it polls rarely while the end is far and often as it comes near, and each wait is
 * from `min` to `max`.
 *
 * **Example** (By the progress if it is reported, else by what such jobs usually take)
 *
 * ```ts
 * import { Pace } from "@reelay/core"
 *
 * const usually = Pace.byTypical("90 seconds")
 *
 * export const pace = Pace.byRemaining({
 *   remaining: (last) => Pace.byProgress(last) ?? usually(last),
 *   min: "5 seconds",
 *   max: "60 seconds"
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const byRemaining = (options: {
  readonly remaining: Estimator
  /** The shortest wait: milliseconds, `"5 seconds"`, or a `Duration`. The interval that the provider's documents advise is a good one. */
  readonly min: Duration.Input
  /** The longest wait. If it is below `min`, `min` counts. */
  readonly max: Duration.Input
  /** How much of the remaining time to wait, a fraction above 0 and up to 1. Default: 0.5, so that each poll halves what is left. */
  readonly share?: number | undefined
  /** The wait while there is no estimate, also kept from `min` to `max`. Default: `min`. */
  readonly otherwise?: Duration.Input | undefined
}): PurePace => {
  const needed = { remaining: options?.remaining ?? null, min: options?.min ?? null, max: options?.max ?? null }
  demand("Pace.byRemaining", { ...options, ...needed }, { remaining: callback, min: wait, max: wait, share: fraction, otherwise: wait })
  const min = Duration.toMillis(options.min)
  const max = Math.max(min, Duration.toMillis(options.max))
  const share = options.share ?? 0.5
  const unknown = options.otherwise === undefined ? min : Duration.toMillis(options.otherwise)
  return (last) => {
    const estimate = options.remaining(last)
    const wait = estimate === undefined || Number.isNaN(estimate) ? unknown : estimate * share
    return Math.min(max, Math.max(min, wait))
  }
}

/**
 * Estimates from the progress that a provider reports: half done after a minute, a minute to go. Returns `undefined` before the first progress, and
 * for a progress that is itself an estimate: gateways fill in 30 and 50 percent from the state alone.
 *
 * @category estimators
 * @since 0.1.0
 */
export const byProgress: Estimator = ({ age, state }) =>
  state._tag === "Running" && state.progressSource === "reported" && state.progress !== undefined && state.progress > 0
    ? (age * (1 - state.progress)) / state.progress
    : undefined

/**
 * Estimates from what such jobs usually take, from submission to end: milliseconds, `"90 seconds"`, or a `Duration`. A job that is late is expected
 * to take as long again as it is late by now, so the waits grow again.
 *
 * @category estimators
 * @since 0.1.0
 */
export const byTypical = (typical: Duration.Input): Estimator => {
  demand("Pace.byTypical", { typical: typical ?? null }, { typical: wait })
  const whole = Duration.toMillis(Duration.fromInputUnsafe(typical))
  return ({ age }) => Math.abs(whole - age)
}

/** Zero too: an estimate may say that the end is here. */
const wait: Rule = (value) => (value === 0 ? undefined : duration(value))

const numeric =
  (be: string, is: (value: number) => boolean): Rule =>
  (value) =>
    typeof value === "number" && is(value) ? undefined : `must be ${be}`

const atLeast1 = numeric("a number from 1 on", (value) => value >= 1 && Number.isFinite(value))
const fraction = numeric("a number above 0 and up to 1", (value) => value > 0 && value <= 1)
