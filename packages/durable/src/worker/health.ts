/** How a worker and its database are: for a probe, and for whoever watches. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { queueTable } from "../database/schema.ts"
import { Jobs } from "../store/Jobs.ts"
import { Working } from "./gauge.ts"

/** @category models */
export interface Health {
  readonly database: "reachable" | "unreachable"
  /** Tasks of this process: in hand, done, and delivered again. */
  readonly running: number
  readonly done: number
  readonly failed: number
  /** Jobs that are not ended, by state. */
  readonly open: Readonly<Record<string, number>>
  /** Seconds since the oldest task that is due and in nobody's hand became due. */
  readonly lag: number
}

const openJobs = Metric.gauge("reelay.durable.open", { description: "Jobs in the database that are not ended, by state" })
const lagging = Metric.gauge("reelay.durable.lag", { description: "Seconds since the oldest task that waits for a worker became due" })
const inHand = Metric.gauge("reelay.durable.tasks.running", { description: "Tasks that this worker has in hand" })
const done = Metric.gauge("reelay.durable.tasks.done", { description: "Tasks that this worker has done" })
const again = Metric.gauge("reelay.durable.tasks.failed", { description: "Tasks of this worker that are delivered again" })

const counted = (value: unknown): number => Math.max(0, Number(value ?? 0))

/** Asks the database, and updates the metrics. */
export const health: Effect.Effect<Health, never, Jobs | Working> = Effect.gen(function* () {
  const { guarded, sql } = yield* Jobs
  const { done: finished, failed, running } = yield* Working
  // A submission's own time is its batch's turn, not a time.
  const since = sql.onDialectOrElse({
    pg: () => sql.literal("EXTRACT(EPOCH FROM NOW() - MIN(GREATEST(visible_at, created_at)))"),
    orElse: () => sql.literal("(julianday('now') - julianday(MIN(MAX(visible_at, created_at)))) * 86400")
  })
  const seen = yield* guarded(
    Effect.all([
      sql<{
        readonly state: string
        readonly count: unknown
      }>`SELECT state, COUNT(*) AS count FROM reelay_job WHERE ended IS NULL GROUP BY state`,
      sql<{ readonly lag: unknown }>`SELECT ${since} AS lag FROM ${sql(queueTable)} WHERE state = 'pending' AND acquired_at IS NULL`
    ])
  ).pipe(Effect.timeout("5 seconds"), Effect.option)
  yield* Effect.all([Metric.update(inHand, running), Metric.update(done, finished), Metric.update(again, failed)])
  if (seen._tag === "None") return { database: "unreachable", running, done: finished, failed, open: {}, lag: 0 }
  const [rows, [oldest]] = seen.value
  const open = Object.fromEntries(rows.map(({ count, state }) => [state, counted(count)]))
  const lag = counted(oldest?.lag)
  yield* Metric.update(lagging, lag)
  yield* Effect.forEach(Object.entries(open), ([state, count]) => Metric.update(Metric.withAttributes(openJobs, { state }), count))
  return { database: "reachable", running, done: finished, failed, open, lag }
})
