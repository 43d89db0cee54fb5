/** A caller's options for submitting and watching a job, and the same in checked milliseconds. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Durations } from "../durations/Durations.ts"
import { callback, count, duration, flag, record, refuseOptions, type Rule, type Rules, schedule, text } from "../request/optionRules.ts"
import { InvalidRequest, type JobError } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import * as Budget from "../poll/Budget.ts"
import * as Pace from "../poll/Pace.ts"
import type { Terms } from "../poll/Poller.ts"
import type { Provider, PollingPolicy } from "../provider/Provider.ts"

/**
 * How to watch a job. Every time is milliseconds, a text such as `"5 seconds"`, or a `Duration`.
 *
 * @category models
 * @since 0.1.0
 */
export interface WatchOptions {
  /** When to poll: a pace or an interval. Default: what the provider's documents advise. */
  readonly pace?: Pace.Pace | Duration.Input | undefined
  /** From submission or attachment until `DeadlineExceeded`. Default: the provider's, 15 minutes or more. */
  readonly deadline?: Duration.Input | undefined
  /** The longest that one poll may take. Default: 30 seconds. */
  readonly requestTimeout?: Duration.Input | undefined
  /**
   * When to poll again after a failed poll: no connection, no answer in time, 429, 5xx, an answer that can't be read. Its input is the error, and it
   * starts anew after each good answer. When it ends, the watcher gives up, as after `maxConsecutiveFailures`. The longest of this wait, the pace's
   * and `Retry-After` counts, and none goes past the deadline.
   *
   * Default: the pace after one failed poll; then the wait doubles with each, longer by up to a quarter, at most 60 seconds.
   */
  readonly pollRetry?: Schedule.Schedule<unknown, JobError> | undefined
  /** Failed polls in a row before the watcher gives up. Default: 10. */
  readonly maxConsecutiveFailures?: number | undefined
  /**
   * Learns from the jobs that are watched how long they take, for `outlook` of a job. Default: that of the pace, if it is `Pace.adaptive`; else nothing
   * is learned.
   */
  readonly durations?: Durations | undefined
  /** Whether states carry the payload that led to them. It may hold signed URLs. Default: false. */
  readonly raw?: boolean | undefined
}

/** @category models */
export interface SubmitOptions extends WatchOptions {
  /** The longest that one try to submit may take. Default: 60 seconds. After it, it is unknown whether the job was accepted. */
  readonly submitTimeout?: Duration.Input | undefined
  /**
   * When to try again if a job was surely not accepted (no connection, 429); `Retry-After` makes a wait longer. Default: four more tries, after about
   * 1, 2, 4 and 8 seconds, each wait shorter or longer by up to a fifth.
   */
  readonly submitRetry?: Schedule.Schedule<unknown, JobError> | undefined
  /** Where the video will be saved: the journal keeps the job open until `Artifact.save` has done so. Needs a journal. */
  readonly saveTo?: string | undefined
  /** A name of yours that the journal keeps with the job, to recognise it by. */
  readonly label?: string | undefined
  /** Called with the reference as soon as it is known, even if the caller was interrupted meanwhile. Keep it: the job may be billed. */
  readonly onSubmitted?: ((ref: JobRef) => Effect.Effect<void>) | undefined
  /** Called with a `SubmitUnknown` if the caller was interrupted, and so can't get it as a failure. */
  readonly onUnknown?: ((error: JobError) => Effect.Effect<void>) | undefined
  /**
   * Submissions with the same key are one submission, for as long as the process lives, and with a journal beyond that, whatever is pruned or
   * forgotten. Another request under the same key is `InvalidRequest`. Default: none, each submission is its own.
   */
  readonly key?: string | undefined
  /**
   * Submits even if the same request to the same account has had an unknown outcome for less than ten minutes: **it may be paid for twice**. Default:
   * false, it is refused with that `SubmitUnknown`.
   */
  readonly maySubmitAgain?: boolean | undefined
  /**
   * The most submissions of the account within a time, counted in this process and its journal. One more is `RateLimited`, and nothing is sent. Those
   * that were surely not accepted do not count. Default: no limit.
   */
  readonly maxSubmissions?: { readonly limit: number; readonly window: Duration.Input } | undefined
}

/** @category models */
export interface AttachOptions extends WatchOptions {
  /** Attaches even if the key is of another account than the job's, as after a key was renewed. Default: false. */
  readonly anyAccount?: boolean | undefined
}

