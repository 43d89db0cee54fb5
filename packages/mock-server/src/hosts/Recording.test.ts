import * as fc from "fast-check"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { makeVideo } from "../../test/careful.ts"
import { endpoints, makeClient, start } from "../../test/client.ts"
import { type Name, providerNames } from "../../test/names.ts"
import * as Mock from "../mock/Mock.ts"
import { builtIn } from "../providers/index.ts"
import * as Recording from "./Recording.ts"

const upstream = "http://127.0.0.1:8787"

/** A recorder whose upstream is a mock in this process, and all that was asked of it. */
const makeRecorder = (provider: Name = "xai", options: Partial<Recording.RecorderOptions> = {}) => {
  const client = makeClient({ duration: 10_000 })
  const asked: Array<Request> = []
  const fetch: typeof globalThis.fetch = (input, init) => {
    asked.push(new Request(input, init))
    return Mock.fetchOf(client.mock)(input, init)
  }
  const now = (): number => client.mock.clock.now
  const recorder = Result.getOrThrow(
    Recording.recorder({ provider: builtIn[provider], upstream: `${upstream}/${provider}`, now, fetch, ...options })
  )
  return { ...client, asked, recorder }
}

const send = (host: Pick<Mock.Mock, "handle">, path: string, init: RequestInit = {}): Promise<Response> =>
  host.handle(new Request(`http://proxy.test${path}`, init))

const headers = { authorization: "Bearer sk-secret-0123456789", "content-type": "application/json" }

const post = (body: unknown): RequestInit => ({ method: "POST", headers, body: JSON.stringify(body) })

