import { describe, it } from "@effect/vitest"
import { hexToBytes } from "@noble/hashes/utils.js"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as fc from "fast-check"
import { expect } from "../../test/expect.ts"
import { done, fake, key, printed, provider, type Reply, said, type Sent, transport } from "../../test/fake.ts"
import { succeeded } from "../../test/samples.ts"
import type { Artifact as Candidate } from "../job/Reading.ts"
import * as Artifact from "./Artifact.ts"
import * as PublicNetwork from "./PublicNetwork.ts"

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

  it.effect("T36: the next candidate is tried, and the API's own origin gets the key", () =>
    Effect.gen(function* () {
      const { bytes, net } = yield* fetched([cdn, content], ({ url }) => (url === content ? mp4 : { status: 500 }))
      expect(bytes).toEqual(video)
      expect(keyed(net.requests)).toEqual([false, true])
    })
  )

  it.effect.each(["http://api.fake.test/x", "https://api.fake.test:444/x", "https://api.fake.test.evil.test/x"])(
    "T36: %s is another origin, which gets no key",
    (url) =>
      Effect.gen(function* () {
        const { net } = yield* fetched([url], () => mp4)
        expect(keyed(net.requests)).toEqual([false])
      })
  )

  it.effect("T36: a redirect is followed without the key", () =>
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

  it.effect("circular redirects end", () =>
    Effect.gen(function* () {
      const { error, net } = yield* fetched([cdn], () => ({ status: 302, headers: { location: cdn } }))
      expect(error?.message).toContain("redirects more than 5 times")
      expect(net.requests).toHaveLength(6)
    })
  )

  it.effect.each([401, 403, 404, 410])("T26, T35: after %i the job is polled again, and never submitted again", (status) =>
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

  it.effect("T37: JSON that names a URL points to it, once", () =>
    Effect.gen(function* () {
      const found = yield* fetched([content], ({ url }) => (url === content ? json(cdn) : mp4))
      expect([found.bytes, keyed(found.net.requests)]).toEqual([video, [true, false]])
      const round = yield* fetched([content], () => json(cdn))
      expect(round.error?.message).toContain("answered with JSON, which isn't a video")
      expect(round.net.requests).toHaveLength(2)
    })
  )

  it.effect.each<[string, Reply]>([
    ["HTML", { body: "<html>login</html>", headers: { "content-type": "text/html" } }],
    ["HTML that calls itself a video", { body: "<html>login</html>", headers: { "content-type": "video/mp4" } }],
    ["JSON that calls itself a video", { body: { error: "no" }, headers: { "content-type": "video/mp4" } }],
    ["an error as JSON", { body: { error: "no" }, headers: { "content-type": "application/json" } }],
    ["a missing page's 400", { status: 400 }]
  ])("T37: %s isn't a video, and is not requested twice", ([, reply]) =>
    Effect.gen(function* () {
      const { error, net } = yield* fetched([cdn], () => reply)
      expect(error?.reason._tag).toBe("DownloadFailed")
      expect(net.requests).toHaveLength(1)
      expect(printed(error)).not.toMatch(/SECRET|super-secret/u)
    })
  )

  it.effect.each<[string, Reply, string]>([
    ["a short answer", { ...mp4, headers: { "content-length": "99" } }, "only 11 of 99 bytes came"],
    ["an empty answer", { body: "" }, "the answer is empty"],
    ["503", { status: 503 }, "https://cdn.fake.test/video.mp4 answered with HTTP 503"],
    ["a reset", { breaks: new Error(`read ${key}`) }, "https://cdn.fake.test/video.mp4 broke off"]
  ])("%s is retried three times", ([, reply, words]) =>
    Effect.gen(function* () {
      const { error, net } = yield* fetched([cdn], () => reply)
      expect(net.requests).toHaveLength(4)
      expect(error?.message).toContain(words)
      expect(error?.message).toContain("do not submit it again")
      expect(printed(error)).not.toMatch(/SECRET|super-secret/u)
    })
  )

  it.effect("a download that broke starts over", () =>
    Effect.gen(function* () {
      const { bytes } = yield* fetched([cdn], (_, nth) => (nth === 1 ? { ...mp4, headers: { "content-length": "99" } } : mp4))
      expect(bytes).toEqual(video)
    })
  )

  it.effect.each<[string, Reply]>([
    ["says so", { ...mp4, headers: { "content-length": "1000" } }],
    ["does not say so", mp4]
  ])("a video beyond the limit that %s is too large, and is not requested twice", ([, reply]) =>
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
  ])("%s is refused, unless the caller allows it or the API itself is there", (url) =>
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
      expect([error?.reason._tag, net.requests.length]).toEqual(["ForbiddenAddress", 1])
    })
  )

  it.effect.each([
    "data:video/mp4;base64,AAAAGGZ0eXABAgM=",
    "data:video/mp4;base64,AAAAGGZ0eXABAgM",
    "data:video/mp4;codecs=avc1;base64,AAAA%47GZ0\neXABAgM%3D",
    "DATA:application/octet-stream,%00%00%00%18ftyp%01%02%03",
    "data:,%00%00%00%18%66typ%01%02%03"
  ])("%s needs no request", (url) =>
    Effect.gen(function* () {
      const { bytes, net } = yield* fetched([url], () => mp4)
      expect([bytes, net.requests]).toEqual([video, []])
    })
  )

  it.effect.each<[string, string, string]>([
    ["data:video/mp4;base64,*", "DownloadFailed", "can't be read"],
    ["data:video/mp4,%zz", "DownloadFailed", "can't be read"],
    ["data:video/mp4", "DownloadFailed", "can't be read"],
    ["data:text/html,<html>", "DownloadFailed", "answered with a page, which isn't a video"],
    ["data:video/mp4;base64,", "DownloadFailed", "is empty"],
    ["data:video/mp4;base64,AAAAGGZ0eXABAgMEBQ==", "ArtifactTooLarge", "limit of 11 bytes"]
  ])("of %s there is no video: %s", ([url, reason, words]) =>
    Effect.gen(function* () {
      const { error, net } = yield* fetched([url], () => mp4, { maxBytes: 11 })
      expect([error?.reason._tag, net.requests]).toEqual([reason, []])
      expect(error?.message).toContain(words)
    })
  )

  it.effect.each<[string, string]>([
    ["/files/a.mp4", "https://api.fake.test/files/a.mp4"],
    ["files/a.mp4", "https://api.fake.test/v1/files/a.mp4"],
    ["../a.mp4", "https://api.fake.test/a.mp4"]
  ])("T38: %s is resolved from the API's base, and gets the key", ([link, url]) =>
    Effect.gen(function* () {
      const { bytes, net } = yield* fetched([link], () => mp4, {}, fake({ apiKey: key, baseUrl: "https://api.fake.test/v1" }))
      expect([bytes, net.requests.map((sent) => sent.url), keyed(net.requests)]).toEqual([video, [url], [true]])
    })
  )

  it.effect.each([404, 502])(
    "T38: a content endpoint that is missing (%i) loses no video that has a link, and one without a link ends soon",
    (status) =>
      Effect.gen(function* () {
        const missing: Reply = { status, body: "404 page not found" }
        const answer = ({ url }: Sent) => (url === content ? missing : url === cdn ? mp4 : said("done", { url: cdn }))
        expect((yield* fetched([content, cdn], answer)).bytes).toEqual(video)
        const other = yield* fetched([content], answer)
        expect([other.error?.reason._tag ?? "found", other.net.posts().length]).toEqual([status === 404 ? "found" : "DownloadFailed", 0])
      })
  )

  it.effect("T38: //host/path is another host, and gets no key", () =>
    Effect.gen(function* () {
      const { bytes, net } = yield* fetched(["//cdn.fake.test/a.mp4"], () => mp4)
      expect([bytes, net.requests.map(({ url }) => url), keyed(net.requests)]).toEqual([video, ["https://cdn.fake.test/a.mp4"], [false]])
    })
  )

  it.effect("T37: a relative link inside JSON is resolved from the URL of the JSON", () =>
    Effect.gen(function* () {
      const moved = "https://cdn.fake.test/meta/job.json"
      const { bytes, net } = yield* fetched([content], ({ url }) =>
        url === content ? { status: 302, headers: { location: moved } } : url === moved ? json("files/a.mp4") : mp4
      )
      expect([bytes, net.requests.map(({ url }) => url)]).toEqual([video, [content, moved, "https://cdn.fake.test/meta/files/a.mp4"]])
    })
  )

  it.effect.each(["http://[", "ftp://cdn.fake.test/a", "file:///etc/passwd", "blob:https://a.b/c", "javascript:alert(1)"])(
    "%s is not requested",
    (url) =>
      Effect.gen(function* () {
        const { error, net } = yield* fetched([url], () => mp4)
        expect([error?.reason._tag, net.requests]).toEqual(["DownloadFailed", []])
        const moved = yield* fetched([cdn], () => ({ status: 302, headers: { location: url } }))
        expect([moved.error?.reason._tag, moved.net.requests.length]).toEqual(["DownloadFailed", 1])
      })
  )

  it.effect("the user name of a link is not sent, and is in no error", () =>
    Effect.gen(function* () {
      const { error, net } = yield* fetched(["https://user:hush-hush@cdn.fake.test/a.mp4"], () => ({ status: 400 }))
      expect(`${net.requests.map(({ url }) => url).join(" ")} ${printed(error)}`).not.toMatch(/hush-hush|user@/u)
    })
  )

  it.effect("T20: a Retry-After is honoured, and the server is asked again after it", () =>
    Effect.gen(function* () {
      const busy: Reply = { status: 429, headers: { "retry-after": "12" } }
      const { bytes, net } = yield* fetched([cdn], (_, nth) => (nth <= 2 ? busy : mp4))
      expect(bytes).toEqual(video)
      expect(net.requests.map(({ at }) => at)).toEqual([0, 12_000, 24_000])
    })
  )

  it.effect("T20: a Retry-After of an hour ends the download, which says so at once", () =>
    Effect.gen(function* () {
      const { error, net } = yield* fetched([cdn], () => ({ status: 503, headers: { "retry-after": "3600" } }))
      expect([error?.reason._tag, net.requests.length]).toEqual(["DownloadFailed", 1])
    })
  )

  it.effect("202 means not ready, and is requested again", () =>
    Effect.gen(function* () {
      const { bytes } = yield* fetched([content], (_, nth) => (nth < 3 ? { status: 202 } : mp4))
      expect(bytes).toEqual(video)
    })
  )

  it.effect("the video is requested uncompressed", () =>
    Effect.gen(function* () {
      const { net } = yield* fetched([cdn], () => mp4)
      expect(net.requests[0]?.headers["accept-encoding"]).toBe("identity")
    })
  )

  it.effect("the length of a compressed body is not the video's", () =>
    Effect.gen(function* () {
      const headers = { "content-encoding": "gzip", "content-length": "5" }
      expect((yield* fetched([cdn], () => ({ ...mp4, headers }))).bytes).toEqual(video)
    })
  )

  it.effect("a body that was left compressed isn't a video", () =>
    Effect.gen(function* () {
      const { error } = yield* fetched([cdn], () => ({
        body: new Uint8Array([0x1b, 0x0a, 0, 0, 0, 0, 0, 0, 0]),
        headers: { "content-encoding": "br" }
      }))
      expect(error?.message).toContain("is compressed, though it was requested uncompressed")
    })
  )

  it.effect.each(["1a45dfa300000000", "000001ba44000000", "52494646000000004156492000", "0000001c6d6f6f76"])(
    "a body that the transport has decompressed is recognised by its first bytes: %s",
    (hex) =>
      Effect.gen(function* () {
        const body = hexToBytes(hex)
        expect((yield* fetched([cdn], () => ({ body, headers: { "content-encoding": "gzip" } }))).bytes).toEqual(body)
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

const refused = (address: string) => new PublicNetwork.PrivateAddress({ host: "cdn.fake.test", address })
/** A client for links that refuses everything, as for names that resolve to private addresses. */
const refusing = (cause: Error) => {
  const asked: Array<string> = []
  const client = HttpClient.make((request, url) => {
    asked.push(url.href)
    return Effect.fail(new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) }))
  })
  return { asked, provide: Effect.provideService(PublicNetwork.Client, client) }
}

