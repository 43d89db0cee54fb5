import type { Row } from "../Row.ts"
import { cpu, macrotask, sleep, until } from "./clock.ts"
import type { Surroundings } from "./Started.ts"
import type { Subscribers, Task } from "./Task.ts"

/** One job that each poll moves, and more and more who are told of it. */
export const subscribers = async (
  row: Row,
  { counts, interval, window }: Extract<Task, { phase: "subscribers" }>,
  { base, control }: Surroundings
): Promise<Subscribers | null> => {
  await control.ask({ ask: "set", finishAfter: 0, isMoving: true })
  const client = await row.make({ base, interval })
  const { share } = client
  if (share === undefined) return null
  const measured: Array<Subscribers["counts"][number]> = []
  // The first time is to warm up.
  for (const count of [Math.max(...counts), ...counts]) {
    const bare = await heap()
    let states = 0
    const shared = await share(count, () => {
      states += 1
    })
    if (!(await until(() => states >= count * 2, interval * 4 + 10_000)))
      throw new Error(`${count} subscribers were told of ${states} states`)
    const full = await heap()
    const before = await control.ask({ ask: "counts" })
    const told = states
    const spent = cpu()
    await sleep(window)
    const used = cpu() - spent
    const after = await control.ask({ ask: "counts" })
    const heard = states - told
    measured.push({
      subscribers: count,
      polls: after.polls - before.polls,
      states: heard,
      cpu: used / heard,
      heap: (full - bare) / count
    })
    shared.stop()
    await sleep(interval)
  }
  await client.close?.()
  return { phase: "subscribers", counts: measured.slice(1) }
}

const heap = async (): Promise<number> => {
  for (let left = 3; left > 0; left--) {
    globalThis.gc?.()
    await macrotask()
  }
  const { external, heapUsed } = process.memoryUsage()
  return heapUsed + external
}
