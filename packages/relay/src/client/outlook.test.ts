import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { goingOn } from "./outlook.ts"

const told = { at: 1000, progress: 0.2, rate: 0.0001, eta: 8700, source: "estimated" } as const

describe("the outlook of a job of the relay", () => {
  it.each([
    [1000, 0.2],
    [3000, 0.4],
    [600_000, 0.999]
  ])("goes on by the page's clock: at %i it is %f", (now, progress) => {
    expect(goingOn(told, 0, now)).toMatchObject({ progress: expect.closeTo(progress, 6), eta: 8700, source: "estimated" })
  })

  it("stays at what was reported until the next report", () => {
    expect(goingOn({ ...told, rate: 0, source: "reported" }, 0, 600_000)).toMatchObject({ progress: 0.2, source: "reported" })
  })

  it("is none if the relay sent none", () => {
    expect(goingOn(undefined, 0.4, 5)).toBeUndefined()
  })

  it("never goes back, and never is 1, whatever the relay says and the clock does", () => {
    const any = fc.record({
      at: fc.nat(1_000_000),
      progress: fc.double({ min: 0, max: 0.999, noNaN: true }),
      rate: fc.double({ min: 0, max: 1, noNaN: true }),
      eta: fc.nat(2_000_000),
      source: fc.constantFrom("reported" as const, "estimated" as const)
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(any, fc.nat(3_000_000))), (looks) => {
        let before = 0
        for (const [each, now] of looks) {
          const { progress = -1 } = goingOn(each, before, now) ?? {}
          expect(progress).toBeGreaterThanOrEqual(before)
          expect(progress).toBeLessThan(1)
          before = progress
        }
      })
    )
  })
})
