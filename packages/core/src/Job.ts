/**
 * Submitting a video job, and watching it to its end.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Budget from "./Budget.ts"
import { call } from "./internal/call.ts"
import { refuseProvider, refuseRef } from "./internal/checked.ts"
import { defaultRetry, submit as post } from "./internal/submit.ts"
import { make as makeWatch, monotonic, type Watch } from "./internal/watch.ts"
import { InvalidRequest, JobCancelled, JobError, JobExpired, JobFailed, type Reason } from "./JobError.ts"
import type { JobRef } from "./JobRef.ts"
import { isTerminal, type JobState, type Succeeded } from "./JobState.ts"
import * as Pace from "./Pace.ts"
import type { Provider, Rhythm } from "./Provider.ts"

/**
 * How to watch a job. Every time is milliseconds, a text such as `"5 seconds"`, or a `Duration`.
 *
 * @category models
 * @since 0.1.0
 */
export interface WatchOptions {
  /** When to look: a pace or an interval. Absent: what the provider's documents advise. */
  readonly pace?: Pace.Pace | Duration.Input | undefined
  /** From submission or attachment until `DeadlineExceeded`. Absent: the provider's, 15 minutes or more. */
  readonly deadline?: Duration.Input | undefined
  /** The longest that one look may take. Absent: 30 seconds. */
  readonly requestTimeout?: Duration.Input | undefined
  /**
   * When to look again after a look that was missed: no connection, no answer in time, 429, 5xx, an answer that can't be read. Its
   * input says why; it begins anew after each good answer, and its end means giving up, as does `maxMisses`. The longest wait counts,
   * of this, of the pace and of `Retry-After`, and none goes past the deadline.
   *
   * Absent: the pace after one miss; then twice the wait with each, longer by up to a quarter, at most 60 seconds.
   */
  readonly pollRetry?: Schedule.Schedule<unknown, JobError> | undefined
  /** Missed looks in a row before the watcher gives up. Absent: 10. */
  readonly maxMisses?: number | undefined
  /** Whether states carry the payload that led to them. It may hold signed URLs. Absent: no. */
  readonly raw?: boolean | undefined
}

/** @category models */
export interface SubmitOptions extends WatchOptions {
  /** The longest that one try to submit may take. Absent: 60 seconds. After it nobody knows whether the job was accepted. */
  readonly submitTimeout?: Duration.Input | undefined
  /**
   * When to try again where a job surely was not accepted (no connection, 429); `Retry-After` makes a wait longer. Absent: four more
   * tries, after about 1, 2, 4 and 8 seconds, each wait shorter or longer by up to a fifth.
   */
  readonly submitRetry?: Schedule.Schedule<unknown, JobError> | undefined
  /** Told of the reference the moment it is known, even where the caller was interrupted meanwhile. Keep it: the job may be billed. */
  readonly onSubmitted?: ((ref: JobRef) => Effect.Effect<void>) | undefined
  /** Told of a `SubmitUnknown` where the caller was interrupted, and so can't be given it as a failure. */
  readonly onUnknown?: ((error: JobError) => Effect.Effect<void>) | undefined
}

/** @category models */
export interface AttachOptions extends WatchOptions {
  /** Attaches though the key is of another account than the job's, as after a key was renewed. Absent: no. */
  readonly anyAccount?: boolean | undefined
}

/**
 * What came of asking a provider to stop a job.
 *
 * - `Cancelled`: the provider confirmed it.
 * - `CompletedAnyway`: it had ended before.
 * - `Unsupported`: the provider documents no way to cancel. The job still runs there, and is still billed.
 * - `Unknown`: the call failed; the job may or may not run.
 *
 * @category models
 * @since 0.1.0
 */
export type CancelOutcome = "Cancelled" | "CompletedAnyway" | "Unsupported" | "Unknown"

/**
 * A job that was submitted, or attached to.
 *
 * @category models
 * @since 0.1.0
 */
export interface JobHandle {
  /** Enough to attach again, from anywhere. */
  readonly ref: JobRef
  /** The state that the watcher knows of now. It moves only while `states` or `result` is consumed. */
  readonly current: () => JobState
  /**
   * The current state, then each change, to the end. One poller serves all subscribers; the last to leave stops it, the next to come
   * resumes it, no earlier than the pace allows. Leaving is not cancelling. Fails where the job's fate can't be known.
   */
  readonly states: Stream.Stream<JobState, JobError>
  /** The finished job. A job that ended otherwise is a typed failure. */
  readonly result: Effect.Effect<Succeeded, JobError | JobFailed | JobExpired | JobCancelled>
  /** Asks the provider to stop the job. Only a confirmed cancellation changes the state. */
  readonly cancel: Effect.Effect<CancelOutcome>
}

