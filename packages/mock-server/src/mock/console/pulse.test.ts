import { getEventListeners } from "node:events"
import { describe, expect, it } from "vitest"
import { Pulse } from "./pulse.ts"

const open = (pulse: Pulse) => {
  const leaves = new AbortController()
  const reader = pulse.events(leaves.signal).getReader()
  const next = async (): Promise<string | undefined> => {
    const { value } = await reader.read()
    return value === undefined ? undefined : new TextDecoder().decode(value)
  }
  return { leaves, reader, next }
}

const event = (nth: number): string => `event: change\ndata: ${nth}\n\n`

describe("a pulse", () => {
  it("tells where it is at once, and then each change", async () => {
    const pulse = new Pulse()
    const { next } = open(pulse)
    expect(await next()).toBe(event(0))
    const second = next()
    expect(pulse.watching).toBe(1)
    pulse.beat()
    expect(await second).toBe(event(1))
    expect(pulse.watching).toBe(0)
  })

  it("tells what changed while nobody asked once, to each watcher", async () => {
    const pulse = new Pulse()
    const watchers = [open(pulse), open(pulse)]
    for (const { next } of watchers) expect(await next()).toBe(event(0))
    for (let nth = 0; nth < 1000; nth++) pulse.beat()
    for (const { next } of watchers) expect(await next()).toBe(event(1000))
  })

  it.each(["cancels", "aborts"])("forgets a watcher that %s", async (how) => {
    const pulse = new Pulse()
    const { leaves, next, reader } = open(pulse)
    await next()
    const last = next()
    expect(pulse.watching).toBe(1)
    if (how === "cancels") await reader.cancel()
    else leaves.abort()
    expect(pulse.watching).toBe(0)
    expect(await last).toBeUndefined()
    expect(getEventListeners(leaves.signal, "abort")).toEqual([])
  })

  it("holds nothing for an answer that nobody reads", () => {
    const pulse = new Pulse()
    pulse.events(new AbortController().signal)
    expect(pulse.watching).toBe(0)
  })

  it("ends at once for a watcher that has left before", async () => {
    const reader = new Pulse().events(AbortSignal.abort()).getReader()
    expect(await reader.read()).toEqual({ done: true, value: undefined })
  })
})
