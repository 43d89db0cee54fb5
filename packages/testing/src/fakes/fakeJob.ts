/** A job that a test drives by hand. */
import type { Job } from "@reelay/core"
import { endOf, Unreachable } from "@reelay/core/JobError"
import { outlook, type Outlook } from "@reelay/core/Durations"
import { type JobRef, toUri } from "@reelay/core/JobRef"
import { isTerminal, JobError, type JobState, type Observer, type PromiseJob, type Succeeded } from "@reelay/core/promise"
import { rank } from "@reelay/core/JobState"
import { interoperable, type Listen, looped, subscriber } from "@reelay/core/Source"

/** @category models */
export interface FakeJobOptions {
  /** Parts of the reference that matter to a test. */
  readonly ref?: Partial<JobRef> | undefined
  /** What `bytes` and `blob` give. Default: the first 8 bytes of an MP4. */
  readonly video?: Uint8Array<ArrayBuffer> | undefined
  /** What `cancel` gives. With `Cancelled` the job ends so. Default: `Cancelled`. */
  readonly cancel?: Job.CancelOutcome | undefined
  /** What `outlook` gives. Default: what follows from the progress that was reported, if any was. */
  readonly outlook?: (() => Outlook | undefined) | undefined
}

/**
 * A job that a test drives by hand. It is an observer too: an RxJS `hot("-r-d", states).subscribe(job)` drives it by marbles.
 *
 * It has the same laws as a real one: nothing follows a terminal state, and no state goes back; a test that does either throws.
 *
 * @category models
 * @since 0.1.0
 */
export interface FakeJob extends PromiseJob, Observer<JobState> {
  readonly queued: (position?: number) => void
  /** `progress` is a fraction. */
  readonly running: (progress?: number) => void
  readonly succeeded: (url?: string) => void
  readonly failed: (message?: string) => void
  readonly expired: () => void
  readonly cancelled: (by?: "caller" | "provider") => void
  /** Sight of it is lost. Default: with `Unreachable`. Whoever listens after that listens anew. */
  readonly lost: (error?: unknown) => void
  /** How many listen now: 0 once a component has left. */
  readonly listeners: () => number
  /** The errors that a listener did not handle: a real job logs them. */
  readonly unhandled: ReadonlyArray<unknown>
  /** How often it was asked to stop. */
  readonly cancels: () => number
}

let made = 0

