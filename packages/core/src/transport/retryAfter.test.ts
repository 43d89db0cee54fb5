import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { retryAfter } from "./retryAfter.ts"

const now = 1_773_297_002_000 // Thu, 12 Mar 2026 06:30:02 GMT

describe("retryAfter", () => {
  it.each([
    ["1", 1000],
    [" 30 ", 30_000],
    ["0", 0],
    ["0.5", 500],
    ["1.25", 1250],
    ["86400", 86_400_000],
    ["999999999999", 999_999_999_999_000],
    ["Thu, 12 Mar 2026 06:30:12 GMT", 10_000],
    ["Thu, 12 Mar 2026 06:29:12 GMT", 0],
    ["Thursday, 12-Mar-26 06:30:12 GMT", 10_000],
    ["Wed Apr  1 06:30:02 2026", 1_728_000_000],
    ["Thu, 32 Foo 2026 99:99:99 GMT", undefined],
    [undefined, undefined],
    ["", undefined],
    ["-5", undefined],
    ["soon", undefined],
    ["in 5", undefined],
    ["12 March", undefined],
    ["2026-03-12T06:30:12Z", undefined],
    ["1e3", undefined],
    ["NaN", undefined],
    ["Infinity", undefined]
  ])("%j is %j milliseconds", (value, wait) => {
    expect(retryAfter({ "retry-after": value }, now)).toBe(wait)
  })

  it.each([
    ["is an hour slow", now - 3_600_000],
    ["is an hour fast", now + 3_600_000]
  ])("T20: a date counts from the answer's own, though the clock here %s", (_, here) => {
    expect(retryAfter({ "retry-after": "Thu, 12 Mar 2026 06:30:12 GMT", date: "Thu, 12 Mar 2026 06:30:02 GMT" }, here)).toBe(10_000)
  })

  it("an answer's date that can't be read counts for nothing", () => {
    expect(retryAfter({ "retry-after": "Thu, 12 Mar 2026 06:30:12 GMT", date: "today" }, now)).toBe(10_000)
  })

  it("any text gives a wait of 0 or more, or none", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.date({ noInvalidDate: true }).map((date) => date.toUTCString())
        ),
        (text) => {
          expect(retryAfter({ "retry-after": text, date: text.slice(1) }, now) ?? 0).toBeGreaterThanOrEqual(0)
        }
      )
    )
  })
})
