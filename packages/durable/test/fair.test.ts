/** A large batch starves nobody: in what order jobs are sent. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describe, expect, it, vi } from "vitest"
import { Durable } from "../src/index.ts"
import { databases } from "./databases.ts"
import { type Process, worldOf } from "./world.ts"

// Dozens of jobs, one after the other: the limit is for hangs.
vi.setConfig({ testTimeout: 120_000 })

const submitted = (client: Process, keys: ReadonlyArray<string>, batch?: string) =>
  client.run(
    Effect.forEach(keys, (key) => Durable.submit(key, { provider: "xai", request: { prompt: key }, batch }), {
      discard: true
    })
  )
const names = (what: string, count: number) => Array.from({ length: count }, (_, index) => `${what} ${index}`)
const sent = (client: Process, key: string) =>
  client.run(
    Effect.repeat(Durable.state(key), {
      until: (status) => Option.isSome(status) && !["Waiting", "Sending"].includes(status.value.state._tag)
    })
  )

// Not at once: SQLite waits with the whole thread, and PostgreSQL ends a transaction that stands still for five seconds.
describe.each(Object.entries(databases))("a large batch on %s", (_, database) => {
  it("that waits lets a single job and a small batch go in turn with its own", async (test) => {
    const world = await worldOf(test, await database(), 60_000)
    const client = await world.process()
    await submitted(client, names("large", 60), "large")
    await submitted(client, names("small", 5), "small")
    await submitted(client, ["alone"])
    await world.process({ concurrency: 1, watch: { pace: "1 hour" } })
    while (world.paid() < 66) await new Promise((resolve) => setTimeout(resolve, 20))
    const order = world.mock.mock.jobs.map(({ prompt }) => prompt)
    expect(order).toHaveLength(66)
    expect(order.indexOf("alone")).toBeLessThan(3)
    // One of the large batch, one of the small, and so on.
    for (const key of names("small", 5)) expect(order.indexOf(key)).toBeLessThan(14)
  })

  it("that is half sent is not overtaken by all that comes later, nor does it hold it up", async (test) => {
    const world = await worldOf(test, await database(), 60_000, 20)
    const client = await world.process()
    await submitted(client, names("large", 40), "large")
    await world.process({ concurrency: 1, watch: { pace: "1 hour" } })
    while (world.paid() < 10) await new Promise((resolve) => setTimeout(resolve, 20))
    await submitted(client, names("late", 20), "late")
    const before = world.paid()
    await sent(client, "late 0")
    expect(world.paid() - before).toBeLessThan(12)
    while (world.paid() < 60) await new Promise((resolve) => setTimeout(resolve, 20))
    const order = world.mock.mock.jobs.slice(before).map(({ prompt }) => prompt.split(" ")[0])
    const large = order.slice(0, 20).filter((batch) => batch === "large").length
    expect(large).toBeGreaterThan(5)
    expect(large).toBeLessThan(18)
  })
})
