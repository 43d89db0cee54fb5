import { serve } from "@reelay/mock-server/node"
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { run, start } from "./command.ts"

const key = "sk-secret-of-the-test"
let mock: Awaited<ReturnType<typeof serve>>

beforeAll(async () => {
  mock = await serve({ port: 0, duration: 1500 })
})
afterAll(() => mock.close())

const posts = () => mock.mock.journal.filter(({ route }) => route === "submit").length
const temporary = (): string => mkdtempSync(join(tmpdir(), "reelay-state-"))
const environment = (state: string) => ({ REELAY_STATE: state, REELAY_XAI_API_KEY: key, REELAY_COMETAPI_API_KEY: key })
const args = (provider: string, prompt: string, ...more: ReadonlyArray<string>) => [
  "run",
  `--provider=${provider}`,
  `--base-url=${mock.url}/${provider}`,
  "--pace=80ms",
  ...more,
  prompt
]
const keyed = (prompt: string) => args("xai", prompt, "--key=order-7")
const list = async (env: Readonly<Record<string, string>>, ...more: ReadonlyArray<string>) =>
  (await run(["jobs", "--json", ...more], env)).lines

describe("reelay resume", () => {
  it.each(["SIGINT", "SIGKILL"] as const)(
    "after %s: the video is saved where run would have saved it, and nothing is submitted",
    async (signal) => {
      const env = environment(temporary())
      const before = posts()
      const first = start(args("xai", "A fox.", "--out", "fox.mp4", "--label", "fox", "--json"), env)
      await first.says('"Running"')
      first.child.kill(signal)
      await first.ended
      expect(await list(env)).toMatchObject([{ fate: "Accepted", label: "fox", saveTo: first.path("fox.mp4") }])
      const { code, err, lines } = await run(["resume", "--pace", "80ms", "--json"], env)
      expect([code, err]).toStrictEqual([0, ""])
      expect(lines[0]).toMatchObject({ _tag: "Submitted" })
      expect(lines.at(-1)).toMatchObject({ _tag: "Saved", path: first.path("fox.mp4") })
      expect(readFileSync(first.path("fox.mp4")).subarray(4, 8).toString("latin1")).toBe("ftyp")
      expect(posts() - before).toBe(1)
      expect([await list(env), await list(env, "--all")]).toMatchObject([[], [{ fate: "Closed", end: "Saved" }]])
      expect(await run(["resume"], env)).toMatchObject({ code: 0, out: "" })
    }
  )

  it("watches many at once, and reports each; one that failed gives 1", async () => {
    const env = environment(temporary())
    const made = await Promise.all(
      ["A fox.", "mock:fail"].map(async (prompt, index) => {
        const command = start(args("cometapi", prompt, "--out", `${index}.mp4`), env)
        await command.says("Submitted")
        command.child.kill("SIGKILL")
        await command.ended
        return command
      })
    )
    const { code, err, out } = await run(["resume", "--pace", "80ms"], env)
    expect(code).toBe(1)
    expect(err).toMatch(/Following reelay:cometapi[^]*cometapi \S+ {2}failed/u)
    expect(out).toContain(`${made[0]?.path("0.mp4")}  `)
    expect(existsSync(made[1]?.path("1.mp4") ?? "")).toBe(false)
  })

  it("a submission with an unknown outcome is reported each time, never sent again, and forgotten on demand", async () => {
    const env = environment(temporary())
    const before = posts()
    expect((await run(args("xai", "mock:lost-submit"), env)).code).toBe(3)
    for (let again = 0; again < 2; again++) {
      const { code, lines } = await run(["resume", "--json"], env)
      expect([code, lines]).toMatchObject([3, [{ _tag: "JobError", reason: "SubmitUnknown" }]])
    }
    expect(posts() - before).toBe(1)
    const { out } = await run(["jobs"], env)
    expect(out).toMatch(/outcome unknown[^]*look for it at \S+, account key-/u)
    const id = out.split(" ")[0] ?? ""
    expect((await run(["jobs", "--forget", id], env)).err).toContain(`Forgotten: ${id}`)
    expect(await run(["jobs"], env)).toMatchObject({ out: "", err: "No job is recorded.\n" })
    expect(await run(["jobs", "--forget", id], env)).toMatchObject({ code: 2 })
    // Forgotten is not unpaid.
    expect((await run(args("xai", "mock:lost-submit"), env)).code).toBe(3)
    expect(posts() - before).toBe(1)
    expect((await run(["jobs", "--forget", id, "--may-submit-again"], env)).err).toContain("may be submitted again")
    await run(args("xai", "mock:lost-submit"), env)
    expect(posts() - before).toBe(2)
    await run([...args("xai", "mock:lost-submit"), "--may-submit-again"], env)
    expect(posts() - before).toBe(3)
  })

  it("an unknown outcome that was looked up is resolved, and its key is new or has its job", async () => {
    const env = environment(temporary())
    const before = posts()
    for (let again = 0; again < 2; again++) expect((await run(keyed("mock:lost-submit"), env)).code).toBe(3)
    expect(posts() - before).toBe(1)
    expect((await run(["jobs", "--resolve", "order-7"], env)).err).toContain("needs one of --ref and --not-created")
    expect((await run(["jobs", "--resolve", "order-8", "--not-created"], env)).code).toBe(2)
    expect((await run(["jobs", "--resolve", "order-7", "--not-created"], env)).err).toContain("was never created, and may be submitted")
    const { lines } = await run([...keyed("A fox."), "--json"], env)
    expect(lines.at(-1)).toMatchObject({ _tag: "Saved" })
    expect((await run(["jobs", "--resolve", "order-7", "--not-created"], env)).err).toContain("its job is known: reelay:xai/")
    // The same key once more: the same job, and no POST.
    expect((await run([...keyed("A fox."), "--json"], env)).lines.at(-1)).toMatchObject({ _tag: "Saved" })
    expect(posts() - before).toBe(2)
  })

  it("without the key of a job it says which variable to set, and the job stays", async () => {
    const env = environment(temporary())
    const command = start(args("xai", "A fox."), env)
    await command.says("Submitted")
    command.child.kill("SIGKILL")
    await command.ended
    const { code, err } = await run(["resume"], { ...env, REELAY_XAI_API_KEY: "" })
    expect([code, err]).toMatchObject([3, expect.stringContaining("set REELAY_XAI_API_KEY")])
    const other = await run(["resume"], { ...env, REELAY_XAI_API_KEY: "sk-another-key" })
    expect([other.code, other.err]).toMatchObject([3, expect.stringContaining("--any-account")])
    expect(await list(env)).toMatchObject([{ fate: "Accepted" }])
  })

  it("Ctrl-C leaves the jobs, and says how to resume them", async () => {
    const env = environment(temporary())
    const command = start(args("xai", "mock:stuck"), env)
    await command.says("Submitted")
    command.child.kill("SIGKILL")
    await command.ended
    const resuming = start(["resume", "--pace", "80ms"], env)
    await resuming.says("running")
    resuming.child.kill("SIGINT")
    const { code, err } = await resuming.ended
    expect([code, err]).toMatchObject([130, expect.stringContaining("Resume them: reelay resume")])
  })

  it("a job that another process follows is skipped", async () => {
    const env = environment(temporary())
    const command = start(args("xai", "mock:stuck"), env)
    await command.says("running")
    const { code, err } = await run(["resume"], env)
    expect([code, err]).toMatchObject([0, expect.stringContaining("is followed by another process")])
    command.child.kill("SIGKILL")
    await command.ended
  })

  it("a damaged entry is reported, and the others continue", async () => {
    const state = temporary()
    const env = environment(state)
    const command = start(args("xai", "A fox."), env)
    await command.says("Submitted")
    command.child.kill("SIGKILL")
    await command.ended
    writeFileSync(join(state, "cut.json"), '{"v":1')
    const { code, err, out } = await run(["resume", "--pace", "80ms"], env)
    expect([code, err, out]).toMatchObject([
      3,
      expect.stringMatching(/cut in the journal is no entry[^]*succeeded/u),
      expect.stringContaining(".mp4")
    ])
    expect((await run(["jobs"], env)).out).toMatch(/^cut {2}damaged/u)
  })
})

