/**
 * Submitting a video job, and watching it to its end.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { Phase } from "./engine/Submission.ts"
import { submission as makeSubmission } from "./engine/submissions.ts"
import { attached, attaching } from "./engine/attach.ts"
import { refusal } from "./provider/check.ts"
import { atATime, type Held, inBatch, resume, stopped, unheard, unreadable } from "./engine/many.ts"
import { InvalidRequest, type JobCancelled, type JobError, type JobExpired, type JobFailed } from "./job/JobError.ts"
import type { JobRef } from "./job/JobRef.ts"
import type { JobState, Succeeded } from "./job/JobState.ts"
import * as Journal from "./journal/Journal.ts"
import type * as Pace from "./poll/Pace.ts"
import type { Provider } from "./provider/Provider.ts"

export type {
  /**
   * Where a submission is.
   *
   * @category models
   * @since 0.1.0
   */
  Phase
} from "./engine/Submission.ts"

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
  /** Where the video is to be saved: the journal keeps the job open until `Artifact.save` has done so. Needs a journal. */
  readonly saveTo?: string | undefined
  /** A name of yours that the journal keeps with the job, to recognise it by. */
  readonly label?: string | undefined
  /** Told of the reference the moment it is known, even where the caller was interrupted meanwhile. Keep it: the job may be billed. */
  readonly onSubmitted?: ((ref: JobRef) => Effect.Effect<void>) | undefined
  /** Told of a `SubmitUnknown` where the caller was interrupted, and so can't be given it as a failure. */
  readonly onUnknown?: ((error: JobError) => Effect.Effect<void>) | undefined
  /**
   * What makes two submissions one: with the same key they are the same submission, for as long as the process lives, and with a journal beyond
   * that, whatever is pruned or forgotten. Another request under the same key is `InvalidRequest`. Default: none, each submission is one of its own.
   */
  readonly key?: string | undefined
  /**
   * Submits though the very same request to the same account is of unknown fate since less than ten minutes: **it may be paid for twice**.
   * Default: false, it is refused with that `SubmitUnknown`.
   */
  readonly maySubmitAgain?: boolean | undefined
  /**
   * The most submissions of the account that this process, and its journal, may make within a time: what is beyond that is `RateLimited`, and
   * nothing is sent. Those that were surely not accepted do not count. Default: no limit.
   */
  readonly maxSubmissions?: { readonly limit: number; readonly window: Duration.Input } | undefined
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
 * A submission as a value to hold: it sends at most one POST that may have been accepted, in its whole life, however often and by however
 * many it is asked.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission {
  /** The caller's, else made. */
  readonly key: string
  /** SHA-256 of what is sent, in lower-case hexadecimal. */
  readonly digest: string
  /** Where it is. `Accepted`, `Unknown` and `Refused` are final; an id that comes late turns `Unknown` into `Accepted`. */
  readonly phase: () => Phase
  /**
   * The job. It may be run, retried and repeated for ever: after `Accepted` it is the same job, after `Unknown` or `Refused` the same error;
   * after `NotSent` it is tried again, no earlier than the provider or the last wait said. Interrupting it before the POST has begun
   * sends nothing; after that it waits for the id, at most 10 seconds.
   */
  readonly job: Effect.Effect<JobHandle, JobError>
}

