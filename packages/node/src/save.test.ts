import { execFileSync, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Artifact, type JobState } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import { afterEach, describe, expect, it, vi } from "vitest"
import { tiny } from "../test/tiny.ts"
import * as Transport from "./Transport.ts"

const mebibyte = 1024 * 1024
const video = Buffer.alloc(24 * mebibyte, "....ftyp and the rest of a video, ")
const digest = createHash("sha256").update(video).digest("hex")

const closing: Array<() => void> = []
afterEach(() => closing.splice(0).forEach((close) => close()))

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const listen = (handler: Handler): Promise<string> =>
  new Promise((resolve) => {
    const server = createServer(handler)
    closing.push(
      () => server.closeAllConnections(),
      () => server.close()
    )
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`)
    })
  })

/** Serves the video with an ETag and ranges. `breaks` says after how many bytes an answer ends, and how. */
const ranged = (ranges: Array<string | undefined>, breaks: (nth: number) => number | undefined, end: "reset" | "stall"): Handler => {
  return (request, response) => {
    ranges.push(request.headers.range)
    const from = request.headers["if-range"] === '"v1"' ? Number(/\d+/u.exec(request.headers.range ?? "")?.[0] ?? 0) : 0
    const body = video.subarray(from)
    const headers = { etag: '"v1"', "content-type": "video/mp4", "content-length": String(body.byteLength) }
    if (from === 0) response.writeHead(200, headers)
    else response.writeHead(206, { ...headers, "content-range": `bytes ${from}-${video.byteLength - 1}/${video.byteLength}` })
    const length = breaks(ranges.length)
    if (length === undefined) response.end(body)
    else response.write(body.subarray(0, length), () => (end === "reset" ? setImmediate(() => response.destroy()) : undefined))
  }
}

const finished = (baseUrl: string): JobState.Succeeded => ({
  _tag: "Succeeded",
  ref: { provider: "tiny", kind: "generation", id: "j1", baseUrl, submittedAt: 0 },
  at: 0,
  polls: 1,
  artifacts: [{ url: `${baseUrl}/a.mp4`, kind: "link" }],
  billed: "yes"
})

const provider = (baseUrl: string) => tiny({ baseUrl })({ apiKey: "k" })

const transports = { undici: Transport.layer(), fetch: FetchHttpClient.layer }
const save = (baseUrl: string, path: string, over: keyof typeof transports = "undici") =>
  Effect.runPromise(
    Effect.result(
      Effect.provide(Artifact.save(provider(baseUrl), finished(baseUrl), path), Layer.merge(transports[over], NodeFileSystem.layer))
    )
  )

const folder = (): string => mkdtempSync(join(tmpdir(), "reelay-save-"))

describe("a download over a connection that breaks", () => {
  it.each(["undici", "fetch"] as const)("is resumed over %s, and is whole in the end", async (over) => {
    const ranges: Array<string | undefined> = []
    const url = await listen(ranged(ranges, (nth) => (nth < 3 ? 9 * mebibyte : undefined), "reset"))
    const into = folder()
    const result = await save(url, join(into, "fox.mp4"), over)
    expect(result).toMatchObject({ _tag: "Success", success: { bytes: video.byteLength, sha256: digest } })
    expect(ranges).toHaveLength(3)
    expect(ranges.slice(1)).not.toContain(undefined)
    expect([readdirSync(into), video.equals(readFileSync(join(into, "fox.mp4")))]).toEqual([["fox.mp4"], true])
  })
})

/** Saves in a separate process, which can be killed. */
const code = (baseUrl: string, path: string): string => `
  import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
  import { Artifact, Provider } from "@reelay/core"
  import { Transport } from "@reelay/node"
  import * as Effect from "effect/Effect"
  import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
  const provider = Provider.configure({ name: "tiny", title: "Tiny", baseUrl: "${baseUrl}", poll: () => ({ method: "GET", path: "/" }) })({ apiKey: "k" })
  const state = ${JSON.stringify(finished(baseUrl))}
  await Effect.runPromise(Artifact.save(provider, state, ${JSON.stringify(path)}).pipe(Effect.provide(Layer.merge(Transport.layer(), NodeFileSystem.layer))))
`

describe("a process that is killed", () => {
  it("leaves nothing under the name, and the next one resumes where it stopped", { timeout: 30_000 }, async () => {
    const ranges: Array<string | undefined> = []
    const url = await listen(ranged(ranges, (nth) => (nth === 1 ? 18 * mebibyte : undefined), "stall"))
    const into = folder()
    const path = join(into, "fox.mp4")
    const child = spawn(
      process.execPath,
      ["--conditions=@reelay/source", "--disable-warning=ExperimentalWarning", "--input-type=module", "-e", code(url, path)],
      { cwd: new URL("..", import.meta.url), stdio: ["ignore", "ignore", "inherit"] }
    )
    await vi.waitFor(() => expect(readFileSync(`${path}.part.json`, "utf8")).toMatch(/"bytes":1[67]\d{6}/u), { timeout: 20_000 })
    const gone = new Promise((resolve) => child.once("exit", resolve))
    child.kill("SIGKILL")
    await gone
    const left = readdirSync(into)
    expect(left).toHaveLength(2)
    expect(left).not.toContain("fox.mp4")
    // As if it had been killed long ago: no wait is needed to see whether it is alive.
    for (const name of left) utimesSync(join(into, name), 0, 0)
    const result = await save(url, path)
    expect(result).toMatchObject({ _tag: "Success", success: { bytes: video.byteLength, sha256: digest } })
    expect(Number(/\d+/u.exec(ranges[1] ?? "")?.[0])).toBeGreaterThanOrEqual(16 * mebibyte)
    expect([readdirSync(into), video.equals(readFileSync(path))]).toEqual([["fox.mp4"], true])
  })
})

const serve = (): Promise<string> => listen(ranged([], () => undefined, "stall"))

const messageOf = async (path: string): Promise<string> => {
  const result = await save(await serve(), path)
  return result._tag === "Failure" ? result.failure.message : "it was saved"
}

describe("a path that", () => {
  it("names no existing folder is reported before anything is downloaded", async () => {
    expect(await messageOf(join(folder(), "no", "fox.mp4"))).toMatch(
      /fox\.mp4 can't be written: its folder does not exist\. Make the folder first/u
    )
  })

  it("is below a file is reported", async () => {
    const into = folder()
    writeFileSync(join(into, "file"), "")
    expect(await messageOf(join(into, "file", "fox.mp4"))).toContain("its folder is a file")
  })

  it("is a folder itself is reported", async () => {
    const into = folder()
    mkdirSync(join(into, "fox.mp4"))
    expect(await messageOf(join(into, "fox.mp4"))).toContain("name a file in it")
    expect(readdirSync(into)).toEqual(["fox.mp4"])
  })

  it("has too long a name is reported", async () => {
    expect(await messageOf(join(folder(), `${"x".repeat(250)}.mp4`))).toContain("its name is too long")
  })

  it("is on a full or read-only disk is reported; nothing is left, and an older file stays", async ({ skip }) => {
    const into = folder()
    const mount = (...args: ReadonlyArray<string>) => execFileSync("mount", [...args, into], { stdio: "ignore" })
    try {
      mount("-t", "tmpfs", "-o", "size=2m", "tmpfs")
    } catch {
      skip("a small disk can only be mounted as root, on Linux; Artifact.save.test.ts has the same on a disk in memory")
    }
    closing.push(() => execFileSync("umount", [into]))
    writeFileSync(join(into, "fox.mp4"), "an older film")
    expect(await messageOf(join(into, "fox.mp4"))).toContain("the disk is full. Make room, or name a place on another disk")
    expect([readdirSync(into), readFileSync(join(into, "fox.mp4"), "utf8")]).toEqual([["fox.mp4"], "an older film"])
    mount("-o", "remount,ro")
    expect(await messageOf(join(into, "fox.mp4"))).toContain("the disk is read-only")
    expect([readdirSync(into), readFileSync(join(into, "fox.mp4"), "utf8")]).toEqual([["fox.mp4"], "an older film"])
  })
})
