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
  ["Submitted", "Queued", "Running", "Ended"].indexOf(moment._tag) + (moment._tag === "Running" ? Number(moment.progress) / 100 : 0)

const at = (script: Script.Script, age: number): Script.Moment => Script.momentAt(Script.draw(script, "seed", "job"), age)

describe("a script", () => {
  it("goes from submitted over queued and running to its end", () => {
    const moments = [0, 999, 1000, 2000, 6000, 9999, 10_000, 1e9].map((age) => at(Script.success(10_000), age))
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
        const early = at(script, Math.min(one, other))
        const late = at(script, Math.max(one, other))
        expect(rank(early)).toBeLessThanOrEqual(rank(late))
      })
    )
  })

  it("with mock:stuck stays at 99 % for ever", () => {
    const script = scriptOf("mock:stuck")
    expect([10_000, 1e12].map((age) => at(script, age))).toEqual([
      { _tag: "Running", progress: 99 },
      { _tag: "Running", progress: 99 }
    ])
    expect(at(scriptOf("mock:stuck mock:fast"), 0)).toEqual({ _tag: "Running", progress: 99 })
  })
})

describe("a magic prompt", () => {
  it.each(magicWords.map(written))("%s gives a script by itself", (word) => {
    expect(scriptOf(`A candle (${word}), at night`)).toBeDefined()
  })

  it.each([
    "mock:fail.",
    "mock:fail, at night",
    "(mock:fail)",
    "“mock:fail”",
    "mock:fail。",
    "mock:fail...",
    "mock:fail!",
    "mock:fail\nat night",
    "<mock:fail>"
  ])("ends where its sentence does: %s", (prompt) => {
    expect(scriptOf(prompt).ending).toBe("failed")
  })

  it("without a magic word succeeds after the usual time", () => {
    expect(scriptOf("A hammock: fail-safe, mock : fail")).toEqual(Script.success(10_000))
  })

  it("combines an ending, a length and faults, in any order and case", () => {
    const script = scriptOf("MOCK:slow mock:flaky mock:fail mock:duration=3s. mock:rate-limited mock:flaky")
    expect(script).toMatchObject({ ending: "failed", faults: [{ name: "flaky" }, { name: "rate-limited" }] })
    expect(Script.draw(script, "seed", "job").phases).toEqual(Script.draw(Script.success(30_000), "seed", "job").phases)
  })

  it.each([
    ["mock:fial", "isn't a magic word"],
    ["mock:fail mock:success", "exclude each other"],
    ["mock:fast mock:duration=3s", "exclude each other"],
    ["mock:duration=soon", "needs a time"],
    ["mock:duration", "needs a time"],
    ["mock:duration=3", "needs a time"],
    ["mock:duration=99999999999h", "needs a time"],
    ["mock:duration=3s mock:duration=5s", "exclude each other"],
    ["mock:script=long mock:script=typical", "exclude each other"],
    ["mock:fail=3", "takes no value"],
    ["mock:rate-limited=5", "takes no value"],
    ["A candle, mock: fail", "has a space in it"],
    ["A candle, gateway:flaky", "is for a gateway"],
    ["mock:moderated_400", "isn't a magic word"],
    ["mock:fail_x", "isn't a magic word"],
    ["mock:_fail", "isn't a magic word"],
    ["mock:fail:slow", "isn't a magic word"],
    ["mock:fail=", "takes no value"],
    ["mock:fault=flaky=3", "isn't a magic word"],
    ["mock:slow mock:duration=8000h", "more than a year"],
    ["mock:constructor", "isn't a magic word"]
  ])("%s is refused: it %s", (prompt, problem) => {
    expect(parse(prompt, 1000)).toEqual({ problem: expect.stringContaining(problem) })
  })

  it("has one row in the table for each word", () => {
    expect(toMarkdown().split("\n")).toHaveLength(magicWords.length + 2)
  })
})

const read = (json: unknown): Script.Script => {
  const script = Script.fromJson(json, 10_000)
  if ("problem" in script) throw new Error(script.problem)
  return script
}

const percent = fc.nat({ max: 100 })
const lasts = fc.oneof(
  fc.nat(60_000),
  fc.record({ uniform: fc.tuple(fc.nat(60_000), fc.nat(60_000)) }),
  fc.record({ lognormal: fc.record({ median: fc.nat(60_000), sigma: fc.constantFrom(0, 0.5, 2) }) })
)
const scripts = fc.record(
  {
    phases: fc.array(fc.record({ state: fc.constantFrom("submitted", "queued", "running"), lasts }), { maxLength: 5 }),
    duration: fc.nat(100_000),
    ending: fc.constantFrom("succeeded", "failed", "never"),
    progress: fc.oneof(
      fc.constantFrom("linear", "absent", "text"),
      fc.record({ stallsAt: percent }),
      fc.record({ shows: fc.array(fc.oneof(percent, fc.constant("a third"), fc.constant(null)), { minLength: 1 }) })
    ),
    seed: fc.oneof(fc.string(), fc.integer())
  },
  { requiredKeys: [] }
)

