import { describe, expect, it } from "vitest"
import { fixtures, makeClient, mask, start, urlIn } from "../../test/client.ts"
import type { Name } from "../../test/names.ts"

/** Milliseconds at which a job of 10 s is polled. */
const [submitted, queued, running, ended] = [0, 1000, 6000, 10_000]

const table: ReadonlyArray<readonly [Name, string, number, string]> = [
  ["xai", "", submitted, "videos.pending.with-empty-body"],
  ["xai", "", queued, "videos.pending"],
  ["xai", "", running, "videos.pending"],
  ["xai", "", ended, "videos.done.with-usage"],
  ["xai", "mock:fail", ended, "videos.failed"],
  ["xai", "mock:gateway-fail", ended, "videos.failed"],
  ["xai", "mock:cancelled", ended, "videos.failed"],
  ["xai", "mock:expired", ended, "videos.expired"],
  ["xai", "mock:moderated", ended, "videos.moderated"],
  ["xai", "mock:moderated-400", ended, "videos.moderated"],
  ["xai", "mock:moderated-400-old", ended, "videos.moderated.with-first-code"],
  ["xai", "mock:moderated-failed", ended, "videos.failed.with-moderation"],
  ["xai", "mock:moderated-done", ended, "videos.done.with-moderation"],
  ["xai", "mock:delivered", ended, "videos.done.with-delivery"],
  ["cometapi", "", submitted, "query.submitted.with-wrapper"],
  ["cometapi", "", queued, "query.queued.with-wrapper"],
  ["cometapi", "", running, "query.in-progress.with-wrapper"],
  ["cometapi", "", ended, "query.done.with-wrapper"],
  ["cometapi", "mock:fail", ended, "query.failed.with-wrapper"],
  ["cometapi", "mock:cancelled", ended, "query.failed.with-wrapper"],
  ["cometapi", "mock:gateway-fail", ended, "query.failure.with-wrapper"],
  ["cometapi", "mock:expired", ended, "query.expired.with-wrapper"],
  ["cometapi", "mock:moderated", ended, "query.done.with-wrapper-and-moderation"],
  ["cometapi", "mock:query-failed", running, "query.error.with-wrapper-code"],
  ["cometapi", "mock:flat", submitted, "query.no-status"],
  ["cometapi", "mock:flat", queued, "query.queued"],
  ["cometapi", "mock:flat", running, "query.processing"],
  ["cometapi", "mock:flat", ended, "query.done"],
  ["cometapi", "mock:flat mock:fail", ended, "query.failed"],
  ["cometapi", "mock:flat mock:gateway-fail", ended, "query.failed"],
  ["cometapi", "mock:flat mock:expired", ended, "query.expired"],
  ["cometapi", "mock:flat mock:moderated", ended, "query.done.with-moderation"],
  ["xingchao", "", submitted, "result.queued"],
  ["xingchao", "", queued, "result.queued"],
  ["xingchao", "", running, "result.processing"],
  ["xingchao", "", ended, "result.completed"],
  ["xingchao", "mock:fail", ended, "result.failed.with-unreachable-image"],
  ["xingchao", "mock:moderated", ended, "result.failed.with-content-policy"],
  ["xingchao", "mock:expired", ended, "result.completed"],
  ["geeknow", "", submitted, "videos.queued"],
  ["geeknow", "", running, "videos.processing"],
  ["geeknow", "", ended, "videos.completed"],
  ["geeknow", "mock:output-url", ended, "videos.completed.with-output-url"],
  ["geeknow", "mock:every-url", ended, "videos.completed.with-every-url"],
  ["geeknow", "mock:delivered", ended, "videos.completed"],
  ["geeknow", "mock:no-url", ended, "videos.completed.without-url"],
  ["geeknow", "mock:expired", ended, "videos.completed"],
  ["geeknow", "mock:fail", ended, "videos.failed"],
  ["geeknow", "mock:moderated", ended, "videos.failed.with-moderation"],
  ["geeknow", "mock:cancelled", ended, "videos.cancelled"],
  ["xai", "mock:not-found-first", submitted, "error.not-found"],
  ["cometapi", "mock:not-found-first", submitted, "query.error.with-task-not-exist"],
  ["geeknow", "mock:not-found-first", submitted, "videos.error.with-task-not-exist"],
  ["xingchao", "mock:not-found-first", submitted, "error.not-found"],
  ["cometapi", "mock:rate-limited", submitted, "error.rate-limited"]
]

