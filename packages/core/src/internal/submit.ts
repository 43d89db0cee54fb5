/** The one request that costs money: sent once, never cut, repeated only where it surely was not accepted. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { JobError, PaymentRequired, RateLimited, SubmitRejected, SubmitUnknown, Unauthorized, Unreachable } from "../JobError.ts"
import type { Reason } from "../JobError.ts"
import type { JobRef } from "../JobRef.ts"
import type { Provider, Submission } from "../Provider.ts"
import type { Receipt } from "../Reading.ts"
import { call } from "./call.ts"
import { accountOf } from "./checked.ts"
import { receive } from "./read.ts"
import { retryAfter } from "./retryAfter.ts"
import { waitOf } from "./waitOf.ts"
import { monotonic } from "./watch.ts"

/** Times are milliseconds. */
export interface Terms {
  readonly timeout: number
  /** On the monotonic clock: no wait for another try goes past it. */
  readonly deadline: number
  readonly retry: Schedule.Schedule<unknown, JobError>
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
  for (let attempt = 1; ; attempt++) {
    const outcome = yield* uncut(provider, tryOnce(provider, request, kind, attempt, terms), attempt, terms)
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

const tryOnce = Effect.fn("reelay.submit.try")(function* (
  provider: Provider<never>,
  request: Submission["call"],
  kind: JobRef["kind"],
  attempt: number,
  { onSubmitted, timeout }: Terms
): Effect.fn.Return<Outcome, never, HttpClient.HttpClient> {
  const { baseUrl, definition } = provider
  const failed = (reason: Reason) => new JobError({ reason, provider: definition.name, operation: "submit", attempt })
  const submittedAt = yield* Clock.currentTimeMillis
  const sent = yield* Effect.result(call(provider, "submit", request, timeout))
  if (sent._tag === "Failure") {
    const { because, detail } = sent.failure
    return because === "unsent"
      ? { _tag: "Again", error: failed(new Unreachable({ detail: `${baseUrl} can't be reached (${detail})` })), stay: 0 }
      : { _tag: "Not", error: failed(new SubmitUnknown({ detail })) }
  }
  const answer = sent.success
  const receipt = receive(provider, answer)
  yield* Effect.logDebug(`Submission ${attempt} to ${definition.name}: HTTP ${answer.status}, ${receipt._tag}`)
  switch (receipt._tag) {
    case "Accepted": {
      const ref: JobRef = { provider: definition.name, kind, id: receipt.id, baseUrl, account: accountOf(provider), submittedAt }
      // The job is made and may be billed: what a listener does with its reference can't undo that.
      yield* Effect.catchCause(onSubmitted(ref), (cause) => Effect.logWarning("onSubmitted failed; the job goes on", cause))
      return { _tag: "Made", ref }
    }
    case "Busy": {
      const now = yield* Clock.currentTimeMillis
      const stay = retryAfter(answer.headers, now) ?? 0
      return { _tag: "Again", error: failed(new RateLimited({ detail: `HTTP ${receipt.status}: ${receipt.message}` })), stay }
    }
    case "Declined":
      return { _tag: "Not", error: failed(declined(receipt)) }
    case "Unclear":
      return { _tag: "Not", error: failed(new SubmitUnknown({ detail: receipt.detail })) }
  }
})

/**
 * Runs a try to its end even if the caller is interrupted: the provider may have accepted the job already. An interruption waits
 * for the id, at most 10 s; what came of it is reported, since nobody is left to return it to.
 */
const uncut = <R>(
  provider: Provider<never>,
  once: Effect.Effect<Outcome, never, R>,
  attempt: number,
  { onUnknown }: Terms
): Effect.Effect<Outcome, never, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkDetach(once)
      return yield* restore(Fiber.join(fiber)).pipe(
        Effect.onInterrupt(() =>
          Effect.gen(function* () {
            const exit = yield* Effect.timeoutOption(Fiber.await(fiber), grace)
            if (Option.isNone(exit)) {
              yield* Fiber.interrupt(fiber)
              const detail = "it was interrupted, and no answer came within 10 s"
              const reason = new SubmitUnknown({ detail })
              yield* onUnknown(new JobError({ reason, provider: provider.definition.name, operation: "submit", attempt }))
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
