import { describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as TestClock from "effect/testing/TestClock"
import * as fc from "fast-check"
import { account, answer, crowd, elsewhere, ending, most, other, silence } from "../../test/crowd.ts"
import { expect } from "../../test/expect.ts"
import * as Limits from "./Limits.ts"

const all = (count: number, ask: (who: string) => Effect.Effect<unknown, unknown>) =>
  Effect.forkChild(
    Effect.forEach(
      Array.from({ length: count }, (_, index) => String(index)),
      (who) => Effect.exit(ask(who)),
      { concurrency: "unbounded" }
    )
  )
const names = (count: number) => Array.from({ length: count }, (_, index) => String(index))

describe("a rate", () => {
  it.effect("lets no stretch of time hold more requests than it says, and none starve", () =>
    Effect.gen(function* () {
      const { ask, order, times } = crowd(Limits.memory({ rate: { limit: 20, window: "1 second" } }))
      yield* all(300, ask)
      yield* TestClock.adjust("20 seconds")
      expect(order()).toEqual(names(300))
      expect([most(times(), 1000), times().at(-1)]).toEqual([20, 14_950])
    })
  )

  it.effect("is of an account: another one has its own", () =>
    Effect.gen(function* () {
      const { ask, times } = crowd(Limits.memory({ rate: { limit: 1, window: "1 second" } }))
      for (const at of [account, other, elsewhere]) yield* all(2, (who) => ask(who, answer(200), { at }))
      yield* TestClock.adjust("10 seconds")
      expect(times()).toEqual([0, 0, 0, 1000, 1000, 1000])
    })
  )

  it.effect("that is drawn by a request that leaves is the next one's", () =>
    Effect.gen(function* () {
      const { ask, sent } = crowd(Limits.memory({ rate: { limit: 1, window: "10 seconds" } }))
      yield* ask("first")
      const leaver = yield* Effect.forkChild(ask("leaver"))
      const stayer = yield* Effect.forkChild(ask("stayer"))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.interrupt(leaver)
      yield* TestClock.adjust("60 seconds")
      yield* Fiber.join(stayer)
      expect(sent).toEqual([
        { who: "first", at: 0 },
        { who: "stayer", at: 10_000 }
      ])
    })
  )

  it("needs numbers above zero", () => {
    for (const limit of [0, -1, Number.NaN]) expect(() => Limits.memory({ rate: { limit, window: "1 second" } })).toThrow(RangeError)
    expect(() => Limits.memory({ rate: { limit: 1, window: 0 } })).toThrow(RangeError)
    expect(() => Limits.memory({ failures: 0 })).toThrow(RangeError)
  })
})

describe("the pause after a 429", () => {
  it.effect("keeps every job of the account away as long as Retry-After says, then lets them out one by one", () =>
    Effect.gen(function* () {
      const { ask, order, times } = crowd(Limits.memory())
      yield* Effect.exit(ask("refused", answer(429, { "retry-after": "30" })))
      yield* all(300, ask)
      yield* all(1, () => ask("stranger", answer(200), { at: other }))
      yield* TestClock.adjust("29999 millis")
      expect(order()).toEqual(["refused", "stranger"])
      yield* TestClock.adjust("1 minute")
      expect(order()).toEqual(["refused", "stranger", ...names(300)])
      expect(times().slice(2, 5)).toEqual([30_000, 30_900, 31_710])
      expect(times().filter((at) => at < 35_000).length).toBeLessThan(12)
    })
  )

  it.effect("is learned from a date as well, and is 5, 10, 20 seconds without Retry-After", () =>
    Effect.gen(function* () {
      const { ask, times } = crowd(Limits.memory())
      yield* ask("dated", answer(429, { "retry-after": "Thu, 01 Jan 1970 00:00:07 GMT" }))
      const asked = yield* Effect.forkChild(
        Effect.forEach([429, 429, 200, 429, 200], (status) => ask(String(status), answer(status)), { discard: true })
      )
      yield* TestClock.adjust("5 minutes")
      yield* Fiber.join(asked)
      expect(times()).toEqual([0, 7000, 17_000, 37_000, 37_900, 42_900])
    })
  )

  it.effect("ends no sooner for a request that leaves, and holds none beyond its patience", () =>
    Effect.gen(function* () {
      const { ask, order } = crowd(Limits.memory())
      yield* ask("refused", answer(429, { "retry-after": "30" }))
      const impatient = yield* Effect.forkChild(Effect.exit(ask("impatient", answer(200), { patience: 10_000 })))
      yield* TestClock.adjust("10 seconds")
      expect(ending(yield* Fiber.join(impatient))).toEqual({
        _tag: "NotAdmitted",
        because: "pause",
        detail: "https://api.fake.test had asked this account to wait"
      })
      const patient = yield* Effect.forkChild(ask("patient"))
      yield* TestClock.adjust("19 seconds")
      expect(order()).toEqual(["refused"])
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(patient)
    })
  )

  it.effect("a burst of refusals is one pause, the longest that was asked for", () =>
    Effect.gen(function* () {
      const { ask, times } = crowd(Limits.memory())
      yield* Effect.forEach(["3", "20", undefined, "5"], (stay, index) =>
        Effect.forkChild(ask(String(index), answer(429, stay === undefined ? {} : { "retry-after": stay }), { takes: 10 }))
      )
      yield* TestClock.adjust("1 second")
      const later = yield* Effect.forkChild(ask("later"))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(later)
      expect(times()).toEqual([0, 0, 0, 0, 20_010])
    })
  )

  it.effect("a burst of refusals without a time is one pause of five seconds", () =>
    Effect.gen(function* () {
      const { ask, times } = crowd(Limits.memory())
      yield* Effect.forEach(["a", "b", "c"], (who) => Effect.forkChild(ask(who, answer(429), { takes: 10 })))
      yield* TestClock.adjust("1 second")
      yield* all(1, ask)
      yield* TestClock.adjust("1 minute")
      expect(times()).toEqual([0, 0, 0, 5010])
    })
  )

  it.effect("stops one that only waited for the rate", () =>
    Effect.gen(function* () {
      const { ask, times } = crowd(Limits.memory({ rate: { limit: 1, window: "10 seconds" } }))
      yield* Effect.forkChild(ask("slowly refused", answer(429, { "retry-after": "60" }), { takes: 5000 }))
      yield* all(1, ask)
      yield* TestClock.adjust("64 seconds")
      expect(times()).toEqual([0])
      yield* TestClock.adjust("20 seconds")
      expect(times()).toEqual([0, 65_000])
    })
  )

  it.effect.each([3_600_000, -3_600_000])("takes no notice of a wall clock that is set by %i ms", (step) =>
    Effect.gen(function* () {
      const inner = yield* Clock.Clock
      let shift = 0
      const millis = () => inner.currentTimeMillisUnsafe() + shift
      const clock: Clock.Clock = {
        currentTimeMillisUnsafe: millis,
        currentTimeMillis: Effect.sync(millis),
        currentTimeNanosUnsafe: () => BigInt(millis()) * 1_000_000n,
        currentTimeNanos: Effect.sync(() => BigInt(millis()) * 1_000_000n),
        monotonicTimeNanosUnsafe: () => inner.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: inner.monotonicTimeNanos,
        sleep: (duration) => inner.sleep(duration)
      }
      const { ask, times } = crowd(Limits.memory({ rate: { limit: 1, window: "10 seconds" } }))
      // Whoever asks is on that clock; the test itself moves the one beneath.
      const onIt = Effect.provideService(Clock.Clock, clock)
      yield* onIt(ask("refused", answer(429, { "retry-after": "30" })))
      yield* all(2, (who) => onIt(ask(who)))
      yield* TestClock.adjust("10 seconds")
      shift = step
      yield* TestClock.adjust("19 seconds")
      expect(times()).toEqual([0])
      yield* TestClock.adjust("21 seconds")
      expect(times().map((at, index) => (index === 0 ? at : at - step))).toEqual([0, 30_000, 40_000])
    })
  )
})

describe("the circuit", () => {
  const failing = [
    ["silence", silence],
    ["5xx", answer(503)],
    ["a proxy's page", { ...answer(403), headers: { "content-type": "text/html" } }]
  ] as const

  it.effect.each(failing)("opens after five in a row of: %s", ([, reply]) =>
    Effect.gen(function* () {
      const { ask, times } = crowd(Limits.memory({ open: "10 seconds" }))
      for (let sent = 0; sent < 5; sent++) yield* Effect.exit(ask("down", reply))
      yield* all(50, (who) => ask(who, reply))
      yield* TestClock.adjust("39 seconds")
      expect(times()).toEqual([0, 0, 0, 0, 0, 10_000, 20_000, 30_000])
    })
  )

  it.effect.each([400, 401, 404, 409, 429])("does not open for HTTP %i", (status) =>
    Effect.gen(function* () {
      const { ask, sent } = crowd(Limits.memory())
      yield* all(10, (who) => ask(who, answer(status, { "retry-after": "0" })))
      yield* TestClock.adjust("11 seconds")
      expect(sent.length).toBe(10)
    })
  )

  it.effect("is of an address, for any account, and others are not affected", () =>
    Effect.gen(function* () {
      const { ask, order } = crowd(Limits.memory({ failures: 1, open: "10 seconds" }))
      yield* Effect.exit(ask("down", silence))
      yield* all(1, () => ask("another account", answer(200), { at: other }))
      yield* all(1, () => ask("another address", answer(200), { at: elsewhere }))
      yield* TestClock.adjust("9 seconds")
      expect(order()).toEqual(["down", "another address"])
      yield* TestClock.adjust("1 second")
      expect(order()).toEqual(["down", "another address", "another account"])
    })
  )

  it.effect("stays open longer while probes fail, about a minute at most", () =>
    Effect.gen(function* () {
      const { ask, times } = crowd(Limits.memory({ failures: 1 }))
      yield* Effect.exit(ask("down", silence))
      yield* all(19, (who) => ask(who, silence))
      yield* TestClock.adjust("20 minutes")
      const waits = times().map((at, index) => at - (times()[index - 1] ?? 0))
      const expected = [0, 5, 10, 20, 40, 60, 60, 60].map((seconds) => seconds * 1000)
      expected.forEach((wait, index) => expect(Math.abs((waits[index] ?? 0) - wait)).toBeLessThanOrEqual(wait / 5))
    })
  )

  it.effect("a probe that is interrupted makes room for the next", () =>
    Effect.gen(function* () {
      const { ask, order } = crowd(Limits.memory({ failures: 1, open: "10 seconds" }))
      yield* Effect.exit(ask("down", silence))
      const probe = yield* Effect.forkChild(ask("probe", answer(200), { takes: 60_000 }))
      yield* all(1, () => ask("next"))
      yield* TestClock.adjust("20 seconds")
      expect(order()).toEqual(["down", "probe"])
      yield* Fiber.interrupt(probe)
      yield* TestClock.adjust("1 second")
      expect(order()).toEqual(["down", "probe", "next"])
    })
  )

  it.effect("lets those that waited out one by one, once it is closed", () =>
    Effect.gen(function* () {
      const { ask, order, times } = crowd(Limits.memory({ failures: 1, open: "10 seconds" }))
      yield* Effect.exit(ask("down", silence))
      yield* all(200, ask)
      yield* TestClock.adjust("1 minute")
      expect(order()).toEqual(["down", ...names(200)])
      expect(times().filter((at) => at > 0 && at < 15_000).length).toBeLessThan(12)
    })
  )

  it.effect("says what was waited for, when patience runs out", () =>
    Effect.gen(function* () {
      const { ask } = crowd(Limits.memory({ failures: 1, open: "1 hour" }))
      yield* Effect.exit(ask("down", silence))
      const waiting = yield* Effect.forkChild(Effect.exit(ask("late", answer(200), { patience: 1000 })))
      yield* TestClock.adjust("1 second")
      expect(ending(yield* Fiber.join(waiting))).toMatchObject({ _tag: "NotAdmitted", because: "circuit" })
    })
  )
})

const inStores = Effect.provide(
  Limits.Limits,
  Layer.provide(Limits.layer({ failures: 1 }), Layer.merge(RateLimiter.layerStoreMemory, CircuitBreaker.layerStoreMemory()))
)

describe.each([
  ["in memory", Effect.sync(() => Limits.memory({ failures: 1 }))],
  ["in stores", inStores]
])("F17: what an answer means decides, not its status: limits %s", (_, made) => {
  it.effect.each<[number, Limits.Meaning, number]>([
    [429, "fine", 0],
    [503, "fine", 0],
    [502, "fine", 0],
    [429, "pace", 30_000],
    [400, "pace", 30_000],
    [200, "pace", 30_000],
    [503, "pace", 30_000],
    [200, "broken", 30_000],
    [429, "broken", 30_000]
  ])("%i that means %s", ([status, meaning, wait]) =>
    Effect.gen(function* () {
      const { ask, times } = crowd(yield* made)
      yield* Effect.exit(ask("first", answer(status, { "retry-after": "30" }, meaning)))
      yield* all(1, ask)
      yield* TestClock.adjust("2 minutes")
      expect(times().map((at) => Math.ceil(at / 1000) * 1000)).toEqual([0, wait])
    })
  )

  it.effect("its account only waits for pace, and the whole address for what is broken", () =>
    Effect.gen(function* () {
      const { ask, order } = crowd(yield* made)
      yield* Effect.exit(ask("slow", answer(403, { "retry-after": "30" }, "pace")))
      yield* all(1, () => ask("other account", answer(400, { "retry-after": "60" }, "broken"), { at: other }))
      yield* TestClock.adjust("40 seconds")
      yield* all(1, () => ask("all"))
      yield* TestClock.adjust("15 seconds")
      expect(order()).toEqual(["slow", "other account"])
      yield* TestClock.adjust("10 seconds")
      expect(order()).toEqual(["slow", "other account", "all"])
    })
  )
})

interface Visitor {
  readonly arrives: number
  readonly patience: number
  readonly leaves: number
  readonly takes: number
  readonly status: number
}

const visitor = fc.record<Visitor>({
  arrives: fc.integer({ min: 0, max: 20_000 }),
  patience: fc.oneof(fc.constant(3_600_000), fc.integer({ min: 200, max: 20_000 })),
  leaves: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: 20_000 })),
  takes: fc.integer({ min: 0, max: 3000 }),
  status: fc.constantFrom(200, 200, 200, 200, 429, 503, 502)
})