const paceRule: Rule = (value) =>
  Schedule.isSchedule(value)
    ? "is a Schedule: give Pace.fromSchedule of it"
    : typeof value === "function" || (typeof value === "object" && value !== null && "_tag" in value && value._tag === "SchedulePace")
      ? undefined
      : duration(value)

/** One table for submitting and attaching: the options of a client serve both. */
export const rules: Rules<SubmitOptions & AttachOptions> = {
  pace: paceRule,
  deadline: duration,
  requestTimeout: duration,
  pollRetry: schedule,
  maxConsecutiveFailures: count,
  durations: record,
  raw: flag,
  submitTimeout: duration,
  submitRetry: schedule,
  saveTo: text,
  label: text,
  onSubmitted: callback,
  onUnknown: callback,
  key: text,
  maySubmitAgain: flag,
  maxSubmissions: record,
  anyAccount: flag
}

/** A pace below `minInterval` is the caller's choice; at the vendor's own address it is logged as a warning. */
export const warnOfHaste = ({ baseUrl, definition }: Provider<never>, { every }: Times): Effect.Effect<void> => {
  const { minInterval } = definition.polling
  return every !== undefined && every < minInterval && baseUrl === definition.baseUrl
    ? Effect.logWarning(
        `Polling every ${every / 1000} s is faster than ${definition.title} advises (${minInterval / 1000} s): it gains nothing, and may be rate-limited.`
      )
    : Effect.void
}

/** The times of the caller's options, in milliseconds. */
export interface Times {
  readonly _tag: "Times"
  readonly pace: Pace.Pace
  /** The caller's interval, if the pace is one. */
  readonly every: number | undefined
  readonly deadline: number
  readonly request: number
  readonly submit: number
  readonly maxSubmissions: { readonly limit: number; readonly window: number } | undefined
}

/** `more`: options of the entry point besides these. */
export const timesOf = (options: SubmitOptions, polling: PollingPolicy, more?: Readonly<Record<string, Rule>>): Times | InvalidRequest => {
  const refused = refuseOptions(options, more === undefined ? rules : { ...rules, ...more })
  if (refused !== undefined) return refused
  const { deadline, maxSubmissions, pace, requestTimeout, submitTimeout } = options
  const window = duration(maxSubmissions?.window ?? 1)
  if (window !== undefined) return new InvalidRequest({ field: "maxSubmissions.window", rule: window })
  const every = pace === undefined || Pace.isPace(pace) ? undefined : pace
  if (maxSubmissions !== undefined && !(Number.isInteger(maxSubmissions.limit) && maxSubmissions.limit >= 0)) {
    return new InvalidRequest({ field: "maxSubmissions.limit", rule: `is ${maxSubmissions.limit}, and must be a whole number from 0 on` })
  }
  return {
    _tag: "Times",
    pace: pace === undefined ? Pace.ofPolicy(polling) : Pace.from(pace),
    every: every === undefined ? undefined : millis(every, 0),
    deadline: millis(deadline, polling.deadline),
    request: millis(requestTimeout, 30_000),
    submit: millis(submitTimeout, 60_000),
    maxSubmissions: maxSubmissions === undefined ? undefined : { limit: maxSubmissions.limit, window: millis(maxSubmissions.window, 0) }
  }
}

const millis = (input: Duration.Input | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(Duration.fromInputUnsafe(input))

/** Where durations are learned, if they are. */
export const durationsOf = ({ durations }: WatchOptions, { pace }: Times): Durations | undefined =>
  durations ?? (typeof pace === "function" && "durations" in pace ? pace.durations : undefined)

/** How many jobs are followed at a time by default. */
const manyJobs = 16

/** How many at a time, or what is wrong with that. */
export const atATime = (concurrency = manyJobs): number | InvalidRequest => {
  const rule = count(concurrency)
  return rule === undefined ? concurrency : new InvalidRequest({ field: "concurrency", rule })
}

/** The terms of a poller, by a provider's policy and a caller's options. */
export const termsOf = (
  { definition }: Provider<never>,
  { deadline, request }: Times,
  { maxConsecutiveFailures = Budget.defaultLimits.maxConsecutiveFailures }: WatchOptions
): Terms => ({
  minInterval: definition.polling.minInterval,
  requestTimeout: request,
  deadline,
  tolerance: { ...Budget.defaultLimits, maxConsecutiveFailures }
})
