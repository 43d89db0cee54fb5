/**
 * When to poll, how many failures to tolerate, and when to stop: all that watching one job needs to remember, as one record of plain JSON, and pure
 * functions over it.
 *
 * No clock, no Effect, no randomness of its own. Every time is milliseconds on one time line that looks like the epoch and never steps:
 * in a process the wall clock at its start plus the monotonic clock, in a database the database's clock.
 *
 * A shell does what the record says: it waits until `due`, calls `began`, sends, reads the answer, and calls `answered`.
 *
 * @since 0.1.0
 */
import type { JobRef } from "../job/JobRef.ts"
import { advance, isTerminal, type JobState } from "../job/JobState.ts"
import type { Missed, NotFound, Observation, Reading, Refused } from "../job/Reading.ts"
import { fresh, spend, type Tolerance } from "./Budget.ts"
import { nextPoll } from "./nextPoll.ts"
import type { LastPoll, PurePace } from "./Pace.ts"

/**
 * What watching one job needs to remember.
 *
 * @category models
 * @since 0.1.0
 */
export interface Poller {
  readonly version: 1
  /** The last state, with the job's reference. */
  readonly state: JobState
  /** Polls begun, failed and cut ones included. */
  readonly polls: number
  /** When the provider accepted the job. */
  readonly bornAt: number
  /** From submission, attachment or renewal until the deadline. */
  readonly deadlineMs: number
  readonly deadlineAt: number
  /** When pace, retry and `Retry-After` want the next poll. */
  readonly nextAt: number
  /** No poll is sent before: the minimum interval and `Retry-After` hold through joins, nudges and restarts. */
  readonly allowedAt: number
  /** When the last poll began. `null`: there was none. */
  readonly begunAt: number | null
  /** The wait that the pace last asked for. `null`: the pace has ended. */
  readonly plannedMs: number | null
  /** Since when the job may have ended unnoticed: the last poll that saw it unfinished, or the start of watching. */
  readonly unfinishedAt: number
  /** Failed polls in a row. */
  readonly failures: number
  /** Answers in a row that did not know the job. */
  readonly notFound: number
  /** Successes in a row that named no video. */
  readonly empty: number
  /** Whether a caller was given a DeadlineExceeded: the next watch session has a new deadline. */
  readonly expired: boolean
  /** Whether this account is known to own the job: then a 401 or 403 is a failed poll. */
  readonly owned: boolean
  /** No further poll is allowed before the deadline: the poller waits for it, and this is the detail of its error. */
  readonly waiting: string | null
}

/**
 * How to poll, from a provider's policy and a caller's options. Only `answered` calls `pace` and `retry`; a shell that steps schedules calls `heard`
 * and `planned` instead.
 *
 * @category models
 * @since 0.1.0
 */
export interface Terms {
  /** The least time from one poll to the next, unless the pace itself is faster. Milliseconds. */
  readonly minInterval: number
  /** The longest that one poll may take. Milliseconds. */
  readonly requestTimeout: number
  /** Milliseconds. */
  readonly deadline: number
  readonly tolerance: Tolerance
}

/** @category models */
export interface PureTerms extends Terms {
  readonly pace: PurePace
  readonly retry: Retry
}

/**
 * The wait after a failed poll, in milliseconds; the longest of this, the pace and `Retry-After` counts, and `Infinity` gives up.
 *
 * @category models
 * @since 0.1.0
 */
export type Retry = (failed: {
  /** Failed polls in a row, this one included. */
  readonly failures: number
  /** What the pace asks for, in milliseconds. */
  readonly paced: number
  /** From 0 to 1, drawn by the shell. */
  readonly random: number
}) => number

/**
 * What came of one poll.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answered {
  readonly reading: Reading
  /** Now, on the record's time line. */
  readonly now: number
  /** Now, on the wall clock: milliseconds since the epoch. */
  readonly at: number
  /** How long the provider asks to wait, in milliseconds. */
  readonly retryAfter?: number | undefined
  /** The payload, if states are to carry it. */
  readonly raw?: unknown
}

/**
 * Why sight of the job is lost.
 *
 * @category models
 * @since 0.1.0
 */
export type Lost = Missed | NotFound | Refused | Deadline

/** @category models */
export interface Deadline {
  readonly _tag: "Deadline"
  /** What was seen last, as a part of a sentence. Empty: nothing to report. */
  readonly detail: string
}

