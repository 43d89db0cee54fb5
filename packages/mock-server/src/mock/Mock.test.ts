import { assert, it as effectIt } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { endpoints, fixtures, makeClient, mask, start, unknownJob, urlIn } from "../../test/client.ts"
import { providerNames } from "../../test/names.ts"
import { catalogue } from "../providers/index.ts"
import * as Script from "../script/Script.ts"
import * as World from "../script/World.ts"
import * as Mock from "./Mock.ts"

describe("a key", () => {
  it.each(providerNames)("is required by %s, on every endpoint", async (provider) => {
    const client = makeClient()
    const { submit, body, poll } = endpoints[provider]
    const expected = fixtures[provider]["error.unauthorized"]
    const answers = [
      await client.post(`/${provider}${submit}`, { ...body, prompt: "x" }, "bad-key"),
      await client.send(`/${provider}${poll("any")}`),
      await client.send(`/${provider}${poll("any")}`, { headers: { authorization: "Basic key" } }),
      await client.get(`/${provider}${poll("any")}`, "")
    ]
    for (const { status, json } of answers) expect({ status, body: json }).toMatchObject({ status: 401, body: expected?.body })
    expect(client.mock.jobs).toEqual([])
  })

  it("outside the list is refused where there is a list", async () => {
    const client = makeClient({ keys: ["bad-but-listed"] })
    expect((await client.poll("xai", "any", "bad-but-listed")).status).toBe(404)
    expect((await client.poll("xai", "any", "key")).status).toBe(401)
  })

  it.each(providerNames)("sees at %s only the jobs that it created", async (provider) => {
    const client = makeClient()
    const id = await client.submit(provider, "x")
    const answer = await client.poll(provider, id, "another")
    expect({ status: answer.status, body: answer.json }).toMatchObject({
      status: unknownJob[provider]?.status,
      body: unknownJob[provider]?.body
    })
    expect((await client.poll(provider, id)).status).toBeLessThan(300)
  })
})

describe("an unknown", () => {
  it.each(providerNames)("id at %s is answered as there", async (provider) => {
    const answer = await makeClient().poll(provider, "video_unknown")
    const fixture = unknownJob[provider]
    expect([answer.status, answer.json]).toEqual([fixture?.status, fixture?.body])
  })

  it.each(providerNames)("route at %s is a 404 in JSON", async (provider) => {
    const answer = await makeClient().get(`/${provider}/v1/unknown`)
    expect(answer.status).toBe(404)
    expect(answer.text).toContain("No handler found for GET /v1/unknown")
    expect(answer.json).toBeDefined()
  })

  it("route at xingchao has the words that were seen", async () => {
    const answer = await makeClient().get("/xingchao/kyyReactApiServer/v1/unknown")
    expect([answer.status, answer.json]).toEqual([404, fixtures.xingchao["error.no-handler"]?.body])
  })

  it.each(["/nobody/v1/videos", "/files", "/files/xai/x.mov", "/files/nobody/x.mp4", "/__mock/unknown", "/xai", "//xai/v1/videos/x"])(
    "path %s is a 404",
    async (path) => {
      expect((await makeClient().get(`http://mock.test${path}`)).status).toBe(404)
    }
  )

  it.each(providerNames)("method at %s is a 405 that names the right ones", async (provider) => {
    const client = makeClient()
    const { submit, poll } = endpoints[provider]
    const onSubmit = await client.send(`/${provider}${submit}`, { method: "DELETE" })
    const onPoll = await client.post(`/${provider}${poll("any")}`, {})
    expect([onSubmit.status, onSubmit.headers.get("allow")]).toEqual([405, "POST"])
    expect([onPoll.status, onPoll.headers.get("allow")]).toEqual([405, "GET, HEAD"])
    expect(onSubmit.json).toBeDefined()
  })
})

