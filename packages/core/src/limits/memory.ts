/**
 * Limits that are kept in this process, with callbacks: neither a request that is admitted at once nor one that waits costs a fiber. The first of a
 * line waits in the due queue; the others wait for their predecessors.
 */
import * as Context from "effect/Context"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { type Due, type DueQueue, dueQueueOf } from "../base/dueQueue.ts"
import type { Answer } from "../job/Reading.ts"
import { type Begun, waitOf } from "../poll/schedule.ts"
import type { Account } from "../provider/account.ts"
import { retryAfter } from "../transport/retryAfter.ts"
import type { NoAnswer } from "../transport/Transport.ts"
import {
  type Admission,
  type Asker,
  demandLimits,
  isHeldBack,
  type Limits,
  notAdmitted,
  type Options,
  spacingOf,
  type Ticket,
  turnBy
} from "./admission.ts"
import * as Gate from "./line.ts"
import { type Meaning, meaningOf } from "./meaning.ts"

/** How soon to check again whether another account's probe has closed the circuit. Milliseconds. */
const probing = 500

/** The least patience, in milliseconds: a request at the deadline itself is still admitted if nothing is in the way. */
const moment = 100

/** Accounts that are kept even if there is nothing to remember of them. */
const kept = 100

/** Of one address, whichever account asks. Times are milliseconds on the due queue's time line. */
interface Circuit {
  /** Requests in a row that failed. */
  failures: number
  /** How often in a row it was opened. */
  opens: number
  /** `undefined`: closed. */
  openUntil: number | undefined
  /** The one request that is let through after that. */
  probe: Ticket | undefined
  step: Begun<number> | undefined
}

