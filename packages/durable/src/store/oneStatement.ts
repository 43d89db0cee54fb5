/**
 * A transition of a row and its tasks as one statement, for PostgreSQL: one round trip and one commit, where a transaction takes six. It writes the
 * tasks as `PersistedQueue` does. Other takers of the same process see them at their next poll.
 */
import type * as SqlClient from "effect/sql/SqlClient"
import type { Fragment, Statement } from "effect/sql/Statement"
import { channel } from "../database/Notifications.ts"
import { queueTable } from "../database/schema.ts"
import { type Next, queueName } from "../queue/tasks.ts"

/** A row as its transition leaves it. */
export interface Moved {
  readonly key: string
  readonly step: number | bigint | string
  readonly cancel: string | null
}

interface Parts {
  /** Returns the key, step and cancellation of the row, or nothing. */
  readonly update: Fragment
  readonly next: Next | undefined
  readonly ifCancelled: Next | undefined
  readonly done: string | undefined
  readonly isChange: boolean
  readonly canRepeat: boolean
}

export const inOneStatement = (
  sql: SqlClient.SqlClient,
  { canRepeat, done, ifCancelled, isChange, next, update }: Parts
): Statement<Moved> => {
  const table = sql(queueTable)
  const offered = ({ delay, do: kind, place }: Next, only: Fragment) => sql`
    INSERT INTO ${table} (id, queue_name, element, state, attempts, visible_at, created_at, updated_at)
    SELECT gen_random_uuid()::text, ${queueName(place, kind)}, json_build_object('key', key, 'do', ${kind}::text, 'step', step)::text, 'pending', 0,
      clock_timestamp() + ${Math.max(0, delay)}::double precision * INTERVAL '1 millisecond', NOW(), NOW() FROM moved ${only}`
  const parts = [
    sql`moved AS (${update})`,
    ...(next === undefined ? [] : [sql`offered AS (${offered(next, sql.literal(""))})`]),
    ...(ifCancelled === undefined ? [] : [sql`cancelling AS (${offered(ifCancelled, sql.literal("WHERE cancel = 'Requested'"))})`]),
    ...(done === undefined ? [] : [sql`finished AS (DELETE FROM ${table} WHERE id = ${done} AND EXISTS (SELECT key FROM moved))`])
  ]
  const besides = [
    ...(isChange ? [sql`pg_notify(${channel}, key)`] : []),
    ...(canRepeat ? [sql.literal("set_config('synchronous_commit', 'off', true)")] : [])
  ]
  return sql<Moved>`WITH ${sql.csv(parts)} SELECT key, step, cancel${besides.length === 0 ? sql.literal("") : sql`, ${sql.csv(besides)}`} FROM moved`
}
