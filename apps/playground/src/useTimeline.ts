import type { JobState } from "@reelay/core/promise"
import { useMemo, useSyncExternalStore } from "react"
import * as history from "./history.ts"
import { advance, begin, isOver, type Timeline } from "./model/timeline.ts"
import { feed } from "./polls.ts"

interface About {
  readonly id: string
  readonly from: number
  /** The job's id, as this client names it. */
  readonly ref: string
  readonly name: string
  readonly state: JobState
}

/** What this browser saw of a job, and the polls that the mock had. */
export const useTimeline = ({ from, id, name, ref, state }: About): Timeline => {
  const seen = useSyncExternalStore(history.subscribe, () => history.seenOf(id))
  const polls = useSyncExternalStore(feed.subscribe, () => feed.of(ref, name))
  return useMemo(() => {
    const now = isOver(state) ? [...seen, { tag: state._tag, at: state.at }] : seen
    const events = [
      ...now.map((each) => ({ _tag: "State", seen: each }) as const),
      ...polls.map((poll) => ({ _tag: "Poll", poll }) as const)
    ]
    return events.reduce(advance, begin(from))
  }, [from, polls, seen, state])
}
