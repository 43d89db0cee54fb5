import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Dialect, Limits, Provider, type VideoRequest } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { afterEach, describe, expect, it } from "vitest"
import { createClient } from "./client.ts"

/** The smallest possible provider: this package's tests use none of the real ones. */
const tiny = Provider.configure<VideoRequest.VideoRequest>({
  name: "tiny",
  title: "Tiny",
  baseUrl: "https://tiny.example.com",
  docs: "https://tiny.example.com/docs",
  capabilities: [{ model: "tiny-1", mode: "generate", prompt: "optional" }],
  polling: { firstDelay: 10, interval: 10, minInterval: 10, deadline: 10_000 },
  submission: ({ prompt }) =>
    Effect.succeed({ kind: "generation", call: { method: "POST", path: "/jobs", body: { _tag: "Json", value: { prompt } } } }),
  receive: Dialect.receiver({ id: (json) => Dialect.idAt(json, "id") }),
  poll: ({ id }) => ({ method: "GET", path: `/jobs/${id}` }),
  interpret: Dialect.interpreter({
    schema: Schema.Struct({ status: Schema.String, url: Dialect.lenient(Schema.String) }),
    word: ({ status }) => status,
    statuses: { running: "running", done: "succeeded" },
    read: {
      queued: () => ({ _tag: "Queued" }),
      running: () => ({ _tag: "Running" }),
      succeeded: ({ url }) => ({ _tag: "Succeeded", artifacts: Dialect.links(url) }),
      failed: () => ({ _tag: "Expired", billed: "unknown" }),
      expired: () => ({ _tag: "Expired", billed: "unknown" }),
      cancelled: () => ({ _tag: "Expired", billed: "unknown" })
    }
  })
})

const video = Buffer.from("\u0000\u0000\u0000\u0018ftypisom and the rest of a video")

type Handler = (request: IncomingMessage, response: ServerResponse) => void
const closing: Array<() => void> = []
afterEach(() => closing.splice(0).forEach((close) => close()))

const listen = (handler: Handler): Promise<{ readonly url: string; readonly sockets: () => number }> =>
  new Promise((resolve) => {
    let sockets = 0
    const server = createServer(handler)
    server.on("connection", (socket) => {
      sockets += 1
      socket.on("close", () => (sockets -= 1))
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resolve({ url: `http://127.0.0.1:${port}`, sockets: () => sockets })
    })
    closing.push(
      () => server.closeAllConnections(),
      () => server.close()
    )
  })

const json = (response: ServerResponse, value: unknown): void => {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value))
}

/** Accepts a job, and reports it done at the second poll. */
const working = (file: Handler): Handler => {
  let polls = 0
  return (request, response) => {
    if (request.method === "POST") json(response, { id: "j1" })
    else if (request.url === "/jobs/j1") json(response, ++polls < 2 ? { status: "running" } : { status: "done", url: "/file" })
    else file(request, response)
  }
}

const folder = (): string => mkdtempSync(join(tmpdir(), "reelay-node-"))

