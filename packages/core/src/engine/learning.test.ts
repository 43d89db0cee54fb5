import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { done, listen, provider, request, said, transport } from "../../test/fake.ts"
import { ref } from "../../test/samples.ts"
import * as Durations from "../durations/Durations.ts"
import * as Job from "../Job.ts"

const serving = (end: ReturnType<typeof said>, takes = 12_000) =>
  transport(({ at, method }) => (method === "POST" ? { body: { id: "job-1" } } : at < takes ? said("running") : end))

const intervals = (durations: Durations.Durations) => Object.values(durations.learned().jobs)

describe("what is learned", () => {
  it.effect("of a success is between which polls it came", () =>
    Effect.gen(function* () {
      const durations = Durations.memory()
      const handle = yield* Job.submit(provider, request, { durations }).pipe(Effect.provide(serving(done).layer))
      yield* listen(handle)
      yield* TestClock.adjust("1 minute")
      // Polled after 2, 7 and 12 seconds.
      expect(intervals(durations)).toEqual([[7000, 12_000]])
    })
  )

  it.effect.each(["failed", "expired", "cancelled"])("of a job that has %s is nothing", (word) =>
    Effect.gen(function* () {
      const durations = Durations.memory()
      const handle = yield* Job.submit(provider, request, { durations }).pipe(Effect.provide(serving(said(word)).layer))
      yield* listen(handle)
      yield* TestClock.adjust("1 minute")
      expect(handle.current()._tag.toLowerCase()).toBe(word)
      expect(intervals(durations)).toEqual([])
    })
  )

  it.effect("of a job that had ended before it was attached to is nothing", () =>
    Effect.gen(function* () {
      const durations = Durations.memory()
      yield* TestClock.adjust("1 hour")
      const handle = yield* Job.attach(provider, ref, { durations }).pipe(Effect.provide(serving(done).layer))
      yield* listen(handle)
      yield* TestClock.adjust("1 minute")
      expect(handle.current()._tag).toBe("Succeeded")
      expect(intervals(durations)).toEqual([])
    })
  )

  it.effect("of a job that was attached to before its end counts from its submission", () =>
    Effect.gen(function* () {
      const durations = Durations.memory()
      yield* TestClock.adjust("1 hour")
      const handle = yield* Job.attach(provider, ref, { durations }).pipe(Effect.provide(serving(done, 3_608_000).layer))
      yield* listen(handle)
      yield* TestClock.adjust("1 minute")
      expect(intervals(durations)).toEqual([[3_605_000, 3_610_000]])
    })
  )

  it.effect("by a program that polls once at a time is the same", () =>
    Effect.gen(function* () {
      const durations = Durations.memory()
      const { layer } = serving(done)
      let poller = yield* Job.poller(provider, ref, { durations })
      for (const wait of [2, 5, 5]) {
        yield* TestClock.adjust(`${wait} seconds`)
        const polled = yield* Job.poll(provider, poller, { durations }).pipe(Effect.provide(layer))
        poller = polled.poller
      }
      expect(intervals(durations)).toEqual([[7000, 12_000]])
    })
  )
})
