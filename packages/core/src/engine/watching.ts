/** One job, watched: a poller that runs while anybody listens, and the state that outlives it. */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { monotonic } from "../base/monotonic.ts"
import { excerpt, parseJson } from "../base/Text.ts"
import {
  BadPayload,
  DeadlineExceeded,
  JobError,
  NotFound,
  PaymentRequired,
  PollRejected,
  RateLimited,
  Unauthorized,
  Unreachable
} from "../job/JobError.ts"
import type { Reason } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import * as JobState from "../job/JobState.ts"
import type { Cancelled, Missed, NotFound as NotFoundReading, Observation, Reading, Refused } from "../job/Reading.ts"
import type { JobEntry } from "../journal/jobEntry.ts"
import { accountKey, askedOf } from "../journal/keys.ts"
import { memory, own, owns } from "../journal/memory.ts"
import { whenAdmitted, Limits, type NotAdmitted } from "../limits/admission.ts"
import * as Budget from "../poll/Budget.ts"
import { nextPoll } from "../poll/nextPoll.ts"
import type { Pace } from "../poll/Pace.ts"
import { defaultPollRetry } from "../poll/pollRetry.ts"
import { type Begun, waitOf } from "../poll/schedule.ts"
import { accountAt } from "../provider/account.ts"
import type { Provider } from "../provider/Provider.ts"
import { read } from "../provider/read.ts"
import * as Meter from "../telemetry/meter.ts"
import * as Trace from "../telemetry/trace.ts"
import { call } from "../transport/call.ts"
import type { NoAnswer } from "../transport/Transport.ts"
import { retryAfter } from "../transport/retryAfter.ts"

/** What a watcher needs to know. Times are milliseconds. */
export interface Setting {
  readonly provider: Provider<never>
  readonly ref: JobRef
  readonly client: HttpClient.HttpClient
  /** What this job shares with others of its account. */
  readonly shared: Limits
  readonly pace: Pace
  /** Default: as the pace, twice as long with each miss. */
  readonly pollRetry: Schedule.Schedule<unknown, JobError> | undefined
  /** From `since`, on the monotonic clock. */
  readonly deadline: number
  readonly since: number
  /** Whether the first poll waits for the pace, or comes at once. */
  readonly eager: boolean
  /** Whether this account is known to own the job: its submission was accepted. Then a 401 or 403 is a failed poll. */
  readonly owned: boolean
  readonly requestTimeout: number
  readonly limits: Budget.Tolerance
  readonly raw: boolean
  readonly entry: JobEntry
}

export interface Watch {
  readonly current: () => JobState.JobState
  readonly states: Stream.Stream<JobState.JobState, JobError>
  /** Hands over the answer to a cancellation. */
  readonly observe: (seen: Cancelled) => Effect.Effect<JobState.JobState>
}

type Listener = Queue.Queue<JobState.JobState, JobError | Cause.Done>

/** The longest that the last poll, at the deadline, may take. */
const lastLook = 10_000

