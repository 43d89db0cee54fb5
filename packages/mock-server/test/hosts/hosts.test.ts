import * as Effect from "effect/Effect"
import { type IncomingMessage, request } from "node:http"
import { Readable } from "node:stream"
import { setupServer } from "msw/node"
import { describe, expect, it, onTestFinished } from "vitest"
import * as Msw from "../../src/hosts/msw.ts"
import { layer, serve, Server } from "../../src/hosts/node.ts"
import * as Mock from "../../src/mock/Mock.ts"
import { inBrowser, missing } from "./browser.ts"
import { aDocumentedBody, type Host, options, origin, play, realAt, type Step } from "./sequence.ts"

const atOrigin = (provider: string): string => `${origin}/${provider}`

/** A client that goes to a port of this machine, and means `origin`. */
const over =
  (url: string): Host["send"] =>
  async (to, init) => {
    const { pathname, search } = new URL(to)
    const asked = new Request(to, init)
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { ...Object.fromEntries(asked.headers), host: new URL(to).host }
      const sent = request(url + pathname + search, { method: asked.method, headers, agent: false }, resolve).on("error", reject)
      asked.arrayBuffer().then((body) => sent.end(new Uint8Array(body)), reject)
    })
    const { rawHeaders: raw, statusCode: status = 0 } = answer
    const headers = new Headers(raw.flatMap((name, at): Array<[string, string]> => (at % 2 === 0 ? [[name, raw[at + 1] ?? ""]] : [])))
    const body = await Readable.from(answer).toArray()
    return new Response(asked.method === "HEAD" || body.length === 0 ? null : Buffer.concat(body), { status, headers })
  }

const expected = (): Promise<ReadonlyArray<Step>> => {
  const mock = Mock.make(options)
  return play({
    api: atOrigin,
    send: async (url, init) => {
      const response = await mock.handle(new Request(url, init))
      if (response.type === "error") throw new TypeError("no answer")
      return response
    }
  })
}

const hosts: Readonly<Record<string, () => Promise<ReadonlyArray<Step>>>> = {
  "a fetch": () => play({ api: atOrigin, send: Mock.fetchOf(Mock.make(options)) }),
  "a port": async () => {
    const { close, url } = await serve(options)
    onTestFinished(close)
    return play({ api: atOrigin, send: over(url) })
  },
  "a Layer": () =>
    Effect.gen(function* () {
      const { url } = yield* Server
      return yield* Effect.promise(() => play({ api: atOrigin, send: over(url) }))
    }).pipe(Effect.provide(layer(options)), Effect.runPromise),
  "MSW on Node, at the vendors' own addresses": async () => {
    const { uninstall } = await Msw.install(setupServer, Mock.make(options), { origin })
    onTestFinished(uninstall)
    return play({ api: realAt, send: globalThis.fetch })
  }
}

describe("the same seed and the same requests", () => {
  it("reach what the documents have", async () => {
    const steps = await expected()
    const seen = new Set(steps.map(({ status }) => status))
    expect([0, 200, 202, 206, 400, 401, 403, 404, 405, 410, 416, 429, 502, 503].filter((status) => !seen.has(status))).toEqual([])
    expect(steps.map(({ body }) => body)).toContain(aDocumentedBody)
  })

  it.each(Object.keys(hosts))("give the same bytes on %s", async (name) => {
    expect(await hosts[name]?.()).toEqual(await expected())
  })

  it.skipIf(missing)("give the same bytes in a browser, at the vendors' own addresses, where a leak is an error too", async () => {
    const { broken, leak, steps } = await inBrowser()
    expect(steps).toEqual(await expected())
    expect(leak).toBe("TypeError: Failed to fetch")
    expect(broken).toMatch(/^Error: MSW does not stop requests to real providers/)
  })
})
