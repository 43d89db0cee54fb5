import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { serve } from "@reelay/mock-server/node"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { run, start } from "./command.ts"

const key = "sk-secret-of-the-test"
let mock: Awaited<ReturnType<typeof serve>>

beforeAll(async () => {
  mock = await serve({ port: 0, duration: 700 })
})
afterAll(() => mock.close())

const args = (provider: string, prompt: string, ...more: ReadonlyArray<string>) => [
  "run",
  "--provider",
  provider,
  "--base-url",
  `${mock.url}/${provider}`,
  "--api-key",
  key,
  "--pace",
  "80ms",
  "--json",
  ...more,
  prompt
]

const posts = () => mock.mock.journal.filter(({ route }) => route === "submit").length
const tags = (lines: ReadonlyArray<Readonly<Record<string, unknown>>>) => [...new Set(lines.map(({ _tag }) => _tag))]

describe("reelay run", () => {
  it.each(["cometapi", "xingchao", "geeknow", "xai"])("%s: a prompt becomes a file, reported as JSON lines", async (provider) => {
    const before = posts()
    const command = start(args(provider, "A candle flickers. mock:script=ten-polls", "--out", "video.mp4"))
    const { code, err, lines, out } = await command.ended
    expect([code, err]).toStrictEqual([0, ""])
    expect(tags(lines)).toStrictEqual(["Submitted", "Queued", "Running", "Succeeded", "Saved"])
    const file = readFileSync(command.path("video.mp4"))
    expect(file.subarray(4, 8).toString("latin1")).toBe("ftyp")
    expect(lines.at(-1)).toStrictEqual({
      _tag: "Saved",
      ref: lines[0]?.["ref"],
      id: lines[0]?.["id"],
      path: "video.mp4",
      bytes: file.byteLength,
      sha256: createHash("sha256").update(file).digest("hex")
    })
    expect(readdirSync(command.cwd)).toStrictEqual(["video.mp4"])
    expect(posts() - before).toBe(1)
    expect(out).not.toContain(key)
  })

  it.each([
    ["xai", "mock:fail", "Failed"],
    ["xai", "mock:moderated", "Failed"],
    ["cometapi", "mock:expired", "Expired"],
    ["geeknow", "mock:cancelled", "Cancelled"]
  ])("%s %s ends %s, and exits with 1", async (provider, prompt, end) => {
    const { code, lines } = await run(args(provider, prompt))
    expect(code).toBe(1)
    expect(lines.at(-1)).toMatchObject({ _tag: end, billed: expect.stringMatching(/^(yes|no|unknown)$/u) })
  })

  it("a moderated job reports that, its origin, and its cost", async () => {
    const { lines } = await run(args("xai", "mock:moderated"))
    expect(lines.at(-1)).toMatchObject({
      failure: { origin: "provider", code: "imagine:content-moderated", moderated: true },
      billed: "yes",
      costUsd: expect.any(Number)
    })
  })

  it("without --json the path of the file is on standard output, and the rest on standard error", async () => {
    const { code, err, out } = await run(args("xai", "A candle.", "--out", "v.mp4").filter((word) => word !== "--json"))
    expect(code).toBe(0)
    expect(out).toMatch(/^v\.mp4 {2}\d+ bytes {2}sha256 [0-9a-f]{64}\n$/u)
    expect(err).toMatch(/^Submitted reelay:xai\/generation\//u)
  })

  it("raw payloads come only with --raw", async () => {
    const without = await run(args("xai", "mock:fail"))
    expect(without.lines.some((line) => "raw" in line)).toBe(false)
    const { lines } = await run(args("xai", "mock:fail", "--raw"))
    expect(lines.at(-1)).toMatchObject({ raw: { status: "failed" } })
  })

  it("a lost answer to the submission is SubmitUnknown, exit 3, and is not sent again", async () => {
    const before = posts()
    const { code, lines } = await run(args("xai", "mock:lost-submit"))
    expect([code, lines]).toMatchObject([3, [{ _tag: "JobError", reason: "SubmitUnknown" }]])
    expect(posts() - before).toBe(1)
  })

  it.each([
    [
      "a duration that the model does not support",
      ["--duration", "7", "--model", "grok_video3_max"],
      "duration is 7 s; grok_video3_max takes 6, 10, 12, 16, 20 or 30"
    ],
    ["a model that is not known", ["--model", "grok-5"], 'model is "grok-5", which is not known'],
    ["an image that can't be read", ["--image", "no-such.png"], "images name no-such.png"],
    ["a folder that does not exist", ["--out", "no/such/folder/v.mp4"], "does not exist"],
    ["an empty name of a file", ["--out", ""], "names no file"],
    ["a folder in place of a file", ["--out", "new/"], "names no file"],
    ["a flag that does not exist", ["--bogus"], "--bogus"],
    ["a time without a unit", ["--deadline", "5"], "500ms, 5s, 15m or 1h"]
  ])("%s is refused before anything is sent, with exit 2", async (_, more, words) => {
    const before = mock.mock.journal.length
    const { code, lines } = await run(args("xingchao", "A fox.", ...more))
    expect([code, lines]).toMatchObject([2, [{ _tag: "JobError", reason: "InvalidRequest", message: expect.stringContaining(words) }]])
    expect(mock.mock.journal.length).toBe(before)
  })

  it("a bad key makes no job", async () => {
    const { code, lines } = await run(args("xai", "A fox.").map((word) => (word === key ? "bad-key" : word)))
    expect([code, lines]).toMatchObject([2, [{ _tag: "JobError", reason: "Unauthorized" }]])
  })

  it("takes the key from the environment, and names the variable if there is none", async () => {
    const without = args("xai", "mock:fail").filter((word) => word !== "--api-key" && word !== key)
    expect((await run(without, { REELAY_XAI_API_KEY: key })).code).toBe(1)
    const { code, lines } = await run(without)
    expect(code).toBe(2)
    expect(lines[0]).toMatchObject({ message: expect.stringContaining("REELAY_XAI_API_KEY") })
  })
})

describe("a signal", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143]
  ] as const)("%s while polling exits with %d, prints the reference, and attach finishes the job with one POST", async (signal, code) => {
    const before = posts()
    const command = start(args("xai", "mock:duration=2s A candle."))
    await command.says('"Running"')
    command.child.kill(signal)
    const stopped = await command.ended
    expect(stopped.code).toBe(code)
    expect(stopped.lines.at(-1)).toMatchObject({ _tag: "Interrupted", ref: stopped.lines[0]?.["ref"] })
    expect(stopped.err).toContain("reelay attach 'reelay:xai/")
    const polls = mock.mock.journal.length
    const again = start(["attach", String(stopped.lines[0]?.["ref"]), "--api-key", key, "--pace", "80ms", "--json", "--out", "v.mp4"])
    expect((await again.ended).lines.at(-1)).toMatchObject({ _tag: "Saved", path: "v.mp4" })
    expect(existsSync(again.path("v.mp4"))).toBe(true)
    expect(posts() - before).toBe(1)
    expect(mock.mock.journal.length).toBeGreaterThan(polls)
  })

  it("a process that is killed after the reference was printed loses nothing", async () => {
    const before = posts()
    const command = start(args("geeknow", "mock:duration=1s Rain."))
    await command.says('"Submitted"')
    command.child.kill("SIGKILL")
    const { lines } = await command.ended
    const again = await run(["attach", String(lines[0]?.["ref"]), "--api-key", key, "--pace", "80ms", "--json"])
    expect(again.code).toBe(0)
    expect(posts() - before).toBe(1)
  })
})

