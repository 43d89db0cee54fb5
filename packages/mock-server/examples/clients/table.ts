/** What the tests recorded, as the table of the mock's README. */
import { readFileSync } from "node:fs"
import { troubles } from "./faults.ts"

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"))

const field = (json: unknown, name: string): unknown =>
  typeof json === "object" && json !== null ? Object.entries(json).find(([key]) => key === name)?.[1] : undefined

const versionOf = (name: string): string => `\`${name}\` ${String(field(field(read("../package.json"), "devDependencies"), name))}`

const columns: ReadonlyArray<readonly [head: string, file: string]> = [
  [`${versionOf("ai")}, ${versionOf("@ai-sdk/xai")}, behind MSW`, "ai-msw"],
  ["the same over HTTP, with `download`", "ai-download"],
  [`${versionOf("@tanstack/ai")}, ${versionOf("@tanstack/ai-grok")}`, "tanstack"],
  [versionOf("openai"), "openai"],
  ["Python's standard library", "python"]
]

/** As "video", or "error, `lost`"; a dash if it can't be met. */
const cell = (line: unknown): string => {
  if (typeof line !== "string") return "–"
  const [outcome = "", laws] = line.split(": ")
  return laws === undefined ? outcome : [outcome, ...laws.split(", ").map((law) => `\`${law}\``)].join(", ")
}

export const toMarkdown = (): string => {
  const recorded = columns.map(([, file]) => read(`./behaviour/${file}.json`))
  const rows = troubles.map(({ id, what }) => [what].concat(recorded.map((lines) => cell(field(lines, id)))))
  return [["What goes wrong", ...columns.map(([head]) => head)], ["---", ...columns.map(() => "---")], ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n")
}
