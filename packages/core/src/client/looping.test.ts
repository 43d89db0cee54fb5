import { describe, expect, it, vi } from "vitest"
import type { Observer } from "./contract.ts"
import { looped } from "./looping.ts"

interface Value {
  readonly n: number
}

/** A source that a test drives by hand. */
const driven = () => {
  const observers = new Set<Observer<Value>>()
  const listen = (observer: Observer<Value>): (() => void) => {
    observers.add(observer)
    observer.next({ n: 0 })
    return () => void observers.delete(observer)
  }
  const all = (call: (observer: Observer<Value>) => void): void => Array.from(observers).forEach((observer) => call(observer))
  return {
    listen,
    observers,
    next: (n: number) => all((observer) => observer.next({ n })),
    complete: () => all((observer) => observer.complete()),
    error: (error: unknown) => all((observer) => observer.error(error))
  }
}

const read = async (values: AsyncIterable<Value>): Promise<ReadonlyArray<number>> => {
  const seen: Array<number> = []
  for await (const { n } of values) seen.push(n)
  return seen
}

describe("a loop over a value that changes", () => {
  it("listens from its first step to its end, and gets the current value first", async () => {
    const source = driven()
    const loop = looped(source.listen)[Symbol.asyncIterator]()
    expect(source.observers.size).toBe(0)
    expect(await loop.next()).toEqual({ done: false, value: { n: 0 } })
    source.next(1)
    source.complete()
    expect([await loop.next(), await loop.next(), source.observers.size]).toEqual([
      { done: false, value: { n: 1 } },
      { done: true, value: undefined },
      0
    ])
  })

  it("misses values if it is slow, but never the last", async () => {
    const source = driven()
    const loop = looped(source.listen)
    const reading = read(loop)
    for (let n = 1; n <= 40; n++) source.next(n)
    source.complete()
    const seen = await reading
    expect([seen.at(-1), seen.length]).toEqual([40, 17])
  })

  it("that is left listens no more", async () => {
    const source = driven()
    for await (const { n } of looped(source.listen)) if (n === 0) break
    expect(source.observers.size).toBe(0)
  })

  it("throws an error once, after the values before it", async () => {
    const source = driven()
    const loop = looped(source.listen)[Symbol.asyncIterator]()
    await loop.next()
    source.next(1)
    source.error("lost")
    expect(await loop.next()).toEqual({ done: false, value: { n: 1 } })
    await expect(loop.next()).rejects.toBe("lost")
    expect(await loop.next()).toEqual({ done: true, value: undefined })
  })

  it("gives steps that are asked for ahead what comes, in their order", async () => {
    const source = driven()
    const loop = looped(source.listen)[Symbol.asyncIterator]()
    const steps = [loop.next(), loop.next(), loop.next()]
    source.next(1)
    source.complete()
    expect((await Promise.all(steps)).map(({ value }) => value)).toEqual([{ n: 0 }, { n: 1 }, undefined])
  })

  it.each([
    ["while it waits", () => undefined],
    ["before what it has not read", (source: ReturnType<typeof driven>) => source.next(1)],
    ["after the end, which it has not read", (source: ReturnType<typeof driven>) => (source.next(1), source.complete())]
  ])("B10: a signal that is aborted %s rejects with its reason, and keeps no listener", async (_, before) => {
    const source = driven()
    const controller = new AbortController()
    const add = vi.spyOn(controller.signal, "addEventListener")
    const remove = vi.spyOn(controller.signal, "removeEventListener")
    const loop = looped(source.listen, { signal: controller.signal })[Symbol.asyncIterator]()
    await loop.next()
    before(source)
    controller.abort("enough")
    await expect(loop.next()).rejects.toBe("enough")
    expect([source.observers.size, add.mock.calls.length]).toEqual([0, 1])
    expect(remove).toHaveBeenCalled()
  })

  it("B10: a signal that was aborted before listens to nothing", async () => {
    const source = driven()
    await expect(read(looped(source.listen, { signal: AbortSignal.abort("gone") }))).rejects.toBe("gone")
    expect(source.observers.size).toBe(0)
  })
})
