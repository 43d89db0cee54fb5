import { describe, expect, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"

const src = new URL("../src/", import.meta.url)
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
const code = (name: string): string =>
  readFileSync(new URL(name.replaceAll("\\", "/"), src), "utf8").replaceAll(/\/\*[^]*?\*\/|(^|\s)\/\/.*$/gmu, "")

describe("core runs anywhere", () => {
  it.each(files)("%s uses nothing that only Node has", (name) => {
    expect(code(name)).not.toMatch(/["']node:|\bBuffer\b|\bprocess\??\.\w|\brequire\(|__dirname/u)
  })

  it("all sources are checked", () => {
    expect(files.length).toBeGreaterThan(25)
  })
})
