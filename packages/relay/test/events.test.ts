import { describe, expect, it } from "vitest"
import { isAfter } from "../src/wire/cursor.ts"
import { allEvents, eventsOf, mocked, polls, posted, posts, prompt, relayTo, requested, submitted, tagsOf, until } from "./relay.ts"

const byPolls = { prompt: `${prompt} mock:script=ten-polls` }

describe.concurrent("a relay that is disposed", () => {
  it("sends nothing of what still waits, and waits for what was sent", async () => {
    const server = await mocked({ latency: 300 })
    const relay = relayTo(server)
    const sent = relay(posted("k1"))
    await new Promise((resolve) => setTimeout(resolve, 100))
    const waiting = relay(posted("k2", { prompt: "Another." }))
    const leaving = relay.dispose()
    const [first, second] = await Promise.all([sent, waiting])
    await leaving
    expect(first.status).toBe(201)
    expect([second.status, second.headers.get("retry-after")]).toEqual([503, "3"])
    expect(posts(server)).toBe(1)
  })
})

describe.concurrent("an event stream", () => {
  it("begins with a comment, tells proxies to keep off, and has a cursor in each event", async () => {
    const relay = relayTo(await mocked())
    const job = await submitted(relay, "k1", byPolls)
    const answer = await relay(requested(`/jobs/${job}/events`))
    expect(Object.fromEntries(answer.headers)).toMatchObject({ "cache-control": "no-store, no-transform", "x-accel-buffering": "no" })
    expect(answer.headers.has("connection")).toBe(false)
    expect((await answer.clone().text()).startsWith(":\n\nretry: 1000\n\n")).toBe(true)
    const states = (await allEvents(answer)).filter(({ event }) => event === "state")
    expect(states.every(({ id }, at) => at === 0 || isAfter(id ?? "", states[at - 1]?.id))).toBe(true)
    expect(states.at(-1)?.id).toBe("1.3.0")
  })

  it("goes on after the cursor that it is given, and says 204 to one who knows the end", async () => {
    const server = await mocked()
    const relay = relayTo(server)
    const job = await submitted(relay, "k1", byPolls)
    const seen = await allEvents(await relay(requested(`/jobs/${job}/events`)))
    for (const [headers, query] of [
      [{ "last-event-id": "1.2.500000" }, ""],
      [{}, "?lastEventId=1.2.500000"]
    ] as const) {
      const rest = await allEvents(await relay(requested(`/jobs/${job}/events${query}`, { headers })))
      expect(tagsOf(rest)).toEqual(["Succeeded", "end"])
    }
    const asked = polls(server)
    expect((await relay(requested(`/jobs/${job}/events`, { headers: { "last-event-id": seen.at(-2)?.id ?? "" } }))).status).toBe(204)
    expect(polls(server)).toBe(asked)
  })

  it("of a relay that knows nothing of the job yet tells nothing that its reader has", async () => {
    const server = await mocked({ duration: 100 })
    const job = await submitted(relayTo(server), "k1", { prompt: `${prompt} mock:stuck` })
    const another = relayTo(server)
    const reader = eventsOf(await another(requested(`/jobs/${job}/events`, { headers: { "last-event-id": "1.2.500000" } })))
    const { value } = await reader.next()
    expect(value).toMatchObject({ event: "state", data: { state: { _tag: "Running" } } })
    expect(Number(value?.data.state?.["progress"])).toBeGreaterThan(0.5)
    await reader.return()
    const many = eventsOf(await another(requested("/events", { method: "POST", body: { jobs: { [job]: "1.1.0" } } })))
    expect((await many.next()).value).toMatchObject({ data: { state: { _tag: "Running" } } })
    await many.return()
  })

  it("of many jobs tells each from its own cursor, and ends with the last", async () => {
    const relay = relayTo(await mocked())
    const one = await submitted(relay, "k1")
    const two = await submitted(relay, "k2", { prompt: `${prompt} mock:fail` })
    const ask = (cursor: string | null) => relay(requested("/events", { method: "POST", body: { jobs: { [one]: cursor, [two]: cursor } } }))
    const seen = await allEvents(await ask(null))
    for (const job of [one, two]) {
      expect(tagsOf(seen.filter(({ data }) => data["job"] === job)).at(-1)).toBe(job === one ? "Succeeded" : "Failed")
    }
    expect(seen.filter(({ event }) => event === "end")).toHaveLength(1)
    expect((await ask("1.3.0")).status).toBe(204)
    expect((await relay(requested("/events", { method: "POST", body: { jobs: {} } }))).status).toBe(204)
  })

  it("is fed by one poller, however many watch, and the last to leave stops it", async () => {
    const server = await mocked({ duration: 60_000 })
    const relay = relayTo(server, { watch: { pace: 40 }, limits: { streams: 100 } })
    const job = await submitted(relay, "k1")
    const open = () => relay(requested(`/jobs/${job}/events`))
    const first = await Promise.all(Array.from({ length: 25 }, open))
    // A repeat of the submission gives the same job, and no other poller.
    expect(await submitted(relay, "k1")).toBe(job)
    const streams = [...first, ...(await Promise.all(Array.from({ length: 25 }, open)))]
    const readers = streams.map(eventsOf)
    await Promise.all(readers.map((each) => each.next()))
    await until(() => polls(server) >= 5)
    const before = polls(server)
    const began = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(polls(server) - before).toBeLessThanOrEqual((performance.now() - began) / 40 + 2)
    expect(relay.stats()).toEqual({ streams: 50, watched: 1 })
    await Promise.all(readers.map((each) => each.return()))
    expect(relay.stats()).toEqual({ streams: 0, watched: 0 })
    const left = polls(server)
    await new Promise((resolve) => setTimeout(resolve, 200))
    // One may have been under way.
    expect(polls(server)).toBeLessThanOrEqual(left + 1)
  })

  it("tells that sight of a job was lost, and what may be repeated", async () => {
    const relay = relayTo(await mocked({ duration: 60_000 }), { watch: { pace: 20, deadline: 200 } })
    const job = await submitted(relay, "k1")
    const seen = await allEvents(await relay(requested(`/jobs/${job}/events`)))
    expect(seen.find(({ event }) => event === "problem")?.data).toMatchObject({
      job,
      reason: "DeadlineExceeded",
      again: "watch",
      final: true
    })
    expect(seen.at(-1)?.event).toBe("end")
  })

  it("gets a comment on a quiet stream, and ends when it is too old", async () => {
    const relay = relayTo(await mocked({ duration: 60_000 }), { limits: { heartbeat: 20, streamAge: 100 } })
    const job = await submitted(relay, "k1")
    const answer = await relay(requested(`/jobs/${job}/events`))
    const text = await answer.text()
    expect(text.split("\n").filter((line) => line === ":").length).toBeGreaterThanOrEqual(3)
    expect(text).not.toContain("event: end")
    expect(relay.stats()).toEqual({ streams: 0, watched: 0 })
  })

  it("ends when the relay is disposed, and asks its client to come back later", async () => {
    const relay = relayTo(await mocked({ duration: 60_000 }))
    const job = await submitted(relay, "k1")
    const answer = await relay(requested(`/jobs/${job}/events`))
    await relay.dispose()
    expect(await answer.text()).toContain("retry: 3000")
    const late = await relay(requested(`/jobs/${job}`))
    expect([late.status, late.headers.get("retry-after")]).toEqual([503, "3"])
  })
})
