/**
 * Submitting a video job, and watching it to its end.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Stream from "effect/Stream"
import { attached, attaching } from "./engine/attach.ts"
import { type BatchEvent, runAll as submitAll, type RunAllOptions } from "./engine/batch.ts"
import { handleOf as viewOfJob } from "./engine/handle.ts"
import type { JobHandle, Submission } from "./engine/JobHandle.ts"
import type { AttachOptions, SubmitOptions } from "./engine/options.ts"
import { pollOnce, type Polled, pollerOf } from "./engine/pollOnce.ts"
import { resumeAll as resumeEntries, type Resumed, type ResumeOptions } from "./engine/resume.ts"
import { submission as makeSubmission } from "./engine/submissions.ts"
import type { Submission as Submitting } from "./engine/submitting.ts"
import type { Watch } from "./engine/watching.ts"
import type { JobCancelled, JobError, JobExpired, JobFailed } from "./job/JobError.ts"
import type { JobRef } from "./job/JobRef.ts"
import type * as Journal from "./journal/Journal.ts"
import type { Poller } from "./poll/Poller.ts"
import type { Provider } from "./provider/Provider.ts"
import { apiTransport, overHttp } from "./transport/overHttpClient.ts"
import { ApiTransport } from "./transport/Transport.ts"

export {
  /**
   * The account that a provider's jobs belong to: its name, or a fingerprint of its key. References have it.
   *
   * @category getters
   * @since 0.1.0
   */
  accountOf
} from "./provider/account.ts"
export type {
  /** @category models */
  BatchEvent,
  /** @category models */
  RunAllOptions
} from "./engine/batch.ts"
export type {
  /** @category models */
  CancelOutcome,
  /** @category models */
  JobHandle,
  /** @category models */
  Submission
} from "./engine/JobHandle.ts"
export type {
  /** @category models */
  AttachOptions,
  /** @category models */
  SubmitOptions,
  /** @category models */
  WatchOptions
} from "./engine/options.ts"
export type {
  /** @category models */
  Polled
} from "./engine/pollOnce.ts"
export type {
  /** @category models */
  Resumed,
  /** @category models */
  ResumeOptions
} from "./engine/resume.ts"
export type {
  /**
   * The phase of a submission.
   *
   * @category models
   * @since 0.1.0
   */
  Phase
} from "./engine/Submission.ts"

/**
 * Makes a submission, and refuses what can be refused without sending. Sends nothing yet: the first run of its `job` does.
 *
 * With a `key`, returns the submission that this process or its journal already has under that key, if there is one.
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
): Effect.Effect<Submission, JobError, HttpClient.HttpClient> => overHttp(Effect.map(makeSubmission(provider, request, options), viewOf))

/**
 * Submits one job: at most one POST is accepted. Returns when the provider has given an id. Each run is a new submission unless it has a `key`. To
 * ask again without paying again, keep a `submission`.
 *
 * Money: the POST is repeated only if it was surely not accepted. If that can't be known, the failure is `SubmitUnknown`, nothing is sent again, and
 * for ten minutes the same request is refused with the same error. An interruption before the POST has begun sends nothing. A later one waits for the
 * id (at most 10 s), passes it to `onSubmitted`, and then stops. After those 10 s the request still runs until its timeout, and an id that arrives is
 * recorded and passed to `onSubmitted`.
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
): Effect.Effect<JobHandle, JobError, HttpClient.HttpClient> =>
  Effect.flatMap(overHttp(makeSubmission(provider, request, options)), ({ job }) => Effect.map(job, handleOf))

/**
 * Watches a job that was submitted before, here or elsewhere. Sends no POST; the first poll is immediate.
 *
 * The key goes only to the vendor's own address or the configured `baseUrl`: a reference with another address fails with `ForbiddenAddress`, and one
 * of another account with `Unauthorized`. Neither sends anything.
 *
 * @category constructors
 * @since 0.1.0
 */
export const attach = (
  provider: Provider<never>,
  ref: JobRef,
  options: AttachOptions = {}
): Effect.Effect<JobHandle, JobError, HttpClient.HttpClient> =>
  overHttp(Effect.map(attaching(ref, attached(provider, ref, options)), handleOf))

/**
 * Makes the record that `poll` continues from, for a job that is known by its reference. `owned`: this account is known to have submitted it, so a
 * 401 or 403 is a failed poll. Default: false. Refuses what `attach` refuses, and a pace or retry that is a `Schedule`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const poller = (
  provider: Provider<never>,
  ref: JobRef,
  options: AttachOptions & { readonly owned?: boolean | undefined } = {}
): Effect.Effect<Poller, JobError> => pollerOf(provider, ref, options)

/**
 * Polls once, without the wait before it: for programs that keep the record themselves, such as a queue in a database. Give the same options each
 * time. Sends nothing if no poll is allowed yet. `next` says if sight of the job was lost; the effect itself fails only if the call is refused.
 *
 * **Example** (One step of a worker)
 *
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Job, type Poller } from "@reelay/core"
 * import { xai } from "@reelay/providers/xai"
 *
 * export const step = (apiKey: string, kept: Poller.Poller) =>
 *   Effect.gen(function* () {
 *     const { next, poller, state } = yield* Job.poll(xai({ apiKey }), kept)
 *     return { keep: poller, changed: state, again: next._tag === "Poll" ? next.at : undefined }
 *   })
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const poll = (
  provider: Provider<never>,
  record: Poller,
  options: AttachOptions = {}
): Effect.Effect<Polled, JobError, HttpClient.HttpClient> => overHttp(pollOnce(provider, record, options))

/**
 * Follows every unfinished job of the journal, each with the provider that has its account's key. Sends no POST, and leaves alone what a living
 * process has leased. One that fails does not stop the others; the stream itself fails only if the journal can't be read or `concurrency` is invalid.
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
  Stream.provideServiceEffect(resumeEntries(providers, options), ApiTransport, apiTransport)

/**
 * Submits many jobs, `concurrency` at a time, and streams the states of all, each with its request's key. One that fails does not stop the others,
 * unless `stopOnFailure` is set.
 *
 * Leaving the stream does not stop the jobs that are under way: they continue at the provider. The stream may be retried and repeated: it has one
 * submission for each request, and returns to its jobs. Another `runAll` **pays again, unless it names the same `batch`.**
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
  Stream.provideServiceEffect(submitAll(provider, requests, options), ApiTransport, apiTransport)

/**
 * The handle of a job that another API watches: what a platform package gets to add members to the jobs of a client.
 *
 * @category converting
 * @since 0.1.0
 */
export const handleOf = (watch: Watch): JobHandle => viewOfJob(watch)

const views = new WeakMap<Submitting, Submission>()

/** The same view of the same submission, so that callers with one key have one value. */
const viewOf = (submitting: Submitting): Submission => {
  const known = views.get(submitting)
  if (known !== undefined) return known
  const { digest, job, key, phase } = submitting
  const view: Submission = { key, digest, phase, job: Effect.map(job, handleOf) }
  views.set(submitting, view)
  return view
}
