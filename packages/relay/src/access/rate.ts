/** How often a user may ask: a bucket that fills up again with time. */
import { refuse } from "./refuse.ts"

/** So many users are remembered at most; those who have asked for nothing lately are forgotten first, at no loss. */
const mostUsers = 10_000

interface Bucket {
  left: number
  at: number
}

export interface Rate {
  /** Takes one, or throws a 429 that says when to come back. */
  readonly take: (user: string) => void
  readonly size: () => number
}

/** At most `limit` at once, and `limit` within `window` milliseconds. */
export const rateOf = (limit: number, window: number, what: string): Rate => {
  const buckets = new Map<string, Bucket>()
  const filled = ({ at, left }: Bucket, now: number): number => Math.min(limit, left + ((now - at) * limit) / window)
  const tidy = (now: number): void => {
    for (const [user, bucket] of buckets) {
      if (buckets.size < mostUsers && filled(bucket, now) < limit) return
      buckets.delete(user)
    }
  }
  return {
    size: () => buckets.size,
    take: (user) => {
      const now = performance.now()
      const known = buckets.get(user)
      const left = known === undefined ? limit : filled(known, now)
      if (left < 1) {
        const seconds = Math.max(1, Math.ceil(((1 - left) * window) / limit / 1000))
        throw refuse("TooManyRequests", `A user may make ${limit} ${what} within ${window / 1000} s. Come back in ${seconds} s.`, {
          again: "submit",
          headers: { "retry-after": String(seconds) }
        })
      }
      // In the order of their last use.
      buckets.delete(user)
      tidy(now)
      buckets.set(user, { left: left - 1, at: now })
    }
  }
}
