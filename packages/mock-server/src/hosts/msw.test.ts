import { once } from "node:events"
import https, { get as namedGet } from "node:https"
import type { LookupFunction } from "node:net"
import { http } from "msw/http"
import { setupServer } from "msw/node"
import { afterEach, describe, expect, it } from "vitest"
import { endpoints, start } from "../../test/client.ts"
import { providerNames } from "../../test/names.ts"
import * as Verdict from "../judge/Verdict.ts"
import * as Mock from "../mock/Mock.ts"
import { builtIn } from "../providers/index.ts"
import * as Guard from "./guard.ts"
import * as Msw from "./msw.ts"
import { serve } from "./node.ts"

const open: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

const installed = async (options?: Msw.Options) => {
  let now = start
  const mock = Mock.make({ now: () => now })
  const { selfTest, uninstall } = await Msw.install(setupServer, mock, options)
  open.push(uninstall)
  return { mock, selfTest, uninstall, at: (elapsed: number) => (now = start + elapsed) }
}

const headers = { authorization: "Bearer key", "content-type": "application/json" }

const get = (url: string, init: RequestInit = {}): Promise<Response> => globalThis.fetch(url, init)

/** The error of a request, with those that it was made of. */
const errorOf = async (asked: Promise<Response>): Promise<string> => {
  const error: unknown = await asked.then(
    ({ status }) => new Error(`answered ${status}`),
    (thrown: unknown) => thrown
  )
  return error instanceof Error ? `${String(error)} ${String(error.cause)}` : String(error)
}

/** A resolver of a client's own: that of a name which is nobody's. */
const elsewhere: LookupFunction = (_, { all }, done) =>
  all === true ? done(null, [{ address: "192.0.2.1", family: 4 }]) : done(null, "192.0.2.1", 4)

/** MSW where the option has another name: nobody says so. */
const ignoring = (...handlers: Parameters<typeof setupServer>) => {
  const server = setupServer(...handlers)
  return { close: () => server.close(), listen: () => server.listen({ onUnhandledFrame: "bypass" }) }
}

const linkIn = (text: string): string => /https:[^"]+\.mp4[^"]*/.exec(text)?.[0] ?? ""

describe("the mock behind MSW", () => {
  it("M3: takes a key that is sent along to a file for a leak, as that is not at the vendor's origin", async () => {
    const { at, mock } = await installed()
    const xai = "https://api.x.ai/v1/videos"
    await get(`${xai}/generations`, { method: "POST", headers, body: '{"prompt": "A candle"}' })
    at(10_000)
    const link = linkIn(await (await get(`${xai}/${mock.jobs[0]?.id}`, { headers })).text())
    await (await get(link, { headers })).arrayBuffer()
    expect(Verdict.of(mock)).toMatchObject({ ok: false, findings: [{ law: "key", severity: "data" }] })
    expect(JSON.stringify(mock.journal)).not.toContain("x-mock-origin")
  })

  it.each(providerNames)("answers at the real host of %s, from the submission to the file", async (provider) => {
    const { at, mock } = await installed()
    const { body, poll, submit } = endpoints[provider]
    const origin = new URL(builtIn[provider].vendor?.baseUrl ?? "").origin
    const sent = { method: "POST", headers, body: JSON.stringify({ ...body, prompt: "A candle" }) }
    expect((await get(origin + submit, sent)).status).toBe(200)
    const [job] = mock.jobs
    at(10_000)
    const text = await (await get(origin + poll(job?.id ?? ""), { headers })).text()
    const file = await get(linkIn(text))
    expect([file.status, file.headers.get("content-type")]).toEqual([200, "video/mp4"])
    expect((await file.arrayBuffer()).byteLength).toBe(Number(file.headers.get("content-length")))
    expect(mock.jobs[0]).toMatchObject({ provider, state: "succeeded", fetched: 1 })
  })

  it("answers a client of Node's own", async () => {
    const { mock } = await installed()
    const request = https.request("https://api.x.ai/v1/videos/generations", { method: "POST", headers })
    request.end(JSON.stringify({ prompt: "A candle" }))
    const [{ statusCode }] = await once(request, "response")
    expect([statusCode, mock.jobs.length]).toEqual([200, 1])
  })

  it("leaves nothing to what MSW does not see, such as Node's get by its name", async () => {
    await installed()
    const errors = [namedGet("https://api.x.ai/v1"), namedGet("https://api.x.ai/v1", { lookup: elsewhere })].map(async (asked) => {
      const [error] = await once(asked, "error").catch((thrown: unknown) => [thrown])
      return String(error)
    })
    expect(await Promise.all(errors)).toEqual(Array(2).fill(expect.stringContaining("RealHostError: A request to api.x.ai")))
  })

  it("hands out links that are elsewhere than the API, so that a key that goes there is a leak", async () => {
    const { at, mock } = await installed()
    await get("https://api.x.ai/v1/videos/generations", {
      method: "POST",
      headers,
      body: JSON.stringify({ prompt: "A candle, mock:fast" })
    })
    at(1)
    const text = await (await get(`https://api.x.ai/v1/videos/${mock.jobs[0]?.id}`, { headers })).text()
    expect(new URL(linkIn(text)).origin).toBe(Msw.usualOrigin)
  })

  it("answers its own routes where it is itself", async () => {
    await installed()
    expect(await (await get(`${Msw.usualOrigin}/__mock/health`)).json()).toEqual({ status: "ok" })
    expect((await get(`${Msw.usualOrigin}/xai/v1/videos/x`, { headers })).status).toBe(404)
  })

  it("breaks a connection that a fault drops", async () => {
    await installed()
    const sent = { method: "POST", headers, body: JSON.stringify({ prompt: "A candle, mock:fault=submit-accepted-drop" }) }
    expect(await errorOf(get("https://api.x.ai/v1/videos/generations", sent))).toMatch(/fetch/i)
  })

  it("refuses a fault that needs a socket", async () => {
    await installed()
    const sent = { method: "POST", headers, body: JSON.stringify({ prompt: "A candle, mock:fault=submit-accepted-reset" }) }
    expect((await get("https://api.x.ai/v1/videos/generations", sent)).status).toBe(400)
  })
})

