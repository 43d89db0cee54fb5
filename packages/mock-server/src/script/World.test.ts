import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { endpoints, makeClient, origin, start, urlIn } from "../../test/client.ts"
import { providerNames } from "../../test/names.ts"
import { world } from "../../test/world.ts"
import { serve } from "../hosts/node.ts"
import * as Script from "./Script.ts"
import * as World from "./World.ts"

/** A world that is there, or the test fails. */
const good = (read: World.World | { readonly problem: string }): World.World => {
  if ("problem" in read) throw new Error(read.problem)
  return read
}

const tokenOf = (json: unknown): string => `a${Buffer.from(JSON.stringify(json)).toString("base64url")}`

/** The path of a world of xAI. */
const under = (changes: object = {}): string => `/r/${tokenOf({ provider: "xai", seed: 1, ...changes })}`

/** The first id in a payload. */
const idIn = (text: string): string => /"(?:request_)?id":"([^"]+)"/.exec(text)?.[1] ?? ""

const shuffled = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([name, inner]) => [name, shuffled(inner)])
      )
    : value

describe("a token", () => {
  it("holds any world: reading it and writing it again gives the same token, and the same script", () => {
    fc.assert(
      fc.property(world, (any) => {
        const token = World.toToken(any)
        expect(token).toMatch(/^a[\w-]+$/)
        const read = good(World.fromToken(token))
        expect(World.toToken(read)).toBe(token)
        expect(World.scriptOf(read)).toEqual(World.scriptOf(any))
        const { script } = World.toJson(any)
        expect(World.scriptOf(any)).toEqual(script === undefined ? undefined : Script.fromJson(script, any.duration ?? 10_000))
      })
    )
  })

  it("is the same for equal worlds, in whatever order their fields stand", () => {
    fc.assert(
      fc.property(world, (any) => {
        expect(World.toToken(good(World.fromJson(shuffled(World.toJson(any)))))).toBe(World.toToken(any))
      })
    )
    const [one, other] = [
      { name: "rate-limited", requests: { first: 1 }, retryAfter: 2 },
      { retryAfter: 2, requests: { first: 1 }, name: "rate-limited" }
    ]
    expect(World.toToken({ seed: 1, script: { faults: [one] }, provider: "xai" })).toBe(
      World.toToken({ provider: "xai", script: { faults: [other] }, seed: 1 })
    )
  })

  it("can be written in any language: a letter, and JSON as base64url", () => {
    const json = { provider: "xai", script: { ending: "succeeded", faults: ["flaky"], advances: { polls: 3 } }, clock: "frozen", starts: 0 }
    const read = good(World.fromToken(tokenOf(json)))
    expect(World.toJson(read)).toEqual({ provider: "xai", script: { faults: ["flaky"], advances: { polls: 3 } }, clock: "frozen" })
    const token = World.toToken(read)
    expect(Buffer.from(token.slice(1), "base64url").toString()).toBe(
      '{"clock":"frozen","provider":"xai","script":{"advances":{"polls":3},"faults":["flaky"]}}'
    )
  })

  it.each([
    ["", 'begins with "a"'],
    ["beyJ9", 'begins with "a"'],
    ["a!", "not base64url"],
    ["aeyJ", "holds no JSON"],
    [tokenOf([]), "JSON object"],
    [tokenOf({ provider: "acme" }), "provider"],
    [tokenOf({ provider: "xai", keys: ["secret"] }), '"keys" isn\'t a field of a world'],
    [tokenOf({ provider: "xai", script: { faults: ["quake"] } }), '"quake" isn\'t a fault'],
    [tokenOf({ provider: "xai", script: { endings: "failed" } }), '"endings" isn\'t a field of a script'],
    [tokenOf({ provider: "xai", script: 7 }), "a script is a JSON object"],
    [`a${"A".repeat(8000)}`, "at most 8000 characters"]
  ])("like %j is refused with what is wrong with it", (token, what) => {
    const read = World.fromToken(token, { names: ["xai"] })
    expect("problem" in read && read.problem).toContain(what)
  })

  it("of any text is read without a throw", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.base64String(),
          fc.json().map((text) => tokenOf(text))
        ),
        (text) => {
          expect(() => World.fromToken(`a${text}`)).not.toThrow()
        }
      )
    )
  })
})