describe("a script in JSON", () => {
  it("has the usual values where it says nothing", () => {
    expect(read({})).toEqual(Script.success(10_000))
    expect(read({ ending: "failed", faults: ["flaky"] })).toEqual({
      ...Script.success(10_000),
      ending: "failed",
      faults: [{ name: "flaky" }]
    })
    // Other phases take their own time.
    expect(Script.draw(read({ phases: [{ state: "queued", lasts: 3000 }] }), "seed", "job").end).toBe(3000)
  })

  it.each([
    [[], "a script is a JSON object"],
    ["typical", "a script is a JSON object"],
    [{ endings: "failed" }, '"endings" isn\'t a field of a script; there are phases, '],
    [{ ending: "exploded" }, "ending"],
    [{ phases: [{ state: "queued", lasts: -1 }] }, "phases"],
    [{ phases: [{ state: "queued", lasts: { uniform: [1] } }] }, "phases"],
    [{ progress: { stallsAt: 101 } }, "progress"],
    [{ advances: { polls: 0 } }, "advances"],
    [{ phases: [{ state: "queued", lasts: 1, lastss: 2 }] }, "lastss"],
    [{ phases: [{ state: "queued", lasts: { lognormal: { median: 1, sigma: 1, longst: 2 } } }] }, "longst"],
    [{ progress: { stallsAt: 9, shows: [1] } }, "progress"],
    [{ faults: [{ name: "rate-limited", request: { first: 9 } }] }, "faults"],
    [{ faults: [{ name: "rate-limited", requests: { first: 7, every: 3 } }] }, "faults"],
    [{ faults: [{ name: "flaky", retryAfter: 3 }] }, '"flaky" has no retryAfter'],
    [{ faults: [{ name: "rate-limited", byte: 3 }] }, '"rate-limited" has no byte'],
    [{ faults: [{ name: "not-found-first", requests: { first: 3 } }] }, '"not-found-first" has no requests']
  ])("%j is refused, and says why", (json, problem) => {
    expect(Script.fromJson(json, 10_000)).toEqual({ problem: expect.stringContaining(problem) })
  })

  it("what it says of its own makes the same life", () => {
    for (const script of [...Script.library.map((each) => each.script), Script.success(4000), Script.slowed(Script.success(300), 10)]) {
      const again = read(JSON.parse(JSON.stringify(Script.changesOf(script))))
      expect(Script.draw(again, "seed", "job")).toEqual(Script.draw(script, "seed", "job"))
    }
    expect([Script.changesOf(Script.success(4000)), Script.changesOf({ ...Script.success(0), ending: "failed" })]).toEqual([
      { duration: 4000 },
      { duration: 0, ending: "failed" }
    ])
  })

  it("each named one can be written as JSON and read again", () => {
    for (const { script } of Script.library) expect(read(JSON.parse(JSON.stringify(script)))).toEqual(script)
  })
})

const many = (length: Script.Length) =>
  Array.from({ length: 2000 }, (_, index) =>
    Script.draw(read({ phases: [{ state: "queued", lasts: length }] }), "seed", `job ${index}`)
  ).map(({ end }) => end)

describe("what is drawn", () => {
  it("depends on seed and job alone, and gives each job its own", () => {
    fc.assert(
      fc.property(scripts, fc.string(), fc.string(), (json, seed, job) => {
        const script = read(json)
        expect(Script.draw(script, seed, job)).toEqual(Script.draw(structuredClone(script), seed, job))
      })
    )
    const typical = Script.library.find(({ name }) => name === "typical")?.script ?? Script.success(1)
    const ends = Array.from({ length: 100 }, (_, index) => Script.draw(typical, "seed", `job ${index}`).end)
    expect(new Set(ends).size).toBeGreaterThan(95)
    expect(Script.draw({ ...typical, seed: 1 }, "seed", "job")).toEqual(Script.draw({ ...typical, seed: 1 }, "another", "job"))
  })

  it("is spread as its words say", () => {
    const even = many({ uniform: [1000, 3000] })
    expect([Math.min(...even) >= 1000, Math.max(...even) <= 3000]).toEqual([true, true])
    expect(even.reduce((sum, end) => sum + end, 0) / even.length).toBeCloseTo(2000, -2)
    const long = many({ lognormal: { median: 10_000, sigma: 0.5, longest: 30_000 } }).toSorted((one, other) => one - other)
    expect(Math.abs((long[1000] ?? 0) - 10_000)).toBeLessThan(1000)
    // A deviation to either side: e^0.5 and e^-0.5.
    expect(Math.abs((long[1683] ?? 0) - 16_487)).toBeLessThan(1500)
    expect(Math.abs((long[317] ?? 0) - 6065)).toBeLessThan(600)
    expect(long.at(-1)).toBe(30_000)
  })

  it("has phases in order, stretched to the duration where there is one, and nothing after the end", () => {
    fc.assert(
      fc.property(scripts, fc.nat(300_000), (json, age) => {
        const script = read(json)
        const { end, phases } = Script.draw(script, "seed", "job")
        expect(end).toBe(script.duration ?? end)
        const times = phases.map(({ until }) => until)
        expect(times).toEqual(times.toSorted((one, other) => one - other))
        expect(times.at(-1) ?? end).toBe(end)
        const moment = at(script, age)
        const isOver = phases.length === 0 || age >= end
        expect(moment._tag === "Ended").toBe(isOver && script.ending !== "never")
        expect(moment._tag === "Running" || !isOver || script.ending !== "never").toBe(true)
      })
    )
  })
})

const shown = (progress: Script.Progress) =>
  [0, 25, 50, 75, 99].map((age) => {
    const moment = at(read({ phases: [{ state: "running", lasts: 100 }], progress }), age)
    return moment._tag === "Running" ? moment.progress : moment._tag
  })

describe("progress", () => {
  it("goes up, stalls, jumps, goes back, is a text, or is not told", () => {
    expect(shown("linear")).toEqual([0, 25, 50, 75, 99])
    expect(shown("text")).toEqual(["0%", "25%", "50%", "75%", "99%"])
    expect(shown("absent")).toEqual([undefined, undefined, undefined, undefined, undefined])
    expect(shown({ stallsAt: 40 })).toEqual([0, 25, 40, 40, 40])
    expect(shown({ shows: [10, 60, "almost", null] })).toEqual([10, 60, "almost", undefined, undefined])
  })
})
