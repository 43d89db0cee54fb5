/** A page of another origin, in a real browser. */
import { describe, expect, it, onTestFinished } from "vitest"
import { type MockServer, serve, type ServeOptions } from "../../src/hosts/node.ts"
import * as World from "../../src/script/World.ts"
import { missing } from "./browser.ts"
import { openTab } from "./tab.ts"

const started = async (options: ServeOptions = {}): Promise<MockServer> => {
  const server = await serve(options)
  onTestFinished(server.close)
  return server
}

/** A whole job in the page: the size of its video, or the error. */
const job = (base: string): string => `(async () => {
  const headers = { authorization: "Bearer key", "content-type": "application/json" }
  const body = JSON.stringify({ prompt: "A candle" })
  const submitted = await fetch("${base}/v1/videos/generations", { method: "POST", headers, body })
  const { request_id } = await submitted.json()
  for (;;) {
    const answer = await fetch("${base}/v1/videos/" + request_id, { headers })
    if (answer.status === 202) continue
    const { video } = await answer.json()
    return (await (await fetch(video.url)).arrayBuffer()).byteLength
  }
})().catch(String)`

describe.skipIf(missing)("a page of another origin", () => {
  it("may ask where it was let in, a world and a file too, and nowhere else", async () => {
    const [home, open, shut] = await Promise.all([started(), started({ cors: true, duration: 1 }), started()])
    const tab = await openTab()
    onTestFinished(tab.close)
    await tab.open(`${home.url}/__mock/health`)
    expect(await tab.value(job(`${open.url}/xai`))).toBeGreaterThan(1000)
    const token = World.toToken({ provider: "xai", script: { phases: [] } })
    expect(await tab.value(job(`${open.url}/r/${token}`))).toBeGreaterThan(1000)
    // A preflight is the browser's, and no request of the client's.
    expect(open.mock.journal.filter(({ method }) => method === "OPTIONS")).toEqual([])
    expect(await tab.value(job(`${shut.url}/xai`))).toBe("TypeError: Failed to fetch")
    expect(shut.mock.jobs).toEqual([])
  })
})
