/** One poll without the sleep, for programs that keep the record elsewhere: a relay, a queue in a database. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { dueQueueOf } from "../base/dueQueue.ts"
import { flag } from "../request/optionRules.ts"
import type { Durations } from "../durations/Durations.ts"
import { InvalidRequest, type JobError } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import { isTerminal, type JobState } from "../job/JobState.ts"
import { whenAdmitted } from "../limits/admission.ts"
import * as Poller from "../poll/Poller.ts"
import { accountAt, providerAt } from "../provider/account.ts"
import { refusal, refuseProvider, refuseRef } from "../provider/check.ts"
import type { Provider } from "../provider/Provider.ts"
import { call } from "../transport/call.ts"
import type { ApiTransport } from "../transport/Transport.ts"
import { type AttachOptions, durationsOf, termsOf, timesOf } from "./options.ts"
import { learnFrom } from "./learning.ts"
import { answeredBy, lostBy, tooLate } from "./outcome.ts"

/** The outcome of one poll. */
export interface Polled {
  /** Replaces the record that was given. */
  readonly poller: Poller.Poller
  /** The new state. `undefined`: nothing changed. */
  readonly state: JobState | undefined
  /**
   * - `Poll`: again, no earlier than `at` (milliseconds, on the record's time line).
   * - `Lost`: the job's outcome can't be known. Polling it again starts with a full failure budget, or a new deadline.
   * - `Ended`: the state is terminal.
   */
  readonly next:
    | { readonly _tag: "Poll"; readonly at: number }
    | { readonly _tag: "Lost"; readonly error: JobError }
    | { readonly _tag: "Ended" }
}

/** How to poll, as functions of the last poll alone: a schedule lives in one process, but a stored record does not. */
const pureTermsOf = (
  provider: Provider<never>,
  options: AttachOptions
): (Poller.PureTerms & { readonly durations: Durations | undefined }) | InvalidRequest => {
  const times = timesOf(options, provider.definition.polling, { owned: flag })
  if (times._tag !== "Times") return times
  const { pace } = times
  if (typeof pace !== "function")
    return new InvalidRequest({ field: "pace", rule: "is a Schedule, which can't be stored: give a function" })
  if (Schedule.isSchedule(options.pollRetry)) {
    return new InvalidRequest({ field: "pollRetry", rule: "is a Schedule, which can't be stored: leave it out" })
  }
  return { ...termsOf(provider, times, options), pace, retry: Poller.backoff, durations: durationsOf(options, times) }
}

const checked = Effect.fnUntraced(function* (provider: Provider<never>, ref: JobRef, options: AttachOptions) {
  const fail = refusal(provider, "poll", ref)
  const terms = pureTermsOf(provider, options)
  if ("_tag" in terms) return yield* Effect.fail(fail(terms))
  const refused = refuseProvider(provider) ?? refuseRef(provider, ref, { anyAccount: options.anyAccount === true })
  if (refused !== undefined) return yield* Effect.fail(fail(refused))
  return { terms, there: providerAt(provider, ref.baseUrl) }
})

export const pollerOf = (
  provider: Provider<never>,
  ref: JobRef,
  { owned = false, ...options }: AttachOptions & { readonly owned?: boolean | undefined }
): Effect.Effect<Poller.Poller, JobError> =>
  Effect.gen(function* () {
    const { terms } = yield* checked(provider, ref, options)
    const clock = yield* Clock.Clock
    const now = dueQueueOf(clock).now()
    const fresh = Poller.attached(ref, terms, { now, at: clock.currentTimeMillisUnsafe(), owned })
    return Poller.first(fresh, terms.pace(Poller.lastPoll(fresh, now)), terms, true)
  })

export const pollOnce = (
  provider: Provider<never>,
  given: Poller.Poller,
  options: AttachOptions
): Effect.Effect<Polled, JobError, ApiTransport> =>
  Effect.gen(function* () {
    const { state } = given
    const { ref } = state
    const { terms, there } = yield* checked(provider, ref, options)
    const clock = yield* Clock.Clock
    const queue = dueQueueOf(clock)
    if (isTerminal(state)) return { poller: given, state: undefined, next: { _tag: "Ended" } }
    const due = Poller.due(given)
    if (queue.now() < Math.min(due, given.allowedAt)) return { poller: given, state: undefined, next: { _tag: "Poll", at: due } }
    const before = given.expired ? Poller.resumed(given, queue.now()) : given
    if (before.waiting !== null) {
      if (queue.now() < before.deadlineAt) return { poller: before, state: undefined, next: { _tag: "Poll", at: before.deadlineAt } }
      const { next, poller } = Poller.givenUp(before)
      return { poller, state: undefined, next: { _tag: "Lost", error: lostBy(there, poller, next.because) } }
    }
    const asking = there.definition.poll(ref)
    let begun = before
    const times = () => ({ now: queue.now(), at: clock.currentTimeMillisUnsafe(), raw: options.raw === true })
    const sent = Effect.suspend(() => {
      const { poller, within } = Poller.began(before, queue.now(), terms)
      begun = poller
      return Effect.map(call(there, "poll", asking, within), (answer) => {
        const read = answeredBy(there, ref, asking, answer, times())
        return { ...answer, read, meaning: read.meaning }
      })
    })
    const outcome = yield* whenAdmitted(accountAt(there), before.deadlineAt - queue.now(), (listen) => Effect.result(listen(sent))).pipe(
      Effect.catch((because) => Effect.succeed(because))
    )
    if (outcome._tag === "NotAdmitted") {
      const { next, poller } = tooLate(before, outcome)
      return { poller, state: undefined, next: { _tag: "Lost", error: lostBy(there, poller, next.because) } }
    }
    const asked = outcome._tag === "Success" ? outcome.success.read : answeredBy(there, ref, asking, outcome.failure, times())
    const answered = Poller.answered(begun, asked, terms, yield* Random.next)
    switch (answered.next._tag) {
      case "Ended":
        learnFrom(terms.durations, begun, answered.state, true)
        return { ...answered, state: answered.state, next: { _tag: "Ended" } }
      case "Lost":
        return { ...answered, state: answered.state, next: { _tag: "Lost", error: lostBy(there, answered.poller, answered.next.because) } }
      case "Poll":
      case "Wait":
        return { ...answered, state: answered.state, next: { _tag: "Poll", at: answered.next.at } }
    }
  })
