import { serve } from "@reelay/mock-server/node"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Browser, chromium } from "playwright-core"
import { build } from "vite"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"

/** From the packages as they are packed, in a project of a consumer's; else from the sources of this repository. */
const isPacked = process.env["REELAY_PACKED"] !== undefined

const programs = (process.env["PATH"] ?? "").split(":")
const executablePath = ["chromium", "google-chrome", "chromium-browser"]
  .flatMap((name) => programs.map((folder) => join(folder, name)))
  .find((file) => existsSync(file))

vi.setConfig({ testTimeout: 60_000 })

let mock: Awaited<ReturnType<typeof serve>>
beforeAll(async () => {
  mock = await serve({ port: 0, duration: 500 })
})
afterAll(() => mock.close())

/** Starts an example as a newcomer would, but against the mock. */
const start = (name: string, ...args: ReadonlyArray<string>) => {
  const cwd = mkdtempSync(join(tmpdir(), "reelay-example-"))
  const flags = isPacked ? [] : ["--conditions=@reelay/source", "--disable-warning=ExperimentalWarning"]
  const env = { ...process.env, XAI_API_KEY: "any-key", XAI_BASE_URL: `${mock.url}/xai`, PORT: "0" }
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, name), ...args], { cwd, env })
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk))
  return { child, cwd, output: () => output }
}

/** Where a server that was started answers. */
const addressOf = (output: () => string): Promise<string> =>
  vi.waitFor(() => {
    const [address] = /http:\/\/localhost:\d+/u.exec(output()) ?? []
    if (address === undefined) throw new Error(`It does not say where it is: ${output()}`)
    return address
  }, 20_000)

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

  it("server.ts refuses whoever has not visited it", async () => {
    const { child, output } = start("server.ts")
    try {
      expect((await fetch(`${await addressOf(output)}/api/video/jobs`)).status).toBe(401)
    } finally {
      child.kill()
    }
  })
})

describe.skipIf(executablePath === undefined)("the page in a browser", () => {
  let browser: Browser
  beforeAll(async () => {
    await build({
      root: join(import.meta.dirname, "page"),
      logLevel: "error",
      build: { emptyOutDir: true },
      ...(isPacked ? {} : { resolve: { conditions: ["@reelay/source", "module", "browser"] } })
    })
    browser = await chromium.launch({ executablePath: executablePath ?? "chromium", args: ["--no-sandbox"] })
  }, 60_000)
  afterAll(() => browser.close())

  it("makes a video, keeps it after a reload, goes on with one that is being made, and never has the key", async () => {
    const before = mock.mock.journal.length
    const { child, output } = start("server.ts")
    try {
      const page = await browser.newPage()
      const sent: Array<string> = []
      page.on("request", (request) => sent.push(`${request.url()} ${JSON.stringify(request.headers())} ${request.postData() ?? ""}`))
      await page.goto(await addressOf(output))
      const make = async (prompt: string) => {
        await page.getByLabel("What shall it show?").fill(prompt)
        await page.getByRole("button", { name: "Make it" }).click()
      }
      await make("A candle flickers.")
      await page.waitForFunction("document.querySelector('video')?.videoWidth > 0")
      await page.reload()
      await page.waitForFunction("document.querySelector('video')?.videoWidth > 0")
      await make("A second candle.")
      await page.getByRole("progressbar").waitFor()
      await page.reload()
      await page.waitForFunction("document.querySelectorAll('video').length === 2")
      await page.getByRole("button", { name: "Forget" }).first().click()
      await page.waitForFunction("document.querySelectorAll('video').length === 1")
      await make("mock:http400")
      await page.getByRole("alert").waitFor()
      expect(mock.mock.journal.slice(before).filter(({ route }) => route === "submit")).toHaveLength(3)
      expect(sent.filter((request) => request.includes("any-key"))).toEqual([])
    } finally {
      child.kill()
    }
  })
})
