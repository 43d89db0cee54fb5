import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { connect } from "node:net"
import { afterEach, describe, expect, it } from "vitest"
import * as World from "../script/World.ts"
import { layer, type MockServer, serve, Server } from "./node.ts"

const open: Array<MockServer> = []

const started = async (options: Parameters<typeof serve>[0] = {}): Promise<MockServer> => {
  const server = await serve(options)
  open.push(server)
  return server
}

afterEach(async () => {
  await Promise.all(open.splice(0).map(({ close }) => close()))
})

const headers = { authorization: "Bearer key", "content-type": "application/json" }

const get = (url: string, init: RequestInit = {}): Promise<Response> => globalThis.fetch(url, init)

/** What the server says to raw bytes, up to the end of the connection. */
const raw = (url: string, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = ""
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(text))
    socket.on("data", (chunk: Uint8Array) => {
      answer += new TextDecoder().decode(chunk)
    })
    socket.on("close", () => resolve(answer)).on("error", reject)
  })

/** Sends bytes, waits until the server has seen `seen` requests, and hangs up. */
const hangUp = async ({ url, mock }: MockServer, text: string, seen: number): Promise<void> => {
  const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(text))
  socket.on("error", () => undefined)
  await expect.poll(() => mock.journal.length, { timeout: 10_000 }).toBe(seen)
  await new Promise((resolve) => socket.once("close", resolve).resetAndDestroy())
}

