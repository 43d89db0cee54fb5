/** Every row works: three jobs to their end, and stopped. How quickly is nobody's business here. */
import { readdirSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, it, type TestContext } from "vitest"
import { memory } from "./measure/memory.ts"
import { poll } from "./measure/poll.ts"
import { submit } from "./measure/submit.ts"
import { subscribers } from "./measure/subscribers.ts"
import { load, names } from "./rows.ts"
import { measure } from "./run/processes.ts"
import { Control } from "./server/Control.ts"
import { serve } from "./server/serve.ts"

/** Closed when the test is over. */
const served = async (onTestFinished: TestContext["onTestFinished"]) => {
  const { base, close, control: port } = await serve()
  const control = new Control(port)
  onTestFinished(() => {
    close()
    control.close()
  })
  return { base, control }
}

it("every file of rows is a row", () => {
  const files = readdirSync(new URL("rows", import.meta.url)).filter((name) => name.endsWith(".ts"))
  expect(files.map((name) => name.slice(0, -3)).toSorted()).toStrictEqual(names.toSorted())
})

describe.concurrent.each(names)("%s", (name) => {
  it("follows three jobs to their end, each submitted once", async ({ onTestFinished }) => {
    const around = await served(onTestFinished)
    const { aSecond, cpu, jobs } = await submit(await load(name), { phase: "submit", jobs: 3 }, around)
    expect([jobs, aSecond > 0, cpu > 0]).toStrictEqual([3, true, true])
    const counts = await around.control.ask({ ask: "counts" })
    expect(counts.submissions).toBe(3)
    expect(counts.polls).toBeGreaterThanOrEqual(3)
  })

  it("polls three jobs, notices the end of one, and stops the others", async ({ onTestFinished }) => {
    const around = await served(onTestFinished)
    const row = await load(name)
    const { cancel, kept, lags, polls } = await poll(row, { phase: "poll", jobs: 3, interval: 100, window: 300 }, around)
    expect([lags.length, cancel.jobs, cancel.settled !== null]).toStrictEqual([1, 2, true])
    // None polls without a pause.
    expect([polls > 0, kept < 2]).toStrictEqual([true, true])
    const before = await around.control.ask({ ask: "counts" })
    expect(before.submissions).toBe(3)
    await sleep(250)
    expect((await around.control.ask({ ask: "counts" })).polls).toBe(before.polls)
  })

  it("tells several subscribers of one job, if that is something it can", async ({ onTestFinished }) => {
    const around = await served(onTestFinished)
    const row = await load(name)
    const result = await subscribers(row, { phase: "subscribers", counts: [1, 3], interval: 50, window: 200 }, around)
    const counts = row.group === "Reelay" || row.group === "by hand" ? [1, 3] : undefined
    expect(result?.counts.map((each) => each.subscribers)).toStrictEqual(counts)
    // However many there are, the job is one; there is one more to warm up.
    expect((await around.control.ask({ ask: "counts" })).submissions).toBe(counts === undefined ? 0 : 3)
  })
})

it.concurrent.for(["raw-net", "reelay-effect-node"] as const)(
  "%s is weighed, and stopped by its own handles",
  async (name, { onTestFinished }) => {
    const result = await memory(await load(name), { phase: "memory", sizes: [2, 3] }, await served(onTestFinished))
    expect(result.sizes.map(({ jobs, waiting }) => [jobs, waiting])).toStrictEqual([
      [2, 2],
      [3, 3]
    ])
    expect(result.cancel).toMatchObject({ jobs: 3, requests: 0 })
  }
)

it.concurrent("a row that is measured in a process of its own, against a server in another, answers", async () => {
  expect(await measure("fetch-loop", { phase: "submit", jobs: 3 }, 50_000)).toMatchObject({ phase: "submit", jobs: 3 })
})
