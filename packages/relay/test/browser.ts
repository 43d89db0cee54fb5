/** Pages of one origin in a real browser: a relay, its client as a bundle, and as many tabs as a test wants. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core"
import { chromiumPath } from "../../../scripts/chromium.mjs"
import type { Relay } from "../src/index.ts"
import { listener } from "../src/node.ts"
import { later } from "./relay.ts"

/** There is no browser on this machine. */
export const missing = chromiumPath === undefined

export const started = (): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath ?? "chromium",
    args: ["--no-sandbox"],
    ignoreDefaultArgs: ["--disable-back-forward-cache"]
  })

/** The test runner includes a bundler. */
const runner = createRequire(createRequire(import.meta.url).resolve("vitest/package.json"))

/** The client as a site would load it. */
export const bundle = async (): Promise<string> => {
  const outDir = mkdtempSync(join(tmpdir(), "reelay-client-"))
  const { build } = await import(pathToFileURL(runner.resolve("vite")).href)
  await build({
    configFile: false,
    publicDir: false,
    logLevel: "error",
    resolve: { conditions: ["@reelay/source", "module", "browser"] },
    build: {
      outDir,
      lib: { entry: fileURLToPath(new URL("../src/client.ts", import.meta.url)), formats: ["es"], fileName: "client" },
      rolldownOptions: { output: { codeSplitting: false } }
    }
  })
  const code = readFileSync(join(outDir, "client.js"), "utf8")
  rmSync(outDir, { recursive: true })
  return code
}

const html = `<!doctype html><title>Videos</title><video muted></video><script type="module">
import { relay } from "/client.js"
window.client = relay({ url: "/api/video" })
window.seen = []
window.follow = (job) => job.subscribe((state) => window.seen.push(state._tag))
</script>`

export interface Site {
  readonly url: string
  /** The requests that the relay got, without the names of jobs. */
  readonly requests: ReadonlyArray<string>
  readonly cut: () => void
}

/** A site whose user is whoever its cookie says. */
export const site = async (relay: Relay, code: string): Promise<Site> => {
  const requests: Array<string> = []
  const handle = listener(relay)
  const server = createServer((incoming, outgoing) => {
    const { method, url = "" } = incoming
    if (url.startsWith("/api/video")) {
      requests.push(`${method} ${url.replace("/api/video", "").replace(/j1\.[\w-]+/u, "<job>")}`)
      handle(incoming, outgoing)
    } else {
      outgoing.setHeader("content-type", url === "/client.js" ? "text/javascript" : "text/html")
      outgoing.end(url === "/client.js" ? code : html)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  later(async () => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${port}`, requests, cut: () => server.closeAllConnections() }
}

/** A user's tabs share cookies and locks. */
export const signedIn = async (browser: Browser, { url }: Site, user: string): Promise<BrowserContext> => {
  const context = await browser.newContext()
  later(() => context.close())
  await context.addCookies([{ name: "user", value: user, url }])
  return context
}

export const opened = async (context: BrowserContext, { url }: Site): Promise<Page> => {
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForFunction("window.client !== undefined")
  return page
}
