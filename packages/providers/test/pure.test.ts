import { describe, expect, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"

const src = new URL("../src/", import.meta.url)
const names = readdirSync(src, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"))
const sources = names.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
const text = (name: string): string => readFileSync(new URL(name, src), "utf8")

const folders = names.filter((name) => name.endsWith("/fixtures/index.ts")).map((name) => name.split("/")[0])

describe("providers run anywhere", () => {
  it.each(sources)("%s uses nothing that only Node has", (name) => {
    const code = text(name).replaceAll(/\/\*[^]*?\*\/|(^|\s)\/\/.*$/gmu, "")
    expect(code).not.toMatch(/["']node:|\bBuffer\b|\bprocess\b|\brequire\(|__dirname/u)
  })

  it.each(folders)("the list of %s's fixtures names every file", (name) => {
    const files = names.filter((file) => file.startsWith(`${name}/fixtures/`) && file.endsWith(".json"))
    const list = text(`${name}/fixtures/index.ts`)
    expect(files.length).toBeGreaterThan(9)
    for (const file of files) expect(list).toContain(`"./${file.split("/").at(-1)}"`)
  })
})
