/**
 * The engine's own line before a transport: at most so many requests in flight to one origin. What waits in it has not begun, spends no
 * timeout, and can be left at once; in a transport's own queue it could not.
 */
import type { Transport } from "./Transport.ts"

/** Called when a place is free. It then has that place until `leave` is called with the same value. */
type Waiter = () => void

export interface Line {
  readonly enter: (waiter: Waiter) => void
  /** Gives a place back, or gives the wait up. Doing it twice does no harm. */
  readonly leave: (waiter: Waiter) => void
}

const make = (capacity: number): Line => {
  const inside = new Set<Waiter>()
  const waiting = new Set<Waiter>()
  const admit = (waiter: Waiter): void => {
    inside.add(waiter)
    waiter()
  }
  return {
    enter: (waiter) => {
      if (inside.size < capacity) admit(waiter)
      else waiting.add(waiter)
    },
    leave: (waiter) => {
      if (!inside.delete(waiter)) return void waiting.delete(waiter)
      for (const next of waiting) {
        if (inside.size >= capacity) return
        waiting.delete(next)
        admit(next)
      }
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
