/** What it costs: idle with many sleeping jobs, and how much goes through. Everything shares the cores: the mock, the database, the workers. */
import { serve } from "@reelay/mock-server/node"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as SqlClient from "effect/sql/SqlClient"
import { mkdtempSync } from "node:fs"
import { loadavg, tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { createDurable, open } from "../../src/index.ts"
import type { Postgres } from "../postgres.ts"
import { Staff } from "./chaos.ts"
import { cpuOf, familyOf } from "./cpu.ts"
import { type Instructions, memoryOf, type Worker } from "./workers.ts"

const world = async (server: Postgres, given: Partial<Instructions>) => {
  const database = server.database()
  const { close, mock, url } = await serve({ port: 0 })
  const out = mkdtempSync(join(tmpdir(), "reelay-measure-"))
  const durable = createDurable({ database })
  const runtime = ManagedRuntime.make(open(database, 1))
  const staff = new Staff({ database, baseUrl: `${url}/xai`, out, submitTimeout: 60_000, ...given })
  const submit = async (count: number, words: string): Promise<void> => {
    const one = (index: number) => durable.submit(`film ${index}`, { provider: "xai", request: { prompt: `film ${index}, ${words}` } })
    for (let from = 0; from < count; from += 200) {
      await Promise.all(Array.from({ length: Math.min(200, count - from) }, (_, index) => one(from + index)))
    }
  }
  const number = (query: (sql: SqlClient.SqlClient) => Effect.Effect<ReadonlyArray<{ readonly count: unknown }>, unknown>) =>
    runtime.runPromise(Effect.map(Effect.flatMap(SqlClient.SqlClient, query), ([row]) => Number(row?.count)))
  const ended = () => number((sql) => sql`SELECT COUNT(*) AS count FROM reelay_job WHERE ended IS NOT NULL OR state = 'SubmitUnknown'`)
  const transactions = () => number((sql) => sql`SELECT xact_commit AS count FROM pg_stat_database WHERE datname = current_database()`)
  /** Milliseconds of processor time so far: the workers, PostgreSQL, the mock with this harness. */
  const cpu = (): Cpu => ({
    workers: staff.workers.reduce((sum, { child }) => sum + cpuOf(child.pid ?? 0), 0),
    postgres: familyOf(server.pid()).reduce((sum, pid) => sum + cpuOf(pid), 0),
    mock: cpuOf(process.pid)
  })
  const end = async (): Promise<void> => {
    await staff.dismiss()
    await durable.close()
    await runtime.dispose()
    await close()
  }
  return { mock, staff, submit, ended, transactions, cpu, end }
}

interface Cpu {
  readonly workers: number
  readonly postgres: number
  readonly mock: number
}

const largest = (workers: ReadonlyArray<Worker>): number => Math.max(...workers.map(memoryOf))

export interface Idle {
  /** Of one core, in percent: both workers, and PostgreSQL. */
  readonly cpu: number
  readonly postgres: number
  /** Megabytes of the larger worker: before, and after. */
  readonly memory: readonly [number, number]
}

/** Two workers, and jobs that are polled once an hour. */
export const idle = async (server: Postgres, jobs: number, seconds: number): Promise<Idle> => {
  const { cpu, end, mock, staff, submit } = await world(server, { pace: 3_600_000, lease: 45_000 })
  try {
    await submit(jobs, "mock:duration=2h")
    await staff.hire(2)
    while (mock.jobs.length < jobs) await sleep(500)
    await sleep(10_000)
    const before = { ...cpu(), memory: largest(staff.workers) }
    await sleep(seconds * 1000)
    const after = { ...cpu(), memory: largest(staff.workers) }
    return {
      cpu: (after.workers - before.workers) / (seconds * 10),
      postgres: (after.postgres - before.postgres) / (seconds * 10),
      memory: [before.memory, after.memory]
    }
  } finally {
    await end()
  }
}

/** How much went through, and what one of it cost. */
export interface Throughput {
  readonly perSecond: number
  /** Milliseconds of processor time for one. */
  readonly cost: Cpu
  /** Transactions of the database for one. */
  readonly transactions: number
  /** The load of the machine at the end: over its cores, others ran too. */
  readonly load: number
}

interface Meter extends Cpu {
  readonly transactions: number
  readonly at: number
}

const throughput = (before: Meter, after: Meter, count: number): Throughput => {
  const per = (what: "workers" | "postgres" | "mock" | "transactions") => (after[what] - before[what]) / count
  return {
    perSecond: count / ((after.at - before.at) / 1000),
    cost: { workers: per("workers"), postgres: per("postgres"), mock: per("mock") },
    transactions: per("transactions"),
    load: loadavg()[0] ?? 0
  }
}

/** Jobs that end at their first poll, from the database to the folder. */
export const jobs = async (server: Postgres, count: number): Promise<Throughput> => {
  const { cpu, end, ended, staff, submit, transactions } = await world(server, { pace: 1000, lease: 45_000, concurrency: 32 })
  const meter = async (): Promise<Meter> => ({ ...cpu(), transactions: await transactions(), at: Date.now() })
  try {
    await submit(count, "mock:fast")
    await staff.hire(2)
    const before = await meter()
    while ((await ended()) < count) await sleep(200)
    return throughput(before, await meter(), count)
  } finally {
    await end()
  }
}

/** Jobs that are polled every two seconds: polls, over a time. */
export const polls = async (server: Postgres, count: number, seconds: number): Promise<Throughput> => {
  const { cpu, end, mock, staff, submit, transactions } = await world(server, { pace: 2000, lease: 45_000, concurrency: 64 })
  const meter = async (): Promise<Meter> => ({ ...cpu(), transactions: await transactions(), at: Date.now() })
  const polled = () => mock.journal.filter(({ route }) => route === "poll").length
  try {
    await submit(count, "mock:duration=1h")
    await staff.hire(2)
    while (mock.jobs.length < count) await sleep(250)
    await sleep(3000)
    const [before, from] = [await meter(), polled()]
    await sleep(seconds * 1000)
    return throughput(before, await meter(), polled() - from)
  } finally {
    await end()
  }
}
