/** What one process measures of one row, and what it answers with. */
import type { Name } from "../rows.ts"

export type Task =
  | {
      readonly phase: "poll"
      readonly jobs: number
      /** Milliseconds between two polls of a job. */
      readonly interval: number
      /** Milliseconds for which polls are measured. */
      readonly window: number
    }
  | { readonly phase: "memory"; readonly sizes: ReadonlyArray<number> }
  | { readonly phase: "submit"; readonly jobs: number }
  | { readonly phase: "subscribers"; readonly counts: ReadonlyArray<number>; readonly interval: number; readonly window: number }

export type Phase = Task["phase"]

export const phases = ["poll", "memory", "submit", "subscribers"] as const satisfies ReadonlyArray<Phase>

/** Every time is in milliseconds, but for CPU a poll, a job or a state, which is in microseconds; memory is in bytes. */
export interface Poll {
  readonly phase: "poll"
  readonly jobs: number
  /** Fewer than `jobs` where the rest was not submitted in time. */
  readonly waiting: number
  readonly interval: number
  /** How many polls the server counted in the window. */
  readonly polls: number
  /** Polls that were made, of those that were due. */
  readonly kept: number
  /** User and system time. */
  readonly cpu: number
  /** The part of the window in which the event loop was busy. */
  readonly busy: number
  readonly connections: number
  /** From the end of a job until its promise is settled. Empty where nothing was finished. */
  readonly lags: ReadonlyArray<number>
  readonly cancel: Cancel
}

/** All jobs that still wait are stopped in one loop. */
export interface Cancel {
  readonly jobs: number
  /** CPU of all of them together, in milliseconds. */
  readonly cpu: number
  /** Until the last one was settled; `null` where some never were. */
  readonly settled: number | null
  /** How many were not settled one macrotask after the loop. */
  readonly late: number
  /** Requests that came at least 20 milliseconds after the loop: what was on the wire by then has arrived. */
  readonly requests: number
}

export interface Memory {
  readonly phase: "memory"
  readonly sizes: ReadonlyArray<{
    readonly jobs: number
    /** Fewer than `jobs` where the rest was not submitted in time. */
    readonly waiting: number
    /** `heapUsed` and `external` after collecting garbage, a job. */
    readonly heap: number
    readonly rss: number
    /** Of jobs that were then finished at the server, how many came to their end. `undefined`: they were not finished. */
    readonly ended?: number
  }>
  /** By the row's own handles. Absent: it has none. */
  readonly cancel?: Cancel
}

export interface Submit {
  readonly phase: "submit"
  readonly jobs: number
  /** From the submission to the first poll's answer, a job. */
  readonly cpu: number
  readonly aSecond: number
}

export interface Subscribers {
  readonly phase: "subscribers"
  readonly counts: ReadonlyArray<{
    readonly subscribers: number
    readonly polls: number
    readonly states: number
    /** CPU of the whole process, a state that one subscriber was told of. */
    readonly cpu: number
    readonly heap: number
  }>
}

/** `null`: the row has no such thing. */
export type Result = Poll | Memory | Submit | Subscribers | null

/** What a process is started with. */
export interface Order {
  readonly row: Name
  readonly base: string
  readonly control: number
  readonly task: Task
}

export type Told = { readonly result: Result } | { readonly failure: string }