/** A job from its submission to its end, as its client sees it. */
const life = async (host: Pick<Mock.Mock, "handle">, provider: Name, at: (elapsed: number) => void) => {
  const { body, poll, submit } = endpoints[provider]
  const texts: Array<string> = []
  const say = async (path: string, init: RequestInit): Promise<string> => {
    const answer = await send(host, `/${provider}${path}`, init)
    const text = await answer.text()
    texts.push(`${answer.status} ${answer.headers.get("content-type")} ${text}`)
    return text
  }
  const accepted = await say(submit, post({ ...body, prompt: "A candle" }))
  const [, id = ""] = /"(?:request_id|task_id|id)":"([^"]+)"/.exec(accepted) ?? /"data":"([^"]+)"/.exec(accepted) ?? []
  for (const elapsed of [0, 5000, 10_000]) {
    at(elapsed)
    await say(poll(id), { headers })
  }
  return texts
}

const reread = (recording: Recording.Recording): Recording.Recording =>
  Result.getOrThrow(Recording.fromJson(JSON.parse(JSON.stringify(recording))))

const unsigned = (text: string): string => text.replaceAll(/signature=[\w-]+/g, "signature=")

const exchange = (request: Partial<Recording.Asked>, answer: Partial<Recording.Answered> = {}): Recording.Exchange => ({
  at: start,
  took: 5,
  request: { method: "POST", path: "/v1/videos/generations", headers: {}, ...request },
  answer: { status: 200, headers: {}, ...answer }
})

const fileOf = (...exchanges: ReadonlyArray<Recording.Exchange>): string =>
  JSON.stringify(exchanges.reduce(Recording.record, Recording.empty("xai", "https://api.x.ai")).recording)

const escaped = (text: string): string =>
  Array.from(text, (letter) => `\\u${(letter.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`).join("")
const percent = (text: string): string =>
  Array.from(text, (letter) => `%${(letter.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`).join("")

const utf8 = (text: string) => new TextEncoder().encode(text)

const ids = async (host: Pick<Mock.Mock, "handle">, prompts: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const texts: Array<string> = []
  for (const prompt of prompts) texts.push(await (await send(host, "/xai/v1/videos/generations", post({ prompt }))).text())
  return texts
}

const formRequest = (): RequestInit => {
  const body = new FormData()
  body.set("model", "grok-video-3")
  body.set("prompt", "A candle")
  return { method: "POST", headers: { authorization: "Bearer key" }, body }
}

describe("a recorder", () => {
  it.each(providerNames)("answers as the upstream, %s, does, and a replay of its recording says the same", async (provider) => {
    const direct = makeClient({ duration: 10_000 })
    const { at, recorder } = makeRecorder(provider)
    const said = await life(recorder, provider, at)
    const real = await life(direct.mock, provider, direct.at)
    expect(said).toEqual(real.map((text) => text.replaceAll("http://proxy.test", upstream)))
    expect(said.at(-1)).toContain("signature=")
    const again = await life(Recording.player(reread(recorder.recording)), provider, () => undefined)
    expect(again.map(unsigned)).toEqual(said.map(unsigned))
    expect(JSON.stringify(recorder.recording)).not.toContain("sk-secret")
    expect(recorder.recording.exchanges.map(({ at: since }) => since)).toEqual([0, 0, 5000, 10_000])
  })

  it("sends the client's key and body to the upstream, and to no other host", async () => {
    const { asked, recorder } = makeRecorder()
    await send(recorder, "/xai/v1/videos/generations", post({ prompt: "A candle" }))
    for (const path of ["/xai//evil.test/v1/videos/x", "/xai/v1/videos/@evil.test", "/xai/v1/videos/..%2f..%2fx", "/xai/../v1/videos/x"]) {
      await send(recorder, path, { headers })
    }
    expect(asked.length).toBeGreaterThan(0)
    for (const { headers: sent, redirect, url } of asked) {
      expect(url.startsWith(`${upstream}/xai/v1/videos/`)).toBe(true)
      expect([redirect, sent.get("authorization")]).toEqual(["manual", headers.authorization])
    }
    expect(await asked[0]?.json()).toEqual({ prompt: "A candle" })
  })

  it("any path that it is asked for stays with the upstream", async () => {
    const { asked, recorder } = makeRecorder()
    await fc.assert(
      fc.asyncProperty(fc.webPath(), fc.constantFrom("/xai", "/xai/v1/videos", "/xai/v1/videos/", "/xai@"), async (path, prefix) => {
        await send(recorder, prefix + path, { headers })
        return asked.every(({ url }) => url.startsWith(`${upstream}/xai/v1/videos/`))
      })
    )
    expect(asked.length).toBeGreaterThan(0)
  })

  it.each([
    ["GET", "/xai/v1/models"],
    ["DELETE", "/xai/v1/videos/x"],
    ["GET", "/geeknow/v1/videos/x"],
    ["GET", "/files/xai/x.mp4"],
    ["GET", "/"]
  ])("refuses %s %s, and passes nothing on", async (method, path) => {
    const { asked, recorder } = makeRecorder()
    const answer = await send(recorder, path, { method, headers })
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining("was not passed on")])
    expect([asked, recorder.recording.exchanges]).toEqual([[], []])
  })

  it("passes a redirect on, does not follow it, and keeps its signature out", async () => {
    const location = "https://cdn.test/x.mp4?X-Amz-Signature=abc&X-Amz-Expires=60"
    const { recorder } = makeRecorder("geeknow", {
      fetch: () => Promise.resolve(new Response(null, { status: 302, headers: { location, "set-cookie": "sid=c00kie-c00kie" } }))
    })
    const answer = await send(recorder, "/geeknow/v1/videos/x/content", { headers })
    expect([answer.status, answer.headers.get("location")]).toEqual([302, location])
    expect(recorder.recording.exchanges[0]?.answer.headers).toEqual({
      location: expect.stringMatching(/^https:\/\/cdn\.test\/x\.mp4\?X-Amz-Signature=redacted-\d+&X-Amz-Expires=60$/),
      "set-cookie": expect.stringMatching(/^redacted-\d+$/)
    })
  })

  it("says that a request without an answer may have been done, sends it once, and records nothing", async () => {
    let sent = 0
    const { recorder } = makeRecorder("xai", {
      fetch: () => {
        sent++
        return Promise.reject(new TypeError("fetch failed", { cause: new Error("read ECONNRESET") }))
      }
    })
    const answer = await send(recorder, "/xai/v1/videos/generations", post({ prompt: "A candle" }))
    expect([answer.status, await answer.json()]).toEqual([
      502,
      { error: "No answer of 127.0.0.1:8787 was recorded: read ECONNRESET. What was asked may have been done, and be billed." }
    ])
    expect([sent, recorder.recording.exchanges]).toEqual([1, []])
  })

  it("passes an answer on that could not be written down", async () => {
    const { recorder } = makeRecorder("xai", { onExchange: () => Promise.reject(new Error("disk full")) })
    expect((await send(recorder, "/xai/v1/videos/generations", post({ prompt: "A candle" }))).status).toBe(200)
  })

  it.each(["api.x.ai", "ftp://api.x.ai", "http://api.x.ai", "https://user:pass@api.x.ai", "https://api.x.ai?key=1"])(
    "does not take %s for an upstream",
    (text) => {
      const made = Recording.recorder({ provider: builtIn.xai, upstream: text, now: () => 0 })
      expect(Result.isFailure(made) && made.failure._tag).toBe("Refused")
    }
  )
})

