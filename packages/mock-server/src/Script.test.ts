import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { magicWords, parse, toMarkdown, written } from "./MagicPrompt.ts"
import * as Script from "./Script.ts"

const scriptOf = (prompt: string, duration = 10_000): Script.Script => {
  const parsed = parse(prompt, duration)
  if ("problem" in parsed) throw new Error(parsed.problem)
  return parsed.script
}

/** How far a job has come: its phase before the point, its progress behind it. */
const rank = (moment: Script.Moment): number =>
  ["Submitted", "Queued", "Running", "Ended"].indexOf(moment._tag) + (moment._tag === "Running" ? moment.progress / 100 : 0)

describe("a script", () => {
  it("goes from submitted over queued and running to its end", () => {
    const moments = [0, 999, 1000, 2000, 6000, 9999, 10_000, 1e9].map((at) => Script.momentAt(Script.success(10_000), at))
    expect(moments).toEqual([
      { _tag: "Submitted" },
      { _tag: "Submitted" },
      { _tag: "Queued" },
      { _tag: "Running", progress: 0 },
      { _tag: "Running", progress: 50 },
      { _tag: "Running", progress: 99 },
      { _tag: "Ended", ending: "succeeded" },
      { _tag: "Ended", ending: "succeeded" }
    ])
  })

  it("never goes back, whatever its words", () => {
    const words = fc.subarray(["mock:slow", "mock:unknown-status", "mock:duration=3s", "mock:stuck"])
    fc.assert(
      fc.property(words, fc.nat(200_000), fc.nat(200_000), (chosen, one, other) => {
        const script = scriptOf(chosen.join(" "))
        const early = Script.momentAt(script, Math.min(one, other))
        const late = Script.momentAt(script, Math.max(one, other))
        expect(rank(early)).toBeLessThanOrEqual(rank(late))
      })
    )
  })

  it("with mock:stuck stays at 99 % for ever", () => {
    const script = scriptOf("mock:stuck")
    expect([10_000, 1e12].map((at) => Script.momentAt(script, at))).toEqual([
      { _tag: "Running", progress: 99 },
      { _tag: "Running", progress: 99 }
    ])
    expect(Script.momentAt(scriptOf("mock:stuck mock:fast"), 0)).toEqual({ _tag: "Running", progress: 99 })
  })
})

describe("a magic prompt", () => {
  it.each(magicWords.map(written))("%s gives a script by itself", (word) => {
    expect(scriptOf(`A candle (${word}), at night`)).toBeDefined()
  })

  it("without a magic word succeeds after the usual time", () => {
    expect(scriptOf("A hammock: fail-safe, mock : fail")).toEqual(Script.success(10_000))
  })

  it("combines an ending, a length and faults, in any order and case", () => {
    expect(scriptOf("MOCK:slow mock:flaky mock:fail mock:duration=3s. mock:rate-limited mock:flaky")).toEqual({
      ...Script.success(30_000),
      ending: "failed",
      faults: ["flaky", "rate-limited"]
    })
  })

  it.each([
    ["mock:fial", "is no magic word"],
    ["mock:fail mock:success", "exclude each other"],
    ["mock:fast mock:duration=3s", "exclude each other"],
    ["mock:duration=soon", "needs a time"],
    ["mock:duration", "needs a time"],
    ["mock:constructor", "is no magic word"]
  ])("%s is refused: it %s", (prompt, problem) => {
    expect(parse(prompt, 1000)).toEqual({ problem: expect.stringContaining(problem) })
  })

  it("has one row in the table for each word", () => {
    expect(toMarkdown().split("\n")).toHaveLength(magicWords.length + 2)
  })
})
