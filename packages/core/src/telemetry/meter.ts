/** Counting: each series with its provider. Nothing here can fail, or wait. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { JobState } from "../job/JobState.ts"
import type { Observation } from "../job/Reading.ts"
import * as Metrics from "./Metrics.ts"

const of = <Input, State>(metric: Metric.Metric<Input, State>, provider: string, attributes: Readonly<Record<string, string>> = {}) =>
  Metric.withAttributes(metric, { "reelay.provider": provider, ...attributes })

const one = (metric: Metric.Counter<number>, provider: string, attributes?: Readonly<Record<string, string>>): Effect.Effect<void> =>
  Metric.update(of(metric, provider, attributes), 1)

export const submitted = (provider: string, outcome: string): Effect.Effect<void> =>
  one(Metrics.submits, provider, { "reelay.submit.outcome": outcome })

export const came = (provider: string, state: JobState["_tag"]): Effect.Effect<void> =>
  one(Metrics.jobs, provider, { "reelay.job.state": state })

/** One watched job more or less in a state. */
export const watched = (provider: string, state: JobState["_tag"], by: 1 | -1): Effect.Effect<void> =>
  Metric.modify(of(Metrics.watched, provider, { "reelay.job.state": state }), by)

export const polled = (provider: string): Effect.Effect<void> => one(Metrics.polls, provider)

export const failedPoll = (provider: string, because: string): Effect.Effect<void> =>
  one(Metrics.pollsFailed, provider, { "error.type": because })

/** `bound`: the longest that it can have been, in milliseconds. */
export const lagged = (provider: string, bound: number, seen: Observation): Effect.Effect<void> => {
  const endedAt = "endedAt" in seen ? seen.endedAt : undefined
  const lag = endedAt === undefined ? bound : Math.min(bound, Math.max(0, seen.at - endedAt))
  const source = { "reelay.detection_lag.source": endedAt === undefined ? "bound" : "reported" }
  return Metric.update(of(Metrics.detectionLag, provider, source), lag / 1000)
}

/** What counts bytes as they come: made once a download, since a download of gigabytes should not make an object for each chunk. */
export const bytes = (provider: string): Effect.Effect<(count: number) => void> =>
  Effect.map(Effect.context(), (context) => {
    const counter = of(Metrics.downloadBytes, provider)
    return (count) => counter.updateUnsafe(count, context)
  })
