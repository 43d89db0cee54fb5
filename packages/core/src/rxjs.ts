/**
 * The RxJS API: jobs as Observables.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Observable } from "rxjs"
import { callback, oneOf, record, refuseOptions, type Rules } from "./request/optionRules.ts"
import type { ListedJob, PromiseJob, Source } from "./client/contract.ts"
import { type Asked, Attached, observable, Submitted } from "./client/observable.ts"
import { parsed } from "./client/parsed.ts"
import { attached, attaching } from "./engine/attach.ts"
import { handleOf } from "./engine/handle.ts"
import { resumeAll } from "./engine/resume.ts"
import { servicesOf } from "./engine/services.ts"
import { submission as makeSubmission } from "./engine/submissions.ts"
import type * as Job from "./Job.ts"
import type { JobError } from "./job/JobError.ts"
import type { JobRef } from "./job/JobRef.ts"
import type { JobState } from "./job/JobState.ts"
import { Journal } from "./journal/Journal.ts"
import type { Limits } from "./limits/admission.ts"
import { refusal } from "./provider/check.ts"
import type { Provider } from "./provider/Provider.ts"
import { type LogLevel, logging, logLevelRule } from "./telemetry/logging.ts"
import { overFetch } from "./transport/overFetch.ts"
import { transportBy } from "./transport/overHttpClient.ts"
import type { ApiTransport, Transport } from "./transport/Transport.ts"

export * from "./client/common.ts"

/**
 * How to watch a job, and with what. Every value is plain: a function, a number, an object.
 *
 * @category models
 * @since 0.1.0
 */
export interface WatchOptions extends Job.WatchOptions {
  /** What happens to the job when the last subscriber leaves before its end. `leave`: it continues at the provider. Default: `leave`. */
  readonly onUnsubscribe?: "leave" | "cancel" | undefined
  /** The `fetch` to use. Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** A layer of effect as the transport, such as the pool of `@reelay/node`, in place of `fetch`. */
  readonly transport?: Layer.Layer<HttpClient.HttpClient> | undefined
  /** Remembers the job across a reload, as `inStorage(() => localStorage)` does. Default: nothing is remembered. */
  readonly journal?: Journal["Service"] | undefined
  /** Limits that the jobs of an account share: `Limits.memory()`, the same for several Observables. Default: none. */
  readonly limits?: Limits | undefined
  /** The lowest level that is logged to the console; `debug` logs each poll. No line contains a key or a signed URL. Default: `warning`. */
  readonly logLevel?: LogLevel | undefined
}

/** @category models */
export interface Options extends WatchOptions, Omit<Job.SubmitOptions, "onSubmitted" | "onUnknown"> {
  /** Called with the reference as soon as it is known, even if all subscribers have left meanwhile. Keep it: the job may be billed. */
  readonly onSubmitted?: ((ref: JobRef) => void) | undefined
  /** Called with a `SubmitUnknown` if all subscribers have left, and none can get it as an error. The job may be billed. */
  readonly onUnknown?: ((error: JobError) => void) | undefined
}

/** @category models */
export interface AttachOptions extends WatchOptions {
  /** Attaches even if the key is of another account than the job's, as after a key was renewed. Default: false. */
  readonly anyAccount?: boolean | undefined
}

/** @category models */
export interface ResumeOptions extends Omit<AttachOptions, "onUnsubscribe">, Pick<Job.ResumeOptions, "concurrency" | "others"> {}

