import dns from "node:dns"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { Artifact, Dialect, Job, type JobError, type JobState } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { tiny } from "../test/tiny.ts"
import * as Transport from "./Transport.ts"

const video = Buffer.from("\u0000\u0000\u0000\u0018ftypisom and the rest of a video")
const key = "sk-super-secret-key"

const closing: Array<() => void> = []
afterEach(() => {
  vi.unstubAllEnvs()
  for (const close of closing.splice(0)) close()
})

const portOf = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    closing.push(
      () => server.closeAllConnections(),
      () => server.close()
    )
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve(typeof address === "object" && address !== null ? address.port : 0)
    })
  })

const serving = (handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> => portOf(createServer(handler))

const film = (response: ServerResponse): void => void response.writeHead(200, { "content-type": "video/mp4" }).end(video)

const configured = (baseUrl: string) => tiny({ baseUrl })({ apiKey: key })

/** Downloads one link of a finished job, without a retry. */
const download = (baseUrl: string, url: string, transport: Transport.Options = {}, options: Artifact.Options = {}) => {
  const ref = { provider: "tiny", kind: "generation", id: "j1", baseUrl, submittedAt: 0 } as const
  const state: JobState.Succeeded = { _tag: "Succeeded", ref, at: 0, polls: 1, artifacts: [{ url, kind: "link" }], billed: "yes" }
  const bytes = Artifact.bytes(configured(baseUrl), state, {
    retry: Schedule.recurs(0).pipe(Schedule.setInputType<JobError.JobError>()),
    ...options
  })
  return Effect.runPromise(Effect.result(Effect.provide(bytes, Transport.layer({ connectTimeout: 2000, ...transport }))))
}

/** Every name resolves to the addresses of this table; lookups are counted. */
const names = (table: Readonly<Record<string, ReadonlyArray<string>>>) => {
  const asked: Array<string> = []
  const answer = (host: string, options: dns.LookupOptions, callback: (...results: ReadonlyArray<unknown>) => void) => {
    asked.push(host)
    const found = (table[host] ?? []).map((address) => ({ address, family: address.includes(":") ? 6 : 4 }))
    const [first] = found
    if (first === undefined) callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND" }))
    else if (options.all === true) callback(null, found)
    else callback(null, first.address, first.family)
  }
  const before = dns.lookup
  // Its overloads fit no single function.
  Reflect.set(dns, "lookup", answer)
  closing.push(() => Reflect.set(dns, "lookup", before))
  return asked
}

const messageOf = (result: Result.Result<unknown, JobError.JobError>): string => (Result.isFailure(result) ? result.failure.message : "")

const api = (port: number): string => `http://api.reelay.test:${port}`

describe("a link whose name", () => {
  it.each([
    ["10.0.0.1"],
    ["127.0.0.1"],
    ["169.254.169.254"],
    ["::1"],
    ["fd00::1"],
    ["::ffff:127.0.0.1"],
    ["64:ff9b::7f00:1"],
    ["2002:7f00:1::"]
  ])("resolves to %s is refused, and nothing is connected to", async (address) => {
    const asked = names({ "cdn.reelay.test": [address] })
    const result = await download("http://api.reelay.test", "http://cdn.reelay.test/a.mp4?sig=SECRET")
    expect(result).toMatchObject({ _tag: "Failure", failure: { reason: { _tag: "ForbiddenAddress", address: "http://cdn.reelay.test" } } })
    expect(messageOf(result)).toContain(`resolves to ${address}, which is a private address`)
    expect(messageOf(result)).not.toContain("SECRET")
    expect(asked).toEqual(["cdn.reelay.test"])
  })

  it("is the API's own is not checked: the caller chose it", async () => {
    const port = await serving((_, response) => film(response))
    names({ "api.reelay.test": ["127.0.0.1"] })
    expect(await download(api(port), `${api(port)}/a.mp4`)).toMatchObject({ _tag: "Success" })
  })

  it("is reached by a redirect is checked too", async () => {
    let reached = 0
    const other = await serving((_, response) => {
      reached += 1
      film(response)
    })
    const port = await serving((_, response) => response.writeHead(302, { location: `http://cdn.reelay.test:${other}/a.mp4` }).end())
    names({ "api.reelay.test": ["127.0.0.1"], "cdn.reelay.test": ["127.0.0.1"] })
    expect(await download(api(port), `${api(port)}/a.mp4`)).toMatchObject({ failure: { reason: { _tag: "ForbiddenAddress" } } })
    expect(reached).toBe(0)
    const allowed = await download(api(port), `${api(port)}/a.mp4`, {}, { allowPrivateAddresses: true })
    expect([allowed._tag, reached]).toEqual(["Success", 1])
  })

  it("resolves to public and private addresses is connected to at the public ones only", async () => {
    let reached = 0
    const port = await serving((_, response) => {
      reached += 1
      film(response)
    })
    // 198.18.0.0/15 stands for a public address that does not answer.
    const asked = names({ "cdn.reelay.test": ["127.0.0.1", "198.18.0.1"] })
    const result = await download("http://api.reelay.test", `http://cdn.reelay.test:${port}/a.mp4`, { connectTimeout: 300 })
    expect(result).toMatchObject({ _tag: "Failure", failure: { reason: { _tag: "DownloadFailed" } } })
    expect([asked, reached]).toEqual([["cdn.reelay.test"], 0])
  })

  it("can't be resolved is a failed download, not a refusal", async () => {
    names({})
    const result = await download("http://api.reelay.test", "http://cdn.reelay.test/a.mp4")
    expect(result).toMatchObject({ failure: { reason: { _tag: "DownloadFailed", detail: expect.stringContaining("ENOTFOUND") } } })
  })
})

/** A proxy that answers plain http by itself, and cuts each tunnel after its first bytes. */
const proxying = async (status = 200) => {
  const seen: Array<{ readonly line: string; readonly headers: IncomingMessage["headers"] }> = []
  let tunnelled = ""
  let open = 0
  let most = 0
  const server = createServer((request, response) => {
    seen.push({ line: `${request.method} ${request.url}`, headers: request.headers })
    if (status === 200) film(response)
    else response.writeHead(status).end()
  })
  server.on("connection", (socket: Socket) => {
    open += 1
    most = Math.max(most, open)
    socket.on("close", () => (open -= 1))
  })
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    seen.push({ line: `CONNECT ${request.url}`, headers: request.headers })
    socket.on("error", () => undefined)
    socket.on("data", (chunk) => {
      tunnelled += chunk.toString("latin1")
      socket.destroy()
    })
    socket.write(`HTTP/1.1 ${status} Whatever\r\n\r\n`)
    if (status !== 200) socket.end()
  })
  const port = await portOf(server)
  return { host: `127.0.0.1:${port}`, seen, tunnelled: () => tunnelled, most: () => most }
}