/**
 * Submits one job: exactly one POST is accepted. Returns when the provider has given an id.
 *
 * Money: the POST is repeated only where it surely was not accepted. Where nobody can know, the failure is `SubmitUnknown`, and
 * nothing is sent again. An interruption waits for the id (at most 10 s), hands it to `onSubmitted`, and then stops.
 *
 * **Example** (Submitting, and waiting for the video)
 *
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Job } from "@reelay/core"
 * import { xai } from "@reelay/providers/xai"
 *
 * export const video = (apiKey: string) =>
 *   Effect.gen(function* () {
 *     const handle = yield* Job.submit(xai({ apiKey }), { prompt: "A candle flickers on a wooden table." })
 *     return yield* handle.result
 *   })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const submit = Effect.fn("reelay.submit")(function* <Request>(
  provider: Provider<Request>,
  request: Request,
  options: SubmitOptions = {}
): Effect.fn.Return<JobHandle, JobError, HttpClient.HttpClient> {
  const { definition } = provider
  const fail = (reason: Reason) => new JobError({ reason, provider: definition.name, operation: "submit", attempt: 0 })
  const times = timesOf(options, definition.rhythm)
  if (times._tag !== "Times") return yield* fail(times)
  const refused = refuseProvider(provider)
  if (refused !== undefined) return yield* fail(refused)
  const submission = yield* Effect.mapError(definition.submission(request), fail)
  const since = yield* monotonic
  const ref = yield* post(provider, submission, {
    timeout: times.submit,
    deadline: since + times.deadline,
    retry: options.submitRetry ?? defaultRetry,
    onSubmitted: options.onSubmitted ?? (() => Effect.void),
    onUnknown: options.onUnknown ?? (() => Effect.void)
  })
  return yield* watched(provider, ref, options, times, since, false)
})

/**
 * Watches a job that was submitted before, here or elsewhere. Sends no POST; the first look comes at once.
 *
 * The key goes only to the vendor's own address or the configured `baseUrl`: a reference that names another is
 * `ForbiddenAddress`. A reference of another account is `Unauthorized`. Neither sends anything.
 *
 * @category constructors
 * @since 0.1.0
 */
export const attach = Effect.fn("reelay.attach")(function* (
  provider: Provider<never>,
  ref: JobRef,
  options: AttachOptions = {}
): Effect.fn.Return<JobHandle, JobError, HttpClient.HttpClient> {
  const fail = (reason: Reason) => new JobError({ reason, provider: provider.definition.name, operation: "attach", attempt: 0, ref })
  const times = timesOf(options, provider.definition.rhythm)
  if (times._tag !== "Times") return yield* fail(times)
  const refused = refuseProvider(provider) ?? refuseRef(provider, ref, { anyAccount: options.anyAccount === true })
  if (refused !== undefined) return yield* fail(refused)
  return yield* watched({ ...provider, baseUrl: ref.baseUrl }, ref, options, times, yield* monotonic, true)
})

