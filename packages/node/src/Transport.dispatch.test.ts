/** What only the transport of Node does: its pool, its proxies, and codings in whatever goes through its HttpClient. */
import { createServer, type IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import * as zlib from "node:zlib"
import { Artifact, Dialect, Job, type JobError, type JobState, Transport as CoreTransport } from "@reelay/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { describe, expect, it, vi } from "vitest"
import { tiny } from "../test/tiny.ts"
import { answer, encoded, get, portOf, raw, sending } from "../test/transportSuite.ts"
import * as Transport from "./Transport.ts"

const polls = (options?: Transport.Options): CoreTransport.Transport => {
  const transport = CoreTransport.transportOf(Transport.make(options))
  if (transport === undefined) throw new Error("there is none")
  return transport
}

describe("polls on Node", () => {
  it.each([
    [undefined, 16],
    [32, 16],
    [9, 5],
    [2, 1],
    [1, 1]
  ])("with %j connections have %i of them", (connections, capacity) => {
    expect(polls({ connections }).capacity).toBe(capacity)
  })

  it("go over the same connection one after the other", async () => {
    let connections = 0
    const server = createServer((_, response) => void response.end("{}"))
    server.on("connection", () => (connections += 1))
    const url = `http://127.0.0.1:${await portOf(server)}`
    const transport = polls({ connections: 2 })
    for (let nth = 0; nth < 5; nth++) expect(await sending(transport, get(url)).outcome).toMatchObject({ status: 200 })
    expect(connections).toBe(1)
  })

  it("that are left while they wait for a connection are never sent, and the next one is", async () => {
    const sockets: Array<Socket> = []
    const server = await raw((socket) => void sockets.push(socket))
    const transport = polls({ connections: 2 })
    const first = sending(transport, get(`${server.url}/first`))
    const second = sending(transport, get(`${server.url}/second`))
    const third = sending(transport, get(`${server.url}/third`))
    await vi.waitUntil(() => sockets.length === 1)
    second.abort()
    sockets[0]?.write(answer(200, [], "{}"))
    expect(await first.outcome).toMatchObject({ status: 200 })
    await vi.waitUntil(() => sockets.length === 2)
    sockets[1]?.write(answer(200, [], "{}"))
    expect(await third.outcome).toMatchObject({ status: 200 })
    expect([second.outcomes, server.requests.map((request) => request.split(" ")[1])]).toEqual([[], ["/first", "/third"]])
  })

  it("have no answer once their layer is closed", async () => {
    const server = await raw(() => undefined)
    const scope = Scope.makeUnsafe()
    const services = await Effect.runPromise(Layer.buildWithScope(Transport.layer(), scope))
    const transport = CoreTransport.transportOf(Context.get(services, HttpClient.HttpClient))
    if (transport === undefined) throw new Error("there is none")
    const { outcome } = sending(transport, get(server.url))
    await vi.waitUntil(() => server.requests.length === 1)
    await Effect.runPromise(Scope.close(scope, Exit.void))
    expect(await outcome).toMatchObject({ _tag: "NoAnswer", because: "network" })
    expect(await sending(transport, get(server.url)).outcome).toMatchObject({ _tag: "NoAnswer", because: "unsent" })
  })
})

/** A proxy that answers plain http by itself, and makes no tunnel. */
const proxying = async (status: number) => {
  const lines: Array<string> = []
  const server = createServer((request, response) => {
    lines.push(`${request.method} ${request.url}`)
    response.writeHead(status, status === 200 ? { "content-encoding": "gzip" } : {}).end(status === 200 ? zlib.gzipSync("{}") : "no")
  })
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    lines.push(`CONNECT ${request.url}`)
    socket.on("error", () => undefined)
    socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`)
  })
  return { proxy: `http://me:hush-hush@127.0.0.1:${await portOf(server)}`, lines }
}

describe("polls through a proxy", () => {
  it("are answered", async () => {
    const { lines, proxy } = await proxying(200)
    const { outcome } = sending(polls({ proxy }), get("http://api.reelay.test/jobs/1?a=b"))
    expect(await outcome).toMatchObject({ status: 200, body: "{}" })
    expect(lines).toEqual(["GET http://api.reelay.test/jobs/1?a=b"])
  })

  it.each(["http", "https"])("over %s that it refuses are surely not sent on", async (scheme) => {
    const { lines, proxy } = await proxying(407)
    const { outcome, outcomes } = sending(polls({ proxy }), get(`${scheme}://api.reelay.test/jobs/1`))
    expect(await outcome).toMatchObject({ _tag: "NoAnswer", because: "unsent", detail: expect.stringContaining("407") })
    expect(JSON.stringify(await outcome)).not.toContain("hush")
    await new Promise((resolve) => setImmediate(resolve))
    expect([lines.length, outcomes.length]).toEqual([1, 1])
  })
})

const provider = (baseUrl: string) =>
  tiny({
    baseUrl,
    submission: () =>
      Effect.succeed({ kind: "generation", call: { method: "POST", path: "/jobs", body: { _tag: "Json", value: { prompt: "a fox" } } } }),
    receive: Dialect.receiver({ id: (json) => Dialect.idAt(json, "id") })
  })({ apiKey: "sk-super-secret-key" })

const submitted = (baseUrl: string) =>
  Job.submit(provider(baseUrl), {}, { submitRetry: Schedule.recurs(0) }).pipe(Effect.provide(Transport.layer()))

const once = Schedule.recurs(0).pipe(Schedule.setInputType<JobError.JobError>())

const film = Buffer.from("\u0000\u0000\u0000\u0018ftypisom and the rest of a video")

const download = (baseUrl: string, artifact: JobState.Succeeded["artifacts"][number], options: Artifact.Options = {}) => {
  const ref = { provider: "tiny", kind: "generation", id: "j1", baseUrl, submittedAt: 0 } as const
  const state: JobState.Succeeded = { _tag: "Succeeded", ref, at: 0, polls: 1, artifacts: [artifact], billed: "yes" }
  return Artifact.bytes(provider(baseUrl), state, { retry: once, ...options }).pipe(Effect.provide(Transport.layer()))
}

describe("F4: a coding that nobody asked for", () => {
  it.each(Object.keys(encoded))("%s hides no id from a submission", async (name) => {
    const [header = "", body = ""] = encoded[name] ?? []
    const server = await raw((socket) => void socket.write(answer(200, [`Content-Encoding: ${header}`], body)))
    const job = await Effect.runPromise(submitted(server.url))
    expect(job.ref.id).toBe("job-1")
    expect(server.requests).toHaveLength(1)
  })

  it("hides no refusal of a submission", async () => {
    const refusal = zlib.brotliCompressSync('{"error":{"message":"the prompt is too long"}}')
    const server = await raw((socket) => void socket.write(answer(400, ["Content-Encoding: br"], refusal)))
    const error = await Effect.runPromise(Effect.flip(submitted(server.url)))
    expect(error.message).toContain("the prompt is too long")
  })

  it("is cut at the limit in a submission too: it says nothing then", async () => {
    const bomb = zlib.gzipSync(Buffer.concat([Buffer.from('{"id":"job-1","padding":"'), Buffer.alloc(CoreTransport.bodyLimit * 8, "x")]))
    const server = await raw((socket) => void socket.write(answer(200, ["Content-Encoding: gzip"], bomb, 5000)))
    expect(await Effect.runPromise(Effect.flip(submitted(server.url)))).toMatchObject({ reason: { _tag: "SubmitUnknown" } })
    await vi.waitUntil(() => server.open() === 0)
  })

  it("is not undone more than three times", async () => {
    const body = [1, 2, 3, 4].reduce((inner) => zlib.gzipSync(inner), Buffer.from("{}"))
    const server = await raw((socket) => void socket.write(answer(200, ["Content-Encoding: gzip, gzip, gzip, gzip"], body)))
    expect(await sending(polls(), get(server.url)).outcome).toMatchObject({
      _tag: "NoAnswer",
      detail: "the body is in the content coding gzip, gzip, gzip, gzip, which can't be undone here"
    })
  })

  it("hides no link in the JSON that stands in the place of a video", async () => {
    const server: Awaited<ReturnType<typeof raw>> = await raw((socket, head) => {
      const json = zlib.gzipSync(JSON.stringify({ url: `${server.url}/film.mp4` }))
      if (head.startsWith("GET /film.mp4")) socket.write(answer(200, ["Content-Type: video/mp4"], film))
      else socket.write(answer(200, ["Content-Type: application/json", "Content-Encoding: gzip"], json))
    })
    const bytes = await Effect.runPromise(download(server.url, { kind: "content", url: `${server.url}/content` }))
    expect(Buffer.from(bytes).equals(film)).toBe(true)
  })

  it("is undone in a video, as fetch does, and within the limit of its bytes", async () => {
    const whole = Buffer.concat([film, Buffer.alloc(3_000_000, "x")])
    const server = await raw((socket) => void socket.write(answer(200, ["Content-Encoding: gzip"], zlib.gzipSync(whole))))
    const link = { kind: "link", url: `${server.url}/film.mp4` } as const
    expect(Buffer.from(await Effect.runPromise(download(server.url, link))).equals(whole)).toBe(true)
    const error = await Effect.runPromise(Effect.flip(download(server.url, link, { maxBytes: 1_000_000 })))
    expect(error.message).toMatch(/larger|more than|maxBytes/u)
  })
})

describe("what a slow reader leaves", () => {
  it("stays with the server: neither it nor what came out of it is piled up", async () => {
    const body = zlib.gzipSync(Buffer.alloc(64 * 1024 * 1024, "x"), { level: 0 })
    let written = 0
    const server = await raw((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.byteLength}\r\n\r\n`)
      const next = (): void => {
        while (written < body.byteLength) {
          const chunk = body.subarray(written, written + 64 * 1024)
          written += chunk.byteLength
          if (!socket.write(chunk)) return void socket.once("drain", next)
        }
      }
      next()
    })
    const read = Effect.gen(function* () {
      const response = yield* HttpClient.get(server.url)
      const pull = yield* Stream.toPull(response.stream)
      let size = (yield* pull).reduce((sum, chunk) => sum + chunk.byteLength, 0)
      let waiting = 0
      const stands = (): boolean => waiting === (waiting = written) && waiting > 0
      yield* Effect.promise(() => vi.waitUntil(stands, { interval: 100 }))
      size += yield* Stream.runFold(
        Stream.fromPull(Effect.succeed(pull)),
        () => 0,
        (sum, chunk) => sum + chunk.byteLength
      )
      return { size, waiting }
    })
    const { size, waiting } = await Effect.runPromise(Effect.scoped(read).pipe(Effect.provide(Transport.layer())))
    expect(size).toBe(64 * 1024 * 1024)
    expect(waiting).toBeLessThan(32 * 1024 * 1024)
  })
})
