/** How far a job is, and when it will end, as people want to know it. Pure, and without a runtime import. */
import type { JobState } from "../job/JobState.ts"

/**
 * How far a job is, and when it will end.
 *
 * @category models
 * @since 0.2.0
 */
export interface Outlook {
  /** A fraction, from 0 to below 1. Absent if nothing says it. */
  readonly progress: number | undefined
  /** When it will probably end: milliseconds since the epoch, our clock. Absent if nothing says it. */
  readonly eta: number | undefined
  /** `reported`: by the provider. `estimated`: from what such jobs usually take, or a number that a gateway made up. */
  readonly source: "reported" | "estimated"
}

/** The progress when the expected time has passed. What is left is for jobs that are late. */
const atExpected = 0.97

/** The progress of a job that ends when it is expected to, and ever more slowly after that. Below 1 at any age. */
const progressAt = (age: number, total: number): number => (age < total ? (atExpected * age) / total : 1 - ((1 - atExpected) * total) / age)

/**
 * The outlook of a job. `total`: what such jobs take, in milliseconds since their submission, if that is known. `before`: the last outlook of the same
 * job, so that the progress never goes back. `undefined`: it has ended, or nothing is known.
 *
 * @category combinators
 * @since 0.2.0
 */
export const outlook = (state: JobState, total: number | undefined, now: number, before?: Outlook): Outlook | undefined => {
  if (state._tag !== "Submitted" && state._tag !== "Queued" && state._tag !== "Running") return undefined
  const found = fresh(state, total, now)
  const shown = before?.progress
  if (shown === undefined || (found?.progress ?? 0) >= shown) return found ?? before
  return { progress: shown, eta: found?.eta, source: before?.source ?? "estimated" }
}

const fresh = (state: JobState, total: number | undefined, now: number): Outlook | undefined => {
  const { at, ref } = state
  const { submittedAt } = ref
  const said = state._tag === "Running" && (state.progress ?? 0) > 0 ? state : undefined
  const { progress = 0, progressSource } = said ?? {}
  if (said !== undefined && (progressSource !== "estimated" || total === undefined)) {
    const eta = Math.round(submittedAt + Math.max(0, at - submittedAt) / progress)
    return { progress: Math.min(0.999, progress), eta: Number.isFinite(eta) ? eta : undefined, source: progressSource ?? "reported" }
  }
  if (total === undefined || !(total > 0 && total < Number.POSITIVE_INFINITY)) return undefined
  // A clock that was set back, or a relay's that is ahead.
  const age = Math.max(0, now - submittedAt)
  // What is late will be as late again.
  return {
    progress: Math.min(0.999, progressAt(age, total)),
    eta: Math.round(submittedAt + (age < total ? total : 2 * age - total)),
    source: "estimated"
  }
}