const hanging = () => new ReadableStream({ pull: () => new Promise(() => undefined), cancel: () => new Promise(() => undefined) })

describe("an answer that isn't a video", () => {
  const first: ReadonlyArray<readonly [string, () => Response]> = [
    ["is refused", () => new Response(hanging(), { status: 404 })],
    ["is JSON that stalls", () => new Response(hanging(), { headers: { "content-type": "application/json" } })],
    ["is a video that stalls", () => new Response(hanging(), { headers: { "content-type": "video/mp4" } })]
  ]

  it.effect.each(first)("T15: that %s delays no download, even if cancelling it hangs", ([, answer]) =>
    Effect.gen(function* () {
      const answers = [answer(), new Response(video)]
      const fetch: typeof globalThis.fetch = () => Promise.resolve(answers.shift() ?? new Response(null, { status: 500 }))
      const layer = Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, fetch))
      const fiber = yield* Effect.forkDetach(Artifact.bytes(provider, candidates(cdn, content)).pipe(Effect.provide(layer)))
      for (let turns = 0; turns < 200 && fiber.pollUnsafe() === undefined; turns++) {
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        yield* TestClock.adjust("1 second")
      }
      expect(fiber.pollUnsafe()).toMatchObject({ _tag: "Success", value: video })
    })
  )
})

