/**
 * The Promise API, for programs that use neither Effect nor RxJS.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Durations } from "./durations/Durations.ts"
import type { CallOptions, JobClient, PromiseJob, SubmitOptions } from "./client/contract.ts"
import { JobList } from "./client/list.ts"
import { ClientClosed, endBy, type Listening, type Open, type Run } from "./client/listening.ts"
import { callback, record, refuseOptions, type Rules } from "./request/optionRules.ts"
import { byFetch } from "./client/byFetch.ts"
import { interoperable } from "./client/observing.ts"
import { jobWith, type Members } from "./client/OpenJob.ts"
import { parsed } from "./client/parsed.ts"
import { loaded, promised } from "./client/promises.ts"
import { sharing } from "./client/sharing.ts"
import { attachRules, checked, runRules, submitRules } from "./client/rules.ts"
import { attached, attaching } from "./engine/attach.ts"
import { rules } from "./engine/options.ts"
import { servicesOf } from "./engine/services.ts"
import { submission as makeSubmission } from "./engine/submissions.ts"
import { InFlight, running, type Submission } from "./engine/submitting.ts"
import type { Watch } from "./engine/watching.ts"
import type * as Job from "./Job.ts"
import { InvalidRequest, JobError } from "./job/JobError.ts"
import { fromUri, type JobRef } from "./job/JobRef.ts"
import * as Journal from "./journal/Journal.ts"
import type { Limits } from "./limits/admission.ts"
import type { Pace } from "./poll/Pace.ts"
import { refusal } from "./provider/check.ts"
import type { Provider } from "./provider/Provider.ts"
import { type LogLevel, logging, logLevelRule } from "./telemetry/logging.ts"
import type { Outbound } from "./transport/exchange.ts"
import type { ApiTransport } from "./transport/Transport.ts"

export * from "./client/common.ts"
export { logging } from "./telemetry/logging.ts"
export type { CallOptions, JobClient, Observer, RunOptions, Source, SubmitOptions, Subscription } from "./client/contract.ts"
export { ClientClosed, type Run } from "./client/listening.ts"
export { byFetch } from "./client/byFetch.ts"
export type { Members } from "./client/OpenJob.ts"
export { promised } from "./client/promises.ts"
export type { Watch } from "./engine/watching.ts"

/**
 * What a client does by default. Every time is milliseconds, a text such as `"5 seconds"`, or a `Duration`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClientOptions<Request> {
  readonly provider: Provider<Request>
  /** The `fetch` to use. Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** When to poll: a pace or an interval. Default: what the provider's documents advise. */
  readonly pace?: Pace | Duration.Input | undefined
  /** From submission or attachment until `DeadlineExceeded`. Default: the provider's, 15 minutes or more. */
  readonly deadline?: Duration.Input | undefined
  /** The longest that one poll may take. Default: 30 seconds. */
  readonly requestTimeout?: Duration.Input | undefined
  /** The longest that one try to submit may take. Default: 60 seconds. */
  readonly submitTimeout?: Duration.Input | undefined
  /** When to try to submit again if a job was surely not accepted. Default: see `Job.SubmitOptions`. */
  readonly submitRetry?: Job.SubmitOptions["submitRetry"]
  /** When to poll again after a failed poll. Default: see `Job.WatchOptions`. */
  readonly pollRetry?: Job.WatchOptions["pollRetry"]
  /** Failed polls in a row before the watcher gives up. Default: 10. */
  readonly maxConsecutiveFailures?: number | undefined
  /**
   * Learns how long jobs take, for `job.outlook()`: `Durations.inStorage(() => localStorage)`. Default: that of `Pace.adaptive`, if it is the pace; else
   * nothing is learned.
   */
  readonly durations?: Durations | undefined
  /** Whether states carry the payload that led to them. It may hold signed URLs. Default: false. */
  readonly raw?: boolean | undefined
  /** Remembers jobs across restarts, as `inStorage(() => localStorage)` does. Default: nothing is remembered. */
  readonly journal?: Journal.Journal["Service"] | undefined
  /**
   * The most submissions of the account within a time, counted in this process and its journal. One more is `RateLimited`, and nothing is sent.
   * Default: no limit.
   */
  readonly maxSubmissions?: Job.SubmitOptions["maxSubmissions"]
  /**
   * Limits that the jobs of an account share: `Limits.memory()`, the same for several clients. Default: none here, since a page seldom has many jobs
   * and effect's limiter weighs 9 KB (gzip) on top of a provider; in `@reelay/node`, limits that all clients of the process share.
   */
  readonly limits?: Limits | undefined
  /** The lowest level that is logged to the console; `debug` logs each poll. No line contains a key or a signed URL. Default: `warning`. */
  readonly logLevel?: LogLevel | undefined
}