describe("a body", () => {
  it.each(providerNames)("that %s can't read is refused, and makes no job", async (provider) => {
    const client = makeClient({ maxBodyBytes: 100 })
    const path = `/${provider}${endpoints[provider].submit}`
    const headers = { authorization: "Bearer key", "content-type": "text/plain" }
    const statuses = [
      (await client.post(path, "{")).status,
      (await client.post(path, "[]")).status,
      (await client.send(path, { method: "POST", headers, body: "{}" })).status,
      (await client.post(path, "x".repeat(101))).status
    ]
    expect(statuses).toEqual([400, 400, 415, 413])
    expect(client.mock.jobs).toEqual([])
  })

  it("above the limit is not read to its end", async () => {
    const client = makeClient({ maxBodyBytes: 1000 })
    let chunks = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        chunks += 1
        controller.enqueue(new Uint8Array(400))
      }
    })
    const init: RequestInit & { duplex: "half" } = {
      method: "POST",
      headers: { authorization: "Bearer key", "content-type": "application/json" },
      body,
      duplex: "half"
    }
    expect((await client.send("/xai/v1/videos/generations", init)).status).toBe(413)
    expect(chunks).toBeLessThan(10)
  })

  it("that breaks off is refused", async () => {
    const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("reset")) })
    const headers = { authorization: "Bearer key", "content-type": "application/json" }
    const init: RequestInit & { duplex: "half" } = { method: "POST", headers, body, duplex: "half" }
    expect((await makeClient().send("/xai/v1/videos/generations", init)).status).toBe(400)
  })
})

describe("a fault", () => {
  it("mock:flaky spoils every second poll with HTML", async () => {
    const client = makeClient()
    const id = await client.submit("geeknow", "mock:flaky")
    const answers = [await client.poll("geeknow", id), await client.poll("geeknow", id), await client.poll("geeknow", id)]
    expect(answers.map(({ status }) => status)).toEqual([200, 503, 200])
    expect(answers[1]?.headers.get("content-type")).toBe("text/html")
  })

  it.each(providerNames)("mock:rate-limited at %s spoils the first 2 polls, and says when to come back", async (provider) => {
    const client = makeClient()
    const id = await client.submit(provider, "mock:rate-limited mock:fast")
    const answers = [await client.poll(provider, id), await client.poll(provider, id), await client.poll(provider, id)]
    expect(answers.map(({ status, headers }) => [status, headers.get("retry-after")])).toEqual([
      [429, "1"],
      [429, "1"],
      [200, null]
    ])
  })

  it.each(providerNames)("mock:not-found-first at %s ends after a fifth of the time", async (provider) => {
    const client = makeClient()
    const id = await client.submit(provider, "mock:not-found-first")
    client.at(1999)
    expect((await client.poll(provider, id)).status).toBeGreaterThanOrEqual(400)
    client.at(2000)
    expect((await client.poll(provider, id)).status).toBeLessThan(300)
  })

  it.each(providerNames)("mock:lost-submit at %s makes the job, and loses the answer", async (provider) => {
    const client = makeClient()
    const { submit, body } = endpoints[provider]
    const answer = await client.post(`/${provider}${submit}`, { ...body, prompt: "mock:lost-submit" })
    expect([answer.status, answer.headers.get("content-type")]).toEqual([502, "text/html"])
    expect(client.mock.jobs).toHaveLength(1)
    expect(client.mock.journal).toMatchObject([{ route: "submit", status: 502, jobId: client.mock.jobs[0]?.id }])
  })
})

/** Words that leave the answer to time alone. */
const timeDriven = [
  "",
  "mock:fail",
  "mock:stuck",
  "mock:slow",
  "mock:expired",
  "mock:moderated",
  "mock:flat",
  "mock:unknown-status",
  "mock:no-url"
]

const statusOf = /"status":"(done|failed|expired|completed|cancelled)"|content-moderated/

describe("under a time-driven script without faults", () => {
  it("the answer at t depends on the script and t alone", async () => {
    const times = fc.array(fc.nat(120_000), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...providerNames),
        fc.constantFrom(...timeDriven),
        times,
        fc.nat(120_000),
        async (provider, word, before, t) => {
          const [polled, fresh] = [makeClient(), makeClient()]
          const id = await polled.submit(provider, word || "x")
          for (const time of before.toSorted((a, b) => a - b).filter((one) => one <= t)) {
            polled.at(time)
            await polled.poll(provider, id)
          }
          await fresh.submit(provider, word || "x")
          polled.at(t)
          fresh.at(t)
          expect((await polled.poll(provider, id)).text).toBe((await fresh.poll(provider, id)).text)
        }
      )
    )
  })

  it("polling faster never finishes sooner", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...providerNames),
        fc.integer({ min: 50, max: 4000 }),
        fc.integer({ min: 0, max: 9000 }),
        async (provider, interval, duration) => {
          const client = makeClient({ duration })
          const id = await client.submit(provider, "x")
          let time = 0
          for (; time <= duration + interval; time += interval) {
            client.at(time)
            if (statusOf.test((await client.poll(provider, id)).text)) break
          }
          expect(time).toBe(Math.ceil(duration / interval) * interval)
        }
      )
    )
  })
})

