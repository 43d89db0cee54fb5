/** What a caller said of time, checked, in milliseconds. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { SubmitOptions } from "../Job.ts"
import { InvalidRequest } from "../job/JobError.ts"
import * as Pace from "../poll/Pace.ts"
import type { Provider, Rhythm } from "../provider/Provider.ts"

/** A pace below the floor is the caller's will; at the vendor's own address it deserves a word. */
export const warnOfHaste = ({ baseUrl, definition }: Provider<never>, { every }: Times): Effect.Effect<void> => {
  const { floor } = definition.rhythm
  return every !== undefined && every < floor && baseUrl === definition.baseUrl
    ? Effect.logWarning(
        `Looking every ${every / 1000} s is faster than ${definition.title} advises (${floor / 1000} s): it gains nothing, and may be rate-limited.`
      )
    : Effect.void
}

/** What a caller said of time, in milliseconds. */
export interface Times {
  readonly _tag: "Times"
  readonly pace: Pace.Pace
  /** Where the pace is an even interval of the caller's. */
  readonly every: number | undefined
  readonly deadline: number
  readonly request: number
  readonly submit: number
  readonly maxSubmissions: { readonly limit: number; readonly window: number } | undefined
}

export const timesOf = (options: SubmitOptions, rhythm: Rhythm): Times | InvalidRequest => {
  const { deadline, maxSubmissions, pace, requestTimeout, submitTimeout } = options
  const window = maxSubmissions?.window
  const given = {
    pace: Schedule.isSchedule(pace) ? undefined : pace,
    deadline,
    requestTimeout,
    submitTimeout,
    "maxSubmissions.window": window
  }
  for (const [field, value] of Object.entries(given)) {
    const duration = value === undefined ? Option.some(Duration.seconds(1)) : Duration.fromInput(value)
    if (Option.isNone(duration) || !(Duration.toMillis(duration.value) > 0)) {
      return new InvalidRequest({ field, rule: 'is no time above zero, such as 5000 (milliseconds) or "5 seconds"' })
    }
  }
  if (maxSubmissions !== undefined && !(Number.isInteger(maxSubmissions.limit) && maxSubmissions.limit >= 0)) {
    return new InvalidRequest({ field: "maxSubmissions.limit", rule: `is ${maxSubmissions.limit}, and must be a whole number from 0 on` })
  }
  return {
    _tag: "Times",
    pace: pace === undefined ? Pace.ofRhythm(rhythm) : Pace.from(pace),
    every: given.pace === undefined ? undefined : millis(given.pace, 0),
    deadline: millis(deadline, rhythm.deadline),
    request: millis(requestTimeout, 30_000),
    submit: millis(submitTimeout, 60_000),
    maxSubmissions: maxSubmissions === undefined ? undefined : { limit: maxSubmissions.limit, window: millis(window, 0) }
  }
}

const millis = (input: Duration.Input | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(Duration.fromInputUnsafe(input))