/**
 * Makes a job that has been submitted, and goes where the test sends it.
 *
 * **Example** (A component's test, without a server)
 *
 * ```ts
 * import { fakeJob } from "@reelay/testing/fakes"
 *
 * const job = fakeJob()
 * const seen: Array<string> = []
 * job.subscribe(({ _tag }) => seen.push(_tag))
 * job.running(0.4)
 * job.succeeded("https://cdn.example.com/fox.mp4")
 * seen // => ["Submitted", "Running", "Succeeded"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fakeJob = ({ cancel = "Cancelled", outlook: told, ref: given = {}, video = mp4 }: FakeJobOptions = {}): FakeJob => {
  const ref: JobRef = {
    provider: "fake",
    kind: "generation",
    id: `job-${++made}`,
    baseUrl: "https://api.fake.test",
    submittedAt: 0,
    ...given
  }
  const observers = new Set<Observer<JobState>>()
  let state: JobState = { _tag: "Submitted", ref, at: 0, polls: 0 }
  let asked = 0
  let shown: Outlook | undefined
  let shared: { readonly promise: Promise<Succeeded>; isLost: boolean } | undefined

  const next = (then: JobState): void => {
    if (isTerminal(state)) throw new Error(`The fake job has ended: it was ${state._tag}, and ${then._tag} can't follow.`)
    if (rank(then) < rank(state)) throw new Error(`A job never goes back, from ${state._tag} to ${then._tag}.`)
    state = then
    for (const observer of Array.from(observers)) observer.next(then)
    if (!isTerminal(then)) return
    for (const observer of leaving()) observer.complete()
  }
  const leaving = (): ReadonlyArray<Observer<JobState>> => {
    const all = Array.from(observers)
    observers.clear()
    return all
  }
  const lost = (error: unknown = unreachable(ref)): void => {
    if (shared !== undefined) shared.isLost = true
    for (const observer of leaving()) observer.error(error)
  }
  const stamped = () => ({ ref, at: state.at + 1, polls: state.polls + 1 })
  const listen: Listen<JobState> = (observer) => {
    if (shared?.isLost === true) shared = undefined
    observers.add(observer)
    observer.next(state)
    // It may have left in that very step.
    if (isTerminal(state) && observers.delete(observer)) observer.complete()
    return () => void observers.delete(observer)
  }
  const unhandled: Array<unknown> = []
  const end = (signal?: AbortSignal): Promise<Succeeded> =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      const leave = listen({
        next: () => undefined,
        error: reject,
        complete: () => {
          const reached = endOf(state)
          if (reached._tag === "Succeeded") resolve(reached)
          else reject(reached)
        }
      })
      signal?.addEventListener(
        "abort",
        () => {
          leave()
          reject(signal.reason)
        },
        { once: true }
      )
    })
  const bytes: FakeJob["bytes"] = async (options) => {
    await end(options?.signal)
    return video
  }
  const leave = (): void => {
    for (const observer of leaving()) observer.error(new DOMException("The job was left.", "AbortError"))
  }
  return interoperable<FakeJob>({
    id: toUri(ref),
    ref,
    current: () => state,
    subscribe: subscriber(listen, (error) => unhandled.push(error)),
    states: (options) => looped(listen, options),
    result: (options) => {
      if (options !== undefined) return end(options.signal)
      // As a real job does: React marks a promise that it has read, and needs that one again to show its error.
      if (shared?.isLost === true && !("status" in shared.promise)) shared = undefined
      shared ??= { promise: end(), isLost: false }
      return shared.promise
    },
    cancel: () => {
      asked += 1
      if (isTerminal(state)) return Promise.resolve(state._tag === "Cancelled" ? "Cancelled" : "CompletedAnyway")
      if (cancel === "Cancelled") next({ ...stamped(), _tag: "Cancelled", by: "caller", billed: "no" })
      return Promise.resolve(cancel)
    },
    outlook: () => (shown = told === undefined ? outlook(state, undefined, state.at, shown) : told()),
    bytes,
    blob: async (options) => new Blob([await bytes(options)], { type: "video/mp4" }),
    url: async (options) => (await end(options?.signal)).artifacts[0].url,
    leave,
    [Symbol.asyncIterator]: () => looped(listen)[Symbol.asyncIterator](),
    [Symbol.asyncDispose]: () => Promise.resolve(leave()),
    next,
    error: lost,
    // The end of a marble diagram is no end of a job: a terminal state is.
    complete: () => undefined,
    queued: (position) => next({ ...stamped(), _tag: "Queued", position }),
    running: (progress) =>
      next({ ...stamped(), _tag: "Running", ...(progress === undefined ? {} : { progress, progressSource: "reported" }) }),
    succeeded: (url = "https://cdn.fake.test/video.mp4") =>
      next({ ...stamped(), _tag: "Succeeded", artifacts: [{ url, kind: "link" }], billed: "yes" }),
    failed: (message = "The fake job failed.") =>
      next({ ...stamped(), _tag: "Failed", failure: { origin: "provider", message, moderated: false }, billed: "no" }),
    expired: () => next({ ...stamped(), _tag: "Expired", billed: "unknown" }),
    cancelled: (by = "provider") => next({ ...stamped(), _tag: "Cancelled", by, billed: "no" }),
    lost,
    listeners: () => observers.size,
    unhandled,
    cancels: () => asked
  })
}

const mp4 = new Uint8Array([0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70])

const unreachable = (ref: JobRef): JobError =>
  new JobError({ reason: new Unreachable({ detail: "the test said so" }), provider: ref.provider, operation: "poll", attempt: 1, ref })
