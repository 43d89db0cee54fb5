/** The tables, by effect's Migrator: safe if any number of processes start at once on an empty database. */
import * as Effect from "effect/Effect"
import * as Migrator from "effect/sql/Migrator"
import * as SqlClient from "effect/sql/SqlClient"

/** The table of `PersistedQueue`. */
export const queueTable = "reelay_queue"

/** The version of the rows that this Reelay writes, and the newest that it reads. */
export const rowVersion = 1

const migrations = Migrator.fromRecord({
  "0001_jobs": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    // Every JSON is text: what a provider or a person writes may hold characters that a JSON column refuses.
    yield* sql`CREATE TABLE reelay_job (
      key TEXT PRIMARY KEY,
      version INTEGER NOT NULL,
      step BIGINT NOT NULL,
      revision BIGINT NOT NULL,
      batch TEXT,
      provider TEXT NOT NULL,
      account TEXT NOT NULL,
      digest TEXT NOT NULL,
      request TEXT,
      state TEXT NOT NULL,
      tries INTEGER NOT NULL,
      attempt TEXT,
      intent TEXT,
      intent_until BIGINT,
      ref TEXT,
      poller TEXT,
      error TEXT,
      saved TEXT,
      cancel TEXT,
      history TEXT NOT NULL,
      created BIGINT NOT NULL,
      updated BIGINT NOT NULL,
      ended BIGINT
    )`
    yield* sql`CREATE INDEX reelay_job_state ON reelay_job (state, updated)`
    yield* sql`CREATE INDEX reelay_job_batch ON reelay_job (batch, key)`
  }),
  "0002_limits": Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    // Milliseconds since the epoch: until when the rate is used up, and until when the provider asked the account to wait.
    yield* sql`CREATE TABLE reelay_limit (key TEXT PRIMARY KEY, taken BIGINT NOT NULL, until BIGINT NOT NULL, paused BIGINT NOT NULL)`
  })
})

/** Makes or upgrades the tables. */
export const migrated = Migrator.make({})({ loader: migrations, table: "reelay_migrations" })
