/** Certainly unsent, or possibly sent: what undici's sockets report, over real ones. A submission is retried only in the first case. */
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import dns from "node:dns"
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createServer, type Server, Socket } from "node:net"
import { MockAgent } from "@effect/platform-node/Undici"
import { Dialect, Job, type JobError, Limits, Transport as CoreTransport } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { afterEach, describe, expect, it } from "vitest"
import { tiny } from "../test/tiny.ts"
import { createClient } from "./client.ts"
import * as Transport from "./Transport.ts"

const key = "sk-super-secret-key"
const prompt = "a fox in the snow"

const closing: Array<() => unknown> = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Reads an id if there is one, and sends a body. */
const provider = (baseUrl: string) =>
  tiny({
    baseUrl,
    submission: () =>
      Effect.succeed({ kind: "generation", call: { method: "POST", path: "/jobs", body: { _tag: "Json", value: { prompt } } } }),
    receive: Dialect.receiver({ id: (json) => Dialect.idAt(json, "id") })
  })({ apiKey: key })

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    const open = new Set<Socket>()
    server.on("connection", (socket: Socket) => {
      open.add(socket)
      socket.on("error", () => undefined)
      socket.on("close", () => open.delete(socket))
    })
    closing.push(() => {
      for (const socket of open) socket.destroy()
      return new Promise((closed) => server.close(closed))
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve(typeof address === "object" && address !== null ? address.port : 0)
    })
  })

/** A port that is closed. */
const closedPort = async (): Promise<number> => {
  const server = createServer()
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve(typeof address === "object" && address !== null ? address.port : 0)
    })
  })
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A server below HTTP: what each connection brings, and what is done with it once `until` has come. */
const raw = async (act: (socket: Socket, received: string, nth: number) => void, until?: RegExp) => {
  const received: Array<string> = []
  const server = createServer((socket) => {
    const nth = received.push("") - 1
    socket.setEncoding("latin1")
    socket.on("data", (chunk: string) => {
      received[nth] += chunk
      if (until?.test(received[nth] ?? "") === true) act(socket, received[nth] ?? "", nth + 1)
    })
    if (until === undefined) act(socket, "", nth + 1)
  })
  const port = await listening(server)
  const posts = (): number => received.filter((text) => text.startsWith("POST /jobs")).length
  return { port, received, posts }
}

/** A whole request: its body is in JSON. */
const whole = /\r\n\r\n.*\}/su

const twice = Schedule.recurs(1).pipe(Schedule.setInputType<JobError.JobError>())

/** The error of one submission, which may be retried once. */
const failed = (baseUrl: string, transport: Transport.Options = {}, submitRetry: Job.SubmitOptions["submitRetry"] = twice) =>
  over(Transport.layer({ connectTimeout: 2000, ...transport }), baseUrl, submitRetry)

const over = (
  transport: Layer.Layer<HttpClient.HttpClient>,
  baseUrl: string,
  submitRetry: Job.SubmitOptions["submitRetry"] = twice
): Promise<JobError.JobError> =>
  Effect.runPromise(Effect.flip(Job.submit(provider(baseUrl), {}, { submitRetry, maySubmitAgain: true })).pipe(Effect.provide(transport)))

const client = (baseUrl: string, options: Transport.Options = {}) =>
  createClient({ provider: provider(baseUrl), submitRetry: twice, limits: Limits.none, connectTimeout: 2000, ...options })

const fetching = (baseUrl: string, fetch: typeof globalThis.fetch) =>
  createClient({ provider: provider(baseUrl), submitRetry: twice, limits: Limits.none, fetch })

const errorOf = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error("it did not fail")
}

/** Nothing was sent, so it was retried. */
const unsent = {
  _tag: "JobError",
  operation: "submit",
  attempt: 2,
  again: "submit",
  reason: { _tag: "Unreachable" },
  message: expect.stringContaining("No job was made.")
}

