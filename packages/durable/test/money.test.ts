/** No job is lost, and none is paid for twice: what one process leaves in the middle, and what another makes of it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import { describe, expect, it } from "vitest"
import { Durable } from "../src/index.ts"
import { databases } from "./databases.ts"
import { type Process, worldOf } from "./world.ts"

const order = { provider: "xai", request: { prompt: "A candle flickers." } }
const sql = <A>(use: (sql: SqlClient.SqlClient) => Effect.Effect<A, unknown>) => Effect.flatMap(SqlClient.SqlClient, use)
const inState = (key: string, ...states: ReadonlyArray<string>) =>
  Stream.runDrain(Stream.takeUntil(Durable.statuses(key), ({ state }) => states.includes(state._tag)))
const stateOf = async (client: Process, key: string) => Option.getOrThrow(await client.run(Durable.state(key))).state
/** As a worker leaves a row that dies between its intent and the answer. */
const died = (key: string, until: number) =>
  sql((the) => the`UPDATE reelay_job SET state = 'Sending', attempt = 'of-the-dead', intent_until = ${until} WHERE key = ${key}`)
/** Delivers what is first in the queues once more. */
const copied = (id: string) =>
  sql(
    (the) => the`INSERT INTO reelay_queue (id, queue_name, element, state, attempts, visible_at, created_at, updated_at)
      SELECT ${id}, queue_name, element, 'pending', 0, created_at, created_at, updated_at FROM reelay_queue WHERE id NOT LIKE 'copy%' ORDER BY sequence LIMIT 1`
  )
const wait = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