/**
 * Submits a job and streams its states. **Each run of this stream is a new job, and is paid for anew**: to share one, or to come back
 * to it, use `submit`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = <Request>(
  provider: Provider<Request>,
  request: Request,
  options?: SubmitOptions
): Stream.Stream<JobState, JobError, HttpClient.HttpClient> =>
  Stream.unwrap(Effect.map(submit(provider, request, options), (handle) => handle.states))

const watched = Effect.fnUntraced(function* (
  provider: Provider<never>,
  ref: JobRef,
  options: WatchOptions,
  times: Times,
  since: number,
  eager: boolean
) {
  yield* warnOfHaste(provider, times)
  const client = yield* HttpClient.HttpClient
  const watch = yield* makeWatch({
    provider,
    ref,
    client,
    pace: times.pace,
    pollRetry: options.pollRetry,
    deadline: times.deadline,
    since,
    eager,
    requestTimeout: times.request,
    limits: { ...Budget.defaultLimits, misses: options.maxMisses ?? Budget.defaultLimits.misses },
    raw: options.raw === true
  })
  return handleOf(provider, ref, watch, client)
})

const handleOf = (provider: Provider<never>, ref: JobRef, watch: Watch, client: HttpClient.HttpClient): JobHandle => ({
  ref,
  current: watch.current,
  states: watch.states,
  result: Stream.runLast(watch.states).pipe(
    Effect.flatMap((last) => resultOf(Option.getOrElse(last, watch.current))),
    Effect.withSpan("reelay.result")
  ),
  cancel: Effect.provideService(cancel(provider, ref, watch), HttpClient.HttpClient, client)
})

const resultOf = (state: JobState): Effect.Effect<Succeeded, JobError | JobFailed | JobExpired | JobCancelled> => {
  switch (state._tag) {
    case "Succeeded":
      return Effect.succeed(state)
    case "Failed":
      return Effect.fail(new JobFailed({ state }))
    case "Expired":
      return Effect.fail(new JobExpired({ state }))
    case "Cancelled":
      return Effect.fail(new JobCancelled({ state }))
    case "Submitted":
    case "Queued":
    case "Running":
      return Effect.die(new Error(`the states of ${state.ref.id} ended at ${state._tag}`))
  }
}

const cancel = Effect.fn("reelay.cancel")(function* (
  { definition, ...provider }: Provider<never>,
  ref: JobRef,
  watch: Watch
): Effect.fn.Return<CancelOutcome, never, HttpClient.HttpClient> {
  if (isTerminal(watch.current())) return watch.current()._tag === "Cancelled" ? "Cancelled" : "CompletedAnyway"
  if (definition.cancel === undefined) return "Unsupported"
  const answer = yield* Effect.option(call({ ...provider, definition }, "cancel", definition.cancel(ref), 30_000))
  if (Option.isNone(answer)) return "Unknown"
  const reading = definition.interpret(answer.value)
  switch (reading._tag) {
    case "Cancelled":
      return (yield* watch.observe({ ...reading, by: "caller" }))._tag === "Cancelled" ? "Cancelled" : "CompletedAnyway"
    case "Succeeded":
    case "Failed":
    case "Expired":
      return "CompletedAnyway"
    case "Queued":
    case "Running":
    case "Unrecognised":
    case "Missed":
    case "NotFound":
    case "Refused":
      return "Unknown"
  }
})

/** A pace below the floor is the caller's will; at the vendor's own address it deserves a word. */
const warnOfHaste = ({ baseUrl, definition }: Provider<never>, { every }: Times): Effect.Effect<void> => {
  const { floor } = definition.rhythm
  return every !== undefined && every < floor && baseUrl === definition.baseUrl
    ? Effect.logWarning(
        `Looking every ${every / 1000} s is faster than ${definition.title} advises (${floor / 1000} s): it gains nothing, and may be rate-limited.`
      )
    : Effect.void
}

/** What a caller said of time, in milliseconds. */
interface Times {
  readonly _tag: "Times"
  readonly pace: Pace.Pace
  /** Where the pace is an even interval of the caller's. */
  readonly every: number | undefined
  readonly deadline: number
  readonly request: number
  readonly submit: number
}

const timesOf = (options: SubmitOptions, rhythm: Rhythm): Times | InvalidRequest => {
  const { deadline, pace, requestTimeout, submitTimeout } = options
  const given = { pace: Schedule.isSchedule(pace) ? undefined : pace, deadline, requestTimeout, submitTimeout }
  for (const [field, value] of Object.entries(given)) {
    const duration = value === undefined ? Option.some(Duration.seconds(1)) : Duration.fromInput(value)
    if (Option.isNone(duration) || !(Duration.toMillis(duration.value) > 0)) {
      return new InvalidRequest({ field, rule: 'is no time above zero, such as 5000 (milliseconds) or "5 seconds"' })
    }
  }
  return {
    _tag: "Times",
    pace: pace === undefined ? Pace.ofRhythm(rhythm) : Pace.from(pace),
    every: given.pace === undefined ? undefined : millis(given.pace, 0),
    deadline: millis(deadline, rhythm.deadline),
    request: millis(requestTimeout, 30_000),
    submit: millis(submitTimeout, 60_000)
  }
}

const millis = (input: Duration.Input | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(Duration.fromInputUnsafe(input))
