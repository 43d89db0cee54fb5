/** One run of a submission that a caller asks for: its key, its admission, its intent, its POST, and the outcome. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Tracer from "effect/Tracer"
import { monotonic, monotonicOf } from "../base/monotonic.ts"
import { excerpt } from "../base/Text.ts"
import {
  InvalidRequest,
  JobError,
  PaymentRequired,
  RateLimited,
  type Reason,
  SubmitRejected,
  SubmitUnknown,
  Unauthorized,
  Unreachable
} from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import type { Receipt } from "../job/Reading.ts"
import { busy, type EntryWriter, type Found, type EntryKey } from "../journal/entryWriter.ts"
import type { Journal } from "../journal/Journal.ts"
import { askedOf, attemptId } from "../journal/keys.ts"
import type { Memory } from "../journal/memory.ts"
import { whenAdmitted, type Listen, type NotAdmitted } from "../limits/admission.ts"
import { ofReceipt } from "../limits/meaning.ts"
import { type Begun, waitOf } from "../poll/schedule.ts"
import { accountAt } from "../provider/account.ts"
import { refusal } from "../provider/check.ts"
import type { Provider, SubmitCall } from "../provider/Provider.ts"
import { receive } from "../provider/read.ts"
import { redactor } from "../provider/redact.ts"
import * as Trace from "../telemetry/trace.ts"
import { post } from "../transport/call.ts"
import { retryAfter } from "../transport/retryAfter.ts"
import { ApiTransport, type NoAnswer, submissionsOf } from "../transport/Transport.ts"
import { macrotask } from "../base/macrotask.ts"
import { type MaxSubmissions, spend, unknownTwin } from "./spending.ts"
import type { Event, Phase } from "./Submission.ts"

/** What a submission was made of. Times are milliseconds. */
export interface Terms {
  readonly provider: Provider<never>
  readonly submit: SubmitCall
  readonly digest: string
  readonly place: EntryKey | undefined
  readonly timeout: number
  /** From the moment a caller asks: no wait for another try goes past it. */
  readonly deadline: number
  readonly retry: Schedule.Schedule<unknown, JobError>
  readonly max: MaxSubmissions | undefined
  readonly maySubmitAgain: boolean
  readonly mine: Memory
  /** Whether no other try may begin: its client is closed. */
  readonly isClosed: () => boolean
  readonly journal: Journal["Service"] | undefined
}

/** The machine, as the driver sees it. */
export interface Machine {
  readonly phase: () => Phase
  /** Reports what has happened, and does what follows. */
  readonly happened: (event: Event) => Effect.Effect<void>
  /** The same for the one step that must be synchronous: whether the first byte may go. */
  readonly isReady: (age: number) => boolean
  readonly writer: EntryWriter
  /** The attempt that counts as a submission from here on, instead of the last one, which was surely not accepted. */
  readonly counted: (attempt: string | undefined) => void
}

/** Four more tries, after about 1, 2, 4 and 8 seconds; each wait is shorter or longer by up to a fifth. */
export const defaultRetry: Schedule.Schedule<unknown, JobError> = Schedule.exponential("1 second").pipe(
  Schedule.upTo({ times: 4 }),
  Schedule.jittered,
  Schedule.setInputType<JobError>()
)

/** The least wait before a submission that was not sent is tried again, so that a bare `retry()` does not spin: 1 second. */
const leastWait = 1000

/** Runs until the machine is neither waiting nor sending. */
export const drive = (terms: Terms, machine: Machine): Effect.Effect<void, never, ApiTransport> => {
  const { journal, place } = terms
  const { happened, writer } = machine
  const notSent = (reason: Reason) =>
    Effect.flatMap(monotonic, (now) =>
      happened({ _tag: "Unsent", error: refusal(terms.provider, "submit")(reason), now, notBefore: now + leastWait })
    )
  return Effect.gen(function* () {
    yield* macrotask
    if (journal === undefined) return yield* tries(terms, machine)
    yield* Effect.acquireUseRelease(
      writer.claim,
      (mine) =>
        Effect.gen(function* () {
          if (!mine) return yield* notSent(busy(place))
          if (yield* told(terms, machine, yield* writer.found)) return
          // A caller that leaves removes its entry before another process may take it up.
          yield* Effect.onInterrupt(tries(terms, machine), () => (hasBegun(machine.phase()) ? Effect.void : Effect.asVoid(writer.remove)))
        }),
      (mine) => (mine ? writer.release : Effect.void)
    )
  }).pipe(Effect.catch((reason) => notSent(reason)))
}