export const memory = (options: Options = {}): Limits => {
  demandLimits(options)
  const { failures = 5, open, rate } = options
  const spacing = rate === undefined ? 0 : Duration.toMillis(spacingOf(rate))
  /** For each clock: its times mean nothing to another. */
  const clocks = new WeakMap<DueQueue, { readonly gates: Map<string, Place>; readonly circuits: Map<string, Circuit> }>()

  const ofClock = (queue: DueQueue) => {
    const found = clocks.get(queue)
    if (found !== undefined) return found
    const fresh = { gates: new Map<string, Place>(), circuits: new Map<string, Circuit>() }
    clocks.set(queue, fresh)
    return fresh
  }

  const circuitOf = (queue: DueQueue, origin: string): Circuit => {
    const { circuits } = ofClock(queue)
    const known = circuits.get(origin)
    if (known !== undefined) return known
    const fresh: Circuit = { failures: 0, opens: 0, openUntil: undefined, probe: undefined, step: undefined }
    circuits.set(origin, fresh)
    return fresh
  }

  /** How long a circuit that opens stays open, in milliseconds. */
  const openFor = (circuit: Circuit, context: Context.Context<never>, now: number): number => {
    const isSchedule = Schedule.isSchedule(open)
    if (open !== undefined && !isSchedule) return Duration.toMillis(Duration.fromInputUnsafe(open))
    if (!isSchedule) {
      // Jittered: several processes may share a circuit's fate without sharing its state.
      const spread = 0.8 + 0.4 * Context.get(context, Random.Random).nextDoubleUnsafe()
      return Math.min(60_000, 5000 * 2 ** Math.min(circuit.opens - 1, 20)) * spread
    }
    const stepped = Effect.gen(function* () {
      circuit.step ??= yield* Schedule.toStep(open)
      return yield* waitOf(circuit.step, now, circuit.opens)
    })
    const wait = Effect.runSyncWith(context)(stepped)
    return Number.isFinite(wait) ? wait : 60_000
  }

  /** One account at one address: its line, and what it waits for. */
  class Place implements Due {
    dueAt = 0
    place = -1
    turn = 0
    // A rate of a thousand a second is one each millisecond.
    readonly isExact = true
    readonly gate = Gate.make<Waiter>()
    readonly circuit: Circuit
    readonly account: Account
    readonly queue: DueQueue
    /** When the last request was admitted. */
    slot = Number.NEGATIVE_INFINITY
    private isAdvancing = false

    constructor(account: Account, queue: DueQueue) {
      this.account = account
      this.queue = queue
      this.circuit = circuitOf(queue, account.origin)
    }

    fire(): void {
      this.advance()
    }

    /** Admits the requests that may be sent, first come, first served. */
    advance(): void {
      // A request that is admitted may be answered in the same step, which calls this again.
      if (this.isAdvancing) return
      this.isAdvancing = true
      try {
        for (let [head] = this.gate.line; head !== undefined; [head] = this.gate.line) {
          const wait = this.wait()
          // Whole milliseconds: a wait that is nothing but a rounding error would spin.
          if (wait > 0) return this.queue.add(this, this.queue.now() + Math.max(1, Math.ceil(wait)))
          head.admit()
        }
        this.queue.remove(this)
      } finally {
        this.isAdvancing = false
      }
    }

    /** How much longer the first of the line waits, in milliseconds, and for what. */
    private wait(): number {
      const { circuit, gate, slot } = this
      const now = this.queue.now()
      const closed =
        circuit.openUntil === undefined ? 0 : now < circuit.openUntil ? circuit.openUntil - now : circuit.probe === undefined ? 0 : probing
      if (closed > 0) {
        gate.because = "circuit"
        Gate.spread(gate)
        return closed
      }
      const quiet = Math.max(gate.until, gate.sent + gate.gap) - now
      if (quiet > 0) {
        gate.because = "pause"
        return quiet
      }
      gate.because = "rate"
      return slot + spacing - now
    }

    /** Removes this place if nothing waits, is sent, or must be remembered. */
    forget(): void {
      // A few are kept: an account that polls soon returns.
      const { gates } = ofClock(this.queue)
      if (gates.size <= kept) return
      if (Gate.isFresh(this.gate, this.queue.now()) && this.slot + spacing <= this.queue.now()) gates.delete(keyOf(this.account))
    }
  }

  /** A request that waits. It is due when its patience runs out. */
  class Waiter implements Due {
    dueAt = 0
    place = -1
    turn = 0
    private readonly where: Place
    private readonly asker: Asker
    private readonly context: Context.Context<never>

    constructor(where: Place, asker: Asker, context: Context.Context<never>) {
      this.where = where
      this.asker = asker
      this.context = context
    }

    fire(): void {
      const { account, gate } = this.where
      if (!this.leave()) return
      this.asker.refused(notAdmitted(account.origin, gate.because))
    }

    /** `false`: it was not waiting any more. */
    leave(): boolean {
      const { gate, queue } = this.where
      if (!gate.line.delete(this)) return false
      queue.remove(this)
      gate.users -= 1
      this.where.advance()
      this.where.forget()
      return true
    }

    admit(): void {
      const { circuit, gate, queue } = this.where
      gate.line.delete(this)
      queue.remove(this)
      const now = queue.now()
      gate.sent = now
      this.where.slot = now
      const ticket = new Admitted(this.where, this.context)
      if (circuit.openUntil !== undefined) circuit.probe = ticket
      this.asker.admitted(ticket)
    }
  }

  class Admitted implements Ticket {
    private readonly where: Place
    private readonly context: Context.Context<never>
    private isOver = false

    constructor(where: Place, context: Context.Context<never>) {
      this.where = where
      this.context = context
    }

    heard(outcome: Answer | NoAnswer, meaning?: Meaning): void {
      if ("_tag" in outcome && isHeldBack(outcome)) return this.dropped()
      if (this.isOver) return
      const { gate, queue } = this.where
      const now = queue.now()
      if ("_tag" in outcome) this.failed(undefined)
      else {
        const { headers } = outcome
        const asked = headers["retry-after"] === undefined ? undefined : retryAfter(headers, queue.clock.currentTimeMillisUnsafe())
        switch (meaning ?? meaningOf(outcome)) {
          case "pace":
            Gate.pause(gate, now, asked)
            this.succeeded()
            break
          case "broken":
            this.failed(asked)
            break
          case "fine":
            Gate.ease(gate)
            this.succeeded()
        }
      }
      this.over()
    }

    dropped(): void {
      if (this.isOver) return
      const { circuit } = this.where
      if (circuit.probe === this) circuit.probe = undefined
      this.over()
    }

    private succeeded(): void {
      const { circuit } = this.where
      if (circuit.openUntil === undefined) circuit.failures = 0
      else if (circuit.probe === this)
        Object.assign(circuit, { failures: 0, opens: 0, openUntil: undefined, probe: undefined, step: undefined })
    }

    /** Requests that were in flight when the circuit opened say nothing new. */
    private failed(asked: number | undefined): void {
      const { circuit, queue } = this.where
      if (circuit.openUntil === undefined) circuit.failures += 1
      else if (circuit.probe !== this) return
      if (circuit.openUntil === undefined && circuit.failures < failures) return
      circuit.opens += 1
      circuit.probe = undefined
      const now = queue.now()
      circuit.openUntil = now + (asked ?? openFor(circuit, this.context, now - queue.offset))
    }

    private over(): void {
      this.isOver = true
      this.where.gate.users -= 1
      this.where.advance()
      this.where.forget()
    }
  }

  const admission: Admission = {
    ask: (account, patience, context, asker) => {
      const key = keyOf(account)
      const queue = dueQueueOf(Context.get(context, Clock.Clock))
      const { gates } = ofClock(queue)
      const known = gates.get(key)
      const where = known ?? new Place(account, queue)
      if (known === undefined) gates.set(key, where)
      const waiter = new Waiter(where, asker, context)
      where.gate.users += 1
      where.gate.line.add(waiter)
      where.advance()
      if (where.gate.line.has(waiter)) where.queue.add(waiter, where.queue.now() + Math.max(patience, moment))
      return () => void waiter.leave()
    }
  }
  return { admission, turn: turnBy(admission) }
}

const keyOf = ({ account, origin }: Account): string => `${origin}\n${account}`
