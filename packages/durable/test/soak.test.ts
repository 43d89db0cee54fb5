/** The short version of `npm run soak:durable`. */
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, vi } from "vitest"
import * as Postgres from "./postgres.ts"
import { soak } from "./soak/soak.ts"

// It takes half a minute; the limit is for hangs.
vi.setConfig({ testTimeout: 240_000 })

const plan = { seed: 1, jobs: 60, workers: 2, every: 1200, within: 150_000, life: 2000 } as const

it.skipIf(!Postgres.isInstalled)(
  "no job is lost or paid for twice while workers are killed and PostgreSQL is restarted",
  { concurrent: true },
  async () => {
    const server = await Postgres.start()
    try {
      const run = await soak({ ...plan, database: server.database(), server, deeds: ["kill", "restart", "kill", "stop"] })
      expect(run.wrong).toEqual([])
      expect(run.known + run.unknown).toBe(60)
      expect(run.rows[0]).toBeLessThanOrEqual(3)
      expect(run.rows[1]).toBe(1)
    } finally {
      await server.stop()
    }
  }
)

it.concurrent("no job is lost or paid for twice while workers that share a SQLite file are killed", async () => {
  const database = join(mkdtempSync(join(tmpdir(), "reelay-soak-")), "jobs.db")
  const run = await soak({ ...plan, database, deeds: ["kill", "join", "kill"] })
  expect(run.wrong).toEqual([])
  expect(run.known + run.unknown).toBe(60)
})
