/** A database by its address. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Sqlite from "./database/sqlite.ts"

/** Whether an address is that of a PostgreSQL. */
const isPostgres = (database: string): boolean => /^postgres(?:ql)?:\/\//u.test(database)

/**
 * A URL of PostgreSQL, whose driver is loaded only then; or the path of a SQLite file, with or without `sqlite:` in front.
 */
export const open = (database: string, maxConnections = 10): Layer.Layer<SqlClient, SqlError> =>
  isPostgres(database)
    ? Layer.unwrap(
        Effect.map(
          Effect.promise(() => import("./postgres.ts")),
          (driver) => driver.layer({ url: Redacted.make(database), maxConnections })
        )
      )
    : Sqlite.layer(database.replace(/^sqlite:(?:\/\/)?/u, ""))
