import { KeyValueJournal } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import { describe, expect, it } from "vitest"
import { allEvents, mocked, optionsOf, posted, posts, prompt, relayTo, requested, submitted, tagsOf, until } from "./relay.ts"

const byPolls = `${prompt} mock:script=ten-polls`

describe.concurrent("a submission", () => {
  it("answers with the job's name, and its stream goes to the end", async () => {
    const server = await mocked()
    const relay = relayTo(server)
    const answer = await relay(posted("k1", { prompt: byPolls }))
    const body = await answer.json()
    expect(answer.status).toBe(201)
    expect(answer.headers.get("location")).toBe(`/api/video/jobs/${body.job}`)
    expect(body).toMatchObject({ provider: "xai", kind: "generation", state: { _tag: "Submitted" } })
    const stream = await relay(requested(`/jobs/${body.job}/events`))
    expect(stream.headers.get("content-type")).toBe("text/event-stream")
    const seen = await allEvents(stream)
    expect(tagsOf(seen)).toEqual(["Submitted", "Queued", "Running", "Succeeded", "end"])
    expect(posts(server)).toBe(1)
    const video = await relay(requested(`/jobs/${body.job}/video`))
    expect(video.status).toBe(200)
    expect(new TextDecoder().decode((await video.bytes()).subarray(4, 8))).toBe("ftyp")
  })

  it("under the same key is the same job, in flight, later and after a restart", async () => {
    const server = await mocked({ latency: 60 })
    const relay = relayTo(server)
    const [one, two] = await Promise.all([relay(posted("k1")), relay(posted("k1"))])
    const [first, second] = [await one.json(), await two.json()]
    expect([one.status, two.status]).toEqual([201, 201])
    expect(second.job).toBe(first.job)
    const again = await relay(posted("k1"))
    expect(again.headers.get("idempotent-replayed")).toBe("true")
    expect((await again.json()).job).toBe(first.job)
    expect(posts(server)).toBe(1)
  })

  it("with another body under the same key is refused with 409, and sends nothing", async () => {
    const server = await mocked()
    const relay = relayTo(server)
    await submitted(relay, "k1")
    for (const request of [{ prompt: "Another." }, { prompt, duration: 6 }]) {
      const answer = await relay(posted("k1", request))
      expect(answer.status).toBe(409)
      expect(await answer.json()).toMatchObject({ reason: "KeyReused", again: "never" })
    }
    const elsewhere = await relay(posted("k1", { prompt }, { provider: "cometapi" }))
    expect(elsewhere.status).toBe(409)
    expect(posts(server)).toBe(1)
  })

  it("under the same key at another provider is refused with 409, even if the two take the same body", async () => {
    const server = await mocked()
    const options = optionsOf(server)
    const [first] = options.providers
    const twin = { ...first, definition: { ...first.definition, name: "twin" } }
    const relay = relayTo(server, { providers: [first, twin] })
    await submitted(relay, "k1")
    const answer = await relay(posted("k1", { prompt }, { provider: "twin" }))
    expect([answer.status, (await answer.json()).reason]).toEqual([409, "KeyReused"])
    expect(posts(server)).toBe(1)
  })

  it("with an unknown outcome is 409 with the reason, again and again, and another user's same wish is not blocked", async () => {
    const server = await mocked()
    const relay = relayTo(server)
    const lost = { prompt: `${prompt} mock:lost-submit` }
    for (const key of ["k1", "k1", "k2"]) {
      const answer = await relay(posted(key, lost))
      expect(answer.status).toBe(409)
      expect(await answer.json()).toMatchObject({ reason: "SubmitUnknown", billed: "unknown", again: "never" })
    }
    expect(posts(server)).toBe(1)
    await relay(posted("k1", lost, { user: "bob" }))
    expect(posts(server)).toBe(2)
    const jobs = (await (await relay(requested("/jobs"))).json()).jobs
    expect(jobs).toMatchObject([{ key: "k1", fate: "Unknown" }])
  })

  it.each<readonly [string, Readonly<Record<string, string>>, unknown, number, string]>([
    ["no key", {}, { prompt }, 400, "BadRequest"],
    ["a key with a line break's code", { "idempotency-key": "a b" }, { prompt }, 400, "BadRequest"],
    [
      "a field that is not allowed",
      { "idempotency-key": "k" },
      { prompt, options: { uploadUrl: "https://evil.example.com" } },
      400,
      "BadRequest"
    ],
    ["a source video", { "idempotency-key": "k" }, { prompt, video: "https://a.example.com/a.mp4" }, 400, "BadRequest"],
    ["an invalid duration", { "idempotency-key": "k" }, { prompt, duration: 99 }, 400, "InvalidRequest"],
    ["no object", { "idempotency-key": "k" }, "a text", 400, "BadRequest"]
  ])("with %s is refused, and nothing is sent", async (_, headers, request, status, reason) => {
    const server = await mocked()
    const relay = relayTo(server)
    const answer = await relay(requested("/jobs", { method: "POST", headers, body: { request } }))
    expect(answer.status).toBe(status)
    expect(answer.headers.get("content-type")).toBe("application/problem+json")
    expect(await answer.json()).toMatchObject({ status, reason })
    expect(posts(server)).toBe(0)
  })
})

