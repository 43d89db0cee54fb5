import { describe, expect, it } from "vitest"
import { makeClient, origin, start, urlIn } from "../../test/client.ts"
import { type Name, providerNames } from "../../test/names.ts"
import * as Script from "../script/Script.ts"
import * as Mp4 from "./mp4/Mp4.ts"

/** A client with a finished job, and the URL of its file. */
const finished = async (prompt = "", provider: Name = "xai") => {
  const client = makeClient({ urlTtl: 60_000 })
  const id = await client.submit(provider, `x mock:fast ${prompt}`)
  const url = urlIn((await client.poll(provider, id)).text)
  const file = async (init: RequestInit = {}, from = url) => {
    const response = await client.mock.handle(new Request(from, init))
    const bytes = new Uint8Array(await response.arrayBuffer())
    return { status: response.status, headers: Object.fromEntries(response.headers), bytes, text: new TextDecoder().decode(bytes) }
  }
  return { client, id, url, file }
}

describe("a file", () => {
  it.each(providerNames)("of %s is an MP4, without a key, of the length of the job", async (provider) => {
    const { url, file, id } = await finished("", provider)
    expect(url.startsWith(`${origin}/files/${provider}/${id}.mp4?`)).toBe(true)
    const { status, headers, bytes } = await file()
    expect(status).toBe(200)
    expect(headers).toMatchObject({ "content-type": "video/mp4", "accept-ranges": "bytes", "content-length": String(bytes.length) })
    expect(new TextDecoder().decode(bytes.subarray(4, 8))).toBe("ftyp")
  })

  it.each(providerNames)("of %s shows its job and its seed", async (provider) => {
    const { bytes } = await (await finished("", provider)).file()
    const { id } = await finished("", provider)
    expect(Mp4.read(bytes)).toMatchObject({ id, seed: "reelay", intact: true })
  })

  it("shows the seed of a script that has one of its own, and differs by it", async () => {
    const client = makeClient()
    client.mock.play({ ...Script.success(0), seed: 7 })
    const id = await client.submit("xai", "x")
    const response = await client.mock.handle(new Request(urlIn((await client.poll("xai", id)).text)))
    expect(Mp4.read(new Uint8Array(await response.arrayBuffer()))).toMatchObject({ id, seed: "7", intact: true })
    const { file } = await finished()
    expect(response.headers.get("etag")).not.toBe((await file()).headers["etag"])
  })

  it("that is spoilt is seen to be", async () => {
    expect(Mp4.read((await (await finished("mock:fault=truncated")).file()).bytes)).toBeUndefined()
    expect(Mp4.read((await (await finished("mock:fault=corrupted")).file()).bytes)?.intact ?? false).toBe(false)
    expect(Mp4.read((await (await finished("mock:fault=json-instead")).file()).bytes)).toBeUndefined()
  })

  it("differs from job to job, and so does its ETag", async () => {
    const { client, file } = await finished()
    const other = urlIn((await client.poll("xai", await client.submit("xai", "x mock:fast"))).text)
    const [one, two] = [await file(), await file({}, other)]
    expect(two.bytes).not.toEqual(one.bytes)
    expect(two.headers["etag"]).not.toBe(one.headers["etag"])
  })

  it.each([
    ["bytes=0-99", 0, 100],
    ["bytes=100-", 100, undefined],
    ["bytes=-50", -50, undefined],
    ["bytes=10-9999999", 10, undefined]
  ])("gives the part %s", async (range, from, to) => {
    const { file } = await finished()
    const whole = (await file()).bytes
    const { status, headers, bytes } = await file({ headers: { range } })
    const part = whole.slice(from, to)
    const first = whole.length - part.length === from ? from : from < 0 ? whole.length + from : from
    expect(status).toBe(206)
    expect(bytes).toEqual(part)
    expect(headers["content-range"]).toBe(`bytes ${first}-${first + part.length - 1}/${whole.length}`)
    expect(headers["content-length"]).toBe(String(part.length))
  })

  it.each(["bytes=9999999-", "bytes=-0"])("refuses the part %s, which is outside, and says how long it is", async (range) => {
    const { file } = await finished()
    const { length } = (await file()).bytes
    const { status, headers } = await file({ headers: { range } })
    expect([status, headers["content-range"]]).toEqual([416, `bytes */${length}`])
  })

  it.each(["bytes=5-1", "bytes=-", "bytes=a-b", "items=0-1", "bytes=0-1,3-4"])("ignores the range %s", async (range) => {
    const { file } = await finished()
    expect((await file({ headers: { range } })).status).toBe(200)
  })

  it("obeys If-Range: a part where the ETag is the file's, else the whole", async () => {
    const { file } = await finished()
    const etag = (await file()).headers["etag"] ?? ""
    expect((await file({ headers: { range: "bytes=0-9", "if-range": etag } })).status).toBe(206)
    expect((await file({ headers: { range: "bytes=0-9", "if-range": '"another"' } })).status).toBe(200)
  })

  it.each([{}, { range: "bytes=0-9" }, { range: "bytes=9999999-" }])(
    "answers HEAD as GET with headers %j, without the body",
    async (headers) => {
      const { file } = await finished()
      const [get, head] = [await file({ headers }), await file({ method: "HEAD", headers })]
      expect([head.status, head.headers, head.bytes.length]).toEqual([get.status, get.headers, 0])
    }
  )

  it("is refused to other methods", async () => {
    const { file } = await finished()
    const { status, headers } = await file({ method: "POST" })
    expect([status, headers["allow"]]).toEqual([405, "GET, HEAD"])
  })
})

