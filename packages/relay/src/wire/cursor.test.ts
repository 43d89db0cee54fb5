import type { JobState } from "@reelay/core"
import { describe, expect, it } from "vitest"
import * as fc from "fast-check"
import { cursorOf, isAfter, isCursor } from "./cursor.ts"

const place = fc.oneof(
  fc.constantFrom("Submitted", "Succeeded", "Failed", "Expired", "Cancelled").map((_tag) => ({ _tag }) as const),
  fc.record({ _tag: fc.constant("Queued" as const), position: fc.option(fc.nat(1000), { nil: undefined }) }),
  fc.record({ _tag: fc.constant("Running" as const), progress: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }) })
)

const ranks: Readonly<Record<JobState.JobState["_tag"], number>> = {
  Submitted: 0,
  Queued: 1,
  Running: 2,
  Succeeded: 3,
  Failed: 3,
  Expired: 3,
  Cancelled: 3
}

const millionths = ({ progress = 0 }: { readonly progress?: number | undefined }): number => Math.round(progress * 1e6)

describe("a cursor", () => {
  it("is never after itself, always after nothing, and always of one form", () => {
    fc.assert(
      fc.property(place, (state) => {
        const cursor = cursorOf(state)
        expect([isCursor(cursor), isAfter(cursor, cursor), isAfter(cursor, undefined)]).toEqual([true, false, true])
      })
    )
  })

  it("never goes back in rank, nor in progress", () => {
    fc.assert(
      fc.property(place, place, (one, other) => {
        const ahead =
          ranks[one._tag] - ranks[other._tag] ||
          (one._tag === "Running" && other._tag === "Running" ? millionths(one) - millionths(other) : 0)
        fc.pre(one._tag !== "Queued" || other._tag !== "Queued")
        expect(isAfter(cursorOf(one), cursorOf(other))).toBe(ahead > 0)
      })
    )
  })

  it("of a queue follows another place, also a higher one", () => {
    expect(isAfter("1.1.5", "1.1.3")).toBe(true)
    expect(isAfter("1.1.3", "1.1.5")).toBe(true)
  })

  it("from outside is one only in its exact form: any other text is none", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^1\.[0-3]\.\d{1,9}$/u.test(text))
        expect(isCursor(text)).toBe(false)
      })
    )
  })
})