export const make = Effect.fnUntraced(function* (setting: Setting) {
  const { client, entry, limits, provider, ref, shared } = setting
  const { definition } = provider
  const account = accountAt(provider)
  const mine = yield* memory
  const whose = accountKey(askedOf(provider))
  let deadline = setting.since + setting.deadline
  /** Whether somebody was told that the deadline has passed: the first who watches after that has a new one. */
  let expired = false
  /** A key that was good for this job a moment ago is drained, or its provider is confused: the job is still there, and paid for. */
  let owned = setting.owned
  // A job that was submitted here was accepted just now, whatever the wall clock says; of another only its reference tells.
  const before = setting.eager ? Math.max(0, (yield* Clock.currentTimeMillis) - ref.submittedAt) : 0
  const born = (yield* monotonic) - before
  const step = yield* Schedule.toStep(setting.pace)

  const listeners = new Set<Listener>()
  let poller: Fiber.Fiber<void> | undefined
  let state: JobState.JobState = { _tag: "Submitted", ref, at: ref.submittedAt, polls: 0 }
  let polls = 0
  let budget = Budget.fresh
  let planned = 0
  // Where the first poll comes at once, its wait is skipped and not forgotten: a look that is cut must not be repeated at once.
  const first = yield* plan({ now: setting.since })
  let next = setting.eager ? setting.since : setting.since + first
  /** Before this neither the floor nor `Retry-After` lets anybody look. */
  let allowed = setting.since
  /** When the last poll was begun. */
  let begun = Number.NEGATIVE_INFINITY
  /** When the job was known not to have ended, of the time that somebody watches. */
  let unfinished = Number.NEGATIVE_INFINITY
  /** The state in which this job counts as watched. */
  let counted: JobState.JobState["_tag"] | undefined

  function plan(last: { readonly now: number; readonly retryAfter?: number | undefined }) {
    const look = { state, polls, failures: budget.failures, age: Math.max(0, last.now - born), retryAfter: last.retryAfter }
    return Effect.map(waitOf(step, last.now, look), (wait) => (planned = wait))
  }

  const retries = setting.pollRetry ?? defaultPollRetry(() => planned)
  let retry: Begun<JobError> | undefined
  /** The wait that the retry schedule asks for after a look: 0 unless it was missed, infinite where the schedule has ended. */
  const retryWait = Effect.fnUntraced(function* (now: number, seen: Reading) {
    if (seen._tag === "Missed") {
      retry ??= yield* Schedule.toStep(retries)
      return yield* waitOf(retry, now, lost(reasonOf(seen)))
    }
    if (budget.failures === 0) retry = undefined
    return 0
  })

  /** Whether the last poll was the one at the deadline. A timer may wake a hair too early. */
  const isLast = (): boolean => begun >= deadline - 1
  /** When the next poll is due: by the pace, but at the deadline for the last time, if that is allowed. */
  const due = (): number => (next < deadline || isLast() ? next : Math.max(deadline, allowed))

  /** From one poll to the next. A pace that has ended has none. */
  const distance = (): number => (Number.isFinite(planned) ? planned : definition.polling.minInterval)

  const count = (as: JobState.JobState["_tag"] | undefined): Effect.Effect<void> =>
    Effect.suspend(() => {
      const was = counted
      counted = as
      if (was === as) return Effect.void
      const less = was === undefined ? Effect.void : Meter.watched(definition.name, was, -1)
      return as === undefined ? less : Effect.andThen(less, Meter.watched(definition.name, as, 1))
    })

  /**
   * Who listens to the end may leave at once, and must not take with them what the journal is still to be told. `lag`: how long ago the
   * job may have ended, in milliseconds.
   */
  const publish = (seen: Observation, lag?: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const moved = JobState.advance(state, seen)
      if (moved === undefined) return Effect.void
      const entered = moved._tag === state._tag ? Effect.void : Meter.came(definition.name, moved._tag)
      state = moved
      for (const listener of listeners) {
        Queue.offerUnsafe(listener, moved)
        if (JobState.isTerminal(moved)) Queue.endUnsafe(listener)
      }
      if (!JobState.isTerminal(moved)) return Effect.andThen(entered, count(moved._tag))
      const known = lag === undefined ? Effect.void : Meter.lagged(definition.name, lag, seen)
      return Effect.all([entered, count(undefined), known, entry.ended(moved)], { discard: true })
    }).pipe(Effect.uninterruptible)

  const lost = (reason: Reason): JobError => new JobError({ reason, provider: definition.name, operation: "poll", attempt: polls, ref })

  /** The deadline has passed. Whoever watches after those who are told this has a whole one. */
  const tooLong = (reason: DeadlineExceeded): JobError => {
    expired = true
    return lost(reason)
  }

  /** The end of watching, and no state of the job. Whoever watches again has the whole patience again. */
  const gaveUp = (because: Missed | NotFoundReading | Refused): JobError => {
    budget = Budget.fresh
    retry = undefined
    return lost(reasonOf(because))
  }

  /** A look begins when its turn has come. Answers with the longest that it may take. */
  const begin = Effect.map(Effect.andThen(Meter.polled(definition.name), monotonic), (now) => {
    begun = now
    // Where this poll is cut short, the next one keeps its distance all the same.
    next = begun + distance()
    allowed = begun + Math.min(definition.polling.minInterval, distance())
    polls += 1
    return isLast() ? Math.min(lastLook, setting.requestTimeout) : Math.min(setting.requestTimeout, Math.max(1000, deadline - begun))
  })

  /** What an answer says to one who is known to own the job. */
  const asOwner = (reading: Reading): Reading => {
    if (reading._tag === "Refused" && reading.reason === "Unauthorized" && (owned || owns(mine, whose, ref))) {
      return { _tag: "Missed", because: "unauthorized", detail: `HTTP ${reading.status}, ${reading.message}` }
    }
    if (!owned && isAnswer(reading)) {
      owned = true
      own(mine, whose, ref)
    }
    return reading
  }

  const look = () =>
    Trace.span("reelay.poll", { kind: "client", attributes: { ...Trace.apiOf(provider), ...Trace.jobOf(ref) } }, (span) =>
      Effect.gen(function* () {
        const asking = definition.poll(ref)
        const asked = Effect.flatMap(begin, (within) => call(provider, "poll", asking, within))
        const answer = yield* whenAdmitted(account, deadline - (yield* monotonic), (listen) => listen(asked)).pipe(
          Effect.catch((silence) =>
            silence._tag === "NotAdmitted" ? Effect.fail(tooLong(tooLate(setting, state, silence))) : Effect.succeed(missed(silence))
          )
        )
        const at = yield* Clock.currentTimeMillis
        const reading = "_tag" in answer ? answer : asOwner(read(provider, ref, asking, answer))
        const stay = "_tag" in answer ? undefined : retryAfter(answer.headers, at)
        const payload = setting.raw && !("_tag" in answer) ? { raw: parseJson(answer.body) ?? answer.body } : {}
        yield* Effect.logDebug(
          `Poll ${polls} of ${definition.name} job ${ref.id}: ${"_tag" in answer ? "" : `HTTP ${answer.status}, `}${told(reading)}`
        )
        span.attribute("reelay.attempt", polls)
        span.attribute("reelay.reading", reading._tag)
        if (!("_tag" in answer)) span.attribute("http.response.status_code", answer.status)
        const because = reading._tag === "Missed" ? reading.because : reading._tag === "NotFound" ? "not-found" : undefined
        if (because !== undefined) {
          span.attribute("error.type", because)
          yield* Meter.failedPoll(definition.name, because)
        }
        return { seen: { ...reading, ...payload, at, poll: polls }, stay }
      })
    )

  /** Answers with the look that saw the end. */
  const untilEnd = Effect.gen(function* () {
    while (!JobState.isTerminal(state)) {
      yield* Effect.sleep(Duration.millis(Math.max(0, due() - (yield* monotonic))))
      const { seen, stay } = yield* look()
      const last = isLast()
      const now = yield* monotonic
      const [spent, verdict] = Budget.spend(budget, seen, now - born, limits)
      // Whoever comes back after this watcher has given up comes no earlier than it would have looked again.
      next = now + Math.max(distance(), stay ?? 0)
      allowed = Math.max(allowed, now + (stay ?? 0))
      budget = spent
      if (verdict._tag === "GiveUp") return yield* gaveUp(verdict.because)
      if (verdict._tag === "Observe") {
        if (JobState.isTerminal(JobState.advance(state, seen) ?? state)) return { seen, lag: now - unfinished }
        yield* publish(seen)
        if (seen._tag === "Queued" || seen._tag === "Running") unfinished = begun
      }
      if (last) return yield* tooLong(timeUp(setting, state, seen))
      yield* plan({ now, retryAfter: stay })
      const again = yield* retryWait(now, seen)
      if (seen._tag === "Missed" && again === Number.POSITIVE_INFINITY) return yield* gaveUp(seen)
      const then = nextPoll({
        begun,
        now,
        planned,
        retry: again,
        retryAfter: stay ?? 0,
        minInterval: definition.polling.minInterval,
        deadline
      })
      yield* Effect.logDebug(
        `${then._tag === "Poll" ? "Polling" : "Giving up on"} ${definition.name} job ${ref.id} in ${Math.round(then.at - now) / 1000} s`
      )
      if (then._tag === "Poll") {
        next = then.at
        // The floor of this poll's own pace, which may have become faster than that of the one before.
        allowed = Math.min(allowed, next)
      } else {
        yield* Effect.sleep(Duration.millis(Math.max(0, then.at - now)))
        return yield* tooLong(timeUp(setting, state, seen))
      }
    }
    return undefined
  }).pipe(Effect.provideService(HttpClient.HttpClient, client), Effect.provideService(Limits, shared))

  /** One stretch of watching. Once the end is seen, who leaves cuts neither what is told of it nor the span. */
  const poll = Effect.uninterruptibleMask((restore) =>
    Trace.watchSession(ref, (span) =>
      Effect.gen(function* () {
        unfinished = yield* monotonic
        if (expired) {
          expired = false
          deadline = unfinished + setting.deadline
        }
        yield* count(JobState.isTerminal(state) ? undefined : state._tag)
        const end = yield* restore(untilEnd)
        if (end !== undefined) yield* publish(end.seen, end.lag)
      }).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            span.attribute("reelay.job.state", state._tag)
            span.attribute("reelay.polls", polls)
          })
        )
      )
    )
  )

  /**
   * Tells everybody how the poller ended; whoever listens next starts another. One that was left may take its time to end: by then it
   * is the poller no more, and what listens is its successor's.
   */
  const ended = (self: Fiber.Fiber<void>, exit: Exit.Exit<void, JobError>): void => {
    if (poller !== self) return
    poller = undefined
    if (Exit.isSuccess(exit)) return
    // A copy: who fails may listen again at once, and that is a new listener.
    for (const listener of Array.from(listeners)) Queue.failCauseUnsafe(listener, exit.cause)
  }

  /** A poller that has a successor leaves it what it holds, and those who are yet to read the end keep it until they have. */
  const letGo = (self: Fiber.Fiber<void>): Effect.Effect<void> => {
    if (poller !== undefined && poller !== self) return Effect.void
    if (JobState.isTerminal(state)) return listeners.size > 0 ? Effect.void : entry.left
    return Effect.andThen(count(undefined), entry.left)
  }

  // One synchronous step, so that two who join at once start one poller. Its failure travels through the queues: as a fiber of
  // its own it must not be reported as unhandled.
  const started = (context: Context.Context<never>): Fiber.Fiber<void> => {
    const self: Fiber.Fiber<void> = Effect.runForkWith(context)(
      Effect.yieldNow.pipe(
        Effect.andThen(entry.begun),
        Effect.andThen(poll),
        Effect.onExit((exit) =>
          Effect.andThen(
            Effect.suspend(() => letGo(self)),
            Effect.sync(() => ended(self, exit))
          )
        ),
        Effect.ignoreCause
      )
    )
    return self
  }

  const join = Effect.gen(function* () {
    const listener: Listener = yield* Queue.unbounded<JobState.JobState, JobError | Cause.Done>()
    const context = yield* Effect.context()
    Queue.offerUnsafe(listener, state)
    if (JobState.isTerminal(state)) Queue.endUnsafe(listener)
    else {
      listeners.add(listener)
      poller ??= started(context)
    }
    return listener
  })

  const leave = (listener: Listener) =>
    Effect.suspend(() => {
      listeners.delete(listener)
      if (listeners.size > 0) return Effect.void
      if (poller === undefined) return entry.left
      const idle = poller
      poller = undefined
      return Fiber.interrupt(idle)
    })

  const watch: Watch = {
    current: () => state,
    states: Stream.unwrap(Effect.map(Effect.acquireRelease(join, leave), (listener) => Stream.fromQueue(listener))),
    observe: (seen) =>
      Clock.currentTimeMillis.pipe(
        Effect.flatMap((at) => publish({ ...seen, at, poll: polls })),
        Effect.map(() => state)
      )
  }
  return watch
})

