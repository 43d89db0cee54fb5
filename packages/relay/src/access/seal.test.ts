import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { sealerOf } from "./seal.ts"

const sealed = fc.record({
  what: fc.constantFrom("job" as const, "key" as const),
  text: fc.string(),
  owner: fc.string(),
  until: fc.nat()
})

const letters = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

describe("a job's name", () => {
  it("is the same each time, and opens to what it was made from, by the same secret only", async () => {
    await fc.assert(
      fc.asyncProperty(sealed, async (given) => {
        const name = await sealerOf("a secret").seal(given)
        expect(await sealerOf("a secret").seal(given)).toBe(name)
        expect(await sealerOf("a secret").open(name)).toEqual(given)
        expect(await sealerOf("another").open(name)).toBeUndefined()
      })
    )
  })

  it("with one letter changed, added or left out is no name, the spare bits of the last letter included", async () => {
    const { open, seal } = sealerOf("a secret")
    await fc.assert(
      fc.asyncProperty(sealed, fc.nat(), async (given, at) => {
        const name = await seal(given)
        const place = 3 + (at % (name.length - 3))
        const others = [place, name.length - 1].flatMap((index) =>
          letters.map((letter) => `${name.slice(0, index)}${letter}${name.slice(index + 1)}`)
        )
        const changed = [...others, `${name}A`, name.slice(0, -1), `${name}=`, ` ${name}`].filter((other) => other !== name)
        expect((await Promise.all(changed.map(open))).filter((found) => found !== undefined)).toEqual([])
      }),
      { numRuns: 20 }
    )
  })
})
