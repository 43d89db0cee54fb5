import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import * as Metrics from "../src/telemetry/Metrics.ts"

const page = readFileSync(new URL("../../../docs/observability.md", import.meta.url), "utf8")

/** The first words of a table's rows, without their quotes. */
const rowsOf = (head: string): ReadonlyArray<string> => {
  const [, table = ""] = new RegExp(`\\| ${head} \\|[^\\n]*\\n\\|[-|]+\\n((?:\\|[^\\n]*\\n)+)`, "u").exec(page) ?? []
  return [...table.matchAll(/^\| `([^`]+)`/gmu)].map(([, name = ""]) => name)
}

const src = new URL("../src/", import.meta.url)
const source = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
  .map((name) => readFileSync(new URL(name.replaceAll("\\", "/"), src), "utf8"))
  .join("\n")
const found = (pattern: RegExp): ReadonlyArray<string> =>
  [...new Set([...source.matchAll(pattern)].map(([, name = ""]) => name))].toSorted()

describe("the page about observability", () => {
  it("lists every metric", () => {
    const all = Object.values(Metrics).map(({ id }) => id)
    expect(rowsOf("metric").toSorted()).toStrictEqual(all.toSorted())
  })

  it("lists every span", () => {
    const spans = found(/\b(?:span|ofJob|around|opened)\((?:\s*|context, )"(reelay\.[\w.]+)"/gu)
    expect(rowsOf("span").toSorted()).toStrictEqual(spans)
    expect(spans.length).toBeGreaterThan(5)
  })

  it("names every attribute", () => {
    const names = found(/"(reelay\.[\w.]+|error\.type|server\.address|http\.response\.status_code)"/gu)
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toStrictEqual([])
    expect(names).toContain("reelay.job.state")
  })
})
