/** The table "What makes it different": each cell is what that client does here, today, with its own defaults. */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { type Name, outcomeOf } from "./clients.ts"
import { down, type Fault, html, pending, serveFaulty } from "./server.ts"

interface Seen {
  readonly link?: string
  readonly error?: string
  readonly submits: number
}

interface Row {
  readonly what: string
  readonly fault: Fault
  /** Milliseconds; as long as it takes if the row is not about time. */
  readonly deadline?: number
  /** fal has no such answer: it is another protocol. */
  readonly onlyXai?: true
  readonly cell: (seen: Seen) => string
}

const link = "https://files.example.com/video.mp4"
const always = (body: object): Fault => ({ poll: () => ({ status: 200, body: JSON.stringify(body) }) })
const once = (answer: typeof html): Fault => ({ poll: (count) => (count === 1 ? answer : undefined) })
const survives = ({ error }: Seen): string => (error === undefined ? "continues" : "fails")
const quoted = (error: string): string => `"${error.split(": ").slice(1).join(": ").split(/[.{]/u)[0]?.trim()}"`

const rows: ReadonlyArray<Row> = [
  {
    what: "The POST is accepted, its answer is lost",
    fault: { submit: "lost" },
    cell: ({ submits }) => (submits === 1 ? "1 POST" : `**${submits} POSTs**`)
  },
  { what: "One poll answers 503", fault: once(down), cell: survives },
  { what: "One poll answers 200 with a web page", fault: once(html), cell: survives },
  {
    what: 'A gateway says `"succeeded"` for `"done"`',
    fault: always({ status: "succeeded", video: { url: link, duration: 6, respect_moderation: true } }),
    deadline: 600,
    onlyXai: true,
    cell: ({ error = "" }) => (error === "" ? "a video" : error.includes("timed out") ? "times out" : "fails")
  },
  {
    what: "The error of a deadline names the job",
    fault: { poll: () => pending },
    deadline: 600,
    cell: ({ error = "" }) => (error.includes("job-1") ? "yes" : "no")
  },
  {
    what: "A job fails with a code and a message",
    fault: always({ status: "failed", error: { code: "internal_error", message: "No frames." } }),
    onlyXai: true,
    cell: ({ error = "" }) => {
      if (error.includes("[object Object]")) return '"[object Object]"'
      return error.includes("internal_error") ? "both, as fields" : error.includes("No frames") ? "the message" : "neither"
    }
  },
  {
    what: "Moderation is told apart from other failures",
    fault: always({ status: "done", video: { url: "", duration: 6, respect_moderation: false } }),
    onlyXai: true,
    cell: ({ error = "" }) =>
      error.includes('"moderated":true') ? "`moderated: true`" : /content policy/iu.test(error) ? "by its text" : `no: ${quoted(error)}`
  }
]

const columns: ReadonlyArray<readonly [Name, string]> = [
  ["reelay", "Reelay"],
  ["ai", "`ai`"],
  ["tanstack", "TanStack AI"],
  ["fal", "fal"]
]

const seenBy = async (name: Name, { fault, deadline = 60_000 }: Row): Promise<Seen> => {
  await using server = await serveFaulty(fault)
  const outcome = await outcomeOf(name, { base: server.base, deadline })
  return { ...outcome, submits: server.counts.submits }
}

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8")
const page = readFileSync(new URL("../compared.md", import.meta.url), "utf8")

const lineOf = (text: string, what: string): string | undefined => text.split("\n").find((line) => line.startsWith(`| ${what} |`))

describe("compared with others", () => {
  it.each(columns)("%s gets the video if nothing goes wrong, with one POST", async (name) => {
    const { error, submits } = await seenBy(name, { what: "nothing", fault: {}, cell: survives })
    expect([error, submits]).toEqual([undefined, 1])
  })

  it.concurrent.each(rows)("$what: the README says what each client does", async (row) => {
    const cells = await Promise.all(
      columns.map(async ([name]) => (name === "fal" && row.onlyXai === true ? "–" : row.cell(await seenBy(name, row))))
    )
    for (const text of [readme, page]) expect(lineOf(text, row.what)).toBe(`| ${[row.what, ...cells].join(" | ")} |`)
  })

  it("the table has these rows and no others", () => {
    const [, table = ""] = /\| {1,2}\| Reelay \|[^\n]*\n\|[-|]+\n((?:\|[^\n]*\n)+)/u.exec(readme) ?? []
    // The last are those of programs.test.ts.
    expect(table.trim().split("\n")).toHaveLength(rows.length + 4)
  })
})
