/**
 * The Promise API, for programs that use neither Effect nor RxJS.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Artifact from "./artifact/Artifact.ts"
import { cancelBy, endOf, handleOf, leave, resultBy, statesOf, watchOf } from "./engine/handle.ts"
import { servicesOf } from "./engine/services.ts"
import { InFlight, running } from "./engine/submitting.ts"
import type { Watch } from "./engine/watching.ts"
import * as Job from "./Job.ts"
import { InvalidRequest, JobError } from "./job/JobError.ts"
import { fromUri, type JobRef } from "./job/JobRef.ts"
import type { JobState, Succeeded } from "./job/JobState.ts"
import * as Journal from "./journal/Journal.ts"
import type { Limits } from "./limits/admission.ts"
import type { Pace } from "./poll/Pace.ts"
import { refusal } from "./provider/check.ts"
import type { Provider } from "./provider/Provider.ts"
import { type LogLevel, logging } from "./telemetry/logging.ts"
import { fetchClient } from "./transport/fetchClient.ts"
import { apiTransport } from "./transport/overHttpClient.ts"
import { ApiTransport } from "./transport/Transport.ts"

export { type LogLevel, logging } from "./telemetry/logging.ts"
export { fetchClient } from "./transport/fetchClient.ts"

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
  /** Whether states carry the payload that led to them. It may hold signed URLs. Default: false. */
  readonly raw?: boolean | undefined
  /** Remembers jobs across restarts, as `KeyValueJournal.inStorage(localStorage)` does. Default: nothing is remembered. */
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
export interface CallOptions {
  /**
   * Stops waiting. A submission whose POST has not begun sends nothing; one that has begun is never aborted, and a job is never cancelled at the
   * provider.
   */
  readonly signal?: AbortSignal | undefined
}

/** @category models */
export interface SubmitOptions extends CallOptions {
  /** Called with the reference as soon as it is known, even if `signal` was aborted meanwhile. Keep it: the job may be billed. */
  readonly onSubmitted?: ((ref: JobRef) => void) | undefined
  /** Called with a `SubmitUnknown` if `signal` was aborted, and so the promise can't reject with it. The job may be billed. */
  readonly onUnknown?: ((error: JobError) => void) | undefined
  /** Submissions with the same key are one: see `Job.SubmitOptions`. Default: none, each call pays for its own video. */
  readonly key?: string | undefined
  /** Submits even if the same request has had an unknown outcome for less than ten minutes: **it may be paid for twice**. Default: false. */
  readonly maySubmitAgain?: boolean | undefined
  /** A name of yours that the journal keeps with the job. */
  readonly label?: string | undefined
  /** Where the video will be saved: the journal keeps the job open until that is done. */
  readonly saveTo?: string | undefined
}

/** @category models */
export interface RunAllOptions extends CallOptions, Pick<Job.RunAllOptions, "batch" | "concurrency" | "saveTo" | "stopOnFailure"> {
  /** Called with each reference as soon as it is known, and with the key of its request. */
  readonly onSubmitted?: ((ref: JobRef, key: string) => void) | undefined
  /** Called with a `SubmitUnknown` if the loop was left or `signal` aborted, and with the key of its request. The job may be billed. */
  readonly onUnknown?: ((error: JobError, key: string) => void) | undefined
}

/** @category models */
export interface RunOptions extends SubmitOptions {
  /** Called with each state, the first and the last included. */
  readonly onState?: ((state: JobState) => void) | undefined
}

/**
 * A job as plain promises. It is an async iterable of its states, and an Observable for `from(job)`.
 *
 * It isn't a thenable: an `async` function that returned one would wait for the video.
 *
 * @category models
 * @since 0.1.0
 */
