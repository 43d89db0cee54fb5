/** One run: jobs, workers that die, and the verdict. */
import { serve } from "@reelay/mock-server/node"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { createDurable, open, type Status } from "../../src/index.ts"
import type { Postgres } from "../postgres.ts"
import { type Deed, dice, type Happened, Staff } from "./chaos.ts"
import { judge, promptOf, type Standstill, standstill, type Verdict } from "./judge.ts"

export interface Plan {
  readonly seed: number
  readonly jobs: number
  readonly workers: number
  readonly database: string
  /** To be restarted in between. */
  readonly server?: Postgres | undefined
  readonly deeds: ReadonlyArray<Deed>
  /** Between two deeds, in milliseconds. */
  readonly every: number
  /** How long it may take in all, in milliseconds: then what is left stands still. */
  readonly within: number
  /** Between two polls of a job, in milliseconds. Default: 1000. */
  readonly pace?: number
  /** The longest life of a job at the provider, in milliseconds. */
  readonly life: number
}

export interface Run extends Verdict {
  readonly happened: ReadonlyArray<Happened>
  readonly seconds: number
  readonly began: number
  readonly standstill: Standstill
  /** Rows a job, before and after `prune`. */
  readonly rows: readonly [before: number, after: number]
}

/** Lives of jobs: most succeed; some fail, some are flaky, and of some the answer to the POST is lost. */
const wordsOf = (draw: () => number, life: number): string => {
  const duration = `mock:duration=${500 + Math.round(draw() * life)}ms`
  const kind = draw()
  return kind < 0.04
    ? `${duration} mock:fail`
    : kind < 0.08
      ? `${duration} mock:flaky`
      : kind < 0.1
        ? `${duration} mock:lost-submit`
        : duration
}

/** The rows of jobs and of their tasks. */
const rowsOf = (database: string): Promise<number> => {
  const counted = Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const tables = ["reelay_job", "reelay_queue"].map(
      (table) => sql<{ readonly count: unknown }>`SELECT COUNT(*) AS count FROM ${sql(table)}`
    )
    return (yield* Effect.all(tables)).reduce((sum, [row]) => sum + Number(row?.count), 0)
  })
  return Effect.runPromise(Effect.provide(counted, open(database)))
}

const settled = ({ ended, state }: Status): boolean => ended || state._tag === "SubmitUnknown"

/** Asks again while the database is being restarted. */
const patiently = async <A>(ask: () => Promise<A>): Promise<A> => {
  for (let tries = 0; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      if (tries > 60) throw error
      await sleep(500)
    }
  }
}

export const soak = async ({ database, deeds, every, jobs, life, pace = 1000, seed, server, within, workers }: Plan): Promise<Run> => {
  const draw = dice(seed)
  // Each request takes a while, so that workers die in the middle of them.
  const { close, mock, url } = await serve({ port: 0, latency: { uniform: [5, 250] }, seed })
  const out = mkdtempSync(join(tmpdir(), "reelay-soak-"))
  const lease = 6000
  const began = Date.now()
  const durable = createDurable({ database, lease })
  const staff = new Staff({ database, baseUrl: `${url}/xai`, out, lease, pace }, server)
  const keys = Array.from({ length: jobs }, (_, index) => `film ${index}`)
  const all = async (): Promise<ReadonlyArray<Status>> => {
    const rows: Array<Status> = []
    for await (const row of durable.list()) rows.push(row)
    return rows
  }
  try {
    await staff.hire(workers)
    const words = keys.map(() => wordsOf(draw, life))
    const submitting = Promise.all(
      keys.map((key, index) =>
        patiently(() => durable.submit(key, { provider: "xai", batch: "soak", request: { prompt: promptOf(key, words[index] ?? "") } }))
      )
    )
    const doing: Array<Promise<void>> = []
    for (const deed of deeds) {
      await sleep(every)
      const does = staff.does(deed, draw(), lease * 2 + 8000)
      // A frozen worker stays so while other things happen.
      if (deed === "freeze") doing.push(does)
      else await does
    }
    await Promise.all([submitting, ...doing])
    let rows = await patiently(all)
    while (!rows.every(settled) && Date.now() - began < within) {
      await sleep(500)
      rows = await patiently(all)
    }
    const verdict = judge(mock, keys, rows)
    await staff.dismiss()
    const before = await rowsOf(database)
    await durable.prune(0)
    const after = await rowsOf(database)
    return {
      ...verdict,
      happened: staff.happened,
      began,
      seconds: (Date.now() - began) / 1000,
      standstill: standstill(mock),
      rows: [before / jobs, after / jobs]
    }
  } finally {
    await staff.dismiss()
    await durable.close()
    await close()
  }
}
