import * as fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { ref } from "../../test/samples.ts"
import type { JobRef } from "../job/JobRef.ts"
import * as Durations from "./Durations.ts"

const jobs = (durations: Durations.Durations, age: number, count: number, of: JobRef = ref): void => {
  for (let nth = 0; nth < count; nth++) durations.ended(of, { from: age * 0.9 + nth, to: age * 1.1 + nth })
}

/** A store whose text a test sees. */
const store = (text?: string) => {
  const kept = { text, writes: 0 }
  return {
    kept,
    read: () => kept.text,
    write: (then: string) => {
      kept.text = then
      kept.writes += 1
    }
  }
}

describe("durations", () => {
  it("expect nothing before anything was seen", () => {
    expect(Durations.memory().expected(ref, 0)).toBeUndefined()
  })

  it("are learned apart by provider, kind, model and length", () => {
    const durations = Durations.memory()
    const sorts = [
      ref,
      { ...ref, model: "slow" },
      { ...ref, model: "slow", seconds: 10 },
      { ...ref, provider: "other" },
      { ...ref, kind: "edit" as const }
    ]
    for (const [nth, of] of sorts.entries()) jobs(durations, 10_000 * 3 ** nth, 10, of)
    for (const [nth, of] of sorts.entries()) {
      const total = durations.expected(of, 0) ?? 0
      expect(Math.abs(total / (10_000 * 3 ** nth) - 1)).toBeLessThan(0.15)
    }
  })

  it("of a new length are those of its model, and of a new model those of its provider, until a few were seen", () => {
    const durations = Durations.memory()
    jobs(durations, 300_000, 5, { ...ref, model: "slow", seconds: 5 })
    jobs(durations, 20_000, 5, { ...ref, model: "fast", seconds: 5 })
    expect(durations.expected({ ...ref, model: "slow", seconds: 10 }, 0)).toBeGreaterThan(200_000)
    const unknown = durations.expected({ ...ref, model: "new" }, 0) ?? 0
    expect([unknown >= 18_000, unknown <= 330_010]).toEqual([true, true])
    expect(durations.expected({ ...ref, provider: "other" }, 0)).toBeUndefined()
    jobs(durations, 60_000, 5, { ...ref, model: "slow", seconds: 10 })
    expect(durations.expected({ ...ref, model: "slow", seconds: 10 }, 0)).toBeLessThan(70_000)
  })

  it("follow a provider that became twice as slow", () => {
    const durations = Durations.memory()
    jobs(durations, 60_000, 100)
    jobs(durations, 120_000, 6)
    expect(durations.expected(ref, 0)).toBeGreaterThan(105_000)
  })

  it("are bounded by what was seen, at any age, whatever was seen", () => {
    const sample = fc.tuple(fc.nat(10_000_000), fc.integer({ min: 1, max: 4_000_000 })).map(([from, width]) => ({ from, to: from + width }))
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 30 }), fc.nat(20_000_000), (samples, age) => {
        const durations = Durations.memory()
        for (const each of samples) durations.ended(ref, each)
        const all = durations.law(ref).samples
        const total = durations.expected(ref, age) ?? 0
        expect(total).toBeGreaterThanOrEqual(Math.min(...all.map(({ to }) => to)))
        expect(total).toBeLessThanOrEqual(Math.max(...all.map(({ to }) => to)))
      }),
      { numRuns: 60 }
    )
  })

  it("ignore what can't be a duration", () => {
    const durations = Durations.memory()
    for (const [from, to] of [
      [5, 5],
      [9, 2],
      [-1, 5],
      [Number.NaN, 5],
      [0, Number.NaN],
      [0, Number.POSITIVE_INFINITY],
      [0, 1e12]
    ] as const) {
      durations.ended(ref, { from, to })
    }
    expect(durations.learned()).toEqual(Durations.empty)
  })

  it("stay small: 256 jobs of a sort, and 32 sorts, the one that was learned of last at the end", () => {
    const durations = Durations.memory()
    jobs(durations, 60_000, 300)
    expect(Object.values(durations.learned().jobs)[0]).toHaveLength(512)
    for (let nth = 0; nth < 40; nth++) jobs(durations, 1000, 1, { ...ref, model: `m${nth}` })
    const sorts = Object.keys(durations.learned().jobs)
    expect([sorts.length, sorts[0], sorts.at(-1)]).toEqual([32, "fake/generation/m8/", "fake/generation/m39/"])
    expect(JSON.stringify(durations.learned()).length).toBeLessThan(32 * 4500)
  })
})

