/** Holds the page of what can go wrong and the tests together. */
import { globSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const page = readFileSync(`${root}docs/traps.md`, "utf8")
const [, section = ""] = /<!-- traps -->([^]*?)<!-- \/traps -->/u.exec(page) ?? []

const rows = section
  .split("\n")
  .filter((line) => line.startsWith("| T"))
  .map((line) => line.slice(2, -2).split(" | "))

/** The traps that tests are named after: `it("T1: ...")`, `it.effect("T26, T35: ...")`, `it.each([...])("T2: ...")`. */
const tested = new Set(
  globSync("packages/*/{src,test}/**/*.test.ts", { cwd: root }).flatMap((file) =>
    Array.from(readFileSync(`${root}${file}`, "utf8").matchAll(/\(\s*["'`]((?:T\d+, )*T\d+): /gu)).flatMap(([, traps = ""]) =>
      traps.split(", ")
    )
  )
)

const all = Array.from({ length: 49 }, (_, index) => `T${index + 1}`)

describe("the traps", () => {
  it("are T1 to T49, each once and in order", () => {
    expect(rows.map(([trap]) => trap)).toEqual(all)
  })

  it.each(rows)("%s says what happened, what Reelay does, and where there is more", (...cells) => {
    expect(cells.map((cell) => cell.trim() !== "")).toEqual([true, true, true, true])
  })

  it.each(all)("%s has a test that is named after it", (trap) => {
    expect([...tested]).toContain(trap)
  })

  it("are counted in the README", () => {
    expect(readFileSync(`${root}README.md`, "utf8")).toContain(`[${all.length} faults of such APIs](docs/traps.md)`)
  })

  it("are all that tests are named after", () => {
    expect([...tested].filter((trap) => !all.includes(trap))).toEqual([])
  })
})
