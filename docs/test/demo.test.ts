/** The pictures of the demo show what it prints; times, counts and the port are its own each time. */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { pictures, played, tableOf, textOf } from "../../scripts/demoPicture.mjs"

const masked = (line: string): string =>
  line
    .replaceAll(/127\.0\.0\.1:\d+/gu, "localhost")
    .replaceAll(/\d+:\d\d/gu, "0:00")
    .replaceAll(/ \d+ {2,}/gu, " 0  ")
    .trim()

describe("the pictures of the demo", () => {
  it("the pictures show what the demo prints", async () => {
    await Promise.all(
      pictures.map(async ({ columns, file, table }) => {
        const { frames, text } = await played(columns)
        const shown = textOf(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")).map(masked)
        const said = [...(frames.at(-1)?.lines ?? []), ...(table ? tableOf(text) : [])]
        expect(shown.slice(-said.length)).toEqual(said.map(masked))
        const [head = ""] = text.split("\n")
        expect(shown.slice(0, -said.length).join(" ")).toBe(`$ npm run demo ${masked(head)}`)
      })
    )
  })
})
