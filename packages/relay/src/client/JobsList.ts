/** The list of a user's jobs: what the relay's journal has, and what this page submits. */
import type { JobState } from "@reelay/core/JobState"
import type { ListedJob, Observer, PromiseJob, Source } from "@reelay/core/promise"
import { rankOf } from "../wire/cursor.ts"
import type { WireEntry } from "../wire/WireState.ts"
import { made, report } from "./errors.ts"
import { interoperable, subscriber } from "./source.ts"

type Lines = ReadonlyArray<ListedJob>

export interface JobsList extends Source<Lines> {
  /** Takes a job that was submitted here. */
  readonly add: (job: PromiseJob, label?: string) => void
  /** Removes a line. */
  readonly remove: (id: string) => void
  /** Reads the relay's list again. */
  readonly refresh: () => Promise<void>
  readonly close: () => void
}

/** `read` asks the relay; `jobOf` makes the job of an entry. */
export const jobsList = (read: () => Promise<ReadonlyArray<WireEntry>>, jobOf: (entry: WireEntry) => PromiseJob): JobsList => {
  const lines = new Map<string, ListedJob>()
  const followed = new Map<string, (() => void) | undefined>()
  const listeners = new Set<Observer<Lines>>()
  let current: Lines = []

  const changed = (): void => {
    current = [...lines.values()].toSorted((one, other) => one.at - other.at)
    for (const each of Array.from(listeners)) each.next(current)
  }
  /** A job that ended before this page was loaded is asked about only if somebody listens to it. */
  const follow = (): void => {
    for (const [id, { job, status }] of lines) {
      if (listeners.size === 0 || job === undefined || rankOf(status) > 2 || followed.has(id)) continue
      const update = (more: Partial<ListedJob>): void => {
        const line = lines.get(id)
        if (line === undefined) return
        lines.set(id, { ...line, ...more })
        changed()
      }
      followed.set(id, undefined)
      const leave = job.subscribe({
        next: (seen: JobState) => {
          if (lines.get(id)?.state !== seen) update({ state: seen, status: seen._tag })
        },
        error: (error) => {
          // Whoever listens anew asks anew.
          if (!(error instanceof DOMException)) update({ error })
        }
      })
      followed.set(id, leave)
    }
  }
  const leaveAll = (): void => {
    for (const leave of followed.values()) leave?.()
    followed.clear()
  }
  const refresh = async (): Promise<void> => {
    try {
      const all = await read()
      for (const [id, { status }] of lines) if (status === "Unknown" && !all.some(({ job }) => job === id)) lines.delete(id)
      for (const entry of all) {
        const { at, end, fate, job: id, label, state } = entry
        if (lines.has(id)) continue
        const shown = { id, at, label }
        if (fate === "Unknown") {
          lines.set(id, {
            ...shown,
            status: fate,
            error: made("SubmitUnknown", "never", "It may be made and billed.")
          })
          continue
        }
        const job = jobOf(entry)
        const status = end === "Saved" ? "Succeeded" : (end ?? job.current()._tag)
        lines.set(id, { ...shown, job, status, state: state === undefined ? undefined : job.current() })
      }
      changed()
      follow()
    } catch (error) {
      report(error)
    }
  }
  const source: Source<Lines> = {
    current: () => current,
    subscribe: subscriber((observer) => {
      listeners.add(observer)
      observer.next(current)
      if (listeners.size === 1) void refresh()
      return () => {
        listeners.delete(observer)
        if (listeners.size === 0) leaveAll()
      }
    })
  }
  return interoperable({
    ...source,
    refresh,
    add: (job, label) => {
      const state = job.current()
      const { id, ref } = job
      if (!lines.has(id)) lines.set(id, { id, job, state, status: state._tag, at: ref.submittedAt, label })
      changed()
      follow()
    },
    remove: (id) => {
      followed.get(id)?.()
      lines.delete(id)
      changed()
    },
    close: () => {
      leaveAll()
      for (const each of Array.from(listeners)) each.complete()
      listeners.clear()
    }
  } satisfies JobsList)
}
