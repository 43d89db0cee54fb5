/** The line of one account's jobs: first come, first served. Only the first of the line waits for anything but its predecessors. */
import * as Latch from "effect/Latch"

/** A right to send, drawn from the shared stores. */
export interface Ticket {
  /** When it may be used, on the monotonic clock. */
  readonly at: number
  /** Passed back to effect's limiter with the answer. */
  readonly epoch: number
}

/** Times are milliseconds on the monotonic clock. */
export interface Gate<Waiting = Latch.Latch> {
  readonly line: Set<Waiting>
  /** Jobs that wait or send: a gate without any may be forgotten. */
  users: number
  /** No request is sent before. */
  until: number
  /** Pauses in a row since the last answer that wasn't a 429. */
  pauses: number
  /** The least distance between two requests: 0 until something goes wrong. */
  gap: number
  /** When the last request began. */
  sent: number
  /** Drawn by a request that left before the ticket's time came: the next one uses it. */
  ticket: Ticket | undefined
  /** What the first of the line waits for. */
  because: "circuit" | "pause" | "rate"
}

export const make = <Waiting = Latch.Latch>(): Gate<Waiting> => ({
  line: new Set(),
  users: 0,
  until: Number.NEGATIVE_INFINITY,
  pauses: 0,
  gap: 0,
  sent: Number.NEGATIVE_INFINITY,
  ticket: undefined,
  because: "rate"
})

/** The distance between requests after trouble: long enough to get the answer to the first before the second is sent. */
const firstGap = 1000
/** Each good answer takes a tenth off: full speed is back after about ten seconds, unless trouble comes first. */
const eased = 0.9
const least = 10

/** The pause after a 429 without `Retry-After`: doubled with each 429 in a row. new-api's limiter by address sends none. */
const firstPause = 5000
const longestPause = 60_000
/** effect's limiter remembers no longer pause either. */
const longestAsked = 3_600_000

/** Takes the last place of the line. */
export const enter = ({ line }: Gate): Latch.Latch => {
  const place = Latch.makeUnsafe(line.size === 0)
  line.add(place)
  return place
}

/** Gives up a place anywhere in the line, and opens the one that is first then. A second call does no harm. */
export const leave = ({ line }: Gate, place: Latch.Latch): void => {
  line.delete(place)
  for (const first of line) {
    first.openUnsafe()
    return
  }
}

/** Spaces the requests that wait, so that they are not all sent at once. */
export const spread = (gate: Gate<unknown>): void => {
  gate.gap = firstGap
}

/** Pauses after a 429, and returns for how many milliseconds. A burst of them is one pause, the longest that was asked for. */
export const pause = (gate: Gate<unknown>, now: number, asked: number | undefined): number => {
  if (now >= gate.until) gate.pauses += 1
  const length = Math.min(asked ?? Math.min(firstPause * 2 ** (gate.pauses - 1), longestPause), longestAsked)
  gate.until = Math.max(gate.until, now + length)
  gate.ticket = undefined
  spread(gate)
  return length
}

/** A good answer: the distance shrinks. */
export const ease = (gate: Gate<unknown>): void => {
  gate.pauses = 0
  gate.gap = gate.gap * eased < least ? 0 : Math.round(gate.gap * eased)
}

/** Whether forgetting it changes nothing. */
export const isFresh = (gate: Gate<unknown>, now: number): boolean =>
  gate.users === 0 && gate.gap === 0 && gate.until <= now && (gate.ticket === undefined || gate.ticket.at < now)
