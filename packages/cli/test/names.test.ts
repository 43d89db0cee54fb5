import { createServer } from "node:http"
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { start } from "./command.ts"

const alike = "a".repeat(120)
const films: Record<string, Buffer> = {}
const head = { mp4: Buffer.from("\0\0\0\x18ftypmp42\0\0\0\0", "latin1"), webm: Buffer.from("\x1aE\xdf\xa3\x9fB\x82\x84webm", "latin1") }
let ids: Array<string> = []

/** Makes the jobs of `ids`, one for each POST; the video of a job is the one of `films`, served as nginx serves what it does not know. */
const server = createServer(({ method, url = "/" }, response) => {
  const id = decodeURIComponent(url.split("/").at(-1) ?? "")
  const json = (body: unknown) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body))
  if (method === "POST") return void json({ request_id: ids.shift() })
  if (url.startsWith("/films/")) return void response.writeHead(200, { "content-type": "text/plain" }).end(films[id])
  json({ status: "done", video: { url: `/films/${encodeURIComponent(id)}` } })
})
let base = ""

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  base = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const command = ["run", "--provider=xai", "--api-key=sk-of-the-test", "--pace=20ms", "--json"]
const run = (folder: string, ...more: ReadonlyArray<string>) =>
  start([...command, `--base-url=${base}`, "--may-submit-again", ...more, "A candle."], {}, folder).ended
const folderOf = (): string => mkdtempSync(join(tmpdir(), "reelay-names-"))

describe("F5: two runs in one folder", () => {
  it.each<[string, string, string]>([
    ["whose ids are alike for 120 of 176 characters", `${alike}${"b".repeat(56)}`, `${alike}${"c".repeat(56)}`],
    ["whose ids differ in case", "task_AbC", "task_abc"],
    ["whose ids differ in a character that no file name may have", "a/b", "a:b"],
    ["with one id at two servers", "task-1", "task-1"]
  ])("%s leave two files", async (_, one, other) => {
    const folder = folderOf()
    for (const [index, id] of [one, other].entries()) {
      ids = [id]
      films[id] = Buffer.concat([head.mp4, Buffer.from(`film ${index}`)])
      expect((await run(folder)).code).toBe(0)
    }
    const contents = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1").slice(-6))
    expect(contents.toSorted()).toStrictEqual(["film 0", "film 1"])
  })

  it("with one --out leave two files, and say so; --overwrite replaces", async () => {
    const folder = folderOf()
    writeFileSync(join(folder, "fox.mp4"), "an older film")
    films["j1"] = head.mp4
    ids = ["j1", "j1", "j1"]
    const beside = await run(folder, "--out", "fox.mp4")
    expect([beside.code, beside.lines.at(-1)?.["path"]]).toStrictEqual([0, "fox-2.mp4"])
    expect(beside.err).toContain("fox.mp4 is there already and is another file: the video is saved as")
    expect(readFileSync(join(folder, "fox.mp4"), "utf8")).toBe("an older film")
    expect((await run(folder, "--out", "fox.mp4", "--overwrite")).lines.at(-1)?.["path"]).toBe("fox.mp4")
    // The same video is no other file.
    const same = await run(folder, "--out", "fox.mp4")
    expect([same.lines.at(-1)?.["path"], same.err]).toStrictEqual(["fox.mp4", ""])
    expect(readdirSync(folder).toSorted()).toStrictEqual(["fox-2.mp4", "fox.mp4"])
  })
})

describe("F13: the ending of a file without --out", () => {
  it.each(["mp4", "webm"] as const)("is that of its format: %s", async (ending) => {
    const folder = folderOf()
    ids = ["film"]
    films["film"] = head[ending]
    const { code, lines } = await run(folder)
    expect([code, lines.at(-1)?.["path"], readdirSync(folder)]).toStrictEqual([0, `xai-film.${ending}`, [`xai-film.${ending}`]])
  })
})
