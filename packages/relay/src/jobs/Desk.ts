/** The jobs that somebody watches now: one handle, and so one poller, for a job, however many tabs and users follow it. */
import { Job, type JobState, type Provider } from "@reelay/core"
import { jobKey, type JobRef } from "@reelay/core/JobRef"
import { isTerminal } from "@reelay/core/JobState"
import type { JobHandle } from "@reelay/core/Job"
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import { refuse } from "../access/refuse.ts"
import type { RelayOptions } from "./options.ts"
import type { Services } from "./services.ts"

/** Callbacks of a watcher. Exactly one of `ended` and `lost` is the last. */
interface Watcher {
  readonly state: (state: JobState.JobState) => void
  readonly ended: () => void
  readonly lost: (cause: Cause.Cause<unknown>) => void
}

/** A job at the desk. */
export interface Kept {
  readonly handle: JobHandle
  /** Follows the job. The last to leave stops the polling. */
  readonly watch: (watcher: Watcher, isVisit?: boolean) => () => void
}

/** How long a single question keeps the polling going: long enough for one poll, which is due if the last one was long ago. Milliseconds. */
const visit = 5000

/** How long a question waits for the first news of a job that this relay knows nothing of yet. Milliseconds. */
const patience = 3000

/** Unwatched jobs that are kept, so that who comes back finds the state and the pace. The oldest go first. */
const mostIdle = 1000

export class Desk {
  private readonly options: RelayOptions
  private readonly services: Services
  private readonly kept = new Map<string, Promise<Kept>>()
  private readonly watched = new Map<string, number>()
  private readonly visits = new Map<string, () => void>()
  private readonly ended: (ref: JobRef) => void

  constructor(options: RelayOptions, services: Services, ended: (ref: JobRef) => void) {
    this.options = options
    this.services = services
    this.ended = ended
  }

  /** How many jobs are watched now. */
  watching(): number {
    return this.watched.size
  }

  /** The provider that a job belongs to: the one with its account, or the first of its name. */
  provider(ref: JobRef): Provider.Provider<never> {
    const same = this.options.providers.filter(({ definition }) => definition.name === ref.provider)
    const provider = same.find(({ account }) => account !== undefined && account === ref.account) ?? same[0]
    if (provider === undefined) throw refuse("UnknownJob", "The relay has no provider for this job any more.")
    return provider
  }

  /** Takes a job that was just submitted. */
  async keep(handle: JobHandle): Promise<Kept> {
    const key = jobKey(handle.ref)
    const there = this.kept.get(key)
    if (there !== undefined) return there
    const fresh = this.services.context().then((context) => this.over(key, handle, context))
    this.put(key, fresh)
    return fresh
  }

  /** The job of a reference. Sends nothing by itself. */
  async find(ref: JobRef): Promise<Kept> {
    const key = jobKey(ref)
    const there = this.kept.get(key)
    if (there !== undefined) return there
    const fresh = this.attached(key, ref)
    this.put(key, fresh)
    fresh.catch(() => this.kept.delete(key))
    return fresh
  }

  /** The job, if it is kept. */
  known(ref: JobRef): Promise<Kept> | undefined {
    return this.kept.get(jobKey(ref))
  }

  /** The state of a job for one who asks once. It is polled for a while, at its pace. Waits a moment for news that this relay has none of yet. */
  async look(kept: Kept): Promise<JobState.JobState> {
    const { handle } = kept
    const state = handle.current()
    if (isTerminal(state)) return state
    const key = jobKey(handle.ref)
    const isNew = state._tag === "Submitted" && state.polls === 0 && !this.watched.has(key)
    this.visits.get(key)?.()
    await new Promise<void>((resolve) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      let waiting: ReturnType<typeof setTimeout> | undefined
      const lose = (): void => {
        this.visits.delete(key)
        clearTimeout(timer)
        clearTimeout(waiting)
        resolve()
      }
      const leave = kept.watch(
        {
          state: (seen) => {
            if (seen !== state) resolve()
          },
          ended: lose,
          lost: lose
        },
        true
      )
      const over = (): void => {
        leave()
        lose()
      }
      timer = setTimeout(over, visit)
      this.visits.set(key, over)
      if (isNew) waiting = setTimeout(resolve, patience)
      else resolve()
    })
    return handle.current()
  }

  /** Ends all questions; the streams end by themselves. */
  close(): void {
    for (const over of Array.from(this.visits.values())) over()
  }

  private async attached(key: string, ref: JobRef): Promise<Kept> {
    const handle = await this.services.run(Job.attach(this.provider(ref), ref, { ...this.options.watch, anyAccount: true }))
    return this.over(key, handle, await this.services.context())
  }

  private over(key: string, handle: JobHandle, context: Context.Context<never>): Kept {
    return {
      handle,
      watch: (watcher, isVisit = false) => {
        this.watched.set(key, (this.watched.get(key) ?? 0) + 1)
        let isIn = true
        const left = (): void => {
          if (!isIn) return
          isIn = false
          const others = (this.watched.get(key) ?? 1) - 1
          if (others > 0) this.watched.set(key, others)
          else this.watched.delete(key)
        }
        const over = (): void => {
          if (isTerminal(handle.current())) this.ended(handle.ref)
          left()
        }
        const leave = handle.subscribe(
          {
            state: watcher.state,
            ended: () => {
              over()
              watcher.ended()
            },
            lost: (cause) => {
              over()
              watcher.lost(cause)
            }
          },
          context
        )
        // Whoever stays polls for those who only asked.
        if (!isVisit) this.visits.get(key)?.()
        return () => {
          left()
          leave()
        }
      }
    }
  }

  private put(key: string, kept: Promise<Kept>): void {
    this.kept.set(key, kept)
    if (this.kept.size <= mostIdle + this.watched.size) return
    for (const old of this.kept.keys()) {
      if (this.watched.has(old) || old === key) continue
      this.kept.delete(old)
      return
    }
  }
}
