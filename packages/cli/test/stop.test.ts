import { spawn } from "node:child_process"
import { createServer, type Server } from "node:http"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { start } from "./command.ts"

/** A provider that is slow to accept a job. */
let server: Server
let url = ""
let posts = 0

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.method !== "POST") return void response.writeHead(200, { "content-type": "application/json" }).end('{"status":"pending"}')
    posts += 1
    setTimeout(() => response.writeHead(200, { "content-type": "application/json" }).end('{"request_id":"slow-1"}'), 1500)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const args = () => ["run", "--provider", "xai", "--base-url", url, "--api-key", "sk-of-the-test", "--json", "A candle."]
const posted = (before: number) => vi.waitUntil(() => posts > before, { interval: 20, timeout: 20_000 })

describe("a signal while a submission is in flight", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129]
  ] as const)("%s waits for the id, prints the reference, and exits with %d", async (signal, code) => {
    const before = posts
    const command = start(args())
    await posted(before)
    command.child.kill(signal)
    const ended = await command.ended
    expect(ended.code).toBe(code)
    expect(ended.lines.map(({ _tag }) => _tag)).toStrictEqual(["Submitted", "Interrupted"])
    expect(ended.lines[1]).toMatchObject({ ref: ended.lines[0]?.["ref"] })
  })

  it("a second Ctrl-C does not wait: the outcome is unknown", async () => {
    const before = posts
    const command = start(args())
    await posted(before)
    command.child.kill("SIGINT")
    await new Promise((resolve) => setTimeout(resolve, 400))
    command.child.kill("SIGINT")
    const { code, lines } = await command.ended
    expect([code, lines]).toMatchObject([3, [{ _tag: "JobError", reason: "SubmitUnknown" }]])
  })

  it("a shell in between, as with npm, that SIGTERM ends does not lose the reference", async () => {
    const before = posts
    const script = fileURLToPath(new URL("../../../scripts/run.mjs", import.meta.url))
    const shell = spawn("sh", ["-c", `"$@"; exit $?`, "sh", process.execPath, script, "reelay", ...args()], { env: process.env })
    let out = ""
    shell.stdout.setEncoding("utf8").on("data", (chunk: string) => (out += chunk))
    const closed = new Promise((resolve) => shell.stdout.on("close", resolve))
    await posted(before)
    shell.kill("SIGTERM")
    await closed
    expect(out).toMatch(/^\{"_tag":"Submitted".*\n\{"_tag":"Interrupted","ref":"reelay:xai\/generation\/slow-1/u)
  })
})
