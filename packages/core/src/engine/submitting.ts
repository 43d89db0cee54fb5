/** A submission as a value that one can hold: whoever asks it, however often, gets the same job or the same error. The shell around `Submission.ts`. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import * as Semaphore from "effect/Semaphore"
import * as Tracer from "effect/Tracer"
import { attaching, reattach } from "../internal/attachment.ts"
import { refusal, refuseProvider } from "../internal/checked.ts"
import { watched } from "../internal/handle.ts"
import * as Meter from "../internal/meter.ts"
import { type Times, timesOf } from "../internal/times.ts"
import * as Trace from "../internal/trace.ts"
import type { JobHandle, SubmitOptions } from "../Job.ts"
import type { JobError } from "../JobError.ts"
import { type Damaged, type Entry, Journal, refOf, type Tombstone } from "../Journal.ts"
import type { Provider, SubmitCall } from "../Provider.ts"
import { anotherRequest, defaultRetry, drive, type Machine, type Terms, unknownError } from "./driver.ts"
import * as EntryWriter from "./entryWriter.ts"
import { accountKey, askedOf, attemptId, digestOf, fingerprint, idInBatch, idOfKey, jobKey } from "./keys.ts"
import { type Keyed, keysOf, type Memory, memory, own, unsend } from "./memory.ts"
import { monotonicOf } from "./monotonic.ts"
import { type Command, type Event, grace, idle, next, type Phase } from "./Submission.ts"

/** What a client waits for when it closes: submissions that are on their way. */
export const InFlight: Context.Reference<Set<Fiber.Fiber<void>>> = Context.Reference<Set<Fiber.Fiber<void>>>("@reelay/core/InFlight", {
  defaultValue: () => new Set()
})

type Outcome = Exit.Exit<JobHandle, JobError>

/** The value. Made by `submission`. */
export class Submission {
  readonly key: string
  readonly digest: string
  readonly phase: () => Phase
  readonly job: Effect.Effect<JobHandle, JobError>
  /** The attempt that the journal was last told of. */
  readonly attempt: () => string | undefined

  constructor(given: Pick<Submission, "attempt" | "digest" | "job" | "key" | "phase">) {
    this.key = given.key
    this.digest = given.digest
    this.phase = given.phase
    this.job = given.job
    this.attempt = given.attempt
  }
}

/** What only a batch says. */
export interface Batched {
  readonly batch?: string | undefined
}

/** Refuses what can be refused before a byte is sent, and makes the value; or finds the one that the key has. */
export const submission = Effect.fnUntraced(function* <Request>(
  provider: Provider<Request>,
  request: Request,
  options: SubmitOptions & Batched
): Effect.fn.Return<Submission, JobError, HttpClient.HttpClient> {
  const prepared = yield* prepare(provider, request, options)
  const digest = yield* digestOf(prepared.submit.call)
  const journal = Option.getOrUndefined(yield* Effect.serviceOption(Journal))
  const mine = yield* memory
  const { batch, key } = options
  const make = (place: EntryWriter.Place | undefined, start: Phase) =>
    Effect.map(Effect.context<HttpClient.HttpClient>(), (context) => live(prepared, digest, journal, mine, place, start, context))
  if (key === undefined) return yield* make(undefined, idle)
  const place = { id: batch === undefined ? idOfKey(key) : idInBatch(batch, key), key, batch }
  const there = journal === undefined ? undefined : yield* journal.read(place.id)
  // One step from here on, so that two who come at once with one key get one value.
  const keys = keysOf(mine, journal)
  const name = journal === undefined ? `${accountKey(askedOf(provider))}\n${place.id}` : place.id
  const known = keys.get(name)
  const value = known?.value.deref()
  if (value instanceof Submission && isBinding(value, journal !== undefined, there)) {
    return value.digest === digest ? value : yield* Effect.fail(anotherRequest(provider, place))
  }
  const outcome = journal === undefined ? known?.outcome : undefined
  if (outcome !== undefined && known !== undefined && known.digest !== digest) return yield* Effect.fail(anotherRequest(provider, place))
  const fresh = yield* make(place, outcome === undefined ? idle : startOf(outcome))
  keys.set(name, { digest, value: new WeakRef(fresh), outcome })
  return fresh
})

const startOf = (outcome: NonNullable<Keyed["outcome"]>): Phase =>
  outcome._tag === "Accepted" ? { ...outcome, made: false } : { ...outcome, sending: false }

/** Whether a value still stands for its key: what was refused leaves no trace, and what the journal knows otherwise is not true any more. */
const isBinding = (value: Submission, hasJournal: boolean, there: Entry | Tombstone | Damaged | undefined): boolean => {
  const phase = value.phase()
  const entry = there === undefined || there._tag === "Damaged" ? undefined : there
  switch (phase._tag) {
    case "Waiting":
    case "Sending":
      return true
    case "Idle":
    case "NotSent":
      return entry === undefined
    case "Refused":
      return false
    case "Unknown":
      return !hasJournal || (entry !== undefined && entry.attempt === value.attempt())
    case "Accepted": {
      const ref = entry?._tag === "Entry" ? refOf(entry) : entry?.ref
      return !hasJournal || (ref !== undefined && jobKey(ref) === jobKey(phase.ref))
    }
  }
}