/** @category models */
export interface RunAllOptions extends CallOptions, Pick<Job.RunAllOptions, "batch" | "concurrency" | "saveTo" | "stopOnFailure"> {
  /** Called with each reference as soon as it is known, and with the key of its request. */
  readonly onSubmitted?: ((ref: JobRef, key: string) => void) | undefined
  /** Called with a `SubmitUnknown` if the loop was left or `signal` aborted, and with the key of its request. The job may be billed. */
  readonly onUnknown?: ((error: JobError, key: string) => void) | undefined
}

/**
 * A submission as a value to keep: `job()` may be called any number of times, and never pays twice.
 *
 * @category models
 * @since 0.1.0
 */
export interface PromiseSubmission<J extends PromiseJob = PromiseJob> {
  /** The caller's, or a generated one. */
  readonly key: string
  /** The current phase: see `Job.Submission`. */
  readonly phase: () => Job.Phase
  /** The job: the same one on every call, or the same error. If it was surely not sent, it is tried again, no earlier than the last wait allows. */
  readonly job: (options?: CallOptions) => Promise<J>
}

/** @category models */
export interface Client<Request, J extends PromiseJob = PromiseJob>
  extends Omit<JobClient<Request, J>, "attach" | "forget" | "jobs">, AsyncDisposable {
  /** Makes a submission to keep, and refuses what can be refused without sending. Sends nothing before its `job()` is called. */
  readonly submission: (request: Request, options?: Omit<SubmitOptions, "signal">) => Promise<PromiseSubmission<J>>
  /**
   * Watches a job that was submitted before, by its reference, as an object or as text (`job.id`). Sends no POST. A job of the list of jobs is the
   * one that the list has.
   */
  readonly attach: (ref: JobRef | string, options?: CallOptions & { readonly anyAccount?: boolean | undefined }) => Promise<J>
  /** Submits many jobs and follows all, as `Job.runAll` does. It begins with the first `next`; leaving the loop does not stop the jobs. */
  readonly runAll: (requests: Iterable<readonly [key: string, request: Request]>, options?: RunAllOptions) => AsyncIterable<Job.BatchEvent>
  /**
   * Follows every unfinished job of the journal, as `Job.resumeAll` does, but those that another client has the key for. Sends no POST. Without a journal there are
   * none.
   */
  readonly resumeAll: (options?: CallOptions & Pick<Job.ResumeOptions, "anyAccount" | "concurrency">) => AsyncIterable<Job.Resumed>
  /**
   * Called: the journal's entries of this client, finished jobs included, oldest first. Without a journal there are none.
   *
   * Subscribed to: the list of all jobs of the journal and of this page. The unfinished ones are followed, unless another tab does. A job stays listed
   * until it is forgotten, or 30 days after its end. Without a journal it has the jobs since it was first asked for.
   */
  readonly jobs: (() => Promise<ReadonlyArray<Journal.Entry | Journal.Damaged>>) & JobClient<Request, J>["jobs"]
  /**
   * Forgets a submission or a batch, as `Journal.forget` does, and takes it from the list: by its id there, its key, or its job's id. Returns how many
   * there were. Rejects without a journal, if the list has none of that id.
   */
  readonly forget: (
    which: Parameters<typeof Journal.forget>[0],
    options?: { readonly maySubmitAgain?: boolean | undefined }
  ) => Promise<number>
  /** Records what became of a submission with an unknown outcome, as `Journal.resolve` does. Rejects without a journal. */
  readonly resolve: (
    which: Journal.Which,
    fact: { readonly ref: JobRef | string } | "NotCreated",
    options?: { readonly attempt?: string | undefined }
  ) => Promise<Journal.Entry | undefined>
  /**
   * Finishes the submissions that have begun; the others send nothing. Polling stops, and jobs continue at the provider. Resolves when all of that is
   * done. Other pending calls reject with `ClientClosed`, as does every later call. `await using client = ...` closes it at the end of a block.
   */
  readonly close: () => Promise<void>
}

