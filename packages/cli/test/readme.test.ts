import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Capability } from "@reelay/core"
import { MagicPrompt } from "@reelay/mock-server"
import { describe, expect, it } from "vitest"
import { definitions } from "../src/Registry.ts"

const root = new URL("../../../", import.meta.url)
const readme = readFileSync(new URL("README.md", root), "utf8")

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

const parts: ReadonlyArray<readonly [string, string]> = [
  ["providers", `\n${[...head, ...providers.map((row) => `| ${row} |`)].join("\n")}\n`],
  ["magic prompts", `\n${MagicPrompt.toMarkdown().trim()}\n`]
]

/** `README=write npm run vitest -- packages/cli/test/readme.test.ts` writes the current tables into the file. */
const written = (text: string): string =>
  parts.reduce(
    (whole, [name, part]) =>
      whole.replace(new RegExp(`<!-- ${name} -->[^]*?<!-- /${name} -->`, "u"), () => `<!-- ${name} -->\n${part}\n<!-- /${name} -->`),
    text
  )

if (process.env["README"] === "write") writeFileSync(new URL("README.md", root), written(readme))

describe("README", () => {
  it("has the tables of the code", () => {
    expect(readFileSync(new URL("README.md", root), "utf8")).toBe(written(readme))
  })

  it.each([
    ["promise", /^Submitted \n(Queued \n)?(Running 0\.\d+\n)+Succeeded \ncandle\.mp4: \d+ bytes\n$/u],
    ["rxjs", /^Submitted \n(Queued \n)?(Running \d+\n)+Succeeded \n$/u],
    ["effect", /^Submitted\n(Queued\n)?(Running\n)*Succeeded\nbytes: \d+\n$/u]
  ])("shows the %s example as it is, and the example prints what it says", (name, output) => {
    const file = fileURLToPath(new URL(`packages/cli/examples/${name}.ts`, root))
    expect(readme).toContain(`\`\`\`ts\n${readFileSync(file, "utf8").trimEnd()}\n\`\`\``)
    const cwd = mkdtempSync(join(tmpdir(), "reelay-readme-"))
    const ran = spawnSync(process.execPath, ["--conditions=@reelay/source", "--disable-warning=ExperimentalWarning", file], {
      cwd,
      encoding: "utf8"
    })
    expect([ran.stderr, ran.status]).toStrictEqual(["", 0])
    expect(ran.stdout).toMatch(output)
  })
})
