import { performance } from "node:perf_hooks"
import type { Row } from "../Row.ts"
import { cpu, sleep, until } from "./clock.ts"
import { start, type Surroundings } from "./Started.ts"
import type { Poll, Task } from "./Task.ts"

/** More than so many jobs take too long to be finished one after another. */
const mostForLag = 2000

/** The link tells since when the job is finished. */
const finishedAt = (link: string): number => Number(/[?&]t=(\d+)/u.exec(link)?.[1])

/** Jobs in the midst of their lives: what a poll costs, how soon an end is noticed, and what stopping all the others costs. */
export const poll = async (row: Row, task: Extract<Task, { phase: "poll" }>, { base, control }: Surroundings): Promise<Poll> => {
  const { interval, jobs, window } = task
  const client = await row.make({ base, interval })
  const { jobs: first } = await control.ask({ ask: "counts" })
  const lags: Array<number> = []
  const started = await start(row, client, control, {
    jobs,
    stopBy: "signal",
    // Whole intervals, so that polls are spread evenly.
    spread: Math.ceil((jobs * 0.25) / interval) * interval,
    inFlight: 2000,
    // Who needs longer is behind by then, and stays so.
    most: 20_000,
    onVideo: (link) => lags.push(performance.timeOrigin + performance.now() - finishedAt(link))
  })
  await sleep(row.firstPoll === "at once" ? interval * 0.5 : interval * 1.2)

  globalThis.gc?.()
  const before = await control.ask({ ask: "counts" })
  const loop = performance.eventLoopUtilization()
  const began = performance.now()
  const spent = cpu()
  await sleep(window)
  const used = cpu() - spent
  const took = performance.now() - began
  const { utilization } = performance.eventLoopUtilization(loop)
  const after = await control.ask({ ask: "counts" })
  const polls = after.polls - before.polls

  if (jobs <= mostForLag) {
    const finishing = Math.min(400, Math.floor(jobs / 2))
    await control.ask({ ask: "finish", from: first, to: first + finishing, within: interval })
    await until(() => lags.length === finishing, interval * 4 + 3000)
  }
  const cancel = await started.stop(control, Math.min(interval * 1.2, 3000))
  await client.close?.()
  return {
    phase: "poll",
    jobs,
    waiting: started.count,
    interval,
    polls,
    kept: polls / ((started.count / interval) * took),
    cpu: used / polls,
    busy: utilization,
    connections: after.mostOpen,
    lags,
    cancel
  }
}
