/** What a browser does, and what a `fetch` of somebody's own may do. The cases that every transport keeps stand in packages/node/test/transportSuite.ts. */
import { describe, it } from "@effect/vitest"
import { afterEach, vi } from "vitest"
import { expect } from "../../test/expect.ts"
import { sending, settled } from "../../test/sending.ts"
import type { Outgoing } from "./exchange.ts"
import { overFetch } from "./overFetch.ts"

const key = "sk-super-secret-key"
const request: Outgoing = {
  method: "GET",
  url: "https://api.fake.test/jobs/1",
  headers: { accept: "application/json", authorization: `Bearer ${key}`, "x-project": "project-of-mine" }
}

const sent = (fetch?: typeof globalThis.fetch) => sending(overFetch(fetch), request)

const throwing: typeof globalThis.fetch = () => {
  throw new Error("at once")
}

const zipped = (body: Uint8Array<ArrayBuffer>) => () => Promise.resolve(new Response(body, { headers: { "content-encoding": "gzip" } }))

afterEach(() => vi.unstubAllGlobals())

describe("the transport over fetch", () => {
  it("takes the platform's fetch as it is at the time of the request: MSW may have come in between", async () => {
    const transport = overFetch()
    vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ patched: true })))
    expect(await sending(transport, request).outcome).toMatchObject({ status: 200, body: '{"patched":true}' })
  })

  it("asks not to be redirected, and calls fetch with nothing but the request", async () => {
    const calls: Array<readonly [unknown, RequestInit | undefined]> = []
    await sent((url, init) => {
      calls.push([url, init])
      return Promise.resolve(new Response(""))
    }).outcome
    const { signal, ...init } = calls[0]?.[1] ?? {}
    expect([calls.length, calls[0]?.[0], init, signal?.aborted]).toEqual([
      1,
      request.url,
      { method: "GET", headers: request.headers, body: null, redirect: "manual" },
      false
    ])
  })

  it("says in a browser why no more is known: no code proves anything there", async () => {
    vi.stubGlobal("navigator", { userAgent: "Mozilla/5.0" })
    const refused = Object.assign(new TypeError("Failed to fetch"), { code: "ECONNREFUSED" })
    expect(await sent(() => Promise.reject(refused)).outcome).toMatchObject({
      because: "network",
      detail: expect.stringContaining("may have refused this page (CORS)")
    })
  })

  it("passes on what a browser shows of a redirect: the status 0, and no target", async () => {
    const opaque = new Proxy(new Response(null), { get: (target, name) => (name === "status" ? 0 : Reflect.get(target, name, target)) })
    expect(await sent(() => Promise.resolve(opaque)).outcome).toEqual({ _tag: "Incoming", status: 0, headers: {}, body: "" })
  })

  it("leaves the secrets of the headers out of what it says", async () => {
    const failure = new TypeError(`bad headers: ${JSON.stringify(request.headers)}, ${key}`)
    const outcome = await sent(() => Promise.reject(failure)).outcome
    expect(outcome).toMatchObject({ because: "network", detail: expect.stringContaining("application/json") })
    expect(JSON.stringify(outcome)).not.toMatch(/sk-super|project-of-mine/u)
  })

  it("has an answer or none, whatever fetch throws", async () => {
    expect(await sent(throwing).outcome).toEqual({ _tag: "NoAnswer", because: "network", detail: "at once" })
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- As a careless fake does.
    expect(await sent(() => Promise.reject("boom")).outcome).toMatchObject({ because: "network" })
  })

  /** As a body is that was cloned and half of it never read (vercel/ai#18048): nobody is ever told that it was cancelled. */
  const bodies: ReadonlyArray<readonly [string, (controller: ReadableStreamDefaultController<Uint8Array>) => Promise<void> | void]> = [
    ["stalls", () => new Promise(() => undefined)],
    ["has no end", (controller) => controller.enqueue(new TextEncoder().encode("x".repeat(64 * 1024)))]
  ]
  it.each(bodies)("T15: a body that %s, and hangs if it is cancelled, is left at once", async (_, pull) => {
    let cancelled = 0
    const cancel = (): Promise<void> => {
      cancelled += 1
      return new Promise(() => undefined)
    }
    const { abort, outcomes } = sent(() => Promise.resolve(new Response(new ReadableStream({ pull, cancel }))))
    await settled()
    const before = [...outcomes]
    abort()
    await settled()
    expect([outcomes, cancelled]).toEqual([before, 1])
    expect(before.map((outcome) => outcome._tag === "Incoming" && outcome.body.length)).toEqual(before.length === 0 ? [] : [1024 * 1024])
  })

  it("reads no answer of a fetch that comes after it was left", async () => {
    const answers: Array<(response: Response) => void> = []
    let cancelled = 0
    const { abort, outcomes } = sent(() => new Promise((resolve) => void answers.push(resolve)))
    abort()
    answers[0]?.(new Response(new ReadableStream({ cancel: () => void (cancelled += 1) })))
    await settled()
    expect([outcomes, cancelled]).toEqual([[], 1])
  })

  it("reads a text in other letters that fetch has undone", async () => {
    // "狐" in GBK, which is no UTF-8.
    const body = new Uint8Array([0x7b, 0x22, 0xba, 0xfc, 0x22, 0x7d])
    expect(await sent(zipped(body)).outcome).toMatchObject({ status: 200, body: '{"\uFFFD\uFFFD"}' })
  })

  it("says that a platform can't undo a coding", async () => {
    vi.stubGlobal("DecompressionStream", undefined)
    expect(await sent(zipped(new Uint8Array([0x1f, 0x8b, 8]))).outcome).toEqual({
      _tag: "NoAnswer",
      because: "network",
      detail: "the body is in the content coding gzip, which can't be undone here"
    })
  })

  it("stops undoing at the limit", async () => {
    const endless = class {
      readonly writable = new WritableStream()
      readonly readable = new ReadableStream({ pull: (controller) => controller.enqueue(new TextEncoder().encode("x".repeat(64 * 1024))) })
    }
    vi.stubGlobal("DecompressionStream", endless)
    const outcome = await sent(zipped(new Uint8Array([0x1f, 0x8b, 8]))).outcome
    expect(outcome._tag === "Incoming" && outcome.body.length).toBe(1024 * 1024)
  })
})
