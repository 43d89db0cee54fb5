import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { type Done, snippet, ways } from "../src/model/snippets.ts"

const here = join(import.meta.dirname, "..")

/** With every option, with none, and with what a text could break out with. */
const programs: ReadonlyArray<Done> = (["direct", "relay"] as const).flatMap((mode) => [
  { mode, provider: "xai", model: "grok-imagine-video", prompt: "A candle.", baseUrl: "http://127.0.0.1:1/xai" },
  {
    mode,
    provider: "cometapi",
    model: "m",
    prompt: 'A "quoted" candle\n${flickers} `',
    duration: 6,
    aspectRatio: "16:9",
    resolution: "720p",
    baseUrl: "http://127.0.0.1:1/cometapi"
  }
])

it("every program that the page shows compiles", () => {
  // Within the package, so that its imports are found.
  const folder = mkdtempSync(join(here, ".documents-"))
  try {
    const files = programs.flatMap((done, index) => ways.map((way) => ({ name: `${way}${index}.tsx`, text: snippet(way, done) })))
    for (const { name, text } of files) writeFileSync(join(folder, name), text)
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: "../tsconfig.json",
        include: ["*.tsx"],
        references: [],
        compilerOptions: { composite: false, incremental: false }
      })
    )
    const tsc = join(here, "../../node_modules/typescript/bin/tsc")
    const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" })
    expect([stdout, status]).toStrictEqual(["", 0])
    expect(files).toHaveLength(16)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
