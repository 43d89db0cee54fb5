/**
 * What is due when: one queue for each clock, with one sleeper that wakes for the earliest entry. It serves every job, timeout and line on that
 * clock, so that nothing that waits owns a fiber or a timer.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { monotonicOf } from "./monotonic.ts"

/** Something that is due. It is in one queue at most, and once. */
export interface Due {
  /** On the queue's time line. */
  dueAt: number
  /** Its index in the heap; below 0: not in it. Used by the queue only. */
  place: number
  /** When it was added: of entries that are due at the same time, the first fires first. Used by the queue only. */
  turn: number
  /** Whether its time is to be met to the millisecond. Default: false, it may share a wake with others, some milliseconds later. */
  readonly isExact?: boolean
  /** Called at its time, and not before. Must not throw. */
  readonly fire: () => void
}

/** A timer may wake a hair too early: what is due within half a millisecond is due. */
const hair = 0.5

/** From one wake to the next at the least, in milliseconds, on a real clock: a wake costs more than what it wakes for. */
const grain = 5

const nowhere = -1
/** Taken out of the heap to be fired, and not yet fired. */
const taken = -2

export class DueQueue {
  readonly clock: Clock.Clock
  /** From the monotonic clock to a time line that looks like the epoch, and never steps. */
  readonly offset: number
  private readonly heap: Array<Due> = []
  private readonly services: Context.Context<never>
  private sleeper: Fiber.Fiber<void> | undefined
  /** When the sleeper wakes. */
  private wakesAt = Number.POSITIVE_INFINITY
  private isDraining = false
  private turns = 0
  /** Nobody but a test moves another clock, and a test may want its milliseconds. */
  private readonly isReal: boolean
  private drainedAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock.Clock) {
    this.clock = clock
    this.offset = clock.currentTimeMillisUnsafe() - monotonicOf(clock)
    this.services = Context.make(Clock.Clock, clock)
    this.isReal = clock === Context.get(Context.empty(), Clock.Clock)
  }

  now(): number {
    return monotonicOf(this.clock) + this.offset
  }

  /** Adds something, or moves it to another time. */
  add(due: Due, at: number): void {
    if (due.place >= 0) this.removed(due)
    due.dueAt = at
    due.turn = this.turns++
    due.place = this.heap.length
    this.heap.push(due)
    this.up(due)
    this.arm()
  }

  remove(due: Due): void {
    this.removed(due)
    // An unneeded sleeper would keep the process alive.
    if (this.heap.length === 0 && !this.isDraining) this.rest()
  }

  private removed(due: Due): void {
    const { place } = due
    due.place = nowhere
    if (place < 0) return
    const last = this.heap.pop()
    if (last !== undefined && last !== due) {
      last.place = place
      this.heap[place] = last
      this.up(last)
      this.down(last)
    }
  }

  /** Sleeps until the earliest entry is due. Does nothing while the queue is drained: `drain` calls it once, at the end. */
  private arm(): void {
    if (this.isDraining) return
    const [head] = this.heap
    if (head === undefined) return this.rest()
    if (this.sleeper !== undefined && this.wakesAt <= head.dueAt) return
    this.sleeper?.interruptUnsafe()
    this.wakesAt = head.dueAt
    const now = this.now()
    const shared = this.isReal && head.isExact !== true ? this.drainedAt + grain - now : 0
    const wait = Math.max(head.dueAt - now, shared)
    // What is due already comes a step later all the same, as a fiber that is forked does: whoever adds is in the midst of something.
    const sleep = wait > 0 ? this.clock.sleep(Duration.millis(Math.max(1, Math.ceil(wait - hair)))) : Effect.yieldNow
    const sleeper: Fiber.Fiber<void> = Effect.runForkWith(this.services)(
      Effect.andThen(
        sleep,
        Effect.sync(() => {
          if (this.sleeper !== sleeper) return
          this.sleeper = undefined
          this.drain()
        })
      )
    )
    this.sleeper = sleeper
  }

  private rest(): void {
    const { sleeper } = this
    this.sleeper = undefined
    this.wakesAt = Number.POSITIVE_INFINITY
    sleeper?.interruptUnsafe()
  }

  /** Fires what is due. What is added meanwhile waits for the next drain, even if it is due: no broken entry can keep this from ending. */
  private drain(): void {
    this.isDraining = true
    this.drainedAt = this.now()
    const now = this.drainedAt + hair
    const all: Array<Due> = []
    for (let [head] = this.heap; head !== undefined && head.dueAt <= now; [head] = this.heap) {
      this.removed(head)
      head.place = taken
      all.push(head)
    }
    for (const due of all) {
      // Another entry may have removed it, or moved it to another time.
      if (due.place !== taken) continue
      due.place = nowhere
      due.fire()
    }
    this.isDraining = false
    this.wakesAt = Number.POSITIVE_INFINITY
    this.arm()
  }

  private up(due: Due): void {
    const { heap } = this
    let { place } = due
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || isBefore(parent, due)) break
      parent.place = place
      heap[place] = parent
      place = above
    }
    due.place = place
    heap[place] = due
  }

  private down(due: Due): void {
    const { heap } = this
    let { place } = due
    for (;;) {
      const left = heap[2 * place + 1]
      const right = heap[2 * place + 2]
      const child = right !== undefined && left !== undefined && isBefore(right, left) ? right : left
      if (child === undefined || isBefore(due, child)) break
      const below = child.place
      child.place = place
      heap[place] = child
      place = below
    }
    due.place = place
    heap[place] = due
  }
}

const isBefore = (one: Due, other: Due): boolean => one.dueAt < other.dueAt || (one.dueAt === other.dueAt && one.turn < other.turn)

const queues = new WeakMap<Clock.Clock, DueQueue>()

/** The queue of a clock. */
export const dueQueueOf = (clock: Clock.Clock): DueQueue => {
  const known = queues.get(clock)
  if (known !== undefined) return known
  const fresh = new DueQueue(clock)
  queues.set(clock, fresh)
  return fresh
}