/** Whether a POST may have been accepted: then its entry stays. */
const hasBegun = ({ _tag }: Phase): boolean => _tag !== "Idle" && _tag !== "Waiting"

/** Whether what the journal knows of the key decides the outcome. */
const told = (terms: Terms, { happened }: Machine, found: Found): Effect.Effect<boolean> => {
  switch (found._tag) {
    case "Nothing":
      return Effect.succeed(false)
    case "Job":
      return Effect.as(happened({ _tag: "Known", ref: found.ref }), true)
    case "Unknown":
      return Effect.as(happened({ _tag: "Blocked", error: found.error }), true)
    case "AnotherRequest":
      return Effect.as(happened({ _tag: "Taken", error: anotherRequest(terms.provider, terms.place) }), true)
  }
}

/** The key was used for something else. */
export const anotherRequest = (provider: Provider<never>, place: EntryKey | undefined): JobError => {
  const rule =
    place?.batch === undefined
      ? "was given with another request before: give a new key"
      : `was another request when the batch ${place.batch} submitted it: give a new key, or a new batch`
  return refusal(provider, "submit")(new InvalidRequest({ field: place?.batch === undefined ? "key" : place.key, rule }))
}

const tries = Effect.fnUntraced(function* (terms: Terms, machine: Machine) {
  const { provider, retry } = terms
  const { happened, phase } = machine
  const step = yield* Schedule.toStep(retry)
  const deadline = (yield* monotonic) + terms.deadline
  let waited = leastWait
  for (;;) {
    const before = phase()
    if (before._tag !== "Waiting") return
    const { attempt } = before
    const begun = yield* monotonic
    if (before.notBefore >= deadline) return yield* happened(tooEarly(terms, before.notBefore, begun))
    if (terms.isClosed()) return yield* happened(closed(terms, begun))
    if (before.notBefore > begun) yield* Effect.sleep(Duration.millis(before.notBefore - begun))
    if (before.step === "pause") yield* happened({ _tag: "Paused" })
    const patience = deadline - (yield* monotonic)
    const failed = yield* whenAdmitted(accountAt(provider), patience, (listen) =>
      placed(terms, patience, tryOnce(terms, machine, attempt, listen))
    ).pipe(
      Effect.catch((held: NotAdmitted) =>
        Effect.succeed<Failed>({ error: errorOf(provider, heldBack(held), attempt - 1), asked: 0, last: true })
      )
    )
    if (failed === undefined) return
    // If this process stood still, another may have taken the entry over since: then nothing more is sent.
    const isOurs = yield* machine.writer.remove
    const now = yield* monotonic
    const wait = failed.last ? Number.POSITIVE_INFINITY : Math.max(yield* waitBy(step, now, failed.error), failed.asked)
    const again = isOurs && !terms.isClosed() && now + wait < deadline
    const least = Math.max(waited, failed.asked, Number.isFinite(wait) ? wait : 0)
    if (again) waited = wait
    yield* happened({ _tag: "Unsent", error: failed.error, now, notBefore: now + least, ...(again ? { wait } : {}) })
  }
})

const closed = ({ provider }: Terms, now: number): Event => {
  const error = errorOf(provider, new Unreachable({ detail: "its client was closed; nothing was sent" }), 0)
  return { _tag: "Unsent", error, now, notBefore: now + leastWait }
}

/** If the caller's schedule dies, a try that was surely not accepted does not become unknown: there is no other try. */
const waitBy = (step: Begun<JobError>, now: number, error: JobError): Effect.Effect<number> =>
  Effect.catchCause(waitOf(step, now, error), (cause) =>
    Effect.as(Effect.logWarning("submitRetry failed; there is no other try", cause), Number.POSITIVE_INFINITY)
  )

/** The wait before the next try is longer than a submission waits at all. */
const tooEarly = ({ provider }: Terms, notBefore: number, now: number): Event => {
  const detail = `another try is not allowed for ${Math.ceil((notBefore - now) / 1000)} s, which is later than the deadline; nothing was sent`
  return { _tag: "Unsent", error: errorOf(provider, new RateLimited({ detail }), 0), now, notBefore }
}