describe("a URL", () => {
  it("is good until its time, then 403 to GET and HEAD; the job gives a fresh one", async () => {
    const { client, id, url, file } = await finished()
    client.at(59_999)
    expect((await file()).status).toBe(200)
    client.at(60_000)
    const { status, text } = await file()
    expect([status, text]).toEqual([403, expect.stringContaining("Request has expired")])
    expect((await file({ method: "HEAD" })).status).toBe(403)
    const fresh = urlIn((await client.poll("xai", id)).text)
    expect(fresh).not.toBe(url)
    expect((await file({}, fresh)).status).toBe(200)
  })

  it.each([
    ["signature=0", (url: string) => url.replace(/signature=\w+/, "signature=0")],
    ["another expiry", (url: string) => url.replace(/expires=\d+/, `expires=${start}`)],
    ["no query", (url: string) => url.split("?")[0] ?? ""]
  ])("with %s is 403", async (_, change) => {
    const { url, file } = await finished()
    expect((await file({}, change(url))).status).toBe(403)
  })

  it("of an unknown job is 404", async () => {
    const { url, id, file } = await finished()
    expect((await file({}, url.replace(id, "unknown"))).status).toBe(404)
  })

  it.each(providerNames)("of %s with mock:url-expired fails until it was tried, then a fresh one is good", async (provider) => {
    const { client, id, url, file } = await finished("mock:url-expired", provider)
    expect(urlIn((await client.poll(provider, id)).text)).toBe(url)
    expect((await file()).status).toBe(403)
    expect((await file({}, urlIn((await client.poll(provider, id)).text))).status).toBe(200)
  })

  it.each(["xingchao", "geeknow"] as const)("of %s with mock:expired is never good", async (provider) => {
    const { client, id, file } = await finished("mock:expired", provider)
    expect((await file()).status).toBe(403)
    expect((await file({}, urlIn((await client.poll(provider, id)).text))).status).toBe(403)
  })

  it("to which a key is sent shows in the journal as a leak", async () => {
    const { client, file } = await finished()
    await file({ headers: { authorization: "Bearer key" } })
    await file()
    expect(client.mock.journal.filter(({ route }) => route === "file").map(({ keySent }) => keySent)).toEqual([true, undefined])
  })
})

/** What the content endpoint says so many milliseconds after a submission. */
const contentAt = async (prompt: string, elapsed: number, key = "key") => {
  const client = makeClient()
  const id = await client.submit("geeknow", `x ${prompt}`)
  client.at(elapsed)
  return client.get(`/geeknow/v1/videos/${id}/content`, key)
}

describe("the content endpoint of geeknow", () => {
  it.each([
    ["", 0, 400, "Task is not completed yet, current status: NOT_START"],
    ["", 1000, 400, "Task is not completed yet, current status: QUEUED"],
    ["", 5000, 400, "Task is not completed yet, current status: IN_PROGRESS"],
    ["mock:fail", 10_000, 400, "Task is not completed yet, current status: FAILURE"],
    ["mock:expired", 10_000, 404, "Task not found"]
  ])("with prompt '%s' after %i ms is %i: %s", async (prompt, elapsed, status, message) => {
    const answer = await contentAt(prompt, elapsed)
    expect([answer.status, answer.json]).toEqual([status, { error: { message, type: "invalid_request_error" } }])
  })

  it.each(["", "mock:no-url"])("gives the file with a key, prompt '%s'", async (prompt) => {
    const answer = await contentAt(prompt, 10_000)
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "video/mp4"])
  })

  it("needs the key of the job", async () => {
    expect((await contentAt("", 10_000, "bad")).status).toBe(401)
    const another = await contentAt("", 10_000, "another")
    expect([another.status, another.json]).toEqual([404, { error: { message: "Task not found", type: "invalid_request_error" } }])
  })
})
