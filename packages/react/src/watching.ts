/** One store for each job, however many components show it. An estimated progress goes on between the states. */
import type { PromiseJob } from "@reelay/core/promise"
import { Store } from "./Store.ts"
import { type JobView, viewOf } from "./view.ts"

/** How often an estimate is looked at. Milliseconds. */
const tick = 1000

/** The least progress that is shown. */
const least = 0.001

export class WatchedJob<J extends PromiseJob> {
  readonly job: J
  readonly store: Store<JobView<J>>
  private view: JobView<J>

  constructor(job: J) {
    this.job = job
    this.view = viewOf(job, "watching")
    this.store = new Store(
      () => this.current(),
      (changed, over) => {
        if (this.view.status !== "watching") this.view = viewOf(job, "watching")
        const leave = job.subscribe({
          next: () => changed(),
          error: (error) => {
            this.view = isLeaving(error) ? viewOf(job, "left") : viewOf(job, "lost", error)
            over()
            changed()
          }
        })
        const timer = setInterval(() => {
          if (this.isMoved()) changed()
        }, tick)
        return () => {
          clearInterval(timer)
          leave()
        }
      }
    )
  }

  /** Whether more can be shown than before. What is late moves by less each time, and renders less often. */
  private isMoved(): boolean {
    const { view } = this
    if (view.status !== "watching") return false
    const { eta = 0, progress = 0 } = this.job.outlook() ?? {}
    if (progress - (view.progress ?? 0) < least && Math.abs(eta - (view.eta ?? 0)) < tick) return false
    this.view = viewOf(this.job, "watching")
    return true
  }

  private current(): JobView<J> {
    const { view } = this
    if (view.status === "watching" || view.status === "left" || view.status === "lost") {
      if (view.state !== this.job.current()) this.view = viewOf(this.job, view.status, view.error)
    }
    return this.view
  }
}

/** Somebody has called `job.leave()`. */
const isLeaving = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError"

const known = new WeakMap<PromiseJob, WatchedJob<PromiseJob>>()

export const watched = <J extends PromiseJob>(job: J): WatchedJob<J> => {
  const found = known.get(job)
  if (found !== undefined && isOf(found, job)) return found
  const fresh = new WatchedJob(job)
  known.set(job, fresh)
  return fresh
}

const isOf = <J extends PromiseJob>(found: WatchedJob<PromiseJob>, job: J): found is WatchedJob<J> => found.job === job