/**
 * Makes a submission, and refuses what can be refused. Sends nothing yet: the first who runs its `job` does.
 *
 * With a `key` it is the submission that this process or its journal has under that key already, if there is one.
 *
 * **Example** (Asking again without paying again)
 *
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Job } from "@reelay/core"
 * import { xai } from "@reelay/providers/xai"
 *
 * export const video = (apiKey: string) =>
 *   Effect.gen(function* () {
 *     const submission = yield* Job.submission(xai({ apiKey }), { prompt: "A candle flickers on a wooden table." })
 *     const result = Effect.flatMap(submission.job, (handle) => handle.result)
 *     return yield* Effect.retry(result, { times: 3, while: (error) => error._tag === "JobError" && error.again !== "never" })
 *   })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const submission = <Request>(
  provider: Provider<Request>,
  request: Request,
  options: SubmitOptions = {}
): Effect.Effect<Submission, JobError, HttpClient.HttpClient> => makeSubmission(provider, request, options)

/**
 * Submits one job: at most one POST is accepted. Returns when the provider has given an id. Each run is a new submission, unless it
 * has a `key`: to ask again without paying again, hold a `submission`.
 *
 * Money: the POST is repeated only if it surely was not accepted. If nobody can know, the failure is `SubmitUnknown`, nothing is sent again, and
 * for ten minutes the same request is refused with the same error. An interruption before the POST has begun sends nothing; after that it waits
 * for the id (at most 10 s), hands it to `onSubmitted`, and then stops. Later than that the request still goes on to its timeout, and
 * an id that comes is written down and handed over.
 *
 * With a `Journal` in the context an intent is durable before the POST (if it can't be written, nothing is sent: `JournalFailed`), and
 * the reference is durable before this returns. `resumeAll` finds both again.
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
export const submit = <Request>(
  provider: Provider<Request>,
  request: Request,
  options: SubmitOptions = {}
): Effect.Effect<JobHandle, JobError, HttpClient.HttpClient> => Effect.flatMap(makeSubmission(provider, request, options), ({ job }) => job)

/**
 * Watches a job that was submitted before, here or elsewhere. Sends no POST; the first look comes at once.
 *
 * The key goes only to the vendor's own address or the configured `baseUrl`: a reference that names another is
 * `ForbiddenAddress`. A reference of another account is `Unauthorized`. Neither sends anything.
 *
 * @category constructors
 * @since 0.1.0
 */
export const attach = (
  provider: Provider<never>,
  ref: JobRef,
  options: AttachOptions = {}
): Effect.Effect<JobHandle, JobError, HttpClient.HttpClient> => attaching(ref, attached(provider, ref, options))

/** @category models */
export interface ResumeOptions extends AttachOptions {
  /** Jobs that are followed at the same time. Absent: 16. */
  readonly concurrency?: number | undefined
}

/**
 * What comes of the entries of a journal.
 *
 * - `State`: a state of a job that is followed again; `provider` is the one that it was found with, as `Artifact.save` needs it.
 * - `Error`: sight of this one is lost, or it can't be followed. `SubmitUnknown`: the process ended around its POST.
 * - `Held`: it is being submitted, watched or saved, in a living process or in this one.
 * - `Damaged`: the entry can't be read.
 *
 * @category models
 * @since 0.1.0
 */
export type Resumed =
  | { readonly _tag: "State"; readonly entry: Journal.Entry; readonly provider: Provider<never>; readonly state: JobState }
  | { readonly _tag: "Error"; readonly entry: Journal.Entry; readonly error: JobError }
  | { readonly _tag: "Held"; readonly entry: Journal.Entry }
  | Journal.Damaged

/**
 * Follows every unfinished job of the journal, those of one account with the provider that has its key. Sends no POST, and cuts nothing
 * that a living process holds. One that fails does not stop the others; the stream itself fails only where the journal can't be read.
 *
 * **Example** (After a restart)
 *
 * ```ts
 * import * as Console from "effect/Console"
 * import * as Stream from "effect/Stream"
 * import { Job } from "@reelay/core"
 * import { xai } from "@reelay/providers/xai"
 *
 * export const resumed = (apiKey: string) =>
 *   Job.resumeAll([xai({ apiKey })], { concurrency: 50 }).pipe(
 *     Stream.runForEach((event) => (event._tag === "Error" ? Console.error(event.error.message) : Console.log(event)))
 *   )
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const resumeAll = (
  providers: ReadonlyArray<Provider<never>>,
  options: ResumeOptions = {}
): Stream.Stream<Resumed, JobError, HttpClient.HttpClient | Journal.Journal> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const journal = yield* Journal.Journal
      const concurrency = atATime(options.concurrency)
      if (typeof concurrency !== "number") return yield* Effect.fail(unreadable(concurrency))
      const entries = yield* Effect.mapError(journal.entries, unreadable)
      const one = (entry: Journal.Entry | Journal.Damaged) =>
        entry._tag === "Damaged" ? Stream.succeed(entry) : resume(providers, entry, options)
      return Stream.flatMap(Stream.fromIterable(entries.filter((entry) => entry._tag === "Damaged" || Journal.isOpen(entry))), one, {
        concurrency
      })
    })
  )

/** @category models */
export interface RunAllOptions extends Omit<SubmitOptions, "key" | "label" | "onSubmitted" | "onUnknown" | "saveTo"> {
  /** Jobs at the same time, from submission to end. Absent: 16. */
  readonly concurrency?: number | undefined
  /**
   * A name under which the journal keeps the batch. Running a batch of that name again submits only what was not submitted before, and
   * follows the rest: a batch that was stopped goes on, and nothing is paid for twice. Needs a journal; where several processes may run it at
   * the same time, one whose claims they share (`KeyValueJournal.Options.claims`).
   */
  readonly batch?: string | undefined
  /** Ends the stream, with the error, at the first job that fails or is lost sight of; the others are left, and go on there. Absent: no. */
  readonly stopOnFailure?: boolean | undefined
  /** Where the video of a key is to be saved. See `SubmitOptions.saveTo`. */
  readonly saveTo?: ((key: string) => string) | undefined
  readonly onSubmitted?: ((ref: JobRef, key: string) => Effect.Effect<void>) | undefined
  readonly onUnknown?: ((error: JobError, key: string) => Effect.Effect<void>) | undefined
}