describe("a mock", () => {
  it.each(providerNames)(
    "gives %s the same bytes for the same requests, times and seed, and other ids for another seed",
    async (provider) => {
      const run = async (seed: string) => {
        const client = makeClient({ seed })
        const ids = [await client.submit(provider, "x"), await client.submit(provider, "x")]
        client.at(10_000)
        return [...ids, (await client.poll(provider, ids[0] ?? "")).text]
      }
      const [first, again, other] = [await run("a"), await run("a"), await run("b")]
      expect(again).toEqual(first)
      expect(new Set([...first, ...other]).size).toBe(6)
    }
  )

  it("gives ids that look like the vendor's", async () => {
    const client = makeClient()
    const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    expect(await client.submit("xai", "x")).toMatch(new RegExp(`^${uuid}$`))
    expect(await client.submit("cometapi", "x")).toMatch(new RegExp(`^${uuid}$`))
    expect(await client.submit("xingchao", "x")).toMatch(new RegExp(`^video_${uuid}$`))
    expect(await client.submit("geeknow", "x")).toMatch(/^video_[0-9a-f]{24}$/)
  })

  effectIt.effect("follows the Clock of the Effect that makes it", () =>
    Effect.gen(function* () {
      const mock = yield* Mock.fromClock({ duration: 60_000 })
      const request = new Request("http://mock.test/xai/v1/videos/generations", {
        method: "POST",
        headers: { authorization: "Bearer key", "content-type": "application/json" },
        body: JSON.stringify({ prompt: "x" })
      })
      yield* Effect.promise(() => mock.handle(request))
      assert.strictEqual(mock.jobs[0]?.state, "submitted")
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(mock.jobs[0]?.state, "running")
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(mock.jobs[0]?.state, "succeeded")
    })
  )
})

describe("the journal", () => {
  it("holds every request in order, without keys", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "x")
    client.at(500)
    await client.get(`/xai/v1/videos/${id}?key=1`, "secret-key", { "x-api-key": "secret-key", "user-agent": "uses secret-key" })
    await client.send("/nowhere")
    expect(client.mock.journal).toMatchObject([
      { at: start, method: "POST", route: "submit", provider: "xai", jobId: id, status: 200, authorised: true },
      {
        at: start + 500,
        method: "GET",
        path: `/xai/v1/videos/${id}`,
        route: "poll",
        jobId: id,
        status: 404,
        headers: { authorization: "Bearer [redacted]", "x-api-key": "[redacted]", "user-agent": "uses [redacted]" }
      },
      { path: "/nowhere", route: "unknown", status: 404, authorised: false }
    ])
    expect(JSON.stringify(client.mock.journal)).not.toContain("secret-key")
  })

  it("and the jobs are served as JSON, and forgotten on request", async () => {
    const client = makeClient()
    const id = await client.submit("geeknow", "A candle mock:fail")
    await client.poll("geeknow", id)
    expect((await client.send("/__mock/journal")).json).toEqual(client.mock.journal)
    expect((await client.send("/__mock/jobs")).json).toMatchObject([
      {
        id,
        provider: "geeknow",
        prompt: "A candle mock:fail",
        script: { ending: "failed" },
        state: "submitted",
        createdAt: start,
        polls: 1
      }
    ])
    expect((await client.send("/__mock/reset")).status).toBe(405)
    expect((await client.send("/__mock/reset", { method: "POST" })).status).toBe(200)
    expect([client.mock.journal, client.mock.jobs]).toEqual([[], []])
    expect(await client.submit("geeknow", "A candle mock:fail")).toBe(id)
  })
})

const told = async (client: ReturnType<typeof makeClient>, path: string, body?: unknown) =>
  client.send(`/__mock/${path}`, { method: "POST", body: JSON.stringify(body) })

