/** What came of asking for a job, whether by a watch session or by one poll alone. */
import { excerpt, parseJson } from "../base/Text.ts"
import { JobError } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import type { Answer, Reading } from "../job/Reading.ts"
import type { NotAdmitted } from "../limits/admission.ts"
import { type Meaning, ofReading } from "../limits/meaning.ts"
import * as Poller from "../poll/Poller.ts"
import { reasonOf } from "../poll/reason.ts"
import type { Call, Provider } from "../provider/Provider.ts"
import { read } from "../provider/read.ts"
import { redactor } from "../provider/redact.ts"
import { retryAfter } from "../transport/retryAfter.ts"
import type { NoAnswer } from "../transport/Transport.ts"

/** An outcome as the poller and the limits take it. `now` is on the poller's time line, `at` on the wall clock. */
export const answeredBy = (
  provider: Provider<never>,
  ref: JobRef,
  call: Call,
  outcome: Answer | NoAnswer,
  { at, now, raw }: { readonly now: number; readonly at: number; readonly raw: boolean }
): Poller.Answered & { readonly meaning: Meaning } => {
  if ("_tag" in outcome) return { reading: missed(provider, outcome), meaning: "broken", now, at }
  const payload = raw ? { raw: parseJson(outcome.body) ?? outcome.body } : {}
  const reading = read(provider, ref, call, outcome)
  return { reading, meaning: ofReading(reading, outcome), now, at, retryAfter: retryAfter(outcome.headers, at), ...payload }
}

const missed = (provider: Provider<never>, { because, detail }: NoAnswer): Reading => ({
  _tag: "Missed",
  because: because === "timeout" ? "timeout" : "network",
  detail: excerpt(redactor(provider)(detail))
})

/** The last poll was not admitted before the deadline. */
export const tooLate = (poller: Poller.Poller, { detail }: NotAdmitted): ReturnType<typeof Poller.givenUp> =>
  Poller.givenUp(poller, `and the last poll had to wait: ${detail}`)

/** Sight of a job is lost. */
export const lostBy = (provider: Provider<never>, poller: Poller.Poller, because: Poller.Lost): JobError =>
  new JobError({
    reason: reasonOf(because, poller),
    provider: provider.definition.name,
    operation: "poll",
    attempt: poller.polls,
    ref: poller.state.ref
  })
