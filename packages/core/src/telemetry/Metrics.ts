/**
 * What a process tells of its jobs in numbers: effect's own metrics, with effect's own registry. An exporter that is provided around a
 * program (`Otlp.layerJson`, `PrometheusMetrics`) has them; without one they are a few numbers in memory.
 *
 * Every series has the attribute `reelay.provider`, and those that its metric names. None has a job's id, a text of a provider's, or
 * anything else that grows with the number of jobs.
 *
 * **Example** (How many looks were missed)
 *
 * ```ts
 * import { Metrics } from "@reelay/core"
 * import * as Effect from "effect/Effect"
 * import * as Metric from "effect/Metric"
 *
 * export const missed = Effect.map(Metric.snapshot, (all) => all.filter(({ id }) => id === Metrics.pollsFailed.id))
 * ```
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"

/**
 * Submissions that are over. Attribute `reelay.submit.outcome`: `accepted`, `Interrupted` (before anything was sent), or the reason of the
 * error: `SubmitUnknown`, `RateLimited`, `JournalFailed`, ... A submission whose caller has left counts as what came of it. A request that
 * was refused before it was written down, `InvalidRequest`, is none.
 *
 * @category metrics
 * @since 0.1.0
 */
export const submits: Metric.Counter<number> = Metric.counter("reelay.submits", {
  description: "Submissions that are over, by their outcome",
  incremental: true
})

/**
 * Jobs that came into a state. Attribute `reelay.job.state`: `Submitted`, `Queued`, `Running`, `Succeeded`, `Failed`, `Expired`,
 * `Cancelled`. A counter of changes, so that rates and shares of failure follow from it. It counts what handles saw: a job that two handles
 * follow counts twice, and states between two polls do not count.
 *
 * @category metrics
 * @since 0.1.0
 */
export const jobs: Metric.Counter<number> = Metric.counter("reelay.jobs", {
  description: "Jobs that came into a state, as their handles saw it",
  incremental: true
})

/**
 * Jobs that are watched now. Attribute `reelay.job.state`: `Submitted`, `Queued` or `Running`, as far as is known. A job that nobody
 * listens to is not in it, though it may run at the provider.
 *
 * @category metrics
 * @since 0.1.0
 */
export const watched: Metric.Gauge<number> = Metric.gauge("reelay.jobs.watched", {
  description: "Jobs that are watched now, by the state that is known of them"
})

/**
 * Looks that were begun, failed ones included.
 *
 * @category metrics
 * @since 0.1.0
 */
export const polls: Metric.Counter<number> = Metric.counter("reelay.polls", {
  description: "Polls that were begun",
  incremental: true
})

/**
 * Failed polls. Attribute `error.type`: `network`, `timeout`, `server`, `rate-limited`, `unreadable`,
 * `query-failed`, `not-found`. A look that was cut because its watcher left is none.
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
 * - `bound`: the longest that it can have been, from the beginning of the last poll that saw the job unfinished.
 * - `reported`: the payload names the end of the job (CometAPI, GeekNow), in whole seconds of the provider's clock. It is kept between 0 and
 *   the bound, which holds whatever that clock says.
 *
 * Time in which nobody watched is no lag: it counts from the beginning of watching at the earliest.
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
 * Bytes of videos that came and were kept, those included that a download threw away later because it had to begin anew.
 *
 * @category metrics
 * @since 0.1.0
 */
export const downloadBytes: Metric.Counter<number> = Metric.counter("reelay.download.bytes", {
  description: "Bytes of videos that came",
  attributes: { unit: "bytes" },
  incremental: true
})
