import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import { expect } from "../../test/expect.ts"
import { submitted } from "../../test/samples.ts"
import * as Durations from "../durations/Durations.ts"
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

const remaining = (): number => 1000
/** What a caller without types may give. */
const given = (make: (...options: Array<never>) => unknown, ...options: ReadonlyArray<unknown>): unknown =>
  Reflect.apply(make, undefined, options)

describe("F20: options of a pace that can't be are refused, by name", () => {
  it.each<[string, () => unknown, string]>([
    ["no interval", () => given(Pace.fixed), "Pace.fixed: every must be a time above zero"],
    ["an interval of zero", () => Pace.fixed(0), "Pace.fixed: every must be a time above zero"],
    ["an interval below zero", () => Pace.fixed(-5), "Pace.fixed: every must be a time above zero"],
    ["an interval that is no number", () => Pace.fixed(Number.NaN), "Pace.fixed: every must be a time above zero"],
    ["a word that is no time", () => given(Pace.fixed, "soon"), "Pace.fixed: every must be a time above zero"],
    ["the same through from", () => given(Pace.from, "soon"), "Pace.fixed: every must be a time above zero"],
    ["nothing through from", () => given(Pace.from, null), "Pace.fixed: every must be a time above zero"],
    ["no options", () => given(Pace.backoff), "Pace.backoff: from must be a time above zero"],
    ["a first wait alone", () => given(Pace.backoff, { from: 1000 }), "Pace.backoff: to must be a time above zero"],
    ["a name with a slip", () => given(Pace.backoff, { from: 1, to: 2, facter: 2 }), "Pace.backoff: facter isn't an option; it is factor"],
    [
      "a name of another",
      () => given(Pace.backoff, { from: 1, to: 2, max: 2 }),
      "Pace.backoff: max isn't an option; there are from, to, factor"
    ],
    ["a factor below 1", () => Pace.backoff({ from: 1, to: 2, factor: 0.5 }), "Pace.backoff: factor must be a number from 1 on"],
    ["a factor as text", () => given(Pace.backoff, { from: 1, to: 2, factor: "2" }), "Pace.backoff: factor must be a number from 1 on"],
    ["no durations", () => given(Pace.adaptive, { lag: 1 }), "Pace.adaptive: durations must be an object"],
    ["a lag below zero", () => Pace.adaptive({ durations: Durations.memory(), lag: -1 }), "Pace.adaptive: lag must be a time above zero"],
    ["no estimator", () => given(Pace.byRemaining, { min: 1, max: 2 }), "Pace.byRemaining: remaining must be a function"],
    ["no shortest wait", () => given(Pace.byRemaining, { remaining, max: 2 }), "Pace.byRemaining: min must be a time above zero"],
    [
      "a share of nothing",
      () => Pace.byRemaining({ remaining, min: 1, max: 2, share: 0 }),
      "Pace.byRemaining: share must be a number above 0 and up to 1"
    ],
    [
      "a share above all",
      () => Pace.byRemaining({ remaining, min: 1, max: 2, share: 50 }),
      "Pace.byRemaining: share must be a number above 0 and up to 1"
    ],
    [
      "a dash",
      () => given(Pace.byRemaining, { remaining, min: 1, max: 2, "other-wise": 1 }),
      "Pace.byRemaining: other-wise isn't an option; it is otherwise"
    ],
    ["a typical time below zero", () => Pace.byTypical(-1), "Pace.byTypical: typical must be a time above zero"],
    ["a schedule that is none", () => given(Pace.fromSchedule, "10 seconds"), "Pace.fromSchedule: schedule must be a Schedule"],
    ["no schedule", () => given(Pace.fromSchedule), "Pace.fromSchedule: schedule must be a Schedule"]
  ])("%s", (_, make, message) => {
    expect(make).toThrow(RangeError)
    expect(make).toThrow(message)
  })
})
