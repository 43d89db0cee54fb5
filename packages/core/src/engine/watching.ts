/**
 * One job, watched: the shell around `Poller`. While it has listeners it polls; while it waits it is one record, its listeners and one entry of the
 * due queue. What breaks in one job ends that one with its cause, and affects no other.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as LogLevel from "effect/LogLevel"
import * as Random from "effect/Random"
import { MinimumLogLevel } from "effect/References"
import * as Schedule from "effect/Schedule"
import { type Due, type DueQueue } from "../base/dueQueue.ts"
import { excerpt } from "../base/Text.ts"
import { JobError, type Reason } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import { isTerminal, type JobState, type Terminal } from "../job/JobState.ts"
import type { Durations } from "../durations/Durations.ts"
import type { Answer, Cancelled, Observation, Reading } from "../job/Reading.ts"
import type { JobEntry } from "../journal/jobEntry.ts"
import { type Memory, own, owns } from "../journal/memory.ts"
import type { Admission, Limits, NotAdmitted } from "../limits/admission.ts"
import type { Pace } from "../poll/Pace.ts"
import * as Poller from "../poll/Poller.ts"
import { reasonOfFailure } from "../poll/reason.ts"
import { type Begun, waitOf } from "../poll/schedule.ts"
import type { Account } from "../provider/account.ts"
import type { Call, Provider } from "../provider/Provider.ts"
import * as Meter from "../telemetry/meter.ts"
import * as Trace from "../telemetry/trace.ts"
import { outgoing } from "../transport/outgoing.ts"
import type { NoAnswer, Outgoing, Transport } from "../transport/Transport.ts"
import { Exchange, type Owner } from "./exchange.ts"
import { learnFrom } from "./learning.ts"
import * as Nudges from "./nudges.ts"
import { answeredBy, lostBy, tooLate } from "./outcome.ts"

/**
 * Gets the states of a job. `ended` follows the terminal state. `lost` means that the job's outcome can't be known or, with a defect, that something
 * broke. One of those two is called once, and nothing after it. What a listener throws is logged.
 *
 * @category models
 * @since 0.1.0
 */
export interface Listener {
  readonly state: (state: JobState) => void
  readonly ended: () => void
  readonly lost: (cause: Cause.Cause<JobError>) => void
}

/** How jobs are watched: what those of one provider with the same options share. */
export interface Watching {
  readonly provider: Provider<never>
  readonly limits: Limits
  readonly transport: Transport
  readonly admission: Admission
  readonly terms: Poller.Terms
  readonly pace: Pace
  readonly retry: Poller.Retry | Schedule.Schedule<unknown, JobError>
  readonly raw: boolean
  readonly durations: Durations | undefined
  readonly queue: DueQueue
  readonly memory: Memory
  readonly account: Account
  /** The account as one text, for the jobs that it is known to own. */
  readonly whose: string
}

/** One watch session: from the first listener until the end, until the last has left, or until sight of the job is lost. */
interface Session {
  /** The first listener's: where the session is logged, counted and traced. */
  readonly context: Context.Context<never>
  readonly isLogged: boolean
  readonly span: Trace.OpenSpan | undefined
  /** The span of the poll that is under way. */
  poll?: Trace.OpenSpan | undefined
}

/** The steps of a schedule that a caller gave. */
interface Steps {
  pace?: Begun<Parameters<Poller.PureTerms["pace"]>[0]> | undefined
  retry?: Begun<JobError> | undefined
}

export class Watch implements Due, Owner {
  dueAt = 0
  place = -1
  turn = 0
  readonly watching: Watching
  private readonly entry: JobEntry | undefined
  private poller: Poller.Poller
  private steps: Steps | undefined
  /** One, as most have: a Set for each job costs more than all else that it keeps. */
  private listeners: Listener | Set<Listener> | undefined
  /** Whether the first poll is still to be planned. */
  private isFresh: boolean
  private readonly isEager: boolean
  private session: Session | undefined
  /** What the session is doing: a poll, a step of a schedule, a lease. */
  private busy: { readonly stop: () => void } | undefined
  /** The journal is being written. */
  private settling: Fiber.Fiber<void> | undefined

  constructor(watching: Watching, poller: Poller.Poller, entry: JobEntry | undefined, isEager: boolean) {
    this.watching = watching
    this.poller = poller
    this.entry = entry
    this.isEager = isEager
    this.isFresh = true
  }

