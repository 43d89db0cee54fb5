import { describe, expect, it } from "vitest"
import { ago, clock, parseTime } from "./Time.ts"

describe("parseTime", () => {
  it.each([
    ["500ms", 500],
    ["5s", 5000],
    ["1.5m", 90_000],
    [" 2h ", 7_200_000]
  ])("%j is %d milliseconds", (text, millis) => {
    expect(parseTime(text)).toBe(millis)
  })

  it.each(["", "5", "5 s", "0s", "-5s", "5d", "s", "1e3s", "Infinity"])("%j isn't a time", (text) => {
    expect(parseTime(text)).toBeUndefined()
  })
})

describe("clock", () => {
  it.each([
    [-5, "0:00"],
    [7999, "0:07"],
    [754_000, "12:34"],
    [3_723_000, "1:02:03"]
  ])("%d ms reads %s", (millis, text) => {
    expect(clock(millis)).toBe(text)
  })
})

describe("ago", () => {
  it.each([
    [-5, "0 s ago"],
    [59_999, "59 s ago"],
    [60_000, "1 min ago"],
    [7_200_000, "2 h ago"],
    [172_800_000, "2 days ago"]
  ])("%d ms", (millis, text) => {
    expect(ago(millis)).toBe(text)
  })
})