describe("durations that are kept", () => {
  it("are there after a restart, and what several programs learned is there together", async () => {
    const shared = store()
    const [one, other] = [Durations.over(shared), Durations.over(shared)]
    jobs(one, 60_000, 3)
    await one.saved()
    jobs(other, 20_000, 2, { ...ref, model: "fast" })
    jobs(one, 60_000, 1)
    await Promise.all([one.saved(), other.saved()])
    const { jobs: all } = Durations.over(shared).learned()
    expect(
      Object.values(all)
        .map(({ length }) => length / 2)
        .toSorted((few, more) => few - more)
    ).toEqual([2, 4])
  })

  it("are taken from an asynchronous store as soon as it answers, with what was learned meanwhile", async () => {
    const before = Durations.memory()
    jobs(before, 60_000, 10)
    const kept = store(JSON.stringify(before.learned()))
    const late = Durations.over({ read: async () => kept.read(), write: async (text) => kept.write(text) })
    expect(late.expected(ref, 0)).toBeUndefined()
    jobs(late, 60_000, 1)
    await late.saved()
    expect(late.expected(ref, 0)).toBeGreaterThan(50_000)
    expect(Durations.over(kept).law(ref).samples).toHaveLength(11)
  })

  it("of a newer version are left alone", async () => {
    const text = JSON.stringify({ version: 2, jobs: { "fake/generation//": "another form" } })
    const onError = vi.fn<(error: unknown) => void>()
    const kept = store(text)
    const durations = Durations.over(kept, { onError })
    jobs(durations, 60_000, 3)
    await durations.saved()
    expect([kept.kept.text, kept.kept.writes, onError.mock.calls.length]).toEqual([text, 0, 1])
    expect(durations.expected(ref, 0)).toBeGreaterThan(50_000)
  })

  it("that are damaged are as none, whatever the text", () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom(
        '{"version":1,"jobs":{"a":[1,2]}}',
        '{"version":1,"jobs":{"a/b/c/":[2,1]}}',
        '{"version":1,"jobs":{"a/b/c/":["1",2]}}',
        '{"version":1}'
      )
    )
    fc.assert(
      fc.property(text, (given) => {
        const found = Durations.fromText(given)
        expect([Durations.empty, "Newer"]).toContainEqual(found)
      })
    )
  })

  it("come back as they were written", () => {
    const durations = Durations.memory()
    jobs(durations, 60_000, 3, { ...ref, model: "a/b", seconds: 6 })
    expect(Durations.fromText(JSON.stringify(durations.learned()))).toEqual(durations.learned())
  })

  it.each([
    [
      "can't be read",
      {
        read: () => {
          throw new Error("blocked")
        },
        write: () => undefined
      }
    ],
    ["can't be written", { read: () => undefined, write: () => Promise.reject(new Error("full")) }]
  ])("go on in memory if the store %s, and say so", async (_, broken) => {
    const onError = vi.fn<(error: unknown) => void>()
    const durations = Durations.over(broken, { onError })
    jobs(durations, 60_000, 3)
    await durations.saved()
    jobs(durations, 60_000, 3)
    await durations.saved()
    expect(durations.law(ref).samples.length).toBeGreaterThanOrEqual(5)
    expect(onError).toHaveBeenCalled()
  })

  it("stand in a browser's storage under a name", async () => {
    const values = new Map<string, string>()
    const storage: Pick<Storage, "getItem" | "setItem"> = {
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => void values.set(key, value)
    }
    const durations = Durations.inStorage(() => storage)
    jobs(durations, 60_000, 1)
    await durations.saved()
    expect(Array.from(values)).toEqual([["reelay/durations", '{"version":1,"jobs":{"fake/generation//":[54000,66000]}}']])
  })
})