  get ref(): JobRef {
    return this.poller.state.ref
  }

  current(): JobState {
    return this.poller.state
  }

  isWatched(): boolean {
    return this.listeners !== undefined
  }

  /** Reports the current state at once, and each that follows. */
  join(listener: Listener, context: Context.Context<never>): void {
    const { state } = this.poller
    this.added(listener)
    this.tell(listener, () => listener.state(state), context)
    // It may have left, or failed, in that very step.
    if (!this.has(listener)) return
    if (isTerminal(state)) {
      if (this.settling === undefined) this.tell(listener, () => listener.ended(), context)
    } else if (this.session === undefined) this.open(context)
  }

  /** The last to leave stops the polling. Returns what is to be waited for then, if anything: the journal. */
  leave(listener: Listener): Effect.Effect<void> | undefined {
    this.removed(listener)
    if (this.listeners !== undefined) return undefined
    const { entry, settling } = this
    if (this.session !== undefined) this.stop(Exit.void)
    if (settling !== undefined)
      return Effect.andThen(
        Fiber.await(settling),
        Effect.suspend(() => this.left())
      )
    return entry === undefined ? undefined : this.left()
  }

  /** Applies a confirmed cancellation. */
  observe(seen: Cancelled): Effect.Effect<JobState> {
    return Effect.suspend(() => {
      const { clock } = this.watching.queue
      const observation: Observation = { ...seen, at: clock.currentTimeMillisUnsafe(), poll: this.poller.polls }
      const before = this.poller.state._tag
      const { poller, state } = Poller.observed(this.poller, observation)
      this.poller = poller
      if (state === undefined) return Effect.succeed(poller.state)
      return Effect.flatMap(Effect.context(), (context) => {
        this.changed(before, state, this.session?.context ?? context)
        if (isTerminal(state)) this.finish(state, this.session?.context ?? context)
        const { settling } = this
        return Effect.as(settling === undefined ? Effect.void : Fiber.await(settling), poller.state)
      })
    })
  }

  /** The queue's: the next poll is due. */
  fire(): void {
    this.guarded(() => (this.poller.waiting === null ? this.ask() : this.lose(Poller.givenUp(this.poller))))
  }

  /** The page's: it is worth asking now, if that is allowed. */
  nudge(): void {
    const { queue } = this.watching
    // What is under way, or only waits for its deadline, stays as it is.
    if (this.place < 0 || this.poller.waiting !== null) return
    this.poller = Poller.nudged(this.poller, queue.now())
    queue.add(this, Poller.due(this.poller))
  }

  // A watch session

  private open(context: Context.Context<never>): void {
    const { name } = this.watching.provider.definition
    this.session = sessionOf(
      context,
      quietly(() => Trace.watchSession(context, this.ref))
    )
    Meter.watched(context, name, this.poller.state._tag, 1)
    Nudges.watch(this)
    this.guarded(() => {
      this.poller = Poller.resumed(this.poller, this.watching.queue.now())
      const { entry } = this
      if (entry === undefined) this.begin()
      else this.slowly(entry.begun, () => this.begin())
    })
  }

  private begin(): void {
    if (!this.isFresh) return this.sleep()
    const { queue, terms } = this.watching
    this.paced(Poller.lastPoll(this.poller, queue.now()), (wait) => {
      this.isFresh = false
      this.poller = Poller.first(this.poller, wait, terms, this.isEager)
      this.sleep()
    })
  }

  private sleep(): void {
    this.busy = undefined
    this.watching.queue.add(this, Poller.due(this.poller))
  }

  /** Ends the session, whatever the outcome; the next listener opens another. */
  private stop(exit: Exit.Exit<unknown, unknown>): void {
    const { busy, session } = this
    if (session === undefined) return
    this.session = undefined
    this.busy = undefined
    this.watching.queue.remove(this)
    Nudges.leave(this)
    busy?.stop()
    const { name } = this.watching.provider.definition
    const { polls, state } = this.poller
    if (!isTerminal(state)) Meter.watched(session.context, name, state._tag, -1)
    const { poll, span } = session
    quietly(() => poll?.end(exit))
    quietly(() => {
      span?.span.attribute("reelay.job.state", state._tag)
      span?.span.attribute("reelay.polls", polls)
      span?.end(exit)
    })
  }

