/** The list of what no test catches is about the current code. */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"

const root = new URL("../../../", import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), "utf8")
const squeezed = (text: string): string => text.replaceAll(/\s+/gu, " ")

const listed = read("mutants/survivors.md")
  .split("\n")
  .flatMap((line): ReadonlyArray<readonly [file: string, before: string, after: string]> => {
    const [, file, before, after] = /^- `([^`]+)` ``(.+)`` → ``(.+)``$/u.exec(line) ?? []
    return file === undefined || before === undefined || after === undefined ? [] : [[file, before, after]]
  })

describe("what no test catches", () => {
  it("is a list in one form", () => {
    expect(listed.length).toBeGreaterThan(10)
    expect(listed).toHaveLength(read("mutants/survivors.md").split("\n- ").length - 1)
  })

  it.each(listed)("is still in %s: %s", (file, before, after) => {
    expect(squeezed(read(file))).toContain(before.replace(/ …$/u, ""))
    expect(after).not.toBe(before)
  })
})