/** A try that was surely not accepted. Milliseconds. */
interface Failed {
  readonly error: JobError
  /** How long the provider asks to wait. */
  readonly asked: number
  /** Whether no other try may follow. */
  readonly last: boolean
}

/** Waits until a connection may be made, so that an intent does not grow old in the transport's own line. */
const placed = <E, R>(
  { provider }: Terms,
  patience: number,
  attempt: Effect.Effect<Failed | undefined, E, R>
): Effect.Effect<Failed | undefined, E, R | ApiTransport> =>
  Effect.flatMap(ApiTransport, (transport) => {
    const { origin } = new URL(provider.baseUrl)
    const line = submissionsOf(transport, origin)
    if (line === undefined) return attempt
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(restore(Effect.timeoutOption(line.take(1), Duration.millis(Math.max(0, patience)))), (place) => {
        if (Option.isSome(place)) return Effect.ensuring(restore(attempt), line.release(1))
        const detail = `other submissions to ${origin} had all of its connections; nothing was sent`
        return Effect.succeed<Failed>({ error: errorOf(provider, new Unreachable({ detail }), 0), asked: 0, last: true })
      })
    )
  })

/** One try, once admitted. Returns why it was not sent, if it was surely not accepted. */
const tryOnce = Effect.fnUntraced(function* (
  terms: Terms,
  machine: Machine,
  attempt: number,
  listen: Listen
): Effect.fn.Return<Failed | undefined, never, ApiTransport> {
  const { digest, journal, max, maySubmitAgain, mine, provider } = terms
  const { happened, phase, writer } = machine
  const asked = askedOf(provider)
  const last = (reason: Reason): Failed => ({ error: errorOf(provider, reason, attempt - 1), asked: 0, last: true })
  let intended = clocksOf(yield* Clock.Clock)
  const admitted = Effect.gen(function* () {
    yield* happened({ _tag: "Admitted" })
    const twin = maySubmitAgain ? undefined : yield* unknownTwin(mine, journal, asked, digest, yield* monotonic)
    if (twin !== undefined) return yield* happened({ _tag: "Blocked", error: twin })
    const id = attemptId()
    const spent = yield* spend(mine, journal, asked, id, yield* monotonic, max)
    if (spent !== undefined) return last(spent)
    machine.counted(id)
    intended = clocksOf(yield* Clock.Clock)
    const written = yield* writer.write(id)
    if (written === "Written") return yield* happened({ _tag: "IntentWritten" })
    machine.counted(undefined)
    return void (yield* told(terms, machine, written))
  })
  const stopped = yield* admitted.pipe(Effect.catch((reason) => Effect.succeed(last(reason))))
  if (stopped !== undefined) return stopped
  const now = phase()
  return now._tag === "Waiting" && now.step === "connection" ? yield* sent(terms, machine, attempt, intended, listen) : undefined
})

/** The time by both clocks: Linux's monotonic one stands still while a machine is suspended, and the wall clock may be set. */
interface Clocks {
  readonly wall: number
  readonly monotonic: number
}

const clocksOf = (clock: Clock.Clock): Clocks => ({ wall: clock.currentTimeMillisUnsafe(), monotonic: monotonicOf(clock) })

const sent = (
  terms: Terms,
  machine: Machine,
  attempt: number,
  intended: Clocks,
  listen: Listen
): Effect.Effect<Failed | undefined, never, ApiTransport> =>
  Trace.span("reelay.submit.try", { kind: "client", attributes: { ...Trace.apiOf(terms.provider), "reelay.attempt": attempt } }, (span) =>
    Effect.tap(requested(terms, machine, attempt, intended, listen, span), (failed) =>
      Effect.sync(() => {
        const phase = machine.phase()
        const error = failed?.error ?? ("error" in phase ? phase.error : undefined)
        if (phase._tag === "Accepted") span.attribute("reelay.job.id", phase.ref.id)
        else if (error !== undefined) span.attribute("error.type", error.reason._tag)
      })
    )
  )

