/**
 * The metrics of a process's jobs: effect's own metrics, in effect's own registry. An exporter that is provided around a program
 * (`Otlp.layerJson`, `PrometheusMetrics`) gets them; without one they are a few numbers in memory.
 *
 * Every series has the attribute `reelay.provider` and those that its metric lists. None has a job id, a provider's text, or anything else
 * that grows with the number of jobs.
 *
 * **Example** (How many polls failed)
 *
 * ```ts
 * import { Metrics } from "@reelay/core"
 * import * as Effect from "effect/Effect"
 * import * as Metric from "effect/Metric"
 *
 * export const failed = Effect.map(Metric.snapshot, (all) => all.filter(({ id }) => id === Metrics.pollsFailed.id))
 * ```
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"

/**
 * Finished submissions. Attribute `reelay.submit.outcome`: `accepted`, `Interrupted` (before anything was sent), or the reason of the
 * error: `SubmitUnknown`, `RateLimited`, `JournalFailed`, ... A submission whose caller has left counts by its outcome. A request that was
 * refused before it was encoded, `InvalidRequest`, does not count.
 *
 * @category metrics
 * @since 0.1.0
 */
export const submits: Metric.Counter<number> = Metric.counter("reelay.submits", {
  description: "Finished submissions, by their outcome",
  incremental: true
})

/**
 * Jobs that entered a state. Attribute `reelay.job.state`: `Submitted`, `Queued`, `Running`, `Succeeded`, `Failed`, `Expired`,
 * `Cancelled`. A counter of changes, from which rates and failure shares follow. It counts what handles saw: a job that two handles
 * follow counts twice, and states between two polls do not count.
 *
 * @category metrics
 * @since 0.1.0
 */
export const jobs: Metric.Counter<number> = Metric.counter("reelay.jobs", {
  description: "Jobs that entered a state, as their handles saw it",
  incremental: true
})

/**
 * Jobs that are watched now. Attribute `reelay.job.state`: `Submitted`, `Queued` or `Running`, as far as known. A job without a watcher
 * does not count, though it may run at the provider.
 *
 * @category metrics
 * @since 0.1.0
 */
export const watched: Metric.Gauge<number> = Metric.gauge("reelay.jobs.watched", {
  description: "Jobs that are watched now, by their last known state"
})

/**
 * Polls that began, including failed ones.
 *
 * @category metrics
 * @since 0.1.0
 */
export const polls: Metric.Counter<number> = Metric.counter("reelay.polls", {
  description: "Polls that began",
  incremental: true
})

/**
 * Failed polls. Attribute `error.type`: `network`, `timeout`, `server`, `rate-limited`, `payment-required`, `unauthorized`, `unreadable`,
 * `query-failed`, `not-found`. A poll that was aborted because its watcher left does not count.
 *
 * @category metrics
 * @since 0.1.0
 */
export const pollsFailed: Metric.Counter<number> = Metric.counter("reelay.polls.failed", {
  description: "Failed polls, by the reason",
  incremental: true
})

/**
 * Seconds from the end of a job until its watcher knew. Attribute `reelay.detection_lag.source`:
 *
 * - `bound`: the longest possible lag, from the beginning of the last poll that saw the job unfinished.
 * - `reported`: the payload has the end of the job (CometAPI, GeekNow), in whole seconds of the provider's clock. It is kept between 0 and
 *   the bound, which holds for any clock.
 *
 * Time without a watcher isn't lag: it counts from the beginning of watching at the earliest.
 *
 * @category metrics
 * @since 0.1.0
 */
export const detectionLag: Metric.Histogram<number> = Metric.histogram("reelay.detection_lag", {
  description: "Time from the end of a job until its watcher knew",
  attributes: { unit: "seconds" },
  boundaries: [0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600]
})

/**
 * Bytes of videos that were received and kept, including those that a download discarded later because it had to start over.
 *
 * @category metrics
 * @since 0.1.0
 */
export const downloadBytes: Metric.Counter<number> = Metric.counter("reelay.download.bytes", {
  description: "Bytes of videos received",
  attributes: { unit: "bytes" },
  incremental: true
})