describe("a recording", () => {
  const key = fc.string({
    minLength: 12,
    maxLength: 40,
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCodePoint(code))
  })
  const forms: ReadonlyArray<(text: string) => string> = [
    (text) => text,
    (text) => JSON.stringify(text),
    (text) => JSON.stringify(JSON.stringify(text)),
    (text) => text.replaceAll("/", "\\/"),
    escaped,
    encodeURIComponent,
    (text) => encodeURIComponent(encodeURIComponent(text)),
    percent,
    (text) => Array.from(text, (letter) => `&#${letter.codePointAt(0)};`).join(""),
    (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;").replaceAll("/", "&#x2F;")
  ]
  const header = fc.constantFrom(
    "authorization",
    "x-api-key",
    "api-key",
    "cookie",
    "openai-organization",
    "x-account-id",
    "x-goog-user-project"
  )

  it("holds no key, in any form in which it was echoed", () => {
    fc.assert(
      fc.property(key, header, fc.integer({ min: 0, max: forms.length - 1 }), (secret, name, index) => {
        const echo = forms[index]?.(secret) ?? ""
        const value = name === "authorization" ? `Bearer ${secret}` : secret
        const text = fileOf(
          exchange({ path: "/v1/videos/x", headers: {} }, { body: { text: `earlier ${echo}` } }),
          exchange(
            { headers: { [name]: value }, body: { json: { prompt: `x${echo}y`, [echo]: 1 } } },
            { body: { json: { error: `Incorrect key ${echo}.`, nested: [{ echo }] } } }
          ),
          exchange({ body: { form: [{ name: "prompt", value: echo }] } }, { body: { text: `<p>${echo}</p>` } })
        )
        for (const form of forms) {
          const plain = form(secret)
          // In the file itself a text is escaped once more.
          expect(text).not.toContain(plain)
          expect(text).not.toContain(JSON.stringify(plain).slice(1, -1))
        }
      }),
      { numRuns: 300 }
    )
  })

  it("holds no signature of a URL, in whatever place it stands", () => {
    const value = fc.string({ minLength: 6, maxLength: 60, unit: fc.constantFrom(...Array.from("abcXYZ0189+/=-_.~'()*!")) })
    const name = fc.constantFrom("X-Amz-Signature", "sig", "token", "Policy", "Key-Pair-Id", "sign", "expires")
    fc.assert(
      fc.property(value, name, fc.boolean(), (secret, parameter, isEncoded) => {
        const sent = isEncoded ? encodeURIComponent(secret) : secret
        fc.pre(!/^\d+$/.test(secret))
        const url = `https://cdn.test/v.mp4?x=1&${parameter}=${sent}&y=2`
        const text = fileOf(
          exchange(
            { path: `/v1/videos/x?${parameter}=${sent}` },
            { headers: { location: url }, body: { json: { video: { url }, said: `at ${url}.` } } }
          ),
          exchange({}, { body: { text: `<a href="${url}">${JSON.stringify({ url: url.replaceAll("&", "\\u0026") })}</a>` } })
        )
        expect(text).not.toContain(`=${sent}`)
        expect(text).toContain("https://cdn.test/v.mp4?")
      }),
      { numRuns: 300 }
    )
  })

  it("has one placeholder for one secret, so that links still match", () => {
    const url = "https://cdn.test/v.mp4?sig=abcdefgh"
    const { exchanges } = [
      exchange({ headers: { authorization: "Bearer key-0123456789" } }, { body: { json: { url, echo: "key-0123456789" } } }),
      exchange({ headers: { authorization: "Bearer another-key-1" }, path: "/v1/videos/x?sig=abcdefgh" }, { body: { json: { url } } })
    ].reduce(Recording.record, Recording.empty("xai", "https://api.x.ai")).recording
    const signed = { url: "https://cdn.test/v.mp4?sig=redacted-2" }
    expect(exchanges).toMatchObject([
      { request: { headers: { authorization: "Bearer redacted-1" } }, answer: { body: { json: { ...signed, echo: "redacted-1" } } } },
      {
        request: { headers: { authorization: "Bearer redacted-3" }, path: "/v1/videos/x?sig=redacted-2" },
        answer: { body: { json: signed } }
      }
    ])
  })

  it("leaves a secret out of a request that only its answer shows to be one", () => {
    const text = fileOf(
      exchange({ body: { json: { prompt: "account acct-0123456789" } } }, { headers: { "x-account-id": "acct-0123456789" } })
    )
    expect(text).not.toContain("acct-0123456789")
  })

  it("leaves out fields that are named as secrets, users of URLs, and headers that nobody needs", () => {
    const text = fileOf(
      exchange(
        {
          headers: { host: "api.x.ai", "x-forwarded-for": "203.0.113.7" },
          body: { json: { api_key: "k1234", prompt: "A token of love" } }
        },
        { headers: { "x-request-id": "req-77", "content-type": "application/json" }, body: { text: "https://me:pass@cdn.test/x" } }
      )
    )
    for (const secret of ["k1234", "me:pass", "203.0.113.7", "x-request-id"]) expect(text).not.toContain(secret)
    expect(text).toContain("A token of love")
    expect(text).toContain('"content-type":"application/json"')
  })

  it("keeps JSON as JSON, but for ids that JavaScript would change", async () => {
    expect(await Recording.bodyOf(utf8('{"a": 1.0}'), "application/json")).toEqual({ json: { a: 1 } })
    expect(await Recording.bodyOf(utf8('{"id":12345678901234567890}'), "application/json")).toEqual({
      text: '{"id":12345678901234567890}'
    })
    expect(await Recording.bodyOf(utf8('{"id":"12345678901234567890"}'), "")).toEqual({ json: { id: "12345678901234567890" } })
    expect(await Recording.bodyOf(utf8("<p>"), "text/html")).toEqual({ text: "<p>" })
    expect(await Recording.bodyOf(utf8(""), "application/json")).toBeUndefined()
    const file = { type: "video/mp4", size: 3, sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" }
    expect(await Recording.bodyOf(utf8("abc"), "video/mp4")).toEqual({ file })
  })

  it("that is none is refused", () => {
    expect(Result.isFailure(Recording.fromJson({ version: 2, provider: "xai", upstream: "", exchanges: [] }))).toBe(true)
    expect(Result.isFailure(Recording.fromJson("[]"))).toBe(true)
  })
})

describe("a player", () => {
  it("gives a job's later poll the later answer, and the last one for ever", async () => {
    const { at, recorder } = makeRecorder()
    const said = await life(recorder, "xai", at)
    const player = Recording.player(recorder.recording)
    const id = (/"request_id":"([^"]+)"/.exec(said[0] ?? "") ?? [])[1]
    const ask = async (): Promise<unknown> => (await send(player, `/xai/v1/videos/${id}`)).text()
    const [first, second, last, beyond, further] = [await ask(), await ask(), await ask(), await ask(), await ask()]
    expect(new Set([first, second, last]).size).toBe(3)
    expect([beyond, further]).toEqual([last, last])
  })

  it("tells jobs apart by what was asked, and gives each submission of the same its own id", async () => {
    const { recorder } = makeRecorder()
    const [a, b, again] = await ids(recorder, ["a", "b", "a"])
    expect(new Set([a, b, again]).size).toBe(3)
    expect(await ids(Recording.player(recorder.recording), ["b", "a", "a", "a"])).toEqual([b, a, again, again])
  })

  it("shows a careful client the states that it saw, whatever its key", async () => {
    const { recorder } = makeRecorder("xai")
    const script = JSON.stringify({ advances: { polls: 3 } })
    const scripted: Pick<Mock.Mock, "handle"> = {
      handle: (request) => {
        const sent = new Headers(request.headers)
        sent.set("x-reelay-script", script)
        return recorder.handle(new Request(request, { headers: sent }))
      }
    }
    const states: Array<unknown> = []
    const watched =
      (host: Pick<Mock.Mock, "handle">, file: Pick<Mock.Mock, "handle">): typeof globalThis.fetch =>
      (input, init) => {
        const request = new Request(input, init)
        if (request.url.endsWith("/__mock/trace")) states.push(init?.body)
        return Mock.fetchOf(new URL(request.url).pathname.startsWith("/files/") ? file : host)(request)
      }
    const file = { handle: () => Promise.resolve(new Response("video", { headers: { "content-type": "video/mp4" } })) }
    expect(await makeVideo(watched(scripted, file), "http://proxy.test/xai")).toBe("succeeded")
    expect(await makeVideo(watched(Recording.player(reread(recorder.recording)), file), "http://proxy.test/xai")).toBe("succeeded")
    expect(states).toHaveLength(2)
    expect(states[1]).toEqual(states[0])
  })

  it("answers what was not recorded with 404, and names what is nearest and what differs", async () => {
    const { recorder } = makeRecorder()
    await send(recorder, "/xai/v1/videos/generations", post({ prompt: "A candle", duration: 5 }))
    const player = Recording.player(recorder.recording)
    const other = await send(player, "/xai/v1/videos/generations", post({ duration: 5, prompt: "A lamp" }))
    expect([other.status, await other.json()]).toEqual([
      404,
      {
        error:
          'POST /xai/v1/videos/generations was not recorded as it is. Nearest is POST /v1/videos/generations: its body differs in "prompt".',
        nearest: { method: "POST", path: "/v1/videos/generations", differs: 'its body differs in "prompt"' }
      }
    ])
    const path = await send(player, "/xai/v1/videos/generation", post({ duration: 5, prompt: "A candle" }))
    expect([path.status, await path.text()]).toEqual([404, expect.stringContaining("its path differs")])
    const method = await send(player, "/xai/v1/videos/generations", { headers })
    expect([method.status, await method.text()]).toEqual([404, expect.stringContaining("its method is POST, not GET")])
    expect((await send(player, "/xai/v1/videos/generations", post({ duration: 5, prompt: "A candle" }))).status).toBe(200)
    expect((await send(player, "/geeknow/v1/videos/x")).status).toBe(404)
  })

  it("has a file's bytes where they were kept, and else says how to record them", async () => {
    const kept = new Map<string, Uint8Array>()
    const video = Uint8Array.of(0, 1, 2, 255)
    const { recorder } = makeRecorder("geeknow", {
      fetch: () => Promise.resolve(new Response(video, { headers: { "content-type": "video/mp4" } })),
      onExchange: (_, files) => {
        for (const [name, bytes] of files) kept.set(name, bytes)
      }
    })
    await send(recorder, "/geeknow/v1/videos/x/content", { headers })
    const bytesOf = (name: string) => {
      const bytes = kept.get(name)
      return Promise.resolve(bytes === undefined ? undefined : Uint8Array.from(bytes))
    }
    const whole = await send(Recording.player(recorder.recording, { bytesOf }), "/geeknow/v1/videos/x/content")
    expect(new Uint8Array(await whole.arrayBuffer())).toEqual(video)
    const none = await send(Recording.player(recorder.recording), "/geeknow/v1/videos/x/content")
    expect([none.status, await none.text()]).toEqual([501, expect.stringContaining("--files")])
    const part = await send(Recording.player(recorder.recording, { bytesOf }), "/geeknow/v1/videos/x/content", {
      headers: { range: "bytes=1-2" }
    })
    expect(part.status).toBe(404)
  })

  it("takes a request for the same whatever secrets came before it", async () => {
    const { recorder } = makeRecorder()
    const image = { url: "https://cdn.test/a.png?sig=abc" }
    await send(recorder, "/xai/v1/videos/generations", post({ prompt: "https://cdn.test/b.png?sig=xyz" }))
    const said = await (await send(recorder, "/xai/v1/videos/generations", post({ prompt: "A candle", image }))).text()
    const again = await send(Recording.player(recorder.recording), "/xai/v1/videos/generations", post({ prompt: "A candle", image }))
    expect(await again.text()).toBe(said)
  })

  it("takes a form for the same whatever its boundary", async () => {
    const { recorder } = makeRecorder("geeknow")
    const said = await (await send(recorder, "/geeknow/v1/videos", formRequest())).text()
    const again = await send(Recording.player(reread(recorder.recording)), "/geeknow/v1/videos", formRequest())
    expect([again.status, await again.text()]).toEqual([200, said])
  })
})