/** All that can be refused before a byte is sent. */
const prepare = Effect.fnUntraced(function* <Request>(provider: Provider<Request>, request: Request, options: SubmitOptions) {
  const { definition } = provider
  const fail = refusal(provider, "submit")
  const times = timesOf(options, definition.rhythm)
  if (times._tag !== "Times") return yield* fail(times)
  const refused = refuseProvider(provider)
  if (refused !== undefined) return yield* fail(refused)
  const submit = yield* Effect.mapError(definition.submission(request), fail)
  return { provider, submit, times, options }
})

interface Prepared {
  readonly provider: Provider<never>
  readonly submit: SubmitCall
  readonly times: Times
  readonly options: SubmitOptions
}

const live = (
  { options, provider, submit, times }: Prepared,
  digest: string,
  journal: Journal["Service"] | undefined,
  mine: Memory,
  place: EntryWriter.Place | undefined,
  start: Phase,
  services: Context.Context<HttpClient.HttpClient>
): Submission => {
  const asked = askedOf(provider)
  const { label, onSubmitted, onUnknown, saveTo } = options
  const writer =
    journal === undefined ? EntryWriter.unwritten() : EntryWriter.make(journal, asked, submit.kind, digest, { label, saveTo }, place)
  const name = journal === undefined ? `${accountKey(asked)}\n${place?.id}` : (place?.id ?? "")
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
    mine,
    journal
  }
  const clock = Context.get(services, Clock.Clock)
  const listeners = new Set<(outcome: Outcome) => void>()
  let phase = start
  /** What whoever asks gets at once. */
  let outcome: Outcome | undefined
  /** What those who have asked are yet to be told. */
  let news: Outcome | undefined
  let driver: Fiber.Fiber<void> | undefined
  /** When the first byte of the POST went. */
  let sentAt = 0
  /** Of this value, for those who come with the same request. */
  let warned: JobError | undefined
  /** What is written is written in the order in which it happened. */
  const writing = Semaphore.makeUnsafe(1)

  const step = (event: Event): ReadonlyArray<Command> => {
    const [then, commands] = next(phase, event)
    phase = then
    return commands
  }

  const tell = (told: Outcome): void => {
    const all = Array.from(listeners)
    listeners.clear()
    for (const listener of all) listener(told)
  }

  const note = (known: Keyed["outcome"]): void => {
    const print = fingerprint(asked, digest)
    if (known?._tag === "Unknown") {
      warned = known.error
      mine.unknown.set(print, { error: known.error, at: monotonicOf(clock) })
    } else if (warned !== undefined && mine.unknown.get(print)?.error === warned) mine.unknown.delete(print)
    const keyed = place === undefined ? undefined : keysOf(mine, journal).get(name)
    if (keyed?.value.deref() === self) keyed.outcome = known
  }

  /** The job's handle, once for everybody. */
  const handle = Effect.gen(function* () {
    if (phase._tag !== "Accepted") return yield* Effect.die(new Error("a handle of no job"))
    const { made, ref } = phase
    if (made) return yield* watched(provider, ref, options, times, sentAt, { eager: false, owned: true })
    const found = yield* writer.found
    const entry = found._tag === "Job" && found.entry._tag === "Entry" ? found.entry : undefined
    return yield* attaching(ref, reattach(provider, ref, entry, options))
  })

  const perform = Effect.fnUntraced(function* (commands: ReadonlyArray<Command>): Effect.fn.Return<void, never, HttpClient.HttpClient> {
    let failed: JobError | undefined
    for (const command of commands) {
      switch (command) {
        case "RemoveIntent":
          unsend(mine, accountKey(asked), writer.id())
          note(undefined)
          yield* writer.remove
          break
        case "KeepUnknown":
          if (phase._tag === "Unknown") note({ _tag: "Unknown", error: phase.error })
          yield* writing.withPermits(1)(
            Effect.suspend(() =>
              phase._tag === "Unknown" && phase.error.reason._tag === "SubmitUnknown"
                ? writer.unknown(phase.error.reason.detail)
                : Effect.void
            )
          )
          break
        case "KeepRef":
          if (phase._tag === "Accepted") {
            const { ref } = phase
            own(mine, accountKey(asked), ref)
            note({ _tag: "Accepted", ref })
            const kept = yield* Effect.result(writing.withPermits(1)(writer.accepted(ref)))
            if (kept._tag === "Failure") failed = refusal(provider, "submit", ref)(kept.failure)
            // The job is made and may be billed: what a listener does with its reference can't undo that.
            yield* Effect.catchCause(onSubmitted?.(ref) ?? Effect.void, (cause) =>
              Effect.logWarning("onSubmitted failed; the job goes on", cause)
            )
          }
          break
        case "Tell":
          yield* telling(failed)
          break
        // The driver goes on by itself, or is stopped by whoever leaves.
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

  /** What came of it: told to those who ask from now on, and to those who have asked once everything else is done. */
  const telling = Effect.fnUntraced(function* (failed: JobError | undefined) {
    switch (phase._tag) {
      case "Accepted":
        outcome = yield* Effect.exit(handle)
        news = failed === undefined ? outcome : Exit.fail(failed)
        break
      case "Unknown":
        outcome = news = Exit.fail(phase.error)
        if (listeners.size === 0) yield* onUnknown?.(phase.error) ?? Effect.void
        break
      case "Refused":
        outcome = news = Exit.fail(phase.error)
        break
      case "NotSent":
        news = Exit.fail(phase.error)
        break
      case "Idle":
      case "Waiting":
      case "Sending":
        break
    }
  })

  const tellAll = Effect.sync(() => {
    const told = news
    news = undefined
    if (told !== undefined) tell(told)
  })

  const machine: Machine = {
    phase: () => phase,
    happened: (event) => Effect.provideContext(perform(step(event)), services),
    isReady: (age) => {
      sentAt = monotonicOf(clock)
      return step({ _tag: "Ready", age }).includes("Send")
    },
    writer
  }

  /** Whoever asks first lends it the place in a trace. */
  const around = (asker: Context.Context<never>): Context.Context<HttpClient.HttpClient> =>
    Option.match(Context.getOption(asker, Tracer.ParentSpan), {
      onNone: () => Context.merge(asker, services),
      onSome: (span) => Context.add(Context.merge(asker, services), Tracer.ParentSpan, span)
    })

  const begin = (asker: Context.Context<never>): void => {
    const before = driver
    const life = Trace.span("reelay.submit", { attributes: Trace.apiOf(provider) }, (span) =>
      Effect.onExit(drive(terms, machine), (exit) => over(exit, span))
    )
    const inFlight = Context.get(services, InFlight)
    const running = Effect.runForkWith(around(asker))(
      (before === undefined ? life : Effect.andThen(Fiber.await(before), life)).pipe(Effect.ignoreCause, Effect.ensuring(tellAll))
    )
    driver = running
    inFlight.add(running)
    running.addObserver(() => inFlight.delete(running))
  }

  const over = Effect.fnUntraced(function* (exit: Exit.Exit<void>, span: Tracer.Span) {
    // A defect, as of a caller's schedule: nobody may wait for what does not come any more.
    if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) {
      if (phase._tag === "Sending") {
        yield* machine.happened({
          _tag: "Lost",
          error: unknownError(provider, submit, clock.currentTimeMillisUnsafe(), phase.attempt, { detail: "the engine failed meanwhile" })
        })
      } else {
        step({ _tag: "Left", now: monotonicOf(clock) })
        yield* writer.remove
        news = Exit.failCause(exit.cause)
      }
    }
    if (phase._tag === "Accepted") {
      if (!phase.made) return
      span.attribute("reelay.job.id", phase.ref.id)
      yield* Effect.all(
        [
          Trace.originates(phase.ref, span),
          Meter.submitted(provider.definition.name, "accepted"),
          Meter.came(provider.definition.name, "Submitted")
        ],
        { discard: true }
      )
      return
    }
    const error = "error" in phase ? phase.error : undefined
    if (error !== undefined) span.attribute("error.type", error.reason._tag)
    yield* Meter.submitted(provider.definition.name, error?.reason._tag ?? "Interrupted")
  })

  /** The last has left. What has not begun is stopped, and leaves nothing; a POST on its way is waited for, 10 seconds at most. */
  const left = Effect.gen(function* () {
    const now = monotonicOf(clock)
    const running = driver
    const commands = step({ _tag: "Left", now })
    if (running === undefined) return
    if (commands.includes("Stop")) {
      yield* Fiber.interrupt(running)
      return yield* perform(commands)
    }
    if (phase._tag !== "Sending" && phase._tag !== "Accepted" && phase._tag !== "Unknown") return
    const answered = yield* Effect.timeoutOption(Fiber.await(running), Duration.millis(grace))
    if (Option.isSome(answered)) return
    const attempt = phase._tag === "Sending" ? phase.attempt : 0
    const detail = "it was interrupted, and no answer came within 10 s"
    const error = unknownError(provider, submit, clock.currentTimeMillisUnsafe(), attempt, { detail })
    yield* perform(step({ _tag: "GraceOver", leftAt: now, error }))
  }).pipe(Effect.provideContext(services))

  const job = Effect.flatMap(Effect.context(), (asker) =>
    Effect.callback<JobHandle, JobError>((resume) => {
      if (outcome !== undefined) {
        resume(outcome)
        return undefined
      }
      const listener = (told: Outcome): void => resume(told)
      listeners.add(listener)
      if (phase._tag === "Accepted" || phase._tag === "Unknown") {
        // The key had come to this before: nothing is to be asked of anybody.
        driver ??= Effect.runForkWith(around(asker))(Effect.ensuring(perform(["Tell"]), tellAll))
      } else if (step({ _tag: "Asked" }).includes("Admit")) begin(asker)
      return Effect.suspend(() => {
        listeners.delete(listener)
        return listeners.size === 0 ? left : Effect.void
      })
    })
  )

  const self = new Submission({ key: place?.key ?? attemptId(), digest, phase: () => phase, job, attempt: writer.attempt })
  return self
}
