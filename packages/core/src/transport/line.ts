/**
 * The engine's own line before a transport: it limits the requests in flight to one origin. What waits in it has not begun, spends no timeout, and
 * can be left at once; in a transport's own queue it could not.
 */
import { later } from "../base/macrotask.ts"
import type { Transport } from "./Transport.ts"

/** A request that waits. `go`: there is a place, which it has until it leaves. */
export interface Waiter {
  readonly go: () => void
}

export interface Line {
  readonly enter: (waiter: Waiter) => void
  /** Gives a place back, and lets the next one in. A second call does no harm. */
  readonly leave: (waiter: Waiter) => void
  /**
   * As `leave`, for a request that was aborted: the next one is admitted in a later turn of the event loop, since the caller may be about to abort
   * them all, and nothing must be sent for those.
   */
  readonly cut: (waiter: Waiter) => void
}

const make = (capacity: number): Line => {
  const inside = new Set<Waiter>()
  const waiting = new Set<Waiter>()
  const admit = (waiter: Waiter): void => {
    inside.add(waiter)
    waiter.go()
  }
  const fill = (): void => {
    for (const next of waiting) {
      if (inside.size >= capacity) return
      waiting.delete(next)
      admit(next)
    }
  }
  let isFilling = false
  return {
    enter: (waiter) => {
      if (inside.size < capacity && waiting.size === 0) admit(waiter)
      else waiting.add(waiter)
    },
    leave: (waiter) => {
      if (inside.delete(waiter)) fill()
      else waiting.delete(waiter)
    },
    cut: (waiter) => {
      waiting.delete(waiter)
      if (!inside.delete(waiter) || isFilling || waiting.size === 0) return
      isFilling = true
      later(() => {
        isFilling = false
        fill()
      })
    }
  }
}

const lines = new WeakMap<Transport, Map<string, Line>>()

export const lineOf = (transport: Transport, origin: string): Line => {
  const known = lines.get(transport) ?? new Map<string, Line>()
  lines.set(transport, known)
  const line = known.get(origin) ?? make(transport.capacity)
  known.set(origin, line)
  return line
}
