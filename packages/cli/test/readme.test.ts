import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Capability } from "@reelay/core"
import { describe, expect, it } from "vitest"
import { definitions } from "../src/Registry.ts"

const root = new URL("../../../", import.meta.url)
const read = (file: string): string => readFileSync(new URL(file, root), "utf8")

const providers = definitions.flatMap(({ capabilities, title }) =>
  capabilities.map((row) =>
    [
      title,
      `\`${row.model}\``,
      row.mode,
      Capability.describeSeconds(row.duration),
      Capability.describeWords(row.aspectRatio),
      Capability.describeWords(row.resolution),
      Capability.describeImages(row.images)
    ].join(" | ")
  )
)

const head = ["| provider | model | mode | seconds (default) | aspect ratio | resolution | images |", "|---|---|---|---|---|---|---|"]

const table = `<!-- providers -->\n\n${[...head, ...providers.map((row) => `| ${row} |`)].join("\n")}\n\n<!-- /providers -->`

/** `DOCS=write npm run vitest -- packages/cli/test/readme.test.ts` writes the current table into the page. */
const written = (text: string): string => text.replace(/<!-- providers -->[^]*?<!-- \/providers -->/u, () => table)

const page = "docs/providers.md"
if (process.env["DOCS"] === "write") writeFileSync(new URL(page, root), written(read(page)))

const block = (name: string): string => `\`\`\`ts\n${read(`packages/cli/examples/${name}.ts`).trimEnd()}\n\`\`\``

describe("README", () => {
  it("has at most 150 lines", () => {
    expect(read("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(150)
  })

  it.each(["promise", "browser", "rxjs", "effect", "contract.test"])("shows the %s example as it is, in about ten lines", (name) => {
    expect(read("README.md")).toContain(block(name))
    expect(
      block(name)
        .split("\n")
        .filter((line) => line !== "").length
    ).toBeLessThanOrEqual(15)
  })

  it("the pages show the table of the code, and the examples as they are", () => {
    expect(read(page)).toBe(written(read(page)))
    for (const name of ["promise", "rxjs", "effect"]) expect(read("docs/start.md")).toContain(block(name))
    expect(read("docs/browser.md")).toContain(block("browser"))
  })

  it.each([
    ["promise", /^Submitted \n(Queued \n)?(Running 0\.\d+\n)+Succeeded \ncandle\.mp4: \d+ bytes\n$/u],
    ["rxjs", /^Submitted\n(Queued\n)?(Running\n)+Succeeded\n$/u],
    ["effect", /^bytes: \d+\n$/u]
  ])("the %s example prints what the pages say", (name, output) => {
    const file = fileURLToPath(new URL(`packages/cli/examples/${name}.ts`, root))
    const cwd = mkdtempSync(join(tmpdir(), "reelay-readme-"))
    const ran = spawnSync(process.execPath, ["--conditions=@reelay/source", "--disable-warning=ExperimentalWarning", file], {
      cwd,
      encoding: "utf8"
    })
    expect([ran.stderr, ran.status]).toStrictEqual(["", 0])
    expect(ran.stdout).toMatch(output)
  })
})