describe("a refused address", () => {
  it.effect("of every candidate is ForbiddenAddress, named without its query, and is not retried", () =>
    Effect.gen(function* () {
      const { error, net } = yield* fetched(["http://10.0.0.1:81/x?sig=SECRET", "http://192.168.0.1/y"], () => mp4)
      expect(error?.reason).toMatchObject({ _tag: "ForbiddenAddress", address: "http://10.0.0.1:81" })
      expect([net.requests, printed(error)]).toEqual([[], expect.not.stringContaining("SECRET")])
    })
  )

  it.effect("of one candidate is reported among the others", () =>
    Effect.gen(function* () {
      const { error } = yield* fetched(["http://10.0.0.1/x", cdn], () => ({ status: 400 }))
      expect(error?.reason._tag).toBe("DownloadFailed")
      expect(error?.message).toMatch(/10\.0\.0\.1 is a private address.*HTTP 400/u)
    })
  )

  it.effect("does not keep another candidate from being used", () =>
    Effect.gen(function* () {
      expect((yield* fetched(["http://10.0.0.1/x", cdn], () => mp4)).bytes).toEqual(video)
    })
  )

  it.effect("may show only when a name is resolved: that is refused too, and not retried", () =>
    Effect.gen(function* () {
      const { asked, provide } = refusing(new Error("connect failed", { cause: refused("10.0.0.7") }))
      const { error, net } = yield* provide(fetched([cdn], () => mp4))
      expect(error?.reason).toMatchObject({ _tag: "ForbiddenAddress", address: "https://cdn.fake.test" })
      expect(error?.message).toContain(
        "resolves to 10.0.0.7, which is a private address, and the API is a public one (allowPrivateAddresses: true"
      )
      expect([asked, net.requests]).toEqual([[cdn], []])
    })
  )

  it.effect("is checked at every hop that leaves the API's origin, and at none that stays", () =>
    Effect.gen(function* () {
      const { asked, provide } = refusing(refused("::1"))
      const { net } = yield* provide(
        fetched([content], ({ url }) => ({ status: 302, headers: { location: url === content ? "/next" : cdn } }))
      )
      expect([net.requests.map(({ url }) => new URL(url).pathname), asked]).toEqual([["/jobs/job-1/content", "/next"], [cdn]])
    })
  )

  it.effect("is not checked if the caller allows it, or the API is private itself", () =>
    Effect.gen(function* () {
      const { asked, provide } = refusing(refused("10.0.0.7"))
      expect((yield* provide(fetched([cdn], () => mp4, { allowPrivateAddresses: true }))).bytes).toEqual(video)
      const local = fake({ apiKey: key, baseUrl: "http://new-api:3000" })
      expect((yield* provide(fetched([cdn], () => mp4, {}, local))).bytes).toEqual(video)
      expect(asked).toEqual([])
    })
  )

  it.effect("is distinguished from a failure to connect, which is retried", () =>
    Effect.gen(function* () {
      const { asked, provide } = refusing(new Error("ECONNREFUSED"))
      const { error } = yield* provide(fetched([cdn], () => mp4))
      expect([error?.reason._tag, asked.length]).toEqual(["DownloadFailed", 4])
    })
  )
})