/** It may have been sent, so it was not retried. */
const unknown = {
  _tag: "JobError",
  operation: "submit",
  attempt: 1,
  again: "never",
  reason: { _tag: "SubmitUnknown" },
  message: expect.stringContaining("has an unknown outcome")
}

/** A proxy that answers every CONNECT alike, and anything else not at all. */
const proxying = async (status: number) => {
  const lines: Array<string> = []
  const server = createHttpServer((request, response) => {
    lines.push(`${request.method} ${request.url}`)
    response.destroy()
  })
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    lines.push(`CONNECT ${request.url}`)
    socket.on("error", () => undefined)
    socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`)
  })
  return { port: await listening(server), lines }
}

describe("a submission is certainly not sent, and is retried,", () => {
  it("if the connection is refused", async () => {
    const port = await closedPort()
    expect(await failed(`http://127.0.0.1:${port}`)).toMatchObject(unsent)
    expect(await failed(`https://127.0.0.1:${port}`)).toMatchObject(unsent)
    expect(await errorOf(client(`http://127.0.0.1:${port}`).submit({}))).toMatchObject(unsent)
  })

  it("if the host is not known", async () => {
    expect(await failed("http://reelay.invalid")).toMatchObject(unsent)
    expect(await failed("https://reelay.invalid")).toMatchObject(unsent)
  })

  it("T49: if the TLS handshake is reset, before or after the first bytes", async () => {
    const atOnce = await raw((socket) => socket.destroy())
    const error = await failed(`https://127.0.0.1:${atOnce.port}`)
    expect(error).toMatchObject(unsent)
    expect(String(error)).toMatch(/can't be reached \(.*(ECONNRESET|socket)/u)
    const later = await raw((socket) => socket.resetAndDestroy(), /./su)
    expect(await failed(`https://127.0.0.1:${later.port}`)).toMatchObject(unsent)
    expect(await errorOf(client(`https://127.0.0.1:${later.port}`).submit({}))).toMatchObject(unsent)
    // One for each try; what came was a handshake.
    expect([atOnce.received.length, later.received.length]).toEqual([2, 4])
    expect(later.received.join("")).not.toMatch(/POST|fox|sk-super/u)
  })

  it("if the server does not speak TLS", async () => {
    let asked = 0
    const port = await listening(createHttpServer(() => (asked += 1)))
    expect(await failed(`https://127.0.0.1:${port}`)).toMatchObject(unsent)
    expect(asked).toBe(0)
  })

  it.each([400, 403, 407, 502, 503])("if a proxy makes no tunnel, and answers %i", async (status) => {
    const proxy = await proxying(status)
    const error = await failed("https://api.tiny.test", { proxy: `http://me:hush-hush@127.0.0.1:${proxy.port}` })
    expect(error).toMatchObject(unsent)
    expect(String(error)).toContain(String(status))
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain("hush")
    expect(proxy.lines).toEqual(["CONNECT api.tiny.test:443", "CONNECT api.tiny.test:443"])
  })

  it("if a proxy ends the tunnel before TLS is established", async () => {
    const server = createHttpServer()
    let bytes = ""
    server.on("connect", (_request: IncomingMessage, socket: Socket) => {
      socket.on("error", () => undefined)
      socket.on("data", (chunk: Buffer) => {
        bytes += chunk.toString("latin1")
        socket.destroy()
      })
      socket.write("HTTP/1.1 200 Connected\r\n\r\n")
    })
    const port = await listening(server)
    expect(await failed("https://api.tiny.test", { proxy: `http://127.0.0.1:${port}` })).toMatchObject(unsent)
    expect(bytes).not.toBe("")
    expect(bytes).not.toMatch(/POST|fox|sk-super/u)
  })

  it.each(["http", "https"])("if the proxy of %s is down", async (scheme) => {
    const proxy = `http://127.0.0.1:${await closedPort()}`
    expect(await failed(`${scheme}://api.tiny.test`, { proxy })).toMatchObject(unsent)
    expect(await errorOf(client(`${scheme}://api.tiny.test`, { proxy }).submit({}))).toMatchObject(unsent)
  })

  it("if the proxy's own name is not known", async () => {
    expect(await failed("https://api.tiny.test", { proxy: "http://proxy.reelay.invalid:3128" })).toMatchObject(unsent)
  })

  it("if connecting takes too long, handshake included", async () => {
    const silent = await raw(() => undefined)
    const error = await failed(`https://127.0.0.1:${silent.port}`, { connectTimeout: 200 })
    expect(error).toMatchObject(unsent)
    expect(silent.received.join("")).not.toMatch(/POST|fox|sk-super/u)
    expect(silent.received).toHaveLength(2)
  })

  it("F21: if fetch has a mock agent that knows no such request, or goes to a port that no request may go to", async () => {
    const agent = new MockAgent()
    agent.disableNetConnect()
    closing.push(() => agent.close())
    const mocked: typeof globalThis.fetch = (input, init) => fetch(input, Object.assign({ ...init }, { dispatcher: agent }))
    expect(await errorOf(fetching("https://api.tiny.test", mocked).submit({}))).toMatchObject({ ...unsent, attempt: 1 })
    expect(await errorOf(fetching("http://127.0.0.1:6000", fetch).submit({}))).toMatchObject(unsent)
  })

  it("and is sent by the next try, once its host is known", async () => {
    const server = await raw((socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"id":"j1"}'), whole)
    const names = resolving(["127.0.0.1"], Promise.resolve(), 1)
    const job = await client(`http://reelay.invalid:${server.port}`).submit({})
    expect([job.ref.id, server.posts(), server.received.length, names.length]).toEqual(["j1", 1, 1, 2])
  })
})

