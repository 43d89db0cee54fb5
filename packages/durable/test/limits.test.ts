/** Limits that workers keep together: the mock says when each request came. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { describe, expect, it, vi } from "vitest"
import { Durable } from "../src/index.ts"
import { databases } from "./databases.ts"
import { type World, worldOf } from "./world.ts"

// Dozens of jobs, one after the other: the limit is for hangs.
vi.setConfig({ testTimeout: 120_000 })

const order = (prompt: string) => ({ provider: "xai", request: { prompt } })
const asked = ({ mock }: World, ...routes: ReadonlyArray<string>) =>
  mock.mock.journal.filter(({ route }) => routes.includes(route)).map(({ at }) => at)

/** The most of some times that any stretch of a length holds. */
const most = (times: ReadonlyArray<number>, length: number) =>
  Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + length).length))

describe.concurrent.each(Object.entries(databases))("workers that share limits on %s", (name, database) => {
  // SQLite's connections wait for each other with the whole thread, which these workers share: there it measures that.
  it.skipIf(name === "SQLite")("keep one rate, and one of them that is killed leaves it as it is", async (test) => {
    const world = await worldOf(test, await database(), 60_000)
    const limits = { rate: { limit: 10, window: "1 second" } } as const
    const workers = await Promise.all([1, 2, 3, 4].map(() => world.process({ limits, watch: { pace: "1 hour" } })))
    const [first] = workers
    const keys = Array.from({ length: 40 }, (__, index) => `job ${index}`)
    await first?.run(Effect.forEach(keys, (key) => Durable.submit(key, order(key)), { discard: true, concurrency: 8 }))
    while (world.paid() < 15) await new Promise((resolve) => setTimeout(resolve, 20))
    await workers[3]?.stop()
    while (world.paid() < 40) await new Promise((resolve) => setTimeout(resolve, 20))
    const times = asked(world, "submit")
    expect(times).toHaveLength(40)
    // On a slow machine each worker may send late what was its turn before. Four rates of their own would be 40.
    expect(most(times, 1000)).toBeLessThanOrEqual(15)
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(3400)
  })

  it("keep one pause: what one of them is told holds for all", async (test) => {
    const world = await worldOf(test, await database(), 60_000)
    const workers = await Promise.all([1, 2, 3].map(() => world.process({ limits: {}, concurrency: 1, watch: { pace: "1 hour" } })))
    const [first] = workers
    await first?.run(Durable.submit("busy", order("A fox, mock:fault=submit-rate-limited")))
    while (asked(world, "submit").length < 1) await new Promise((resolve) => setTimeout(resolve, 5))
    const [refused = 0] = asked(world, "submit")
    await new Promise((resolve) => setTimeout(resolve, 150))
    const keys = Array.from({ length: 9 }, (__, index) => `job ${index}`)
    await first?.run(Effect.forEach(keys, (key) => Durable.submit(key, order(key)), { discard: true }))
    while (asked(world, "submit").length < 2) await new Promise((resolve) => setTimeout(resolve, 20))
    const [, next = 0] = asked(world, "submit")
    // The mock asks for a second; without a shared pause the others would have sent theirs at once.
    expect(next - refused).toBeGreaterThanOrEqual(950)
    await first?.run(Stream.runDrain(Stream.takeUntil(Durable.statuses("job 8"), ({ state }) => "ref" in state)))
  })
})
