import { once } from "node:events"
import { get as httpsGet } from "node:https"
import { connect, Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import { afterEach, describe, expect, it } from "vitest"
import { providerNames } from "../../test/names.ts"
import { builtIn } from "../providers/index.ts"
import * as Guard from "./guard.ts"
import { serve } from "./node.ts"

const open: Array<Guard.Guard> = []
const install = (options?: Guard.Options): Guard.Guard => {
  const guard = Guard.install(options)
  open.push(guard)
  return guard
}
afterEach(() => {
  for (const guard of open.splice(0)) guard.uninstall()
})

const urls = providerNames.map((name) => builtIn[name].vendor?.baseUrl ?? "")
const stopped = { _tag: "RealHostError" }

describe("the leak switch", () => {
  it.each(urls)("stops fetch before it sends anything to %s", async (url) => {
    install()
    await expect(globalThis.fetch(`${url}/v1/models`)).rejects.toMatchObject(stopped)
    await expect(globalThis.fetch(new Request(url))).rejects.toMatchObject(stopped)
    await expect(globalThis.fetch(new URL(url))).rejects.toMatchObject(stopped)
  })

  it.each(urls)("stops a client of Node's own at the socket, over TLS and without, to %s", async (url) => {
    install({ beneath: true })
    const { hostname } = new URL(url)
    const [overHttps] = await once(httpsGet(url), "error").catch((error: unknown) => [error])
    expect(overHttps).toMatchObject(stopped)
    const plain = [connect(443, hostname), connect({ host: hostname, port: 443 }), connectTls({ host: "127.0.0.1", servername: hostname })]
    for (const socket of plain) {
      const [error] = await once(socket, "error").catch((thrown: unknown) => [thrown])
      expect(error).toMatchObject(stopped)
    }
  })

  it("stops undici's global dispatcher, even where it goes through a proxy", async () => {
    const key = Symbol.for("undici.globalDispatcher.1")
    const real: unknown = Reflect.get(globalThis, key)
    const sent: Array<unknown> = []
    Reflect.set(globalThis, key, { dispatch: (options: unknown) => sent.push(options) })
    try {
      const guard = install()
      const dispatcher = Reflect.get(globalThis, key)
      expect(() => dispatcher.dispatch({ origin: "https://api.x.ai" }, {})).toThrow("api.x.ai")
      expect(sent).toEqual([])
      guard.uninstall()
      dispatcher.dispatch({ origin: "https://api.x.ai" }, {})
      expect(sent).toHaveLength(1)
    } finally {
      Reflect.set(globalThis, key, real)
    }
  })

  it.each([
    "https://api.x.ai.",
    "https://API.X.AI/v1",
    "https://us-east-1.api.x.ai",
    "https://vidgen.x.ai/file.mp4",
    "http://cometapi.com:8080"
  ])("knows %s as a provider's", (url) => expect(Guard.isReal(url)).toBe(true))

  it.each(["https://max.ai", "https://x.ai.example", "http://127.0.0.1:8787/xai", "/v1/videos", "not a url"])("leaves %s alone", (url) =>
    expect(Guard.isReal(url)).toBe(false)
  )

  it("says which host, that nothing was sent, and what to do", async () => {
    install()
    await expect(globalThis.fetch("https://api.cometapi.com/x")).rejects.toThrow(
      "A request to api.cometapi.com was stopped, and nothing was sent: it is a real provider's host, where work costs money, and a mock is installed. Give the client the mock's base URL, such as http://127.0.0.1:8787/cometapi; behind MSW, give it fetch; to reach the provider, uninstall the guard."
    )
  })

  it("lets everything else through", async () => {
    install()
    const { close, url } = await serve()
    expect((await globalThis.fetch(`${url}/__mock/health`)).status).toBe(200)
    await close()
  })

  it("is off only when the last guard is uninstalled, and twice is once", async () => {
    const real = globalThis.fetch
    const [one, other] = [install(), install()]
    one.uninstall()
    one.uninstall()
    await expect(globalThis.fetch("https://api.x.ai")).rejects.toMatchObject(stopped)
    other.uninstall()
    expect(globalThis.fetch).toBe(real)
  })

  it("leaves in place what somebody put over it, and then stops nothing", async () => {
    const real = globalThis.fetch
    const seen: Array<unknown> = []
    globalThis.fetch = (input) => {
      seen.push(input)
      return Promise.resolve(new Response("from below"))
    }
    try {
      const guard = install()
      const guarded = globalThis.fetch
      const above: typeof globalThis.fetch = (input, init) => guarded(input, init)
      globalThis.fetch = above
      await expect(globalThis.fetch("https://api.x.ai")).rejects.toMatchObject(stopped)
      guard.uninstall()
      expect(globalThis.fetch).toBe(above)
      expect(await (await globalThis.fetch("https://api.x.ai")).text()).toBe("from below")
      expect(seen).toEqual(["https://api.x.ai"])
    } finally {
      globalThis.fetch = real
    }
  })
})

describe("sockets that somebody else patched over", () => {
  it("are let through once the guard is uninstalled", async () => {
    const real: unknown = Reflect.get(Socket.prototype, "connect")
    const guard = install()
    const guarded = Reflect.get(Socket.prototype, "connect")
    Socket.prototype.connect = function above(this: Socket, ...args: ReadonlyArray<unknown>) {
      return Reflect.apply(guarded, this, args)
    }
    try {
      guard.uninstall()
      const socket = connect({ host: "api.x.ai", port: 443, lookup: (_, __, done) => done(new Error("asked for its address"), "", 4) })
      const [error] = await once(socket, "error").catch((thrown: unknown) => [thrown])
      expect(String(error)).toContain("asked for its address")
    } finally {
      Reflect.set(Socket.prototype, "connect", real)
    }
  })
})

describe("the self-test of the leak switch", () => {
  it("passes while the switch is on", async () => {
    install()
    await expect(Guard.selfTest()).resolves.toBeUndefined()
  })

  it("passes beneath something that hands requests on", async () => {
    install({ beneath: true })
    await expect(Guard.selfTest()).resolves.toBeUndefined()
  })

  it("fails without a guard", async () => {
    await expect(Guard.selfTest()).rejects.toThrow(/^The leak switch does not work.*fetch was let through.*a socket was let through/)
  })

  it("fails where something answers in place of the guard", async () => {
    install()
    const guarded = globalThis.fetch
    globalThis.fetch = () => Promise.resolve(new Response("stub"))
    try {
      await expect(Guard.selfTest()).rejects.toThrow("fetch got an answer")
    } finally {
      globalThis.fetch = guarded
    }
  })
})