/**
 * What happens to one request of many.
 *
 * - `Saved`: an earlier run of this batch has saved its video.
 * - `Error`: it was refused, its fate is unknown, or sight of it was lost.
 *
 * @category models
 * @since 0.1.0
 */
export type BatchEvent =
  | { readonly _tag: "State"; readonly key: string; readonly state: JobState }
  | { readonly _tag: "Saved"; readonly key: string; readonly ref: JobRef }
  | { readonly _tag: "Error"; readonly key: string; readonly error: JobError }

/**
 * Submits many jobs, so many at a time, and streams the states of all, each with its request's key. One that fails does not stop the
 * others, unless asked.
 *
 * Leaving the stream leaves the jobs that are under way: they go on at the provider. The stream may be retried and repeated: it has one
 * submission for each request, and comes back to its jobs. Another `runAll` **pays anew, unless it names the same `batch`.**
 *
 * **Example** (A batch that survives a restart)
 *
 * ```ts
 * import { Job } from "@reelay/core"
 * import { xai } from "@reelay/providers/xai"
 *
 * export const films = (apiKey: string) =>
 *   Job.runAll(
 *     xai({ apiKey }),
 *     Object.entries({ fox: { prompt: "A red fox in the snow." }, owl: { prompt: "An owl at dusk." } }),
 *     { concurrency: 8, batch: "winter" }
 *   )
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const runAll = <Request>(
  provider: Provider<Request>,
  requests: Iterable<readonly [key: string, request: Request]>,
  options: RunAllOptions = {}
): Stream.Stream<BatchEvent, JobError | JobFailed | JobExpired | JobCancelled, HttpClient.HttpClient> => {
  const held: Held = new Map()
  /** Keys whose unknown fate somebody has heard of. */
  const heard = new Set<string>()
  const all = Array.from(requests)
  return Stream.unwrap(
    Effect.gen(function* () {
      const fail = refusal(provider, "submit")
      const concurrency = atATime(options.concurrency)
      if (typeof concurrency !== "number") return yield* fail(concurrency)
      const keys = new Set<string>()
      for (const [key] of all) {
        if (keys.has(key)) return yield* fail(new InvalidRequest({ field: "requests", rule: `have the key ${key} more than once` }))
        keys.add(key)
      }
      const journal = Option.getOrUndefined(yield* Effect.serviceOption(Journal.Journal))
      if (options.batch !== undefined && journal === undefined) {
        return yield* fail(new InvalidRequest({ field: "batch", rule: `is ${options.batch}, and there is no journal to keep it in` }))
      }
      const heeded: RunAllOptions = {
        ...options,
        onUnknown: (error, key) =>
          Effect.suspend(() => {
            heard.add(key)
            return options.onUnknown?.(error, key) ?? Effect.void
          })
      }
      const one = ([key, request]: readonly [string, Request]): Stream.Stream<BatchEvent, never, HttpClient.HttpClient> =>
        Stream.unwrap(inBatch(provider, key, request, heeded, journal, held)).pipe(
          Stream.catch((error) => Stream.succeed<BatchEvent>({ _tag: "Error", key, error }))
        )
      const events = Stream.flatMap(Stream.fromIterable(all), one, { concurrency }).pipe(
        Stream.tap((event) => Effect.sync(() => void (event._tag === "Error" && heard.add(event.key)))),
        // Whoever leaves the stream may leave an event in it.
        Stream.ensuring(Effect.suspend(() => unheard(held, heard, heeded)))
      )
      return options.stopOnFailure === true ? stopped(events) : events
    })
  )
}