describe("createClient", () => {
  it("saves the video at its path, and leaves nothing else", async () => {
    const { url } = await listen(working((_, response) => response.writeHead(200, { "content-type": "video/mp4" }).end(video)))
    const job = await createClient({ provider: tiny({ apiKey: "k", baseUrl: url }) }).submit({ prompt: "a fox" })
    const into = folder()
    const saved = await job.save(join(into, "fox.mp4"))
    expect(saved).toMatchObject({ _tag: "Saved", bytes: video.byteLength })
    expect(readdirSync(into)).toStrictEqual(["fox.mp4"])
    expect(readFileSync(saved.path)).toStrictEqual(video)
  })

  it("never replaces a file by an incomplete one", async () => {
    const { url } = await listen(
      working((_, response) => {
        response.writeHead(200, { "content-type": "video/mp4", "content-length": String(video.byteLength * 2) })
        response.write(video, () => response.destroy())
      })
    )
    const job = await createClient({ provider: tiny({ apiKey: "k", baseUrl: url }) }).submit({})
    const into = folder()
    writeFileSync(join(into, "fox.mp4"), "an older film")
    await expect(job.save(join(into, "fox.mp4"), { signal: AbortSignal.timeout(20_000) })).rejects.toMatchObject({
      _tag: "JobError",
      reason: { _tag: "DownloadFailed" }
    })
    expect(readdirSync(into)).toStrictEqual(["fox.mp4"])
    expect(readFileSync(join(into, "fox.mp4"), "utf8")).toBe("an older film")
  })

  it("says what is wrong with a path that can't be written", async () => {
    const { url } = await listen(working((_, response) => response.writeHead(200, { "content-type": "video/mp4" }).end(video)))
    const job = await createClient({ provider: tiny({ apiKey: "k", baseUrl: url }) }).submit({})
    await expect(job.save(join(folder(), "no", "such", "folder.mp4"))).rejects.toThrow(/folder\.mp4 can't be written/u)
  })

  it("an aborted signal ends a download at once, and leaves no part file", async () => {
    const controller = new AbortController()
    const { url } = await listen(
      working((_, response) => {
        response.writeHead(200, { "content-type": "video/mp4", "content-length": "1000" })
        response.write(video, () => controller.abort(new Error("the user left")))
      })
    )
    const job = await createClient({ provider: tiny({ apiKey: "k", baseUrl: url }) }).submit({})
    const into = folder()
    await expect(job.save(join(into, "fox.mp4"), { signal: controller.signal })).rejects.toThrow("the user left")
    expect(readdirSync(into)).toStrictEqual([])
  })

  it("opens at most the given number of connections, however many jobs there are", async () => {
    let most = 0
    const server = await listen((request, response) => {
      most = Math.max(most, server.sockets())
      if (request.method === "POST") json(response, { id: `j${most}` })
      else json(response, { status: "done", url: "/file" })
    })
    const client = createClient({ provider: tiny({ apiKey: "k", baseUrl: server.url }), connections: 4 })
    await Promise.all(Array.from({ length: 60 }, () => client.run({})))
    expect(most).toBeLessThanOrEqual(4)
  })

  it("uses a given fetch in place of the pool", async () => {
    const client = createClient({
      provider: tiny({ apiKey: "k" }),
      fetch: () => Promise.resolve(Response.json({ id: "from-fetch" }))
    })
    expect((await client.submit({})).ref.id).toBe("from-fetch")
  })

  it.each([
    ["is refused with a large page", 400],
    ["redirects with a large page", 302]
  ])("a download that %s releases its connection", async (_, status) => {
    const { url } = await listen((request, response) => {
      if (request.method === "POST") json(response, { id: "j1" })
      else if (request.url === "/jobs/j1") json(response, { status: "done", url: "/file" })
      else response.writeHead(status, { "content-type": "text/html", location: "/file" }).end("<p>no</p>".repeat(60_000))
    })
    const client = createClient({ provider: tiny({ apiKey: "k", baseUrl: url }), connections: 2 })
    const into = folder()
    for (let nth = 0; nth < 4; nth++) {
      const job = await client.submit({})
      await expect(job.save(join(into, "fox.mp4"))).rejects.toMatchObject({ reason: { _tag: "DownloadFailed" } })
    }
  })
})

const refusing =
  (requests: Array<unknown>): typeof globalThis.fetch =>
  (input) => {
    requests.push(input)
    return Promise.resolve(Response.json({ error: "slow down" }, { status: 429, headers: { "retry-after": "3600" } }))
  }

const configured = (requests: Array<unknown>) => ({ fetch: refusing(requests), deadline: 300 })

describe("clients of one process", () => {
  it("share the pause after a 429, for each account", async () => {
    const requests: Array<unknown> = []
    const once = (account: string) =>
      createClient({ ...configured(requests), provider: tiny({ apiKey: "sk-test-key", account }) }).submit({ prompt: "A candle." })
    for (const account of ["shared", "shared", "another"]) {
      await expect(once(account)).rejects.toMatchObject({ reason: { _tag: "RateLimited" } })
    }
    expect(requests).toHaveLength(2)
  })

  it("do not, if they set their own limits", async () => {
    const requests: Array<unknown> = []
    const provider = tiny({ apiKey: "sk-test-key", account: "separate" })
    for (const limits of [Limits.memory(), Limits.memory(), Limits.none]) {
      const submitted = createClient({ ...configured(requests), provider, limits }).submit({ prompt: "A candle." })
      await expect(submitted).rejects.toMatchObject({ reason: { _tag: "RateLimited" } })
    }
    expect(requests).toHaveLength(3)
  })
})
