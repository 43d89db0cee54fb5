/** What somebody might send who means no good: nothing leaks, memory stays flat, and what they leave behind is cleaned up. */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { describe, expect, it } from "vitest"
import { createRelay, type Problem } from "../src/index.ts"
import {
  allEvents,
  apiKey,
  base,
  eventsOf,
  mocked,
  optionsOf,
  polls,
  posted,
  posts,
  prompt,
  relayTo,
  requested,
  submitted,
  until
} from "./relay.ts"

setFlagsFromString("--expose_gc")
const collect: () => void = runInNewContext("gc")

const problemOf = async (answer: Response): Promise<Problem> => answer.json()

describe("a relay", () => {
  it("isn't made without authorize, without a provider, or with a field that sends videos away", async () => {
    const options = optionsOf(await mocked())
    expect(() => Reflect.apply(createRelay, undefined, [{ ...options, authorize: undefined }])).toThrow(/authorize is missing/u)
    expect(() => Reflect.apply(createRelay, undefined, [{ ...options, providers: [] }])).toThrow(/providers is empty/u)
    for (const field of ["options", "options.uploadUrl", "options.storage", "options.user"])
      expect(() => createRelay({ ...options, allow: ["prompt", field] })).toThrow(TypeError)
  })

  it("lets nobody in whom authorize does not name, and shows nothing of an authorize that fails", async () => {
    const server = await mocked()
    const relay = relayTo(server)
    const answer = await relay(posted("k1", { prompt }, { user: "" }))
    expect([answer.status, (await problemOf(answer)).reason]).toEqual([401, "Unauthenticated"])
    const errors: Array<unknown> = []
    for (const user of ["", "a".repeat(256), "\uD800", 7]) {
      const odd = relayTo(server, { authorize: () => Reflect.apply(Object, undefined, [{ user }]), onError: (error) => errors.push(error) })
      expect((await odd(posted("k1"))).status).toBe(500)
    }
    const broken = relayTo(server, {
      authorize: () => Promise.reject(new Error("postgres://admin:hunter2@db")),
      onError: (error) => errors.push(error)
    })
    expect(await (await broken(posted("k1"))).text()).not.toContain("hunter2")
    expect(errors).toHaveLength(1)
    const own = relayTo(server, { authorize: () => Response.redirect("https://app.example.com/login") })
    expect((await own(requested("/jobs"))).status).toBe(302)
    expect(posts(server)).toBe(0)
  })

  it("lets no other page make a browser ask", async () => {
    const server = await mocked()
    const relay = relayTo(server)
    const refused = [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: "https://evil.example.com" },
      { origin: "null" }
    ]
    for (const headers of refused) expect((await relay(posted("k1", { prompt }, { headers }))).status).toBe(403)
    expect((await relay(requested("/jobs", { headers: { "sec-fetch-site": "cross-site" } }))).status).toBe(403)
    // A form: it can send neither JSON nor a header of its own.
    const form = (headers: Readonly<Record<string, string>>) =>
      relay(new Request(`${base}/events`, { method: "POST", headers: { cookie: "user=ann", ...headers }, body: "{}" }))
    expect((await form({ "content-type": "text/plain" })).status).toBe(403)
    expect((await form({ "content-type": "application/json" })).status).toBe(403)
    expect((await form({ "content-type": "text/plain", "x-reelay": "1" })).status).toBe(415)
    const asked = await relay(new Request(`${base}/jobs`, { method: "OPTIONS", headers: { origin: "https://evil.example.com" } }))
    expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([403, null])
    expect(posts(server)).toBe(0)
    const open = relayTo(server, { origins: ["https://other.example.com"] })
    const headers = { origin: "https://other.example.com", "sec-fetch-site": "cross-site" }
    const listed = await open(posted("k1", { prompt }, { headers }))
    expect([listed.status, listed.headers.get("access-control-allow-origin")]).toEqual([201, "https://other.example.com"])
    expect((await open(new Request(`${base}/jobs`, { method: "OPTIONS", headers }))).status).toBe(204)
  })

  it("knows no path but its own, however it is written", async () => {
    const server = await mocked()
    const relay = relayTo(server, { basePath: "/api/video" })
    const job = await submitted(relay, "k1")
    const paths = [
      "/api/video/jobs/../../jobs",
      "/api/video//jobs",
      "/api/video/%6Aobs",
      `/api/video/jobs/%2e%2e/${job}`,
      `/api/video/jobs/${job}%00`,
      `/api/video/jobs/${job}/video/../../secrets`,
      `/api/video/jobs/${job};x`,
      "/api/video/jobs/",
      "/jobs",
      "/api/video/__proto__",
      `/api/video/jobs/${"a".repeat(5000)}`
    ]
    for (const path of paths) {
      const answer = await relay(new Request(`https://app.example.com${path}`, { headers: { cookie: "user=ann" } }))
      expect([path, answer.status === 404 || (path === "/api/video/jobs/" && answer.status === 200)]).toEqual([path, true])
    }
    for (const name of ["__proto__", "constructor", "j1.", `j1.${"A".repeat(3000)}`, "...."]) {
      expect((await relay(requested(`/jobs/${name}`))).status).toBe(404)
    }
    for (const method of ["PUT", "PATCH", "DELETE"]) {
      const answer = await relay(requested("/jobs", { method }))
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, POST"])
    }
  })

  it("writes no line that a text from outside has chosen", async () => {
    const server = await mocked()
    const relay = relayTo(server)
    const lines = "\r\nset-cookie: user=bob\r\n\r\nevent: end\ndata: {}\n\n"
    const job = await submitted(relay, "k1", { prompt: `${prompt} ${lines} mock:fail` })
    const seen = await allEvents(await relay(requested(`/jobs/${job}/events?lastEventId=${encodeURIComponent(lines)}`)))
    expect(seen.map(({ event }) => event).filter((event) => event !== "state")).toEqual(["end"])
    const answer = await relay(
      requested("/jobs", { method: "POST", headers: { "idempotency-key": "k2" }, body: { request: { prompt, [lines]: 1 } } })
    )
    expect(answer.status).toBe(400)
    expect(answer.headers.has("set-cookie")).toBe(false)
    for (const key of [`a${String.fromCharCode(0xe9)}`, '"a"b"', " ", `"${"k".repeat(256)}"`]) {
      expect((await relay(posted(key))).status).toBe(400)
    }
    expect((await relay(posted('"quoted"'))).status).toBe(201)
  })

  it("takes a made-up Last-Event-ID for none", async () => {
    const relay = relayTo(await mocked({ duration: 60_000 }))
    const job = await submitted(relay, "k1")
    for (const forged of ["1.2", "9.9.9", "1.2.-5", "1.4.0", "1.2.1e9", "{}", "2.0.0", "1.1.99999999999"]) {
      const reader = eventsOf(await relay(requested(`/jobs/${job}/events`, { headers: { "last-event-id": forged } })))
      expect((await reader.next()).value).toMatchObject({ event: "state", data: { job } })
      await reader.return()
    }
    // One that claims the end is believed, and so gets nothing; nobody else is touched by it.
    const claimed = await relay(requested(`/jobs/${job}/events`, { headers: { "last-event-id": "1.3.0" } }))
    const other = eventsOf(await relay(requested(`/jobs/${job}/events`)))
    expect((await other.next()).value).toMatchObject({ event: "state" })
    await Promise.all([other.return(), claimed.body?.cancel()])
  })

  it("reads no body beyond its limit, whatever its length says, nor one that never ends", async () => {
    const server = await mocked()
    const relay = relayTo(server, { limits: { requestBytes: 10_000 } })
    const said = await relay(posted("k1", { prompt: "x".repeat(20_000) }))
    expect([said.status, (await problemOf(said)).reason]).toEqual([413, "BodyTooLarge"])
    let given = 0
    let isCancelled = false
    const endless = new ReadableStream({
      pull: (controller) => {
        given += 1000
        controller.enqueue(new Uint8Array(1000).fill(32))
      },
      cancel: () => void (isCancelled = true)
    })
    const headers = { cookie: "user=ann", "x-reelay": "1", "content-type": "application/json", "idempotency-key": "k2" }
    const init: RequestInit & { readonly duplex: "half" } = { method: "POST", headers, body: endless, duplex: "half" }
    expect((await relay(new Request(`${base}/jobs`, init))).status).toBe(413)
    expect(given).toBeLessThan(20_000)
    expect(isCancelled).toBe(true)
    const deep = `{"request":${'{"a":'.repeat(2000)}1${"}".repeat(2000)}}`
    expect(
      (await relay(requested("/jobs", { method: "POST", headers: { "idempotency-key": "k3" }, body: deep.slice(0, 9000) }))).status
    ).toBe(400)
    const proto = '{"request":{"prompt":"a","__proto__":{"options":{"uploadUrl":"https://evil.example.com"}}}}'
    expect((await relay(requested("/jobs", { method: "POST", headers: { "idempotency-key": "k4" }, body: proto }))).status).toBe(400)
    expect(posts(server)).toBe(0)
  })

  it("limits how often and how much a user may ask, each for themselves", async () => {
    const server = await mocked({ duration: 60_000 })
    const relay = relayTo(server, { limits: { submissionsPerMinute: 3, requestsPerMinute: 40 } })
    for (const key of ["k1", "k2", "k3"]) await submitted(relay, key)
    const fourth = await relay(posted("k4"))
    expect([fourth.status, Number(fourth.headers.get("retry-after")) > 0]).toEqual([429, true])
    // A repeat isn't a submission.
    expect((await relay(posted("k1"))).status).toBe(201)
    await submitted(relay, "k1", { prompt }, "bob")
    const answers = await Promise.all(Array.from({ length: 60 }, () => relay(requested("/jobs"))))
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(20)
    expect((await relay(requested("/jobs", { user: "bob" }))).status).toBe(200)
    expect(posts(server)).toBe(4)
  })

  it("limits a user's unfinished jobs, also of many requests at once and after a restart, and frees the place at the end", async () => {
    const server = await mocked({ duration: 300 })
    const relay = relayTo(server, { limits: { jobs: 2 } })
    const answers = await Promise.all(["k1", "k2", "k3", "k4"].map((key) => relay(posted(key, { prompt: `${prompt} mock:duration=1s` }))))
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([201, 201, 429, 429])
    expect(posts(server)).toBe(2)
    expect((await relay(posted("k5", { prompt }, { user: "bob" }))).status).toBe(201)
    // Nobody watched them: a new wish asks about them.
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await until(async () => (await relay(posted("k6"))).status === 201)
  })

  it("keeps ten thousand streams small, and forgets them all when they leave", async () => {
    const server = await mocked({ duration: 600_000 })
    const relay = relayTo(server, { limits: { streams: 200, requestsPerMinute: 10_000 }, watch: { pace: 500 } })
    const names = await Promise.all(
      Array.from({ length: 51 }, (_, user) => submitted(relay, "k1", { prompt: `${prompt} ${user}` }, `user${user}`))
    )
    const open = (user: number) => relay(requested(`/jobs/${names[user]}/events`, { user: `user${user}` }))
    collect()
    const before = process.memoryUsage().heapUsed
    let all: ReadonlyArray<Response> = await Promise.all(names.flatMap((_, user) => Array.from({ length: 200 }, () => open(user))))
    expect(all.filter(({ status }) => status === 200)).toHaveLength(10_000)
    expect(all.filter(({ status }) => status === 429)).toHaveLength(200)
    expect(relay.stats().streams).toBe(10_000)
    collect()
    expect((process.memoryUsage().heapUsed - before) / all.length).toBeLessThan(20_000)
    expect((await open(0)).status).toBe(429)
    const atFirst = polls(server)
    const began = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(polls(server) - atFirst).toBeLessThanOrEqual(51 * ((performance.now() - began) / 500 + 1))
    await Promise.all(all.map((answer) => answer.body?.cancel() ?? Promise.resolve()))
    expect(relay.stats()).toEqual({ streams: 0, watched: 0 })
    // Polls that were under way end within this.
    await new Promise((resolve) => setTimeout(resolve, 100))
    const left = polls(server)
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(polls(server)).toBe(left)
    all = []
    collect()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8_000_000)
  })

  it("shows the key, the account, the provider's address, ids and links in no answer", async () => {
    const server = await mocked()
    const relay = relayTo(server)
    let all = ""
    const take = async (request: Request): Promise<string> => {
      const answer = await relay(request)
      const text = `${JSON.stringify(Array.from(answer.headers))} ${await answer.text()}`
      all += text
      return text
    }
    for (const words of ["", "mock:fail", "mock:moderated-400", "mock:lost-submit", "mock:fault=submit-error.invalid"]) {
      const job = /"job":"(j1[^"]+)"/u.exec(await take(posted(`k ${words}`.replaceAll(" ", "-"), { prompt: `${prompt} ${words}` })))?.[1]
      if (job === undefined) continue
      await take(requested(`/jobs/${job}/events`))
      await take(requested(`/jobs/${job}`))
      await take(requested(`/jobs/${job}/video`))
    }
    await take(requested("/jobs"))
    const ids = server.mock.journal.flatMap(({ jobId }) => (jobId === undefined ? [] : [jobId]))
    expect(ids.length).toBeGreaterThan(3)
    for (const secret of [apiKey, "acme-account", new URL(server.url).host, "signature=", "https://", ...ids])
      expect(all).not.toContain(secret)
  })
})
