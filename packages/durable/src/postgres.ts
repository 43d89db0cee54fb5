/**
 * PostgreSQL, version 15 and newer: the client, with LISTEN for states.
 *
 * @since 0.1.0
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import { Notifications } from "./database/Notifications.ts"

/**
 * Layer for the notifications of a client that you have already.
 *
 * @category layers
 * @since 0.1.0
 */
export const notifications: Layer.Layer<never, never, PgClient.PgClient> = Layer.effect(
  Notifications,
  Effect.map(PgClient.PgClient, (client) => ({
    listen: (channel: string) =>
      Effect.map(client.listen(channel), (queue) => Stream.map(Stream.fromQueue(queue), ({ payload }) => payload))
  }))
)

/**
 * A worker that is frozen in a transaction would keep its row locked until it thaws, and one whose machine is gone until TCP gives up. Times are
 * milliseconds, those of TCP seconds.
 */
const sessions = {
  idle_in_transaction_session_timeout: "5000",
  tcp_keepalives_idle: "15",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "3"
}

/**
 * Layer for a pool of connections with notifications. One connection listens. A session that stands still in a transaction for five seconds is ended by
 * the database; a pooler that refuses such settings takes `startupParameters: {}`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (config: PgClient.PgPoolConfig): Layer.Layer<PgClient.PgClient | SqlClient, SqlError> =>
  notifications.pipe(Layer.provideMerge(PgClient.layer({ startupParameters: sessions, ...config })))
