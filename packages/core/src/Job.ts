/**
 * Submitting a video job, and watching it to its end.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import * as Budget from "./Budget.ts"
import { call } from "./internal/call.ts"
import { accountOf, refuseProvider, refuseRef } from "./internal/checked.ts"
import * as Meter from "./internal/meter.ts"
import { adopt, following, digestOf, intend, type Notes, type Place, placeOf, type Record } from "./internal/record.ts"
import { defaultRetry, submit as post } from "./internal/submit.ts"
import * as Trace from "./internal/trace.ts"
import { accountAt, inTurn, Limits } from "./internal/turn.ts"
import { make as makeWatch, monotonic, type Watch } from "./internal/watch.ts"
import {
  InvalidRequest,
  JobCancelled,
  JobError,
  JobExpired,
  JobFailed,
  JournalFailed,
  type Operation,
  type Reason,
  SubmitUnknown
} from "./JobError.ts"
import type { JobRef } from "./JobRef.ts"
import { isTerminal, type JobState, type Succeeded } from "./JobState.ts"
import * as Pace from "./Pace.ts"
import * as Journal from "./Journal.ts"
import type { Provider, Rhythm, Submission } from "./Provider.ts"

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
export const submit: <Request>(
  provider: Provider<Request>,
  request: Request,
  options?: SubmitOptions
) => Effect.Effect<JobHandle, JobError, HttpClient.HttpClient> = Effect.fnUntraced(function* (provider, request, options = {}) {
  const prepared = yield* prepare(provider, request, options)
  return yield* send(prepared, { label: options.label, saveTo: options.saveTo })
})

/** All that can be refused before a byte is sent. */
const prepare = Effect.fnUntraced(function* <Request>(provider: Provider<Request>, request: Request, options: SubmitOptions) {
  const { definition } = provider
  const fail = refusal(provider, "submit")
  const times = timesOf(options, definition.rhythm)
  if (times._tag !== "Times") return yield* fail(times)
  const refused = refuseProvider(provider)
  if (refused !== undefined) return yield* fail(refused)
  const submission = yield* Effect.mapError(definition.submission(request), fail)
  return { provider, submission, times, options }
})

interface Prepared {
  readonly provider: Provider<never>
  readonly submission: Submission
  readonly times: Times
  readonly options: SubmitOptions
}

/** Writes the intent, posts, and watches. */
const send = (
  { options, provider, submission, times }: Prepared,
  notes: Notes,
  place?: Place
): Effect.Effect<JobHandle, JobError, HttpClient.HttpClient> =>
  Trace.span("reelay.submit", { attributes: Trace.apiOf(provider) }, (span) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const since = yield* monotonic
        // An intent is written whole or not at all, and is settled whatever comes.
        const record = yield* intend(provider, submission, notes, place).pipe(
          Effect.mapError(refusal(provider, "submit")),
          Effect.tapError(({ reason }) => Meter.submitted(provider.definition.name, reason._tag))
        )
        const posted = post(provider, submission, {
          timeout: times.submit,
          deadline: since + times.deadline,
          retry: options.submitRetry ?? defaultRetry,
          record,
          onSubmitted: options.onSubmitted ?? (() => Effect.void),
          onUnknown: options.onUnknown ?? (() => Effect.void)
        })
        const ref = yield* restore(posted).pipe(
          Effect.ensuring(record.settled),
          Effect.onExit((exit) => submitted(provider, record, exit, span))
        )
        return yield* watched(provider, ref, options, times, since, { eager: false, held: true })
      })
    )
  )

/** What came of a submission, though its caller may have left. */
const submitted = (
  { definition: { name } }: Provider<never>,
  record: Record,
  exit: Exit.Exit<JobRef, JobError>,
  span: Tracer.Span
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const ref = record.ref()
    if (ref === undefined) {
      const error = Exit.isSuccess(exit) ? Option.none() : Cause.findErrorOption(exit.cause)
      const otherwise = record.isUnknown() ? "SubmitUnknown" : "Interrupted"
      return Meter.submitted(name, Option.match(error, { onNone: () => otherwise, onSome: ({ reason }) => reason._tag }))
    }
    span.attribute("reelay.job.id", ref.id)
    return Effect.all([Trace.originates(ref, span), Meter.submitted(name, "accepted"), Meter.came(name, "Submitted")], { discard: true })
  })

const refusal =
  ({ definition }: Provider<never>, operation: Operation, ref?: JobRef) =>
  (reason: Reason): JobError =>
    new JobError({ reason, provider: definition.name, operation, attempt: 0, ...(ref === undefined ? {} : { ref }) })

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

