/** What it costs: idle with many sleeping jobs, and how much goes through. Everything shares the cores: the mock, the database, the workers. */
import { serve } from "@reelay/mock-server/node"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { createDurable } from "../../src/index.ts"
import { Staff } from "./chaos.ts"
import { type Instructions, usage, type Worker } from "./workers.ts"

const world = async (database: string, given: Partial<Instructions>) => {
  const { close, mock, url } = await serve({ port: 0 })
  const out = mkdtempSync(join(tmpdir(), "reelay-measure-"))
  const durable = createDurable({ database })
  const staff = new Staff({ database, baseUrl: `${url}/xai`, out, submitTimeout: 60_000, ...given })
  const submit = async (count: number, words: string): Promise<void> => {
    const one = (index: number) => durable.submit(`film ${index}`, { provider: "xai", request: { prompt: `film ${index}, ${words}` } })
    for (let from = 0; from < count; from += 200) {
      await Promise.all(Array.from({ length: Math.min(200, count - from) }, (_, index) => one(from + index)))
    }
  }
  const saved = async (): Promise<number> => {
    let count = 0
    for await (const { ended, state } of durable.list()) if (ended || state._tag === "SubmitUnknown") count += 1
    return count
  }
  const end = async (): Promise<void> => {
    await staff.dismiss()
    await durable.close()
    await close()
  }
  return { mock, staff, submit, saved, end }
}

const spent = (workers: ReadonlyArray<Worker>) =>
  workers.map(usage).reduce((sum, one) => ({ cpu: sum.cpu + one.cpu, memory: Math.max(sum.memory, one.memory) }), { cpu: 0, memory: 0 })

export interface Idle {
  /** Of one core, in percent. */
  readonly cpu: number
  /** Megabytes of the larger worker, before and after. */
  readonly memory: readonly [number, number]
}

/** Two workers, and jobs that are polled once an hour. */
export const idle = async (database: string, jobs: number, seconds: number): Promise<Idle> => {
  const { end, mock, staff, submit } = await world(database, { pace: 3_600_000, lease: 45_000 })
  try {
    await submit(jobs, "mock:duration=2h")
    await staff.hire(2)
    while (mock.jobs.length < jobs) await sleep(500)
    await sleep(5000)
    const before = spent(staff.workers)
    await sleep(seconds * 1000)
    const after = spent(staff.workers)
    return { cpu: (after.cpu - before.cpu) / (seconds * 10), memory: [before.memory, after.memory] }
  } finally {
    await end()
  }
}

/** Jobs that end at their first poll, from the database to the folder: how many a second. */
export const jobsPerSecond = async (database: string, jobs: number): Promise<number> => {
  const { end, saved, staff, submit } = await world(database, { pace: 1000, lease: 45_000, concurrency: 32 })
  try {
    await submit(jobs, "mock:fast")
    const began = Date.now()
    await staff.hire(2)
    while ((await saved()) < jobs) await sleep(1000)
    return jobs / ((Date.now() - began) / 1000)
  } finally {
    await end()
  }
}

/** Jobs that are polled every two seconds: polls a second, over a time. */
export const pollsPerSecond = async (database: string, jobs: number, seconds: number): Promise<number> => {
  const { end, mock, staff, submit } = await world(database, { pace: 2000, lease: 45_000, concurrency: 64 })
  const polls = () => mock.journal.filter(({ route }) => route === "poll").length
  try {
    await submit(jobs, "mock:duration=1h")
    await staff.hire(2)
    while (mock.jobs.length < jobs) await sleep(250)
    await sleep(3000)
    const before = polls()
    await sleep(seconds * 1000)
    return (polls() - before) / seconds
  } finally {
    await end()
  }
}
