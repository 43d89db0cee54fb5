/** A submission as a value to keep: every caller, however often it asks, gets the same job or the same error. The shell around `Submission.ts`. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Semaphore from "effect/Semaphore"
import * as Tracer from "effect/Tracer"
import { monotonicOf } from "../base/monotonic.ts"
import { type JobError, JournalFailed } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import * as EntryWriter from "../journal/entryWriter.ts"
import type { Journal } from "../journal/Journal.ts"
import { accountKey, askedOf, attemptId, fingerprint } from "../journal/keys.ts"
import { forgetUnknown, type Keyed, keysOf, type Memory, nameOfKey, noteUnknown, own, unsend } from "../journal/memory.ts"
import { refusal } from "../provider/check.ts"
import type { Provider, SubmitCall } from "../provider/Provider.ts"
import * as Meter from "../telemetry/meter.ts"
import * as Trace from "../telemetry/trace.ts"
import type { ApiTransport } from "../transport/Transport.ts"
import { attaching, reattach } from "./attach.ts"
import { anotherRequest, defaultRetry, drive, type Machine, type Terms, unknownError } from "./driver.ts"
import { watched } from "./watched.ts"
import type { Watch } from "./watching.ts"
import { scheduler } from "../base/macrotask.ts"
import type { Times } from "./options.ts"
import type { SubmitOptions } from "./options.ts"
import { type Command, type Event, grace, next, type Phase } from "./Submission.ts"

/** The submissions of one client: what it waits for when it closes, and that it is closed. */
export interface Running {
  readonly fibers: Set<Fiber.Fiber<void>>
  closed: boolean
}

export const running = (): Running => ({ fibers: new Set(), closed: false })

export const InFlight: Context.Reference<Running> = Context.Reference<Running>("@reelay/core/InFlight", { defaultValue: running })

/** This must not happen: a caller would wait for ever. */
const endedByNothing = Cause.die(new Error("a submission ended without an outcome"))

/** How long a journal may take to write a reference before it is passed to the caller anyway. */
const patience = Duration.seconds(2)

type Outcome = Exit.Exit<Watch, JobError>
type Listener = (outcome: Outcome) => void

type Callbacks = Pick<SubmitOptions, "onSubmitted" | "onUnknown">

/** The value. Made by `submission`. */
export class Submission {
  readonly key: string
  readonly digest: string
  readonly phase: () => Phase
  readonly job: Effect.Effect<Watch, JobError>
  /** The attempt that was last written to the journal. */
  readonly attempt: () => string | undefined
  /** Waits until it neither waits nor sends, without asking for the job. */
  readonly settled: Effect.Effect<void>
  /** Another caller with the same value under its key gets the outcome too. */
  readonly join: (listener: Callbacks) => void

  constructor(given: Pick<Submission, "attempt" | "digest" | "job" | "join" | "key" | "phase" | "settled">) {
    this.key = given.key
    this.digest = given.digest
    this.phase = given.phase
    this.job = given.job
    this.attempt = given.attempt
    this.settled = given.settled
    this.join = given.join
  }
}

/** The phase of a key that had this outcome before. */
export const startOf = (outcome: NonNullable<Keyed["outcome"]>): Phase =>
  outcome._tag === "Accepted" ? { ...outcome, made: false } : { ...outcome, sending: false, made: false }

/** Whether nothing was sent that forbids another request. */
const isUnsent = ({ _tag }: Phase): boolean => _tag === "Idle" || _tag === "NotSent" || _tag === "Refused"

/** A request that was not refused. */
export interface Prepared {
  readonly provider: Provider<never>
  readonly submit: SubmitCall
  readonly times: Times
  readonly options: SubmitOptions
}

