import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { sizeOf } from "./sizes.ts"

interface Budget {
  /** What a page imports. */
  readonly page: string
  /** Kilobytes. */
  readonly most: number
}

const budgets: Readonly<Record<string, Budget>> = JSON.parse(readFileSync(new URL("../sizes.json", import.meta.url), "utf8"))

describe("what a page carries, minified and compressed", () => {
  it.each(Object.entries(budgets))("%s stays within its budget in sizes.json, and close to it", async (_, { most, page }) => {
    const size = await sizeOf(page)
    expect(size).toBeLessThanOrEqual(most)
    // A budget that is far above what there is would let it grow unseen.
    expect(size).toBeGreaterThan(most * 0.8)
  })

  it("of a module that is not there is no size", async () => {
    await expect(sizeOf('export { nothing } from "@reelay/core/Nothing"')).rejects.toThrow(/Nothing/u)
  })
})