export interface PromiseJob extends AsyncIterable<JobState> {
  readonly ref: JobRef
  /** The finished job. Rejects with `JobFailed`, `JobExpired`, `JobCancelled`, or `JobError`, or with the signal's reason. */
  readonly result: (options?: CallOptions) => Promise<Succeeded>
  /** Asks the provider to stop the job, and returns the true outcome. */
  readonly cancel: () => Promise<Job.CancelOutcome>
  /** Reads the video into memory, waiting for it first. */
  readonly bytes: (options?: CallOptions & Artifact.Options) => Promise<Uint8Array<ArrayBuffer>>
  /** Follows the states with callbacks, or with one function. The job continues at the provider after `unsubscribe`. */
  readonly subscribe: (observer: Partial<Observer> | ((state: JobState) => void)) => Subscription
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

/**
 * A call rejects with this if its client was closed. Jobs that were submitted continue at the provider, and can be attached to again.
 *
 * @category errors
 * @since 0.1.0
 */
export class ClientClosed extends Data.TaggedError("ClientClosed") {
  override get message(): string {
    return "The client was closed. Jobs that were submitted continue at the provider, and can be attached to again."
  }
}

/** @category models */
export interface Client<Request, J extends PromiseJob = PromiseJob> extends AsyncDisposable {
  /** Submits one job. Resolves when the provider has given an id. Each call pays for its own video, unless it has a `key`. */
  readonly submit: (request: Request, options?: SubmitOptions) => Promise<J>
  /** Makes a submission to keep, and refuses what can be refused without sending. Sends nothing before its `job()` is called. */
  readonly submission: (request: Request, options?: Omit<SubmitOptions, "signal">) => Promise<PromiseSubmission<J>>
  /** Watches a job that was submitted before, by its reference, as an object or as text. Sends no POST. */
  readonly attach: (ref: JobRef | string, options?: CallOptions & { readonly anyAccount?: boolean | undefined }) => Promise<J>
  /** Submits a job and waits for its end: for callers that want only the video. */
  readonly run: (request: Request, options?: RunOptions) => Promise<Succeeded>
  /** Submits many jobs and follows all, as `Job.runAll` does. It begins with the first `next`; leaving the loop does not stop the jobs. */
  readonly runAll: (requests: Iterable<readonly [key: string, request: Request]>, options?: RunAllOptions) => AsyncIterable<Job.BatchEvent>
  /** Follows every unfinished job of the journal, as `Job.resumeAll` does. Sends no POST. Without a journal there are none. */
  readonly resumeAll: (options?: CallOptions & Pick<Job.ResumeOptions, "anyAccount" | "concurrency">) => AsyncIterable<Job.Resumed>
  /** The journal's entries, finished jobs included, oldest first. Without a journal there are none. */
  readonly jobs: () => Promise<ReadonlyArray<Journal.Entry | Journal.Damaged>>
  /** Forgets a submission or a batch, as `Journal.forget` does. Rejects without a journal. */
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
export const createClient = <Request>(options: ClientOptions<Request>): Client<Request> =>
  clientOver(fetchClient(options.fetch), options, {})

/**
 * Makes a client over any transport: a platform package builds its own `createClient` from it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const clientOver = <Request, J extends PromiseJob>(
  bare: Layer.Layer<HttpClient.HttpClient>,
  options: ClientOptions<Request>,
  members: Members<J>
): Client<Request, J> => {
  const { journal, provider } = options
  const inFlight = running()
  const closing = new AbortController()
  const own = Layer.merge(logging(options.logLevel), Layer.succeed(InFlight, inFlight))
  const layer = Layer.merge(servicesOf(Layer.merge(bare, own), options), Layer.provide(Layer.effect(ApiTransport, apiTransport), bare))
  // Built once, when it is first needed: a layer that is provided to each call is built for each.
  const services = Effect.runSync(Effect.cached(Layer.buildWithScope(layer, Scope.makeUnsafe())))
  const provided = <A, E>(effect: Effect.Effect<A, E, HttpClient.HttpClient>): Effect.Effect<A, E> =>
    Effect.flatMap(services, (context) => Effect.provideContext(effect, context))
  const streamed = <A, E>(stream: Stream.Stream<A, E, HttpClient.HttpClient>): Stream.Stream<A, E> =>
    Stream.unwrap(Effect.map(services, (context) => Stream.provideContext(stream, context)))
  const run: Run = (effect, signal) => promised(provided(effect), signal, closing.signal)
  /** Where watch sessions are logged. */
  const context = Effect.runSync(Effect.provide(Effect.context(), logging(options.logLevel)))
  const waiting = new Set<Closing>()
  closing.signal.addEventListener("abort", () => {
    for (const each of Array.from(waiting)) each.closed(closing.signal.reason)
  })
  const open: Open = { provider, context, run, closing: closing.signal, waiting }
  const JobOfClient = jobWith(members)
  const asJob = (handle: Job.JobHandle): J => new JobOfClient(watchOf(handle), open)
  const made = (request: Request, { key, label, maySubmitAgain, onSubmitted, onUnknown, saveTo }: SubmitOptions) =>
    Job.submission(provider, request, {
      ...options,
      key,
      label,
      maySubmitAgain,
      saveTo,
      onSubmitted: (ref) => Effect.sync(() => onSubmitted?.(ref)),
      onUnknown: (error) => Effect.sync(() => onUnknown?.(error))
    })
  /** A client that closes lets a submission that has begun finish. */
  const asked = (submission: Job.Submission, signal: AbortSignal | undefined): Promise<Job.JobHandle> =>
    promised(provided(submission.job), signal, closing.signal, () => submission.phase()._tag !== "Sending")
  const written = <A, E>(effect: Effect.Effect<A, E, Journal.Journal>): Promise<A> =>
    journal === undefined
      ? Promise.reject(refusal(provider, "attach")(new InvalidRequest({ field: "journal", rule: "is missing: this client keeps none" })))
      : run(Effect.provideService(effect, Journal.Journal, journal))
  const submit = async (request: Request, given: SubmitOptions = {}): Promise<Job.JobHandle> =>
    asked(await run(made(request, given), given.signal), given.signal)
  const close = async (): Promise<void> => {
    inFlight.closed = true
    closing.abort(new ClientClosed())
    while (inFlight.fibers.size > 0) await Promise.all(Array.from(inFlight.fibers, (fiber) => Effect.runPromise(Fiber.await(fiber))))
  }
  return {
    submit: async (request, given) => asJob(await submit(request, given)),
    submission: async (request, given = {}) => {
      const submission = await run(made(request, given))
      const { key, phase } = submission
      return { key, phase, job: async ({ signal } = {}) => asJob(await asked(submission, signal)) }
    },
    attach: (given, { anyAccount, signal } = {}) =>
      run(
        Effect.flatMap(parsed(provider, given), (ref) => Job.attach(provider, ref, { ...options, anyAccount })).pipe(Effect.map(asJob)),
        signal
      ),
    run: async (request, given = {}) => {
      return endBy(watchOf(await submit(request, given)), open, given)
    },
    runAll: (requests, { onSubmitted, onUnknown, signal, ...given } = {}) => {
      const events = Job.runAll(provider, requests, {
        ...options,
        ...given,
        onSubmitted: (ref, key) => Effect.sync(() => onSubmitted?.(ref, key)),
        onUnknown: (error, key) => Effect.sync(() => onUnknown?.(error, key))
      })
      return iterated(streamed(events), signal, closing.signal)
    },
    resumeAll: ({ signal, ...given } = {}) => {
      if (journal === undefined) return iterated(Stream.empty, signal, closing.signal)
      const events = Job.resumeAll([provider], { ...options, ...given })
      return iterated(streamed(Stream.provideService(events, Journal.Journal, journal)), signal, closing.signal)
    },
    jobs: () => (journal === undefined ? Promise.resolve([]) : run(Effect.mapError(journal.entries, refusal(provider, "attach")))),
    forget: (which, given) => written(Effect.mapError(Journal.forget(which, given), refusal(provider, "attach"))),
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

/**
 * What a platform package adds to a job: each member by its name, created when it is read.
 *
 * @category models
 * @since 0.1.0
 */
export type Members<J extends PromiseJob> = {
  readonly [Name in Exclude<keyof J, keyof PromiseJob>]: (handle: Job.JobHandle, run: Run) => J[Name]
}

/**
 * Runs an effect as a promise, for as long as the client is open.
 *
 * @category models
 * @since 0.1.0
 */
export type Run = <A, E>(effect: Effect.Effect<A, E, HttpClient.HttpClient>, signal?: AbortSignal) => Promise<A>

/**
 * A stream as an async iterable: each loop runs it. Leaving the loop, or a signal that is aborted, interrupts it at once, even if the loop is busy
 * with something else at that moment; the next step then rejects with the signal's reason.
 */
const iterated = <A, E>(stream: Stream.Stream<A, E>, ...given: ReadonlyArray<AbortSignal | undefined>): AsyncIterable<A> => {
  const signals = given.filter((signal) => signal !== undefined)
  return {
    [Symbol.asyncIterator]: () => {
      const inner = Stream.toAsyncIterable(stream)[Symbol.asyncIterator]()
      let stopped: AbortSignal | undefined
      const listeners = signals.map((signal) => {
        const stop = (): void => {
          stopped ??= signal
          inner.return?.().catch(() => undefined)
        }
        signal.addEventListener("abort", stop, { once: true })
        return () => signal.removeEventListener("abort", stop)
      })
      const over = (): void => {
        for (const forget of listeners) forget()
      }
      const step = async (next: () => Promise<IteratorResult<A>>): Promise<IteratorResult<A>> => {
        try {
          stopped ??= signals.find(({ aborted: isAborted }) => isAborted)
          stopped?.throwIfAborted()
          const result = await next()
          stopped?.throwIfAborted()
          if (result.done === true) over()
          return result
        } catch (error) {
          over()
          throw error
        }
      }
      return {
        next: () => step(() => inner.next()),
        return: async () => {
          over()
          return (await inner.return?.()) ?? { done: true, value: undefined }
        }
      }
    }
  }
}

/**
 * Runs an effect as a promise. An aborted signal interrupts it, waits for what must not be cut, and rejects with the signal's reason. `closing` does
 * the same if `mayStop` returns true at that moment.
 *
 * @category converting
 * @since 0.1.0
 */
export const promised = <A, E>(
  effect: Effect.Effect<A, E>,
  signal?: AbortSignal,
  closing?: AbortSignal,
  mayStop: () => boolean = () => true
): Promise<A> => {
  for (const each of [signal, closing]) if (each?.aborted === true) return Promise.reject(each.reason)
  return new Promise((resolve, reject) => {
    const fiber = Effect.runFork(effect)
    let stopped: AbortSignal | undefined
    const stop = (by: AbortSignal | undefined) => (): void => {
      stopped ??= by
      fiber.interruptUnsafe()
    }
    const abort = stop(signal)
    const close = (): void => {
      if (mayStop()) stop(closing)()
    }
    // The signal is the caller's and may outlive many jobs: it keeps no listener of ours.
    signal?.addEventListener("abort", abort, { once: true })
    closing?.addEventListener("abort", close, { once: true })
    fiber.addObserver((exit) => {
      signal?.removeEventListener("abort", abort)
      closing?.removeEventListener("abort", close)
      if (Exit.isSuccess(exit)) resolve(exit.value)
      else reject(stopped === undefined ? Cause.squash(exit.cause) : stopped.reason)
    })
  })
}

/** What the jobs of a client have in common. */
interface Open {
  readonly provider: Provider<never>
  /** Where watch sessions are logged. */
  readonly context: Context.Context<never>
  readonly run: Run
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal
  /** Who is to be called then. One listener on the signal serves all: one each would cost more than the waiting itself. */
  readonly waiting: Set<Closing>
}

/** Notified when the client is closed. */
interface Closing {
  readonly closed: (reason: unknown) => void
}

/** A listener of a job until its end, until the client closes or a signal aborts, or until it leaves. A class, so that it is one small object. */
abstract class Listening implements Closing {
  protected readonly watch: Watch
  private readonly open: Open
  private readonly signal: AbortSignal | undefined
  private isOver = false

  constructor(watch: Watch, open: Open, signal?: AbortSignal) {
    this.watch = watch
    this.open = open
    this.signal = signal
  }

  /** Called with each state, the first and the last included. */
  protected abstract seen(state: JobState): void
  /** Called after the terminal state. */
  protected abstract done(): void
  protected abstract failed(error: unknown): void

  begin(): this {
    this.open.waiting.add(this)
    // The signal is the caller's and may outlive many jobs: it keeps no listener of ours.
    this.signal?.addEventListener("abort", this, { once: true })
    this.watch.join(this, this.open.context)
    return this
  }

  /** A second call does nothing. `false`: it was over before. */
  leave(): boolean {
    if (this.isOver) return false
    this.isOver = true
    this.open.waiting.delete(this)
    this.signal?.removeEventListener("abort", this)
    leave(this.watch, this, this.open.context)
    return true
  }

  state(state: JobState): void {
    if (!this.isOver) this.seen(state)
  }

  ended(): void {
    if (this.leave()) this.done()
  }

  lost(cause: Cause.Cause<JobError>): void {
    if (this.leave()) this.failed(Cause.squash(cause))
  }

  closed(reason: unknown): void {
    if (this.leave()) this.failed(reason)
  }

  /** The signal was aborted. */
  handleEvent(): void {
    if (this.leave()) this.failed(this.signal?.reason)
  }
}

/** The end of a job as a promise. */
class Awaited extends Listening {
  private readonly onState: RunOptions["onState"]
  private readonly resolve: (state: Succeeded) => void
  private readonly reject: (error: unknown) => void

  constructor(
    watch: Watch,
    open: Open,
    { onState, signal }: Pick<RunOptions, "onState" | "signal">,
    resolve: (state: Succeeded) => void,
    reject: (error: unknown) => void
  ) {
    super(watch, open, signal)
    this.onState = onState
    this.resolve = resolve
    this.reject = reject
  }

  protected override seen(state: JobState): void {
    this.onState?.(state)
  }

  protected override done(): void {
    const end = endOf(this.watch.current())
    if (end._tag === "Succeeded") this.resolve(end)
    else this.reject(end)
  }

  protected override failed(error: unknown): void {
    this.reject(error)
  }
}

class Observed extends Listening {
  private readonly observer: Partial<Observer>

  constructor(watch: Watch, open: Open, observer: Partial<Observer>) {
    super(watch, open)
    this.observer = observer
  }

  protected override seen(state: JobState): void {
    this.observer.next?.(state)
  }

  protected override done(): void {
    this.observer.complete?.()
  }

  protected override failed(error: unknown): void {
    this.observer.error?.(error)
  }
}

const endBy = (watch: Watch, open: Open, options: Pick<RunOptions, "onState" | "signal">): Promise<Succeeded> => {
  for (const each of [options.signal, open.closing]) if (each?.aborted === true) return Promise.reject(each.reason)
  return new Promise((resolve, reject) => void new Awaited(watch, open, options, resolve, reject).begin())
}

/** Its members can be destructured. They are created when they are read, since a job that waits doesn't need them. */
class OpenJob implements PromiseJob {
  protected readonly watch: Watch
  protected readonly open: Open

  constructor(watch: Watch, open: Open) {
    this.watch = watch
    this.open = open
  }

  get ref(): JobRef {
    return this.watch.ref
  }

  get result(): PromiseJob["result"] {
    return (options = {}) => endBy(this.watch, this.open, options)
  }

  get cancel(): PromiseJob["cancel"] {
    return () => this.open.run(cancelBy(this.watch))
  }

  get bytes(): PromiseJob["bytes"] {
    const { provider, run } = this.open
    return ({ signal, ...options } = {}) =>
      run(
        Effect.flatMap(resultBy(this.watch), (state) => Artifact.bytes(provider, state, options)),
        signal
      )
  }

  get subscribe(): PromiseJob["subscribe"] {
    return (observer) => {
      const observed = new Observed(this.watch, this.open, typeof observer === "function" ? { next: observer } : observer).begin()
      return { unsubscribe: () => void observed.leave() }
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<JobState> {
    return iterated(Stream.provideContext(statesOf(this.watch), this.open.context), this.open.closing)[Symbol.asyncIterator]()
  }
}

/**
 * The jobs of one client, with what a platform package adds to them, and with the property that RxJS reads: `Symbol.observable` if it is defined,
 * else a string.
 */
const jobWith = <J extends PromiseJob>(members: Members<J>): new (watch: Watch, open: Open) => J => {
  class JobOfClient extends OpenJob {}
  const observable: unknown = Reflect.get(Symbol, "observable")
  Object.defineProperty(JobOfClient.prototype, typeof observable === "symbol" ? observable : "@@observable", {
    value(this: OpenJob) {
      return { subscribe: this.subscribe }
    }
  })
  for (const [name, make] of Object.entries<(handle: Job.JobHandle, run: Run) => unknown>(members)) {
    Object.defineProperty(JobOfClient.prototype, name, {
      get(this: JobOfClient) {
        return make(handleOf(this.watch), this.open.run)
      }
    })
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its prototype has every member of J now, which the compiler can't see.
  return JobOfClient as unknown as new (watch: Watch, open: Open) => J
}

const parsed = (provider: Provider<never>, ref: JobRef | string): Effect.Effect<JobRef, JobError> => {
  const read = typeof ref === "string" ? fromUri(ref) : ref
  if (typeof read !== "string") return Effect.succeed(read)
  const reason = new InvalidRequest({ field: "ref", rule: read })
  return Effect.fail(new JobError({ reason, provider: provider.definition.name, operation: "attach", attempt: 0 }))
}
