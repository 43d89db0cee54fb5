import { describe, it } from "@effect/vitest"
import { expect } from "../test/expect.ts"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { done, fake, key, printed, provider, type Reply, type Sent, transport } from "../test/fake.ts"
import { succeeded } from "../test/samples.ts"
import * as Artifact from "./Artifact.ts"
import type { Artifact as Candidate } from "./Reading.ts"

const video = new Uint8Array([0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70, 1, 2, 3])
const mp4: Reply = { body: video, headers: { "content-type": "video/mp4" } }
const cdn = "https://cdn.fake.test/video.mp4?sig=SECRET"
const content = "https://api.fake.test/jobs/job-1/content"
const of = (url: string): Candidate => ({ url, kind: url === content ? "content" : "link" })
const json = (url: string): Reply => ({ body: { data: { url } }, headers: { "content-type": "application/json" } })
const candidates = (...urls: ReadonlyArray<string>) => {
  const [first = cdn, ...rest] = urls
  return { ...succeeded, artifacts: [of(first), ...rest.map(of)] as const }
}
const fetched = Effect.fnUntraced(function* (
  urls: ReadonlyArray<string>,
  answer: (sent: Sent, nth: number) => Reply,
  options: Artifact.Options = {},
  by = provider
) {
  const net = transport(answer)
  const state = { ...succeeded, ...candidates(...urls), ref: { ...succeeded.ref, baseUrl: by.baseUrl } }
  const once = Artifact.bytes(by, { ...state, artifacts: [state.artifacts[0], ...state.artifacts.slice(1)] }, options)
  const fiber = yield* Effect.forkChild(Effect.result(once).pipe(Effect.provide(net.layer)))
  // A second at a time: a stream takes several turns of the scheduler between two waits.
  for (let second = 0; second < 300 && fiber.pollUnsafe() === undefined; second++) yield* TestClock.adjust("1 second")
  const result = yield* Fiber.join(fiber)
  return {
    net,
    bytes: result._tag === "Success" ? result.success : undefined,
    error: result._tag === "Failure" ? result.failure : undefined
  }
})
const keyed = (sent: ReadonlyArray<Sent>) => sent.map(({ headers }) => headers["authorization"] !== undefined)

