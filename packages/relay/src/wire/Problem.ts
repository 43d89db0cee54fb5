/**
 * What is answered instead of success: problem details (RFC 9457). Types, without a runtime import.
 *
 * @since 0.1.0
 */
import type { Again, Reason } from "@reelay/core/JobError"

/**
 * Why. The words of `JobError`, and those of the relay itself.
 *
 * @category models
 * @since 0.1.0
 */
export type ProblemReason =
  | Reason["_tag"]
  | "BadRequest"
  | "Unauthenticated"
  | "Forbidden"
  | "UnknownRoute"
  | "UnknownJob"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "KeyReused"
  | "NotReady"
  | "NoVideo"
  | "HandleExpired"
  | "BodyTooLarge"
  | "NotJson"
  | "TooManyRequests"
  | "TooManyJobs"
  | "TooManyStreams"
  | "Closing"
  | "Internal"

/**
 * The body of an answer of `application/problem+json`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Problem {
  /** `urn:reelay:problem:` and the reason. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly reason: ProblemReason
  /** The most that may be repeated without paying twice, as in `JobError`. With `submit`, repeat with the same `Idempotency-Key`. */
  readonly again: Again
  /** Whether the failed submission costs money. Only where a submission failed. */
  readonly billed?: "no" | "unknown"
  /** The field of the request that was refused, and the rule that it breaks. */
  readonly field?: string
  readonly rule?: string
}
