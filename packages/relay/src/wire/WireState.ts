/** What leaves the server of a job: no provider's id, address, account or link. Types, without a runtime import. */
import type { JobState, Succeeded } from "@reelay/core/JobState"
import type { Kind } from "@reelay/core/JobRef"
import type { Artifact } from "@reelay/core/Reading"
import type { Problem } from "./Problem.ts"

type Without<State> = State extends Succeeded
  ? Omit<State, "ref" | "raw" | "artifacts"> & { readonly links?: ReadonlyArray<Artifact> }
  : Omit<State, "ref" | "raw">

/**
 * A state without its reference. `links` is there only if the relay was asked to show them.
 *
 * @category models
 * @since 0.1.0
 */
export type WireState = Without<JobState>

/**
 * A job as the relay names it.
 *
 * @category models
 * @since 0.1.0
 */
export interface WireJob {
  /** The sealed handle. */
  readonly job: string
  readonly provider: string
  readonly kind: Kind
  /** Milliseconds since the epoch, the relay's clock. */
  readonly submittedAt: number
  readonly state: WireState
  /** How far it was at the time of sending, if anything says it. An older relay sends none. */
  readonly outlook?: WireOutlook
}

/**
 * How far a job is, and when it will end. Times are milliseconds since the epoch, the relay's clock.
 *
 * @category models
 * @since 0.2.0
 */
export interface WireOutlook {
  readonly at: number
  readonly progress: number
  /** How much the progress grows in a millisecond. 0 if it was reported: then the next report says. */
  readonly rate: number
  readonly eta: number
  readonly source: "reported" | "estimated"
}

/**
 * A line of the list of a user's jobs.
 *
 * @category models
 * @since 0.1.0
 */
export interface WireEntry {
  /** The handle of the job, or of a submission with an unknown outcome, which can only be forgotten. */
  readonly job: string
  readonly provider: string
  readonly kind: Kind
  /** When it was submitted: milliseconds since the epoch, the relay's clock. */
  readonly at: number
  /** The user's `Idempotency-Key`. */
  readonly key: string
  readonly label?: string
  readonly fate: "Unknown" | "Accepted" | "Closed"
  /** How a closed one ended, and when. */
  readonly end?: "Saved" | "Succeeded" | "Failed" | "Expired" | "Cancelled"
  readonly endedAt?: number
  /** The state, if the relay knows it now. */
  readonly state?: WireState
}

/** The data of an event `problem`: trouble that is no state. `final`: nothing more comes for this job on this stream. */
export interface ProblemEvent extends Problem {
  readonly job: string
  readonly final: boolean
}