/** In a span that the job's later ones belong to. */
const attaching = <E, R>(ref: JobRef, handle: Effect.Effect<JobHandle, E, R>): Effect.Effect<JobHandle, E, Exclude<R, Tracer.ParentSpan>> =>
  Trace.span("reelay.attach", { attributes: Trace.jobOf(ref) }, (span) => Effect.tap(handle, () => Trace.originates(ref, span)))

const attached = Effect.fnUntraced(function* (
  provider: Provider<never>,
  ref: JobRef,
  options: AttachOptions
): Effect.fn.Return<JobHandle, JobError, HttpClient.HttpClient> {
  const fail = refusal(provider, "attach", ref)
  const times = timesOf(options, provider.definition.rhythm)
  if (times._tag !== "Times") return yield* fail(times)
  const journal = yield* Effect.serviceOption(Journal.Journal)
  const entry = Option.isNone(journal) ? undefined : yield* remembered(journal.value, ref)
  // This user's own process has sent the key there before.
  const trusted = entry === undefined ? provider : { ...provider, baseUrl: ref.baseUrl }
  const refused = refuseProvider(provider) ?? refuseRef(trusted, ref, { anyAccount: options.anyAccount === true })
  if (refused !== undefined) return yield* fail(refused)
  const held = entry !== undefined && Option.isSome(journal) && (yield* Effect.orElseSucceed(adopt(journal.value, entry), () => false))
  return yield* watched({ ...provider, baseUrl: ref.baseUrl }, ref, options, times, yield* monotonic, { eager: true, held })
})

/** A journal that can't be read must not stand between a caller and a job that is paid for. */
const remembered = (journal: Journal.Journal["Service"], ref: JobRef): Effect.Effect<Journal.Entry | undefined> =>
  Journal.find(ref).pipe(
    Effect.provideService(Journal.Journal, journal),
    Effect.catch(({ detail }) => Effect.as(Effect.logWarning(detail), undefined))
  )

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
 * - `Held`: a living process follows it.
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
      const entries = yield* Effect.mapError(journal.entries, unreadable)
      const one = (entry: Journal.Entry | Journal.Damaged) =>
        entry._tag === "Damaged" ? Stream.succeed(entry) : resume(providers, entry, options)
      return Stream.flatMap(Stream.fromIterable(entries.filter((entry) => entry._tag === "Damaged" || Journal.isOpen(entry))), one, {
        concurrency: options.concurrency ?? manyJobs
      })
    })
  )

/** How many jobs are followed at a time, where nobody says. */
const manyJobs = 16

const unreadable = (reason: Reason): JobError => new JobError({ reason, provider: "reelay", operation: "attach", attempt: 0 })

const resume = (
  providers: ReadonlyArray<Provider<never>>,
  read: Journal.Entry,
  options: AttachOptions
): Stream.Stream<Resumed, never, HttpClient.HttpClient | Journal.Journal> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const journal = yield* Journal.Journal
      if (!(yield* Effect.orElseSucceed(journal.claim(read.id), () => false))) return Stream.succeed<Resumed>({ _tag: "Held", entry: read })
      // Whoever held it may have closed it since it was read.
      const now = yield* journal.read(read.id)
      if (now === undefined || now._tag === "Damaged" || !Journal.isOpen(now)) {
        yield* journal.release(read.id)
        return now?._tag === "Damaged" ? Stream.succeed<Resumed>(now) : Stream.empty
      }
      return followed(providers, now, options)
    })
  )

/** One that is held, open and known to be ours to follow. */
const followed = (
  providers: ReadonlyArray<Provider<never>>,
  entry: Journal.Entry,
  options: AttachOptions
): Stream.Stream<Resumed, never, HttpClient.HttpClient | Journal.Journal> => {
  const failed = (error: JobError): Stream.Stream<Resumed> => Stream.succeed({ _tag: "Error", entry, error })
  return Stream.unwrap(
    Effect.gen(function* () {
      const journal = yield* Journal.Journal
      const ref = Journal.refOf(entry)
      if (ref === undefined) {
        yield* journal.release(entry.id)
        return failed(unknownOf(entry))
      }
      const provider = providerOf(providers, ref)
      const handle = yield* Effect.result(
        provider === undefined ? Effect.fail(noProvider(entry, ref)) : attaching(ref, reattach(provider, ref, entry, options))
      )
      if (provider === undefined || handle._tag === "Failure") {
        yield* journal.release(entry.id)
        return failed(handle._tag === "Failure" ? handle.failure : noProvider(entry, ref))
      }
      return handle.success.states.pipe(
        Stream.map((state): Resumed => ({ _tag: "State", entry, provider: { ...provider, baseUrl: ref.baseUrl }, state })),
        Stream.catch(failed)
      )
    })
  )
}