/**
 * What to do next.
 *
 * - `Poll`: at `at`.
 * - `Wait`: until `at`, and then `givenUp`: no poll is allowed before the deadline.
 * - `Lost`: nothing; a shell that watches again calls `resumed`.
 * - `Ended`: nothing, ever. `lagMs`: how long ago the job may have ended.
 *
 * @category models
 * @since 0.1.0
 */
export type Next =
  | { readonly _tag: "Poll"; readonly at: number }
  | { readonly _tag: "Wait"; readonly at: number }
  | { readonly _tag: "Lost"; readonly because: Lost }
  | { readonly _tag: "Ended"; readonly lagMs: number }

/** An answer is read, and the pace's wait is needed: `planned` is next. */
interface Plan {
  readonly _tag: "Plan"
  readonly last: LastPoll
}

/** The longest that the poll at the deadline may take. */
const lastPollMs = 10_000

/** The least time that a poll has, however near the deadline is. */
const leastMs = 1000

/** The longest wait after failed polls. A slower pace stays as it is: the longer wait counts. */
const longestRetryMs = 60_000

/**
 * The default `Retry`. After one failed poll the pace alone counts. From the second on the pace's wait doubles with each, longer by up to a quarter,
 * at most a minute, so that the watchers of a provider that was down do not all return at once.
 *
 * @category constants
 * @since 0.1.0
 */
export const backoff: Retry = ({ failures, paced, random }) =>
  failures < 2 ? 0 : Math.min(longestRetryMs, paced * 2 ** Math.min(failures - 1, 30) * (1 + random / 4))

const start = (ref: JobRef, terms: Terms, since: number, bornAt: number, owned: boolean): Poller => ({
  version: 1,
  state: { _tag: "Submitted", ref, at: ref.submittedAt, polls: 0 },
  polls: 0,
  bornAt,
  deadlineMs: terms.deadline,
  deadlineAt: since + terms.deadline,
  nextAt: since,
  allowedAt: since,
  begunAt: null,
  plannedMs: null,
  unfinishedAt: since,
  failures: fresh.failures,
  notFound: fresh.notFound,
  empty: fresh.empty,
  expired: false,
  owned,
  waiting: null
})

/**
 * A job that was submitted: its POST began at `since`, and it was accepted by `now`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const submitted = (ref: JobRef, terms: Terms, { now, since = now }: { readonly now: number; readonly since?: number }): Poller =>
  start(ref, terms, since, now, true)

/**
 * A job that is attached to. Its age comes from the reference and the wall clock, and is never below 0. `owned`: this account is known to have
 * submitted it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const attached = (
  ref: JobRef,
  terms: Terms,
  { at, now, owned = false }: { readonly now: number; readonly at: number; readonly owned?: boolean }
): Poller => start(ref, terms, now, now - Math.max(0, at - ref.submittedAt), owned)

/**
 * Plans the first poll: `wait` after submission, or at once after attachment. Both book the distance to the next, for a poll that is cut.
 *
 * @category combinators
 * @since 0.1.0
 */
export const first = (poller: Poller, wait: number, terms: Terms, eager: boolean): Poller => {
  const plannedMs = booked(wait, terms)
  const nextAt = eager ? poller.nextAt : poller.nextAt + (plannedMs ?? Number.POSITIVE_INFINITY)
  return { ...poller, plannedMs, nextAt: Math.min(nextAt, Math.max(poller.nextAt, poller.deadlineAt)) }
}

/** The argument of the pace. */
export const lastPoll = ({ bornAt, failures, polls, state }: Poller, now: number, retryAfter?: number): LastPoll => ({
  state,
  polls,
  failures,
  age: Math.max(0, now - bornAt),
  retryAfter
})

const booked = (wait: number, { minInterval }: Terms): number | null => {
  if (Number.isNaN(wait)) return minInterval
  return Number.isFinite(wait) ? Math.max(0, wait) : null
}

/** Whether the last poll was the one at the deadline. A timer may wake a hair too early. */
const isLast = ({ begunAt, deadlineAt }: Poller): boolean => begunAt !== null && begunAt >= deadlineAt - 1

/** The time from one poll to the next. After a pace has ended: the minimum interval. */
const distance = ({ plannedMs }: Poller, { minInterval }: Terms): number => plannedMs ?? minInterval

/**
 * When the next action is due: by the pace, and at the deadline for the last time, if that is allowed.
 *
 * @category getters
 * @since 0.1.0
 */
