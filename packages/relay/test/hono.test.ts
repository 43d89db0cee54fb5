import { Hono } from "hono"
import { describe, expect, it } from "vitest"
import { allEvents, mocked, posted, relayTo, requested } from "./relay.ts"

describe("a relay in Hono", () => {
  it("answers under its path, streams included", async () => {
    const relay = relayTo(await mocked())
    const app = new Hono().all("/api/video/*", (context) => relay(context.req.raw)).get("/other", (context) => context.text("other"))
    const { job } = await (await app.fetch(posted("k1"))).json()
    expect((await allEvents(await app.fetch(requested(`/jobs/${job}/events`)))).at(-1)?.event).toBe("end")
    expect(await (await app.fetch(new Request("https://app.example.com/other"))).text()).toBe("other")
  })
})
