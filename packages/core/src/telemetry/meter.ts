/** Counting: each series with its provider. Nothing here can fail, or wait. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { JobState } from "../job/JobState.ts"
import type { Observation } from "../job/Reading.ts"
import * as Metrics from "./Metrics.ts"

type Attributes = Readonly<Record<string, string>>

/** Made once: a metric with attributes costs five times what adding to it does. */
const made = new Map<string, Metric.Metric<number, unknown>>()

const of = (metric: Metric.Metric<number, unknown>, provider: string, name?: string, value = ""): Metric.Metric<number, unknown> => {
  const key = `${metric.id}\n${provider}\n${value}`
  const known = made.get(key)
  if (known !== undefined) return known
  const attributes: Attributes = name === undefined ? { "reelay.provider": provider } : { "reelay.provider": provider, [name]: value }
  const fresh = Metric.withAttributes(metric, attributes)
  made.set(key, fresh)
  return fresh
}

/** The registry of a context counts: `Metric.MetricRegistry`. */
type In = Context.Context<never>

export const submitted = (provider: string, outcome: string): Effect.Effect<void> =>
  Metric.update(of(Metrics.submits, provider, "reelay.submit.outcome", outcome), 1)

export const came = (context: In, provider: string, state: JobState["_tag"]): void =>
  of(Metrics.jobs, provider, "reelay.job.state", state).updateUnsafe(1, context)

/** One watched job more or less in a state. */
export const watched = (context: In, provider: string, state: JobState["_tag"], by: 1 | -1): void =>
  of(Metrics.watched, provider, "reelay.job.state", state).modifyUnsafe(by, context)

export const polled = (context: In, provider: string): void => of(Metrics.polls, provider).updateUnsafe(1, context)

export const failedPoll = (context: In, provider: string, because: string): void =>
  of(Metrics.pollsFailed, provider, "error.type", because).updateUnsafe(1, context)

/** `bound`: the longest possible lag, in milliseconds. */
export const lagged = (context: In, provider: string, bound: number, seen: Observation): void => {
  const endedAt = "endedAt" in seen ? seen.endedAt : undefined
  const lag = endedAt === undefined ? bound : Math.min(bound, Math.max(0, seen.at - endedAt))
  const source = endedAt === undefined ? "bound" : "reported"
  of(Metrics.detectionLag, provider, "reelay.detection_lag.source", source).updateUnsafe(lag / 1000, context)
}

/** The counter of a download's bytes: made once per download, since a download of gigabytes should not make an object for each chunk. */
export const bytes = (provider: string): Effect.Effect<(count: number) => void> =>
  Effect.map(Effect.context(), (context) => {
    const counter = of(Metrics.downloadBytes, provider)
    return (count) => counter.updateUnsafe(count, context)
  })
