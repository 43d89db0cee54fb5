/** What is behind `useVideo`: one video at a time, which outlives a render and, if wanted, its component. */
import type { CancelOutcome, JobClient, JobRef, PromiseJob, SubmitOptions } from "@reelay/core/promise"
import { Store } from "./Store.ts"
import { failed, idle, type JobView, submitting, viewOf } from "./view.ts"
import { watched, type WatchedJob } from "./watching.ts"

/** What is needed of a client to make a video. */
export type Makes<Request, J extends PromiseJob> = Pick<JobClient<Request, J>, "attach" | "submit">

/** A submission on its way. */
interface Asked<J> {
  readonly abort: AbortController
  /** What becomes of the job if it turns out that one was made though nobody waits any more. */
  wish: "leave" | "keep" | "cancel"
  /** The job that it gave, or none. */
  outcome: Promise<J | undefined>
}

export class VideoController<Request, J extends PromiseJob> {
  readonly client: Makes<Request, J>
  readonly slot: string | undefined
  readonly store: Store<JobView<J>>
  private view: JobView<J> = idle
  private asked: Asked<J> | undefined
  private job: WatchedJob<J> | undefined
  /** Keeps the job followed though no component shows it. */
  private kept: (() => void) | undefined
  private isMounted = false

  constructor(client: Makes<Request, J>, slot: string | undefined) {
    this.client = client
    this.slot = slot
    this.store = new Store(
      () => (this.job === undefined ? this.view : this.job.store.getSnapshot()),
      (changed) => this.job?.store.subscribe(changed) ?? (() => undefined),
      true
    )
  }

  readonly submit = (request: Request, options: SubmitOptions = {}): Promise<J | undefined> => {
    this.drop("leave")
    const abort = new AbortController()
    const asked: Asked<J> = { abort, wish: "leave", outcome: Promise.resolve(undefined) }
    asked.outcome = this.submitted(request, options, asked)
    this.asked = asked
    this.show(submitting)
    return asked.outcome
  }

  readonly cancel = async (): Promise<CancelOutcome | undefined> => {
    const { asked, job } = this
    if (asked === undefined) return job?.job.cancel()
    asked.wish = "cancel"
    asked.abort.abort(left)
    const made = await asked.outcome
    // Nothing was sent, or nobody knows: then the view says so.
    return made === undefined ? (this.view.status === "unknown" ? "Unknown" : "Cancelled") : made.cancel()
  }

  readonly leave = (): void => {
    const { job } = this
    this.drop("leave")
    this.show(job === undefined ? this.view : viewOf(job.job, "left"))
  }

  readonly reset = (): void => {
    this.drop("leave")
    this.show(idle)
  }

  /** Follows the job again, after it was left or lost. */
  readonly watch = (): void => {
    const { job } = this.store.getSnapshot()
    if (job === undefined) return
    this.follow(job)
    watched(job).store.again()
  }

  mounted(): void {
    this.isMounted = true
    this.release()
  }

  /** The component is gone. What has not begun is never kept: StrictMode would pay twice. */
  unmounted(wish: "leave" | "keep"): void {
    this.isMounted = false
    if (this.asked !== undefined) this.drop(wish)
    else if (wish === "keep") this.keep()
  }

  private keep(): void {
    const store = this.job?.store
    if (store === undefined || store.getSnapshot().status !== "watching") return
    this.kept = store.subscribe(() => {
      if (store.getSnapshot().status !== "watching") this.release()
    })
  }

  private release(): void {
    this.kept?.()
    this.kept = undefined
  }

  /** Whoever submits next, or leaves, does not wait for this one. */
  private drop(wish: "leave" | "keep"): void {
    const { asked } = this
    this.release()
    this.job = undefined
    if (asked === undefined) return
    asked.wish = wish
    asked.abort.abort(left)
  }

  private async submitted(request: Request, options: SubmitOptions, asked: Asked<J>): Promise<J | undefined> {
    let ref: JobRef | undefined
    const { signal } = asked.abort
    const given: SubmitOptions = {
      ...options,
      signal: options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]),
      onSubmitted: (known) => {
        ref = known
        options.onSubmitted?.(known)
      },
      onUnknown: (error) => {
        options.onUnknown?.(error)
        this.over(asked, failed(error))
      }
    }
    try {
      // In a later step, so that the submission is known as the current one.
      await Promise.resolve()
      const job = await this.client.submit(request, given)
      return this.came(asked, job)
    } catch (error) {
      if (!signal.aborted) this.over(asked, options.signal?.aborted === true ? idle : failed(error))
      else if (ref !== undefined && asked.wish !== "leave") return this.came(asked, await this.client.attach(ref))
      else this.over(asked, idle)
      return undefined
    }
  }

  private came(asked: Asked<J>, job: J): J {
    if (this.asked === asked) {
      this.asked = undefined
      this.follow(job)
      if (!this.isMounted) this.keep()
    }
    return job
  }

  private over(asked: Asked<J>, view: JobView<J>): void {
    if (this.asked !== asked) return
    this.asked = undefined
    this.show(view)
  }

  private follow(job: J): void {
    this.job = watched(job)
    this.store.again()
  }

  private show(view: JobView<J>): void {
    this.job = undefined
    this.view = view
    this.store.again()
  }
}

const left = new DOMException("The component has left, or asked for something else.", "AbortError")

const slots = new WeakMap<object, Map<string, VideoController<never, PromiseJob>>>()

/** That of the slot, or a new one. */
export const controllerOf = <Request, J extends PromiseJob>(
  client: Makes<Request, J>,
  slot: string | undefined
): VideoController<Request, J> => {
  if (slot === undefined) return new VideoController(client, slot)
  const all = slots.get(client) ?? new Map<string, VideoController<never, PromiseJob>>()
  slots.set(client, all)
  const known = all.get(slot)
  if (known !== undefined && isOf(known, client)) return known
  const fresh = new VideoController(client, slot)
  all.set(slot, fresh)
  return fresh
}

const isOf = <Request, J extends PromiseJob>(
  known: VideoController<never, PromiseJob>,
  client: Makes<Request, J>
): known is VideoController<Request, J> => known.client === client
