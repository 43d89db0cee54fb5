import type { Row } from "../Row.ts"
import type { Control } from "../server/Control.ts"
import { macrotask, sleep, until } from "./clock.ts"
import { start, Started, type Surroundings } from "./Started.ts"
import type { Memory, Task } from "./Task.ts"

const hour = 3_600_000

/** So many jobs and more come to their end as well: their interval is as short as their number allows. */
const many = { jobs: 100_000, interval: 180_000 }

/** What a job weighs that sleeps after its first poll, and what stopping all of them by the row's own handles costs. */
export const memory = async (row: Row, { sizes }: Extract<Task, { phase: "memory" }>, { base, control }: Surroundings): Promise<Memory> => {
  const largest = Math.max(...sizes)
  const interval = largest >= many.jobs ? many.interval : hour
  const client = await row.make({ base, interval })
  const stopBy = client.handle === undefined ? "nothing" : "handle"
  const { jobs: first } = await control.ask({ ask: "counts" })
  const bare = await weight(control)
  const started = new Started(undefined)
  const measured: Array<Memory["sizes"][number]> = []
  for (const jobs of sizes) {
    await start(row, client, control, {
      jobs: jobs - started.count,
      stopBy,
      most: interval === hour ? 60_000 : interval * 0.8,
      onto: started
    })
    const { heap, rss } = await weight(control)
    measured.push({ jobs, waiting: started.count, heap: (heap - bare.heap) / started.count, rss: (rss - bare.rss) / started.count })
    if (started.count < jobs) break
  }
  const last = measured.at(-1)
  if (last !== undefined && last.jobs >= many.jobs) {
    await control.ask({ ask: "finish", from: first, to: first + started.count, within: 1 })
    await until(() => started.waiting === 0, interval * 1.5)
    return { phase: "memory", sizes: [...measured.slice(0, -1), { ...last, ended: started.ended }] }
  }
  return stopBy === "nothing"
    ? { phase: "memory", sizes: measured }
    : { phase: "memory", sizes: measured, cancel: await started.stop(control, 200) }
}

/** Once connections are closed and garbage is collected. */
const weight = async (control: Control): Promise<{ readonly heap: number; readonly rss: number }> => {
  await control.ask({ ask: "hang up" })
  await sleep(500)
  for (let left = 4; left > 0; left--) {
    globalThis.gc?.()
    await macrotask()
  }
  const { external, heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed + external, rss }
}