describe("scripts", () => {
  it("of the header go before those that wait, and those before the prompt's", async () => {
    const client = makeClient()
    await told(client, "script", { script: { ending: "cancelled" } })
    const headers = { authorization: "Bearer key", "content-type": "application/json", "x-reelay-script": '{"ending":"expired"}' }
    const post = (init: Record<string, string>) =>
      client.send("/xai/v1/videos/generations", { method: "POST", headers: init, body: JSON.stringify({ prompt: "mock:fail" }) })
    const { "x-reelay-script": _, ...bare } = headers
    for (const init of [headers, bare, bare]) await post(init)
    expect(client.mock.jobs.map(({ script }) => script.ending)).toEqual(["expired", "cancelled", "failed"])
  })

  it("that wait are played as often as was said, one after the other", async () => {
    const client = makeClient()
    expect((await told(client, "script", { script: "at-once", times: 2 })).json).toMatchObject({ times: 2, script: { phases: [] } })
    await told(client, "script", { script: { ending: "failed" } })
    for (let nth = 0; nth < 4; nth++) await client.submit("xai", `Candle ${nth}`)
    expect(client.mock.jobs.map(({ script }) => [script.phases.length, script.ending])).toEqual([
      [0, "succeeded"],
      [0, "succeeded"],
      [3, "failed"],
      [3, "succeeded"]
    ])
    await told(client, "script", { script: "at-once" })
    client.mock.reset()
    await client.submit("xai", "x")
    expect(client.mock.jobs[0]?.script.phases).toHaveLength(3)
  })

  it.each([
    [{ script: "at-twice" }, '"at-twice" is neither JSON nor the name of a script'],
    [{ script: { faults: ["flakey"] } }, '"flakey" isn\'t a fault'],
    [{}, "The body must be JSON"],
    [undefined, "The body must be JSON"],
    [{ script: "at-once", times: 0 }, "times must be an integer above 0"]
  ])("%j is refused", async (body, problem) => {
    const { json, status } = await told(makeClient(), "script", body)
    expect([status, JSON.stringify(json)]).toEqual([400, expect.stringContaining(problem.replaceAll('"', '\\"'))])
  })

  it("a header that is none is refused as the provider refuses, and nothing is made", async () => {
    const client = makeClient()
    const headers = { authorization: "Bearer key", "content-type": "application/json", "x-reelay-script": "nothing" }
    const { status, text } = await client.send("/xai/v1/videos/generations", { method: "POST", headers, body: '{"prompt":"x"}' })
    expect([status, client.mock.jobs]).toEqual([400, []])
    expect(text).toContain("x-reelay-script")
  })

  it("of the library are listed, and can be named in a prompt", async () => {
    const client = makeClient()
    const { json } = await client.send("/__mock/scripts")
    expect(json).toEqual(Script.library)
    for (const { name } of Script.library) await client.submit("xai", `A candle mock:script=${name}`)
    expect(client.mock.jobs).toHaveLength(Script.library.length)
    expect((await client.send("/__mock/faults")).json).toHaveLength(catalogue.kinds.length)
  })

  it("move by polls: the third sees the end, however long it takes", async () => {
    const client = makeClient()
    for (const provider of providerNames) {
      const id = await client.submit(provider, `mock:script=three-polls for ${provider}`)
      client.at(3_600_000)
      const texts = [await client.poll(provider, id), await client.poll(provider, id), await client.poll(provider, id)]
      expect(texts.map(({ text }) => text.includes("/files/"))).toEqual([false, false, true])
    }
  })

  it("move by hand: to the next phase, or by so many milliseconds, and never by themselves", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "mock:script=by-hand")
    client.at(3_600_000)
    expect(client.mock.jobs[0]?.state).toBe("submitted")
    const states = [undefined, { by: 1000 }, { by: 0 }, undefined].map((body) => () => told(client, `jobs/${id}/advance`, body))
    const seen: Array<unknown> = []
    for (const step of states) seen.push((await step()).json)
    expect(seen).toEqual(["queued", "running", "running", "succeeded"].map((state) => ({ id, state })))
    expect((await client.poll("xai", id)).text).toContain("/files/")
    expect((await told(client, "jobs/nobody/advance")).status).toBe(404)
    expect((await told(client, `jobs/${id}/advance`, { by: -1 })).status).toBe(400)
  })

  it("give each submission its own id, which no other submission changes", async () => {
    const [one, other] = [makeClient(), makeClient()]
    await other.submit("xai", "somebody else's")
    expect(await one.submit("xai", "mine")).toBe(await other.submit("xai", "mine"))
    // The same once more is another job.
    expect(await one.submit("xai", "mine")).toBe(await other.submit("xai", "mine"))
    expect(new Set(one.mock.jobs.map(({ id }) => id)).size).toBe(2)
  })
})

