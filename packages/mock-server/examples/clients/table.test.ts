import { readFileSync, writeFileSync } from "node:fs"
import { expect, it } from "vitest"
import { toMarkdown } from "./table.ts"

const path = new URL("../../README.md", import.meta.url)
const readme = readFileSync(path, "utf8")

/** A table without the padding that a formatter gives it. */
const bare = (text: string): string => text.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---")

it("the README has the table of clients as the tests recorded it", () => {
  if (process.env["README"] === "write")
    writeFileSync(
      path,
      readme.replace(/\| What goes wrong \|[^]*?(?=\n\n)/u, () => toMarkdown())
    )
  expect(bare(readFileSync(path, "utf8"))).toContain(`\n\n${bare(toMarkdown())}\n\n`)
})

it("the README shows how ai downloads, as the example does", () => {
  const example = readFileSync(new URL("ai-xai.ts", import.meta.url), "utf8")
  const [, shown = ""] = /```js\n(const download[^]*?)\n```/u.exec(readme) ?? []
  expect(shown).not.toBe("")
  for (const line of shown.split("\n")) expect(example.replace("const download: Download", "const download")).toContain(line)
})
