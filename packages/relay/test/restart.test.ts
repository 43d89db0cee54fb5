import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { isAfter } from "../src/wire/cursor.ts"
import { eventsOf, later, mocked, posts, prompt, type Seen, until } from "./relay.ts"

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "reelay-relay-"))
  later(async () => rmSync(made, { recursive: true }))
  return made
}

/** A relay in a process of its own. Killed, it has no chance to tidy up. */
const started = async (mock: string, journal: string, port = "0") => {
  const child = spawn(
    process.execPath,
    ["--conditions=@reelay/source", fileURLToPath(new URL("./victim.ts", import.meta.url)), port, mock, journal],
    { stdio: ["ignore", "pipe", "inherit"] }
  )
  const gone = new Promise<void>((resolve) => child.on("exit", () => resolve()))
  const kill = (): Promise<void> => {
    child.kill("SIGKILL")
    return gone
  }
  later(kill)
  const own = await new Promise<string>((resolve) => child.stdout.once("data", (text: Buffer) => resolve(String(text).trim())))
  return { port: own, url: `http://127.0.0.1:${own}/api/video`, kill }
}

const headers = { cookie: "user=ann", "content-type": "application/json", "x-reelay": "1" }

/** It moves with each poll, however slow the machine is. */
const request = { prompt: `${prompt} mock:script=ten-polls` }

const post = (url: string): Promise<Response> =>
  fetch(`${url}/jobs`, { method: "POST", headers: { ...headers, "idempotency-key": "k1" }, body: JSON.stringify({ request }) })

describe.concurrent("a relay that is killed in mid-job", () => {
  it("is resumed by another, without a repeat, a step back, or a second payment", async () => {
    const server = await mocked()
    const journal = folder()
    let relay = await started(server.url, journal)
    const { job } = await (await post(relay.url)).json()
    const seen: Array<Seen> = []
    let kills = 0
    while (seen.at(-1)?.event !== "end") {
      const last = seen.at(-1)?.id
      const answer = await fetch(`${relay.url}/jobs/${job}/events`, {
        headers: { ...headers, ...(last === undefined ? {} : { "last-event-id": last }) }
      })
      expect(answer.status).toBe(200)
      try {
        let news = 0
        for await (const each of eventsOf(answer)) {
          seen.push(each)
          news += 1
          if (news === 2 && kills < 2) await relay.kill()
        }
      } catch {
        kills += 1
        relay = await started(server.url, journal, relay.port)
      }
    }
    expect(kills).toBe(2)
    const states = seen.filter(({ event }) => event === "state")
    expect(states.every(({ id }, at) => at === 0 || isAfter(id ?? "", states[at - 1]?.id))).toBe(true)
    expect(states.at(-1)?.data.state?.["_tag"]).toBe("Succeeded")
    const again = await post(relay.url)
    expect([again.status, again.headers.get("idempotent-replayed"), (await again.json()).job]).toEqual([201, "true", job])
    expect(posts(server)).toBe(1)
  })

  it("around the POST never sends a second one", async () => {
    const server = await mocked({ latency: 300 })
    const journal = folder()
    const first = await started(server.url, journal)
    const cut = post(first.url).catch(() => undefined)
    // The intent is written; the POST is on its way.
    await until(() => readdirSync(journal).some((name) => name.endsWith(".json")))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await first.kill()
    await cut
    const second = await started(server.url, journal)
    const answers = await Promise.all([post(second.url), post(second.url)])
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(posts(server)).toBeLessThanOrEqual(1)
    for (const answer of answers) expect([201, 409]).toContain(answer.status)
  })
})