const events = async (client: ReturnType<typeof makeClient>, id: string) => {
  const { headers } = await client.poll("xai", id)
  return [headers.get("x-mock-now"), headers.get("x-mock-next-event-in")]
}

describe("what makes no sense", () => {
  it.each([
    [{ duration: Number.NaN }, "duration must be a number"],
    [{ urlTtl: -1 }, "urlTtl must be a number"],
    [{ clock: "banana" }, "clock must be given, frozen, lockstep"],
    [{ filesAt: "nonsense" }, "filesAt must be an origin"],
    [{ filesAt: "http://files.test/below" }, "filesAt must be an origin"],
    [{ duration: 4e10 }, "duration must be a number"],
    [{ seed: Number.NaN }, "seed must be a text or a number"],
    [{ starts: 5 }, "starts is when a clock begins that is frozen"],
    [{ now: undefined }, "now must be a function"]
  ])("is refused when a mock is made: %j", (options, problem) => {
    // As from JavaScript, which has no types.
    expect(() => Reflect.apply(Mock.make, undefined, [{ now: () => 0, ...options }])).toThrow(problem)
  })

  it.each([
    ["POST", "/__mock/script", { script: "three-polls", time: 3 }, '"time" isn\'t a field here; there are script, times'],
    ["POST", "/__mock/script", '{"script": ', "The body isn't JSON"],
    ["POST", "/__mock/jobs/x/advance", '{"by": 1oops', "The body isn't JSON"],
    ["POST", "/__mock/jobs/x/advance", { bye: 1 }, '"bye" isn\'t a field here; there is by'],
    ["POST", "/__mock/jobs/x/advance", [1], "The body must be JSON as"],
    ["POST", "/__mock/trace", { job: "x", states: [], state: 1 }, '"state" isn\'t a field here; there are job, states'],
    ["GET", "/__mock/verify?flor=5", undefined, '"flor" isn\'t a part of the query here'],
    ["GET", "/__mock/verify?over=banana", undefined, "over must be true or false"],
    ["POST", "/__mock/explore", '{"provider": "xai"', "The body isn't JSON"],
    ["POST", "/__mock/explore", "nonsense", "The body isn't JSON"]
  ])("is refused at the mock's own routes: %s %s %j", async (method, path, body, problem) => {
    const { send } = makeClient()
    const text = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }
    const answer = await send(path, { method, ...text })
    expect([answer.status, Object(answer.json)["error"]]).toEqual([400, expect.stringContaining(problem)])
  })

  it("is refused in a verdict, and a session goes on", async () => {
    const { post } = makeClient()
    await post("/__mock/explore", { runs: 2 })
    expect((await post("/__mock/explore/1", { verdict: "pass", messag: "x" })).text).toContain("isn't a field of a verdict")
    expect((await post("/__mock/explore/1", { verdict: "pass" })).status).toBe(200)
  })

  it("is refused in the provider's form where it is deep, and never rejects", async () => {
    for (const provider of providerNames) {
      const { post } = makeClient()
      const deep = `{"prompt": "x", "n": ${"[".repeat(20_000)}${"]".repeat(20_000)}}`
      const answer = await post(`/${provider}${endpoints[provider].submit}`, deep)
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining("nested more than 200 deep")])
    }
    const { send } = makeClient()
    expect((await send("/__mock/jobs/%zz/advance", { method: "POST" })).status).toBe(404)
  })

  it("is over when it has waited: a script that a provider can't play", async () => {
    const client = makeClient()
    client.mock.play({ ...Script.success(0), faults: [{ name: "content-body-drop" }] })
    expect((await client.post("/xai/v1/videos/generations", { prompt: "A candle" })).status).toBe(400)
    expect((await client.post("/xai/v1/videos/generations", { prompt: "A candle" })).status).toBe(200)
  })

  it("is nothing that a client can be told in Latin-1 alone", async () => {
    const client = makeClient()
    const script = JSON.stringify({ progress: { shows: ["进行"] }, phases: [{ state: "running", lasts: 1000 }] })
    const headers = {
      authorization: "Bearer key",
      "content-type": "application/json",
      "x-reelay-script": Buffer.from(script).toString("latin1")
    }
    await client.send("/geeknow/v1/videos", { method: "POST", headers, body: '{"model": "grok-video-3", "prompt": "A candle"}' })
    expect(client.mock.jobs[0]?.script.progress).toEqual({ shows: ["进行"] })
  })

  it("lasts as long as the mock's jobs do, a script that waits", async () => {
    const client = makeClient({ duration: 2000 })
    await client.post("/__mock/script", { script: { ending: "failed" } })
    await client.submit("xai", "A candle")
    expect(client.mock.jobs[0]?.life.end).toBe(2000)
  })
})

