/** What a component shows of a job: one value, made from its state and its error alone. */
import type { JobState, PromiseJob, Succeeded, Terminal } from "@reelay/core/promise"

interface Fields<Status extends string, Job, State> {
  /**
   * - `idle`: there is no job.
   * - `submitting`, `attaching`: there will be one.
   * - `watching`: it is followed.
   * - `done`: it has ended. A job that failed is done too: its `state` says so.
   * - `left`: it goes on at the provider, and is not followed here.
   * - `lost`: sight of it is lost, and `error` says why. It may go on.
   * - `refused`: there is no job, and `error` says why.
   * - `unknown`: nobody knows whether there is one. It may be billed.
   */
  readonly status: Status
  readonly job: Job
  readonly state: State
}

interface Derived {
  /**
   * A fraction; never falls, and is 1 only once there is a video. By what the provider reports, else by what such jobs usually take, if the client has
   * `durations`: then it goes on by itself. Absent if nothing is known.
   */
  readonly progress: number | undefined
  /** `estimated`: the progress, and so the eta, comes from what such jobs usually take, or a gateway made it up. Absent without a progress. */
  readonly progressSource: "reported" | "estimated" | undefined
  /** When it will probably end: milliseconds since the epoch. Absent if nothing is known. */
  readonly eta: number | undefined
  readonly video: Succeeded | undefined
  readonly error: unknown
  /** Whether to show that something is going on. */
  readonly isPending: boolean
}

/**
 * What is known of a job. It is the same object until something of it changes.
 *
 * @category models
 * @since 0.1.0
 */
export type JobView<J extends PromiseJob = PromiseJob> = Derived &
  (
    | Fields<"idle" | "submitting" | "attaching" | "refused" | "unknown", undefined, undefined>
    | Fields<"watching" | "left" | "lost", J, JobState>
    | Fields<"done", J, Terminal>
  )

const nothing = {
  progress: undefined,
  progressSource: undefined,
  eta: undefined,
  video: undefined,
  error: undefined,
  isPending: false,
  job: undefined,
  state: undefined
}

export const idle = { ...nothing, status: "idle" } as const
export const submitting = { ...nothing, status: "submitting", isPending: true } as const
export const attaching = { ...nothing, status: "attaching", isPending: true } as const

/** A submission, or an attachment, that gave no job. */
export const failed = (error: unknown) => ({ ...nothing, status: isUnknown(error) ? "unknown" : "refused", error }) as const

export const viewOf = <J extends PromiseJob>(job: J, status: "watching" | "left" | "lost", error?: unknown): JobView<J> => {
  const state = job.current()
  const { eta, progress = state._tag === "Succeeded" ? 1 : undefined, source } = job.outlook() ?? {}
  const shown = { job, progress, progressSource: source, eta, error, video: state._tag === "Succeeded" ? state : undefined }
  switch (state._tag) {
    case "Submitted":
    case "Queued":
    case "Running":
      return { ...shown, state, status, isPending: status === "watching" }
    case "Succeeded":
    case "Failed":
    case "Expired":
    case "Cancelled":
      return { ...shown, state, status: "done", error: undefined, isPending: false }
  }
}

/** By what it says, not by its class: a client through a server has its own. */
const isUnknown = (error: unknown): boolean => {
  const reason: unknown = typeof error === "object" && error !== null && "reason" in error ? error.reason : undefined
  return (
    reason === "SubmitUnknown" || (typeof reason === "object" && reason !== null && "_tag" in reason && reason._tag === "SubmitUnknown")
  )
}
