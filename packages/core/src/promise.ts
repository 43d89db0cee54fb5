/**
 * The Promise face, for those who use neither Effect nor RxJS.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Artifact from "./Artifact.ts"
import { equipped } from "./internal/equipped.ts"
import { levelled, type LogLevel, logging } from "./internal/logging.ts"
import type { Limits } from "./internal/turn.ts"
import * as Job from "./Job.ts"
import { Journal } from "./Journal.ts"
import { InvalidRequest, JobError } from "./JobError.ts"
import { fromUri, type JobRef } from "./JobRef.ts"
import type { JobState, Succeeded } from "./JobState.ts"
import type { Pace } from "./Pace.ts"
import type { Provider } from "./Provider.ts"

export { type LogLevel, logging } from "./internal/logging.ts"

/**
 * What a client does by default. Every time is milliseconds, a text such as `"5 seconds"`, or a `Duration`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClientOptions<Request> {
  readonly provider: Provider<Request>
  /** The `fetch` to use. Absent: the platform's. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** When to look: a pace or an interval. Absent: what the provider's documents advise. */
  readonly pace?: Pace | Duration.Input | undefined
  /** From submission or attachment until `DeadlineExceeded`. Absent: the provider's, 15 minutes or more. */
  readonly deadline?: Duration.Input | undefined
  /** The longest that one look may take. Absent: 30 seconds. */
  readonly requestTimeout?: Duration.Input | undefined
  /** The longest that one try to submit may take. Absent: 60 seconds. */
  readonly submitTimeout?: Duration.Input | undefined
  /** When to try to submit again where a job surely was not accepted. Absent: as `Job.SubmitOptions` says. */
  readonly submitRetry?: Job.SubmitOptions["submitRetry"]
  /** When to look again after a look that was missed. Absent: as `Job.WatchOptions` says. */
  readonly pollRetry?: Job.WatchOptions["pollRetry"]
  /** Missed looks in a row before the watcher gives up. Absent: 10. */
  readonly maxMisses?: number | undefined
  /** Whether states carry the payload that led to them. It may hold signed URLs. Absent: no. */
  readonly raw?: boolean | undefined
  /** Remembers jobs across restarts, as `KeyValueJournal.inStorage(localStorage)` does. Absent: nothing is remembered. */
  readonly journal?: Journal["Service"] | undefined
  /**
   * What the jobs of an account share: `Limits.memory()`, the same for several clients. Absent: nothing here, since a page seldom has
   * many jobs and effect's limiter weighs 9 KB (gzip) on top of a provider; in `@reelay/node`, limits that all clients of the process share.
   */
  readonly limits?: Limits | undefined
  /** The least that is worth a line on the console; `debug` tells of each look. No line holds a key or a signed URL. Absent: `warning`. */
  readonly logLevel?: LogLevel | undefined
}

/** @category models */
export interface CallOptions {
  /** Stops waiting. It never cancels the job at the provider, and never cuts a submission in flight. */
  readonly signal?: AbortSignal | undefined
}

/** @category models */
export interface SubmitOptions extends CallOptions {
  /** Told of the reference the moment it is known, even where `signal` was aborted meanwhile. Keep it: the job may be billed. */
  readonly onSubmitted?: ((ref: JobRef) => void) | undefined
  /** Told of a `SubmitUnknown` where `signal` was aborted, and so the promise can't reject with it. The job may be billed. */
  readonly onUnknown?: ((error: JobError) => void) | undefined
  /** A name of yours that the journal keeps with the job. */
  readonly label?: string | undefined
  /** Where the video is to be saved: the journal keeps the job open until that is done. */
  readonly saveTo?: string | undefined
}

/** @category models */
export interface RunAllOptions extends CallOptions, Pick<Job.RunAllOptions, "batch" | "concurrency" | "saveTo" | "stopOnFailure"> {
  /** Told of each reference the moment it is known, with the key of its request. */
  readonly onSubmitted?: ((ref: JobRef, key: string) => void) | undefined
  /** Told of a `SubmitUnknown` where the loop was left, or `signal` aborted, with the key of its request. The job may be billed. */
  readonly onUnknown?: ((error: JobError, key: string) => void) | undefined
}

/** @category models */
export interface RunOptions extends SubmitOptions {
  /** Told of each state, the first and the last included. */
  readonly onState?: ((state: JobState) => void) | undefined
}

