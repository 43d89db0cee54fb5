/** The one request that costs money: sent once, never cut, repeated only where it surely was not accepted. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Tracer from "effect/Tracer"
import { JobError, PaymentRequired, RateLimited, SubmitRejected, SubmitUnknown, Unauthorized, Unreachable } from "../JobError.ts"
import type { Reason } from "../JobError.ts"
import type { JobRef } from "../JobRef.ts"
import type { Provider, Submission } from "../Provider.ts"
import type { Receipt } from "../Reading.ts"
import { excerpt } from "../Text.ts"
import { shownBy } from "./bearing.ts"
import { call } from "./call.ts"
import { accountOf } from "./checked.ts"
import { receive } from "./read.ts"
import type { Record } from "./record.ts"
import { retryAfter } from "./retryAfter.ts"
import * as Trace from "./trace.ts"
import { accountAt, inTurn, type Listen, type Withheld } from "./turn.ts"
import { waitOf } from "./waitOf.ts"
import { monotonic } from "./watch.ts"

/** Times are milliseconds. */
export interface Terms {
  readonly timeout: number
  /** On the monotonic clock: no wait for another try goes past it. */
  readonly deadline: number
  readonly retry: Schedule.Schedule<unknown, JobError>
  readonly record: Record
  readonly onSubmitted: (ref: JobRef) => Effect.Effect<void>
  readonly onUnknown: (error: JobError) => Effect.Effect<void>
}

/** How long an interruption waits for the id of a job that may be billed already. */
const grace = Duration.seconds(10)

/** Four more tries, after about 1, 2, 4 and 8 seconds; each wait is shorter or longer by up to a fifth. */
export const defaultRetry: Schedule.Schedule<unknown, JobError> = Schedule.exponential("1 second").pipe(
  Schedule.upTo({ times: 4 }),
  Schedule.jittered,
  Schedule.setInputType<JobError>()
)

type Outcome =
  | { readonly _tag: "Made"; readonly ref: JobRef }
  | { readonly _tag: "Again"; readonly error: JobError; readonly stay: number }
  | { readonly _tag: "Not"; readonly error: JobError }

export const submit = Effect.fnUntraced(function* (
  provider: Provider<never>,
  { call: request, kind }: Submission,
  terms: Terms
): Effect.fn.Return<JobRef, JobError, HttpClient.HttpClient> {
  const step = yield* Schedule.toStep(terms.retry)
  const account = accountAt(provider)
  for (let attempt = 1; ; attempt++) {
    // Until its turn has come nothing is sent: the wait may be cut.
    const outcome = yield* inTurn(account, terms.deadline - (yield* monotonic), (listen) =>
      uncut(provider, tryOnce(provider, request, kind, attempt, terms, listen), kind, attempt, terms)
    ).pipe(
      Effect.mapError(
        (held) => new JobError({ reason: heldBack(held), provider: provider.definition.name, operation: "submit", attempt: attempt - 1 })
      )
    )
    switch (outcome._tag) {
      case "Made":
        return outcome.ref
      case "Not":
        return yield* outcome.error
      case "Again": {
        const now = yield* monotonic
        const wait = Math.max(yield* waitOf(step, now, outcome.error), outcome.stay)
        if (now + wait >= terms.deadline) return yield* outcome.error
        yield* Effect.sleep(Duration.millis(wait))
      }
    }
  }
})

const tryOnce = (
  provider: Provider<never>,
  request: Submission["call"],
  kind: JobRef["kind"],
  attempt: number,
  terms: Terms,
  listen: Listen
): Effect.Effect<Outcome, never, HttpClient.HttpClient> =>
  Trace.span("reelay.submit.try", { kind: "client", attributes: { ...Trace.apiOf(provider), "reelay.attempt": attempt } }, (span) =>
    Effect.tap(tried(provider, request, kind, attempt, terms, listen, span), (outcome) =>
      Effect.sync(() => {
        if (outcome._tag === "Made") span.attribute("reelay.job.id", outcome.ref.id)
        else span.attribute("error.type", outcome.error.reason._tag)
      })
    )
  )

