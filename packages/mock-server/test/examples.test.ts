import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type MockServer, serve } from "../src/hosts/node.ts"

const folder = fileURLToPath(new URL("../examples/", import.meta.url))
const hasPython = spawnSync("python3", ["--version"]).status === 0

let server: MockServer

beforeAll(async () => {
  server = await serve()
})

afterAll(() => server.close())

/** Runs a command in the folder of an example, against the mock. */
const run = async (place: string, command: string, ...args: ReadonlyArray<string>) => {
  const env = { ...process.env, MOCK_URL: server.url, PYTHONDONTWRITEBYTECODE: "1", NO_COLOR: "1" }
  const child = spawn(command, args, { cwd: folder + place, env, stdio: ["ignore", "pipe", "pipe"] })
  let said = ""
  child.stdout.on("data", (chunk) => (said += String(chunk)))
  child.stderr.on("data", (chunk) => (said += String(chunk)))
  const [code]: Array<unknown> = await once(child, "close")
  return { code, said }
}

describe("clients that know nothing of this project", () => {
  it("OpenAI's package passes its own tests at GeekNow's surface", async () => {
    const { code, said } = await run("openai", process.execPath, "--test", "--test-reporter=tap", "video.test.ts")
    expect(said).toContain("# pass 5")
    expect(code).toBe(0)
  })

  it.skipIf(!hasPython)("Python's standard library passes its own tests", async () => {
    const { code, said } = await run("python", "python3", "-m", "unittest")
    expect(said).toContain("Ran 8 tests")
    expect(code).toBe(0)
  })

  it.skipIf(!hasPython)("Python's standard library passes in a hundred worlds", async () => {
    expect(await run("python", "python3", "explore.py", "client:Client")).toEqual({ code: 0, said: "passed in 100 worlds\n" })
  })

  it.skipIf(!hasPython)("a careless one in Python is caught, and fails again in the world that is named", async () => {
    const { code, said } = await run("python", "python3", "explore.py", "careless:Careless")
    expect(code).toBe(1)
    expect(said).toContain("paid twice: 2 jobs")
    const base = /http\S+/.exec(said)?.[0] ?? ""
    const again = await run(
      "python",
      "python3",
      "-c",
      `from careless import Careless; from client import LockStep; from worlds import verdict; print(Careless("${base}", "key", LockStep()).create("A candle"), verdict("${base}"))`
    )
    expect(again.said).toContain("paid twice: 2 jobs")
  })
})
