import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { afterAll, beforeAll, vi } from "vitest"
import { expect } from "../../test/expect.ts"
import { listen, provider, request, said, script } from "../../test/fake.ts"
import * as Job from "../Job.ts"

/** A page: its window and its document. */
const window = new EventTarget()
const document = Object.assign(new EventTarget(), { visibilityState: "hidden" })

beforeAll(() => {
  vi.stubGlobal("document", document)
  vi.stubGlobal("addEventListener", window.addEventListener.bind(window))
})
afterAll(() => vi.unstubAllGlobals())

const becomes = (visibilityState: "hidden" | "visible"): void => {
  document.visibilityState = visibilityState
  document.dispatchEvent(new Event("visibilitychange"))
}

const watched = Effect.fnUntraced(function* (first = said("running")) {
  const net = script({ polls: [first, said("running")] })
  const handle = yield* Job.submit(provider, request, { pace: "30 seconds", deadline: "5 minutes" }).pipe(Effect.provide(net.layer))
  const { fiber } = yield* listen(handle)
  yield* TestClock.adjust("31 seconds")
  return { fiber, times: () => net.polls().map(({ at }) => at) }
})

describe("in a page", () => {
  it.effect.each<[string, () => void]>([
    ["being back online", () => void window.dispatchEvent(new Event("online"))],
    ["becoming visible", () => becomes("visible")]
  ])("%s brings the next poll forward to the provider's least interval, and not below it", ([, happens]) =>
    Effect.gen(function* () {
      const { times } = yield* watched()
      happens()
      yield* TestClock.adjust("1 second")
      expect(times()).toEqual([30_000])
      yield* TestClock.adjust("1 second")
      expect(times()).toEqual([30_000, 33_000])
      yield* TestClock.adjust("29 seconds")
      expect(times()).toEqual([30_000, 33_000])
    })
  )

  it.effect("Retry-After is kept all the same", () =>
    Effect.gen(function* () {
      const { times } = yield* watched({ ...said("running"), headers: { "retry-after": "20" } })
      becomes("visible")
      yield* TestClock.adjust("18 seconds")
      expect(times()).toEqual([30_000])
      yield* TestClock.adjust("1 second")
      expect(times()).toEqual([30_000, 50_000])
    })
  )

  it.effect("becoming hidden changes nothing, and what was left is not asked for", () =>
    Effect.gen(function* () {
      const { fiber, times } = yield* watched()
      becomes("hidden")
      yield* TestClock.adjust("10 seconds")
      expect(times()).toEqual([30_000])
      yield* Fiber.interrupt(fiber)
      becomes("visible")
      yield* TestClock.adjust("10 seconds")
      expect(times()).toEqual([30_000])
    })
  )
})
