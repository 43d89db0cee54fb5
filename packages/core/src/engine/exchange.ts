/**
 * One poll: it asks for admission, waits in line, is in flight, and gets its outcome. One object for all of that, since there is one for each poll.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import type { Due, DueQueue } from "../base/dueQueue.ts"
import type { Answer } from "../job/Reading.ts"
import type { Admission, Asker, NotAdmitted, Ticket } from "../limits/admission.ts"
import type { Answered } from "../poll/Poller.ts"
import type { Meaning } from "../limits/meaning.ts"
import type { Account } from "../provider/account.ts"
import type { Call } from "../provider/Provider.ts"
import { withinOrigin } from "../provider/redirect.ts"
import { type Line, lineOf, type Waiter } from "../transport/line.ts"
import { seenFrom } from "../transport/outgoing.ts"
import type { NoAnswer, Outgoing, Transport } from "../transport/Transport.ts"

/** What a poll goes through. */
export interface Route {
  readonly account: Account
  readonly admission: Admission
  readonly transport: Transport
  readonly queue: DueQueue
}

/** Whose poll it is. What this throws is its own. */
export interface Owner {
  /** The request begins now: it counts, and may take `within` milliseconds. */
  readonly began: () => { readonly call: Call; readonly request: Outgoing; readonly within: number }
  readonly read: (call: Call, outcome: Answer | NoAnswer) => Answered & { readonly meaning: Meaning }
  readonly heard: (outcome: Answer | NoAnswer, answered: Answered) => void
  /** It was not admitted in time. */
  readonly refused: (because: NotAdmitted) => void
  readonly broke: (cause: Cause.Cause<never>) => void
}

export class Exchange implements Asker, Waiter, Due {
  // When it has taken too long.
  dueAt = 0
  place = -1
  turn = 0
  private readonly owner: Owner
  private readonly route: Route
  private readonly context: Context.Context<never>
  private ticket: Ticket | undefined
  private line: Line | undefined
  /** Gives up the wait for admission, or the request. */
  private abort: (() => void) | undefined
  private begun: ReturnType<Owner["began"]> | undefined
  private isOver = false

  constructor(owner: Owner, route: Route, context: Context.Context<never>) {
    this.owner = owner
    this.route = route
    this.context = context
  }

  /** `patience`: the longest wait for admission, in milliseconds. */
  start(patience: number): void {
    const { account, admission } = this.route
    const leave = admission.ask(account, patience, this.context, this)
    if (this.ticket === undefined) this.abort = leave
  }

  /** Aborts it at any stage. A second call does no harm. */
  stop(): void {
    if (this.isOver) return
    this.isOver = true
    this.route.queue.remove(this)
    this.abort?.()
    this.line?.cut(this)
    this.ticket?.dropped()
  }

  admitted(ticket: Ticket): void {
    this.ticket = ticket
    this.abort = undefined
    const { account, transport } = this.route
    this.line = lineOf(transport, account.origin)
    this.line.enter(this)
  }

  refused(because: NotAdmitted): void {
    this.isOver = true
    this.owner.refused(because)
  }

  broken(cause: Cause.Cause<never>): void {
    this.isOver = true
    this.owner.broke(cause)
  }

  /** There is a place in the line. */
  go(): void {
    if (this.isOver) return
    try {
      const { queue } = this.route
      const begun = this.owner.began()
      this.begun = begun
      queue.add(this, queue.now() + begun.within)
      this.send(begun.request)
    } catch (defect) {
      this.stop()
      this.owner.broke(Cause.die(defect))
    }
  }

  /** It has taken too long. */
  fire(): void {
    this.abort?.()
    const within = this.begun?.within ?? 0
    this.over({ _tag: "NoAnswer", because: "timeout", detail: `no answer within ${within / 1000} s` })
  }

  private send(request: Outgoing, isFollowing = false): void {
    const abort = this.route.transport.send(
      request,
      (outcome) => {
        if (this.isOver) return
        if (outcome._tag === "NoAnswer") return this.over(outcome)
        const { body, headers, status } = isFollowing ? seenFrom(outcome, request.url) : outcome
        const answer: Answer = { operation: "poll", status, headers, body }
        // A redirect within the API's own origin is followed once.
        const target = isFollowing || request.method !== "GET" ? undefined : withinOrigin(answer, request.url)
        if (target === undefined) return this.over(answer)
        try {
          this.send({ ...request, url: target }, true)
        } catch (defect) {
          this.stop()
          this.owner.broke(Cause.die(defect))
        }
      },
      this.context
    )
    if (!this.isOver) this.abort = abort
  }

  private over(outcome: Answer | NoAnswer): void {
    const { begun, line, ticket } = this
    if (this.isOver || begun === undefined) return
    this.isOver = true
    this.route.queue.remove(this)
    line?.leave(this)
    try {
      const answered = this.owner.read(begun.call, outcome)
      // The limits get the outcome first, whatever becomes of the job.
      this.ticket = undefined
      ticket?.heard(outcome, answered.meaning)
      this.owner.heard(outcome, answered)
    } catch (defect) {
      this.ticket?.dropped()
      this.owner.broke(Cause.die(defect))
    }
  }
}
