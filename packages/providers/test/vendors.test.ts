/** Where each vendor is, what it is called, and how often it is asked: a job of each in virtual time, against the vendors' documents. */
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

/** `looks`: seconds after the submission. `floor`: seconds between looks below which a caller is warned. */
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
    looks: [10, 25, 40],
    floor: 5,
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
    looks: [30, 60, 90],
    floor: 30,
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
    looks: [15, 30, 45],
    floor: 15,
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
    looks: [5, 10, 15],
    floor: 1,
    minutes: 15
  }
] as const
type Vendor = (typeof vendors)[number]

const idOf = ({ body }: Vendor["created"]): string => ("request_id" in body ? body.request_id : body.id)

/** A vendor that takes every job, and never gets to it. */
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

/** Watches a job of the vendor's to its deadline. */
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
  // What was begun goes as far as it can before time passes.
  for (let turn = 0; turn < 50; turn++) yield* Effect.yieldNow
  for (let step = 0; step < 80 && fiber.pollUnsafe() === undefined; step++) yield* TestClock.adjust("30 seconds")
  return { error: yield* Fiber.join(fiber), lines, ref: refs.at(-1), requests: net.requests }
})

describe("a job of each vendor", () => {
  it.effect.each(vendors)("$name: is sent to the vendor's own address, and asked for there", (vendor) =>
    Effect.gen(function* () {
      const { baseUrl, created, get, name, post } = vendor
      const { ref, requests } = yield* watched(vendor)
      expect(requests.slice(0, 2).map(({ method, url }) => [method, url])).toEqual([
        ["POST", post],
        ["GET", `${get}${idOf(created)}`]
      ])
      expect(ref).toEqual({ provider: name, kind: "generation", id: idOf(created), baseUrl, account: "me", submittedAt: 0 })
    })
  )

  it.effect.each(vendors)("$name: is looked at in the vendor's rhythm, for as long as such a job may take", (vendor) =>
    Effect.gen(function* () {
      const { error, requests } = yield* watched(vendor)
      const looks = requests.filter(({ method }) => method === "GET")
      expect(looks.slice(0, 3).map(({ at }) => at / 1000)).toEqual(vendor.looks)
      expect(error.reason).toMatchObject({ _tag: "DeadlineExceeded", deadline: vendor.minutes * 60_000, lastState: "Queued" })
    })
  )

  it.effect.each(vendors)("$name: brings a word of caution where it is looked at more often than the vendor advises", (vendor) =>
    Effect.gen(function* () {
      const { floor, title } = vendor
      const hasty = yield* watched(vendor, { pace: floor * 1000 - 1, deadline: "1 minute" })
      const every = (floor * 1000 - 1) / 1000
      expect(hasty.lines[0]).toMatch(`Polling every ${every} s is faster than ${title} advises (${floor} s)`)
      const patient = yield* watched(vendor, { pace: floor * 1000, deadline: "1 minute" })
      expect(patient.lines.join()).not.toMatch(/advises/u)
    })
  )

  it.each(vendors)("$name: is sent as the document says that the provider names", ({ created, provider }) => {
    expect(created.source.url).toBe(provider.definition.docs)
  })

  it.each(vendors)("$name: is asked for by its id, percent-encoded", ({ baseUrl, get, name, provider }) => {
    const ref = { provider: name, kind: "generation", id: "a/b?c", baseUrl, submittedAt: 0 } as const
    const { method, path } = provider.definition.poll(ref)
    expect([method, `${baseUrl}${path}`]).toEqual(["GET", `${get}a%2Fb%3Fc`])
  })
})