/**
 * Makes a client for one provider.
 *
 * **Example** (From a prompt to bytes)
 *
 * ```ts
 * import { createClient } from "@reelay/core/promise"
 * import { xai } from "@reelay/providers/xai"
 *
 * export const video = async (apiKey: string, signal: AbortSignal) => {
 *   const client = createClient({ provider: xai({ apiKey }) })
 *   const job = await client.submit({ prompt: "A candle flickers on a wooden table." }, { signal })
 *   for await (const state of job) console.log(state._tag)
 *   return job.bytes({ signal })
 * }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const createClient = <Request>(options: ClientOptions<Request>): Client<Request> => {
  checkClient(options)
  return clientOver(byFetch(options.fetch), options, {})
}

/**
 * Throws a `JobError` with the reason `InvalidRequest` if an option of a client is not known or not what it must be: a platform package's
 * `createClient` begins with it. `more` has the options that it adds; each function returns what is wrong with a value, as "must be a text".
 *
 * @category guards
 * @since 0.1.0
 */
export const checkClient = (
  options: ClientOptions<never>,
  more: Readonly<Record<string, (value: unknown) => string | undefined>> = {}
): void => {
  const given: unknown = options
  const refused =
    refuseOptions(given ?? {}, { ...clientRules, ...more }) ?? refuseOptions({ provider: options?.provider ?? null }, clientRules)
  if (refused !== undefined) throw new JobError({ reason: refused, provider: "a provider", operation: "submit", attempt: 0 })
}

const { deadline, durations, maxConsecutiveFailures, maxSubmissions, pace, pollRetry, raw, requestTimeout, submitRetry, submitTimeout } =
  rules
const clientRules: Rules<ClientOptions<never>> = {
  provider: (value) =>
    typeof value === "object" && value !== null && "definition" in value ? undefined : "must be a provider, such as xai({ apiKey })",
  fetch: callback,
  pace,
  deadline,
  requestTimeout,
  submitTimeout,
  submitRetry,
  pollRetry,
  maxConsecutiveFailures,
  durations,
  raw,
  journal: record,
  maxSubmissions,
  limits: record,
  logLevel: logLevelRule
}