describe("reelay attach", () => {
  it("never sends the key to an address from a reference", async () => {
    const ref = "reelay:xai/generation/a3d1?v=1&base=https%3A%2F%2Fapi.x.ai.example.com&at=1"
    const { code, lines } = await run(["attach", ref, "--api-key", key, "--json"])
    expect([code, lines]).toMatchObject([3, [{ reason: "ForbiddenAddress", ref }]])
  })

  it("refuses the reference of another account before sending", async () => {
    const before = mock.mock.journal.length
    const ref = `reelay:xai/generation/a3d1?v=1&base=${encodeURIComponent(`${mock.url}/xai`)}&account=key-00000000&at=1`
    const { lines } = await run(["attach", ref, "--api-key", key, "--json"])
    expect(lines).toMatchObject([{ reason: "Unauthorized", ref }])
    expect(mock.mock.journal.length).toBe(before)
  })

  it("says what is wrong with an invalid reference", async () => {
    const { code, lines } = await run(["attach", "a3d1", "--api-key", key, "--json"])
    expect([code, lines]).toMatchObject([2, [{ reason: "InvalidRequest", message: expect.stringContaining("reelay:{provider}") }]])
  })
})

describe("reelay providers", () => {
  it("lists each provider with its models and limits", async () => {
    const { code, out } = await run(["providers"])
    expect(code).toBe(0)
    for (const word of ["cometapi", "xingchao", "geeknow", "xai", "grok_video3_max", "6, 10, 12, 16, 20, 30 (10)", "REELAY_XAI_API_KEY"]) {
      expect(out).toContain(word)
    }
  })

  it("prints one JSON object per provider with --json", async () => {
    const { lines } = await run(["providers", "--json"])
    expect(lines.map(({ provider }) => provider)).toStrictEqual(["cometapi", "xingchao", "geeknow", "xai"])
  })
})

describe("reelay --help", () => {
  it.each([[["--help"]], [["run", "--help"]], [["attach", "--help"]]])("%j has the table of exit codes", async (words) => {
    const { code, out } = await run(words)
    expect(code).toBe(0)
    expect(out).toMatch(
      / {4}0 {2}the video was saved, or delivered elsewhere as asked; resume: all of them\n {4}1 .*\n {4}2 .*\n {4}3 .*\n {2}129 .*\n {2}130 .*\n {2}143 /u
    )
  })
})
