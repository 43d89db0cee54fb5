/** effect's SqlClient over Node's own SQLite: effect publishes no driver for it yet that loads with this version. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { classifySqliteError, SqlError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import { DatabaseSync, type SQLInputValue } from "node:sqlite"

/** How long a statement waits for another process that writes: 10 seconds. */
const busyMs = 10_000

const isInput = (value: unknown): value is SQLInputValue =>
  value === null || ["string", "number", "bigint"].includes(typeof value) || ArrayBuffer.isView(value)

const inputOf = (value: unknown): SQLInputValue => {
  if (isInput(value)) return value
  throw new TypeError(`SQLite can't store a parameter of the type ${typeof value}`)
}

const failed = (cause: unknown): SqlError => new SqlError({ reason: classifySqliteError(cause, { message: String(cause) }) })

const opened = (file: string) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        const database = new DatabaseSync(file)
        // WAL: readers don't wait for the writer. It is set in one step that does not wait by itself, so another process may be setting it.
        database.exec(`PRAGMA busy_timeout = ${busyMs}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`)
        return database
      },
      catch: failed
    }).pipe(Effect.retry({ times: 20, schedule: Schedule.spaced("100 millis") })),
    (database) => Effect.sync(() => database.close())
  )

const connectionOf = (database: DatabaseSync): Connection => {
  const prepared = new Map<string, ReturnType<DatabaseSync["prepare"]>>()
  const statement = (sql: string) => {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    const fresh = database.prepare(sql)
    if (prepared.size < 200) prepared.set(sql, fresh)
    return fresh
  }
  const rows = (sql: string, params: ReadonlyArray<unknown>) =>
    Effect.try({ try: () => statement(sql).all(...params.map(inputOf)), catch: failed })
  const values = (sql: string, params: ReadonlyArray<unknown>) =>
    Effect.map(rows(sql, params), (all) => all.map((row) => Object.values(row)))
  return {
    execute: rows,
    executeRaw: rows,
    executeStream: (sql, params) => Stream.fromIterableEffect(rows(sql, params)),
    executeValues: values,
    executeValuesUnprepared: values,
    executeUnprepared: rows
  }
}

/**
 * Layer for a client of a database file. Several processes of one machine may share the file, on a local disk.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (file: string): Layer.Layer<SqlClient.SqlClient, SqlError> =>
  Layer.effect(
    SqlClient.SqlClient,
    Effect.gen(function* () {
      const database = yield* opened(file)
      const acquirers = SqlClient.makeSqliteAcquirers({
        connection: Effect.succeed(connectionOf(database)),
        semaphore: Semaphore.makeUnsafe(1),
        isTransaction: () => database.isTransaction
      })
      return yield* SqlClient.make({
        ...acquirers,
        compiler: Statement.makeCompilerSqlite(),
        driver: "node:sqlite",
        // A transaction that reads first could not write once another process has written.
        beginTransaction: "BEGIN IMMEDIATE",
        spanAttributes: []
      })
    })
  ).pipe(Layer.provide(Reactivity.layer))
