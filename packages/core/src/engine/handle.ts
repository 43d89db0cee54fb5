/** The handle of one job: its watcher, its result, and what comes of asking to stop it. */
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { JobCancelled, type JobError, JobExpired, JobFailed } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import { isTerminal, type Succeeded, type Terminal } from "../job/JobState.ts"
import { jobEntry } from "../journal/jobEntry.ts"
import { whenAdmitted, Limits } from "../limits/admission.ts"
import * as Budget from "../poll/Budget.ts"
import { accountAt } from "../provider/account.ts"
import type { Provider } from "../provider/Provider.ts"
import * as Trace from "../telemetry/trace.ts"
import { call } from "../transport/call.ts"
import type { CancelOutcome, JobHandle } from "./JobHandle.ts"
import { type Times, warnOfHaste } from "./options.ts"
import type { WatchOptions } from "./options.ts"
import { make as makeWatch, type Watch } from "./watching.ts"

export const watched = Effect.fnUntraced(function* (
  provider: Provider<never>,
  ref: JobRef,
  options: WatchOptions,
  times: Times,
  since: number,
  { eager, owned }: { readonly eager: boolean; readonly owned: boolean }
) {
  yield* warnOfHaste(provider, times)
  const client = yield* HttpClient.HttpClient
  const shared = yield* Limits
  const watch = yield* makeWatch({
    provider,
    ref,
    client,
    shared,
    pace: times.pace,
    pollRetry: options.pollRetry,
    deadline: times.deadline,
    since,
    eager,
    owned,
    requestTimeout: times.request,
    limits: {
      ...Budget.defaultLimits,
      maxConsecutiveFailures: options.maxConsecutiveFailures ?? Budget.defaultLimits.maxConsecutiveFailures
    },
    raw: options.raw === true,
    entry: yield* jobEntry(ref)
  })
  return handleOf(provider, ref, watch, client, shared)
})

const handleOf = (provider: Provider<never>, ref: JobRef, watch: Watch, client: HttpClient.HttpClient, shared: Limits): JobHandle => ({
  ref,
  current: watch.current,
  states: watch.states,
  // The states end at one that is terminal, or fail.
  result: Effect.flatMap(Stream.runLast(Stream.filter(watch.states, isTerminal)), (last) => resultOf(Option.getOrThrow(last))),
  cancel: cancel(provider, ref, watch).pipe(Effect.provideService(HttpClient.HttpClient, client), Effect.provideService(Limits, shared))
})

export const resultOf = (state: Terminal): Effect.Effect<Succeeded, JobError | JobFailed | JobExpired | JobCancelled> => {
  switch (state._tag) {
    case "Succeeded":
      return Effect.succeed(state)
    case "Failed":
      return Effect.fail(new JobFailed({ state }))
    case "Expired":
      return Effect.fail(new JobExpired({ state }))
    case "Cancelled":
      return Effect.fail(new JobCancelled({ state }))
  }
}

const cancel = (provider: Provider<never>, ref: JobRef, watch: Watch): Effect.Effect<CancelOutcome, never, HttpClient.HttpClient> =>
  Trace.ofJob("reelay.cancel", ref, Trace.apiOf(provider), (span) =>
    Effect.tap(cancelled(provider, ref, watch), (outcome) => Effect.sync(() => span.attribute("reelay.cancel.outcome", outcome)))
  )

const cancelled = Effect.fnUntraced(function* (
  { definition, ...provider }: Provider<never>,
  ref: JobRef,
  watch: Watch
): Effect.fn.Return<CancelOutcome, never, HttpClient.HttpClient> {
  if (isTerminal(watch.current())) return watch.current()._tag === "Cancelled" ? "Cancelled" : "CompletedAnyway"
  if (definition.cancel === undefined) return "Unsupported"
  const asked = call({ ...provider, definition }, "cancel", definition.cancel(ref), 30_000)
  const answer = yield* Effect.option(whenAdmitted(accountAt({ ...provider, definition }), 30_000, (listen) => listen(asked)))
  if (Option.isNone(answer)) return "Unknown"
  const reading = definition.interpret(answer.value)
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

/** A handle that is quiet as its maker wished: a poller runs as those do who started it. */
export const withLogLevel = (handle: JobHandle, layer: Layer.Layer<never>): JobHandle => ({
  ...handle,
  states: Stream.provide(handle.states, layer),
  result: Effect.provide(handle.result, layer),
  cancel: Effect.provide(handle.cancel, layer)
})