/** When a job was made, and what time it is, for a client whose clock says 5. */
const from = async (options: Mock.Options) => {
  const client = makeClient({ clock: "lockstep", duration: 10_000, ...options })
  await client.send("/__mock/clock")
  const init = { method: "POST", body: '{"prompt": "A candle"}' }
  const headers = { authorization: "Bearer key", "content-type": "application/json", "x-client-now": "5" }
  await client.send("/xai/v1/videos/generations", { ...init, headers })
  return [client.mock.jobs[0]?.createdAt, client.mock.clock.now]
}

describe("the clock", () => {
  it("stands where it is frozen, until it is moved, and says when something will happen", async () => {
    const client = makeClient({ clock: "frozen" })
    const id = await client.submit("xai", "A candle")
    client.at(3_600_000)
    expect(client.mock.jobs[0]?.state).toBe("submitted")
    expect(await events(client, id)).toEqual([String(start), "1000"])
    expect((await told(client, "clock", { advance: 1500 })).json).toEqual({ mode: "frozen", now: start + 1500, nextEventIn: 500 })
    expect(await events(client, id)).toEqual([String(start + 1500), "500"])
    await told(client, "clock", { set: start + 10_000 })
    expect([client.mock.jobs[0]?.state, await events(client, id)]).toEqual(["succeeded", [String(start + 10_000), "3600000"]])
  })

  it("in lock step follows its client's, and never goes back", async () => {
    const client = makeClient({ clock: "lockstep" })
    const id = await client.submit("xai", "A candle")
    const at = async (now: number) =>
      (await client.get(`/xai/v1/videos/${id}`, "key", { "x-client-now": String(now) })).headers.get("x-mock-now")
    expect([await at(start + 4000), await at(start + 1000)]).toEqual([4000, 4000].map((elapsed) => String(start + elapsed)))
    expect(client.mock.jobs[0]?.state).toBe("running")
  })

  it.each(["soon", "", "1e300", "-1", "NaN"])("%j is no time, and says so", async (now) => {
    const client = makeClient({ clock: "lockstep" })
    const answer = await client.get("/xai/v1/videos/x", "key", { "x-client-now": now })
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining("x-client-now: a time is from 0 to 8000000000000")])
    expect([client.mock.clock.now, client.mock.journal]).toEqual([start, []])
  })

  it("in lock step begins with the first client that tells its time, where nobody said when it starts", async () => {
    expect(await from({})).toEqual([5, 5])
    expect(await from({ starts: 7 })).toEqual([7, 7])
  })

  it("never goes back, whatever moves it", async () => {
    const client = makeClient({ clock: "frozen" })
    await client.submit("xai", "A candle")
    await told(client, "clock", { advance: 3_600_000 })
    expect((await told(client, "clock", { mode: "given" })).json).toMatchObject({ mode: "given", now: start + 3_600_000 })
    client.at(1000)
    expect([client.mock.clock.now, client.mock.jobs[0]?.state]).toEqual([start + 3_601_000, "succeeded"])
    await told(client, "clock", { mode: "lockstep" })
    expect(client.mock.clock.now).toBe(start + 3_601_000)
    client.mock.reset()
    expect(client.mock.clock).toMatchObject({ mode: "frozen", now: start + 1000 })
  })

  it("is begun by a client in a world too, and by none where there are jobs already", async () => {
    const world = `/r/${World.toToken({ provider: "geeknow" })}`
    const client = makeClient({ clock: "lockstep" })
    await client.submit("xai", "A candle")
    await client.get(`${world}/v1/videos/x`, "key", { "x-client-now": "1000" })
    expect([client.mock.clock.now, client.mock.jobs[0]?.createdAt]).toEqual([start, start])
    const other = makeClient({ clock: "lockstep" })
    await told(other, "clock", { mode: "lockstep" })
    await other.get(`${world}/v1/videos/x`, "key", { "x-client-now": "1000" })
    expect(other.mock.clock.now).toBe(1000)
  })

  it("is left as it is by a reset while a world that shares it has jobs", async () => {
    const client = makeClient({ clock: "frozen" })
    await client.post(`/r/${World.toToken({ provider: "xai" })}/v1/videos/generations`, { prompt: "A candle" })
    await told(client, "clock", { advance: 60_000 })
    client.mock.reset()
    expect([client.mock.clock.now, [...client.mock.worlds.values()][0]?.jobs[0]?.state]).toEqual([start + 60_000, "succeeded"])
  })

  it("says when a link expires, in whole milliseconds", async () => {
    const client = makeClient({ clock: "frozen", urlTtl: 5000, duration: 1000 / 3 })
    const id = await client.submit("xai", "A candle")
    expect(await events(client, id)).toEqual([String(start), "34"])
    await told(client, "clock", { advance: 334 })
    await client.poll("xai", id)
    const wait = client.mock.clock.nextEventIn ?? 0
    const url = urlIn((await client.poll("xai", id)).text)
    await told(client, "clock", { advance: wait - 1 })
    expect((await client.send(url)).status).toBe(200)
    await told(client, "clock", { advance: 1 })
    expect([(await client.send(url)).status, client.mock.clock.nextEventIn]).toEqual([403, undefined])
  })

  it.each([
    [{ set: 1e14 }, "a time is from 0 to"],
    [{ advance: 1e14 }, "a time is from 0 to"],
    [{ advance: 1, set: start + 1 }, "exclude each other"],
    [{ advnce: 1 }, '"advnce" isn\'t a field here; there are mode, advance, set'],
    [{}, "The body must be JSON as"]
  ])("%j moves nothing", async (body, problem) => {
    const client = makeClient({ clock: "frozen" })
    const answer = await told(client, "clock", body)
    expect([answer.status, answer.text.replaceAll("\\", "")]).toEqual([400, expect.stringContaining(problem)])
    expect(client.mock.clock.now).toBe(start)
    for (const at of [Number.NaN, -1, Number.POSITIVE_INFINITY]) expect(() => client.mock.clock.set(at)).toThrow("a time is from 0 to")
  })

  it("that was given says nothing of itself, and is not moved before it is frozen", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle")
    expect(await events(client, id)).toEqual([null, null])
    expect((await told(client, "clock", { advance: 1 })).status).toBe(400)
    expect((await told(client, "clock", { mode: "frozen", advance: 2000 })).json).toMatchObject({ mode: "frozen", now: start + 2000 })
    expect((await told(client, "clock", { set: start })).status).toBe(400)
    expect((await client.send("/__mock/clock")).json).toMatchObject({ mode: "frozen", now: start + 2000 })
    client.mock.reset()
    expect(client.mock.clock).toMatchObject({ mode: "given", now: start })
  })

  it.each([{ mode: "fast" }, { advance: -1 }, { set: "now" }, undefined, []])("%j is refused", async (body) => {
    expect((await told(makeClient(), "clock", body)).status).toBe(400)
  })
})

describe("the pages", () => {
  it("say what this is, where the providers are, and every magic word", async () => {
    const { text, headers } = await makeClient().send("/")
    expect(headers.get("content-type")).toContain("text/plain")
    for (const provider of providerNames) expect(text).toContain(`http://mock.test/${provider}`)
    expect(text).toContain("mock:lost-submit")
    expect((await makeClient().send("/__mock/health")).json).toEqual({ status: "ok" })
  })

  it("answer HEAD as GET, without the body", async () => {
    const client = makeClient()
    const [get, head] = [await client.send("/"), await client.send("/", { method: "HEAD" })]
    expect([head.status, head.text, head.headers.get("content-length")]).toEqual([200, "", String(get.text.length)])
    expect(mask(Object.fromEntries(head.headers))).toEqual(mask(Object.fromEntries(get.headers)))
  })
})