describe("steps", () => {
  it("are none for a world in which the first poll sees a success, and one for each thing else", () => {
    const quiet = { provider: "xai", script: { advances: { polls: 1 } } }
    const stepsOf = (changes: object, more: object = {}): number =>
      World.steps(good(World.fromJson({ ...quiet, clock: "lockstep", ...more, script: { ...quiet.script, ...changes } })))
    expect(stepsOf({})).toBe(0)
    expect(stepsOf({ advances: { polls: 6 } })).toBe(1)
    expect(stepsOf({ ending: "failed" })).toBe(1)
    expect(stepsOf({ faults: ["flaky", { name: "rate-limited", requests: { first: 3 } }] })).toBe(3)
    expect(stepsOf({ phases: [{ state: "queued", lasts: 1 }] }, { seed: 7 })).toBe(2)
  })

  it("become fewer, or the same number of lesser ones, in every smaller world; so that making it smaller ends", () => {
    fc.assert(
      fc.property(world, fc.infiniteStream(fc.nat()), (any, choices) => {
        let here = any
        for (let moves = 0; moves < 500; moves++) {
          const all = World.smaller(here)
          const next = all[(choices.next().value ?? 0) % Math.max(1, all.length)]
          if (next === undefined) return
          expect(World.steps(next)).toBeLessThanOrEqual(World.steps(here))
          expect(next.provider).toBe(here.provider)
          expect(next.clock).toBe(here.clock)
          expect(good(World.fromToken(World.toToken(next)))).toEqual(next)
          here = next
        }
        expect.unreachable("there is no end to it")
      })
    )
  })
})

