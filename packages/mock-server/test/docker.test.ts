import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { serve } from "../src/hosts/node.ts"

const text = readFileSync(new URL("../Dockerfile", import.meta.url), "utf8")

/** What stands behind an instruction that is written as JSON. */
const words = (instruction: string): ReadonlyArray<string> =>
  JSON.parse(new RegExp(`^${instruction}[^[]*(\\[.*\\])$`, "m").exec(text)?.[1] ?? "")

/** How the check of a container ends, for a mock on a port. */
const checkedAt = async (url: string): Promise<unknown> => {
  const [, ...args] = words("HEALTHCHECK").map((word) => word.replace("http://127.0.0.1:8787", url))
  const [code] = await once(spawn(process.execPath, args), "close")
  return code
}

describe("the Dockerfile", () => {
  it("has a check that passes while the mock answers, and fails when it does not", async () => {
    const { close, url } = await serve()
    expect(await checkedAt(url)).toBe(0)
    await close()
    expect(await checkedAt(url)).toBe(1)
  })

  it("starts the command for everyone, on the port that it exposes, and not as root", () => {
    expect(words("ENTRYPOINT")).toEqual(["node_modules/.bin/reelay-mock", "--host", "0.0.0.0"])
    expect(text).toMatch(/^EXPOSE 8787$/m)
    expect(readFileSync(new URL("../src/bin.ts", import.meta.url), "utf8")).toContain("Flag.withDefault(8787)")
    expect(text.indexOf("\nUSER node\n")).toBeGreaterThan(text.lastIndexOf("\nRUN "))
  })
})
