import { Artifact, Job, JobState } from "@reelay/core"
import { type MockServer, serve } from "@reelay/mock-server/node"
import { Transport } from "@reelay/node"
import { xai } from "@reelay/providers/xai"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { setTimeout as delay } from "node:timers/promises"
import { afterAll, describe, expect, it } from "vitest"
import { Lockstep } from "../src/index.ts"

const servers: Array<MockServer> = []
afterAll(() => Promise.all(servers.map(({ close }) => close())))

const serving = async () => {
  const server = await serve({ clock: "lockstep", urlTtl: 10 * 3_600_000 })
  servers.push(server)
  return { ...server, provider: xai({ apiKey: "any-key", baseUrl: `${server.url}/xai` }) }
}
const minute = 60_000

/** From each poll to the next, in milliseconds of the mock's journal. */
const gaps = ({ mock }: MockServer): ReadonlyArray<number> => {
  const times = mock.journal.filter(({ route }) => route === "poll").map(({ at }) => at)
  return times.slice(1).map((at, index) => Math.round(at - (times[index] ?? at)))
}

describe("in lock step", () => {
  it.each(["fetch", "undici"])("a render of 25 minutes keeps its cadence, over %s", async (name) => {
    const { provider, ...server } = await serving()
    const program = Effect.gen(function* () {
      const handle = yield* Job.submit(provider, { prompt: "mock:script=long" }, { deadline: "1 hour", pace: "5 seconds" })
      const states = yield* Stream.runCollect(handle.states)
      const bytes = yield* Artifact.bytes(provider, yield* handle.result)
      return { tags: [...new Set(states.map(({ _tag }) => _tag))], first: new TextDecoder().decode(bytes.slice(4, 8)) }
    })
    const { elapsed, value } = await Lockstep.run(program, {
      url: server.url,
      ...(name === "undici" ? { transport: Transport.layer() } : {})
    })
    expect(value).toEqual({ tags: ["Submitted", "Queued", "Running", "Succeeded"], first: "ftyp" })
    expect([elapsed, new Set(gaps(server))]).toEqual([25 * minute, new Set([5000])])
    expect(server.mock.journal.filter(({ route }) => route === "poll")).toHaveLength(300)
  })

  it("Retry-After and outages take their full time", async () => {
    const { provider, ...server } = await serving()
    const prompt = "mock:duration=2m mock:fault=rate-limited-date mock:flaky"
    const { value } = await Lockstep.run(
      Effect.flatMap(Job.submit(provider, { prompt }, { pace: "5 seconds" }), (handle) => handle.result),
      { url: server.url }
    )
    expect(value._tag).toBe("Succeeded")
    const verdict: unknown = await (await fetch(`${server.url}/__mock/verify?floor=5000&expect=unfetched`)).json()
    expect(verdict).toMatchObject({ ok: true, findings: [{ law: "unfetched" }] })
  })

  it("a deadline comes when it is due, and not while an answer is in flight", async () => {
    const { provider, ...server } = await serving()
    const { elapsed, value } = await Lockstep.run(
      Effect.flatMap(Job.submit(provider, { prompt: "mock:stuck" }, { pace: "5 seconds", deadline: "2 minutes" }), (handle) =>
        Effect.flip(handle.result)
      ),
      { url: server.url }
    )
    expect(value).toMatchObject({ reason: { _tag: "DeadlineExceeded" } })
    expect([elapsed, gaps(server).length]).toEqual([2 * minute, 23])
  })

  it("a slow answer over a real connection is waited for: nothing is skipped meanwhile", async () => {
    const { provider, ...server } = await serving()
    const slow = Layer.effect(
      HttpClient.HttpClient,
      Effect.map(HttpClient.HttpClient, (client) =>
        HttpClient.transform(client, (sent) =>
          Effect.andThen(
            Effect.promise(() => delay(20)),
            sent
          )
        )
      )
    ).pipe(Layer.provide(Transport.layer()))
    const { elapsed, value } = await Lockstep.run(
      Effect.flatMap(Job.submit(provider, { prompt: "mock:duration=1m" }, { pace: "5 seconds" }), (handle) => handle.result),
      { url: server.url, transport: slow }
    )
    expect([value._tag, elapsed, gaps(server).length]).toEqual(["Succeeded", minute, 11])
  })

  it("an answer that stalls takes as long as the client waits for it, and hardly any real time", async () => {
    const { provider, ...server } = await serving()
    const prompt = "mock:duration=2m mock:fault=poll-accepted-stall"
    const { value } = await Lockstep.run(
      Effect.flatMap(Job.submit(provider, { prompt }, { pace: "5 seconds", requestTimeout: "30 seconds" }), (handle) => handle.result),
      { url: server.url, stalledAfter: 100 }
    )
    expect(JobState.isTerminal(value)).toBe(true)
    expect(gaps(server)[0]).toBeGreaterThanOrEqual(30_000)
  })

  it("several jobs at once share one time", async () => {
    const { provider, ...server } = await serving()
    const one = (index: number) =>
      Effect.flatMap(Job.submit(provider, { prompt: `mock:duration=${index}m` }, { pace: "5 seconds" }), (handle) => handle.result)
    const { elapsed, value } = await Lockstep.run(Effect.forEach([1, 2, 3, 4], one, { concurrency: "unbounded" }), { url: server.url })
    expect([value.length, elapsed]).toEqual([4, 4 * minute])
    const polls = server.mock.jobs.map((job) => job.polls)
    expect(polls.toSorted((a, b) => a - b)).toEqual([12, 24, 36, 48])
  })

  it("a mock with another clock is refused, with the reason", async () => {
    const server = await serve()
    servers.push(server)
    await expect(Lockstep.run(Effect.void, { url: server.url })).rejects.toThrow("is not in lock step but given")
  })
})
