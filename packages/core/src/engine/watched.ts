/** One job that is watched: its result and its cancellation. What callers keep of it is a view of this. */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { dueQueueOf } from "../base/dueQueue.ts"
import { endOf, type JobCancelled, type JobError, type JobExpired, type JobFailed } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import { isTerminal, type Succeeded, type Terminal } from "../job/JobState.ts"
import { jobEntry } from "../journal/jobEntry.ts"
import { accountKey, askedOf } from "../journal/keys.ts"
import { memory } from "../journal/memory.ts"
import { admissionOf, Limits, whenAdmitted } from "../limits/admission.ts"
import { ofReading } from "../limits/meaning.ts"
import * as Poller from "../poll/Poller.ts"
import { accountAt } from "../provider/account.ts"
import type { Provider } from "../provider/Provider.ts"
import * as Trace from "../telemetry/trace.ts"
import { call } from "../transport/call.ts"
import { ApiTransport, type Transport } from "../transport/Transport.ts"
import type { CancelOutcome, JobHandle } from "./JobHandle.ts"
import { durationsOf, termsOf, type Times, warnOfHaste, type WatchOptions } from "./options.ts"
import { type Listener, Watch, type Watching } from "./watching.ts"

export const watched = Effect.fnUntraced(function* (
  provider: Provider<never>,
  ref: JobRef,
  options: WatchOptions,
  times: Times,
  since: number,
  { eager, owned }: { readonly eager: boolean; readonly owned: boolean }
): Effect.fn.Return<Watch, never, ApiTransport> {
  yield* warnOfHaste(provider, times)
  const limits = yield* Limits
  const queue = dueQueueOf(yield* Clock.Clock)
  const shared = sharing({
    provider,
    transport: yield* ApiTransport,
    limits,
    terms: termsOf(provider, times, options),
    pace: times.pace,
    asked: options.pace,
    retry: options.pollRetry ?? Poller.backoff,
    raw: options.raw === true,
    durations: durationsOf(options, times),
    queue,
    memory: yield* memory
  })
  const now = queue.now()
  const { terms } = shared
  const poller = eager
    ? Poller.attached(ref, terms, { now, at: queue.clock.currentTimeMillisUnsafe(), owned })
    : Poller.submitted(ref, terms, { now, since: since + queue.offset })
  const entry = yield* jobEntry(ref)
  return new Watch(shared, poller, entry, eager)
})

/** What decides how a job is watched. The rest follows from it. */
interface Wanted extends Omit<Watching, "account" | "admission" | "whose"> {
  /** What the pace was made from. */
  readonly asked: WatchOptions["pace"]
}

type Shared = Watching & Wanted

/** The last one made for a transport: jobs of one provider with the same options share it, instead of each having its own. */
const lately = new WeakMap<Transport, Shared>()

const sharing = (wanted: Wanted): Shared => {
  const { limits, provider, transport } = wanted
  const known = lately.get(transport)
  if (known !== undefined && isAlike(known, wanted)) return known
  const fresh: Shared = {
    ...wanted,
    admission: admissionOf(limits),
    account: accountAt(provider),
    whose: accountKey(askedOf(provider))
  }
  lately.set(transport, fresh)
  return fresh
}

const isAlike = (one: Wanted, other: Wanted): boolean =>
  one.provider === other.provider &&
  one.limits === other.limits &&
  one.asked === other.asked &&
  one.retry === other.retry &&
  one.terms.deadline === other.terms.deadline &&
  one.terms.requestTimeout === other.terms.requestTimeout &&
  one.terms.tolerance.maxConsecutiveFailures === other.terms.tolerance.maxConsecutiveFailures &&
  one.raw === other.raw &&
  one.durations === other.durations &&
  one.queue === other.queue &&
  one.memory === other.memory

/** Leaving may have to wait for the journal; a caller with callbacks does not wait. */
export const leave = (watch: Watch, listener: Listener, context: Context.Context<never>): void => {
  const rest = watch.leave(listener)
  if (rest !== undefined) Effect.runForkWith(context)(rest)
}

export const left = (watch: Watch, listener: Listener): Effect.Effect<void> => Effect.suspend(() => watch.leave(listener) ?? Effect.void)

/** Waits for the end of a job. A class, so that each waiter is one small object. */
class AwaitedEnd implements Listener {
  private readonly watch: Watch
  private readonly resume: (end: JobHandle["result"]) => void

  constructor(watch: Watch, resume: (end: JobHandle["result"]) => void) {
    this.watch = watch
    this.resume = resume
  }

  // The last one is what the job itself knows.
  state(): void {}

  ended(): void {
    const state = this.watch.current()
    const end = isTerminal(state) ? resultOf(state) : Effect.die(new Error(`job ${state.ref.id} has not ended`))
    this.resume(Effect.andThen(left(this.watch, this), end))
  }

  lost(cause: Cause.Cause<JobError>): void {
    this.resume(Effect.failCause(cause))
  }
}

export const resultBy = (watch: Watch): JobHandle["result"] =>
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.callback((resume) => {
      const listener = new AwaitedEnd(watch, resume)
      watch.join(listener, context)
      return left(watch, listener)
    })
  )

export const resultOf = (state: Terminal): Effect.Effect<Succeeded, JobError | JobFailed | JobExpired | JobCancelled> => {
  const end = endOf(state)
  return end._tag === "Succeeded" ? Effect.succeed(end) : Effect.fail(end)
}

export const cancelBy = (watch: Watch): Effect.Effect<CancelOutcome> => {
  const { limits, provider, transport } = watch.watching
  return cancel(provider, watch).pipe(Effect.provideService(ApiTransport, transport), Effect.provideService(Limits, limits))
}

const cancel = (provider: Provider<never>, watch: Watch): Effect.Effect<CancelOutcome, never, ApiTransport> =>
  Trace.ofJob("reelay.cancel", watch.ref, Trace.apiOf(provider), (span) =>
    Effect.tap(cancelled(provider, watch), (outcome) => Effect.sync(() => span.attribute("reelay.cancel.outcome", outcome)))
  )

const cancelled = Effect.fnUntraced(function* (
  provider: Provider<never>,
  watch: Watch
): Effect.fn.Return<CancelOutcome, never, ApiTransport> {
  const { definition } = provider
  if (isTerminal(watch.current())) return watch.current()._tag === "Cancelled" ? "Cancelled" : "CompletedAnyway"
  if (definition.cancel === undefined) return "Unsupported"
  const asked = Effect.map(call(provider, "cancel", definition.cancel(watch.ref), 30_000), (answer) => {
    const reading = definition.interpret(answer)
    return { ...answer, reading, meaning: ofReading(reading, answer) }
  })
  const answer = yield* Effect.option(whenAdmitted(accountAt(provider), 30_000, (listen) => listen(asked)))
  if (Option.isNone(answer)) return "Unknown"
  const { reading } = answer.value
  switch (reading._tag) {
    case "Cancelled":
      return (yield* watch.observe({ ...reading, by: "caller" }))._tag === "Cancelled" ? "Cancelled" : "CompletedAnyway"
    case "Succeeded":
    case "Failed":
    case "Expired":
      return "CompletedAnyway"
    case "Queued":
    case "Running":
    case "Unrecognised":
    case "Missed":
    case "NotFound":
    case "Refused":
      return "Unknown"
  }
})
