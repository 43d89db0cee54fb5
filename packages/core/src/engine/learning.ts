/** What the end of a job says of how long such jobs take. */
import type { Durations } from "../durations/Durations.ts"
import type { JobState } from "../job/JobState.ts"
import type { Poller } from "../poll/Poller.ts"

/**
 * Learns from a job that has just succeeded. `before`: its record as the last poll began. `isAttached`: it was not watched from the start, and nobody
 * knows when it ended if no poll has seen it unfinished.
 */
export const learnFrom = (durations: Durations | undefined, before: Poller, state: JobState | undefined, isAttached: boolean): void => {
  const { begunAt, bornAt, unfinishedAt } = before
  if (durations === undefined || state?._tag !== "Succeeded" || begunAt === null) return
  const isNew = before.state._tag === "Submitted"
  if (isNew && isAttached) return
  durations.ended(state.ref, { from: isNew ? 0 : Math.max(0, unfinishedAt - bornAt), to: begunAt - bornAt })
}
