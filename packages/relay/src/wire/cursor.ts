/**
 * Where a job's stream is, as a short text made from the state alone: any relay, after any restart, makes the same. Pure.
 *
 * `1.<rank>.<position>`: of Running the progress in millionths, of Queued the place, else 0.
 */
import type { JobState } from "@reelay/core/JobState"

type Place =
  | { readonly _tag: "Queued"; readonly position?: number | undefined }
  | { readonly _tag: "Running"; readonly progress?: number | undefined }
  | { readonly _tag: Exclude<JobState["_tag"], "Queued" | "Running"> }

/** The cursor of a state. */
export const cursorOf = (state: Place): string => {
  switch (state._tag) {
    case "Submitted":
      return "1.0.0"
    case "Queued":
      return `1.1.${Math.min(999_999_999, Math.max(0, Math.round(state.position ?? 0)))}`
    case "Running":
      return `1.2.${Math.round(Math.min(1, Math.max(0, state.progress ?? 0)) * 1e6)}`
    case "Succeeded":
    case "Failed":
    case "Expired":
    case "Cancelled":
      return terminal
  }
}

/** The cursor of every end: nothing follows one. */
const terminal = "1.3.0"

/** What comes from outside is a cursor only in exactly this form. */
export const isCursor = (text: string): boolean => /^1\.[0-3]\.\d{1,9}$/u.test(text)

/** Whether a state is news for somebody who has the floor. What isn't a cursor counts as having nothing. */
export const isAfter = (cursor: string, floor: string | undefined): boolean => {
  if (floor === undefined || !isCursor(floor)) return true
  const [, rank = 0, place = 0] = cursor.split(".").map(Number)
  const [, floorRank = 0, floorPlace = 0] = floor.split(".").map(Number)
  if (rank !== floorRank) return rank > floorRank
  // A place in a queue may rise too.
  return rank === 1 ? place !== floorPlace : place > floorPlace
}
