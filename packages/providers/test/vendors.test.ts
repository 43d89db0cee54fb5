/** Each vendor's address, name and polling policy: one job each in virtual time, checked against the vendors' documents. */
import { describe, it } from "@effect/vitest"
import { Job, type JobRef } from "@reelay/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { fixtures as cometapiFixtures } from "../src/cometapi/fixtures/index.ts"
import { cometapi } from "../src/cometapi/provider.ts"
import { fixtures as geeknowFixtures } from "../src/geeknow/fixtures/index.ts"
import { geeknow } from "../src/geeknow/provider.ts"
import { fixtures as xaiFixtures } from "../src/xai/fixtures/index.ts"
import { xai } from "../src/xai/provider.ts"
import { fixtures as xingchaoFixtures } from "../src/xingchao/fixtures/index.ts"
import { xingchao } from "../src/xingchao/provider.ts"
import { expect } from "./expect.ts"

const options = { apiKey: "sk-test-key", account: "me" }
const request = { prompt: "a fox" }

/** `polls`: seconds after the submission. `minInterval`: seconds between polls below which a caller is warned. */
const vendors = [
  {
    provider: cometapi(options),
    name: "cometapi",
    title: "CometAPI",
    baseUrl: "https://api.cometapi.com",
    created: cometapiFixtures["generations.accepted"],
    queued: cometapiFixtures["query.queued"],
    post: "https://api.cometapi.com/grok/v1/videos/generations",
    get: "https://api.cometapi.com/grok/v1/videos/",
    polls: [10, 25, 40],
    minInterval: 5,
    minutes: 30
  },
  {
    provider: xingchao(options),
    name: "xingchao",
    title: "XingChao",
    baseUrl: "https://zcbservice.aizfw.cn/kyyReactApiServer",
    created: xingchaoFixtures["create.queued"],
    queued: xingchaoFixtures["result.queued"],
    post: "https://zcbservice.aizfw.cn/kyyReactApiServer/v1/grok/videos",
    get: "https://zcbservice.aizfw.cn/kyyReactApiServer/v1/result/",
    polls: [30, 60, 90],
    minInterval: 30,
    minutes: 30
  },
  {
    provider: geeknow(options),
    name: "geeknow",
    title: "GeekNow",
    baseUrl: "https://www.geeknow.top",
    created: geeknowFixtures["create.queued"],
    queued: geeknowFixtures["videos.queued"],
    post: "https://www.geeknow.top/v1/videos",
    get: "https://www.geeknow.top/v1/videos/",
    polls: [15, 30, 45],
    minInterval: 15,
    minutes: 30
  },
  {
    provider: xai(options),
    name: "xai",
    title: "xAI",
    baseUrl: "https://api.x.ai",
    created: xaiFixtures["generations.accepted"],
    queued: xaiFixtures["videos.pending.with-empty-body"],
    post: "https://api.x.ai/v1/videos/generations",
    get: "https://api.x.ai/v1/videos/",
    polls: [5, 10, 15],
    minInterval: 1,
    minutes: 15
  }
] as const
type Vendor = (typeof vendors)[number]

const idOf = ({ body }: Vendor["created"]): string => ("request_id" in body ? body.request_id : body.id)

/** A vendor that accepts every job, and never starts it. */
const idle = ({ created, queued }: Vendor) => {
  const requests: Array<{ readonly method: string; readonly url: string; readonly at: number }> = []
  const client = HttpClient.make((outgoing, url) =>
    Effect.gen(function* () {
      requests.push({ method: outgoing.method, url: url.href, at: yield* Clock.currentTimeMillis })
      const { body, status } = outgoing.method === "POST" ? created : queued
      const bytes = new TextEncoder().encode(body === "" ? "" : JSON.stringify(body))
      // The stream of a web Response takes real time; this one takes none.
      return Object.defineProperty(HttpClientResponse.fromWeb(outgoing, new Response(null, { status })), "stream", {
        value: Stream.succeed(bytes)
      })
    })
  )
  return { requests, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

/** Watches one job of a vendor to its deadline. */
const watched = Effect.fnUntraced(function* (vendor: Vendor, given: Job.SubmitOptions = {}) {
  const net = idle(vendor)
  const lines: Array<string> = []
  const log = Logger.make(({ message }) => void lines.push(String(message)))
  const refs: Array<JobRef.JobRef> = []
  const life = Job.submit(vendor.provider, request, given).pipe(
    Effect.flatMap(({ states }) => Stream.runForEach(states, (state) => Effect.sync(() => void refs.push(state.ref)))),
    Effect.flip,
    Effect.provide(Layer.merge(net.layer, Logger.layer([log])))
  )
  const fiber = yield* Effect.forkChild(life)
  // Started work runs as far as it can before time passes.
  for (let turn = 0; turn < 50; turn++) yield* Effect.yieldNow
  for (let step = 0; step < 80 && fiber.pollUnsafe() === undefined; step++) yield* TestClock.adjust("30 seconds")
  return { error: yield* Fiber.join(fiber), lines, ref: refs.at(-1), requests: net.requests }
})

describe("a job of each vendor", () => {
  it.effect.each(vendors)("$name: is sent to the vendor's own address, and polled there", (vendor) =>
    Effect.gen(function* () {
      const { baseUrl, created, get, name, post } = vendor
      const { ref, requests } = yield* watched(vendor)
      expect(requests.slice(0, 2).map(({ method, url }) => [method, url])).toEqual([
        ["POST", post],
        ["GET", `${get}${idOf(created)}`]
      ])
      expect(ref).toMatchObject({ provider: name, kind: "generation", id: idOf(created), baseUrl, account: "me", submittedAt: 0 })
      expect(ref?.model).toBe(vendor.provider.definition.capabilities[0].model)
    })
  )

  it.effect.each(vendors)("$name: is polled by the vendor's policy, until the vendor's deadline", (vendor) =>
    Effect.gen(function* () {
      const { error, requests } = yield* watched(vendor)
      const polls = requests.filter(({ method }) => method === "GET")
      expect(polls.slice(0, 3).map(({ at }) => at / 1000)).toEqual(vendor.polls)
      expect(error.reason).toMatchObject({ _tag: "DeadlineExceeded", deadline: vendor.minutes * 60_000, lastState: "Queued" })
    })
  )

  it.effect.each(vendors)("$name: logs a warning if it is polled more often than the vendor advises", (vendor) =>
    Effect.gen(function* () {
      const { minInterval, title } = vendor
      const hasty = yield* watched(vendor, { pace: minInterval * 1000 - 1, deadline: "1 minute" })
      const every = (minInterval * 1000 - 1) / 1000
      expect(hasty.lines[0]).toMatch(`Polling every ${every} s is faster than ${title} advises (${minInterval} s)`)
      const patient = yield* watched(vendor, { pace: minInterval * 1000, deadline: "1 minute" })
      expect(patient.lines.join()).not.toMatch(/advises/u)
    })
  )

  it.each(vendors)("$name: is sent as the provider's `docs` document it", ({ created, provider }) => {
    expect(created.source.url).toBe(provider.definition.docs)
  })

  it.each(vendors)("$name: is polled by its id, percent-encoded", ({ baseUrl, get, name, provider }) => {
    const ref = { provider: name, kind: "generation", id: "a/b?c", baseUrl, submittedAt: 0 } as const
    const { method, path } = provider.definition.poll(ref)
    expect([method, `${baseUrl}${path}`]).toEqual(["GET", `${get}a%2Fb%3Fc`])
  })
})
