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
import { Observable, type Subscriber } from "rxjs"
import { macrotask } from "./base/macrotask.ts"
import { handleOf } from "./engine/handle.ts"
import { servicesOf } from "./engine/services.ts"
import { submission as makeSubmission } from "./engine/submissions.ts"
import type { Submission } from "./engine/submitting.ts"
import type { Listener } from "./engine/watching.ts"
import type * as Job from "./Job.ts"
import type { JobError } from "./job/JobError.ts"
import { isTerminal, type JobState } from "./job/JobState.ts"
import type { Journal } from "./journal/Journal.ts"
import type { Limits } from "./limits/admission.ts"
import type { Provider } from "./provider/Provider.ts"
import { type LogLevel, logging } from "./telemetry/logging.ts"
import { overFetch } from "./transport/overFetch.ts"
import { transportBy } from "./transport/overHttpClient.ts"
import type { ApiTransport, Transport } from "./transport/Transport.ts"

export type { LogLevel } from "./telemetry/logging.ts"

/** @category models */
export interface Options extends Job.SubmitOptions {
  /** What happens to the job when the last subscriber leaves before its end. `leave`: it continues at the provider. Default: `leave`. */
  readonly onUnsubscribe?: "leave" | "cancel" | undefined
  /** The transport. Default: the platform's `fetch`. */
  readonly transport?: Layer.Layer<HttpClient.HttpClient> | undefined
  /** Remembers the job across a reload, as `inStorage(() => localStorage)` does. Default: nothing is remembered. */
  readonly journal?: Journal["Service"] | undefined
  /** Limits that the jobs of an account share: `Limits.memory()`, the same for several Observables. Default: none. */
  readonly limits?: Limits | undefined
  /** The lowest level that is logged to the console; `debug` logs each poll. No line contains a key or a signed URL. Default: `warning`. */
  readonly logLevel?: LogLevel | undefined
}

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
  // One submission: the first subscription makes it. Once there is a job, the job is all that is kept.
  let held: Effect.Effect<Held, JobError> | undefined = Effect.runSync(
    Effect.cached(
      Effect.flatMap(servicesFor(options), (services) =>
        Effect.map(Effect.provideContext(makeSubmission(provider, request, options), services), ({ job, phase, settled }) => ({
          job: Effect.map(Effect.provideContext(job, services), handleOf),
          phase,
          settled
        }))
      )
    )
  )
  let made: Job.JobHandle | undefined
  const handle = Effect.suspend(() => {
    if (made !== undefined || held === undefined) return made === undefined ? Effect.never : Effect.succeed(made)
    const asked = Effect.flatMap(held, ({ job, phase }) =>
      // In a later turn: a bare `retry()` that gets a final error while it subscribes would never yield to the event loop.
      "error" in phase() ? Effect.andThen(macrotask, job) : job
    )
    return Effect.map(asked, (job) => {
      made = job
      held = undefined
      return job
    })
  })
  let subscribers = 0

  /** The last subscriber has left, and wants the job to end. What was never sent needs no cancelling. */
  const cancelled = Effect.gen(function* () {
    if (made === undefined && held !== undefined) {
      const submission = yield* held
      // Waits for a submission in flight without asking for it: no subscriber is left that wants another try.
      yield* submission.settled
      if (submission.phase()._tag !== "Accepted") return
    }
    if (subscribers > 0) return
    const job = yield* handle
    if (!isTerminal(job.current())) yield* job.cancel
  })

  return new Observable<JobState>((subscriber) => {
    subscribers += 1
    let leave: (() => void) | undefined
    let asking: Fiber.Fiber<Job.JobHandle, JobError> | undefined = Effect.runFork(handle)
    const stop = asking.addObserver((exit) => {
      asking = undefined
      if (Exit.isFailure(exit)) return subscriber.error(Cause.squash(exit.cause))
      leave = exit.value.subscribe(new Told(subscriber), levelOf(options.logLevel))
      if (subscriber.closed) leave()
    })
    return () => {
      subscribers -= 1
      stop()
      if (asking !== undefined) Effect.runFork(Fiber.interrupt(asking))
      leave?.()
      if (subscribers === 0 && options.onUnsubscribe === "cancel") Effect.runFork(Effect.ignore(cancelled))
    }
  })
}

/** What of a submission is needed here. */
interface Held extends Pick<Submission, "phase" | "settled"> {
  readonly job: Effect.Effect<Job.JobHandle, JobError>
}

/** A subscriber as a listener of the job. */
class Told implements Listener {
  private readonly subscriber: Subscriber<JobState>

  constructor(subscriber: Subscriber<JobState>) {
    this.subscriber = subscriber
  }

  state(state: JobState): void {
    this.subscriber.next(state)
  }

  ended(): void {
    this.subscriber.complete()
  }

  lost(cause: Cause.Cause<JobError>): void {
    this.subscriber.error(Cause.squash(cause))
  }
}

const levels = new Map<LogLevel | undefined, Context.Context<never>>()

/** Where watch sessions are logged: one context for a level, so that the jobs of it share their sessions. */
const levelOf = (level: LogLevel | undefined): Context.Context<never> => {
  const known = levels.get(level)
  if (known !== undefined) return known
  const fresh = Effect.runSync(Effect.provide(Effect.context(), logging(level)))
  levels.set(level, fresh)
  return fresh
}

/** The platform's `fetch`, for all who name no transport. */
const platform = overFetch()

const transports = new WeakMap<Layer.Layer<HttpClient.HttpClient>, Effect.Effect<Transport>>()

/** A transport is built once, however many Observables are given its layer. */
const transportOf = (layer: Layer.Layer<HttpClient.HttpClient> | undefined): Effect.Effect<Transport> => {
  if (layer === undefined) return Effect.succeed(platform)
  const known = transports.get(layer)
  if (known !== undefined) return known
  const built = Effect.map(Layer.buildWithScope(layer, Scope.makeUnsafe()), (context) =>
    transportBy(Context.get(context, HttpClient.HttpClient))
  )
  const fresh = Effect.runSync(Effect.cached(built))
  transports.set(layer, fresh)
  return fresh
}

const servicesFor = ({ logLevel, transport, ...options }: Options): Effect.Effect<Context.Context<ApiTransport>> =>
  Effect.map(transportOf(transport), (built) => servicesOf(levelOf(logLevel), built, options))

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
