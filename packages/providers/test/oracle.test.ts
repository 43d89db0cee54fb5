/**
 * The family's own sources as an oracle: what its gateways write, by repository, path and commit, and how each of that is read.
 *
 * The tables are facts taken from those sources, and none of their text.
 */
import { describe, it } from "@effect/vitest"
import type { Provider } from "@reelay/core"
import { readFileSync } from "node:fs"
import { definition as cometapi } from "../src/cometapi/provider.ts"
import { definition as geeknow } from "../src/geeknow/provider.ts"
import { definition as xai } from "../src/xai/provider.ts"
import { definition as xingchao } from "../src/xingchao/provider.ts"
import { expect } from "./expect.ts"
import { answer } from "./replay.ts"

type Definition = Pick<Provider.Definition<never>, "interpret" | "receive">
const definitions: ReadonlyMap<string, Definition> = new Map<string, Definition>([
  ["cometapi", cometapi],
  ["geeknow", geeknow],
  ["xai", xai],
  ["xingchao", xingchao]
])

interface Sourced {
  readonly source: { readonly repository?: string; readonly path?: string; readonly commit?: string; readonly url?: string }
}
interface Status extends Sourced {
  readonly word: string
  readonly kind: string
}
interface Row extends Sourced {
  readonly name: string
  readonly of: ReadonlyArray<string>
  readonly request: "submit" | "poll"
  readonly status: number
  readonly body: unknown
  readonly reads: object
}
interface Field extends Sourced {
  readonly dto: string
  readonly field: string
  readonly use: string
}

const textOf = (name: string): string => readFileSync(new URL(`oracle/${name}.json`, import.meta.url), "utf8")

const statuses: ReadonlyArray<Status> = JSON.parse(textOf("statuses"))
const answers: ReadonlyArray<Row> = JSON.parse(textOf("answers"))
const fields: ReadonlyArray<Field> = JSON.parse(textOf("fields"))
const links: ReadonlyArray<Sourced> = JSON.parse(textOf("links"))

const link = "https://cdn.example/v.mp4"

describe("the oracle", () => {
  it("each row has its source: a repository with path and commit, or a document", () => {
    for (const { source } of [...statuses, ...answers, ...fields, ...links]) {
      expect(source.url ?? `${source.repository} ${source.path}@${source.commit}`).toMatch(/^https:\/\/|^\S+\/\S+ \S+\.go@[\da-f]{40}$/u)
    }
  })

  describe.each([...definitions])("%s", (name, { interpret, receive }) => {
    it.each(statuses)("reads the status $word as $kind, flat and in an envelope", ({ kind, word }) => {
      const payload = { status: word, url: link }
      for (const body of [payload, { code: "success", data: payload }]) expect(interpret(answer(200, body))._tag).toBe(kind)
    })

    it.each(answers.filter(({ of }) => of.includes(name)))("$request: $name", ({ body, reads, request, status }) => {
      const given = answer(status, body, request)
      expect(request === "submit" ? receive(given) : interpret(given)).toMatchObject(reads)
    })
  })

  it("each field of a form is in an answer that is read, or says why it is not used", () => {
    const known = answers.map(({ body }) => JSON.stringify(body)).join("")
    expect(
      fields.filter(({ field, use }) => !use.startsWith("unused: ") && !known.includes(`"${field}":`)).map(({ field }) => field)
    ).toEqual([])
  })
})
