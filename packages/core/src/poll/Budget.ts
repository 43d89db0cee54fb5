/**
 * How many failed polls a job is allowed before its watcher gives up.
 *
 * Pure, and without a runtime import: the engine spends, this module counts.
 *
 * @since 0.1.0
 */
import type { Missed, NotFound, Reading, Refused } from "../job/Reading.ts"

/**
 * What has been spent so far.
 *
 * @category models
 * @since 0.1.0
 */
export interface Budget {
  /** Failed polls in a row. */
  readonly failures: number
  /** Answers in a row that do not know the job, after the grace period. */
  readonly notFound: number
  /** Successes in a row that named no video. */
  readonly empty: number
}

/** @category models */
export interface Tolerance {
  /** Failed polls in a row after which the watcher gives up. */
  readonly maxConsecutiveFailures: number
  /** Milliseconds after submission during which a provider may not know the job yet. */
  readonly notFoundGrace: number
}

/**
 * What to do with a reading.
 *
 * @category models
 * @since 0.1.0
 */
export type Verdict =
  | { readonly _tag: "Observe" }
  | { readonly _tag: "Wait" }
  | { readonly _tag: "GiveUp"; readonly because: Missed | NotFound | Refused }

/** @category constants */
export const fresh: Budget = { failures: 0, notFound: 0, empty: 0 }

/** @category constants */
export const defaultLimits: Tolerance = { maxConsecutiveFailures: 10, notFoundGrace: 60_000 }

// A stale replica may answer once or twice without the URL, or without the job.
const inARow = 3

const observe: Verdict = { _tag: "Observe" }
const wait: Verdict = { _tag: "Wait" }

/**
 * Spends one reading. Any good answer restores the whole budget.
 *
 * `age` is how long ago the job was submitted, in milliseconds.
 *
 * @category combinators
 * @since 0.1.0
 */
export const spend = (budget: Budget, reading: Reading, age: number, limits: Tolerance): readonly [Budget, Verdict] => {
  switch (reading._tag) {
    case "Queued":
    case "Running":
    case "Failed":
    case "Expired":
    case "Cancelled":
    case "Unrecognised":
      return [fresh, observe]
    case "Succeeded": {
      if (reading.artifacts.length > 0) return [fresh, observe]
      const empty = budget.empty + 1
      return [{ ...fresh, empty }, empty < inARow ? wait : observe]
    }
    case "Missed": {
      const failures = budget.failures + 1
      return [{ ...budget, failures }, failures < limits.maxConsecutiveFailures ? wait : { _tag: "GiveUp", because: reading }]
    }
    case "NotFound": {
      // Documented by CometAPI's Runway page: task_not_exist right after the submission. It costs nothing then.
      if (age < limits.notFoundGrace) return [budget, wait]
      const notFound = budget.notFound + 1
      return [{ ...budget, notFound }, notFound < inARow ? wait : { _tag: "GiveUp", because: reading }]
    }
    case "Refused":
      return [budget, { _tag: "GiveUp", because: reading }]
  }
}