describe("an answer is a documented payload with id, times, model, progress, length and URL replaced", () => {
  it.each(table)("%s, prompt '%s', after %i ms: %s", async (provider, prompt, elapsed, name) => {
    const client = makeClient()
    const id = await client.submit(provider, `A candle ${prompt}`)
    client.at(elapsed)
    const answer = await client.poll(provider, id)
    const fixture = fixtures[provider][name]
    expect(answer.status).toBe(fixture?.status)
    expect(mask(answer.json ?? answer.text)).toEqual(mask(fixture?.body))
  })
})

describe("what is replaced", () => {
  it("is right for xai: model, length, cost and progress", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle", { model: "grok-imagine-video-1.5", duration: "12" })
    client.at(running)
    expect((await client.poll("xai", id)).json).toEqual({ status: "pending", progress: 50, model: "grok-imagine-video-1.5" })
    client.at(ended)
    expect((await client.poll("xai", id)).json).toMatchObject({
      video: { url: expect.stringContaining(`/files/xai/${id}.mp4?expires=`), duration: 12 },
      model: "grok-imagine-video-1.5",
      usage: { cost_in_usd_ticks: 6_000_000_000 }
    })
  })

  it("is right for cometapi: the URL stands in fail_reason too, and times are seconds", async () => {
    const client = makeClient()
    const id = await client.submit("cometapi", "A candle", { duration: 3 })
    client.at(ended)
    const { json, text } = await client.poll("cometapi", id)
    const url = urlIn(text)
    const times = { submit_time: start / 1000, finish_time: start / 1000 + 10 }
    expect(json).toMatchObject({ data: { task_id: id, fail_reason: url, ...times, data: { video: { url, duration: 3 } } } })
  })

  it("is right for xingchao: created in seconds, actualDuration of the request", async () => {
    const client = makeClient()
    const id = await client.submit("xingchao", "A candle", { duration: 16 })
    client.at(ended)
    expect((await client.poll("xingchao", id)).json).toMatchObject({ id, created: start / 1000, model: "grok_video3", actualDuration: 16 })
  })

  it("is right for geeknow: seconds as text, kept for a day", async () => {
    const client = makeClient()
    const id = await client.submit("geeknow", "A candle", { seconds: 5 })
    client.at(ended)
    expect((await client.poll("geeknow", id)).json).toMatchObject({
      id,
      seconds: "5",
      created_at: start / 1000,
      completed_at: start / 1000 + 10,
      expires_at: start / 1000 + 86_400
    })
  })
})

describe("the end", () => {
  it.each(["xai", "cometapi", "xingchao", "geeknow"] as const)(
    "of %s comes at the duration, and not a millisecond before",
    async (provider) => {
      const client = makeClient()
      const id = await client.submit(provider, "A candle")
      client.at(ended - 1)
      expect(urlIn((await client.poll(provider, id)).text)).toBe("")
      client.at(ended)
      expect(urlIn((await client.poll(provider, id)).text)).toContain(id)
    }
  )
})

describe("mock:no-url", () => {
  it.each([
    ["xai", { status: "done", video: { url: null } }],
    ["cometapi", { data: { status: "SUCCESS", fail_reason: "", data: { status: "done", video: { url: "" } } } }],
    ["xingchao", { status: "completed", video_url: null }],
    ["geeknow", { status: "completed", video_url: "" }]
  ] as const)("%s says the word for success, and gives no URL", async (provider, expected) => {
    const client = makeClient()
    const id = await client.submit(provider, "mock:no-url mock:fast")
    const { json, text } = await client.poll(provider, id)
    expect(json).toMatchObject(expected)
    expect(urlIn(text)).toBe("")
  })
})

describe("mock:unknown-status", () => {
  it.each(["xai", "cometapi", "xingchao", "geeknow"] as const)(
    "%s says a word of no document while it runs, then the end",
    async (provider) => {
      const client = makeClient()
      const id = await client.submit(provider, "mock:unknown-status")
      client.at(running)
      expect((await client.poll(provider, id)).text).toContain("warming_up")
      client.at(ended)
      expect((await client.poll(provider, id)).text).not.toContain("warming_up")
    }
  )
})