describe("a request that no handler takes", () => {
  it.each(["https://management-api.x.ai/teams", "https://vidgen.x.ai/video.mp4", "https://api.cometapi.com/v1"])(
    "is an error if it is for a real provider: %s",
    async (url) => {
      await installed({ providers: [builtIn.xai], others: "bypass" })
      expect(await errorOf(get(url))).toContain("RealHostError: A request to ")
    }
  )

  it("is an error where it is a WebSocket to a real provider", async () => {
    await installed({ others: "bypass" })
    const [event] = await once(new WebSocket("wss://api.x.ai/v1/realtime"), "error")
    expect(String(event.cause)).toContain("RealHostError: A request to api.x.ai")
  })

  it("goes out where it is for somebody else, or is an error where that is asked for", async () => {
    const { close, url } = await serve()
    open.push(close)
    const { uninstall } = await installed({ others: "bypass" })
    expect((await get(`${url}/__mock/health`)).status).toBe(200)
    await uninstall()
    open.pop()
    await installed({ others: "error" })
    expect(await errorOf(get(`${url}/__mock/health`))).toContain("Unanswered: A request to http://127.0.0.1:")
  })

  it("may be answered by a handler of one's own", async () => {
    await installed({ handlers: [http.get("https://vidgen.x.ai/*", () => new Response("mine"))] })
    expect(await (await get("https://vidgen.x.ai/a.mp4")).text()).toBe("mine")
  })

  it("goes to the real network once the mock is uninstalled", async () => {
    const { uninstall } = await installed()
    await uninstall()
    open.pop()
    const guard = Guard.install()
    open.push(() => Promise.resolve(guard.uninstall()))
    await expect(get("https://api.x.ai/")).rejects.toMatchObject({ _tag: "RealHostError" })
  })
})

describe("the self-test of MSW's switch", () => {
  it("passes, and again later", async () => {
    const { selfTest } = await installed()
    await expect(selfTest()).resolves.toBeUndefined()
  })

  it("fails where MSW ignores the option, as it does with the name of its version 2", async () => {
    await expect(Msw.install(ignoring, Mock.make({ now: () => 0 }))).rejects.toThrow("MSW does not stop requests to real providers")
    // Nothing is left of it.
    const guard = Guard.install()
    expect(await errorOf(get("https://api.x.ai/"))).toContain("RealHostError")
    guard.uninstall()
  })

  it("fails where what is stopped has an answer all the same, as the worker's 500 is one", async () => {
    const real = globalThis.fetch
    const answering = () => ({
      close: () => (globalThis.fetch = real),
      listen: ({ onUnhandledFrame }: Parameters<ReturnType<typeof setupServer>["listen"]>[0] & object) => {
        globalThis.fetch = async (input, init) => {
          try {
            const frame = { data: { request: new Request(input, init) } }
            Reflect.apply(Object(onUnhandledFrame), undefined, [{ frame, defaults: {} }])
          } catch {
            return new Response("an error of the handler's", { status: 500 })
          }
          return new Response()
        }
      }
    })
    await expect(Msw.install(answering, Mock.make({ now: () => 0 }))).rejects.toThrow("MSW does not stop requests")
    expect(globalThis.fetch).toBe(real)
  })

  it("fails where fetch was replaced since", async () => {
    const { selfTest } = await installed()
    const real = globalThis.fetch
    globalThis.fetch = () => Promise.resolve(new Response("stub"))
    await expect(selfTest()).rejects.toThrow("MSW does not stop requests")
    globalThis.fetch = real
  })
})