/** Makes the value. */
export const live = (
  { options, provider, submit, times }: Prepared,
  digest: string,
  journal: Journal["Service"] | undefined,
  mine: Memory,
  place: EntryWriter.EntryKey | undefined,
  start: Phase,
  services: Context.Context<ApiTransport>
): Submission => {
  const asked = askedOf(provider)
  const { label, saveTo } = options
  /** Entries are written in the order in which things happened. */
  const writing = Semaphore.makeUnsafe(1)
  const bare =
    journal === undefined ? EntryWriter.unwritten() : EntryWriter.make(journal, asked, submit.kind, digest, { label, saveTo }, place)
  const writer: EntryWriter.EntryWriter = { ...bare, remove: writing.withPermits(1)(bare.remove) }
  const name = nameOfKey(journal, asked, place?.id ?? "")
  const clock = Context.get(services, Clock.Clock)
  const inFlight = Context.get(services, InFlight)
  const print = fingerprint(asked, digest)
  const callbacks: Array<Callbacks> = [options]
  /** The callers that ask. */
  const listeners = new Set<Listener>()
  /** The callers that get `news` once the driver has done everything else. */
  const audience = new Set<Listener>()
  let news: Outcome | undefined
  /** What a caller gets at once. */
  let outcome: Outcome | undefined
  let phase = start
  let driver: Fiber.Fiber<void> | undefined
  let lives = 0
  /** When the first byte of the POST was sent. */
  let sentAt = 0
  /** The attempt that counts as a submission. */
  let counted: string | undefined
  /** The id of this value among those with an unknown outcome. */
  const token = attemptId()

  const step = (event: Event): ReadonlyArray<Command> => {
    const [then, commands] = next(phase, event)
    phase = then
    return commands
  }

  const unknownId = (): string => (journal === undefined ? token : (place?.id ?? writer.id()))

  /** What is remembered of the key, while it is this value's. */
  const ownKeyed = (): Keyed | undefined => {
    const keyed = place === undefined ? undefined : keysOf(mine, journal).get(name)
    return keyed?.value.deref() === self ? keyed : undefined
  }

  const note = (known: Keyed["outcome"]): void => {
    if (known?._tag === "Unknown") {
      const kept = journal === undefined ? undefined : { journal, attempt: writer.attempt() }
      noteUnknown(mine, print, unknownId(), { error: known.error, at: monotonicOf(clock), kept })
    } else if (mine.unknown.get(print)?.get(unknownId())?.kept?.attempt === writer.attempt()) forgetUnknown(mine, print, unknownId())
    const keyed = ownKeyed()
    if (keyed === undefined) return
    keyed.outcome = known
    keyed.waits = undefined
  }

  const count = (attempt: string | undefined): void => {
    if (counted !== undefined) unsend(mine, accountKey(asked), counted)
    counted = attempt
  }

  /** A caller's callback that fails can't undo what has happened. */
  const tell = <A>(
    what: string,
    given: A,
    of: (callback: Callbacks) => ((told: A) => Effect.Effect<void>) | undefined
  ): Effect.Effect<void> =>
    Effect.forEach(
      callbacks,
      (callback) =>
        Effect.catchCause(
          Effect.suspend(() => of(callback)?.(given) ?? Effect.void),
          (cause) => Effect.logWarning(`${what} failed; the job continues`, cause)
        ),
      { discard: true, concurrency: "unbounded" }
    )

  /** The job, watched once for all callers. */
  const watch = Effect.gen(function* () {
    if (phase._tag !== "Accepted") return yield* Effect.die(new Error("a watch of no job"))
    const { made, ref } = phase
    if (made) return yield* watched(provider, ref, options, times, sentAt, { eager: false, owned: true })
    const found = yield* writer.found
    const entry = found._tag === "Job" && found.entry._tag === "Entry" ? found.entry : undefined
    return yield* attaching(ref, reattach(provider, ref, entry, options))
  })

  /** From here on a caller gets the job. One that came while it was being written does not wait for those that were there before. */
  const open = Effect.gen(function* () {
    if (outcome === undefined || Exit.isFailure(outcome)) outcome = yield* Effect.exit(watch)
    const told = outcome
    const all = Array.from(listeners)
    listeners.clear()
    for (const listener of all) listener(told)
  })

  const gathered = (): void => {
    for (const listener of listeners) audience.add(listener)
    listeners.clear()
  }

  const kept = Effect.fnUntraced(function* (ref: JobRef) {
    own(mine, accountKey(asked), ref)
    note({ _tag: "Accepted", ref })
    gathered()
    const written = writing
      .withPermits(1)(writer.accepted(ref))
      .pipe(
        Effect.exit,
        Effect.tap(() => open)
      )
    // The process may be killed as soon as a caller gets the reference: it is durable by then, unless the journal hangs.
    const writes = yield* Effect.forkChild(written, { startImmediately: true })
    yield* Effect.timeoutOption(Fiber.await(writes), patience)
    yield* tell("onSubmitted", ref, ({ onSubmitted }) => onSubmitted)
    const exit = yield* Fiber.join(writes)
    if (Exit.isSuccess(exit)) return undefined
    const reason = Option.getOrElse(Cause.findErrorOption(exit.cause), () => new JournalFailed({ detail: "the journal failed" }))
    return refusal(provider, "submit", ref)(reason)
  })

  const perform = Effect.fnUntraced(function* (commands: ReadonlyArray<Command>): Effect.fn.Return<void, never, ApiTransport> {
    let failed: JobError | undefined
    for (const command of commands) {
      switch (command) {
        case "RemoveIntent":
          count(undefined)
          note(undefined)
          yield* writer.remove
          break
        case "KeepUnknown":
          if (phase._tag === "Unknown") note({ _tag: "Unknown", error: phase.error })
          yield* writing.withPermits(1)(
            Effect.suspend(() =>
              phase._tag === "Unknown" && phase.error.reason._tag === "SubmitUnknown"
                ? Effect.ignoreCause(writer.unknown(phase.error.reason.detail))
                : Effect.void
            )
          )
          break
        case "KeepRef":
          if (phase._tag === "Accepted") failed = yield* kept(phase.ref)
          break
        case "Tell":
          yield* telling(failed)
          break
        // The driver continues by itself, or the last caller that leaves stops it.
        case "Admit":
        case "WriteIntent":
        case "Connect":
        case "Send":
        case "Abort":
        case "Pause":
        case "Stop":
          break
      }
    }
  })

  /** Sets the outcome, for callers that ask from now on and for those that have asked. */
  const telling = Effect.fnUntraced(function* (failed: JobError | undefined) {
    switch (phase._tag) {
      case "Accepted":
        outcome ??= yield* Effect.exit(watch)
        if (Exit.isFailure(outcome) && phase.made) outcome = yield* Effect.exit(watch)
        news = failed === undefined ? outcome : Exit.fail(failed)
        break
      case "Unknown":
      case "Refused":
        outcome = news = Exit.fail(phase.error)
        break
      case "NotSent": {
        news = Exit.fail(phase.error)
        const keyed = ownKeyed()
        if (keyed !== undefined) keyed.waits = self
        break
      }
      case "Idle":
      case "Waiting":
      case "Sending":
        return
    }
    gathered()
  })

  /** Reports to the callers that have asked, if any are left; if none is, `onUnknown` gets an unknown outcome. */
  const tellAll = Effect.suspend(() => {
    const told = news
    const all = Array.from(audience)
    news = undefined
    audience.clear()
    if (told === undefined) return Effect.void
    for (const listener of all) listener(told)
    return all.length === 0 && phase._tag === "Unknown" ? tell("onUnknown", phase.error, ({ onUnknown }) => onUnknown) : Effect.void
  })

  const machine: Machine = {
    phase: () => phase,
    happened: (event) => Effect.provideContext(perform(step(event)), services),
    isReady: (age) => {
      if (listeners.size === 0 || inFlight.closed) return false
      sentAt = monotonicOf(clock)
      return step({ _tag: "Ready", age }).includes("Send")
    },
    writer,
    counted: count
  }
  const terms: Terms = {
    provider,
    submit,
    digest,
    place,
    timeout: times.submit,
    deadline: times.deadline,
    retry: options.submitRetry ?? defaultRetry,
    max: times.maxSubmissions,
    maySubmitAgain: options.maySubmitAgain === true,
    isClosed: () => inFlight.closed,
    mine,
    journal
  }

  /** The first caller gives it its place in a trace. */
  const around = (asker: Context.Context<never>): Context.Context<ApiTransport> =>
    Option.match(Context.getOption(asker, Tracer.ParentSpan), {
      onNone: () => Context.merge(asker, services),
      onSome: (span) => Context.add(Context.merge(asker, services), Tracer.ParentSpan, span)
    })

  const begin = (asker: Context.Context<never>, life: Effect.Effect<void, never, ApiTransport>): void => {
    const before = driver
    const fiber = Effect.runForkWith(around(asker))(
      (before === undefined ? life : Effect.andThen(Fiber.await(before), life)).pipe(Effect.ignoreCause, Effect.ensuring(tellAll)),
      scheduler === undefined ? {} : { scheduler }
    )
    driver = fiber
    inFlight.fibers.add(fiber)
    fiber.addObserver(() => inFlight.fibers.delete(fiber))
  }

  /** From the first caller that asks to the end of all that follows. */
  const life = (): Effect.Effect<void, never, ApiTransport> => {
    const nth = ++lives
    return Trace.span("reelay.submit", { attributes: Trace.apiOf(provider) }, (span) =>
      Effect.onExit(drive(terms, machine), (exit) => over(nth, exit, span))
    )
  }

  const over = Effect.fnUntraced(function* (
    nth: number,
    exit: Exit.Exit<void>,
    span: Tracer.Span
  ): Effect.fn.Return<void, never, ApiTransport> {
    // Another caller may have asked anew meanwhile: then the phase is that of the next life.
    if (nth === lives) {
      if (Exit.isFailure(exit)) yield* Effect.ignoreCause(broken(exit.cause))
      else if (phase._tag === "Waiting" || phase._tag === "Sending") yield* Effect.ignoreCause(broken(endedByNothing))
    }
    if (phase._tag === "Accepted") {
      if (!phase.made) return
      span.attribute("reelay.job.id", phase.ref.id)
      yield* Effect.all(
        [
          Trace.originates(phase.ref, span),
          Meter.submitted(provider.definition.name, "accepted"),
          Effect.contextWith((context: Context.Context<never>) =>
            Effect.sync(() => Meter.came(context, provider.definition.name, "Submitted"))
          )
        ],
        { discard: true }
      )
      return
    }
    const error = "error" in phase ? phase.error : undefined
    if (error !== undefined) span.attribute("error.type", error.reason._tag)
    yield* Meter.submitted(provider.definition.name, error?.reason._tag ?? "Interrupted")
  })

  /** It ended from outside: a defect, as of a caller's schedule, or a transport that interrupts. No caller may wait for ever. */
  const broken = Effect.fnUntraced(function* (cause: Cause.Cause<never>): Effect.fn.Return<void, never, ApiTransport> {
    switch (phase._tag) {
      case "Sending": {
        const detail = "it was aborted by something other than its caller"
        const error = unknownError(provider, submit, clock.currentTimeMillisUnsafe(), phase.attempt, { detail })
        return yield* perform(step({ _tag: "Lost", error }))
      }
      case "Waiting": {
        const commands = step({ _tag: "Left", now: monotonicOf(clock) })
        gathered()
        news = Exit.failCause(cause)
        return yield* perform(commands)
      }
      case "Accepted":
      case "Unknown":
      case "Refused":
      case "NotSent":
        return news === undefined ? yield* telling(undefined) : undefined
      case "Idle":
        return undefined
    }
  })

  /** The last caller has left. What has not begun is stopped, and leaves nothing; a POST in flight is waited for, 10 seconds at most. */
  const left = Effect.gen(function* () {
    const now = monotonicOf(clock)
    const fiber = driver
    const commands = step({ _tag: "Left", now })
    if (fiber === undefined) return
    if (commands.includes("Stop")) {
      // It removes its own intent; the next caller waits for that. One that leaves waits 10 seconds at most for a journal that hangs.
      count(undefined)
      fiber.interruptUnsafe()
      yield* Effect.timeoutOption(Fiber.await(fiber), Duration.millis(grace))
      return
    }
    if (phase._tag !== "Sending" && phase._tag !== "Accepted" && phase._tag !== "Unknown") return
    const answered = yield* Effect.timeoutOption(Fiber.await(fiber), Duration.millis(grace))
    if (Option.isSome(answered)) return
    const attempt = phase._tag === "Sending" ? phase.attempt : 0
    const detail = "it was interrupted, and no answer came within 10 s"
    const error = unknownError(provider, submit, clock.currentTimeMillisUnsafe(), attempt, { detail })
    const given = step({ _tag: "GraceOver", leftAt: now, error })
    if (given.length > 0) yield* Effect.andThen(perform(given), tellAll)
  }).pipe(Effect.provideContext(services))

  const ownJob = Effect.flatMap(Effect.context(), (asker) =>
    Effect.callback<Watch, JobError>((resume) => {
      if (outcome !== undefined) {
        resume(outcome)
        return undefined
      }
      const listener: Listener = (told) => resume(told)
      listeners.add(listener)
      if (phase._tag === "Accepted" || phase._tag === "Unknown") {
        // The key had this outcome before: nothing is to be sent.
        if (driver === undefined) begin(asker, perform(["Tell"]))
      } else if (step({ _tag: "Asked" }).includes("Admit")) begin(asker, life())
      return Effect.suspend(() => {
        audience.delete(listener)
        return listeners.delete(listener) && listeners.size === 0 ? left : waitedFor
      })
    })
  )

  /** The submission that has the key now, if another took it while nothing was sent under it. */
  const holder = (): Submission | undefined => {
    if (place === undefined || (phase._tag !== "Idle" && phase._tag !== "NotSent")) return self
    const keys = keysOf(mine, journal)
    const keyed = keys.get(name)
    const value = keyed?.value.deref()
    if (value === self) return self
    const isFree = value instanceof Submission ? isUnsent(value.phase()) : keyed?.outcome === undefined
    if (value instanceof Submission && value.digest === digest && value.phase()._tag !== "Refused") return value
    if (!isFree && (value instanceof Submission || keyed?.digest !== digest)) return undefined
    // Its value is gone, but its outcome is kept.
    if (!isFree && keyed?.outcome !== undefined) phase = startOf(keyed.outcome)
    keys.set(name, { digest, value: new WeakRef(self), outcome: isFree ? undefined : keyed?.outcome })
    return self
  }

  const job = Effect.suspend(() => {
    const now = holder()
    if (now === self) return ownJob
    return now === undefined ? Effect.fail(anotherRequest(provider, place)) : now.job
  })

  /** A caller that leaves just before the outcome is reported waits for what is still to be written; other callers do not delay it. */
  const waitedFor = Effect.suspend(() =>
    audience.size > 0 || driver === undefined
      ? Effect.void
      : Effect.asVoid(Effect.timeoutOption(Fiber.await(driver), Duration.millis(grace)))
  ).pipe(Effect.provideContext(services))

  const self: Submission = new Submission({
    key: place?.key ?? token,
    digest,
    phase: () => phase,
    job,
    attempt: writer.attempt,
    settled: Effect.suspend(() => (driver === undefined ? Effect.void : Effect.asVoid(Fiber.await(driver)))),
    join: (other) => {
      if (other !== options && outcome === undefined) callbacks.push(other)
    }
  })
  return self
}
