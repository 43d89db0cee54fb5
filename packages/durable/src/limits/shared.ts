/**
 * Limits that all workers on a database keep together: core's, with the rate and the pause of an account in one row. A worker that is killed leaves
 * nothing behind in it but times. A circuit is each worker's own: it costs a request or two of each, and spares a statement for every request.
 */
import { Limits } from "@reelay/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as RateLimiter from "effect/persistence/RateLimiter"
import type { Jobs } from "../store/Jobs.ts"

const failed = (message: string) => new RateLimiter.RateLimiterError({ reason: new RateLimiter.RateLimitStoreError({ message }) })

/** A column that a driver returns as it likes. */
type Count = number | bigint | string

/** What core's limits ask of effect's store: even distances, and a pause that was asked for. */
const storeOf = ({ now, sql }: Jobs["Service"]): RateLimiter.RateLimiterStore["Service"] => {
  const later = sql.onDialectOrElse({ pg: () => sql.literal("GREATEST"), orElse: () => sql.literal("MAX") })
  const guarded = Effect.mapError((error: { readonly message: string }) => failed(error.message))
  return {
    fixedWindow: ({ key, limit, refillRate, tokens }) => {
      if (limit !== undefined) return Effect.fail(failed("a rate in the database delays, and refuses nothing"))
      const length = Math.ceil(Duration.toMillis(refillRate) * tokens)
      return sql<{ readonly taken: Count; readonly left: Count }>`
        INSERT INTO reelay_limit (key, taken, until, paused) VALUES (${key}, ${tokens}, ${now} + ${length}, 0)
        ON CONFLICT (key) DO UPDATE SET
          taken = CASE WHEN reelay_limit.until <= ${now} THEN ${tokens} ELSE reelay_limit.taken + ${tokens} END,
          until = ${later}(reelay_limit.until, ${now}) + ${length}
        RETURNING taken, until - ${now} AS left`.pipe(
        guarded,
        Effect.map(([row]) => [Number(row?.taken ?? tokens), Math.max(0, Number(row?.left ?? length))] as const)
      )
    },
    tokenBucket: () => Effect.fail(failed("a rate in the database is even, and has no bucket")),
    adaptiveConsume: ({ key }) =>
      sql<{ readonly left: Count }>`SELECT paused - ${now} AS left FROM reelay_limit WHERE key = ${key}`.pipe(
        guarded,
        Effect.map(([row]) => {
          const left = Math.max(0, Number(row?.left ?? 0))
          return { delay: Duration.millis(left), epoch: 0, phase: left > 0 ? ("cooldown" as const) : ("inactive" as const) }
        })
      ),
    adaptiveFeedback: ({ key, retryAfter, status }) =>
      status !== 429 || retryAfter === undefined
        ? Effect.void
        : sql`
            INSERT INTO reelay_limit (key, taken, until, paused) VALUES (${key}, 0, 0, ${now} + ${Math.ceil(Duration.toMillis(retryAfter))})
            ON CONFLICT (key) DO UPDATE SET paused = ${later}(reelay_limit.paused, excluded.paused)`.pipe(guarded, Effect.asVoid)
  }
}

/** The limits of a worker. */
export const shared = (jobs: Jobs["Service"], options: Limits.Options) => {
  const stores = Layer.merge(Layer.succeed(RateLimiter.RateLimiterStore, storeOf(jobs)), CircuitBreaker.layerStoreMemory())
  return Effect.flatMap(Layer.build(Layer.provide(Limits.layer(options), stores)), (context) =>
    Effect.provideContext(Limits.Limits, context)
  )
}
