/** effect's SqlClient over Node's own SQLite: effect's drivers are not published for this version yet. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { classifySqliteError, SqlError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import { DatabaseSync, type SQLInputValue } from "node:sqlite"

const isInput = (value: unknown): value is SQLInputValue =>
  value === null || ["string", "number", "bigint"].includes(typeof value) || ArrayBuffer.isView(value)

/** Layer for a client of a database file, closed with the layer. */
export const layer = (file: string): Layer.Layer<SqlClient.SqlClient> =>
  Layer.effect(
    SqlClient.SqlClient,
    Effect.gen(function* () {
      const database = yield* Effect.acquireRelease(
        Effect.sync(() => new DatabaseSync(file)),
        (open) => Effect.sync(() => open.close())
      )
      const rows = (sql: string, params: ReadonlyArray<unknown>) =>
        Effect.try({
          try: () => database.prepare(sql).all(...params.filter(isInput)),
          catch: (cause) => new SqlError({ reason: classifySqliteError(cause, { message: String(cause) }) })
        })
      const connection: Connection = {
        execute: rows,
        executeRaw: rows,
        executeStream: (sql, params) => Stream.fromIterableEffect(rows(sql, params)),
        executeValues: (sql, params) => Effect.map(rows(sql, params), (all) => all.map((row) => Object.values(row))),
        executeValuesUnprepared: (sql, params) => Effect.map(rows(sql, params), (all) => all.map((row) => Object.values(row))),
        executeUnprepared: rows
      }
      return yield* SqlClient.make({
        acquirer: Effect.succeed(connection),
        compiler: Statement.makeCompilerSqlite(),
        driver: "node:sqlite",
        spanAttributes: []
      })
    })
  ).pipe(Layer.provide(Reactivity.layer))
