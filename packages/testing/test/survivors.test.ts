/** The list of what no test catches is about the current code. */
import { globSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
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

describe("what is changed, and the tests that have to notice", () => {
  it("are named by paths that lead somewhere", async () => {
    const { groups }: { readonly groups: Readonly<Record<string, { readonly mutate: Paths; readonly tests: Paths }>> } = await import(
      new URL("mutants/groups.mjs", root).href
    )
    const paths = Object.values(groups).flatMap(({ mutate, tests }) => mutate.concat(tests))
    expect(paths.length).toBeGreaterThan(20)
    expect(paths.filter((path) => globSync(path, { cwd: fileURLToPath(root) }).length === 0)).toEqual([])
  })
})

type Paths = Array<string>