/** As `attach`, for an entry that is ours already. */
const reattach = Effect.fnUntraced(function* (
  provider: Provider<never>,
  ref: JobRef,
  entry: Journal.Entry,
  options: AttachOptions
): Effect.fn.Return<JobHandle, JobError, HttpClient.HttpClient | Journal.Journal> {
  const fail = refusal(provider, "attach", ref)
  const journal = yield* Journal.Journal
  const times = timesOf(options, provider.definition.rhythm)
  if (times._tag !== "Times") return yield* fail(times)
  const there = { ...provider, baseUrl: ref.baseUrl }
  const refused = refuseProvider(provider) ?? refuseRef(there, ref, { anyAccount: options.anyAccount === true })
  if (refused !== undefined) return yield* fail(refused)
  if (Journal.isOpen(entry)) journal.learn(entry)
  return yield* watched(there, ref, options, times, yield* monotonic, { eager: true, held: Journal.isOpen(entry) })
})

const unknownOf = ({ account, at, baseUrl, fate, kind, provider }: Journal.Entry): JobError => {
  const detail = fate._tag === "Unknown" ? fate.detail : "the process ended between its intent and the answer"
  const reason = new SubmitUnknown({ detail, sent: { kind, at, baseUrl, account } })
  return new JobError({ reason, provider, operation: "submit", attempt: 0 })
}

const noProvider = ({ provider }: Journal.Entry, ref: JobRef): JobError => {
  const reason = new InvalidRequest({
    field: "providers",
    rule: `hold none for ${provider}: give one, with the key of account ${ref.account ?? "unknown"}`
  })
  return new JobError({ reason, provider, operation: "attach", attempt: 0, ref })
}

/** The one with the job's account; else one of that name, which is refused in clear words. */
const providerOf = (providers: ReadonlyArray<Provider<never>>, ref: JobRef): Provider<never> | undefined => {
  const same = providers.filter(({ definition }) => definition.name === ref.provider)
  return same.find((provider) => accountOf(provider) === ref.account) ?? same[0]
}