describe("a journal that can't be written", () => {
  it("stops a submission before a byte is sent, unless --no-journal is given", async () => {
    const file = join(temporary(), "file")
    writeFileSync(file, "")
    const env = environment(join(file, "state"))
    const before = posts()
    const { code, err } = await run(args("xai", "A fox."), env)
    expect([code, err]).toMatchObject([2, expect.stringMatching(/ENOTDIR[^]*Nothing was sent/u)])
    expect(posts()).toBe(before)
    expect((await run(args("xai", "A fox.", "--no-journal", "--out", "fox.mp4"), env)).code).toBe(0)
    expect(posts() - before).toBe(1)
  })
})

describe("a signal during the download", () => {
  it("ends it, leaves no incomplete file under the name, and the job can be resumed", async () => {
    const head = new Uint8Array([0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70])
    let slow = true
    const server = createServer((request, response) => {
      const url = `http://${request.headers.host}`
      const json = (body: unknown) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body))
      if (request.method === "POST") return void json({ request_id: "slow-1" })
      if (!request.url?.endsWith(".mp4")) return void json({ status: "done", video: { url: `${url}/slow-1.mp4`, duration: 6 } })
      response.writeHead(200, { "content-type": "video/mp4", "content-length": "16" }).write(head)
      if (!slow) response.end(head)
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const address = server.address()
    const baseUrl = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
    const env = environment(temporary())
    const command = start(["run", "--provider", "xai", "--base-url", baseUrl, "--pace", "80ms", "--out", "slow.mp4", "A candle."], env)
    const downloading = new Promise<void>((resolve) =>
      server.on("request", ({ url }) => (url?.endsWith(".mp4") === true ? resolve() : undefined))
    )
    await downloading
    const closed = new Promise<void>((resolve) => server.on("connection", (socket) => socket.once("close", resolve)))
    command.child.kill("SIGINT")
    const { code, err } = await command.ended
    expect([code, err]).toMatchObject([130, expect.stringContaining("reelay attach")])
    expect(existsSync(command.path("slow.mp4"))).toBe(false)
    slow = false
    const resumed = await run(["resume", "--pace", "80ms"], env)
    await closed
    expect([resumed.code, readFileSync(command.path("slow.mp4")).byteLength]).toStrictEqual([0, 16])
    server.closeAllConnections()
    server.close()
  })
})
