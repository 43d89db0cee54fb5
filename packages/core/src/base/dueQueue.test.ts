import { describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as fc from "fast-check"
import { expect } from "../../test/expect.ts"
import { type Due, DueQueue, dueQueueOf } from "./dueQueue.ts"

const entry = (fire: () => void): Due => ({ dueAt: 0, place: -1, turn: 0, fire })

describe("the due queue", () => {
  it.effect("fires each entry at its time, in order of time, whoever added it first", () =>
    Effect.gen(function* () {
      const queue = dueQueueOf(yield* Clock.Clock)
      const fired: Array<[string, number]> = []
      for (const [name, at] of [
        ["c", 30],
        ["a", 10],
        ["b", 20]
      ] as const) {
        queue.add(
          entry(() => fired.push([name, queue.now()])),
          at
        )
      }
      yield* TestClock.adjust(19)
      expect(fired).toEqual([["a", 10]])
      yield* TestClock.adjust(1000)
      expect(fired).toEqual([
        ["a", 10],
        ["b", 20],
        ["c", 30]
      ])
    })
  )

  it.effect("an entry that adds itself again while the queue is drained, at once or later, fires each time and stops nobody", () =>
    Effect.gen(function* () {
      const queue = dueQueueOf(yield* Clock.Clock)
      let times = 0
      let others = 0
      const again: Due = entry(() => {
        times += 1
        if (times < 5) queue.add(again, queue.now() + (times % 2) * 5)
      })
      queue.add(again, 0)
      queue.add(
        entry(() => void (others += 1)),
        3
      )
      yield* TestClock.adjust(100)
      expect([times, others]).toEqual([5, 1])
    })
  )

  it.effect("an entry that is removed does not fire, and an earlier one is woken for", () =>
    Effect.gen(function* () {
      const queue = dueQueueOf(yield* Clock.Clock)
      const fired: Array<string> = []
      const late = entry(() => fired.push("late"))
      queue.add(late, 1000)
      queue.add(
        entry(() => fired.push("early")),
        5
      )
      queue.remove(late)
      yield* TestClock.adjust(2000)
      expect(fired).toEqual(["early"])
    })
  )

  it.effect("of those that are due at the same time the first that was added fires first", () =>
    Effect.gen(function* () {
      const queue = dueQueueOf(yield* Clock.Clock)
      const fired: Array<number> = []
      for (let index = 0; index < 300; index++) {
        queue.add(
          entry(() => fired.push(index)),
          10
        )
      }
      yield* TestClock.adjust(10)
      expect(fired).toEqual(Array.from({ length: 300 }, (_, index) => index))
    })
  )

  it("nobody sleeps for a queue that is empty: that would keep a process alive", () => {
    let sleepers = 0
    const clock: Clock.Clock = {
      currentTimeMillisUnsafe: () => 0,
      currentTimeMillis: Effect.succeed(0),
      currentTimeNanosUnsafe: () => 0n,
      currentTimeNanos: Effect.succeed(0n),
      monotonicTimeNanosUnsafe: () => 0n,
      monotonicTimeNanos: Effect.succeed(0n),
      sleep: () =>
        Effect.callback(() => {
          sleepers += 1
          return Effect.sync(() => void (sleepers -= 1))
        })
    }
    const queue = new DueQueue(clock)
    const [one, other] = [entry(() => undefined), entry(() => undefined)]
    queue.add(one, 30_000)
    queue.add(other, 20_000)
    queue.remove(other)
    expect(sleepers).toBe(1)
    queue.remove(one)
    expect(sleepers).toBe(0)
    queue.add(one, 30_000)
    queue.add(one, 40_000)
    expect(sleepers).toBe(1)
    queue.remove(one)
    expect(sleepers).toBe(0)
  })

  it("any order of adding, moving and removing leaves the earliest first", () => {
    const op = fc.record({ which: fc.nat(15), at: fc.option(fc.nat(50), { nil: undefined }) })
    fc.assert(
      fc.property(fc.array(op, { maxLength: 60 }), (ops) => {
        // A clock on which nobody ever wakes.
        const clock = { currentTimeMillisUnsafe: () => 0, monotonicTimeNanosUnsafe: () => 0n, sleep: () => Effect.never }
        const queue = new DueQueue(Object.assign(Object.create(null), clock))
        const fired: Array<number> = []
        const all = Array.from({ length: 16 }, (_, index) => entry(() => fired.push(index)))
        const model = new Map<number, number>()
        for (const { at, which } of ops) {
          const due = all[which] ?? entry(() => undefined)
          if (at === undefined) queue.remove(due)
          else queue.add(due, at)
          if (at === undefined) model.delete(which)
          else model.set(which, at)
        }
        clock.monotonicTimeNanosUnsafe = () => 1_000_000_000n
        Object.assign(queue.clock, clock)
        queue["drain"]()
        const times = fired.map((index) => model.get(index))
        expect(times).toEqual(Array.from(model.values()).toSorted((one, other) => one - other))
        expect(new Set(fired).size).toBe(model.size)
      }),
      { numRuns: 500 }
    )
  })
})