describe("the line", () => {
  it("any that stay are admitted, in the order of their coming, whichever leave and whatever is answered", async () => {
    const held = { sent: 0, notAdmitted: 0, left: 0 }
    await fc.assert(
      fc.asyncProperty(fc.array(visitor, { minLength: 1, maxLength: 40 }), async (given) => {
        const visitors = given.toSorted((one, two) => one.arrives - two.arrives)
        const program = Effect.gen(function* () {
          const { ask, order, times } = crowd(Limits.memory({ rate: { limit: 4, window: "1 second" }, failures: 2 }))
          const fibers = yield* Effect.forEach(visitors, ({ arrives, leaves, patience, status, takes }, index) =>
            Effect.forkChild(
              Effect.delay(ask(String(index), answer(status), { patience, takes }), arrives).pipe(
                Effect.timeoutOption(arrives + leaves),
                Effect.exit
              )
            )
          )
          yield* TestClock.adjust("2 hours")
          return {
            ends: yield* Effect.forEach(fibers, (fiber) => Effect.map(Fiber.join(fiber), ending)),
            order: order().map(Number),
            times: times()
          }
        })
        const { ends, order, times } = await Effect.runPromise(Effect.scoped(Effect.provide(program, TestClock.layer())))
        expect(order).toEqual(order.toSorted((one, two) => one - two))
        expect(most(times, 1000)).toBeLessThanOrEqual(4)
        visitors.forEach(({ leaves, patience }, index) => {
          const end = ends[index]
          const left = typeof end === "object" && end._tag === "None"
          const notAdmitted = typeof end === "object" && end._tag === "NotAdmitted"
          if (order.includes(index)) held.sent += 1
          if (left) held.left += 1
          if (notAdmitted) held.notAdmitted += 1
          if (!left && !notAdmitted) expect(order).toContain(index)
          if (left) expect(leaves).toBeLessThan(Number.POSITIVE_INFINITY)
          if (notAdmitted) expect([patience < 3_600_000, order.includes(index)]).toEqual([true, false])
        })
      }),
      { numRuns: 150 }
    )
    for (const count of Object.values(held)) expect(count).toBeGreaterThan(5)
  })

  it.effect("one that leaves from the middle delays no other", () =>
    Effect.gen(function* () {
      const { ask, order } = crowd(Limits.memory({ rate: { limit: 1, window: "1 second" } }))
      const fibers = yield* Effect.forEach(["a", "b", "c", "d"], (who) => Effect.forkChild(ask(who)))
      yield* TestClock.adjust("500 millis")
      yield* Effect.forEach(fibers.slice(1, 3), Fiber.interrupt)
      yield* TestClock.adjust("1 second")
      expect(order()).toEqual(["a", "d"])
    })
  )
})

