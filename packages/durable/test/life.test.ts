import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { Durable } from "../src/index.ts"
import { databases } from "./databases.ts"
import { worldOf } from "./world.ts"

const order = { provider: "xai", request: { prompt: "A candle flickers." } }
const rows = (table: string) => Effect.flatMap(SqlClient.SqlClient, (sql) => sql<Record<string, unknown>>`SELECT * FROM ${sql(table)}`)

describe.concurrent.each(Object.entries(databases))("a durable job on %s", (_, database) => {
  it("is submitted by one process, worked on by another, followed by a third, and saved", async (test) => {
    const world = await worldOf(test, await database())
    const [client, watcher] = [await world.process(), await world.process()]
    expect(await client.run(Durable.submit("winter/fox", order))).toBe("New")
    expect(await client.run(Durable.submit("winter/fox", order))).toBe("Known")
    const following = watcher.run(Stream.runCollect(Durable.statuses("winter/fox")))
    await world.process({})
    const seen = (await following).map(({ state }) => state._tag)
    expect(seen[0]).toBe("Waiting")
    expect(seen.at(-1)).toBe("Saved")
    const done = await client.run(Durable.result("winter/fox"))
    if (done.state._tag !== "Saved") throw new Error(done.state._tag)
    expect(readFileSync(done.state.saved.location)).toHaveLength(done.state.saved.bytes)
    expect(done.history.map(({ state }) => state).filter((state) => state !== "Queued" && state !== "Running")).toEqual([
      "Waiting",
      "Sending",
      "Submitted",
      "Succeeded",
      "Saved"
    ])
    expect(world.paid()).toBe(1)
    // The row keeps neither a key nor a link of the provider's.
    const [row] = await client.run(rows("reelay_job"))
    expect(Object.values(row ?? {}).join(" ")).not.toMatch(/key-of-the-test|signature=|\.mp4\?/u)
    expect(done.state.job.artifacts).toEqual([{ url: done.state.saved.location, kind: "link" }])
    expect(await client.run(rows("reelay_queue"))).toEqual([])
  })

  it("refuses another request under its key, and what no job can be", async (test) => {
    const world = await worldOf(test, await database())
    const client = await world.process()
    await client.run(Durable.submit("fox", order))
    const flipped = <E>(work: Effect.Effect<unknown, E, Durable.Durable>) => client.run(Effect.flip(work))
    expect(await flipped(Durable.submit("fox", { ...order, request: { prompt: "An owl." } }))).toMatchObject({ _tag: "KeyTaken" })
    expect(await flipped(Durable.submit("fox", { ...order, account: "another" }))).toMatchObject({ _tag: "KeyTaken" })
    expect(await flipped(Durable.submit("", order))).toMatchObject({ _tag: "InvalidRequest", field: "key" })
    expect(await flipped(Durable.submit("a\u0000b", order))).toMatchObject({ _tag: "InvalidRequest", field: "key" })
    expect(await flipped(Durable.result("owl"))).toMatchObject({ _tag: "KeyUnknown" })
  })

  it("that the provider refuses costs nothing, and the key may be used again", async (test) => {
    const world = await worldOf(test, await database())
    const client = await world.process({})
    await client.run(Durable.submit("fox", { ...order, request: { prompt: "A fox.", duration: 999 } }))
    expect(await client.run(Effect.flip(Durable.result("fox")))).toMatchObject({ reason: { _tag: "InvalidRequest" } })
    expect(world.paid()).toBe(0)
    expect(await client.run(Durable.submit("fox", order))).toBe("New")
    expect((await client.run(Durable.result("fox"))).state._tag).toBe("Saved")
    expect(world.paid()).toBe(1)
  })

  it("whose answer is lost is SubmitUnknown for everybody, until a person resolves it", async (test) => {
    const world = await worldOf(test, await database())
    const client = await world.process({})
    const lost = { ...order, request: { prompt: "A fox, mock:lost-submit" } }
    await client.run(Durable.submit("fox", lost))
    expect(await client.run(Effect.flip(Durable.result("fox")))).toMatchObject({ reason: { _tag: "SubmitUnknown" } })
    expect(await client.run(Durable.submit("fox", lost))).toBe("Known")
    expect(world.paid()).toBe(1)
    const [made] = world.mock.mock.jobs
    const ref = {
      provider: "xai",
      kind: "generation",
      id: made?.id ?? "",
      baseUrl: `${world.mock.url}/xai`,
      submittedAt: Date.now()
    } as const
    expect(await client.run(Effect.flip(Durable.resolve("owl", "NotCreated")))).toMatchObject({ _tag: "KeyUnknown" })
    await client.run(Durable.resolve("fox", { ref }))
    expect((await client.run(Durable.result("fox"))).state._tag).toBe("Saved")
    expect(world.paid()).toBe(1)
    expect(await client.run(Effect.flip(Durable.resolve("fox", "NotCreated")))).toMatchObject({ _tag: "NotPossible" })
  })

  it("that is cancelled before it is sent is never sent, and one that runs goes on if the provider has no way to stop it", async (test) => {
    const world = await worldOf(test, await database(), 1500)
    const client = await world.process()
    await client.run(Durable.submit("fox", order))
    expect(await client.run(Durable.cancel("fox"))).toBe("Cancelled")
    expect(await client.run(Durable.cancel("fox"))).toBe("Cancelled")
    await client.run(Durable.submit("owl", order))
    await world.process({})
    await client.run(Stream.runDrain(Stream.takeUntil(Durable.statuses("owl"), ({ state }) => state._tag === "Submitted")))
    expect(await client.run(Durable.cancel("owl"))).toBe("Unsupported")
    expect((await client.run(Durable.result("owl"))).state._tag).toBe("Saved")
    expect(await client.run(Durable.cancel("owl"))).toBe("CompletedAnyway")
    expect(world.paid()).toBe(1)
  })

  it("is listed by state and batch, and pruned to a tombstone that keeps its key", async (test) => {
    const world = await worldOf(test, await database())
    const client = await world.process({})
    for (const key of ["a", "b", "c"]) await client.run(Durable.submit(key, { ...order, batch: key === "c" ? "other" : "winter" }))
    for (const key of ["a", "b", "c"]) await client.run(Durable.result(key))
    const keys = async (filter: Durable.Filter) => (await client.run(Stream.runCollect(Durable.list(filter)))).map(({ key }) => key)
    expect(await keys({})).toEqual(["a", "b", "c"])
    expect(await keys({ batch: "winter", state: "Saved" })).toEqual(["a", "b"])
    expect(await keys({ after: "b" })).toEqual(["c"])
    expect(await keys({ state: "Waiting" })).toEqual([])
    expect(await client.run(Durable.prune("1 hour"))).toBe(0)
    expect(await client.run(Durable.prune(0))).toBe(3)
    expect(await client.run(Durable.prune(0))).toBe(0)
    expect((await client.run(rows("reelay_job"))).map(({ poller, request }) => [request, poller])).toEqual([
      [null, null],
      [null, null],
      [null, null]
    ])
    expect(await client.run(Durable.submit("a", order))).toBe("Known")
    expect(world.paid()).toBe(3)
    expect(await client.run(Durable.forget({ batch: "winter" }))).toBe(2)
    expect(await keys({})).toEqual(["c"])
    expect(existsSync(world.out)).toBe(true)
  })
})