describe("the mock on a port", () => {
  it("takes a request through a whole job, over sockets", async () => {
    let now = 0
    const { url, mock } = await started({ now: () => now })
    const body = JSON.stringify({ prompt: "A candle" })
    const submitted = await get(`${url}/xai/v1/videos/generations`, { method: "POST", headers, body })
    expect(submitted.status).toBe(200)
    const poll = `${url}/xai/v1/videos/${mock.jobs[0]?.id}`
    const pending = await get(poll, { headers })
    expect([pending.status, await pending.text()]).toEqual([202, ""])
    now = 10_000
    const text = await (await get(poll, { headers })).text()
    const file = await get(/http[^"]+/.exec(text)?.[0] ?? "")
    expect([file.status, file.headers.get("content-type")]).toEqual([200, "video/mp4"])
    expect((await file.arrayBuffer()).byteLength).toBe(Number(file.headers.get("content-length")))
  })

  it("answers a browser's preflight, and lets its page read, with `cors` only", async () => {
    const from = { origin: "http://app.test" }
    const ask = { ...from, "access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type" }
    const [ajar, shut] = await Promise.all([started({ cors: true }), started()])
    const path = "/xai/v1/videos/generations"
    const allowed = await get(ajar.url + path, { method: "OPTIONS", headers: ask })
    expect([allowed.status, allowed.headers.get("access-control-allow-origin")]).toEqual([204, "*"])
    expect(allowed.headers.get("access-control-allow-headers")).toBe("authorization,content-type")
    const refused = await get(shut.url + path, { method: "OPTIONS", headers: ask })
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([405, null])
    const body = JSON.stringify({ prompt: "A candle" })
    const told = async ({ url }: MockServer, more: Record<string, string>): Promise<string | null> =>
      (await get(url + path, { method: "POST", headers: { ...headers, ...more }, body })).headers.get("access-control-allow-origin")
    // Only a page sends an origin: others get the same bytes as ever.
    expect([await told(ajar, from), await told(ajar, {}), await told(shut, from)]).toEqual(["*", null, null])
    expect(ajar.mock.journal).toHaveLength(2)
  })

  it("streams events as they come, forgets a page that leaves, and ends the others when it closes", async () => {
    const { close, mock, url } = await serve()
    const watch = async (signal?: AbortSignal) => {
      const answer = await get(`${url}/__mock/events`, signal === undefined ? {} : { signal })
      const reader = answer.body?.getReader()
      return async (): Promise<string> => new TextDecoder().decode((await reader?.read())?.value)
    }
    const watching = async (): Promise<unknown> => Object(await (await get(`${url}/__mock/console.json`)).json())["watching"]
    const leaves = new AbortController()
    const [first, second] = [await watch(leaves.signal), await watch()]
    expect([await first(), await second()]).toEqual(Array.from({ length: 2 }, () => "event: change\ndata: 0\n\n"))
    mock.reset()
    expect([await first(), await second()]).toEqual(Array.from({ length: 2 }, () => "event: change\ndata: 1\n\n"))
    await expect.poll(watching).toBe(2)
    leaves.abort()
    await expect.poll(watching).toBe(1)
    const last = second()
    const closed = close()
    await expect(last).rejects.toThrow("terminated")
    await closed
  })

  it("takes the time that it was told; a submission arrives without its client, a question does not", async () => {
    // Longer than any test: what ends, ends since its client has left.
    const { mock, url } = await started({ latency: 3_600_000 })
    const leave = new AbortController()
    const body = JSON.stringify({ prompt: "A candle" })
    const left = [
      get(`${url}/xai/v1/videos/generations`, { method: "POST", headers, body, signal: leave.signal }),
      get(`${url}/xai/v1/videos/x`, { headers, signal: leave.signal })
    ].map((each) => each.catch(String))
    // By then both are on their way.
    for (let nth = 0; nth < 5; nth++) expect((await get(`${url}/__mock/health`)).status).toBe(200)
    expect(mock.journal).toEqual([])
    leave.abort()
    await Promise.all(left)
    await expect.poll(() => mock.jobs.length, { timeout: 10_000 }).toBe(1)
    expect(mock.journal.map(({ route }) => route)).toEqual(["submit"])
    const quick = await started({ latency: { uniform: [1, 5] } })
    expect((await get(`${quick.url}/xai/v1/videos/x`, { headers })).status).toBe(404)
  })

  it("ends the events of a world that is let go, so that its page comes back to the one that has its name then", async () => {
    const { mock, url } = await started()
    const world = `/r/${World.toToken({ provider: "xai" })}`
    const answer = await get(`${url}${world}.mine/__mock/events`)
    const reader = answer.body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("event: change\ndata: 0\n\n")
    for (let nth = 0; nth < 1000; nth++) await mock.handle(new Request(`${url}${world}.${nth}`))
    expect(await reader?.read()).toEqual({ done: true, value: undefined })
    expect([mock.worlds.size, mock.worlds.has(`${world.slice(3)}.mine`)]).toEqual([1000, false])
  })

  it("hands out URLs at the address that the client used", async () => {
    const { url } = await started()
    const answer = await raw(url, "GET / HTTP/1.1\r\nHost: mock:99\r\nConnection: close\r\n\r\n")
    expect(answer).toContain("http://mock:99/xai")
    expect(await raw(url, "GET / HTTP/1.1\r\nHost: no such host\r\nConnection: close\r\n\r\n")).toContain(`${url}/xai`)
  })

  it("answers HEAD without a body, on a connection that goes on", async () => {
    const { url } = await started()
    const answer = await raw(url, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /__mock/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    expect(answer.split("HTTP/1.1 200 OK")).toHaveLength(3)
    expect(answer.split("{")).toHaveLength(2)
  })

  it("refuses a huge body, with and without a length, and lets the client see it", async () => {
    const { url } = await started({ maxBodyBytes: 1000 })
    const path = `${url}/xai/v1/videos/generations`
    const big = await get(path, { method: "POST", headers, body: new Uint8Array(8_000_000) })
    expect(big.status).toBe(413)
    let left = 80
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => (left-- > 0 ? controller.enqueue(new Uint8Array(100_000)) : controller.close())
    })
    const init: RequestInit & { duplex: "half" } = { method: "POST", headers, body: stream, duplex: "half" }
    expect((await get(path, init)).status).toBe(413)
    // A client that writes all before it reads: without reading on, the answer would be lost in a reset.
    const head = "POST /xai/v1/videos/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key\r\nContent-Type: application/json\r\n"
    expect(await raw(url, `${head}Content-Length: 40000000\r\n\r\n${"x".repeat(40_000_000)}`)).toMatch(/^HTTP\/1.1 413 /)
  })

  it.each(["NONSENSE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"])(
    "answers 400 to malformed HTTP, and goes on: %j",
    async (text) => {
      const { url } = await started()
      expect(await raw(url, text)).toMatch(/^HTTP\/1.1 400 /)
      expect((await get(`${url}/__mock/health`)).status).toBe(200)
    }
  )

  it("goes on after clients that hang up, mid-request and mid-answer", async () => {
    const server = await started()
    const head = "POST /xai/v1/videos/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key\r\nContent-Type: application/json\r\n"
    await hangUp(server, `${head}Content-Length: 1000\r\n\r\n{"prompt": `, 1)
    await hangUp(server, `${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"pro`, 2)
    await hangUp(server, "GET /files/xai/any.mp4 HTTP/1.1\r\nHost: x\r\n\r\n".repeat(50), 52)
    expect((await get(`${server.url}/__mock/health`)).status).toBe(200)
    expect(server.mock.jobs).toEqual([])
  })

  it("closes with connections open", async () => {
    const { url, close } = await started()
    const idle = raw(
      url,
      "GET /__mock/health HTTP/1.1\r\nHost: x\r\n\r\nPOST /xai/v1/videos/generations HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
    )
    await get(`${url}/__mock/health`)
    await close()
    await idle.catch(() => undefined)
    await expect(get(`${url}/__mock/health`)).rejects.toThrow("fetch failed")
  })

  it("rejects if the port is busy", async () => {
    const { url } = await started()
    await expect(serve({ port: Number(new URL(url).port) })).rejects.toMatchObject({ code: "EADDRINUSE" })
  })

  it("tells the hook of each answer", async () => {
    const seen: Array<number | undefined> = []
    const { url } = await started({ onAnswer: ({ status }) => seen.push(status) })
    await get(`${url}/xai/v1/videos/x`, { headers })
    expect(seen).toEqual([404])
  })
})

const asked = (url: string): Effect.Effect<Response> => Effect.promise(() => get(url, { headers }))

describe("the layer of the mock", () => {
  it("serves while its scope is open, and no longer", async () => {
    const url = await Effect.gen(function* () {
      const server = yield* Server
      expect((yield* asked(`${server.url}/__mock/health`)).status).toBe(200)
      return server.url
    }).pipe(Effect.provide(layer()), Effect.runPromise)
    await expect(get(`${url}/__mock/health`)).rejects.toThrow("fetch failed")
  })

  it("takes its time from the Clock, a test's too", async () => {
    const states = await Effect.gen(function* () {
      const { mock, url } = yield* Server
      const body = JSON.stringify({ prompt: "A candle" })
      yield* Effect.promise(() => get(`${url}/xai/v1/videos/generations`, { method: "POST", headers, body }))
      const before = mock.jobs[0]?.state
      yield* TestClock.adjust("10 seconds")
      return [before, mock.jobs[0]?.state]
    }).pipe(Effect.provide(layer()), Effect.provide(TestClock.layer()), Effect.runPromise)
    expect(states).toEqual(["submitted", "succeeded"])
  })

  it("keeps real providers out of reach meanwhile, unless told not to", async () => {
    const real = globalThis.fetch
    const ask = Effect.promise(() => get("https://api.x.ai/v1/models").then(String, String))
    expect(await ask.pipe(Effect.provide(layer()), Effect.runPromise)).toContain("RealHostError")
    expect(globalThis.fetch).toBe(real)
    const during = await Effect.sync(() => globalThis.fetch).pipe(Effect.provide(layer({ allowRealHosts: true })), Effect.runPromise)
    expect(during).toBe(real)
  })

  it("fails with the port where that is busy", async () => {
    const port = Number(new URL((await started()).url).port)
    const failed = await Effect.void.pipe(Effect.provide(layer({ port })), Effect.flip, Effect.runPromise)
    expect(failed).toMatchObject({ _tag: "ServeError", port, cause: { code: "EADDRINUSE" } })
    expect(failed.message).toContain(`port ${port}: listen EADDRINUSE`)
  })
})
