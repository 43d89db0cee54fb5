/** The line of one account's jobs: first come, first served. Only the first of the line waits for anything but its predecessors. */
import * as Latch from "effect/Latch"

/** A right to send, drawn from the shared stores. */
export interface Ticket {
  /** When it may be used, on the monotonic clock. */
  readonly at: number
  /** What effect's limiter wants to hear again with the answer. */
  readonly epoch: number
}

/** Times are milliseconds on the monotonic clock. */
export interface Gate<Waiting = Latch.Latch> {
  readonly line: Set<Waiting>
  /** Jobs that wait or send: a gate without any may be forgotten. */
  users: number
  /** Nobody sends before. */
  until: number
  /** Pauses in a row since the last answer that was no 429. */
  pauses: number
  /** The least distance between two requests: none, until something went wrong. */
  gap: number
  /** When the last request was begun. */
  sent: number
  /** Drawn by one who left before its time came: it is the next one's. */
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

/** The distance between requests after trouble: long enough to hear the answer to the first before the second is sent. */
const firstGap = 1000
/** Each good answer takes a tenth off: full speed is back after some ten seconds, unless trouble comes first. */
const eased = 0.9
const least = 10

/** The pause after a 429 that names none: doubled while 429 follows 429. new-api's limiter by address names none. */
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

/** Gives a place up, from wherever in the line; who is first then may go. Doing it twice does no harm. */
export const leave = ({ line }: Gate, place: Latch.Latch): void => {
  line.delete(place)
  for (const first of line) {
    first.openUnsafe()
    return
  }
}

/** Many wait, and one must not become many at once. */
export const spread = (gate: Gate<unknown>): void => {
  gate.gap = firstGap
}

/** A 429: the pause that follows, in milliseconds. A burst of them is one pause, and the longest that was asked for. */
export const pause = (gate: Gate<unknown>, now: number, asked: number | undefined): number => {
  if (now >= gate.until) gate.pauses += 1
  const length = Math.min(asked ?? Math.min(firstPause * 2 ** (gate.pauses - 1), longestPause), longestAsked)
  gate.until = Math.max(gate.until, now + length)
  gate.ticket = undefined
  spread(gate)
  return length
}

/** An answer that is no 429. */
export const ease = (gate: Gate<unknown>): void => {
  gate.pauses = 0
  gate.gap = gate.gap * eased < least ? 0 : Math.round(gate.gap * eased)
}

/** Whether it can be forgotten without anybody noticing. */
export const isFresh = (gate: Gate<unknown>, now: number): boolean =>
  gate.users === 0 && gate.gap === 0 && gate.until <= now && (gate.ticket === undefined || gate.ticket.at < now)