/**
 * Makes a client over any transport: a platform package builds its own `createClient` from it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const clientOver = <Request, J extends PromiseJob>(
  outbound: Outbound,
  options: ClientOptions<Request>,
  members: Members<J>
): Client<Request, J> => {
  const { fetch: _, journal, limits, logLevel, provider, ...watching } = options
  const inFlight = running()
  const closing = new AbortController()
  /** Where watch sessions are logged. */
  const context = Effect.runSync(Effect.provide(Effect.context(), logging(logLevel)))
  const services = Context.add(servicesOf(context, outbound.transport, { journal, limits }), InFlight, inFlight)
  const provided = <A, E>(effect: Effect.Effect<A, E, ApiTransport>): Effect.Effect<A, E> => Effect.provideContext(effect, services)
  const run: Run = (effect, signal) => promised(provided(effect), signal, closing.signal)
  const downloads = Effect.runSync(Effect.cached(outbound.downloads))
  const waiting = new Set<Listening>()
  closing.signal.addEventListener("abort", () => {
    for (const each of Array.from(waiting)) each.closed(closing.signal.reason)
  })
  const open: Open = { provider, context, run, downloads, closing: closing.signal, waiting }
  const JobOfClient = jobWith(members)
  const { isOurs, leave } = sharing(journal, provider)
  const list = new JobList<J>({ open, journal, options: watching, isOurs, asJob: (watch) => new JobOfClient(watch, open) })
  const asJob = (watch: Watch): J => list.add(new JobOfClient(watch, open), watch)
  const made = (request: Request, { key, label, maySubmitAgain, onSubmitted, onUnknown, saveTo }: SubmitOptions) =>
    makeSubmission(provider, request, {
      ...watching,
      key,
      label,
      maySubmitAgain,
      saveTo,
      onSubmitted: (ref) => Effect.sync(() => onSubmitted?.(ref)),
      onUnknown: (error) => Effect.sync(() => onUnknown?.(error))
    })
  /** A client that closes lets a submission that has begun finish. */
  const asked = (submission: Submission, signal: AbortSignal | undefined): Promise<Watch> =>
    promised(provided(submission.job), signal, closing.signal, () => submission.phase()._tag !== "Sending")
  const written = <A, E>(effect: Effect.Effect<A, E, Journal.Journal>): Promise<A> =>
    journal === undefined
      ? Promise.reject(refusal(provider, "attach")(new InvalidRequest({ field: "journal", rule: "is missing: this client keeps none" })))
      : run(Effect.provideService(effect, Journal.Journal, journal))
  const submit = async (request: Request, given: SubmitOptions = {}, known: Rules<SubmitOptions> = submitRules): Promise<Watch> => {
    checked(provider, given, known)
    return asked(await run(made(request, given), given.signal), given.signal)
  }
  const jobs = (): Promise<ReadonlyArray<Journal.Entry | Journal.Damaged>> =>
    journal === undefined
      ? Promise.resolve([])
      : run(
          Effect.mapBoth(journal.entries, {
            onSuccess: (all) => all.filter((entry) => entry._tag === "Damaged" || isOurs(entry)),
            onFailure: refusal(provider, "attach")
          })
        )
  const close = async (): Promise<void> => {
    inFlight.closed = true
    leave()
    closing.abort(new ClientClosed())
    while (inFlight.fibers.size > 0) await Promise.all(Array.from(inFlight.fibers, (fiber) => Effect.runPromise(Fiber.await(fiber))))
  }
  return {
    submit: (request, given) => list.during(async () => asJob(await submit(request, given))),
    submission: async (request, given = {}) => {
      checked(provider, given, submitRules)
      const submission = await run(made(request, given))
      const { key, phase } = submission
      return { key, phase, job: ({ signal } = {}) => list.during(async () => asJob(await asked(submission, signal))) }
    },
    attach: async (given, more = {}) => {
      checked(provider, more, attachRules)
      const { anyAccount, signal } = more
      const found = Effect.flatMap(parsed(provider, given), (ref) => {
        const known = list.find(ref)
        return known === undefined
          ? Effect.map(attaching(ref, attached(provider, ref, { ...watching, anyAccount })), asJob)
          : Effect.succeed(known)
      })
      return run(found, signal)
    },
    run: async (request, given = {}) => {
      const watch = await submit(request, given, runRules)
      asJob(watch)
      return endBy(watch, open, given)
    },
    runAll: (requests, { onSubmitted, onUnknown, signal, ...given } = {}) => {
      const all: Job.RunAllOptions = {
        ...watching,
        ...given,
        onSubmitted: (ref, key) => Effect.sync(() => onSubmitted?.(ref, key)),
        onUnknown: (error, key) => Effect.sync(() => onUnknown?.(error, key))
      }
      return loaded(async () => (await streams()).batched(provider, requests, all, { services, signals: [signal, closing.signal] }))
    },
    resumeAll: ({ signal, ...given } = {}) => {
      const all: Job.ResumeOptions = { ...watching, ...given }
      return loaded(async () => (await streams()).resumed(provider, journal, isOurs, all, { services, signals: [signal, closing.signal] }))
    },
    jobs: interoperable(Object.assign(jobs, { current: list.current, subscribe: list.subscribe })),
    forget: async (which, given) => {
      const ref = typeof which === "string" ? fromUri(which) : undefined
      const listed = typeof which === "string" ? list.remove(which) : 0
      if (journal === undefined && listed > 0) return listed
      const found = typeof ref === "object" ? Effect.map(Journal.find(ref), (entry) => entry?.id ?? which) : Effect.succeed(which)
      const count = await written(
        Effect.mapError(
          Effect.flatMap(found, (id) => Journal.forget(id, given)),
          refusal(provider, "attach")
        )
      )
      return Math.max(count, listed)
    },
    resolve: (which, fact, given) =>
      written(
        Effect.gen(function* () {
          const known = fact === "NotCreated" ? fact : { ref: yield* parsed(provider, fact.ref) }
          return yield* Effect.mapError(Journal.resolve(which, known, given), refusal(provider, "attach"))
        })
      ),
    close,
    [Symbol.asyncDispose]: close
  }
}

const streams = () => import("./client/streams.ts")
