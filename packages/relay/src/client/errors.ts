/** What a call rejects with: the fields of core's errors, without the code behind them. */
import type { Again } from "@reelay/core/JobError"
import type { Cancelled, Expired, Failed } from "@reelay/core/JobState"
import type { Problem, ProblemReason } from "../wire/Problem.ts"

/** What the relay says of a problem, or a client of its own. */
export type Told = Omit<Problem, "type">

/**
 * The relay refused, or can't be reached, or lost sight of a job. It has the fields that programs read of core's `JobError`.
 *
 * @category errors
 * @since 0.1.0
 */
export class RelayError extends Error {
  readonly _tag = "JobError"
  /** What the relay has answered; `status` 0 if there was no answer. */
  readonly problem: Told
  readonly reason: Omit<Told, "reason"> & { readonly _tag: ProblemReason }
  /** The most that may be repeated without paying twice. `submit`: with the same key. */
  readonly again: Again
  /** How long to wait before it is worth asking again, in milliseconds. */
  readonly retryAfter: number

  constructor(problem: Told, retryAfter = 0) {
    super(`${problem.title}: ${problem.detail}`)
    this.problem = problem
    this.reason = { ...problem, _tag: problem.reason }
    this.again = problem.again
    this.retryAfter = retryAfter
  }
}

/**
 * A job that ended without a video: `JobFailed`, `JobExpired` or `JobCancelled`, as in core.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobEnded extends Error {
  readonly _tag: "JobFailed" | "JobExpired" | "JobCancelled"
  readonly state: Failed | Expired | Cancelled

  constructor(state: Failed | Expired | Cancelled) {
    const { _tag, billed } = state
    super(`The job ended as ${_tag}${_tag === "Failed" ? `: ${state.failure.message}` : ""}. Billed: ${billed}.`)
    this._tag = `Job${_tag}`
    this.state = state
  }
}

/** An error that the relay did not make. `status` 0: there was no answer. */
export const made = (reason: ProblemReason, again: Again, detail: string): RelayError =>
  new RelayError({ title: reason, reason, again, detail, status: 0 })

/** Leaving and closing: the doing of whoever has the job or the client. */
export const left = (what: string): DOMException => new DOMException(`The ${what}. What was submitted continues.`, "AbortError")

/** Nobody handles it: it must not kill a process with submissions in flight. */
export const report = (error: unknown): void => {
  // eslint-disable-next-line no-console -- where an error that nobody handles belongs
  if (!(error instanceof DOMException)) console.error(error)
}
