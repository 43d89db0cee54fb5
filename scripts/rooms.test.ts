import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { problemsOf, roomsOf, sourcesOf } from "./rooms.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))

const problems = (sources: Readonly<Record<string, string>>): ReadonlyArray<string> =>
  problemsOf(new Map(Object.entries(sources)), ["low", "high", "index.ts Api.ts"])

describe("the rooms of a package", () => {
  it.each(Object.keys(roomsOf))("of %s stand in one line", (name) => {
    const sources = sourcesOf(root, name)
    expect(sources.size).toBeGreaterThan(10)
    expect(problemsOf(sources, roomsOf[name])).toEqual([])
  })

  it("may import what is in them, and below them", () => {
    const sources = {
      "low/a.ts": "",
      "low/b.ts": 'import { a } from "./a.ts"',
      "high/c.ts": 'import { b } from "../low/b.ts"',
      "index.ts": 'export * from "./high/c.ts"',
      "Api.ts": ""
    }
    expect(problems(sources)).toEqual([])
  })

  it.each([
    ["an import", 'import { c } from "../high/c.ts"'],
    ["an import of a type", 'import type { C } from "../high/c.ts"'],
    ["an import for its effect", 'import "../high/c.ts"'],
    ["an export", 'export * from "../high/c.ts"'],
    ["an export of a type in several lines", 'export type {\n  C\n} from "../high/c.ts"'],
    ["an import at run time", 'const c = await import("../high/c.ts")']
  ])("are not left upwards by %s", (_, text) => {
    expect(problems({ "low/a.ts": text, "high/c.ts": "" })).toEqual(["low/a.ts imports high/c.ts, which is in a room above its own"])
  })

  it("are named by every file", () => {
    expect(problems({ "odd/a.ts": "" })).toEqual(["odd/a.ts is in no room: low, high, index.ts Api.ts"])
  })

  it("are not moved by what a comment shows", () => {
    expect(problems({ "low/a.ts": '/** import { c } from "../high/c.ts" */\n// import "../high/c.ts"', "high/c.ts": "" })).toEqual([])
  })
})
