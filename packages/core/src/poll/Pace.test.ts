import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import { expect } from "../../test/expect.ts"
import { submitted } from "../../test/samples.ts"
import * as Pace from "./Pace.ts"

/** The waits that a pace asks for, look after look; no time passes between. */
const waits = (pace: Pace.Pace, count: number) =>
  Effect.gen(function* () {
    const step = yield* Schedule.toStep(pace)
    const all: Array<number> = []
    for (let polls = 0; polls < count; polls++) {
      const wait = yield* Pull.matchEffect(step(0, { state: submitted, polls, failures: 0, age: 0 }), {
        onSuccess: ([, delay]) => Effect.succeed(Duration.toMillis(delay)),
        onFailure: (cause) => Effect.failCause(cause),
        onDone: () => Effect.succeed(Number.POSITIVE_INFINITY)
      })
      all.push(wait)
    }
    return all
  })

describe("Pace", () => {
  it.effect("fixed is even", () =>
    Effect.gen(function* () {
      expect(yield* waits(Pace.fixed("10 seconds"), 3)).toEqual([10_000, 10_000, 10_000])
    })
  )

  it.effect("backoff grows by its factor up to its longest wait", () =>
    Effect.gen(function* () {
      expect(yield* waits(Pace.backoff({ from: "1 second", to: "5 seconds", factor: 2 }), 5)).toEqual([1000, 2000, 4000, 5000, 5000])
      expect(yield* waits(Pace.backoff({ from: 1000, to: 3000 }), 4)).toEqual([1000, 1500, 2250, 3000])
    })
  )

  it.effect("a rhythm waits differently before the first poll", () =>
    Effect.gen(function* () {
      expect(yield* waits(Pace.ofPolicy({ firstDelay: 2000, interval: 5000, minInterval: 1, deadline: 1 }), 3)).toEqual([2000, 5000, 5000])
    })
  )

  it.effect("a caller gives a pace, or an interval", () =>
    Effect.gen(function* () {
      const pace = Pace.fixed(7)
      expect(Pace.from(pace)).toBe(pace)
      expect(yield* waits(Pace.from("7 seconds"), 2)).toEqual([7000, 7000])
    })
  )

  it.effect("a pace composes with every schedule, and may end", () =>
    Effect.gen(function* () {
      expect(yield* waits(Pace.fixed(1000).pipe(Schedule.upTo({ times: 2 })), 3)).toEqual([1000, 1000, Number.POSITIVE_INFINITY])
    })
  )
})
