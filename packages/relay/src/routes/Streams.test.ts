import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { event } from "../wire/events.ts"
import { Streams } from "./Streams.ts"

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const streams = (): Streams => new Streams({ perUser: 2, all: 3, heartbeat: 15_000, slowReader: 30_000, age: 3_600_000 })

const state = (progress: number): Uint8Array<ArrayBuffer> => event("state", { progress, padding: "x".repeat(1000) })

const textOf = async (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text()

describe("a stream", () => {
  it("keeps only the newest state of each job for a reader that is slow, and gives it when it reads on", async () => {
    const all = streams()
    const stream = all.make("ann", new AbortController().signal, () => undefined)
    for (let progress = 0; progress < 5000; progress++) stream.send("one", state(progress))
    stream.send("two", state(7))
    stream.end()
    const text = await textOf(stream.body)
    // 16 KiB went to the reader at once; of the rest there is the last.
    expect(text.length).toBeLessThan(25_000)
    expect(text).toContain('"progress":4999')
    expect(text).toContain('"progress":7')
    expect(all.size()).toBe(0)
  })

  it("is closed when its reader takes nothing for 30 s, and not while it is only quiet", () => {
    const all = streams()
    let left = 0
    const stuck = all.make("ann", new AbortController().signal, () => (left += 1))
    for (let progress = 0; progress < 100; progress++) stuck.send("one", state(progress))
    all.make("bob", new AbortController().signal, () => undefined)
    vi.advanceTimersByTime(15_000)
    expect([all.size(), left]).toEqual([2, 0])
    vi.advanceTimersByTime(30_000)
    expect([all.size(), left]).toEqual([1, 1])
  })

  it("counts for its user until it is left, however that is told, and is left once", async () => {
    const all = streams()
    const gone = new AbortController()
    let left = 0
    const made = [0, 1].map(() => all.make("ann", gone.signal, () => (left += 1)))
    expect(() => all.make("ann", gone.signal, () => undefined)).toThrow(/2 event streams/u)
    all.make("bob", new AbortController().signal, () => undefined)
    expect(() => all.make("cat", new AbortController().signal, () => undefined)).toThrow(/too many/u)
    await made[0]?.body.cancel()
    gone.abort()
    await made[1]?.body.cancel().catch(() => undefined)
    expect([left, all.size()]).toEqual([2, 1])
    all.make("ann", new AbortController().signal, () => undefined)
  })

  it("begins no timer before the first, and leaves none after the last", async () => {
    const all = streams()
    expect(vi.getTimerCount()).toBe(0)
    const one = all.make("ann", new AbortController().signal, () => undefined)
    expect(vi.getTimerCount()).toBe(1)
    await one.body.cancel()
    expect(vi.getTimerCount()).toBe(0)
  })

  it("whose reader has left before it begins is not kept", () => {
    const all = streams()
    const stream = all.make("ann", AbortSignal.abort(), () => undefined)
    expect([stream.isOpen, all.size()]).toEqual([false, 0])
  })
})
