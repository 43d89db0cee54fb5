/**
 * The RxJS face: jobs as Observables.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Observable } from "rxjs"
import { macrotask } from "./base/macrotask.ts"
import { servicesOf } from "./engine/services.ts"
import { submission as makeSubmission } from "./engine/submissions.ts"
import type * as Job from "./Job.ts"
import { isTerminal, type JobState } from "./job/JobState.ts"
import type { Journal } from "./journal/Journal.ts"
import type { Limits } from "./limits/admission.ts"
import type { Provider } from "./provider/Provider.ts"
import { type LogLevel, logging } from "./telemetry/logging.ts"
import { fetchClient } from "./transport/fetchClient.ts"

export type { LogLevel } from "./telemetry/logging.ts"

/** @category models */
export interface Options extends Job.SubmitOptions {
  /** What happens to the job when the last subscriber leaves before its end. `leave`: it goes on at the provider. Default: `leave`. */
  readonly onUnsubscribe?: "leave" | "cancel" | undefined
  /** The transport. Default: the platform's `fetch`. */
  readonly transport?: Layer.Layer<HttpClient.HttpClient> | undefined
  /** Remembers the job across a reload, as `KeyValueJournal.inStorage(localStorage)` does. Default: nothing is remembered. */
  readonly journal?: Journal["Service"] | undefined
  /** What the jobs of an account share: `Limits.memory()`, the same for several Observables. Default: nothing. */
  readonly limits?: Limits | undefined
  /** The least that is worth a line on the console; `debug` tells of each poll. No line holds a key or a signed URL. Default: `warning`. */
  readonly logLevel?: LogLevel | undefined
}

/**
 * Submits a job and emits its states. One Observable is one submission: it posts at most once, on the first subscription, and whoever
 * subscribes, retries or repeats gets the same job, or the same error if its fate is unknown or it was refused. What was surely not sent is
 * tried again, no earlier than the last wait said.
 *
 * Unsubscribing before the POST has begun sends nothing; that is never in the turn of the event loop in which it was subscribed to. After that a
 * submission is never cut. Unsubscribing stops the polling and aborts the request in flight.
 *
 * Errors with `JobError` where the job's fate can't be known. A job that fails is a state, after which the Observable completes.
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
  const level = logging(options.logLevel)
  /** Where watch sessions are logged. */
  const context = Effect.runSync(Effect.provide(Effect.context(), level))
  const transport = servicesOf(Layer.merge(options.transport ?? fetchClient(), level), options)
  // One submission, and one transport that lives as long as it: whoever comes first makes both.
  const held = Effect.runSync(
    Effect.cached(
      Effect.flatMap(Layer.buildWithScope(transport, Scope.makeUnsafe()), (services) =>
        Effect.provideContext(makeSubmission(provider, request, options), services)
      )
    )
  )
  const handle = Effect.flatMap(held, ({ job, phase }) => {
    // In a later turn: a bare `retry()` that is told of a final error while it subscribes would never let go of the event loop.
    const asked = "error" in phase() ? Effect.andThen(macrotask, job) : job
    return Effect.provide(asked, level)
  })
  let subscribers = 0

  /** The last one has left, and wants the job to end. What was never sent needs no cancelling. */
  const cancelled = Effect.gen(function* () {
    const submission = yield* held
    // One that is on its way is waited for, and not asked for: nobody is left who wants another try.
    yield* submission.settled
    const { _tag } = submission.phase()
    if (subscribers > 0 || _tag !== "Accepted") return
    const made = yield* handle
    if (!isTerminal(made.current())) yield* made.cancel
  })

  return new Observable<JobState>((subscriber) => {
    subscribers += 1
    let leave: (() => void) | undefined
    const asking = Effect.runFork(handle)
    const stop = asking.addObserver((exit) => {
      if (Exit.isFailure(exit)) return subscriber.error(Cause.squash(exit.cause))
      leave = exit.value.subscribe(
        {
          state: (state) => subscriber.next(state),
          ended: () => subscriber.complete(),
          lost: (cause) => subscriber.error(Cause.squash(cause))
        },
        context
      )
      if (subscriber.closed) leave()
    })
    return () => {
      subscribers -= 1
      stop()
      if (leave === undefined) Effect.runFork(Fiber.interrupt(asking))
      else leave()
      if (subscribers === 0 && options.onUnsubscribe === "cancel") Effect.runFork(Effect.ignore(cancelled))
    }
  })
}

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