describe("stores that fail", () => {
  const gone = new Error("ECONNREFUSED redis")
  const broken = (how: "fails" | "dies" | "hangs") => {
    const never = how === "hangs" ? Effect.never : Effect.die(gone)
    const limiter =
      how === "fails"
        ? Effect.fail(new RateLimiter.RateLimiterError({ reason: new RateLimiter.RateLimitStoreError({ message: gone.message }) }))
        : never
    const breaker =
      how === "fails"
        ? Effect.fail(
            new CircuitBreaker.CircuitBreakerError({ reason: new CircuitBreaker.CircuitBreakerStoreError({ message: gone.message }) })
          )
        : never
    return Layer.merge(
      Layer.succeed(RateLimiter.RateLimiterStore, {
        fixedWindow: () => limiter,
        tokenBucket: () => limiter,
        adaptiveConsume: () => limiter,
        adaptiveFeedback: () => limiter
      }),
      Layer.succeed(CircuitBreaker.CircuitBreakerStore, { admit: () => breaker, record: () => breaker, state: () => breaker })
    )
  }

  it.effect.each(["fails", "dies", "hangs"] as const)("lose no job, and are spoken of once: a store that %s", (how) =>
    Effect.gen(function* () {
      const said: Array<string> = []
      const log = Logger.make(({ message }) => void said.push(String(message)))
      yield* Effect.gen(function* () {
        const { ask, order, times } = crowd(yield* Limits.Limits)
        yield* all(5, ask)
        yield* TestClock.adjust("10 seconds")
        expect(order()).toEqual(names(5))
        expect(times().at(-1)).toBeLessThanOrEqual(2000)
        const refused = yield* Effect.forkChild(ask("refused", answer(429, { "retry-after": "30" })))
        yield* all(1, () => ask("later"))
        yield* TestClock.adjust("20 seconds")
        yield* Fiber.join(refused)
        expect(order()).not.toContain("later")
        yield* TestClock.adjust("30 seconds")
        expect(order()).toContain("later")
        expect(said).toHaveLength(1)
        expect(said[0]).toContain("The store of the shared limits failed")
      }).pipe(
        Effect.provide(Layer.provide(Limits.layer({ rate: { limit: 100, window: "1 second" } }), broken(how))),
        Effect.provide(Logger.layer([log]))
      )
    })
  )

  it.effect("that only take their time withhold nothing, even at a deadline", () =>
    Effect.gen(function* () {
      const stores = Layer.merge(RateLimiter.layerStoreMemory, CircuitBreaker.layerStoreMemory())
      const slow = Layer.effect(
        CircuitBreaker.CircuitBreakerStore,
        Effect.map(CircuitBreaker.CircuitBreakerStore, (store) => ({ ...store, state: (key) => Effect.delay(store.state(key), 20) }))
      ).pipe(Layer.provideMerge(stores))
      const { ask, order } = crowd(yield* Effect.provide(Limits.Limits, Layer.provide(Limits.layer(), slow)))
      yield* all(2, (who) => ask(who, answer(200), { patience: 0 }))
      yield* TestClock.adjust("1 second")
      expect(order()).toEqual(names(2))
    })
  )

  it.effect("an answer is not lost if its outcome can't be recorded", () =>
    Effect.gen(function* () {
      const stores = Layer.merge(RateLimiter.layerStoreMemory, CircuitBreaker.layerStoreMemory())
      const hanging = Layer.effect(
        CircuitBreaker.CircuitBreakerStore,
        Effect.map(CircuitBreaker.CircuitBreakerStore, (store) => ({ ...store, record: () => Effect.never }))
      ).pipe(Layer.provideMerge(stores))
      const { ask } = crowd(yield* Effect.provide(Limits.Limits, Layer.provide(Limits.layer(), hanging)))
      const got = yield* Effect.forkChild(ask("one"))
      yield* TestClock.adjust("2 seconds")
      expect((yield* Fiber.join(got)).status).toBe(200)
    })
  )

  it.effect("what several share in their stores holds for all of them", () =>
    Effect.gen(function* () {
      const stores = Layer.merge(RateLimiter.layerStoreMemory, CircuitBreaker.layerStoreMemory())
      yield* Effect.gen(function* () {
        const options = { rate: { limit: 1, window: "1 second" } } as const
        const one = crowd(yield* Effect.provide(Limits.Limits, Layer.fresh(Limits.layer(options))))
        const two = crowd(yield* Effect.provide(Limits.Limits, Layer.fresh(Limits.layer(options))))
        yield* one.ask("refused", answer(429, { "retry-after": "30" }))
        yield* all(3, one.ask)
        yield* all(3, two.ask)
        yield* TestClock.adjust("29 seconds")
        expect(two.sent).toEqual([])
        yield* TestClock.adjust("1 minute")
        const together = [...one.times().slice(1), ...two.times()]
        expect([together.length, most(together, 1000)]).toEqual([6, 1])
      }).pipe(Effect.provide(stores))
    })
  )
})

describe("without limits", () => {
  it.effect("every request is admitted at once", () =>
    Effect.gen(function* () {
      const { ask, times } = crowd(yield* Limits.Limits)
      yield* ask("refused", answer(429, { "retry-after": "30" }))
      yield* all(20, ask)
      yield* TestClock.adjust("1 millis")
      expect(times()).toHaveLength(21)
    })
  )
})
