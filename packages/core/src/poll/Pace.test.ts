import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import { expect } from "../../test/expect.ts"
import { submitted } from "../../test/samples.ts"
import * as Pace from "./Pace.ts"

/** The waits that a pace asks for, poll after poll; no time passes between. */
const waits = (pace: Pace.PurePace, count: number): ReadonlyArray<number> =>
  Array.from({ length: count }, (_, polls) => pace({ state: submitted, polls, failures: 0, age: 0 }))

describe("Pace", () => {
  it("fixed is even", () => {
    expect(waits(Pace.fixed("10 seconds"), 3)).toEqual([10_000, 10_000, 10_000])
  })

  it("backoff grows by its factor up to its longest wait", () => {
    expect(waits(Pace.backoff({ from: "1 second", to: "5 seconds", factor: 2 }), 5)).toEqual([1000, 2000, 4000, 5000, 5000])
    expect(waits(Pace.backoff({ from: 1000, to: 3000 }), 4)).toEqual([1000, 1500, 2250, 3000])
  })

  it("of a policy waits differently before the first poll", () => {
    expect(waits(Pace.ofPolicy({ firstDelay: 2000, interval: 5000, minInterval: 1, deadline: 1 }), 3)).toEqual([2000, 5000, 5000])
  })

  it("a caller gives a pace, or an interval", () => {
    const pace = Pace.fixed(7)
    const schedule = Pace.fromSchedule(Schedule.forever)
    expect([Pace.from(pace), Pace.from(schedule)]).toEqual([pace, schedule])
    const even = Pace.from("7 seconds")
    expect(typeof even === "function" && waits(even, 2)).toEqual([7000, 7000])
  })

  it.each<Duration.Input>([5000, "5 seconds", { minutes: 1 }, Duration.seconds(1)])("%j is an interval, and no pace", (given) => {
    expect(Pace.isPace(given)).toBe(false)
  })
})
