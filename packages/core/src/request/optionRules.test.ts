import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import { count, duration, flag, refuseOptions, abortSignal, text } from "./optionRules.ts"

const rules = { apiKey: text, baseUrl: text, maxBytes: count, deadline: duration, raw: flag, signal: abortSignal }

describe("refuseOptions", () => {
  it.each([
    ["baseURL", "baseUrl"],
    ["base_url", "baseUrl"],
    ["base-url", "baseUrl"],
    ["apikey", "apiKey"],
    ["apiKye", "apiKey"],
    ["deadlines", "deadline"]
  ])("F20: %s is refused, and %s named", (name, near) => {
    expect(refuseOptions({ [name]: "x" }, rules)).toMatchObject({ field: name, rule: `isn't an option; it is ${near}` })
  })

  it.each(["timeout", "constructor", "__proto__x", "x"])("F20: %s is near to none: all are named", (name) => {
    expect(refuseOptions({ [name]: 1 }, rules)?.rule).toBe("isn't an option; there are apiKey, baseUrl, maxBytes, deadline, raw, signal")
  })

  it.each([
    { deadline: 0 },
    { deadline: -1 },
    { deadline: Number.NaN },
    { deadline: "5" },
    { deadline: "soon" },
    { deadline: {} },
    { deadline: null },
    { deadline: true },
    { maxBytes: 0 },
    { maxBytes: 1.5 },
    { maxBytes: "3" },
    { maxBytes: Number.NaN },
    { raw: "false" },
    { apiKey: " " },
    { apiKey: 7 },
    { signal: new AbortController() },
    { signal: null }
  ])("F20: %j is refused by its name", (given) => {
    expect(refuseOptions(given, rules)?.field).toBe(Object.keys(given)[0])
  })

  it.each([null, "options", 7, () => undefined])("F20: %j are no options", (given) => {
    expect(refuseOptions(given, rules)).toMatchObject({ field: "options", rule: "must be an object" })
  })

  it.each([
    undefined,
    {},
    { apiKey: undefined, raw: undefined },
    { deadline: 5000, maxBytes: Number.POSITIVE_INFINITY },
    { deadline: "5 seconds", raw: false },
    { deadline: Duration.minutes(5) },
    { deadline: [5, 0] },
    { signal: new AbortController().signal }
  ])("%j is fine", (given) => {
    expect(refuseOptions(given, rules)).toBeUndefined()
  })
})
