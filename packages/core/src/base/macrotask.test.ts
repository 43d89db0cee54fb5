import * as Effect from "effect/Effect"
import { afterEach, describe, expect, it, vi } from "vitest"

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

/** The module as a runtime with other globals has it, and a spy on what it must not use there. */
const loadedWith = async (missing: ReadonlyArray<"setImmediate" | "MessageChannel">) => {
  const timer = vi.fn<typeof globalThis.setTimeout>(globalThis.setTimeout)
  for (const name of missing) vi.stubGlobal(name, undefined)
  vi.stubGlobal("setTimeout", timer)
  vi.resetModules()
  return { ...(await import("./macrotask.ts")), timers: () => timer.mock.calls.length }
}

describe("a macrotask", () => {
  it.each<[string, ReadonlyArray<"setImmediate" | "MessageChannel">, number]>([
    ["on Node", [], 0],
    ["in a browser, by no timer", ["setImmediate"], 0],
    ["in a runtime with neither, by a timer", ["setImmediate", "MessageChannel"], 1]
  ])("comes after all microtasks of its turn: %s", async (_, missing, timers) => {
    const { macrotask, timers: set } = await loadedWith(missing)
    const order: Array<string> = []
    const before = set()
    const done = Effect.runPromise(Effect.map(macrotask, () => void order.push("macrotask")))
    order.push("same turn")
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
    order.push("microtasks")
    await done
    expect(order).toEqual(["same turn", "microtasks", "macrotask"])
    expect(set() - before).toBe(timers)
  })

  it("needs no timer for the fibers of a submission in a browser, and leaves Node its own scheduler", async () => {
    expect((await loadedWith([])).scheduler).toBeUndefined()
    const { scheduler, timers } = await loadedWith(["setImmediate"])
    if (scheduler === undefined) throw new Error("a browser has none")
    const before = timers()
    const ran: Array<string> = []
    await Effect.runPromise(
      Effect.andThen(
        Effect.yieldNow,
        Effect.sync(() => void ran.push("it goes on"))
      ),
      { scheduler }
    )
    expect([ran, timers() - before]).toEqual([["it goes on"], 0])
    const dispatcher = scheduler.makeDispatcher()
    dispatcher.scheduleTask(() => void ran.push("flushed"), 0)
    dispatcher.flush()
    await Effect.runPromise(Effect.yieldNow)
    expect(ran).toEqual(["it goes on", "flushed"])
  })
})
