/** When to poll next: a pure function of what happened and of what was agreed. All times are monotonic milliseconds. */

/** What is known when a look has ended. */
export interface Situation {
  /** When the last poll was begun. */
  readonly begun: number
  readonly now: number
  /** The wait that the pace asked for, from `now`; infinite where the pace has ended. */
  readonly planned: number
  /** The wait that the retry schedule asked for, from `now`; 0 where the look was not missed. */
  readonly retry: number
  /** The wait that the provider asked for, from `now`; 0 where it did not. */
  readonly retryAfter: number
  /** The provider's minInterval: from one poll to the next. */
  readonly minInterval: number
  readonly deadline: number
}

/** Look at `at`; or wait until `at` and give up, since the deadline comes before a look is allowed. */
export interface Next {
  readonly _tag: "Poll" | "GiveUp"
  readonly at: number
}

/** No pace spins, whatever schedule a caller composed. */
const shortest = 10

/**
 * Waits as long as the longest of pace, retry schedule and `Retry-After` asks, cut at the deadline, where one last poll is taken if
 * neither `Retry-After` nor the floor forbids it. A pace below the floor is the caller's will: then the floor is that pace.
 */
export const nextPoll = ({ begun, deadline, minInterval, now, planned, retry, retryAfter }: Situation): Next => {
  const wait = Math.max(shortest, planned, retry, retryAfter)
  if (now + wait < deadline) return { _tag: "Poll", at: now + wait }
  const last = Math.max(now, deadline)
  const allowed = Math.max(begun + Math.min(minInterval, planned), now + retryAfter)
  return { _tag: allowed <= last ? "Poll" : "GiveUp", at: last }
}