describe("a world in a mock", () => {
  it.each(providerNames)("is the API of %s, directly below its token, and its links stay in it", async (provider) => {
    const { post, get, send, mock } = makeClient()
    const base = `/r/${tokenOf({ provider, script: { advances: { polls: 1 } } })}`
    const { submit, body, poll } = endpoints[provider]
    expect((await post(base + submit, { ...body, prompt: "A candle" })).status).toBeLessThan(300)
    const id = idIn((await get(`${base}/__mock/jobs`)).text)
    const { text } = await get(base + poll(id))
    expect(urlIn(text)).toContain(`${origin}${base}/files/${provider}/`)
    expect((await send(urlIn(text))).status).toBe(200)
    expect(mock.journal).toEqual([])
    expect(mock.jobs).toEqual([])
  })

  it("plays its script whatever the prompt says, also after its reset", async () => {
    const { post, get } = makeClient()
    const base = under({ script: { ending: "failed", advances: { polls: 1 } } })
    const ask = async (): Promise<string> => {
      const { text: made } = await post(`${base}/v1/videos/generations`, { prompt: "A candle, mock:success" })
      return (await get(`${base}/v1/videos/${idIn(made)}`)).text
    }
    expect(await ask()).toContain('"failed"')
    await post(`${base}/__mock/reset`, {})
    expect((await get(`${base}/__mock/journal`)).json).toEqual([])
    expect(await ask()).toContain('"failed"')
  })

  it("without a script lets the prompts choose", async () => {
    const { post, get } = makeClient()
    const { text: made } = await post(`${under()}/v1/videos/generations`, { prompt: "A candle, mock:fast mock:fail" })
    expect((await get(`${under()}/v1/videos/${idIn(made)}`)).text).toContain('"failed"')
  })

  it("knows no job of another, not even of the same token under another name", async () => {
    const { post, get, mock } = makeClient()
    await post(`${under()}/v1/videos/generations`, { prompt: "A candle" })
    for (const other of [under({ seed: 2 }), `${under()}.mine`]) expect((await get(`${other}/__mock/jobs`)).json).toEqual([])
    expect((await get(`${under()}/__mock/jobs`)).json).toHaveLength(1)
    mock.reset()
    expect((await get(`${under()}/__mock/jobs`)).json).toHaveLength(1)
  })

  it("has a time of its own, which begins when it says", async () => {
    const { post, get, at } = makeClient()
    const lockstep = under({ clock: "lockstep" })
    const later = under({ clock: "frozen", starts: 5000 })
    at(60_000)
    expect((await get(`${lockstep}/__mock/clock`)).json).toMatchObject({ mode: "lockstep", now: 0 })
    expect((await get(`${later}/__mock/clock`)).json).toMatchObject({ mode: "frozen", now: 5000 })
    expect((await get(`${under()}/__mock/clock`)).json).toMatchObject({ mode: "given", now: start + 60_000 })
    await post(`${later}/__mock/clock`, { advance: 10 })
    await post(`${later}/__mock/reset`, {})
    expect((await get(`${later}/__mock/clock`)).json).toMatchObject({ now: 5000 })
    const { headers } = await get(`${lockstep}/v1/videos/none`, "key", { "x-client-now": "70" })
    expect(headers.get("x-mock-now")).toBe("70")
  })

  it("redirects within itself", async () => {
    const { post, get, send } = makeClient()
    const base = under({ script: { advances: { polls: 1 }, faults: ["redirected"] } })
    const { text: made } = await post(`${base}/v1/videos/generations`, { prompt: "A candle" })
    const { text } = await get(`${base}/v1/videos/${idIn(made)}`)
    const location = (await send(urlIn(text))).headers.get("location") ?? ""
    expect(location).toContain(`${base}/files/xai/`)
    expect((await send(origin + location)).status).toBe(302)
  })

  it("has its files at the origin that the mock says, but for those that want the key, which are at the API's own", async () => {
    const { post, get, send } = makeClient({ filesAt: "http://files.test" })
    const linkIn = async (script: object): Promise<string> => {
      const base = under({ script: { advances: { polls: 1 }, ...script } })
      const { text: made } = await post(`${base}/v1/videos/generations`, { prompt: "A candle" })
      return urlIn((await get(`${base}/v1/videos/${idIn(made)}`)).text)
    }
    const link = await linkIn({})
    expect(new URL(link).origin).toBe("http://files.test")
    expect((await send(link)).status).toBe(200)
    expect(new URL(await linkIn({ faults: ["url-needs-key"] })).origin).toBe(origin)
  })

  it.each(["http://files.test", "http://files.test/"])(
    "has links to the files' origin, with and without the slash at its end: %s",
    async (filesAt) => {
      const client = makeClient({ filesAt })
      const id = await client.submit("xai", "A candle mock:fast")
      expect(urlIn((await client.poll("xai", id)).text)).toContain(`http://files.test/files/xai/${id}.mp4`)
    }
  )

  it("says at its own address what it is, and what is wrong with a token that is none", async () => {
    const { get } = makeClient()
    const path = under({ script: { ending: "failed" } })
    expect((await get(path)).json).toEqual({
      world: { provider: "xai", seed: 1, script: { ending: "failed" } },
      steps: 3,
      console: `${origin}${path}/__mock/`
    })
    expect(await get("/r/nonsense/v1/videos/x")).toMatchObject({ status: 400, json: { error: expect.stringContaining('begins with "a"') } })
  })

  it("tells an unknown path without its token", async () => {
    const { get } = makeClient()
    expect((await get(`${under()}/v1/video/x`)).text).toContain("GET /v1/video/x")
    const { json } = await get(`${under()}/__mock/verify`)
    expect(json).toMatchObject({
      ok: false,
      findings: [{ law: "unused" }, { law: "route", what: expect.stringContaining("GET /xai/v1/video/x") }]
    })
  })

  it("is forgotten when a thousand others have been used since", async () => {
    const { post, get } = makeClient()
    await post(`${under()}/v1/videos/generations`, { prompt: "A candle" })
    for (let seed = 2; seed <= 1000; seed++) await get(`${under({ seed })}/__mock/health`)
    expect((await get(`${under()}/__mock/jobs`)).json).toHaveLength(1)
    for (let seed = 1001; seed <= 1900; seed++) await get(`${under({ seed })}/__mock/health`)
    expect((await get(`${under()}/__mock/jobs`)).json).toHaveLength(1)
    for (let seed = 2001; seed <= 3000; seed++) await get(`${under({ seed })}/__mock/health`)
    expect((await get(`${under()}/__mock/jobs`)).json).toEqual([])
  })

  it("has the clock of its mock, where it has none of its own", async () => {
    const client = makeClient({ clock: "frozen" })
    const [path, own] = [under(), under({ clock: "frozen", starts: 5 })]
    await client.post(`${path}/v1/videos/generations`, { prompt: "A candle" })
    await client.post("/__mock/clock", { advance: 10_000 })
    expect((await client.send(`${path}/__mock/clock`)).json).toMatchObject({ mode: "frozen", now: start + 10_000 })
    await client.post(`${path}/__mock/reset`, "")
    expect([client.mock.clock.now, (await client.send(`${own}/__mock/clock`)).json]).toEqual([start + 10_000, { mode: "frozen", now: 5 }])
    expect((await client.send(under({ starts: 5 }))).text).toContain("starts is when a clock of the world's own begins")
  })

  it("can be a gateway over its upstream", async () => {
    const client = makeClient()
    const path = under({ provider: "cometapi+xai", script: { phases: [] } })
    const submitted = await client.post(`${path}/grok/v1/videos/generations`, { prompt: "A candle, gateway:fault=poll-accepted-5xx" })
    const id = idIn(submitted.text)
    for (let nth = 0; nth < 2; nth++) expect((await client.get(`${path}/grok/v1/videos/${id}`)).status).toBe(502)
    const { text } = await client.get(`${path}/grok/v1/videos/${id}`)
    expect([text.includes("SUCCESS"), urlIn(text).startsWith(`${origin}${path}/files/xai/`)]).toEqual([true, true])
    expect((await client.send(urlIn(text))).status).toBe(200)
    expect([client.mock.journal, client.mock.worlds.get(path.slice(3))?.jobs.length]).toEqual([[], 1])
  })

  it("gives the same bytes over HTTP as in the process", async () => {
    const { url, close } = await serve({ now: () => 7 })
    try {
      const base = under({ clock: "frozen", script: { advances: { polls: 2 }, faults: ["rate-limited"] } })
      const { send } = makeClient()
      const local = async (path: string, init: RequestInit) => {
        const { status, headers, text } = await send(url + path, init)
        return { status, text, headers: [...headers] }
      }
      const remote = async (path: string, init: RequestInit) => {
        const answer = await globalThis.fetch(url + path, init)
        const headers = [...answer.headers].filter(([name]) => !["connection", "date", "keep-alive"].includes(name))
        return { status: answer.status, text: await answer.text(), headers }
      }
      const headers = { authorization: "Bearer key", "content-type": "application/json" }
      const post = { method: "POST", headers, body: JSON.stringify({ prompt: "A candle" }) }
      const first = await local(`${base}/v1/videos/generations`, post)
      expect(await remote(`${base}/v1/videos/generations`, post)).toEqual(first)
      const id = idIn(first.text)
      let last = ""
      for (let poll = 0; poll < 4; poll++) {
        const answer = await local(`${base}/v1/videos/${id}`, { headers })
        expect(await remote(`${base}/v1/videos/${id}`, { headers })).toEqual(answer)
        last = answer.text
      }
      const file = urlIn(last).slice(url.length)
      expect(await remote(file, {})).toEqual(await local(file, {}))
    } finally {
      await close()
    }
  })
})