/**
 * Submits a job and emits its states. One Observable is one submission: it posts at most once, on the first subscription. Every subscription, retry
 * and repeat gets the same job, or the same error if its outcome is unknown or it was refused. If it was surely not sent, it is tried again, no
 * earlier than the last wait allows.
 *
 * Unsubscribing before the POST has begun sends nothing; the POST never begins in the turn of the event loop that subscribes. After that a submission
 * is never aborted. Unsubscribing stops the polling and aborts a poll in flight.
 *
 * Errors with `JobError` if the job's outcome can't be known. A failed job is a state, after which the Observable completes.
 *
 * **Example** (Showing progress)
 *
 * ```ts
 * import { submit$ } from "@reelay/core/rxjs"
 * import { xai } from "@reelay/providers/xai"
 * import { map } from "rxjs"
 *
 * export const progress$ = (apiKey: string) =>
 *   submit$(xai({ apiKey }), { prompt: "A candle flickers on a wooden table." }).pipe(
 *     map((state) => (state._tag === "Running" ? (state.progress ?? 0) : 0))
 *   )
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const submit$ = <Request>(provider: Provider<Request>, request: Request, options: Options = {}): Observable<JobState> => {
  const { onSubmitted, onUnknown } = options
  const { refused, watching } = apart(options)
  const given: Job.SubmitOptions = {
    ...watching,
    onSubmitted: (ref) => Effect.sync(() => onSubmitted?.(ref)),
    onUnknown: (error) => Effect.sync(() => onUnknown?.(error))
  }
  // One submission, however many subscribe at once.
  const submission = Effect.runSync(
    Effect.cached(
      refused === undefined
        ? Effect.flatMap(servicesFor(options), (services) =>
            Effect.map(Effect.provideContext(makeSubmission(provider, request, given), services), ({ job, phase, settled }) => ({
              job: Effect.map(Effect.provideContext(job, services), handleOf),
              phase,
              settled
            }))
          )
        : Effect.fail(refusal(provider, "submit")(refused))
    )
  )
  return statesOf(new Submitted(submission), options)
}

/**
 * Watches a job that was submitted before, by its reference, as an object or as text. Sends no POST. One Observable is one attachment: all who
 * subscribe share its polls, and a `retry` after an error watches the job again, with a new deadline after `DeadlineExceeded`.
 *
 * **Example** (Coming back to a job)
 *
 * ```ts
 * import { attach$ } from "@reelay/core/rxjs"
 * import { xai } from "@reelay/providers/xai"
 * import { retry } from "rxjs"
 *
 * export const states$ = (apiKey: string, id: string) => attach$(xai({ apiKey }), id).pipe(retry({ count: 3, delay: 10_000 }))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const attach$ = (provider: Provider<never>, ref: JobRef | string, options: AttachOptions = {}): Observable<JobState> => {
  const { refused, watching } = apart(options)
  const attach = Effect.gen(function* () {
    if (refused !== undefined) return yield* Effect.fail(refusal(provider, "attach")(refused))
    const read = yield* parsed(provider, ref)
    return handleOf(yield* Effect.provideContext(attaching(read, attached(provider, read, watching)), yield* servicesFor(options)))
  })
  return statesOf(new Attached(attach), options)
}

/**
 * Follows every unfinished job of the journal, as `Job.resumeAll` does: give each provider that may have some. Sends no POST, and completes when all
 * have ended. Each subscription reads the journal anew; unsubscribing leaves the jobs to others.
 *
 * **Example** (After a reload)
 *
 * ```ts
 * import { inStorage } from "@reelay/core/promise"
 * import { resumeAll$ } from "@reelay/core/rxjs"
 * import { xai } from "@reelay/providers/xai"
 * import { map } from "rxjs"
 *
 * export const resumed$ = (apiKey: string) =>
 *   resumeAll$([xai({ apiKey })], { journal: inStorage(() => localStorage) }).pipe(
 *     map((event) => (event._tag === "State" ? event.state._tag : event._tag))
 *   )
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const resumeAll$ = (
  providers: ReadonlyArray<Provider<never>>,
  options: ResumeOptions & { readonly journal: Journal["Service"] }
): Observable<Job.Resumed> =>
  toObservable(
    Stream.unwrap(
      Effect.map(servicesFor(options), (services) =>
        Stream.provideContext(resumeAll(providers, apart(options).watching), Context.add(services, Journal, options.journal))
      )
    )
  )

/**
 * The list of a client's jobs, now and after each change. The unfinished ones are followed while anybody is subscribed. It never completes.
 *
 * **Example** (How many are running)
 *
 * ```ts
 * import type { Client } from "@reelay/core/promise"
 * import { jobs$ } from "@reelay/core/rxjs"
 * import { map } from "rxjs"
 *
 * export const running$ = (client: Client<never>) =>
 *   jobs$(client).pipe(map((jobs) => jobs.filter(({ status }) => status === "Running").length))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const jobs$ = <J extends PromiseJob>(client: {
  readonly jobs: Source<ReadonlyArray<ListedJob<J>>>
}): Observable<ReadonlyArray<ListedJob<J>>> => new Observable((subscriber) => client.jobs.subscribe(subscriber))

const statesOf = (asked: Asked, { logLevel, onUnsubscribe }: WatchOptions): Observable<JobState> =>
  observable({ asked, cancels: onUnsubscribe === "cancel", context: levelOf(logLevel) })

const ownRules: Rules<Omit<WatchOptions, keyof Job.WatchOptions>> = {
  onUnsubscribe: oneOf("leave", "cancel"),
  fetch: callback,
  transport: record,
  journal: record,
  limits: record,
  logLevel: logLevelRule
}

/** What is of this API alone, checked, and what the engine checks. */
const apart = <O extends WatchOptions>({ fetch, journal, limits, logLevel, onUnsubscribe, transport, ...watching }: O) => ({
  refused: refuseOptions({ fetch, journal, limits, logLevel, onUnsubscribe, transport }, ownRules),
  watching
})

