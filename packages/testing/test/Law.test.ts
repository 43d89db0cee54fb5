import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Law } from "../src/index.ts"

const small = Law.make({
  id: "numbers/small",
  name: "every number is below 137",
  given: fc.nat({ max: 10_000 }),
  examine: (number) => (number < 137 ? undefined : { what: `${number} is not`, timeline: "S-Q--R25" })
})
const even = Law.make({
  id: "numbers/even",
  name: "twice a number is even",
  given: fc.nat(),
  examine: (number) => ((number * 2) % 2 === 0 ? undefined : { what: "odd" })
})

const found = async (check: Promise<void>): Promise<Law.Broken> => {
  try {
    await check
  } catch (error) {
    if (error instanceof Law.Broken) return error
    throw error
  }
  throw new Error("the law holds")
}

/** A runner that keeps its tests, to run them one by one. */
const recorded = (laws: ReadonlyArray<Law.Law>, options: Law.RegisterOptions) => {
  const tests = new Map<string, () => Promise<void>>()
  Law.register(laws, { describe: (_, body) => body(), it: (name, body) => tests.set(name, body) }, options)
  return tests
}

describe("a law", () => {
  it("that holds resolves", async () => {
    await expect(even.check({ runs: 50 })).resolves.toBeUndefined()
  })

  it("that is broken reports seed, path, the smallest input and a timeline", async () => {
    const broken = await found(small.check({ seed: 1 }))
    expect(broken).toMatchObject({ law: "numbers/small", seed: 1, input: 137, what: "137 is not" })
    expect(broken.message.split("\n")).toEqual([
      "numbers/small is broken: every number is below 137",
      "  137 is not",
      "  input: 137",
      `  again: { seed: 1, path: "${broken.path}" }`,
      "  S-Q--R25"
    ])
  })

  it("is broken again by the same seed and path, at the first run", async () => {
    const { path, seed } = await found(small.check())
    expect((await found(small.check({ path, runs: 1, seed }))).input).toBe(137)
  })

  it("is broken if its subject throws", async () => {
    const law = Law.make({
      id: "a",
      name: "b",
      given: fc.constant(1),
      examine: () => {
        throw new RangeError("too deep")
      }
    })
    const broken = await found(law.check())
    expect(broken.what).toBe("threw RangeError: too deep")
    expect(broken.cause).toBeInstanceOf(RangeError)
  })

  it("may be slow", async () => {
    const law = Law.make({
      id: "a",
      name: "b",
      given: fc.nat(),
      examine: (number) => Promise.resolve(number < 5 ? undefined : { what: "large" })
    })
    expect((await found(law.check({ seed: 1 }))).input).toBe(5)
  })
})

describe("register", () => {
  it("makes one test per law, by its name", async () => {
    const tests = recorded([even, small], { seed: 1 })
    expect([...tests.keys()]).toEqual([even.name, small.name])
    await tests.get(even.name)?.()
    await expect(tests.get(small.name)?.()).rejects.toThrow("numbers/small")
  })

  it("passes an exempt law while it is broken, and names the reason", async () => {
    const tests = recorded([small], { exempt: [{ law: "numbers/small", reason: "large numbers are fine here" }] })
    await expect(tests.get("every number is below 137 (exempt: large numbers are fine here)")?.()).resolves.toBeUndefined()
  })

  it("fails an exemption that is no longer needed", async () => {
    const [test] = recorded([even], { exempt: [{ law: "numbers/even", reason: "once" }] }).values()
    await expect(test?.()).rejects.toThrow("no longer needed")
  })

  it("fails an exemption of a law that does not exist", async () => {
    const tests = recorded([even], { exempt: [{ law: "numbers/odd", reason: "a typing error" }] })
    await expect(tests.get("there is a law numbers/odd")?.()).rejects.toThrow("numbers/odd")
  })
})