export const due = (poller: Poller): number => {
  const { allowedAt, deadlineAt, nextAt, waiting } = poller
  if (waiting !== null) return deadlineAt
  return nextAt < deadlineAt || isLast(poller) ? nextAt : Math.max(deadlineAt, allowedAt)
}

/**
 * A poll begins: `within` is the longest that it may take, in milliseconds. Books the next one as if this one were cut.
 *
 * @category combinators
 * @since 0.1.0
 */
export const began = (poller: Poller, now: number, terms: Terms): { readonly poller: Poller; readonly within: number } => {
  const far = distance(poller, terms)
  const then: Poller = {
    ...poller,
    polls: poller.polls + 1,
    begunAt: now,
    nextAt: now + far,
    allowedAt: now + Math.min(terms.minInterval, far),
    waiting: null
  }
  const { requestTimeout } = terms
  return {
    poller: then,
    within: isLast(then) ? Math.min(lastPollMs, requestTimeout) : Math.min(requestTimeout, Math.max(leastMs, then.deadlineAt - now))
  }
}

/** Whether a provider has answered for this job, whatever the answer. */
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

/**
 * Reads a 401 or 403 as a failed poll if this account is known to own the job: its key has run out of credit, or the provider is confused, and the
 * job still exists and is paid for.
 *
 * @category combinators
 * @since 0.1.0
 */
export const readAs = (reading: Reading, owned: boolean): Reading =>
  owned && reading._tag === "Refused" && reading.reason === "Unauthorized"
    ? { _tag: "Missed", because: "unauthorized", detail: `HTTP ${reading.status}, ${reading.message}` }
    : reading

/**
 * Reads the answer to a poll. Returns the record, the state if it changed, and what to do; after `Plan`, call `planned`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const heard = (
  poller: Poller,
  { at, now, raw, reading: said, retryAfter = 0 }: Answered,
  terms: Terms
): { readonly poller: Poller; readonly state?: JobState | undefined; readonly next: Plan | Extract<Next, { _tag: "Lost" | "Ended" }> } => {
  const reading = readAs(said, poller.owned)
  const [{ empty, failures, notFound }, verdict] = spend(poller, reading, now - poller.bornAt, terms.tolerance)
  const isSeen = verdict._tag === "Observe"
  const seen: Observation = { ...reading, at, poll: poller.polls, ...(raw === undefined ? {} : { raw }) }
  const state = isSeen ? advance(poller.state, seen) : undefined
  const isPending = isSeen && (reading._tag === "Queued" || reading._tag === "Running")
  const isGivenUp = verdict._tag === "GiveUp"
  const isOver = state !== undefined && isTerminal(state)
  const isExpired = !isGivenUp && !isOver && isLast(poller)
  const then: Poller = {
    ...poller,
    state: state ?? poller.state,
    // A session that follows one that gave up polls no earlier than that one would have.
    nextAt: now + Math.max(distance(poller, terms), retryAfter),
    allowedAt: Math.max(poller.allowedAt, now + retryAfter),
    unfinishedAt: isPending && poller.begunAt !== null ? poller.begunAt : poller.unfinishedAt,
    failures: isGivenUp ? 0 : failures,
    notFound: isGivenUp ? 0 : notFound,
    empty: isGivenUp ? 0 : empty,
    expired: poller.expired || isExpired,
    owned: poller.owned || isAnswer(reading)
  }
  if (isGivenUp) return { poller: then, next: { _tag: "Lost", because: verdict.because } }
  if (isOver) return { poller: then, state, next: { _tag: "Ended", lagMs: now - poller.unfinishedAt } }
  if (isExpired) return { poller: then, state, next: { _tag: "Lost", because: { _tag: "Deadline", detail: lastWords(reading) } } }
  return { poller: then, state, next: { _tag: "Plan", last: lastPoll(then, now, retryAfter === 0 ? undefined : retryAfter) } }
}

/**
 * Plans the next poll, after `heard`: `wait` is the pace's, and `retry` is the wait after a failed poll, 0 after any other.
 *
 * @category combinators
 * @since 0.1.0
 */