describe.concurrent("a job", () => {
  it("of another user, or under a made-up name, is unknown on every route", async () => {
    const relay = relayTo(await mocked())
    const job = await submitted(relay, "k1")
    const changed = `${job.slice(0, -1)}${job.endsWith("A") ? "B" : "A"}`
    for (const [name, user] of [
      [job, "bob"],
      [changed, "ann"],
      ["j1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "ann"],
      ["reelay", "ann"]
    ] as const) {
      const answers = await Promise.all([
        relay(requested(`/jobs/${name}`, { user })),
        relay(requested(`/jobs/${name}/events`, { user })),
        relay(requested(`/jobs/${name}/video`, { user })),
        relay(requested(`/jobs/${name}/cancel`, { user, method: "POST" })),
        relay(requested(`/jobs/${name}`, { user, method: "DELETE" }))
      ])
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404])
      expect(await answers[0]?.json()).toMatchObject({ reason: "UnknownJob" })
      const [problem] = await allEvents(await relay(requested("/events", { user, method: "POST", body: { jobs: { [name]: null } } })))
      expect(problem).toMatchObject({ event: "problem", data: { job: name, status: 404, final: true } })
    }
    expect(await (await relay(requested("/jobs", { user: "bob" }))).json()).toEqual({ jobs: [] })
  })

  it("is told to one who asks each few seconds, with 304 for no news", async () => {
    const server = await mocked()
    const relay = relayTo(server)
    const job = await submitted(relay, "k1")
    const first = await relay(requested(`/jobs/${job}`))
    expect(first.status).toBe(200)
    const same = await relay(requested(`/jobs/${job}`, { headers: { "if-none-match": first.headers.get("etag") ?? "" } }))
    expect(same.status).toBe(304)
    await until(async () => (await (await relay(requested(`/jobs/${job}`))).json()).state._tag === "Succeeded")
  })

  it("stays listed when it has ended, until it is forgotten; its key stays paid for", async () => {
    const server = await mocked()
    const relay = relayTo(server)
    const job = await submitted(relay, "k1", { prompt: `${prompt} mock:fail` })
    await allEvents(await relay(requested(`/jobs/${job}/events`)))
    const listed = (await (await relay(requested("/jobs"))).json()).jobs
    expect(listed).toMatchObject([{ job, key: "k1", fate: "Closed", end: "Failed", state: { _tag: "Failed", billed: "unknown" } }])
    expect((await relay(requested(`/jobs/${job}`, { method: "DELETE" }))).status).toBe(204)
    expect((await (await relay(requested("/jobs"))).json()).jobs).toEqual([])
    expect(await submitted(relay, "k1", { prompt: `${prompt} mock:fail` })).toBe(job)
    expect(posts(server)).toBe(1)
  })

  it("is cancelled as truthfully as the provider does it", async () => {
    const relay = relayTo(await mocked())
    const job = await submitted(relay, "k1")
    const answer = await relay(requested(`/jobs/${job}/cancel`, { method: "POST" }))
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ outcome: "Unsupported", job, state: { _tag: "Submitted" } })
  })
})

describe.concurrent("a journal that fails", () => {
  it("is 503, and nothing is sent without it", async () => {
    const server = await mocked()
    const full = new KeyValueStore.KeyValueStoreError({ method: "set", message: "the disk /var/lib/secret is full" })
    const store = {
      ...KeyValueStore.makeStringOnly({
        get: () => Effect.undefined,
        set: () => Effect.fail(full),
        remove: () => Effect.void,
        clear: Effect.void,
        size: Effect.succeed(0),
        keys: Effect.fail(full)
      })
    }
    const relay = relayTo(server, { journal: KeyValueJournal.make(store) })
    for (const request of [posted("k1"), requested("/jobs")]) {
      const answer = await relay(request)
      const text = await answer.text()
      expect([answer.status, JSON.parse(text).reason, answer.headers.get("retry-after")]).toEqual([503, "JournalFailed", "5"])
      expect(text).not.toContain("secret")
    }
    expect(posts(server)).toBe(0)
  })
})

describe.concurrent("a submission with an unknown outcome", () => {
  it("can be forgotten by its name, which is a job on no route; its key stays used", async () => {
    const server = await mocked()
    const relay = relayTo(server)
    await relay(posted("k1", { prompt: `${prompt} mock:lost-submit` }))
    const [{ job }] = (await (await relay(requested("/jobs"))).json()).jobs
    expect((await relay(requested(`/jobs/${job}`))).status).toBe(404)
    expect((await relay(requested(`/jobs/${job}`, { method: "DELETE", user: "bob" }))).status).toBe(404)
    expect((await relay(requested(`/jobs/${job}`, { method: "DELETE" }))).status).toBe(204)
    expect((await (await relay(requested("/jobs"))).json()).jobs).toEqual([])
    expect((await relay(posted("k1", { prompt: `${prompt} mock:lost-submit` }))).status).toBe(409)
    expect(posts(server)).toBe(1)
  })
})