const levels = new Map<LogLevel | undefined, Context.Context<never>>()

/** Where watch sessions are logged: one context for a level, so that the jobs of it share their sessions. */
const levelOf = (level: LogLevel | undefined): Context.Context<never> => {
  const known = levels.get(level)
  if (known !== undefined) return known
  const fresh = Effect.runSync(Effect.provide(Effect.context(), logging(level)))
  levels.set(level, fresh)
  return fresh
}

/** One for a `fetch`, so that its Observables share a line of requests. */
const fetches = new WeakMap<typeof globalThis.fetch, Transport>()

/** The platform's `fetch`, for all who name none. */
const platform = overFetch()

const sentBy = (fetch: typeof globalThis.fetch | undefined): Transport => {
  if (fetch === undefined) return platform
  const known = fetches.get(fetch) ?? overFetch(fetch)
  fetches.set(fetch, known)
  return known
}

const transports = new WeakMap<Layer.Layer<HttpClient.HttpClient>, Effect.Effect<Transport>>()

/** A transport is built once, however many Observables are given its layer. */
const transportOf = (layer: Layer.Layer<HttpClient.HttpClient>): Effect.Effect<Transport> => {
  const known = transports.get(layer)
  if (known !== undefined) return known
  const built = Effect.map(Layer.buildWithScope(layer, Scope.makeUnsafe()), (context) =>
    transportBy(Context.get(context, HttpClient.HttpClient))
  )
  const fresh = Effect.runSync(Effect.cached(built))
  transports.set(layer, fresh)
  return fresh
}

const servicesFor = ({ fetch, logLevel, transport, ...options }: WatchOptions): Effect.Effect<Context.Context<ApiTransport>> =>
  Effect.map(transport === undefined ? Effect.succeed(sentBy(fetch)) : transportOf(transport), (built) =>
    servicesOf(levelOf(logLevel), built, options)
  )

/**
 * Turns a stream into a cold Observable: each subscription runs it, and unsubscribing interrupts it.
 *
 * **Example** (Following a job that is known by its handle)
 *
 * ```ts
 * import type { Job } from "@reelay/core"
 * import { toObservable } from "@reelay/core/rxjs"
 *
 * export const states$ = (handle: Job.JobHandle) => toObservable(handle.states)
 * ```
 *
 * @category converting
 * @since 0.1.0
 */
export const toObservable = <A, E>(stream: Stream.Stream<A, E>): Observable<A> =>
  new Observable((subscriber) => {
    const fiber = Effect.runFork(Stream.runForEach(stream, (value) => Effect.sync(() => subscriber.next(value))))
    const stop = fiber.addObserver((exit) => (Exit.isSuccess(exit) ? subscriber.complete() : subscriber.error(Cause.squash(exit.cause))))
    return () => {
      stop()
      Effect.runFork(Fiber.interrupt(fiber))
    }
  })
