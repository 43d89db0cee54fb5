import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Mock } from "@reelay/mock-server"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { run } from "./command.ts"

const key = "sk-secret/7f3a+9c51"
const token = "tok-secret/51c9+a3f7"

/** The mock behind a gateway that repeats the key, as it is and as URLs and JSON write it, whenever it refuses something. */
const gateway = (): Server => {
  const mock = Mock.make({ now: Date.now, duration: 500 })
  return createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const { headers, method = "GET", url = "/" } = request
      const given = Object.entries(headers).flatMap(([name, value]): Array<[string, string]> =>
        typeof value === "string" ? [[name, value]] : []
      )
      const body = method === "GET" ? {} : { body: Buffer.concat(chunks) }
      const asked = new Request(`http://${headers.host ?? "localhost"}${url}`, { method, headers: given, ...body })
      void mock.handle(asked).then(async (answer) => {
        const type = { "content-type": answer.headers.get("content-type") ?? "application/json" }
        const echo = `${key} ${encodeURIComponent(key)} ${token} Bearer ${key}`
        if (answer.status < 400) return response.writeHead(answer.status, type).end(Buffer.from(await answer.arrayBuffer()))
        const error = JSON.stringify({ error: { code: `denied ${echo}`, message: `${echo} may not do that: ${JSON.stringify(headers)}` } })
        return response.writeHead(answer.status, { "content-type": "application/json" }).end(error)
      })
    })
  })
}

const server = gateway()
let url = ""

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()))
  const address: AddressInfo | string | null = server.address()
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
})
afterAll(() => void server.close())

/** Everything in a folder, names and contents. */
const filed = (folder: string): string =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => `${name} ${statSync(join(folder, name)).isFile() ? readFileSync(join(folder, name), "utf8") : ""}`)
    .join("\n")

const secrets = [
  key,
  encodeURIComponent(key),
  key.replaceAll("/", "\\/"),
  token,
  encodeURIComponent(token),
  btoa(key),
  btoa(`Bearer ${key}`)
]

const cases = ["", "mock:rate-limited", "mock:lost-submit"]

describe.each(["--json", "--plain"])("what the command prints with %s", (format) => {
  it.each(cases)('contains no secret after "%s", nor do its files', async (words) => {
    const state = mkdtempSync(join(tmpdir(), "reelay-state-"))
    const flags = ["--provider", "cometapi", "--base-url", `${url}/cometapi`, "--api-key", key, "--header", `x-gateway-token: ${token}`]
    const more = ["--pace", "80ms", "--deadline", "3s", "--log-level", "trace", "--out", "video.mp4"]
    const { err, out } = await run(["run", ...flags, ...more, ...(format === "--json" ? ["--json"] : []), `A candle ${words}`], {
      REELAY_STATE: state
    })
    const all = [out, err, filed(state)].join("\n")
    // The gateway did repeat it, and its answer was reported.
    expect(all.includes("<key>")).toBe(words !== "")
    expect(secrets.filter((secret) => all.includes(secret))).toEqual([])
    const lines = all.split("\n").map((line) => line.replaceAll(/"artifacts":\[[^\]]*\]/gu, ""))
    expect(lines.filter((line) => line.includes("signature="))).toEqual([])
  })
})
