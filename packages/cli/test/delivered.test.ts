import { createServer, type Server } from "node:http"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { run } from "./command.ts"

let server: Server | undefined
let url = ""

beforeAll(async () => {
  const done = JSON.stringify({ status: "done", video: { duration: 6, respect_moderation: true } })
  const made = createServer((_, response) => void response.writeHead(200, { "content-type": "application/json" }).end(done))
  server = made
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve))
  const address = made.address()
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
})
afterAll(() => {
  server?.closeAllConnections()
  server?.close()
})

const to = "https://bucket.example/fox.mp4"
const attach = (...more: ReadonlyArray<string>) => {
  const ref = `reelay:xai/generation/r1?v=1&base=${encodeURIComponent(url)}&at=${Date.now()}&to=${encodeURIComponent(to)}`
  return run(["attach", `--base-url=${url}`, "--api-key=sk-secret-of-the-test", "--pace=20ms", ...more, ref])
}

describe("F7: a job whose video the provider has put at a place of the caller's own", () => {
  it("ends with 0, and a line that says where", async () => {
    const { code, lines } = await attach("--json")
    expect(lines.map(({ _tag }) => _tag)).toEqual(["Submitted", "Succeeded", "Delivered"])
    expect(lines.at(-1)).toMatchObject({ to, id: "r1" })
    expect(code).toBe(0)
  })

  it("is said so in plain words too", async () => {
    const { code, out } = await attach()
    expect([code, out]).toEqual([0, `delivered to ${to}; there is nothing to download\n`])
  })
})
