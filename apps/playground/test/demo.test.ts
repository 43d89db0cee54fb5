import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

it("npm run demo -- --web prints the address of the page, and Ctrl-C ends mock, relay and page", async () => {
  const run = fileURLToPath(new URL("../../../scripts/run.mjs", import.meta.url))
  const child = spawn(process.execPath, [run, "demo", "--web"], { stdio: ["ignore", "pipe", "ignore"] })
  const ended = once(child, "exit")
  try {
    const [url]: ReadonlyArray<string> = await once(createInterface(child.stdout), "line")
    expect(await (await fetch(url ?? "")).text()).toContain("<title>Reelay playground</title>")
    const { mock }: { readonly mock: string } = await (await fetch(`${url}/playground/config`)).json()
    expect((await fetch(`${mock}/__mock/health`)).status).toBe(200)
    expect((await fetch(`${url}/api/video/jobs`)).status).toBe(200)
    child.kill("SIGINT")
    expect(await ended).toStrictEqual([0, null])
    await expect(fetch(url ?? "")).rejects.toThrow("fetch failed")
    await expect(fetch(mock)).rejects.toThrow("fetch failed")
  } finally {
    child.kill("SIGKILL")
  }
})
