/** What the tasks of one worker share. */
import type { Job, Limits, Provider, VideoRequest } from "@reelay/core"
import type { ArtifactStore } from "../artifact/ArtifactStore.ts"
import type { Task } from "../queue/tasks.ts"

export interface Options {
  /** Each with its key. A job goes to the provider of its name, and of its account if it names one. */
  readonly providers: ReadonlyArray<Provider.Provider<VideoRequest.VideoRequest>>
  /** Where finished videos are put. Default: nowhere; a job then ends with its success, and its links. */
  readonly artifacts?: ArtifactStore | undefined
  /** Tasks of each kind and account at a time. Default: 32. */
  readonly concurrency?: number | undefined
  /** How to watch. Give the same to every worker. A pace must be a function or a time: a schedule can't be stored. */
  readonly watch?: Omit<Job.AttachOptions, "anyAccount"> | undefined
  /**
   * Limits that all workers on the database keep together for an account: one rate, and one pause after a 429. Give the same to every worker. `{}`: no
   * rate. Default: those of the context, as core's `Limits.layer` over Redis; else each job keeps to its own pace.
   */
  readonly limits?: Limits.Options | undefined
  /** The longest that one POST may take, in milliseconds. Default: 60,000. */
  readonly submitTimeout?: number | undefined
}

/** One delivery of a task. */
export interface Delivery {
  readonly provider: Provider.Provider<VideoRequest.VideoRequest>
  readonly account: string
  readonly task: Task
  /** The id of the task in its queue. */
  readonly id: string
}

/** How long a POST that is surely not sent waits for its next try: 1, 2, 4 seconds and so on, at most a minute. */
export const backoff = (tries: number): number => Math.min(60_000, 1000 * 2 ** Math.min(tries, 10))

/** A caller that leaves waits at most this long for a POST: an intent is leased for this and the timeout, and a margin for clocks. */
const graceAndMargin = 15_000

/** How long an intent is leased. After that it is unknown whether it was sent, and nobody sends it again. */
export const intentLease = ({ submitTimeout = 60_000 }: Options): number => submitTimeout + graceAndMargin