/**
 * A job as plain promises. It is an async iterable of its states, and an Observable for `from(job)`.
 *
 * It is no thenable: an `async` function that returned it would wait for the video.
 *
 * @category models
 * @since 0.1.0
 */
export interface PromiseJob extends AsyncIterable<JobState> {
  readonly ref: JobRef
  /** The finished job. Rejects with `JobFailed`, `JobExpired`, `JobCancelled`, or `JobError`, or with the signal's reason. */
  readonly result: (options?: CallOptions) => Promise<Succeeded>
  /** Asks the provider to stop the job, and says truthfully what came of it. */
  readonly cancel: () => Promise<Job.CancelOutcome>
  /** Reads the video into memory, waiting for it first. */
  readonly bytes: (options?: CallOptions & Artifact.Options) => Promise<Uint8Array<ArrayBuffer>>
  /** Follows the states with callbacks. The job goes on at the provider after `unsubscribe`. */
  readonly subscribe: (observer: Partial<Observer>) => Subscription
}

/** @category models */
export interface Observer {
  readonly next: (state: JobState) => void
  readonly error: (error: unknown) => void
  readonly complete: () => void
}

/** @category models */
export interface Subscription {
  readonly unsubscribe: () => void
}

/** @category models */
export interface Client<Request, J extends PromiseJob = PromiseJob> {
  /** Submits one job. Resolves when the provider has given an id. */
  readonly submit: (request: Request, options?: SubmitOptions) => Promise<J>
  /** Watches a job that was submitted before, by its reference or by that as text. Sends no POST. */
  readonly attach: (ref: JobRef | string, options?: CallOptions & { readonly anyAccount?: boolean | undefined }) => Promise<J>
  /** Submits a job and waits for its end, for those who want only the video. */
  readonly run: (request: Request, options?: RunOptions) => Promise<Succeeded>
  /** Submits many jobs and follows all, as `Job.runAll` does. It begins with the first `next`; leaving the loop leaves the jobs. */
  readonly runAll: (requests: Iterable<readonly [key: string, request: Request]>, options?: RunAllOptions) => AsyncIterable<Job.BatchEvent>
  /** Follows every unfinished job of the journal, as `Job.resumeAll` does. Sends no POST. Without a journal there is none. */
  readonly resumeAll: (options?: CallOptions & Pick<Job.ResumeOptions, "anyAccount" | "concurrency">) => AsyncIterable<Job.Resumed>
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
export const createClient = <Request>(options: ClientOptions<Request>): Client<Request> =>
  clientOver(fetchTransport(options.fetch), options, (job) => job)

/**
 * Makes a client over any transport: what a platform package builds its own `createClient` from.
 *
 * @category constructors
 * @since 0.1.0
 */
export const clientOver = <Request, J extends PromiseJob>(
  bare: Layer.Layer<HttpClient.HttpClient>,
  options: ClientOptions<Request>,
  extend: (job: PromiseJob, handle: Job.JobHandle) => J
): Client<Request, J> => {
  const { provider } = options
  const transport = equipped(Layer.merge(bare, logging(options.logLevel)), options)
  const asJob = (silent: Job.JobHandle): J => {
    const handle = levelled(silent, logging(options.logLevel))
    return extend(promiseJob(provider, handle, transport), handle)
  }
  const submitted = (request: Request, { label, onSubmitted, onUnknown, saveTo }: SubmitOptions) =>
    Job.submit(provider, request, {
      ...options,
      label,
      saveTo,
      onSubmitted: (ref) => Effect.sync(() => onSubmitted?.(ref)),
      onUnknown: (error) => Effect.sync(() => onUnknown?.(error))
    })
  return {
    submit: (request, given = {}) => promised(Effect.provide(Effect.map(submitted(request, given), asJob), transport), given.signal),
    attach: (given, { anyAccount, signal } = {}) =>
      promised(
        Effect.flatMap(parsed(provider, given), (ref) => Job.attach(provider, ref, { ...options, anyAccount })).pipe(
          Effect.map(asJob),
          Effect.provide(transport)
        ),
        signal
      ),
    run: (request, given = {}) =>
      promised(
        submitted(request, given).pipe(
          Effect.flatMap((handle) =>
            Effect.andThen(
              Stream.runForEach(handle.states, (state) => Effect.sync(() => given.onState?.(state))),
              handle.result
            )
          ),
          Effect.provide(transport)
        ),
        given.signal
      ),
    runAll: (requests, { onSubmitted, onUnknown, signal, ...given } = {}) => {
      const events = Job.runAll(provider, requests, {
        ...options,
        ...given,
        onSubmitted: (ref, key) => Effect.sync(() => onSubmitted?.(ref, key)),
        onUnknown: (error, key) => Effect.sync(() => onUnknown?.(error, key))
      })
      return iterated(Stream.provide(events, transport), signal)
    },
    resumeAll: ({ signal, ...given } = {}) => {
      const { journal } = options
      if (journal === undefined) return iterated(Stream.empty, signal)
      const events = Job.resumeAll([provider], { ...options, ...given })
      return iterated(events.pipe(Stream.provideService(Journal, journal), Stream.provide(transport)), signal)
    }
  }
}

/** A stream as an async iterable: each loop runs it, and leaving the loop or aborting the signal interrupts it. */
const iterated = <A, E>(stream: Stream.Stream<A, E>, signal: AbortSignal | undefined): AsyncIterable<A> =>
  Stream.toAsyncIterable(signal === undefined ? stream : Stream.interruptWhen(stream, aborted(signal)))

const aborted = (signal: AbortSignal): Effect.Effect<never, unknown> =>
  Effect.callback((resume) => {
    const abort = (): void => resume(Effect.fail(signal.reason))
    if (signal.aborted) abort()
    signal.addEventListener("abort", abort, { once: true })
    return Effect.sync(() => signal.removeEventListener("abort", abort))
  })

/**
 * Runs an effect as a promise. An aborted signal interrupts it, waits for what must not be cut, and rejects with the signal's reason.
 *
 * @category converting
 * @since 0.1.0
 */
export const promised = <A, E>(effect: Effect.Effect<A, E>, signal?: AbortSignal): Promise<A> => {
  if (signal?.aborted === true) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const fiber = Effect.runFork(effect)
    const abort = (): void => fiber.interruptUnsafe()
    // The signal is somebody else's and may outlive many jobs: it keeps no listener of ours.
    signal?.addEventListener("abort", abort, { once: true })
    fiber.addObserver((exit) => {
      signal?.removeEventListener("abort", abort)
      if (signal?.aborted === true && !Exit.isSuccess(exit)) reject(signal.reason)
      else if (Exit.isSuccess(exit)) resolve(exit.value)
      else reject(Cause.squash(exit.cause))
    })
  })
}

