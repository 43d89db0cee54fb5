/** The life of a job as a picture: states as segments, polls as ticks. Pure: events in any order give the same timeline. */
import { isTerminal, type JobState } from "@reelay/core/JobState"

export type Tag = JobState["_tag"]

/** A state, and when it was first seen here. */
export interface Seen {
  readonly tag: Tag
  readonly at: number
}

/** A poll, as the mock's journal has it. */
export interface Poll {
  /** Its number in the journal. */
  readonly n: number
  readonly at: number
  readonly isFailed: boolean
  /** The state that its answer told of, if it came whole. */
  readonly told?: Tag | undefined
  /** What came of it, for people: `503`, `no answer`. */
  readonly answer: string
  /** What a 429 asked for, in milliseconds. */
  readonly retryAfter?: number | undefined
}

export interface Timeline {
  /** When the job was submitted. */
  readonly from: number
  /** In the order of a job's life, at most one for each state. */
  readonly seen: ReadonlyArray<Seen>
  /** In order. */
  readonly polls: ReadonlyArray<Poll>
}

export type Event = { readonly _tag: "State"; readonly seen: Seen } | { readonly _tag: "Poll"; readonly poll: Poll }

export const begin = (from: number): Timeline => ({ from, seen: [{ tag: "Submitted", at: from }], polls: [] })

/** The same timeline if nothing is new. */
export const advance = (timeline: Timeline, event: Event): Timeline => {
  switch (event._tag) {
    case "State":
      return withState(timeline, event.seen)
    case "Poll": {
      const { at, told } = event.poll
      // What another page saw, or this one before it was loaded anew.
      return withPoll(told === undefined ? timeline : withState(timeline, { tag: told, at }), event.poll)
    }
  }
}

const ranks: Readonly<Record<Tag, number>> = { Submitted: 0, Queued: 1, Running: 2, Succeeded: 3, Failed: 3, Expired: 3, Cancelled: 3 }

const withState = (timeline: Timeline, { at, tag }: Seen): Timeline => {
  // A page that was loaded anew sees states again that it saw before: the first time counts, and one end.
  if (timeline.seen.some((seen) => ranks[seen.tag] === ranks[tag])) return timeline
  const before = timeline.seen.filter((seen) => ranks[seen.tag] < ranks[tag])
  const after = timeline.seen.filter((seen) => ranks[seen.tag] > ranks[tag])
  const earliest = Math.max(timeline.from, ...before.map((seen) => seen.at))
  const latest = Math.min(Number.POSITIVE_INFINITY, ...after.map((seen) => seen.at))
  return { ...timeline, seen: [...before, { tag, at: Math.min(Math.max(at, earliest), latest) }, ...after] }
}

const withPoll = (timeline: Timeline, poll: Poll): Timeline =>
  timeline.polls.some(({ n }) => n === poll.n)
    ? timeline
    : { ...timeline, polls: [...timeline.polls, poll].toSorted((one, other) => one.at - other.at || one.n - other.n) }

/** The end, if it was seen. */
export const endOf = ({ seen }: Timeline): Seen | undefined => {
  const last = seen.at(-1)
  return last !== undefined && ranks[last.tag] === 3 ? last : undefined
}

export interface Segment {
  readonly tag: Tag
  /** Fractions of the track. */
  readonly start: number
  readonly length: number
  readonly millis: number
}

export interface Tick extends Poll {
  readonly start: number
  /** How far the wait that was asked for reaches; 0 without one. */
  readonly wait: number
}

export interface Picture {
  readonly segments: ReadonlyArray<Segment>
  readonly ticks: ReadonlyArray<Tick>
  /** Where the track is now; 1 is its right edge. */
  readonly head: number
  readonly elapsed: number
  /** Milliseconds that the track stands for. */
  readonly scale: number
  readonly marks: ReadonlyArray<{ readonly start: number; readonly millis: number }>
}

/** Lengths of a track: it grows in steps that a person reads at a glance. */
const scales = [5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600].map((seconds) => seconds * 1000)

const scaleOf = (elapsed: number): number => scales.find((each) => each >= elapsed) ?? Math.ceil(elapsed / 3_600_000) * 3_600_000

/** A timeline as fractions of a track, as of now. */
export const picture = (timeline: Timeline, now: number): Picture => {
  const { from, polls, seen } = timeline
  const until = Math.max(from, endOf(timeline)?.at ?? now)
  const elapsed = until - from
  const scale = scaleOf(elapsed)
  const part = (at: number): number => Math.min(1, Math.max(0, (at - from) / scale))
  return {
    elapsed,
    scale,
    head: part(until),
    segments: seen.flatMap(({ at, tag }, index) => {
      if (ranks[tag] === 3) return []
      const to = Math.max(at, Math.min(until, seen[index + 1]?.at ?? until))
      return [{ tag, start: part(at), length: part(to) - part(at), millis: to - at }]
    }),
    ticks: polls.map((poll) => Object.assign({ start: part(poll.at), wait: part(poll.at + (poll.retryAfter ?? 0)) - part(poll.at) }, poll)),
    marks: [0, 1, 2, 3, 4].map((quarter) => ({ start: quarter / 4, millis: (scale * quarter) / 4 }))
  }
}

export const isOver = (state: JobState | undefined): boolean => state !== undefined && isTerminal(state)