describe("bytes", () => {
  it.effect("the first candidate is taken, without the key on another's host", () =>
    Effect.gen(function* () {
      const { bytes, net } = yield* fetched([cdn, content], () => mp4)
      expect(bytes).toEqual(video)
      expect([net.requests.map(({ url }) => url), keyed(net.requests)]).toEqual([[cdn], [false]])
    })
  )

  it.effect("the next candidate is tried, and the API's own origin gets the key", () =>
    Effect.gen(function* () {
      const { bytes, net } = yield* fetched([cdn, content], ({ url }) => (url === content ? mp4 : { status: 500 }))
      expect(bytes).toEqual(video)
      expect(keyed(net.requests)).toEqual([false, true])
    })
  )

  it.effect.each(["http://api.fake.test/x", "https://api.fake.test:444/x", "https://api.fake.test.evil.test/x"])(
    "%s is another origin, and gets no key",
    (url) =>
      Effect.gen(function* () {
        const { net } = yield* fetched([url], () => mp4)
        expect(keyed(net.requests)).toEqual([false])
      })
  )

  it.effect("a redirect is followed without the key", () =>
    Effect.gen(function* () {
      const { bytes, net } = yield* fetched([content], ({ url }) =>
        url === content ? { status: 302, headers: { location: "/moved" } } : mp4
      )
      expect(bytes).toEqual(video)
      expect([net.requests.map(({ url }) => url), keyed(net.requests)]).toEqual([
        [content, "https://api.fake.test/moved"],
        [true, false]
      ])
    })
  )

  it.effect("redirects that go round end", () =>
    Effect.gen(function* () {
      const { error, net } = yield* fetched([cdn], () => ({ status: 302, headers: { location: cdn } }))
      expect(error?.message).toContain("redirects more than 5 times")
      expect(net.requests).toHaveLength(6)
    })
  )

  it.effect.each([401, 403, 404, 410])("after %i the job is asked again, and never made again", (status) =>
    Effect.gen(function* () {
      const old = "https://cdn.fake.test/old.mp4?sig=SECRET"
      const { bytes, net } = yield* fetched([old], ({ url }) => (url === old ? { status } : url.endsWith("/jobs/job-1") ? done : mp4))
      expect(bytes).toEqual(video)
      expect(net.requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
        "GET /old.mp4",
        "GET /jobs/job-1",
        "GET /video.mp4"
      ])
    })
  )

  it.effect("JSON that names a URL points to it, once", () =>
    Effect.gen(function* () {
      const found = yield* fetched([content], ({ url }) => (url === content ? json(cdn) : mp4))
      expect([found.bytes, keyed(found.net.requests)]).toEqual([video, [true, false]])
      const round = yield* fetched([content], () => json(cdn))
      expect(round.error?.message).toContain("answered with application/json, which is no video")
      expect(round.net.requests).toHaveLength(2)
    })
  )

  it.effect.each<[string, Reply]>([
    ["HTML", { body: "<html>login</html>", headers: { "content-type": "text/html" } }],
    ["HTML that calls itself a video", { body: "<html>login</html>", headers: { "content-type": "video/mp4" } }],
    ["JSON that calls itself a video", { body: { error: "no" }, headers: { "content-type": "video/mp4" } }],
    ["an error as JSON", { body: { error: "no" }, headers: { "content-type": "application/json" } }],
    ["a missing page's 400", { status: 400 }]
  ])("%s is no video, and is not asked for twice", ([, reply]) =>
    Effect.gen(function* () {
      const { error, net } = yield* fetched([cdn], () => reply)
      expect(error?.reason._tag).toBe("DownloadFailed")
      expect(net.requests).toHaveLength(1)
      expect(printed(error)).not.toMatch(/SECRET|super-secret/u)
    })
  )

  it.effect.each<[string, Reply, string]>([
    ["what is cut short", { ...mp4, headers: { "content-length": "99" } }, "only 11 of 99 bytes came"],
    ["what is empty", { body: "" }, "what came is empty"],
    ["503", { status: 503 }, "https://cdn.fake.test/video.mp4 answered with HTTP 503"],
    ["a reset", { breaks: new Error(`read ${key}`) }, "https://cdn.fake.test/video.mp4 broke off"]
  ])("%s is tried three more times", ([, reply, words]) =>
    Effect.gen(function* () {
      const { error, net } = yield* fetched([cdn], () => reply)
      expect(net.requests).toHaveLength(4)
      expect(error?.message).toContain(words)
      expect(error?.message).toContain("do not generate it anew")
      expect(printed(error)).not.toMatch(/SECRET|super-secret/u)
    })
  )

  it.effect("a download that broke begins anew", () =>
    Effect.gen(function* () {
      const { bytes } = yield* fetched([cdn], (_, nth) => (nth === 1 ? { ...mp4, headers: { "content-length": "99" } } : mp4))
      expect(bytes).toEqual(video)
    })
  )

  it.effect.each<[string, Reply]>([
    ["says so", { ...mp4, headers: { "content-length": "1000" } }],
    ["does not say so", mp4]
  ])("a video beyond the limit that %s is too large, and is not asked for twice", ([, reply]) =>
    Effect.gen(function* () {
      const { error, net } = yield* fetched([cdn, content], () => reply, { maxBytes: 10 })
      expect([error?.reason, net.requests.length]).toMatchObject([{ _tag: "ArtifactTooLarge", limitBytes: 10 }, 1])
    })
  )

  it.effect.each([
    "http://127.0.0.1/x",
    "http://169.254.169.254/latest",
    "http://[::ffff:10.0.0.1]/x",
    "http://2130706433/x",
    "http://localhost/x"
  ])("%s is refused, unless the caller or the API itself is there", (url) =>
    Effect.gen(function* () {
      const refused = yield* fetched([url], () => mp4)
      expect([refused.net.requests, refused.error?.message]).toEqual([[], expect.stringContaining("allowPrivateAddresses: true allows it")])
      expect((yield* fetched([url], () => mp4, { allowPrivateAddresses: true })).bytes).toEqual(video)
      const local = fake({ apiKey: key, baseUrl: "http://localhost:8787/fake" })
      expect((yield* fetched([url], () => mp4, {}, local)).bytes).toEqual(video)
    })
  )

  it.effect("a redirect into a private network is refused too", () =>
    Effect.gen(function* () {
      const { error, net } = yield* fetched([cdn], () => ({ status: 302, headers: { location: "http://10.0.0.1/x" } }))
      expect([error?.reason._tag, net.requests.length]).toEqual(["DownloadFailed", 1])
    })
  )

  it.effect("a data URL needs no request", () =>
    Effect.gen(function* () {
      const { bytes, net } = yield* fetched(["data:video/mp4;base64,AAAAGGZ0eXABAgM="], () => mp4)
      expect([bytes, net.requests]).toEqual([video, []])
    })
  )

  it.effect("JSON that stalls is given up on, and the next candidate is tried", () =>
    Effect.gen(function* () {
      const stalls: Reply = { headers: { "content-type": "application/json" }, body: "{", stalls: true }
      const { bytes } = yield* fetched([content, cdn], ({ url }) => (url === content ? stalls : mp4))
      expect(bytes).toEqual(video)
    })
  )
})