  private left(): Effect.Effect<void> {
    return this.listeners === undefined ? (this.entry?.left ?? Effect.void) : Effect.void
  }

  // One poll

  private ask(): void {
    const { provider, queue } = this.watching
    const { session } = this
    if (session === undefined) return
    const { context, span } = session
    if (span !== undefined) session.poll = quietly(() => Trace.poll(context, provider, this.ref, span))
    const exchange = new Exchange(this, this.watching, context)
    this.busy = exchange
    exchange.start(this.poller.deadlineAt - queue.now())
  }

  /** The exchange's: the request begins. */
  began(): { readonly call: Call; readonly request: Outgoing; readonly within: number } {
    const { provider, queue, terms } = this.watching
    const { poller, within } = Poller.began(this.poller, queue.now(), terms)
    this.poller = poller
    if (this.session !== undefined) Meter.polled(this.session.context, provider.definition.name)
    const call = provider.definition.poll(this.ref)
    return { call, request: outgoing(provider, call), within }
  }

  /** The exchange's: it was not admitted before the deadline. */
  refused(because: NotAdmitted): void {
    this.guarded(() => this.lose(tooLate(this.poller, because)))
  }

  /** The exchange's: what the outcome says. */
  read(call: Call, outcome: Answer | NoAnswer): ReturnType<typeof answeredBy> {
    const { provider, queue, raw } = this.watching
    return answeredBy(provider, this.ref, call, outcome, { now: queue.now(), at: queue.clock.currentTimeMillisUnsafe(), raw })
  }

  /** The exchange's: the outcome, after the limits. */
  heard(outcome: Answer | NoAnswer, asked: Poller.Answered): void {
    const { memory, provider, terms, whose } = this.watching
    const { session } = this
    this.busy = undefined
    if (session === undefined) return
    const { at } = asked
    const answer = "_tag" in outcome ? undefined : outcome
    const before = this.poller.owned || !owns(memory, whose, this.ref) ? this.poller : { ...this.poller, owned: true }
    const reading = Poller.readAs(asked.reading, before.owned)
    this.recorded(session, reading, answer)
    const answered = { ...asked, reading }
    const { next, poller, state } = Poller.heard(before, answered, terms)
    this.poller = poller
    if (poller.owned && !before.owned) own(memory, whose, this.ref)
    if (state !== undefined) this.changed(before.state._tag, state, session.context)
    switch (next._tag) {
      case "Ended": {
        learnFrom(this.watching.durations, before, state, this.isEager)
        Meter.lagged(session.context, provider.definition.name, next.lagMs, { ...reading, at, poll: poller.polls })
        return isTerminal(poller.state) ? this.finish(poller.state, session.context) : undefined
      }
      case "Lost":
        return this.lose({ poller, next })
      case "Plan":
        return this.paced(next.last, (wait) => this.retried(reading, wait, (retry) => this.plan({ ...answered, wait, retry })))
    }
  }

  /** Records a poll of a session: in its span, in the metrics, and as a log line if that is wanted. */
  private recorded(session: Session, reading: Reading, answer: Answer | undefined): void {
    const { name } = this.watching.provider.definition
    const { polls } = this.poller
    const status = answer === undefined ? "" : `HTTP ${answer.status}, `
    if (session.isLogged) this.log(session, `Poll ${polls} of ${name} job ${this.ref.id}: ${status}${inWords(reading)}`)
    const because = reading._tag === "Missed" ? reading.because : reading._tag === "NotFound" ? "not-found" : undefined
    if (because !== undefined) Meter.failedPoll(session.context, name, because)
    const { poll } = session
    if (poll === undefined) return
    session.poll = undefined
    quietly(() => {
      poll.span.attribute("reelay.attempt", polls)
      poll.span.attribute("reelay.reading", reading._tag)
      if (answer !== undefined) poll.span.attribute("http.response.status_code", answer.status)
      if (because !== undefined) poll.span.attribute("error.type", because)
      poll.end(Exit.void)
    })
  }