/** @category models */
export interface RunAllOptions extends Omit<SubmitOptions, "label" | "onSubmitted" | "onUnknown" | "saveTo"> {
  /** Jobs at the same time, from submission to end. Absent: 16. */
  readonly concurrency?: number | undefined
  /**
   * A name under which the journal keeps the batch. Running a batch of that name again submits only what was not submitted before, and
   * follows the rest: a batch that was stopped goes on, and nothing is paid for twice. Needs a journal.
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
 * Leaving the stream leaves the jobs that are under way: they go on at the provider. **Each run pays anew, unless it names a `batch`.**
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
): Stream.Stream<BatchEvent, JobError | JobFailed | JobExpired | JobCancelled, HttpClient.HttpClient> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const fail = refusal(provider, "submit")
      const all = Array.from(requests)
      const twice = all.find(([key], index) => all.findIndex(([other]) => other === key) !== index)
      if (twice !== undefined)
        return yield* fail(new InvalidRequest({ field: "requests", rule: `have the key ${twice[0]} more than once` }))
      const journal = Option.getOrUndefined(yield* Effect.serviceOption(Journal.Journal))
      if (options.batch !== undefined && journal === undefined) {
        return yield* fail(new InvalidRequest({ field: "batch", rule: `is ${options.batch}, and there is no journal to keep it in` }))
      }
      const one = ([key, request]: readonly [string, Request]): Stream.Stream<BatchEvent, never, HttpClient.HttpClient> =>
        Stream.unwrap(inBatch(provider, key, request, options, journal)).pipe(
          Stream.catch((error) => Stream.succeed<BatchEvent>({ _tag: "Error", key, error }))
        )
      const events = Stream.flatMap(Stream.fromIterable(all), one, { concurrency: options.concurrency ?? manyJobs })
      return options.stopOnFailure === true ? stopped(events) : events
    })
  )

/** The first failure is shown, and then ends all. */
const stopped = <E, R>(
  events: Stream.Stream<BatchEvent, E, R>
): Stream.Stream<BatchEvent, E | JobError | JobFailed | JobExpired | JobCancelled, R> =>
  Stream.flatMap(events, (event) => {
    if (event._tag === "Error") return Stream.concat(Stream.succeed(event), Stream.fail(event.error))
    if (event._tag === "Saved" || !isTerminal(event.state)) return Stream.succeed(event)
    return Stream.concat(Stream.succeed<BatchEvent>(event), Stream.drain(Stream.fromEffect(resultOf(event.state))))
  })

const inBatch = Effect.fnUntraced(function* <Request>(
  provider: Provider<Request>,
  key: string,
  request: Request,
  options: RunAllOptions,
  journal: Journal.Journal["Service"] | undefined
): Effect.fn.Return<Stream.Stream<BatchEvent, JobError>, JobError, HttpClient.HttpClient> {
  const { batch, onSubmitted, onUnknown, saveTo, ...rest } = options
  const fail = refusal(provider, "submit")
  const prepared = yield* prepare(provider, request, {
    ...rest,
    onSubmitted: (ref) => onSubmitted?.(ref, key) ?? Effect.void,
    onUnknown: (error) => onUnknown?.(error, key) ?? Effect.void
  })
  const statesOf = (handle: JobHandle) => Stream.map(handle.states, (state): BatchEvent => ({ _tag: "State", key, state }))
  const notes: Notes = { label: key, key, saveTo: saveTo?.(key) }
  if (batch === undefined || journal === undefined) return statesOf(yield* send(prepared, notes))
  const place = placeOf(batch, key)
  if (!(yield* Effect.mapError(journal.claim(place.id), fail))) {
    return yield* fail(new JournalFailed({ detail: `another process works on ${key} of the batch ${batch}` }))
  }
  const release = journal.release(place.id)
  const before = yield* journal.read(place.id)
  if (before === undefined) return statesOf(yield* Effect.onError(send(prepared, { ...notes, batch }, place), () => release))
  if (before._tag === "Damaged") {
    yield* release
    const detail = `the entry of ${key} in the batch ${batch} ${before.detail}; whether it was paid for is unknown, so it was not sent again`
    return yield* fail(new JournalFailed({ detail }))
  }
  const digest = yield* digestOf(prepared.submission.call)
  if (before.digest !== digest) {
    yield* release
    return yield* fail(
      new InvalidRequest({ field: key, rule: `was another request when the batch ${batch} submitted it: give a new key, or a new batch` })
    )
  }
  const ref = Journal.refOf(before)
  if (ref === undefined) {
    yield* release
    return yield* unknownOf(before)
  }
  if (!Journal.isOpen(before)) yield* release
  if (before.fate._tag === "Closed" && before.fate.end === "Saved") return Stream.succeed<BatchEvent>({ _tag: "Saved", key, ref })
  const again = Effect.provideService(attaching(ref, reattach(provider, ref, before, rest)), Journal.Journal, journal)
  return statesOf(yield* Effect.onError(again, () => release))
})

const watched = Effect.fnUntraced(function* (
  provider: Provider<never>,
  ref: JobRef,
  options: WatchOptions,
  times: Times,
  since: number,
  { eager, held }: { readonly eager: boolean; readonly held: boolean }
) {
  yield* warnOfHaste(provider, times)
  const client = yield* HttpClient.HttpClient
  const shared = yield* Limits
  const watch = yield* makeWatch({
    provider,
    ref,
    client,
    shared,
    pace: times.pace,
    pollRetry: options.pollRetry,
    deadline: times.deadline,
    since,
    eager,
    requestTimeout: times.request,
    limits: { ...Budget.defaultLimits, misses: options.maxMisses ?? Budget.defaultLimits.misses },
    raw: options.raw === true,
    following: yield* following(ref, held)
  })
  return handleOf(provider, ref, watch, client, shared)
})

const handleOf = (provider: Provider<never>, ref: JobRef, watch: Watch, client: HttpClient.HttpClient, shared: Limits): JobHandle => ({
  ref,
  current: watch.current,
  states: watch.states,
  result: Stream.runLast(watch.states).pipe(Effect.flatMap((last) => resultOf(Option.getOrElse(last, watch.current)))),
  cancel: cancel(provider, ref, watch).pipe(Effect.provideService(HttpClient.HttpClient, client), Effect.provideService(Limits, shared))
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

const cancel = (provider: Provider<never>, ref: JobRef, watch: Watch): Effect.Effect<CancelOutcome, never, HttpClient.HttpClient> =>
  Trace.ofJob("reelay.cancel", ref, Trace.apiOf(provider), (span) =>
    Effect.tap(cancelled(provider, ref, watch), (outcome) => Effect.sync(() => span.attribute("reelay.cancel.outcome", outcome)))
  )

const cancelled = Effect.fnUntraced(function* (
  { definition, ...provider }: Provider<never>,
  ref: JobRef,
  watch: Watch
): Effect.fn.Return<CancelOutcome, never, HttpClient.HttpClient> {
  if (isTerminal(watch.current())) return watch.current()._tag === "Cancelled" ? "Cancelled" : "CompletedAnyway"
  if (definition.cancel === undefined) return "Unsupported"
  const asked = call({ ...provider, definition }, "cancel", definition.cancel(ref), 30_000)
  const answer = yield* Effect.option(inTurn(accountAt({ ...provider, definition }), 30_000, (listen) => listen(asked)))
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
