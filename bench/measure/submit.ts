import type { Row } from "../Row.ts"
import { cpu, sleep } from "./clock.ts"
import { Started, type Surroundings } from "./Started.ts"
import type { Submit, Task } from "./Task.ts"

/** As many are on their way at once. */
const atOnce = 128

/** From the submission to the first poll, which finds the job finished: as many as can be, one after another. */
export const submit = async (row: Row, { jobs }: Extract<Task, { phase: "submit" }>, { base, control }: Surroundings): Promise<Submit> => {
  await control.ask({ ask: "set", finishAfter: 1, isMoving: false })
  // As good as none, for those that wait before the first poll.
  const client = await row.make({ base, interval: 10 })
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const next = (): void => {
    if (started.count < jobs) started.add(client, "signal")
    else if (started.waiting === 0) resolve(undefined)
  }
  const started = new Started(next)
  globalThis.gc?.()
  const began = performance.now()
  const spent = cpu()
  for (let left = Math.min(atOnce, jobs); left > 0; left--) started.add(client, "signal")
  await Promise.race([promise, sleep(60_000)])
  const used = cpu() - spent
  const took = performance.now() - began
  if (started.waiting > 0 || started.failure !== undefined) {
    throw new Error(`Of ${jobs} jobs, ${started.ended} came to their end`, { cause: started.failure })
  }
  await client.close?.()
  return { phase: "submit", jobs, cpu: used / jobs, aSecond: (jobs / took) * 1000 }
}