  private plan(given: Parameters<typeof Poller.planned>[1]): void {
    const { provider, terms } = this.watching
    const { next, poller } = Poller.planned(this.poller, given, terms)
    this.poller = poller
    const { session } = this
    if (session?.isLogged === true && next._tag !== "Lost") {
      const what = next._tag === "Poll" ? "Polling" : "Giving up on"
      this.log(session, `${what} ${provider.definition.name} job ${this.ref.id} in ${Math.round(next.at - given.now) / 1000} s`)
    }
    if (next._tag === "Lost") this.lose({ poller, next })
    else this.sleep()
  }

  /** Asks the pace: at once if it is a function, else by a step of its schedule. */
  private paced(last: Parameters<Poller.PureTerms["pace"]>[0], then: (wait: number) => void): void {
    const { pace } = this.watching
    if (typeof pace === "function") return then(pace(last))
    const steps = (this.steps ??= {})
    this.stepped(steps.pace, pace.schedule, last, (begun) => void (steps.pace = begun), then)
  }

  /** Asks how long to wait after a failed poll. */
  private retried(reading: Reading, wait: number, then: (retry: number) => void): void {
    const { retry, terms } = this.watching
    const { failures } = this.poller
    if (reading._tag !== "Missed") {
      if (failures === 0 && this.steps !== undefined) this.steps.retry = undefined
      return then(0)
    }
    if (typeof retry === "function") {
      const random = this.session === undefined ? 0 : Context.get(this.session.context, Random.Random).nextDoubleUnsafe()
      const paced = Number.isFinite(wait) ? wait : terms.minInterval
      return then(retry({ failures, paced, random }))
    }
    const steps = (this.steps ??= {})
    const error = this.errorOf(reasonOfFailure(reading))
    this.stepped(steps.retry, retry, error, (begun) => void (steps.retry = begun), then)
  }

  /** One step of a schedule that a caller gave; its first begins it. */
  private stepped<Input>(
    known: Begun<Input> | undefined,
    schedule: Schedule.Schedule<unknown, Input>,
    input: Input,
    keep: (begun: Begun<Input>) => void,
    then: (wait: number) => void
  ): void {
    const { queue } = this.watching
    const step: Effect.Effect<Begun<Input>> = known === undefined ? Schedule.toStep(schedule) : Effect.succeed(known)
    this.slowly(
      Effect.flatMap(step, (begun) => {
        keep(begun)
        return waitOf(begun, queue.now() - queue.offset, input)
      }),
      then
    )
  }

  // The end

  private changed(before: JobState["_tag"], state: JobState, context: Context.Context<never>): void {
    const { name } = this.watching.provider.definition
    if (before !== state._tag) Meter.came(context, name, state._tag)
    if (this.session !== undefined && before !== state._tag) {
      Meter.watched(this.session.context, name, before, -1)
      if (!isTerminal(state)) Meter.watched(this.session.context, name, state._tag, 1)
    }
    for (const listener of this.all()) this.tell(listener, () => listener.state(state))
  }

  /** Listeners learn of the end once the journal has. */
  private finish(state: Terminal, context: Context.Context<never>): void {
    const { entry } = this
    this.stop(Exit.void)
    const told = (): void => {
      for (const listener of this.all()) this.tell(listener, () => listener.ended())
    }
    if (entry === undefined) return told()
    const written = Effect.runForkWith(context)(Effect.uninterruptible(Effect.ignoreCause(entry.ended(state))))
    this.settling = written
    written.addObserver(() => {
      this.settling = undefined
      told()
    })
  }

  /** Sight of the job is lost: all listeners get the reason, and the next one opens another session. */
  private lose({ next, poller }: { readonly poller: Poller.Poller; readonly next: { readonly because: Poller.Lost } }): void {
    this.poller = poller
    if (next.because._tag !== "Deadline" && this.steps !== undefined) this.steps.retry = undefined
    this.ended(Cause.fail(lostBy(this.watching.provider, poller, next.because)))
  }

  /** Something of this job broke. */
  broke(cause: Cause.Cause<never>): void {
    this.ended(cause)
  }

  private ended(cause: Cause.Cause<JobError>): void {
    const { entry, session } = this
    this.stop(Exit.failCause(cause))
    const told = (): void => {
      // A listener that fails may listen again at once, and that is a new listener.
      const all = this.all()
      this.listeners = undefined
      for (const listener of all) this.tell(listener, () => listener.lost(cause))
    }
    if (entry === undefined || session === undefined) return told()
    Effect.runForkWith(session.context)(Effect.ignoreCause(entry.left)).addObserver(told)
  }

