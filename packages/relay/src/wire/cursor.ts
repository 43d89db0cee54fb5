/**
 * Where a job's stream is, as a short text made from the state alone: any relay, after any restart, makes the same. Pure.
 *
 * `1.<rank>.<position>`: of Running the progress in millionths, of Queued the place, else 0.
 */
import type { JobState } from "@reelay/core/JobState"

interface Place {
  readonly _tag: JobState["_tag"]
  readonly position?: number | undefined
  readonly progress?: number | undefined
}

const tags: ReadonlyArray<string> = [
  "Submitted",
  "Queued",
  "Running",
  "Succeeded",
  "Failed",
  "Expired",
  "Cancelled"
] satisfies ReadonlyArray<JobState["_tag"]>

/** How far a job has come, as in core: 3 is any end. -1: a later version's word. */
export const rankOf = (tag: string): number => Math.min(3, tags.indexOf(tag))

/** The cursor of a state. */
export const cursorOf = ({ _tag, position = 0, progress = 0 }: Place): string => {
  const place = _tag === "Queued" ? position : _tag === "Running" ? progress * 1e6 : 0
  return `1.${rankOf(_tag)}.${Math.round(Math.min(1e9 - 1, Math.max(0, place)))}`
}

/** Nothing follows an end. */
export const isEnd = (cursor: string): boolean => cursor.startsWith("1.3.")

/** What comes from outside is a cursor only in exactly this form. */
export const isCursor = (text: string): boolean => /^1\.[0-3]\.\d{1,9}$/u.test(text)

/** Whether a state is news for somebody who has the floor, which is a cursor. */
export const isAfter = (cursor: string, floor = "1.-1.0"): boolean => {
  const [, rank = 0, place = 0, , floorRank = 0, floorPlace = 0] = `${cursor}.${floor}`.split(".").map(Number)
  if (rank !== floorRank) return rank > floorRank
  // A place in a queue may rise too.
  return rank === 1 ? place !== floorPlace : place > floorPlace
}
