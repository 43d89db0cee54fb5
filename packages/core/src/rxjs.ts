/**
 * The RxJS face: jobs as Observables.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Observable } from "rxjs"
import { equipped } from "./internal/equipped.ts"
import { levelled, type LogLevel, logging } from "./internal/logging.ts"
import type { Limits } from "./internal/turn.ts"
import * as Job from "./Job.ts"
import type { JobError } from "./JobError.ts"
import type { JobRef } from "./JobRef.ts"
import type { Journal } from "./Journal.ts"
import { isTerminal, type JobState } from "./JobState.ts"
import type { Provider } from "./Provider.ts"

export type { LogLevel } from "./internal/logging.ts"

/** @category models */
export interface Options extends Job.SubmitOptions {
  /** What happens to the job when the last subscriber leaves before its end. `leave`: it goes on at the provider. Absent: `leave`. */
  readonly onUnsubscribe?: "leave" | "cancel" | undefined
  /** The transport. Absent: the platform's `fetch`. */
  readonly transport?: Layer.Layer<HttpClient.HttpClient> | undefined
  /** Remembers the job across a reload, as `KeyValueJournal.inStorage(localStorage)` does. Absent: nothing is remembered. */
  readonly journal?: Journal["Service"] | undefined
  /** What the jobs of an account share: `Limits.memory()`, the same for several Observables. Absent: nothing. */
  readonly limits?: Limits | undefined
  /** The least that is worth a line on the console; `debug` tells of each look. No line holds a key or a signed URL. Absent: `warning`. */
  readonly logLevel?: LogLevel | undefined
}

/**
 * Submits a job and emits its states. Posts once per Observable, on the first subscription: later subscribers share the job, and
 * `retry()` attaches to it again instead of paying anew. Unsubscribing stops the polling and aborts the request in flight; a
 * submission in flight is never cut.
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
  const transport = equipped(Layer.merge(options.transport ?? FetchHttpClient.layer, level), options)
  let work: Fiber.Fiber<Job.JobHandle, JobError> | undefined
  /** Ends when a submission that was abandoned has told what came of it. */
  let settled: Effect.Effect<unknown> = Effect.void
  let known: JobRef | undefined
  let unknown: JobError | undefined
  let subscribers = 0

  const submission = Effect.suspend(() =>
    known === undefined
      ? Job.submit(provider, request, {
          ...options,
          onSubmitted: (ref) =>
            Effect.suspend(() => {
              known = ref
              return options.onSubmitted?.(ref) ?? Effect.void
            }),
          onUnknown: (error) =>
            Effect.suspend(() => {
              unknown = error
              return options.onUnknown?.(error) ?? Effect.void
            })
        })
      : Job.attach(provider, known, options)
  ).pipe(Effect.map((handle) => levelled(handle, level)))

  /** The job's handle: submitted by whoever comes first, attached to after that. */
  const posted = Effect.suspend(() => settled).pipe(
    Effect.andThen(
      Effect.suspend(() => {
        if (unknown !== undefined) return Effect.fail(unknown)
        const current = (work ??= Effect.runFork(Effect.provide(submission, transport)))
        return Effect.tapError(Fiber.join(current), (error) =>
          Effect.sync(() => {
            // Surely not accepted, and it may pass: the next subscriber may post.
            if (error.retryable && work === current) work = undefined
          })
        )
      })
    )
  )

  /** The last one has left. A try in flight is waited for; no other is begun; where there is a job, it is left or cancelled. */
  const abandoned = Effect.suspend(() => {
    const current = work
    if (current !== undefined && known === undefined) {
      work = undefined
      settled = Fiber.interrupt(current)
    }
    return Effect.andThen(
      settled,
      Effect.suspend(() =>
        subscribers > 0 || known === undefined || options.onUnsubscribe !== "cancel"
          ? Effect.void
          : Effect.flatMap(posted, (handle) => (isTerminal(handle.current()) ? Effect.void : Effect.asVoid(handle.cancel)))
      )
    )
  })

  const states = Stream.unwrap(Effect.map(posted, (handle) => handle.states))
  return new Observable<JobState>((subscriber) => {
    subscribers += 1
    const inner = toObservable(states).subscribe(subscriber)
    return () => {
      subscribers -= 1
      inner.unsubscribe()
      if (subscribers === 0) Effect.runFork(Effect.ignore(abandoned))
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