/** A promise, and what resolves it. */
const latch = () => {
  const given: { open?: () => void } = {}
  const opened = new Promise<void>((resolve) => (given.open = resolve))
  return { opened, open: () => given.open?.() }
}

/** Every name resolves to these addresses. Lookups are recorded, each answer waits for `hold`, and the first `failures` find none. */
const resolving = (addresses: ReadonlyArray<string>, hold: Promise<void> = Promise.resolve(), failures = 0): ReadonlyArray<string> => {
  const asked: Array<string> = []
  const before = dns.lookup
  const answer = (host: string, options: dns.LookupOptions, callback: (...results: ReadonlyArray<unknown>) => void): void => {
    const nth = asked.push(host)
    const found = addresses.map((address) => ({ address, family: 4 }))
    const reply = async (): Promise<void> => {
      await hold
      if (nth <= failures) callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND" }))
      else if (options.all === true) callback(null, found)
      else callback(null, found[0]?.address, 4)
    }
    void reply()
  }
  // Its overloads fit no single function.
  Reflect.set(dns, "lookup", answer)
  closing.push(() => Reflect.set(dns, "lookup", before))
  return asked
}

describe("a submission may have been sent, and is not sent again,", () => {
  it.each<[string, (socket: Socket) => void]>([
    ["resets", (socket) => void socket.resetAndDestroy()],
    ["closes", (socket) => void socket.end()],
    ["goes away in the middle of the status line", (socket) => void socket.end("HTTP/1.1 20")],
    ["goes away after half of the headers", (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-type: appl")],
    ["goes away after half of the body", (socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"id"')],
    [
      "resets after half of the body",
      (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"id"', () => socket.resetAndDestroy())
    ],
    ["answers with something other than HTTP", (socket) => void socket.end("it went well\r\n\r\n")]
  ])("if the server reads it and %s", async (_, act) => {
    const server = await raw((socket) => act(socket), whole)
    expect(await failed(`http://127.0.0.1:${server.port}`)).toMatchObject(unknown)
    expect([server.posts(), server.received.length]).toEqual([1, 1])
    expect(await errorOf(client(`http://127.0.0.1:${server.port}`).submit({}, { maySubmitAgain: true }))).toMatchObject(unknown)
    expect([server.posts(), server.received.length]).toEqual([2, 2])
  })

  it("if the server resets before it has read the whole", async () => {
    const server = await raw((socket) => void socket.resetAndDestroy(), /POST/u)
    expect(await failed(`http://127.0.0.1:${server.port}`)).toMatchObject(unknown)
    expect(server.received).toHaveLength(1)
  })

  it("if a proxy of plain http reads it and goes away", async () => {
    const proxy = await raw((socket) => void socket.end(), whole)
    expect(await failed("http://api.tiny.test", { proxy: `http://127.0.0.1:${proxy.port}` })).toMatchObject(unknown)
    expect(proxy.received).toHaveLength(1)
  })

  it("if no answer comes within the submit timeout", async () => {
    const server = await raw(() => undefined, whole)
    const submitting = Job.submit(provider(`http://127.0.0.1:${server.port}`), {}, { submitTimeout: 300, submitRetry: twice })
    expect(await Effect.runPromise(Effect.flip(submitting).pipe(Effect.provide(Transport.layer())))).toMatchObject(unknown)
    expect(server.posts()).toBe(1)
  })
})

/** A server that keeps connections alive, and knows which request came over which. */
const keeping = async (answer: (request: IncomingMessage, response: ServerResponse) => unknown) => {
  const numbers = new WeakMap<Socket, number>()
  const seen: Array<{ readonly method: string | undefined; readonly connection: number }> = []
  let made = 0
  const server = createHttpServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    seen.push({ method: request.method, connection: numbers.get(request.socket) ?? 0 })
    request.resume().on("end", () => answer(request, response))
  })
  server.on("connection", (socket) => numbers.set(socket, (made += 1)))
  const url = `http://127.0.0.1:${await listening(server)}`
  const connectionsOf = (method: string): ReadonlyArray<number> =>
    seen.filter((each) => each.method === method).map(({ connection }) => connection)
  return { url, seen, connectionsOf, made: () => made }
}

/** Counts this process's own sockets: at the other end one that was closed may still seem open when the next one comes. */
const opening = () => {
  const open = new Set<Socket>()
  let most = 0
  const made = (message: unknown): void => {
    const socket: unknown = typeof message === "object" && message !== null ? Reflect.get(message, "socket") : undefined
    if (!(socket instanceof Socket)) return
    for (const each of open) if (each.destroyed) open.delete(each)
    open.add(socket)
    most = Math.max(most, open.size)
  }
  subscribe("net.client.socket", made)
  closing.push(() => unsubscribe("net.client.socket", made))
  return { most: () => most }
}

const json = (response: ServerResponse, value: unknown): void => {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value))
}

/** Follows a job until `polls` answers have come. */
const watch = async (
  job: { readonly subscribe: Awaited<ReturnType<ReturnType<typeof client>["submit"]>>["subscribe"] },
  enough: Promise<void>
) => {
  const subscription = job.subscribe({})
  await enough
  subscription.unsubscribe()
}

/** Resolves once it has been called so often. */
const counted = (often: number) => {
  const { open, opened } = latch()
  let left = often
  const count = (): void => {
    left -= 1
    if (left === 0) open()
  }
  return { enough: opened, count }
}

describe("connections", () => {
  it("T49: a POST never goes over a used connection, and polls reuse theirs", async () => {
    const polls = counted(12)
    let jobs = 0
    const server = await keeping((request, response) => {
      if (request.method === "POST") return json(response, { id: `j${(jobs += 1)}` })
      polls.count()
      json(response, {})
    })
    const submitting = client(server.url)
    const first = await submitting.submit({})
    const watching = watch(first, polls.enough)
    await submitting.submit({})
    await watching
    await submitting.submit({})
    const posts = server.connectionsOf("POST")
    expect([posts.length, new Set(posts).size]).toEqual([3, 3])
    const gets = server.connectionsOf("GET")
    expect(gets.length).toBeGreaterThanOrEqual(12)
    expect(new Set(gets).size).toBe(1)
    expect(posts.filter((connection) => gets.includes(connection))).toEqual([])
    expect(server.made()).toBe(4)
  })

  it("a POST never goes over a connection that was opened for an abandoned one", async () => {
    const { open: goOn, opened: held } = latch()
    const server = await keeping((_request, response) => json(response, { id: "j1" }))
    const names = resolving(["127.0.0.1"], held)
    const leaving = new AbortController()
    const submitting = client(server.url.replace("127.0.0.1", "reelay.invalid"))
    const left = errorOf(submitting.submit({}, { signal: leaving.signal }))
    while (names.length === 0) await turn()
    leaving.abort(new Error("left"))
    expect(await left).toMatchObject({ message: "left" })
    goOn()
    // The connection of the abandoned one exists now, if it is opened at all.
    for (let turns = 0; turns < 2000 && server.made() === 0; turns++) await turn()
    for (let turns = 0; turns < 200; turns++) await turn()
    const before = server.made()
    expect(server.seen).toEqual([])
    await submitting.submit({})
    expect(server.connectionsOf("POST").filter((connection) => connection <= before)).toEqual([])
  })

  it.each([1, 4])("at most %i are opened to an origin, however many jobs there are", async (connections) => {
    const polls = counted(120)
    let jobs = 0
    // Each answer takes a while, so that as many as possible are in flight.
    const server = await keeping(async (request, response) => {
      if (request.method === "GET") polls.count()
      for (let turns = 0; turns < (request.method === "POST" ? 60 : 20); turns++) await turn()
      json(response, request.method === "POST" ? { id: `j${(jobs += 1)}` } : {})
    })
    const submitting = client(server.url, { connections })
    const { most } = opening()
    await Promise.all(Array.from({ length: 24 }, async () => watch(await submitting.submit({}), polls.enough)))
    expect(server.connectionsOf("POST")).toHaveLength(24)
    expect(server.connectionsOf("GET").length).toBeGreaterThanOrEqual(120)
    expect(most()).toBe(connections)
    const posts = server.connectionsOf("POST")
    expect(new Set(posts).size).toBe(24)
    expect(server.connectionsOf("GET").filter((connection) => posts.includes(connection))).toEqual([])
  })
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe("leaving while the connection is being made", () => {
  it.each(["http", "https"])("over %s sends nothing, and rejects at once", async (scheme) => {
    const silent = await raw(() => undefined)
    // Over http it is the name that is never found.
    const names = scheme === "http" ? resolving(["127.0.0.1"], new Promise(() => undefined)) : []
    const leaving = new AbortController()
    const host = scheme === "http" ? "reelay.invalid" : "127.0.0.1"
    const left = errorOf(client(`${scheme}://${host}:${silent.port}`, { connectTimeout: 30_000 }).submit({}, { signal: leaving.signal }))
    while (scheme === "http" ? names.length === 0 : silent.received.join("") === "") await turn()
    const began = performance.now()
    leaving.abort(new Error("left"))
    expect(await left).toMatchObject({ message: "left" })
    expect(performance.now() - began).toBeLessThan(1000)
    for (let turns = 0; turns < 100; turns++) await turn()
    expect(silent.received.join("")).not.toMatch(/POST|fox|sk-super/u)
    expect(silent.received.length).toBe(scheme === "http" ? 0 : 1)
  })

  it("sends nothing though the handshake ends afterwards", async () => {
    const { open: goOn, opened: held } = latch()
    const server = await raw(() => undefined)
    const names = resolving(["127.0.0.1"], held)
    const leaving = new AbortController()
    const left = errorOf(client(`http://reelay.invalid:${server.port}`).submit({}, { signal: leaving.signal }))
    while (names.length === 0) await turn()
    leaving.abort(new Error("left"))
    await left
    goOn()
    for (let turns = 0; turns < 500; turns++) await turn()
    expect(server.received.join("")).toBe("")
  })
})

/** As if a caller adds a header: only the transport's mark is lost. */
const wrapped = (options: Transport.Options = {}) =>
  Layer.sync(HttpClient.HttpClient, () => HttpClient.mapRequest(Transport.make({ connectTimeout: 2000, ...options }), (request) => request))

describe("a transport that is wrapped once", () => {
  it("still knows what was certainly not sent", async () => {
    const reset = await raw((socket) => socket.resetAndDestroy(), /./su)
    expect(await over(wrapped(), `https://127.0.0.1:${reset.port}`)).toMatchObject(unsent)
    expect(reset.received).toHaveLength(2)
    expect(await over(wrapped(), `http://127.0.0.1:${await closedPort()}`)).toMatchObject(unsent)
    const proxy = await proxying(502)
    expect(await over(wrapped({ proxy: `http://127.0.0.1:${proxy.port}` }), "https://api.tiny.test")).toMatchObject(unsent)
    expect(proxy.lines).toHaveLength(2)
  })

  it("still knows what may have been sent", async () => {
    const reads = await raw((socket) => socket.resetAndDestroy(), whole)
    expect(await over(wrapped(), `http://127.0.0.1:${reads.port}`)).toMatchObject(unknown)
    expect(reads.posts()).toBe(1)
    const closes = await raw((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-le"), whole)
    expect(await over(wrapped(), `http://127.0.0.1:${closes.port}`)).toMatchObject(unknown)
    expect(closes.posts()).toBe(1)
  })
})

const retrying = Layer.sync(HttpClient.HttpClient, () => HttpClient.retryTransient(Transport.make(), { times: 3 }))

/** Sends everything twice, whatever the first result is. */
const doubling = Layer.sync(HttpClient.HttpClient, () =>
  HttpClient.transform(Transport.make(), (sent) => Effect.andThen(Effect.ignore(Effect.result(sent)), sent))
)

describe("a transport that repeats", () => {
  it("does not count as one that announces", () => {
    expect(CoreTransport.connectionsOf(Transport.make())).toBe(16)
    expect(CoreTransport.connectionsOf(HttpClient.retryTransient(Transport.make(), { times: 3 }))).toBeUndefined()
  })

  it.each([
    ["by retryTransient", retrying],
    ["by itself", doubling]
  ])("%s puts no second POST on the wire after one that was reset, whose outcome stays unknown", async (_, transport) => {
    const server = await raw((socket) => void socket.resetAndDestroy(), whole)
    const error = await over(transport, `http://127.0.0.1:${server.port}`)
    expect(server.posts()).toBe(1)
    expect(error).toMatchObject(unknown)
    expect(server.posts()).toBe(1)
  })

  it("puts no second POST on the wire after a 503", async () => {
    let posts = 0
    const server = await keeping((_request, response) => {
      posts += 1
      response.writeHead(503).end()
    })
    const error = await over(retrying, server.url)
    expect(posts).toBe(1)
    expect(error).toMatchObject(unknown)
  })

  it("puts no second POST on the wire after one that was accepted", async () => {
    let posts = 0
    const server = await keeping((_request, response) => json(response, { id: `j${(posts += 1)}` }))
    const error = await over(doubling, server.url)
    expect(posts).toBe(1)
    expect(error).toMatchObject(unknown)
  })

  it("may repeat a request that never connected, which is then sent once", async () => {
    const port = await closedPort()
    const error = await over(retrying, `http://127.0.0.1:${port}`)
    expect(error).toMatchObject({ again: "submit", reason: { _tag: "Unreachable" } })
  })
})