const tried = Effect.fnUntraced(function* (
  provider: Provider<never>,
  request: Submission["call"],
  kind: JobRef["kind"],
  attempt: number,
  { onSubmitted, record, timeout }: Terms,
  listen: Listen,
  span: Tracer.Span
): Effect.fn.Return<Outcome, never, HttpClient.HttpClient> {
  const { baseUrl, definition } = provider
  const failed = (reason: Reason, ref?: JobRef) =>
    new JobError({ reason, provider: definition.name, operation: "submit", attempt, ...(ref === undefined ? {} : { ref }) })
  const submittedAt = yield* Clock.currentTimeMillis
  yield* record.sending
  const sent = yield* Effect.result(listen(call(provider, "submit", request, timeout)))
  if (sent._tag === "Failure") {
    const { because, detail } = sent.failure
    if (because !== "unsent") return yield* lost(provider, kind, submittedAt, attempt, record, { detail })
    yield* record.refused
    return { _tag: "Again", error: failed(new Unreachable({ detail: `${baseUrl} can't be reached (${detail})` })), stay: 0 }
  }
  const answer = sent.success
  span.attribute("http.response.status_code", answer.status)
  const receipt = receive(provider, answer)
  yield* Effect.logDebug(`Submission ${attempt} to ${definition.name}: HTTP ${answer.status}, ${receipt._tag}`)
  switch (receipt._tag) {
    case "Accepted": {
      const ref: JobRef = { provider: definition.name, kind, id: receipt.id, baseUrl, account: accountOf(provider), submittedAt }
      const kept = yield* Effect.result(Effect.uninterruptible(record.accepted(ref)))
      // The job is made and may be billed: what a listener does with its reference can't undo that.
      yield* Effect.catchCause(onSubmitted(ref), (cause) => Effect.logWarning("onSubmitted failed; the job goes on", cause))
      return kept._tag === "Success" ? { _tag: "Made", ref } : { _tag: "Not", error: failed(kept.failure, ref) }
    }
    case "Busy": {
      yield* record.refused
      const now = yield* Clock.currentTimeMillis
      const stay = retryAfter(answer.headers, now) ?? 0
      return { _tag: "Again", error: failed(new RateLimited({ detail: `HTTP ${receipt.status}: ${receipt.message}` })), stay }
    }
    case "Declined":
      yield* record.refused
      return { _tag: "Not", error: failed(declined(receipt)) }
    case "Unclear": {
      const requestId = answer.headers["x-request-id"] ?? answer.headers["request-id"]
      return yield* lost(provider, kind, submittedAt, attempt, record, { detail: receipt.detail, requestId })
    }
  }
})

/** Nobody knows whether the job was accepted: that is written down, with all that helps to find it at the provider. */
const lost = Effect.fnUntraced(function* (
  provider: Provider<never>,
  kind: JobRef["kind"],
  at: number,
  attempt: number,
  record: Record,
  { detail, requestId }: { readonly detail: string; readonly requestId?: string | undefined }
): Effect.fn.Return<Extract<Outcome, { readonly _tag: "Not" }>> {
  const { baseUrl, definition } = provider
  const shown = requestId === undefined ? undefined : excerpt(shownBy(provider)(requestId))
  const reason = new SubmitUnknown({ detail, sent: { kind, at, baseUrl, account: accountOf(provider), requestId: shown } })
  yield* record.unknown(detail)
  return { _tag: "Not", error: new JobError({ reason, provider: definition.name, operation: "submit", attempt }) }
})

/**
 * Runs a try to its end even if the caller is interrupted: the provider may have accepted the job already. An interruption waits
 * for the id, at most 10 s; what came of it is reported, since nobody is left to return it to.
 */
const uncut = <R>(
  provider: Provider<never>,
  once: Effect.Effect<Outcome, never, R>,
  kind: JobRef["kind"],
  attempt: number,
  terms: Terms
): Effect.Effect<Outcome, never, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const { onUnknown, record } = terms
      const at = yield* Clock.currentTimeMillis
      const fiber = yield* Effect.forkDetach(once)
      return yield* restore(Fiber.join(fiber)).pipe(
        Effect.onInterrupt(() =>
          Effect.gen(function* () {
            const exit = yield* Effect.timeoutOption(Fiber.await(fiber), grace)
            if (Option.isNone(exit)) {
              yield* Fiber.interrupt(fiber)
              if (record.ref() !== undefined) return
              const detail = "it was interrupted, and no answer came within 10 s"
              yield* onUnknown((yield* lost(provider, kind, at, attempt, record, { detail })).error)
            } else if (Exit.isSuccess(exit.value) && exit.value.value._tag === "Not") {
              const { error } = exit.value.value
              if (error.reason._tag === "SubmitUnknown") yield* onUnknown(error)
            }
          })
        )
      )
    })
  )

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

const heldBack = ({ because, detail }: Withheld): Reason => {
  switch (because) {
    case "circuit":
      return new Unreachable({ detail: `${detail}; nothing was sent` })
    case "pause":
    case "rate":
      return new RateLimited({ detail: `${detail}; nothing was sent` })
  }
}
