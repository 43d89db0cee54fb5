/** Relays that share a journal in one of these databases: instances behind a balancer, and what comes after a restart. */
import { KeyValueJournal } from "@reelay/core"
import { serve } from "@reelay/mock-server/node"
import { xai } from "@reelay/providers/xai"
import { createRelay } from "@reelay/relay/node"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { databases } from "./databases.ts"

const prompt = "A candle flickers on a wooden table."

const request = (path: string, init: RequestInit = {}): Request => {
  const headers = new Headers(init.headers)
  headers.set("cookie", "user=ann")
  if (init.method !== undefined) headers.set("content-type", "application/json")
  return new Request(`https://app.example.com/api/video${path}`, { ...init, headers })
}

const posted = (key: string): Request =>
  request("/jobs", { method: "POST", headers: { "idempotency-key": key }, body: JSON.stringify({ request: { prompt } }) })

describe.each(Object.entries(databases))("relays on %s", (_, open) => {
  it("are one to their users: a key is one submission, each streams the other's jobs, and a new one goes on with them", async ({
    onTestFinished
  }) => {
    const server = await serve({ port: 0, duration: 1500 })
    onTestFinished(server.close)
    const database = await open()
    const relayed = () => {
      const relay = createRelay({
        providers: [xai({ apiKey: "key-of-the-test", baseUrl: `${server.url}/xai` })],
        authorize: ({ headers }) => (headers.get("cookie") === "user=ann" ? { user: "ann" } : undefined),
        journal: Layer.orDie(Layer.provide(KeyValueJournal.layerSql(), database.client())),
        watch: { pace: 100 },
        logLevel: "error"
      })
      onTestFinished(relay.dispose)
      return relay
    }
    const posts = () => server.mock.journal.filter(({ route }) => route === "submit").length
    const [one, two] = [relayed(), relayed()]

    const first = await one(posted("k1"))
    const { job }: { readonly job: string } = await first.json()
    expect(first.status).toBe(201)
    const again = await two(posted("k1"))
    expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([201, "true"])
    expect(await again.json()).toMatchObject({ job })
    expect(await (await two(request("/jobs"))).json()).toMatchObject({ jobs: [{ job, key: "k1", fate: "Accepted" }] })

    await one.dispose()
    const events = await (await two(request(`/jobs/${job}/events`))).text()
    expect(events).toMatch(/event: state\ndata: [^\n]*"Succeeded"[^\n]*\n\nevent: end/u)

    const three = relayed()
    expect((await three(request(`/jobs/${job}/video`))).status).toBe(200)
    expect(await (await three(request("/jobs"))).json()).toMatchObject({ jobs: [{ job, fate: "Closed", end: "Succeeded" }] })
    const both = await Promise.all([two, three].map((relay) => relay(posted("k2"))))
    // Who comes second may be told to come again, but sends nothing.
    for (const { status } of both) expect([201, 409, 503]).toContain(status)
    expect(both.map(({ status }) => status)).toContain(201)
    expect(posts()).toBe(2)
  })
})
