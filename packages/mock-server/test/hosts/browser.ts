/** A real browser without a window, in which a page plays what the test asks for. */
import { spawn } from "node:child_process"
import { EventEmitter, once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { createViteServer } from "vitest/node"
import { chromiumPath } from "../../../../scripts/chromium.mjs"
import type { Step } from "./sequence.ts"

/** Its file; `undefined` if there is none. */
export const browser = chromiumPath

/** There is no browser on this machine. */
export const missing = browser === undefined

/** A sandbox of its own needs rights that a container does not have. */
export const flagsFor = (work: string): ReadonlyArray<string> => [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  `--user-data-dir=${join(work, "profile")}`
]

/** What the page tells. */
export interface Told {
  readonly steps: ReadonlyArray<Step>
  /** What became of a request to a real provider that the mock does not know. */
  readonly leak: string
  /** What the self-test said where the switch is not set. */
  readonly broken: string
}

export const inBrowser = async (): Promise<Told> => {
  const work = mkdtempSync(join(tmpdir(), "reelay-browser-"))
  const root = fileURLToPath(new URL("../../../..", import.meta.url))
  const vite = await createViteServer({
    root,
    configFile: false,
    cacheDir: join(work, "vite"),
    logLevel: "error",
    resolve: { conditions: ["@reelay/source", "browser", "module", "development"] },
    // Else every page of the repository is looked through.
    optimizeDeps: { entries: "packages/mock-server/test/hosts/page.ts" },
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    appType: "custom"
  })
  const worker = readFileSync(fileURLToPath(import.meta.resolve("msw/mockServiceWorker.js")))
  const heard = new EventEmitter()
  const told = once(heard, "told")
  const server = createServer((request, response) => {
    if (request.url === "/") {
      response.setHeader("content-type", "text/html")
      response.end('<!doctype html><script type="module" src="/packages/mock-server/test/hosts/page.ts"></script>')
    } else if (request.url === "/mockServiceWorker.js") {
      response.setHeader("content-type", "text/javascript")
      response.end(worker)
    } else if (request.url === "/told") {
      let text = ""
      request.on("data", (chunk) => (text += String(chunk))).on("end", () => heard.emit("told", text))
      response.end()
    } else vite.middlewares(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const child = spawn(browser ?? "chromium", [...flagsFor(work), `http://127.0.0.1:${port}/`], { stdio: "ignore" })
  const closed = new Promise((resolve) => child.once("close", resolve))
  child.once("close", () => heard.emit("error", new Error("The browser ended before the page told anything")))
  try {
    const [text] = await told
    return JSON.parse(text)
  } finally {
    heard.on("error", () => undefined)
    child.kill("SIGKILL")
    await closed
    server.closeAllConnections()
    server.close()
    await vite.close()
    rmSync(work, { recursive: true, force: true, maxRetries: 5 })
  }
}