/** Whether a provider has answered for this job, whatever it said of it. */
const isAnswer = (reading: Reading): boolean => {
  switch (reading._tag) {
    case "Queued":
    case "Running":
    case "Succeeded":
    case "Failed":
    case "Expired":
    case "Cancelled":
    case "Unrecognised":
      return true
    case "Missed":
    case "NotFound":
    case "Refused":
      return false
  }
}

/** A reading in a few words. What came from outside is an excerpt, and what may be signed is left out. */
const told = (reading: Reading): string => {
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
      return `an unknown word, "${excerpt(reading.word)}"`
    case "Missed":
    case "NotFound":
      return `${reading._tag}: ${excerpt(reading.detail)}`
    case "Refused":
      return `Refused: ${excerpt(reading.message)}`
  }
}

const missed = ({ because, detail }: NoAnswer): Missed => ({
  _tag: "Missed",
  because: because === "timeout" ? "timeout" : "network",
  detail
})

const reasonOf = (because: Missed | NotFoundReading | Refused): Reason => {
  switch (because._tag) {
    case "NotFound":
      return new NotFound({ detail: because.detail })
    case "Refused":
      switch (because.reason) {
        case "Unauthorized":
          return new Unauthorized({ detail: `HTTP ${because.status}, ${because.message}` })
        case "PaymentRequired":
          return new PaymentRequired({ detail: `HTTP ${because.status}, ${because.message}` })
        case "PollRejected":
          return new PollRejected({ status: because.status, code: because.code, detail: because.message })
      }
    case "Missed":
      switch (because.because) {
        case "unreadable":
          return new BadPayload({ expected: "the documented JSON", excerpt: because.detail })
        case "rate-limited":
          return new RateLimited({ detail: because.detail })
        case "unauthorized":
          return new Unauthorized({ detail: because.detail })
        case "network":
        case "timeout":
        case "server":
        case "query-failed":
          return new Unreachable({ detail: because.detail })
      }
  }
}

const timeUp = ({ deadline }: Setting, state: JobState.JobState, seen: Reading): DeadlineExceeded => {
  const detail =
    seen._tag === "Unrecognised"
      ? `its status is "${seen.word}", which no document explains`
      : seen._tag === "Missed" || seen._tag === "NotFound"
        ? `the last poll failed: ${seen.detail}`
        : undefined
  return new DeadlineExceeded({ deadline, lastState: state._tag, detail })
}

const tooLate = ({ deadline }: Setting, state: JobState.JobState, { detail }: NotAdmitted): DeadlineExceeded =>
  new DeadlineExceeded({ deadline, lastState: state._tag, detail: `and the last poll had to wait: ${detail}` })