describe("through a proxy", () => {
  beforeEach(() => {
    for (const name of ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"]) vi.stubEnv(name, undefined)
  })

  it("plain http goes with its whole URL and the proxy's own password, and no name is resolved here", async () => {
    const proxy = await proxying()
    const asked = names({})
    const result = await download("http://api.reelay.test", "http://cdn.reelay.test/a.mp4", { proxy: `http://me:hush@${proxy.host}` })
    expect(result).toMatchObject({ _tag: "Success" })
    expect(proxy.seen).toMatchObject([
      { line: "GET http://cdn.reelay.test/a.mp4", headers: { "proxy-authorization": `Basic ${Buffer.from("me:hush").toString("base64")}` } }
    ])
    expect(asked).toEqual([])
  })

  it("https goes in a tunnel that shows the host, and neither the path nor the key", async () => {
    const proxy = await proxying()
    const result = await download("https://api.reelay.test", "https://api.reelay.test/secret-path.mp4", { proxy: `http://${proxy.host}` })
    expect(result._tag).toBe("Failure")
    expect(proxy.seen.map(({ line }) => line)).toEqual(["CONNECT api.reelay.test:443"])
    expect(proxy.tunnelled()).not.toBe("")
    expect(JSON.stringify(proxy.seen) + proxy.tunnelled()).not.toMatch(/sk-super|secret-path|authorization/iu)
  })

  it.each([407, 502])("a refusal with %i is reported, without the proxy's password", async (status) => {
    const proxy = await proxying(status)
    for (const scheme of ["http", "https"]) {
      const result = await download(`${scheme}://api.reelay.test`, `${scheme}://cdn.reelay.test/a.mp4`, {
        proxy: `http://me:hush-hush@${proxy.host}`
      })
      const shown = result._tag === "Failure" ? `${result.failure.message} ${JSON.stringify(result.failure)}` : ""
      expect(shown).toContain(String(status))
      expect(shown).not.toMatch(/hush/u)
    }
  })

  it.each(["http", "https"])("a submission over %s that the proxy refuses was certainly not sent on", async (scheme) => {
    const proxy = await proxying(407)
    const receive = Dialect.receiver({ id: (json) => Dialect.idAt(json, "id") })
    const provider = tiny({ baseUrl: `${scheme}://api.reelay.test`, receive })({ apiKey: key })
    const submitting = Job.submit(provider, {}, { submitRetry: Schedule.recurs(0) })
    const { message } = await Effect.runPromise(
      Effect.flip(submitting).pipe(Effect.provide(Transport.layer({ proxy: `http://me:hush-hush@${proxy.host}` })))
    )
    expect(message).not.toContain("unknown outcome")
    expect(message).toContain("No job was made")
  })

  it("a private address that a link spells out is refused all the same", async () => {
    const proxy = await proxying()
    const result = await download("http://api.reelay.test", "http://10.0.0.1/a.mp4", { proxy: `http://${proxy.host}` })
    expect(result).toMatchObject({ failure: { reason: { _tag: "ForbiddenAddress" } } })
    expect(proxy.seen).toEqual([])
  })

  it("at most the given number of connections are opened", async () => {
    const proxy = await proxying()
    const link = "http://cdn.reelay.test/a.mp4"
    const ref = { provider: "tiny", kind: "generation", id: "j1", baseUrl: "http://api.reelay.test", submittedAt: 0 } as const
    const state: JobState.Succeeded = { _tag: "Succeeded", ref, at: 0, polls: 1, artifacts: [{ url: link, kind: "link" }], billed: "yes" }
    const once: Effect.Effect<unknown, JobError.JobError, HttpClient.HttpClient> = Artifact.bytes(configured(ref.baseUrl), state)
    await Effect.runPromise(
      Effect.provide(
        Effect.all(
          Array.from({ length: 40 }, () => once),
          { concurrency: "unbounded" }
        ),
        Transport.layer({ proxy: `http://${proxy.host}`, connections: 3 })
      )
    )
    expect(proxy.seen).toHaveLength(40)
    expect(proxy.most()).toBeLessThanOrEqual(3)
  })

  it.each(["http_proxy", "HTTP_PROXY"])("%s names it, with or without its scheme", async (name) => {
    const proxy = await proxying()
    for (const text of [proxy.host, `http://${proxy.host}`]) {
      vi.stubEnv(name, text)
      const result = await download("http://api.reelay.test", "http://cdn.reelay.test/a.mp4", { proxy: "environment" })
      expect(result._tag).toBe("Success")
    }
    expect(proxy.seen).toHaveLength(2)
  })

  it.each(["localhost", "127.0.0.1", "[::1]"])("%s is this machine, which never goes through a proxy", async (host) => {
    const proxy = await proxying()
    vi.stubEnv("HTTP_PROXY", proxy.host)
    vi.stubEnv("NO_PROXY", "elsewhere.test")
    const result = await download(`http://${host}:1`, `http://${host}:1/a.mp4`, { proxy: "environment" })
    expect(result._tag).toBe("Failure")
    expect(proxy.seen).toEqual([])
  })

  it("a host in NO_PROXY is reached directly, and its name is checked", async () => {
    const proxy = await proxying()
    vi.stubEnv("HTTP_PROXY", proxy.host)
    vi.stubEnv("NO_PROXY", "cdn.reelay.test")
    names({ "cdn.reelay.test": ["127.0.0.1"] })
    const result = await download("http://api.reelay.test", "http://cdn.reelay.test/a.mp4", { proxy: "environment" })
    expect(result).toMatchObject({ failure: { reason: { _tag: "ForbiddenAddress" } } })
    expect(proxy.seen).toEqual([])
  })

  it("without a proxy in the environment there is none, and names are checked", async () => {
    names({ "cdn.reelay.test": ["127.0.0.1"] })
    const result = await download("http://api.reelay.test", "http://cdn.reelay.test/a.mp4", { proxy: "environment" })
    expect(result).toMatchObject({ failure: { reason: { _tag: "ForbiddenAddress" } } })
  })

  it.each(["nonsense hush-hush", "localhost:8080", "ftp://me:hush-hush@a.b"])("%s is invalid, and is not shown", (proxy) => {
    expect(() => Transport.context({ proxy })).toThrow("proxy is no address of a proxy: it has the form http://host:port")
    vi.stubEnv("HTTPS_PROXY", "http://me:hush-hush@:port")
    expect(() => Transport.context({ proxy: "environment" })).toThrow(
      /^HTTPS_PROXY is no address of a proxy: [^@]*http:\/\/user:password@host:port$/u
    )
  })
})

describe("a layer that is closed", () => {
  it("lets a submission that has begun finish", async () => {
    const arrived: Array<ServerResponse> = []
    const port = await serving((request, response) => {
      request.resume()
      arrived.push(response)
    })
    const receive = Dialect.receiver({ id: (json) => Dialect.idAt(json, "id") })
    const provider = tiny({ baseUrl: `http://127.0.0.1:${port}`, receive })({ apiKey: key })
    const scope = Scope.makeUnsafe()
    const services = await Effect.runPromise(Layer.buildWithScope(Transport.layer(), scope))
    const submitted = Effect.runPromise(Effect.provideContext(Job.submit(provider, {}), services))
    await vi.waitUntil(() => arrived.length === 1)
    await Effect.runPromise(Scope.close(scope, Exit.void))
    arrived[0]?.writeHead(200, { "content-type": "application/json" }).end('{"id":"j1"}')
    expect((await submitted).ref.id).toBe("j1")
  })
})