  private errorOf(reason: Reason): JobError {
    const { name } = this.watching.provider.definition
    return new JobError({ reason, provider: name, operation: "poll", attempt: this.poller.polls, ref: this.ref })
  }

  // Listeners

  /** A copy: a listener that is called may leave, or join again. */
  private all(): ReadonlyArray<Listener> {
    const { listeners } = this
    if (listeners === undefined) return []
    return listeners instanceof Set ? Array.from(listeners) : [listeners]
  }

  private has(listener: Listener): boolean {
    const { listeners } = this
    return listeners === listener || (listeners instanceof Set && listeners.has(listener))
  }

  private added(listener: Listener): void {
    const { listeners } = this
    if (listeners === undefined) this.listeners = listener
    else if (listeners instanceof Set) listeners.add(listener)
    else this.listeners = new Set([listeners, listener])
  }

  private removed(listener: Listener): void {
    const { listeners } = this
    if (listeners === listener) this.listeners = undefined
    if (!(listeners instanceof Set)) return
    listeners.delete(listener)
    if (listeners.size === 0) this.listeners = undefined
  }

  // What may break

  /** Runs a step of this job: what it throws ends this job, with its own cause. */
  private guarded(step: () => void): void {
    try {
      step()
    } catch (defect) {
      this.broke(Cause.die(defect))
    }
  }

  /** What a listener throws affects nothing else. */
  private tell(listener: Listener, call: () => void, context = this.session?.context ?? Context.empty()): void {
    try {
      call()
    } catch (defect) {
      Effect.runForkWith(context)(Effect.logError(`A listener of job ${this.ref.id} failed`, defect))
      const rest = this.leave(listener)
      if (rest !== undefined) Effect.runForkWith(context)(rest)
    }
  }

  /** A step that is an effect has its own fiber; there is none while the job waits. */
  private slowly<A>(step: Effect.Effect<A>, then: (value: A) => void): void {
    const { session } = this
    if (session === undefined) return
    const fiber = Effect.runForkWith(session.context)(step)
    const over = (exit: Exit.Exit<A>): void => {
      if (Exit.isSuccess(exit)) this.guarded(() => then(exit.value))
      else this.broke(exit.cause)
    }
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return over(exit)
    let isLeft = false
    this.busy = {
      stop: () => {
        isLeft = true
        fiber.interruptUnsafe()
      }
    }
    fiber.addObserver((late) => {
      if (isLeft) return
      this.busy = undefined
      over(late)
    })
  }

  private log(session: Session, line: string): void {
    quietly(() => Effect.runSyncWith(session.context)(Effect.logDebug(line)))
  }
}

/** Sessions that are in no trace are alike, and have no spans to keep apart. */
const untraced = new WeakMap<Context.Context<never>, Session>()

const sessionOf = (context: Context.Context<never>, span: Trace.OpenSpan | undefined): Session => {
  const known = span === undefined ? untraced.get(context) : undefined
  if (known !== undefined) return known
  const isLogged = !LogLevel.isGreaterThan(Context.get(context, MinimumLogLevel), "Debug")
  const fresh: Session = { context, isLogged, span }
  if (span === undefined) untraced.set(context, fresh)
  return fresh
}

/** Telemetry must not end a job. */
const quietly = <A>(show: () => A): A | undefined => {
  try {
    return show()
  } catch {
    return undefined
  }
}

/** A reading in a few words. Text from outside is an excerpt, and what may be signed is left out. */
const inWords = (reading: Reading): string => {
  switch (reading._tag) {
    case "Queued":
    case "Succeeded":
    case "Expired":
    case "Cancelled":
      return reading._tag
    case "Running":
      return reading.progress === undefined ? "Running" : `Running, ${Math.round(reading.progress * 100)} %`
    case "Failed":
      return `Failed: ${excerpt(reading.failure.message)}`
    case "Unrecognised":
      return `an unknown status, "${excerpt(reading.word)}"`
    case "Missed":
    case "NotFound":
      return `${reading._tag}: ${excerpt(reading.detail)}`
    case "Refused":
      return `Refused: ${excerpt(reading.message)}`
  }
}
