import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"
import { anchorsOf, problemsOf, relinked, siteProblems } from "./links.mjs"

const problems = (files: Readonly<Record<string, string>>) =>
  problemsOf(
    Object.keys(files).filter((file) => file.endsWith(".md")),
    (file: string) => files[file] ?? "",
    (file: string) => files[file] !== undefined
  )

const site = (files: Readonly<Record<string, string>>): ReadonlyArray<string> => {
  const folder = mkdtempSync(join(tmpdir(), "reelay-site-"))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  return siteProblems(folder)
}

describe("links in documents", () => {
  it("may lead to a file, to a heading here or there, and anywhere outside", () => {
    const text = "# One, two\n[a](docs/b.md) [b](#one-two) [c](docs/b.md#other) [d](https://example.com/x#y) [`e`](c.ts)"
    expect(problems({ "a.md": text, "docs/b.md": "## Other\n[up](../a.md#one-two)", "c.ts": "" })).toEqual([])
  })

  it.each([
    ["a file that is missing", "[a](gone.md)", "a.md links to gone.md, which is not there"],
    ["a heading that is missing here", "# Here\n[a](#there)", "a.md links to #there, and a.md has no such heading"],
    ["a heading that is missing there", "[a](b.md#there)", "a.md links to b.md#there, and b.md has no such heading"],
    ["a picture that is missing", "![a](gone.svg)", "a.md links to gone.svg, which is not there"],
    ["a picture in HTML that is missing", '<img src="gone.svg">', "a.md links to gone.svg, which is not there"],
    ["a file that is missing, behind a link with brackets", "[`a[0]`](gone.md)", "a.md links to gone.md, which is not there"]
  ])("%s is a problem", (_, text, problem) => {
    expect(problems({ "a.md": text, "b.md": "# Here" })).toEqual([problem])
  })

  it("code is not looked at, and headings in it are none", () => {
    expect(problems({ "a.md": "```md\n[a](gone.md)\n# Here\n```\n[b](#here)" })).toEqual([
      "a.md links to #here, and a.md has no such heading"
    ])
  })

  it("headings that are the same have numbers, and code and links in them count by their text", () => {
    expect([...anchorsOf("# A\n## A\n## `b_c` and [d](e.md): f?\n## Überblick")]).toEqual(["a", "a-1", "b_c-and-d-f", "überblick"])
  })

  it("are replaced outside of code only", () => {
    expect(relinked("[a](x) `k` ![b](y)\n~~~\n[c](z)\n~~~", (target: string) => `${target}!`)).toBe(
      "[a](x!) `k` ![b](y!)\n~~~\n[c](z)\n~~~"
    )
  })
})

describe("links of the site", () => {
  it("may lead to a page, with and without its ending, to a folder's, and to a heading", () => {
    const html = '<a href="/b"></a> <a href="/c/">c</a> <a href="./b.html#x">x</a> <a href="#y" id="y">y</a> <img src="/p.svg">'
    expect(site({ "a.html": html, "b.html": '<h2 id="x">', "c/index.html": "", "p.svg": "" })).toEqual([])
  })

  it("to nothing are problems", () => {
    expect(site({ "a.html": '<a href="/gone"></a> <a href="/b#gone"></a> <img src="/p.svg">', "b.html": "" })).toEqual([
      "a.html links to /gone, which is not there",
      "a.html links to /b#gone, and that page has no such heading",
      "a.html links to /p.svg, which is not there"
    ])
  })
})
