import { createServer } from "node:http"
import { describe, expect, it } from "vitest"
import { allEvents, later, mocked, prompt, relayTo, requested, submitted, until } from "./relay.ts"

const finished = async (words = "", more = {}, options = {}) => {
  const server = await mocked({ duration: 100, ...options })
  const relay = relayTo(server, more)
  const job = await submitted(relay, "k1", { prompt: `${prompt} ${words}` })
  await allEvents(await relay(requested(`/jobs/${job}/events`)))
  const ask = (headers: Readonly<Record<string, string>> = {}, method = "GET") =>
    relay(requested(`/jobs/${job}/video`, { headers, method }))
  return { server, relay, job, ask }
}

describe.concurrent("the video", () => {
  it("comes whole or in the parts that players ask for, from the relay alone", async () => {
    const { ask } = await finished()
    const whole = await ask()
    const bytes = await whole.bytes()
    const total = bytes.byteLength
    expect(whole.status).toBe(200)
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      "accept-ranges": "bytes",
      "content-length": String(total),
      "content-type": "video/mp4",
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin"
    })
    for (const [range, from, to] of [
      ["bytes=0-1", 0, 2],
      ["bytes=0-", 0, total],
      [`bytes=${total - 5}-${total + 50}`, total - 5, total],
      ["bytes=-7", total - 7, total]
    ] as const) {
      const part = await ask({ range })
      expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes ${from}-${to - 1}/${total}`])
      expect(await part.bytes()).toEqual(bytes.slice(from, to))
    }
    const beyond = await ask({ range: `bytes=${total}-` })
    expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, `bytes */${total}`])
    for (const range of ["bytes=5-1", "bytes=0-1,4-5", "lines=1-2", "bytes=a-b"]) expect((await ask({ range })).status).toBe(200)
    const head = await ask({}, "HEAD")
    expect([head.status, head.headers.get("content-length"), head.body]).toEqual([200, String(total), null])
  })

  it("has one ETag, which If-None-Match and If-Range know", async () => {
    const { ask } = await finished()
    const etag = (await ask({}, "HEAD")).headers.get("etag") ?? ""
    expect(etag).toMatch(/^"[\da-f]{24}"$/u)
    expect((await ask()).headers.get("etag")).toBe(etag)
    expect((await ask({ range: "bytes=0-1" })).headers.get("etag")).toBe(etag)
    expect((await ask({ "if-none-match": `"x", ${etag}` })).status).toBe(304)
    expect((await ask({ range: "bytes=0-1", "if-range": etag })).status).toBe(206)
    expect((await ask({ range: "bytes=0-1", "if-range": '"old"' })).status).toBe(200)
  })

  it("is fetched again where its link has expired", async () => {
    const { ask } = await finished("mock:url-expired")
    expect((await ask()).status).toBe(200)
  })

  it("is refused if it is too large, if there is none, and while there is none yet", async () => {
    const large = await (await finished("", { artifacts: { maxBytes: 100 } })).ask()
    expect([large.status, (await large.json()).reason]).toEqual([502, "ArtifactTooLarge"])
    const none = await (await finished("mock:fail")).ask()
    expect([none.status, (await none.json()).reason]).toEqual([409, "NoVideo"])
    const relay = relayTo(await mocked({ duration: 60_000 }))
    const early = await relay(requested(`/jobs/${await submitted(relay, "k1")}/video`))
    expect([early.status, early.headers.get("retry-after"), (await early.json()).reason]).toEqual([409, "5", "NotReady"])
  })

  it("is fetched no further when its reader leaves", async () => {
    const { ask, server } = await finished("mock:fault=file-body-stall")
    const answer = await ask()
    const reader = answer.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await until(() => server.mock.journal.some(({ route, cut }) => route === "file" && cut !== undefined))
    expect((await ask({ range: "bytes=0-1" })).status).toBe(206)
  })
})

const mp4 = Uint8Array.from([0, 0, 0, 24, ...Buffer.from("ftypisom"), ...new Uint8Array(60)])

/** xAI whose finished job leads to this file, with this type. It knows ranges. */
const vendor = async (file: Uint8Array, type: string) => {
  const server = createServer((request, response) => {
    const json = (value: unknown) => void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value))
    if (request.method === "POST") return json({ request_id: "job-1" })
    if (request.url?.endsWith("/job-1") === true)
      return json({ status: "done", video: { url: `http://${request.headers.host}/file`, duration: 6 } })
    const [, first, last] = /^bytes=(\d*)-(\d*)$/u.exec(request.headers.range ?? "") ?? []
    const total = file.byteLength
    if (first === undefined) return void response.writeHead(200, { "content-type": type, "content-length": total }).end(file)
    const from = first === "" ? Math.max(0, total - Number(last)) : Number(first)
    const to = first === "" || last === "" ? total : Math.min(total, Number(last) + 1)
    if (from >= to) return void response.writeHead(416, { "content-range": `bytes */${total}` }).end()
    const headers = { "content-type": type, "content-length": to - from, "content-range": `bytes ${from}-${to - 1}/${total}` }
    response.writeHead(206, headers).end(file.subarray(from, to))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  later(() => new Promise((resolve) => server.close(resolve)))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
  const relay = relayTo({ url })
  const job = await submitted(relay, "k1", { prompt })
  await allEvents(await relay(requested(`/jobs/${job}/events`)))
  return (headers: Readonly<Record<string, string>> = {}, method = "GET") => relay(requested(`/jobs/${job}/video`, { headers, method }))
}

describe("the bytes of a video decide, not its header:", () => {
  it.each(["text/plain", "text/html", "application/octet-stream"])("F13: an MP4 as %s is a video, whole and in parts", async (type) => {
    const ask = await vendor(mp4, type)
    const part = await ask({ range: "bytes=30-39" })
    expect([part.status, part.headers.get("content-type"), await part.bytes()]).toEqual([206, "video/mp4", mp4.slice(30, 40)])
    const head = await ask({}, "HEAD")
    expect([head.status, head.headers.get("content-type"), head.headers.get("content-length")]).toEqual([200, "video/mp4", "72"])
    const whole = await ask()
    expect([whole.status, whole.headers.get("content-type"), await whole.bytes()]).toEqual([200, "video/mp4", mp4])
    expect((await ask({ range: "bytes=500-" })).status).toBe(416)
  })

  it.each([
    ["an error text", Buffer.from("File not found or expired, since it is old"), "application/octet-stream"],
    ["a page", Buffer.from("<html><body>Log in, please, to see this</body></html>"), "video/mp4"],
    ["a JPEG", Buffer.from([0xff, 0xd8, 0xff, 0xe0, ...Array.from({ length: 90 }, (_, index) => index)]), "video/mp4"]
  ])("F12: %s is none, in whichever part it is asked for", async (_, file, type) => {
    for (const [headers, method] of [
      [{}, "GET"],
      [{ range: "bytes=0-1" }, "GET"],
      [{ range: "bytes=9-" }, "GET"],
      [{ range: "bytes=-5" }, "GET"],
      [{}, "HEAD"]
    ] as const) {
      const ask = await vendor(file, type)
      expect((await ask(headers, method)).status).toBe(502)
    }
  })
})