const promiseJob = (provider: Provider<never>, handle: Job.JobHandle, transport: Layer.Layer<HttpClient.HttpClient>): PromiseJob => {
  const subscribe = (observer: Partial<Observer>): Subscription => {
    const fiber = Effect.runFork(Stream.runForEach(handle.states, (state) => Effect.sync(() => observer.next?.(state))))
    const stop = fiber.addObserver((exit) => (Exit.isSuccess(exit) ? observer.complete?.() : observer.error?.(Cause.squash(exit.cause))))
    return {
      unsubscribe: () => {
        stop()
        Effect.runFork(Fiber.interrupt(fiber))
      }
    }
  }
  const job: PromiseJob = {
    ref: handle.ref,
    result: (options = {}) => promised(handle.result, options.signal),
    cancel: () => promised(handle.cancel),
    bytes: ({ signal, ...options } = {}) =>
      promised(
        Effect.provide(
          Effect.flatMap(handle.result, (state) => Artifact.bytes(provider, state, options)),
          transport
        ),
        signal
      ),
    subscribe,
    [Symbol.asyncIterator]: () => Stream.toAsyncIterable(handle.states)[Symbol.asyncIterator]()
  }
  // What RxJS looks for: `Symbol.observable` where somebody has defined it, else this text.
  const interop = Reflect.get(Symbol, "observable")
  Object.defineProperty(job, typeof interop === "symbol" ? interop : "@@observable", { value: () => ({ subscribe }) })
  return job
}

const parsed = (provider: Provider<never>, ref: JobRef | string): Effect.Effect<JobRef, JobError> => {
  const read = typeof ref === "string" ? fromUri(ref) : ref
  if (typeof read !== "string") return Effect.succeed(read)
  const reason = new InvalidRequest({ field: "ref", rule: read })
  return Effect.fail(new JobError({ reason, provider: provider.definition.name, operation: "attach", attempt: 0 }))
}

const fetchTransport = (fetch: typeof globalThis.fetch | undefined): Layer.Layer<HttpClient.HttpClient> =>
  fetch === undefined ? FetchHttpClient.layer : Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, fetch))
