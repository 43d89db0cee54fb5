import { serve } from "@reelay/mock-server/node"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"

let mock: Awaited<ReturnType<typeof serve>>
beforeAll(async () => {
  mock = await serve({ port: 0, duration: 500 })
})
afterAll(() => mock.close())

/** Starts an example as a newcomer would, but from the sources of this repository and against the mock. */
const start = (name: string, ...args: ReadonlyArray<string>) => {
  const cwd = mkdtempSync(join(tmpdir(), "reelay-example-"))
  const flags = ["--conditions=@reelay/source", "--disable-warning=ExperimentalWarning"]
  const env = { ...process.env, XAI_API_KEY: "any-key", XAI_BASE_URL: `${mock.url}/xai`, PORT: "0" }
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, name), ...args], { cwd, env })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk))
  return { child, cwd, output: () => output }
}

const codeOf = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.once("exit", resolve))

describe("examples", () => {
  it("script.ts saves a video in its folder", async () => {
    const { child, cwd, output } = start("script.ts", "A candle flickers.")
    expect([await codeOf(child), output()]).toStrictEqual([
      0,
      expect.stringMatching(/^Submitted[^]*Succeeded[^]*Saved \.\/xai-\S+\.mp4\n$/u)
    ])
    const files = readdirSync(cwd)
    expect(files).toHaveLength(1)
    expect(
      readFileSync(join(cwd, files[0] ?? ""))
        .subarray(4, 8)
        .toString("latin1")
    ).toBe("ftyp")
  })

  it("server.ts makes a video for a page, and shows it no key and no link", async () => {
    const { child, output } = start("server.ts")
    try {
      await vi.waitFor(() => expect(output()).toContain("http://localhost:"), 20_000)
      const at = output().trim()
      const ask = (path: string, init?: RequestInit) => fetch(`${at}${path}`, init)
      const made = await ask("/videos", { method: "POST", body: JSON.stringify({ prompt: "A candle flickers." }) })
      const { id }: { readonly id: string } = await made.json()
      expect([made.status, typeof id]).toStrictEqual([202, "string"])
      const state = await (await ask(`/videos/${id}`)).text()
      expect(state).toMatch(/^\{"state":"(Submitted|Queued|Running)"/u)
      const file = await ask(`/videos/${id}/file`)
      expect([file.status, file.headers.get("content-type"), (await file.bytes()).byteLength > 1000]).toStrictEqual([
        200,
        "video/mp4",
        true
      ])
      expect(await (await ask(`/videos/${id}`)).json()).toStrictEqual({ state: "Succeeded" })
      expect((await ask("/videos/none")).status).toBe(404)
      const failed = await ask("/videos", { method: "POST", body: JSON.stringify({ prompt: "" }) })
      expect([failed.status, await failed.json()]).toMatchObject([502, { error: expect.stringContaining("prompt") }])
    } finally {
      child.kill()
    }
  })
})
