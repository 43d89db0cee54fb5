import { createServer, type IncomingHttpHeaders, type Server } from "node:http"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { run } from "./command.ts"

const key = "sk-secret-of-the-test"
const token = "tok-of-the-gateway"
/** What each origin was sent: the API, and the place where the video is. */
const seen = { api: Array<IncomingHttpHeaders>(), files: Array<IncomingHttpHeaders>() }
const video = Buffer.from("\u0000\u0000\u0000\u0018ftypisom and the rest of a video")
const servers: Array<Server> = []
let url = ""

const listen = async (server: Server): Promise<string> => {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
}

beforeAll(async () => {
  const files = await listen(
    createServer(({ headers }, response) => {
      seen.files.push(headers)
      response.writeHead(200, { "content-type": "video/mp4" }).end(video)
    })
  )
  const done = JSON.stringify({ status: "done", video: { url: `${files}/fox.mp4?sig=s1gn4ture` } })
  url = await listen(
    createServer(({ headers, method }, response) => {
      seen.api.push(headers)
      response.writeHead(200, { "content-type": "application/json" }).end(method === "POST" ? '{"request_id":"r1"}' : done)
    })
  )
})
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

const args = (...more: ReadonlyArray<string>) => [
  "run",
  "--provider=xai",
  `--base-url=${url}`,
  `--api-key=${key}`,
  "--pace=20ms",
  "--json",
  ...more,
  "A candle."
]

describe("reelay run", () => {
  it("sends additional headers to the API only, and its user agent to each server", async () => {
    seen.api.length = 0
    seen.files.length = 0
    const { code } = await run(args("--header", `x-token: ${token}`, "--header", "x-team:video", "--user-agent", "studio/7"))
    expect(code).toBe(0)
    expect(seen.api.map((each) => [each["x-token"], each["x-team"], each["user-agent"], each.authorization])).toStrictEqual(
      Array.from({ length: 2 }, () => [token, "video", "studio/7", `Bearer ${key}`])
    )
    expect(seen.files.map((each) => [each["x-token"], each["x-team"], each["user-agent"], each.authorization])).toStrictEqual([
      [undefined, undefined, "studio/7", undefined]
    ])
  })

  it("uses the proxy that a flag or the environment names", async () => {
    const asked: Array<string | undefined> = []
    const proxy = await listen(
      createServer(({ method, url: target }, response) => {
        asked.push(`${method} ${target}`)
        response.writeHead(400, { "content-type": "application/json" }).end('{"error":"no"}')
      })
    )
    const elsewhere = ["run", "--provider=xai", "--base-url=http://api.reelay.test", `--api-key=${key}`, "A candle."]
    const bare = { HTTP_PROXY: "", http_proxy: "", NO_PROXY: "", no_proxy: "" }
    expect((await run([...elsewhere, "--proxy", proxy], bare)).code).toBe(2)
    expect((await run(elsewhere, { ...bare, http_proxy: proxy })).code).toBe(2)
    expect(asked).toStrictEqual(Array.from({ length: 2 }, () => "POST http://api.reelay.test/v1/videos/generations"))
  })

  it.each([
    { flag: [], last: "ForbiddenAddress", saved: false },
    { flag: ["--allow-private-addresses"], last: "Saved", saved: true }
  ])("a private address that a public API links to: $last", async ({ flag, saved, last }) => {
    const done = JSON.stringify({ status: "done", video: { url: "http://10.0.0.1/fox.mp4" } })
    const proxy = await listen(
      createServer(({ method, url: target }, response) => {
        if (target === "http://10.0.0.1/fox.mp4") return void response.writeHead(200, { "content-type": "video/mp4" }).end(video)
        response.writeHead(200, { "content-type": "application/json" }).end(method === "POST" ? '{"request_id":"r1"}' : done)
      })
    )
    const given = ["--base-url=http://api.reelay.test", "--proxy", proxy, ...flag]
    const { lines } = await run(args(...given).filter((arg) => !arg.startsWith(`--base-url=${url}`)))
    expect(JSON.stringify(lines.at(-1))).toContain(last)
    expect(lines.some(({ _tag }) => _tag === "Saved")).toBe(saved)
  })

  it.each([
    [["--proxy", "me:hush-hush@nowhere"], {}, "proxy is no address of a proxy"],
    [[], { https_proxy: "http://me:hush-hush@:port" }, "HTTPS_PROXY is no address of a proxy"]
  ])("refuses an invalid proxy, and does not repeat it", async (more, env, rule) => {
    seen.api.length = 0
    const { code, err, out } = await run(args(...more), env)
    expect([code, seen.api.length]).toStrictEqual([2, 0])
    expect(out).toContain(rule)
    expect(out + err).not.toContain("hush")
  })

  it.each([`authorization: ${token}`, token, `: ${token}`])("refuses --header %j, and does not repeat its value", async (header) => {
    seen.api.length = 0
    const { code, err, out } = await run(args("--header", header))
    expect([code, seen.api.length]).toStrictEqual([2, 0])
    expect(out).toContain("InvalidRequest")
    expect(out + err).not.toContain(token)
  })

  it("T23: --log-level debug logs each poll on standard error, without key, header or signature", async () => {
    const { code, err, lines } = await run(args("--log-level", "debug", "--header", `x-token: ${token}`))
    expect([code, lines.at(-1)]).toMatchObject([0, { _tag: "Saved" }])
    expect(err).toContain("Poll 1 of xai job r1: HTTP 200, Succeeded\n")
    for (const secret of [key, token, "s1gn4ture"]) expect(err).not.toContain(secret)
  })

  it("prints nothing on standard error by default", async () => {
    expect((await run(args())).err).toBe("")
  })
})
