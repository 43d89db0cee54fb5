/** The programs of `examples/compared`: how long they are, what their pages weigh, and each in a browser, with its server as a process. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as later } from "node:timers/promises"
import { gzipSync } from "node:zlib"
import { Mp4 } from "@reelay/mock-server"
import { serve } from "@reelay/mock-server/node"
import { type Browser, chromium, type Page } from "playwright-core"
import { build } from "vite"
import { pending, serveFaulty } from "./server.ts"
import { chromiumPath } from "../../scripts/chromium.mjs"

export type Program = "reelay" | "tanstack" | "fal"

const folderOf = (name: Program): string => join(import.meta.dirname, "../../examples/compared", name)
const conditions = ["@reelay/source", "module", "browser"]
/** There is no browser on this machine. */
export const missing = chromiumPath === undefined

export const launched = (): Promise<Browser> => chromium.launch({ executablePath: chromiumPath ?? "chromium", args: ["--no-sandbox"] })

/** Lines of the server and of the page that are neither blank nor comments. */
export const linesOf = (name: Program): ReadonlyArray<number> =>
  ["server.ts", "page.tsx"].map(
    (file) =>
      readFileSync(join(folderOf(name), file), "utf8")
        .split("\n")
        .filter((line) => line.trim() !== "" && !line.trim().startsWith("//")).length
  )

/** Kilobytes (1024 bytes) of what is loaded with the page, minified and compressed, without React. */
export const sizeOf = async (name: Program): Promise<number> => {
  const root = folderOf(name)
  const built = await build({
    root,
    logLevel: "error",
    resolve: { conditions },
    build: { write: false, rolldownOptions: { input: join(root, "page.tsx"), external: /^react(?:-dom)?(?:$|\/)/u } }
  })
  const chunks = [built].flat().flatMap((each) => ("output" in each ? each.output : []))
  const loaded = new Set<string>()
  const load = (fileName: string): void => {
    loaded.add(fileName)
    for (const chunk of chunks) if (chunk.type === "chunk" && chunk.fileName === fileName) chunk.imports.forEach(load)
  }
  for (const chunk of chunks) if (chunk.type === "chunk" && chunk.isEntry) load(chunk.fileName)
  const code = chunks.flatMap((chunk) => (chunk.type === "chunk" && loaded.has(chunk.fileName) ? [chunk.code] : []))
  return gzipSync(code.join(""), { level: 9 }).byteLength / 1024
}

/** Makes the page, for the server to serve. */
export const built = (name: Program): Promise<unknown> =>
  build({ root: folderOf(name), logLevel: "error", resolve: { conditions }, build: { emptyOutDir: true } })

/** Milliseconds that a video takes. */
const duration = 4000

/** What fal's server links to. */
const video = "https://files.example.com/video.mp4"
const film = Buffer.from(Mp4.make({ id: "1", seed: "fal" }, 1))

/** What makes the videos: the mock for xAI, and for fal the small server of this folder, which is pending for as long. */
const provider = async (name: Program) => {
  if (name !== "fal") {
    const { close, mock, url } = await serve({ duration })
    return { url, submits: () => mock.journal.filter(({ route }) => route === "submit").length, close }
  }
  let submission = { count: 0, at: 0 }
  const server = await serveFaulty({
    poll: () => {
      if (submission.count !== server.counts.submits) submission = { count: server.counts.submits, at: Date.now() }
      return Date.now() - submission.at < duration ? pending : undefined
    }
  })
  return { url: server.base, submits: () => server.counts.submits, close: () => server[Symbol.asyncDispose]() }
}

/** The clients of others have their provider's address within: requests to it are sent to the one of the test. */
const redirected = (url: string): string =>
  `data:text/javascript,${encodeURIComponent(`
    const real = globalThis.fetch
    globalThis.fetch = (input, init) =>
      real(String(input.url ?? input).replace("https://api.x.ai", "${url}/xai").replace("https://queue.fal.run", "${url}/fal"), init)
  `)}`

export interface Site {
  /** POSTs since `count` was called. */
  readonly submits: () => number
  readonly count: () => void
  readonly visitor: () => Promise<{ readonly page: Page } & AsyncDisposable>
  /** Kills the server, and starts it again on the same port, in the same folder. */
  readonly restart: () => Promise<void>
}

/** The server of a program as a process of its own, and its visitors. */
export const served = async (browser: Browser, name: Program): Promise<Site & AsyncDisposable> => {
  const { close, submits, url } = await provider(name)
  const cwd = mkdtempSync(join(tmpdir(), "reelay-compared-"))
  const flags = ["--conditions=@reelay/source", "--disable-warning=ExperimentalWarning", `--import=${redirected(url)}`]
  const start = async (port: string) => {
    const env = { ...process.env, XAI_API_KEY: "any-key", XAI_BASE_URL: `${url}/xai`, FAL_KEY: "any-key", PORT: port }
    const child = spawn(process.execPath, [...flags, join(folderOf(name), "server.ts")], { cwd, env })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk))
    for (let waited = 0; waited < 20_000; waited += 50) {
      const [, taken] = /http:\/\/localhost:(\d+)/u.exec(output) ?? []
      if (taken !== undefined) return { child, port: taken }
      await later(50)
    }
    throw new Error(`It does not say where it is: ${output}`)
  }
  let server = await start("0")
  let before = 0
  return {
    submits: () => submits() - before,
    count: () => {
      before = submits()
    },
    visitor: async () => {
      const context = await browser.newContext()
      await context.route(video, (route) => route.fulfill({ contentType: "video/mp4", body: film }))
      const page = await context.newPage()
      await page.goto(`http://localhost:${server.port}`)
      return { page, [Symbol.asyncDispose]: () => context.close() }
    },
    restart: async () => {
      const ended = once(server.child, "exit")
      server.child.kill("SIGKILL")
      await ended
      server = await start(server.port)
    },
    [Symbol.asyncDispose]: async () => {
      server.child.kill("SIGKILL")
      await close()
    }
  }
}

/** The next POST arrives and is accepted, and its answer gets lost. */
export const loseAnswer = async (page: Page, isAccepted: () => boolean): Promise<void> => {
  let isLost = false
  await page.route("**/api/**", async (route) => {
    const request = route.request()
    if (isLost || request.method() !== "POST") return route.fallback()
    isLost = true
    const answer = await fetch(request.url(), {
      method: "POST",
      headers: await request.allHeaders(),
      body: request.postData()
    })
    while (!isAccepted()) await later(20)
    await answer.body?.cancel()
    await route.abort("connectionreset")
  })
}