const at = (host: string, step: number) => `${host}/${step}.mp4`

describe("the key", () => {
  const hosts = [
    "https://api.fake.test",
    "https://cdn.fake.test",
    "http://api.fake.test",
    "https://api.fake.test:444",
    "https://api.fake.test.evil.test"
  ]
  const hop = fc.record({ host: fc.constantFrom(...hosts), how: fc.constantFrom("redirect", "redirect", "json", "relative") })

  it("T36: never leaves the API's own origin, and never crosses a redirect, along any chain", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...hosts), fc.array(hop, { maxLength: 8 }), (first, chain) =>
        Effect.gen(function* () {
          const answer = ({ url }: Sent): Reply => {
            const step = Number(/(\d+)\.mp4/u.exec(url)?.[1] ?? 0)
            const next = chain[step]
            if (next === undefined) return mp4
            if (next.how === "json") return json(at(next.host, step + 1))
            const location = next.how === "relative" ? `/${step + 1}.mp4` : at(next.host, step + 1)
            return { status: 307, headers: { location } }
          }
          const { net } = yield* fetched([at(first, 0)], answer)
          for (const [index, { headers, url }] of net.requests.entries()) {
            const before = chain[index - 1]
            const crossed = index > 0 && before?.how !== "json"
            const sent = headers["authorization"] !== undefined
            expect([url, sent], url).toEqual([url, url.startsWith("https://api.fake.test/") && !crossed])
            expect(url).not.toContain(key)
          }
        }).pipe(Effect.provide(TestClock.layer()), Effect.runPromise)
      ),
      { numRuns: 200 }
    )
  })
})