describe.concurrent.each(Object.entries(databases))("money on %s", (_, database) => {
  it("an intent whose lease has run out is SubmitUnknown, and no worker ever sends it", async (test) => {
    const world = await worldOf(test, await database())
    const client = await world.process()
    await client.run(Durable.submit("fox", order))
    await client.run(died("fox", Date.now() - 1))
    const workers = await Promise.all([world.process({}), world.process({})])
    await client.run(inState("fox", "SubmitUnknown"))
    await client.run(Durable.submit("owl", order))
    await client.run(Durable.result("owl"))
    await Promise.all(workers.map((worker) => worker.stop()))
    await (await world.process({})).run(Effect.sleep("500 millis"))
    expect(await client.run(Durable.submit("fox", order))).toBe("Known")
    expect(await stateOf(client, "fox")).toMatchObject({ _tag: "SubmitUnknown", error: { reason: { _tag: "SubmitUnknown" } } })
    expect(world.paid()).toBe(1)
  })

  it("an intent whose lease still runs is left to its worker until then", async (test) => {
    const world = await worldOf(test, await database())
    const client = await world.process()
    await client.run(Durable.submit("fox", order))
    const until = Date.now() + 3000
    await client.run(died("fox", until))
    const worker = await world.process({})
    await wait(1000)
    expect((await stateOf(client, "fox"))._tag).toBe("Sending")
    await worker.run(inState("fox", "SubmitUnknown"))
    expect(Date.now()).toBeGreaterThanOrEqual(until)
    expect(world.paid()).toBe(0)
  })

  it("a person who has looked allows one new POST", async (test) => {
    const world = await worldOf(test, await database())
    const client = await world.process()
    await client.run(Durable.submit("fox", order))
    await client.run(died("fox", Date.now() - 1))
    const worker = await world.process({})
    await worker.run(inState("fox", "SubmitUnknown"))
    await worker.run(Durable.resolve("fox", "NotCreated"))
    expect((await worker.run(Durable.result("fox"))).state._tag).toBe("Saved")
    expect(world.paid()).toBe(1)
  })

  it("a task that is delivered again, for a step that is done, does nothing", async (test) => {
    const world = await worldOf(test, await database())
    const client = await world.process()
    await client.run(Durable.submit("fox", order))
    for (const id of ["copy-1", "copy-2", "copy-3"]) await client.run(copied(id))
    await Promise.all([world.process({}), world.process({}), world.process({})])
    expect((await client.run(Durable.result("fox"))).state._tag).toBe("Saved")
    await wait(300)
    expect(world.paid()).toBe(1)
    expect(world.mock.mock.journal.filter(({ route }) => route === "submit")).toHaveLength(1)
  })

  it("a poll that is delivered again does not become a second chain of polls", async (test) => {
    const world = await worldOf(test, await database(), 60_000)
    const client = await world.process({})
    await client.run(Durable.submit("fox", order))
    await client.run(inState("fox", "Submitted", "Queued", "Running"))
    const [old] = await client.run(sql((the) => the<{ readonly element: string }>`SELECT element FROM reelay_queue`))
    // The poll that it is for is done by then.
    await wait(2500)
    for (const id of ["copy-1", "copy-2", "copy-3"]) await client.run(copied(id))
    await client.run(sql((the) => the`UPDATE reelay_queue SET element = ${old?.element ?? ""} WHERE id LIKE 'copy%'`))
    await wait(3000)
    const left = await client.run(sql((the) => the`SELECT id FROM reelay_queue WHERE state = 'pending'`))
    expect(left).toHaveLength(1)
  })

  it("a POST that takes longer than a caller waits for is not cut by a worker that stops", async (test) => {
    const world = await worldOf(test, await database(), 300, 11_500)
    const client = await world.process()
    const slow = await world.process({ submitTimeout: 30_000 })
    await client.run(Durable.submit("fox", order))
    await client.run(inState("fox", "Sending"))
    await slow.stop()
    expect((await stateOf(client, "fox"))._tag).toBe("Submitted")
    expect(world.paid()).toBe(1)
  })

  it("ten processes start at once on an empty database, and share its jobs", async (test) => {
    const world = await worldOf(test, await database())
    const all = await Promise.all(Array.from({ length: 10 }, () => world.process({})))
    const keys = Array.from({ length: 40 }, (__, index) => `job/${index}`)
    const taken = await Promise.all(
      keys.flatMap((key, index) =>
        [0, 1].map((more) => all.at((index + more) % 10)?.run(Durable.submit(key, order)) ?? Promise.reject(new Error("no such process")))
      )
    )
    expect(taken.filter((each) => each === "New")).toHaveLength(40)
    await Promise.all(
      keys.map((key, index) => all.at((index + 5) % 10)?.run(Durable.result(key)) ?? Promise.reject(new Error("no such process")))
    )
    expect(world.paid()).toBe(40)
  })

  it("a row of a newer version is left alone and reported, and resumed once it can be read", async (test) => {
    const world = await worldOf(test, await database())
    const client = await world.process()
    await client.run(Durable.submit("fox", order))
    await client.run(sql((the) => the`UPDATE reelay_job SET version = 2`))
    await world.process({})
    await client.run(Durable.submit("owl", order))
    await client.run(Durable.result("owl"))
    expect(await stateOf(client, "fox")).toEqual({
      _tag: "Unreadable",
      detail: "the row has version 2, and this Reelay reads 1: a newer worker must go on with it"
    })
    expect(world.paid()).toBe(1)
    await client.run(sql((the) => the`UPDATE reelay_job SET version = 1`))
    await client.run(inState("fox", "Saved"))
    expect(world.paid()).toBe(2)
  })

  it("a submission that the provider is too busy for is tried again later, and a damaged row harms no other", async (test) => {
    const world = await worldOf(test, await database())
    const client = await world.process({})
    await client.run(Durable.submit("busy", { ...order, request: { prompt: "A fox, mock:fault=submit-rate-limited" } }))
    await client.run(Durable.submit("damaged", order))
    await client.run(sql((the) => the`UPDATE reelay_job SET history = '{' WHERE key = 'damaged'`))
    await client.run(
      Stream.runDrain(Stream.takeUntil(Durable.statuses("busy"), ({ state }) => state._tag === "Waiting" && state.error !== undefined))
    )
    expect(await stateOf(client, "busy")).toMatchObject({ error: { reason: { _tag: "RateLimited" } } })
    expect((await client.run(Durable.result("busy"))).state._tag).toBe("Saved")
  })

  it("a worker that is told to stop cuts no POST, and gives back what it has not begun", async (test) => {
    const world = await worldOf(test, await database(), 300, 700)
    const client = await world.process()
    const slow = await world.process({ concurrency: 4, submitTimeout: 20_000 })
    const keys = Array.from({ length: 12 }, (__, index) => `job/${index}`)
    await Promise.all(keys.map((key) => client.run(Durable.submit(key, order))))
    await client.run(
      Effect.repeat(
        sql((the) => the`SELECT key FROM reelay_job WHERE state = 'Sending'`),
        { until: (rows) => rows.length >= 4 }
      )
    )
    await slow.stop()
    const states = await client.run(Stream.runCollect(Durable.list()))
    expect(states.filter(({ state }) => state._tag === "SubmitUnknown" || state._tag === "Sending")).toEqual([])
    expect(states.filter(({ state }) => state._tag === "Submitted")).toHaveLength(world.paid())
    expect(world.paid()).toBeLessThan(12)
    await world.process({})
    await Promise.all(keys.map((key) => client.run(Durable.result(key))))
    expect(world.paid()).toBe(12)
  })
})