export const planned = (
  poller: Poller,
  {
    now,
    reading: said,
    retry,
    retryAfter = 0,
    wait
  }: Pick<Answered, "now" | "reading" | "retryAfter"> & { readonly wait: number; readonly retry: number },
  terms: Terms
): { readonly poller: Poller; readonly next: Exclude<Next, { _tag: "Ended" }> } => {
  const plannedMs = booked(wait, terms)
  const reading = readAs(said, poller.owned)
  if (reading._tag === "Missed" && retry === Number.POSITIVE_INFINITY) {
    return { poller: { ...poller, plannedMs, ...fresh }, next: { _tag: "Lost", because: reading } }
  }
  const { at, _tag } = nextPoll({
    begun: poller.begunAt ?? now,
    now,
    planned: plannedMs ?? Number.POSITIVE_INFINITY,
    retry,
    retryAfter,
    minInterval: terms.minInterval,
    deadline: poller.deadlineAt
  })
  if (_tag === "GiveUp") return { poller: { ...poller, plannedMs, waiting: lastWords(reading) }, next: { _tag: "Wait", at } }
  // The least interval of this poll's own pace, which may have become faster than that of the one before.
  return { poller: { ...poller, plannedMs, nextAt: at, allowedAt: Math.min(poller.allowedAt, at) }, next: { _tag: "Poll", at } }
}

/**
 * The answer to a poll, for a pace and a retry that are functions: `heard`, and `planned` if there is more to come. `random` is from 0 to 1.
 *
 * @category combinators
 * @since 0.1.0
 */
export const answered = (
  poller: Poller,
  answer: Answered,
  terms: PureTerms,
  random: number
): { readonly poller: Poller; readonly state?: JobState | undefined; readonly next: Next } => {
  const { next, poller: then, state } = heard(poller, answer, terms)
  if (next._tag !== "Plan") return { poller: then, state, next }
  const wait = terms.pace(next.last)
  const hasFailed = readAs(answer.reading, then.owned)._tag === "Missed"
  const retry = hasFailed ? terms.retry({ failures: then.failures, paced: booked(wait, terms) ?? terms.minInterval, random }) : 0
  return { state, ...planned(then, { ...answer, wait, retry }, terms) }
}

/**
 * Gives up: the deadline has come, or it passed before the last poll was admitted. The next watch session has a new one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const givenUp = (
  poller: Poller,
  detail: string = poller.waiting ?? ""
): { readonly poller: Poller; readonly next: { readonly _tag: "Lost"; readonly because: Deadline } } => ({
  poller: { ...poller, expired: true, waiting: null },
  next: { _tag: "Lost", because: { _tag: "Deadline", detail } }
})

/**
 * Applies what was learnt without a poll: a confirmed cancellation, or a verified webhook.
 *
 * @category combinators
 * @since 0.1.0
 */
export const observed = (poller: Poller, seen: Observation): { readonly poller: Poller; readonly state?: JobState | undefined } => {
  const state = advance(poller.state, seen)
  return state === undefined ? { poller } : { poller: { ...poller, state }, state }
}

/**
 * Watching starts again: the time in between does not count as lag, and after a DeadlineExceeded the deadline starts anew.
 *
 * @category combinators
 * @since 0.1.0
 */
export const resumed = (poller: Poller, now: number): Poller => ({
  ...poller,
  unfinishedAt: now,
  waiting: null,
  ...(poller.expired ? { expired: false, deadlineAt: now + poller.deadlineMs } : {})
})

/**
 * Brings the next poll forward to as soon as it is allowed, after a hint: back online, a tab that became visible, a webhook.
 *
 * @category combinators
 * @since 0.1.0
 */
export const nudged = (poller: Poller, now: number): Poller => ({
  ...poller,
  nextAt: Math.min(poller.nextAt, Math.max(poller.allowedAt, now))
})

/**
 * Moves the record to another time line, `by` milliseconds later, when it passes from one clock to another.
 *
 * @category combinators
 * @since 0.1.0
 */
export const rebased = (poller: Poller, by: number): Poller => ({
  ...poller,
  bornAt: poller.bornAt + by,
  deadlineAt: poller.deadlineAt + by,
  nextAt: poller.nextAt + by,
  allowedAt: poller.allowedAt + by,
  begunAt: poller.begunAt === null ? null : poller.begunAt + by,
  unfinishedAt: poller.unfinishedAt + by
})

const lastWords = (reading: Reading): string => {
  if (reading._tag === "Unrecognised") return `its status is "${reading.word}", which no document explains`
  return reading._tag === "Missed" || reading._tag === "NotFound" ? `the last poll failed: ${reading.detail}` : ""
}
