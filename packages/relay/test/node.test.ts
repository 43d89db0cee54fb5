import { createServer, request as ask } from "node:http"
import { connect } from "node:net"
import { text as bodyOf } from "node:stream/consumers"
import { describe, expect, it } from "vitest"
import { listener, type NodeRequest } from "../src/node.ts"
import { allEvents, later, mocked, posts, prompt, relayTo, submitted, until } from "./relay.ts"

const served = async (change: (incoming: NodeRequest) => unknown = () => undefined, options = {}) => {
  const server = await mocked({ duration: 60_000, ...options })
  const relay = relayTo(server, { limits: { requestBytes: 100_000 } })
  const handle = listener(relay)
  const http = createServer(async (incoming, outgoing) => {
    await change(incoming)
    handle(incoming, outgoing)
  })
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve))
  later(async () => {
    http.closeAllConnections()
    http.close()
  })
  const address = http.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { server, relay, port, url: `http://127.0.0.1:${port}/api/video` }
}

const headers = { cookie: "user=ann", "content-type": "application/json", "x-reelay": "1" }

/** What a socket answers to bytes that no client would write. */
const raw = (port: number, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text))
    let all = ""
    socket.on("data", (chunk) => {
      all += String(chunk)
      socket.end()
    })
    socket.on("close", () => resolve(all))
    socket.on("error", reject)
  })

describe.concurrent("a listener of node:http", () => {
  it("carries requests and streams, and sees that a reader has left", async () => {
    const { relay, server, url } = await served(undefined, { duration: 400 })
    const answer = await fetch(`${url}/jobs`, {
      method: "POST",
      headers: { ...headers, "idempotency-key": "k1" },
      body: JSON.stringify({ request: { prompt } })
    })
    const { job } = await answer.json()
    expect([answer.status, answer.headers.get("location")]).toEqual([201, `/api/video/jobs/${job}`])
    const left = new AbortController()
    await fetch(`${url}/jobs/${job}/events`, { headers, signal: left.signal })
    expect(relay.stats().streams).toBe(1)
    left.abort()
    await until(() => relay.stats().streams === 0)
    expect((await allEvents(await fetch(`${url}/jobs/${job}/events`, { headers }))).at(-1)?.event).toBe("end")
    const part = await fetch(`${url}/jobs/${job}/video`, { headers: { ...headers, range: "bytes=4-7" } })
    expect([part.status, await part.text()]).toEqual([206, "ftyp"])
    const head = await fetch(`${url}/jobs/${job}/video`, { headers, method: "HEAD" })
    expect(Number(head.headers.get("content-length"))).toBeGreaterThan(1000)
    expect(posts(server)).toBe(1)
  })

  it("takes a body that a parser of Express has read, and the path before it was mounted", async () => {
    const { server, url } = await served(async (incoming) => {
      const body = JSON.parse(await bodyOf(incoming))
      Object.assign(incoming, { body, originalUrl: incoming.url, url: incoming.url?.replace("/api/video", "") })
    })
    const answer = await fetch(`${url}/jobs`, {
      method: "POST",
      headers: { ...headers, "idempotency-key": "k1" },
      body: JSON.stringify({ request: { prompt } })
    })
    expect(answer.headers.get("location")).toMatch(/^\/api\/video\/jobs\/j1\./u)
    expect(posts(server)).toBe(1)
  })

  it("answers a body that is too large, and lets go of the rest", async () => {
    const { port, server } = await served()
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sending = ask({ port, path: "/api/video/jobs", method: "POST", headers: { ...headers, "idempotency-key": "k1" } }, (answer) => {
        clearInterval(more)
        resolve(answer.statusCode)
      })
      sending.on("error", reject)
      const more = setInterval(() => sending.write("x".repeat(60_000)), 5)
    })
    expect(status).toBe(413)
    expect(posts(server)).toBe(0)
  })

  it("is led nowhere by an address or a host that no client would write", async () => {
    const { port } = await served()
    const cookie = "cookie: user=ann\r\n"
    const status = async (line: string, host = "a"): Promise<string> =>
      (await raw(port, `${line}\r\nhost: ${host}\r\n${cookie}\r\n`)).slice(9, 12)
    expect(await status("GET //evil.example.com/jobs HTTP/1.1")).toBe("200")
    expect(await status("GET http://evil.example.com/jobs HTTP/1.1")).toBe("400")
    expect(await status("GET /jobs HTTP/1.1", "a/b?c#d")).toBe("200")
    expect(await status("GET /jobs/../../etc/passwd HTTP/1.1")).toBe("404")
    expect(await status("GET * HTTP/1.1")).toBe("400")
  })

  it("keeps a slow download from filling the memory", async () => {
    const { relay, url, server } = await served(undefined, { duration: 100 })
    const job = await submitted(relay, "k1")
    await allEvents(await fetch(`${url}/jobs/${job}/events`, { headers }))
    const left = new AbortController()
    await fetch(`${url}/jobs/${job}/video`, { headers, signal: left.signal })
    left.abort()
    await until(() => server.mock.journal.some(({ route }) => route === "file"))
    expect((await fetch(`${url}/jobs/${job}/video`, { headers })).status).toBe(200)
  })
})