const requested = Effect.fnUntraced(function* (
  terms: Terms,
  { happened, isReady }: Machine,
  attempt: number,
  intended: Clocks,
  listen: Listen,
  span: Tracer.Span
): Effect.fn.Return<Failed | undefined, never, ApiTransport> {
  const { provider, submit, timeout } = terms
  const { definition } = provider
  const failed = (reason: Reason) => errorOf(provider, reason, attempt)
  const clock = yield* Clock.Clock
  let submittedAt = intended.wall
  let stale: string | undefined
  const ready = (): boolean => {
    const now = clocksOf(clock)
    submittedAt = now.wall
    const age = Math.max(now.wall - intended.wall, now.monotonic - intended.monotonic)
    const isFresh = isReady(age)
    if (!isFresh) stale = `${Math.round(age / 100) / 10} s passed before the first byte could go, so it was not sent`
    return isFresh
  }
  const posted = Effect.map(post(provider, submit.call, timeout, ready), (answer) => {
    const receipt = receive(provider, submit.call, answer)
    return { ...answer, receipt, meaning: ofReceipt(receipt, answer) }
  })
  const answered = yield* Effect.result(listen(posted))
  if (answered._tag === "Failure") {
    const { because, detail, isFinal = false }: NoAnswer = answered.failure
    if (because === "unsent" || because === "held")
      return { error: failed(new Unreachable({ detail: unreachable(provider, stale, detail) })), asked: 0, last: isFinal }
    yield* happened({ _tag: "Lost", error: unknownError(provider, submit, submittedAt, attempt, { detail }) })
    return undefined
  }
  const answer = answered.success
  span.attribute("http.response.status_code", answer.status)
  const { receipt } = answer
  yield* Effect.logDebug(`Submission ${attempt} to ${definition.name}: HTTP ${answer.status}, ${receipt._tag}`)
  switch (receipt._tag) {
    case "Accepted": {
      const { account, baseUrl } = askedOf(provider)
      const { call: _, ...known } = submit
      const ref: JobRef = { provider: definition.name, id: receipt.id, baseUrl, account, submittedAt, ...known }
      yield* happened({ _tag: "Answered", ref })
      return undefined
    }
    case "Busy": {
      const asked = retryAfter(answer.headers, yield* Clock.currentTimeMillis) ?? 0
      return { error: failed(new RateLimited({ detail: `HTTP ${receipt.status}: ${receipt.message}` })), asked, last: false }
    }
    case "Declined":
      yield* happened({ _tag: "Declined", error: failed(declined(receipt)) })
      return undefined
    case "Unclear": {
      const requestId = answer.headers["x-request-id"] ?? answer.headers["request-id"]
      yield* happened({
        _tag: "Lost",
        error: unknownError(provider, submit, submittedAt, attempt, { detail: receipt.detail, requestId })
      })
      return undefined
    }
  }
})

const unreachable = ({ baseUrl }: Provider<never>, stale: string | undefined, detail: string): string =>
  stale ?? `${baseUrl} can't be reached (${detail})`

const errorOf = ({ definition }: Provider<never>, reason: Reason, attempt: number): JobError =>
  new JobError({ reason, provider: definition.name, operation: "submit", attempt })

/** It is unknown whether the job was accepted: the error has all that helps to find it at the provider. */
export const unknownError = (
  provider: Provider<never>,
  { kind }: SubmitCall,
  at: number,
  attempt: number,
  { detail, requestId }: { readonly detail: string; readonly requestId?: string | undefined }
): JobError => {
  const { account, baseUrl } = askedOf(provider)
  const shown = requestId === undefined ? undefined : excerpt(redactor(provider)(requestId))
  return errorOf(provider, new SubmitUnknown({ detail, sent: { kind, at, baseUrl, account, requestId: shown } }), attempt)
}

const declined = ({ code, message, reason, status }: Extract<Receipt, { readonly _tag: "Declined" }>): Reason => {
  switch (reason) {
    case "Unauthorized":
      return new Unauthorized({ detail: `HTTP ${status}, ${message}` })
    case "PaymentRequired":
      return new PaymentRequired({ detail: `HTTP ${status}, ${message}` })
    case "SubmitRejected":
      return new SubmitRejected({ status, code, detail: message })
  }
}

const heldBack = ({ because, detail }: NotAdmitted): Reason => {
  switch (because) {
    case "circuit":
      return new Unreachable({ detail: `${detail}; nothing was sent` })
    case "pause":
    case "rate":
      return new RateLimited({ detail: `${detail}; nothing was sent` })
  }
}
