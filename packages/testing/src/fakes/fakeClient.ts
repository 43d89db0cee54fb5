/** A client whose submissions and jobs a test drives by hand. */
import { fromUri, toUri } from "@reelay/core/JobRef"
import { isTerminal, type JobClient, type ListedJob, type Observer, type SubmitOptions } from "@reelay/core/promise"
import { interoperable, subscriber } from "@reelay/core/Source"
import { type FakeJob, fakeJob } from "./fakeJob.ts"

/**
 * One call of `submit`.
 *
 * @category models
 * @since 0.1.0
 */
export interface FakeSubmission<Request> {
  readonly request: Request
  readonly options: SubmitOptions
  /** The job that it will be, or is. */
  readonly job: FakeJob
  /** `Waiting`: the POST has not begun. `Left`: it never will. */
  readonly phase: () => "Waiting" | "Sending" | "Accepted" | "Refused" | "Left"
  /** The provider gives an id. */
  readonly accept: () => void
  readonly refuse: (error: unknown) => void
}

/** @category models */
export interface FakeClientOptions {
  /** Whether each POST is accepted as soon as it begins. Default: true. */
  readonly accepts?: boolean | undefined
}

/**
 * A client without a provider. As with a real one, a POST begins in a later turn of the event loop than the call, and a caller that has left by then
 * has sent nothing.
 *
 * @category models
 * @since 0.1.0
 */
export interface FakeClient<Request> extends JobClient<Request, FakeJob> {
  /** Every call of `submit`, in order. */
  readonly submissions: ReadonlyArray<FakeSubmission<Request>>
  /** How many POSTs have begun: what would have been paid for. */
  readonly posts: () => number
}

/** In a later turn of the event loop, whatever a test's fake timers do. */
const later: (task: () => void) => void = typeof setImmediate === "function" ? setImmediate : setTimeout

/**
 * Makes a client for tests of components and programs.
 *
 * **Example** (What would have been paid for)
 *
 * ```ts
 * import { fakeClient } from "@reelay/testing/fakes"
 *
 * const client = fakeClient<{ readonly prompt: string }>()
 * const job = await client.submit({ prompt: "A fox." })
 * job.succeeded()
 * client.posts() // => 1
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fakeClient = <Request>({ accepts = true }: FakeClientOptions = {}): FakeClient<Request> => {
  const submissions: Array<FakeSubmission<Request>> = []
  const lines = new Map<string, ListedJob<FakeJob>>()
  const follows = new Map<string, () => void>()
  const observers = new Set<Observer<ReadonlyArray<ListedJob<FakeJob>>>>()
  let shown: ReadonlyArray<ListedJob<FakeJob>> = []

  const changed = (): void => {
    shown = Array.from(lines.values())
    for (const observer of Array.from(observers)) observer.next(shown)
  }
  const follow = (id: string, job: FakeJob): void => {
    if (observers.size === 0 || follows.has(id) || isTerminal(job.current())) return
    const leave = job.subscribe({
      next: (state) => {
        const line = lines.get(id)
        if (line === undefined || line.state === state) return
        lines.set(id, { ...line, state, status: state._tag })
        changed()
      },
      error: (error) => {
        follows.delete(id)
        const line = lines.get(id)
        if (line !== undefined) lines.set(id, { ...line, error })
        changed()
      },
      complete: () => void follows.delete(id)
    })
    follows.set(id, leave)
  }
  const listed = (job: FakeJob, label?: string): FakeJob => {
    const state = job.current()
    if (lines.has(job.id)) return job
    lines.set(job.id, { id: job.id, job, state, status: state._tag, at: job.ref.submittedAt, label })
    changed()
    follow(job.id, job)
    return job
  }
  const submit = (request: Request, options: SubmitOptions = {}): Promise<FakeJob> => {
    const job = fakeJob()
    const { signal } = options
    let phase: ReturnType<FakeSubmission<Request>["phase"]> = "Waiting"
    const settle = (then: typeof phase, call: () => void): void => {
      if (phase !== "Sending") throw new Error(`The fake submission is ${phase}, and can't be ${then} now.`)
      phase = then
      call()
    }
    return new Promise((resolve, reject) => {
      const accept = (): void =>
        settle("Accepted", () => {
          options.onSubmitted?.(job.ref)
          listed(job, options.label)
          if (signal?.aborted === true) reject(signal.reason)
          else resolve(job)
        })
      submissions.push({ request, options, job, phase: () => phase, accept, refuse: (error) => settle("Refused", () => reject(error)) })
      later(() => {
        if (signal?.aborted === true) {
          phase = "Left"
          reject(signal.reason)
          return
        }
        phase = "Sending"
        if (accepts) accept()
      })
    })
  }
  return {
    submissions,
    posts: () => submissions.filter(({ phase }) => phase() !== "Waiting" && phase() !== "Left").length,
    submit,
    run: async (request, { onState, ...options } = {}) => {
      const job = await submit(request, options)
      if (onState !== undefined) job.subscribe({ next: onState, error: () => undefined })
      return job.result({ signal: options.signal })
    },
    attach: async (which, options) => {
      options?.signal?.throwIfAborted()
      const ref = typeof which === "string" ? fromUri(which) : which
      if (typeof ref === "string") throw new TypeError(`The fake client has no such job: the reference ${ref}.`)
      const known = lines.get(toUri(ref))?.job
      return known ?? listed(fakeJob({ ref }))
    },
    jobs: interoperable({
      current: () => shown,
      subscribe: subscriber<ReadonlyArray<ListedJob<FakeJob>>>(
        (observer) => {
          observers.add(observer)
          observer.next(shown)
          for (const [id, { job }] of lines) if (job !== undefined) follow(id, job)
          return () => {
            if (!observers.delete(observer) || observers.size > 0) return
            for (const leave of follows.values()) leave()
            follows.clear()
          }
        },
        () => undefined
      )
    }),
    forget: (id) => {
      const count = lines.delete(id) ? 1 : 0
      follows.get(id)?.()
      follows.delete(id)
      changed()
      return Promise.resolve(count)
    },
    close: () => Promise.resolve()
  }
}
