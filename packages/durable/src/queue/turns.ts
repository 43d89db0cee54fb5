/**
 * Whose submission is next: batches take turns, so that one of ten thousand jobs starves no other. `PersistedQueue` takes what became visible first. So a
 * submission becomes visible at a made-up time long ago, in seconds since the epoch: the n-th that its batch has waiting at the n-th even one, and a
 * job without a batch at the odd one before the first in the queue.
 */
import * as Effect from "effect/Effect"
import type * as SqlClient from "effect/sql/SqlClient"
import { createHash, randomUUID } from "node:crypto"
import { queueTable } from "../database/schema.ts"

/** Digits of a turn in the id of a task: the last of a batch is found by its id. */
const digits = 10

/** A place in line, and the id that remembers it. */
export interface Turn {
  readonly id: string
  readonly turn: number
}

/** Ids of one length that sort alike in every collation. */
const idOf = (batch: string, nth: number): string => `${batch}${String(nth).padStart(digits, "0")}${randomUUID().replaceAll("-", "")}`

const unixOf = (sql: SqlClient.SqlClient) =>
  sql.onDialectOrElse({
    pg: () => sql.literal("EXTRACT(EPOCH FROM MIN(visible_at))"),
    orElse: () => sql.literal("strftime('%s', MIN(visible_at))")
  })

/** The turn of a submission that joins a queue now. */
export const turnIn = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, queue: string, batch: string | undefined) {
  const table = sql(queueTable)
  const [head] = yield* sql<{ readonly first: number | string | null }>`
    SELECT ${unixOf(sql)} AS first FROM ${table} WHERE queue_name = ${queue} AND state = 'pending'`
  const first = Math.floor(Number(head?.first ?? 2))
  if (batch === undefined) return { id: randomUUID(), turn: first % 2 === 0 ? first - 1 : first } satisfies Turn
  const own = createHash("sha256")
    .update(JSON.stringify([queue, batch]))
    .digest("hex")
    .slice(0, 16)
  const [newest] = yield* sql<{ readonly id: string }>`
    SELECT id FROM ${table} WHERE id > ${own} AND id < ${`${own}z`} AND queue_name = ${queue} ORDER BY id DESC LIMIT 1`
  const last = newest === undefined ? 0 : Number(newest.id.slice(own.length, own.length + digits))
  const nth = Math.max(Math.ceil(first / 2), last + 1)
  return { id: idOf(own, nth), turn: 2 * nth } satisfies Turn
})

/** Gives a task its turn. A turn never lies ahead: the task may be taken at once. */
export const take = (sql: SqlClient.SqlClient, queue: string, { id, turn }: Turn) => {
  const at = sql.onDialectOrElse({
    pg: () => sql`LEAST(NOW()::timestamp, TIMESTAMP 'epoch' + ${turn}::double precision * INTERVAL '1 second')`,
    orElse: () => sql`MIN(CURRENT_TIMESTAMP, datetime(${turn}, 'unixepoch'))`
  })
  return sql`UPDATE ${sql(queueTable)} SET visible_at = ${at} WHERE id = ${id} AND queue_name = ${queue}`
}
