/** The databases that the package's tests run on: each test has a fresh one. */
import * as Redacted from "effect/Redacted"
import type * as Layer from "effect/Layer"
import type * as SqlClient from "effect/sql/SqlClient"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import * as Pg from "../src/postgres.ts"
import * as Sqlite from "../src/sqlite.ts"
import * as Postgres from "./postgres.ts"

/** A database: each layer is a client as another process would have. */
export interface Database {
  readonly client: () => Layer.Layer<SqlClient.SqlClient, unknown>
}

let server: Promise<Postgres.Postgres> | undefined

/** One server for a file of tests. */
const postgres = (): Promise<Postgres.Postgres> => (server ??= Postgres.start())

afterAll(async () => {
  const running = await server
  server = undefined
  await running?.stop()
})

export const databases: Readonly<Record<string, () => Promise<Database>>> = {
  SQLite: () => {
    const file = join(mkdtempSync(join(tmpdir(), "reelay-durable-")), "jobs.db")
    return Promise.resolve({ client: () => Sqlite.layer(file) })
  },
  ...(Postgres.isInstalled
    ? {
        PostgreSQL: async () => {
          const url = (await postgres()).database()
          return { client: () => Pg.layer({ url: Redacted.make(url), maxConnections: 5 }) }
        }
      }
    : {})
}
