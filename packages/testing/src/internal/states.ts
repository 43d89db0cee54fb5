/** Comparing states. */
import type { JobState } from "@reelay/core"

/** Whether two states are equal except for `at`, `polls` and `raw`. */
export const same = (one: JobState.JobState, other: JobState.JobState): boolean => essence(one) === essence(other)

/** A state as text: keys in order, without those that have no value. */
const essence = (state: JobState.JobState): string => {
  const { at: _at, polls: _polls, raw: _raw, ...rest } = state
  return canonical(rest)
}

const canonical = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined"
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return `{${fields
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`)
    .join()}}`
}
