/** When to poll next: a pure function of what happened and of what was agreed. All times are monotonic milliseconds. */

/** What is known when a poll has ended. */
export interface Situation {
  /** When the last poll was begun. */
  readonly begun: number
  readonly now: number
  /** The wait that the pace asked for, from `now`; infinite if the pace has ended. */
  readonly planned: number
  /** The wait that the retry schedule asked for, from `now`; 0 if the poll did not fail. */
  readonly retry: number
  /** The wait that the provider asked for, from `now`; 0 if it did not. */
  readonly retryAfter: number
  /** The provider's minInterval: from one poll to the next. */
  readonly minInterval: number
  readonly deadline: number
}

/** Poll at `at`; or wait until `at` and give up, since the deadline comes before a poll is allowed. */
export interface Next {
  readonly _tag: "Poll" | "GiveUp"
  readonly at: number
}

/** The shortest wait, in milliseconds: no pace spins, whatever schedule a caller composed. */
const shortest = 10

/**
 * Waits for the longest of pace, retry schedule and `Retry-After`, cut at the deadline. There one last poll is sent if neither `Retry-After` nor
 * `minInterval` forbids it. A caller may ask for a pace below `minInterval`: then that pace is the minimum.
 */
export const nextPoll = ({ begun, deadline, minInterval, now, planned, retry, retryAfter }: Situation): Next => {
  const wait = Math.max(shortest, planned, retry, retryAfter)
  if (now + wait < deadline) return { _tag: "Poll", at: now + wait }
  const last = Math.max(now, deadline)
  const allowed = Math.max(begun + Math.min(minInterval, planned), now + retryAfter)
  return { _tag: allowed <= last ? "Poll" : "GiveUp", at: last }
}
