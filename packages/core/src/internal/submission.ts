/** From a request to a handle: all that is refused before a byte is sent, the intent, the POST. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import type { JobHandle, SubmitOptions } from "../Job.ts"
import type { JobError } from "../JobError.ts"
import type { JobRef } from "../JobRef.ts"
import type { Provider, Submission } from "../Provider.ts"
import { refusal, refuseProvider } from "./checked.ts"
import { watched } from "./handle.ts"
import * as Meter from "./meter.ts"
import { intend, type Notes, type Place, type Record } from "./record.ts"
import { defaultRetry, submit as post } from "./submit.ts"
import { type Times, timesOf } from "./times.ts"
import * as Trace from "./trace.ts"
import { monotonic } from "./watch.ts"

/** All that can be refused before a byte is sent. */
export const prepare = Effect.fnUntraced(function* <Request>(provider: Provider<Request>, request: Request, options: SubmitOptions) {
  const { definition } = provider
  const fail = refusal(provider, "submit")
  const times = timesOf(options, definition.rhythm)
  if (times._tag !== "Times") return yield* fail(times)
  const refused = refuseProvider(provider)
  if (refused !== undefined) return yield* fail(refused)
  const submission = yield* Effect.mapError(definition.submission(request), fail)
  return { provider, submission, times, options }
})

interface Prepared {
  readonly provider: Provider<never>
  readonly submission: Submission
  readonly times: Times
  readonly options: SubmitOptions
}

/** Writes the intent, posts, and watches. */
export const send = (
  { options, provider, submission, times }: Prepared,
  notes: Notes,
  place?: Place
): Effect.Effect<JobHandle, JobError, HttpClient.HttpClient> =>
  Trace.span("reelay.submit", { attributes: Trace.apiOf(provider) }, (span) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const since = yield* monotonic
        // An intent is written whole or not at all, and is settled whatever comes.
        const record = yield* intend(provider, submission, notes, place).pipe(
          Effect.mapError(refusal(provider, "submit")),
          Effect.tapError(({ reason }) => Meter.submitted(provider.definition.name, reason._tag))
        )
        const posted = post(provider, submission, {
          timeout: times.submit,
          deadline: since + times.deadline,
          retry: options.submitRetry ?? defaultRetry,
          record,
          onSubmitted: options.onSubmitted ?? (() => Effect.void),
          onUnknown: options.onUnknown ?? (() => Effect.void)
        })
        const ref = yield* restore(posted).pipe(
          Effect.ensuring(record.settled),
          Effect.onExit((exit) => submitted(provider, record, exit, span))
        )
        return yield* watched(provider, ref, options, times, since, false)
      })
    )
  )

/** What came of a submission, though its caller may have left. */
const submitted = (
  { definition: { name } }: Provider<never>,
  record: Record,
  exit: Exit.Exit<JobRef, JobError>,
  span: Tracer.Span
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const ref = record.ref()
    if (ref === undefined) {
      const error = Exit.isSuccess(exit) ? Option.none() : Cause.findErrorOption(exit.cause)
      const otherwise = record.isUnknown() ? "SubmitUnknown" : "Interrupted"
      return Meter.submitted(name, Option.match(error, { onNone: () => otherwise, onSome: ({ reason }) => reason._tag }))
    }
    span.attribute("reelay.job.id", ref.id)
    return Effect.all([Trace.originates(ref, span), Meter.submitted(name, "accepted"), Meter.came(name, "Submitted")], { discard: true })
  })
