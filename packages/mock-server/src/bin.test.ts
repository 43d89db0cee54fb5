import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, describe, expect, it } from "vitest"
import { version } from "./base/version.ts"
import { magicWords, toText, written } from "./script/MagicPrompt.ts"

const bin = fileURLToPath(new URL("bin.ts", import.meta.url))

const children: Array<ChildProcess> = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL")
})

/** A child process, what it has said so far, and its exit code once it has ended. */
const run = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, ["--conditions=@reelay/source", bin, ...args], { stdio: ["ignore", "pipe", "pipe"] })
  children.push(child)
  const said = { out: "", err: "" }
  child.stdout.on("data", (chunk) => (said.out += String(chunk)))
  child.stderr.on("data", (chunk) => (said.err += String(chunk)))
  const code = once(child, "close").then(([exit]: Array<unknown>) => exit)
  const url = async (): Promise<string> => {
    await expect.poll(() => said.out, { timeout: 30_000 }).toContain("\n")
    return said.out.trim()
  }
  return { child, said, code, url }
}

/** A name that no file has. */
const fresh = (): string => join(mkdtempSync(join(tmpdir(), "reelay-record-")), "session.json")

describe("reelay-mock", () => {
  it("says its URL, and nothing else, on standard output; requests go to standard error", async () => {
    const { url, said } = run("--port", "0", "--seed", "7")
    expect(await url()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    await globalThis.fetch(`${await url()}/xai/v1/videos/x`, { headers: { authorization: "Bearer key" } })
    await expect.poll(() => said.err).toBe("GET /xai/v1/videos/x 404\n")
    expect(said.out).toBe(`${await url()}\n`)
  })

  it("plays providers that a module exports beside the built-in ones, and says what is wrong with one", async () => {
    const folder = mkdtempSync(join(tmpdir(), "reelay-providers-"))
    const file = join(folder, "acme.mjs")
    writeFileSync(
      file,
      'export const acme = { name: "acme", prefixes: [""], submits: [], poll: "/films/{id}", id: String, refuse: (reason) => ({ status: 404, body: { reason } }) }'
    )
    const { url } = run("--port", "0", "--quiet", "--providers", file)
    const answer = await globalThis.fetch(`${await url()}/acme/films/7`, { headers: { authorization: "Bearer key" } })
    expect([answer.status, await answer.json()]).toEqual([404, { reason: "UnknownJob" }])
    writeFileSync(file, "export const acme = 7")
    const odd = run("--port", "0", "--providers", file)
    expect([await odd.code, odd.said.out]).toEqual([1, ""])
    expect(odd.said.err).toContain("can't be a provider's name")
    const none = run("--port", "0", "--providers", join(folder, "none.mjs"))
    expect([await none.code, none.said.out]).toEqual([1, ""])
    expect(none.said.err).toContain("can't be loaded as a module")
  })

  it("on a busy port says one line that names it and what to do, and ends with 1", async () => {
    const first = run("--port", "0", "--quiet")
    const { port } = new URL(await first.url())
    const second = run("--port", port)
    expect(await second.code).toBe(1)
    expect(second.said).toEqual({
      out: "",
      err: `Port ${port} is busy: stop what listens there, or choose another with --port (--port 0 takes a free one).\n`
    })
  })

  it.each(["SIGTERM", "SIGINT"] as const)("ends within a second of %s, with an open and a stalled connection", async (signal) => {
    const { url, child, code, said } = run("--port", "0", "--quiet")
    const port = Number(new URL(await url()).port)
    const idle = connect(port, "127.0.0.1").on("error", () => undefined)
    const stalled = connect(port, "127.0.0.1").on("error", () => undefined)
    idle.write("GET /__mock/health HTTP/1.1\r\nHost: x\r\n\r\n")
    stalled.write(
      "POST /xai/v1/videos/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    )
    await once(idle, "data")
    const from = performance.now()
    child.kill(signal)
    expect(await code).toBe(0)
    expect(performance.now() - from).toBeLessThan(1000)
    expect(said.err).toBe("")
  })

  it.each([
    [["--port", "70000"], "--port"],
    [["--duration", "soon"], "--duration"],
    [["--wat"], "--wat"]
  ])("with %j names the flag on standard error alone, and ends with 1", async (args, name) => {
    const { code, said } = run(...args)
    expect(await code).toBe(1)
    expect(said.out).toBe("")
    expect(said.err).toContain(name)
  })

  it("verify finds no drift in the mock, ends with 0, and keeps the key to itself", async () => {
    const { url } = run("--port", "0", "--quiet")
    const { code, said } = run("verify", "--provider", "xai", "--base-url", `${await url()}/xai`, "--api-key", "sk-secret", "--with-key")
    expect(await code).toBe(0)
    expect(said.out).toMatch(/query: unknown id +404 HttpError .* 404 +same\n/)
    expect(said.out).toMatch(/\n20 probes, no drift\.\n$/)
    expect(said.out + said.err).not.toContain("sk-secret")
  })

  it("verify ends with 1 where another API answers, and names what differs", async () => {
    const { url } = run("--port", "0", "--quiet")
    const { code, said } = run("verify", "--provider", "xai", "--base-url", `${await url()}/geeknow`)
    expect(await code).toBe(1)
    expect(said.out).toContain('differs: status 405, not 401; Missing key at ["code"]')
    expect(said.err).toBe("")
  })

  it.each([
    [["--provider", "nobody", "--base-url", "https://gateway.test"], "--provider"],
    [["--provider", "xai"], "--base-url"],
    [["--provider", "xai", "--base-url", "http://gateway.test", "--api-key", "sk-secret"], "in the clear"],
    [["--provider", "xai", "--base-url", "https://gateway.test", "--api-key-from", "REELAY_NO_SUCH"], "REELAY_NO_SUCH"],
    [["--provider", "xai", "--base-url", "https://gateway.test", "--paid"], "--budget"],
    [["--provider", "xai", "--base-url", "https://gateway.test", "--api-key", "sk-secret", "--paid", "--budget", "0.01"], "$0.05"]
  ])("verify with %j says on standard error what is wrong, sends nothing, and ends with 2", async (args, what) => {
    const { code, said } = run("verify", ...args)
    expect(await code).toBe(2)
    expect(said.out).toBe("")
    expect(said.err).toContain(what)
    expect(said.err).not.toContain("sk-secret")
  })

  it("M2: verdict ends with 1 for a mock that nobody used, and with 0 for a test that expects that", async () => {
    const at = await run("--port", "0", "--quiet").url()
    const { code, said } = run("verdict", at)
    expect([await code, said.out]).toEqual([1, ""])
    expect(said.err).toBe("not ok\nunused (data): nothing was submitted here: does the client take this base URL?\n")
    const expected = run("verdict", at, "--expect", "unused", "--fail-on", "money,data,courtesy", "--floor", "5s", "--copies", "2")
    expect([await expected.code, expected.said.err]).toEqual([0, ""])
    expect(expected.said.out).toMatch(/^ok\nnoted: unused/)
    expect(await run("verdict", at, "--running", "--allow", "lost").code).toBe(0)
  })

  it.each([
    [["--expect", "lots"], "names with commas, of paid-twice, lost"],
    [["--fail-on", "much"], "money, data, courtesy"],
    [["--copies", "0"], "a number from 1 on"],
    [[], "no mock answers at http://127.0.0.1:1"]
  ])("verdict with %j says on standard error what is wrong, and ends with 2", async (args, what) => {
    const { code, said } = run("verdict", "http://127.0.0.1:1", ...args)
    expect([await code, said.out]).toEqual([2, ""])
    expect(said.err).toContain(what)
  })

  it("explains every magic word in --help", async () => {
    const { code, said } = run("--help")
    expect(await code).toBe(0)
    for (const word of magicWords) expect(said.out).toContain(written(word))
    expect(said.out).toContain(toText())
  })

  describe("explore", () => {
    const careful = new URL("../test/careful.ts", import.meta.url).href
    const client = (flaw = "", last = ""): ReadonlyArray<string> => [
      process.execPath,
      "--input-type=module",
      "-e",
      `const { makeVideo } = await import("${careful}"); await makeVideo(fetch, process.env.MOCK_BASE_URL, "${flaw}"); ${last}`
    ]
    const flags = ["--provider", "xai", "--lockstep", "--faults", "submit-accepted-5xx,url-expired"]

    it("M3: takes a poll after the end for no failure, unless it is to fail on courtesies, and says how to run that again", async () => {
      expect(await run("explore", ...flags, "--runs", "1", "--", ...client("asks-once-more")).code).toBe(0)
      const strict = run("explore", ...flags, "--runs", "1", "--fail-on", "courtesy", "--copies", "2", "--", ...client("asks-once-more"))
      expect(await strict.code).toBe(1)
      const [, token = ""] = /explore --world (\S+) --fail-on courtesy --copies 2 -- /.exec(strict.said.err) ?? []
      const again = ["explore", "--world", token, "--fail-on", "courtesy"]
      expect(await run(...again, "--", ...client("asks-once-more")).code).toBe(1)
      expect(await run(...again, "--allow", "after-end", "--", ...client("asks-once-more")).code).toBe(0)
    })

    it("ends with 0 where the command passes in every world", async () => {
      const { code, said } = run("explore", ...flags, "--runs", "3", "--", ...client())
      expect(await code).toBe(0)
      expect(said).toEqual({ out: "passed in 3 worlds\n", err: "" })
    })

    it("ends with 1 where it fails in one, and says how to run it there again", async () => {
      const { code, said } = run("explore", ...flags, "--runs", "3", "--", ...client("submits-again"))
      expect(await code).toBe(1)
      expect(said.out).toBe("")
      expect(said.err).toContain("failed in a world of 1 step:")
      expect(said.err).toContain("paid twice: 2 jobs")
      const [, token = ""] = /^again: reelay-mock explore --world (\S+) -- /m.exec(said.err) ?? []
      for (const [flaw, exit] of [
        ["submits-again", 1],
        ["", 0]
      ] as const) {
        expect(await run("explore", "--world", token, "--", ...client(flaw)).code).toBe(exit)
      }
    })

    it("takes an exit code above 0 for a failure, whatever the mock found", async () => {
      const exits = run("explore", ...flags, "--", process.execPath, "-e", "process.exit(3)")
      expect(await exits.code).toBe(1)
      expect(exits.said.err).toContain("ended with 3")
      const world = { provider: "xai", clock: "lockstep", script: { advances: { polls: 1 }, faults: ["poll-accepted-html"] } }
      const token = `a${btoa(JSON.stringify(world))}`
      const crashes = run("explore", "--world", token, "--", ...client("trusts-every-body"))
      expect(await crashes.code).toBe(1)
      expect(crashes.said.err).toContain("SyntaxError")
      expect(await run("explore", "--world", token, "--", ...client()).code).toBe(0)
      const well = run("explore", "--world", token, "--", ...client("", "process.exit(3)"))
      expect(await well.code).toBe(1)
      expect(well.said.err).toMatch(/^\S+node ended with 3\n$/)
    })

    it("takes a command that does not end for one that fails, and tells what it said; one that can't be started is no verdict", async () => {
      const hanging = [process.execPath, "-e", "console.log('still here'); setInterval(() => undefined, 1000)"]
      const late = run("explore", "--world", "aeyJwcm92aWRlciI6InhhaSJ9", "--timeout", "1s", "--", ...hanging)
      const missing = run("explore", "--world", "aeyJwcm92aWRlciI6InhhaSJ9", "--", "no-such-command")
      expect(await late.code).toBe(1)
      expect(late.said.err).toContain("still here")
      expect(late.said.err).toContain("was ended by SIGKILL")
      expect(await missing.code).toBe(2)
      expect(await run("explore", "--world", "zzz", "--", "true").code).toBe(2)
      // A shell's child is ended with the shell.
      const shell = run("explore", "--world", "aeyJwcm92aWRlciI6InhhaSJ9", "--timeout", "500ms", "--", "sh", "-c", "sleep 600; true")
      expect(await shell.code).toBe(1)
      expect(missing.said.err).toContain("ENOENT")
    })

    it("says what is wrong with its own flags", async () => {
      const { code, said } = run("explore", "--faults", "quakes", "--", "true")
      expect(await code).toBe(2)
      expect(said.err).toContain('"quakes" is neither a fault')
      for (const wrong of [
        ["--runs", "0"],
        ["--timeout", "0s"]
      ])
        expect(await run("explore", ...wrong, "--", "true").code).toBe(2)
    })
  })

  describe("record and replay", () => {
    const key = "sk-secret-0123456789"
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" }
    const body = JSON.stringify({ model: "grok-video-3", prompt: "A candle mock:script=three-polls" })

    /** What GeekNow says of a job, at a base URL: its submission, its polls, and its file. */
    const life = async (base: string): Promise<ReadonlyArray<string>> => {
      const submitted = await globalThis.fetch(`${base}/v1/videos`, { method: "POST", headers, body })
      const texts = [await submitted.text()]
      const [, id = ""] = /"id":"([^"]+)"/.exec(texts[0] ?? "") ?? []
      for (let polls = 0; polls < 3; polls++) texts.push(await (await globalThis.fetch(`${base}/v1/videos/${id}`, { headers })).text())
      const file = await globalThis.fetch(`${base}/v1/videos/${id}/content`, { headers })
      texts.push(`${file.status} ${file.headers.get("content-type")} ${Buffer.from(await file.arrayBuffer()).toString("base64")}`)
      return texts.map((text) => text.replaceAll(/signature=[\w-]+/g, "signature="))
    }

    it("say the same over HTTP, bytes of a file included, and the file on disk has no secret", async () => {
      const mock = run("--port", "0", "--quiet")
      const out = fresh()
      const recorder = run(
        "record",
        "--provider",
        "geeknow",
        "--upstream",
        `${await mock.url()}/geeknow`,
        "--out",
        out,
        "--files",
        "--port",
        "0"
      )
      const said = await life(`${await recorder.url()}/geeknow`)
      expect(said[3]).toContain("signature=")
      expect(said[4]).toMatch(/^200 video\/mp4 .{1000}/)
      recorder.child.kill("SIGTERM")
      mock.child.kill("SIGTERM")
      expect([await recorder.code, recorder.said.err.split("\n")[0]]).toEqual([0, "POST /geeknow/v1/videos 200"])
      const text = readFileSync(out, "utf8")
      expect(text).not.toContain(key)
      expect(text).not.toMatch(/signature=(?!redacted-\d)/)
      expect(statSync(out).mode & 0o077).toBe(0)
      const replayed = run("replay", out, "--port", "0", "--quiet")
      const base = `${await replayed.url()}/geeknow`
      expect(await life(base)).toEqual(said)
      const unknown = await globalThis.fetch(`${base}/v1/videos/unknown`)
      expect([unknown.status, await unknown.text()]).toEqual([404, expect.stringContaining("Nearest is")])
    })

    it("refuse to record over a file that is there, unless they are forced to", async () => {
      const mock = run("--port", "0", "--quiet")
      const out = fresh()
      writeFileSync(out, "mine")
      const flags = ["record", "--provider", "geeknow", "--upstream", `${await mock.url()}/geeknow`, "--out", out, "--port", "0", "--quiet"]
      const refused = run(...flags)
      expect(await refused.code).toBe(1)
      expect([refused.said.out, refused.said.err]).toEqual([
        "",
        `${out} is there already: choose another name, or write over it with --force.\n`
      ])
      expect(readFileSync(out, "utf8")).toBe("mine")
      const forced = run(...flags, "--force")
      await life(`${await forced.url()}/geeknow`)
      expect(JSON.parse(readFileSync(out, "utf8"))).toMatchObject({ version: 1, provider: "geeknow", exchanges: { length: 5 } })
      // Without --files.
      const replayed = run("replay", out, "--port", "0", "--quiet")
      expect((await life(`${await replayed.url()}/geeknow`))[4]).toMatch(/^501 /)
    })

    it("leave no file where the port is busy, and say so", async () => {
      const mock = run("--port", "0", "--quiet")
      const url = await mock.url()
      const out = fresh()
      const busy = run("record", "--provider", "xai", "--upstream", `${url}/xai`, "--out", out, "--port", new URL(url).port)
      expect([await busy.code, busy.said.err]).toEqual([1, expect.stringContaining("is busy")])
      expect(existsSync(out)).toBe(false)
    })

    it.each([
      [["record", "--provider", "xai", "--upstream", "http://gateway.test", "--out", "never.json"], "in the clear"],
      [["record", "--provider", "xai", "--upstream", "https://gateway.test", "--out", "/no/such/folder/x.json"], "could not be written"],
      [["replay", "no-such-file.json"], "no-such-file.json could not be read"],
      [["replay", bin], "could not be read"],
      [["replay", fileURLToPath(new URL("../package.json", import.meta.url))], "This isn't a recording"]
    ])("with %j say on standard error what is wrong, and end with 1", async (args, what) => {
      const { code, said } = run(...args, "--port", "0")
      expect(await code).toBe(1)
      expect(said.out).toBe("")
      expect(said.err).toContain(what)
    })
  })

  it("has the version of its package", () => {
    expect(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))).toMatchObject({ version })
  })
})
