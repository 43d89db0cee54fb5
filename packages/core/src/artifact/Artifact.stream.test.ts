import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { done, key, printed, provider, type Reply, said, type Sent, transport } from "../../test/fake.ts"
import { succeeded } from "../../test/samples.ts"
import { recording } from "../../test/tracer.ts"
import type { Artifact as Candidate } from "../job/Reading.ts"
import * as Artifact from "./Artifact.ts"

const video = new Uint8Array(100).map((_, index) => (index < 8 ? ([0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70][index] ?? 0) : index))
const other = video.map((byte, index) => (index < 8 ? byte : 255 - byte))
const link = "https://cdn.fake.test/video.mp4?sig=SECRET"
const content = "https://api.fake.test/jobs/job-1/content"
const reset = new Error("ECONNRESET")

const whole = (body: Uint8Array = video, etag = '"v1"'): Reply => ({ body, headers: { "content-length": String(body.byteLength), etag } })
const cut = (length: number, reply: Reply = whole()): Reply => ({ ...reply, body: video.slice(0, length), cut: reset })
const rest = (from: number): Reply => ({
  status: 206,
  body: video.slice(from),
  headers: { etag: '"v1"', "content-range": `bytes ${from}-99/100` }
})

const of = (...urls: ReadonlyArray<string>) => {
  const [first = link, ...more] = urls.map((url): Candidate => ({ url, kind: url === content ? "content" : "link" }))
  return { ...succeeded, artifacts: [typeof first === "string" ? { url: first, kind: "link" as const } : first, ...more] as const }
}

const joined = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => Uint8Array.from(chunks.flatMap((chunk) => Array.from(chunk)))

/** What a consumer got, and how it ended for it. Virtual seconds pass until it does. */
const taken = Effect.fnUntraced(function* (
  answer: (sent: Sent, nth: number) => Reply,
  options: Artifact.Options = {},
  urls: ReadonlyArray<string> = [link],
  each: (chunk: Uint8Array) => Effect.Effect<void> = () => Effect.void
) {
  const net = transport(answer)
  const chunks: Array<Uint8Array> = []
  const state = of(...urls)
  const all = Artifact.stream(provider, { ...state, artifacts: [...state.artifacts] }, options).pipe(
    Stream.runForEach((chunk) => {
      chunks.push(chunk.slice())
      return each(chunk)
    }),
    Effect.provide(net.layer)
  )
  const fiber = yield* Effect.forkChild(Effect.result(all))
  for (let second = 0; second < 3000 && fiber.pollUnsafe() === undefined; second++) yield* TestClock.adjust("1 second")
  const result = yield* Fiber.join(fiber)
  return {
    chunks: chunks.map(({ byteLength }) => byteLength),
    given: joined(chunks),
    error: result._tag === "Failure" ? result.failure : undefined,
    requests: net.requests,
    asked: net.requests.map(({ headers, url }) => [new URL(url).pathname, headers["range"]])
  }
})

describe("stream", () => {
  it.effect("gives the video as it comes", () =>
    Effect.gen(function* () {
      const told: Array<number> = []
      const { error, given, requests } = yield* taken(() => whole(), { onProgress: (bytes) => void told.push(bytes) })
      expect([error, given, requests.length, told]).toEqual([undefined, video, 1, [100]])
    })
  )

  it.effect("asks for nothing before it is run, and anew for each run", () =>
    Effect.gen(function* () {
      const net = transport(() => whole())
      const flow = Artifact.stream(provider, of(link))
      expect(net.requests).toHaveLength(0)
      const read = Effect.provide(Stream.runCollect(flow), net.layer)
      expect([yield* read, yield* read, net.requests.length]).toEqual([[video], [video], 2])
    })
  )

  it.effect("that was cut goes on where it broke: each byte once, and in order", () =>
    Effect.gen(function* () {
      const { asked, chunks, given } = yield* taken((_, nth) => (nth === 1 ? cut(40) : rest(40)))
      expect([given, chunks, asked]).toEqual([
        video,
        [40, 60],
        [
          ["/video.mp4", undefined],
          ["/video.mp4", "bytes=40-"]
        ]
      ])
    })
  )

  it.effect("that a server without ranges begins anew goes on too, if what was given is the same", () =>
    Effect.gen(function* () {
      const plain: Reply = { body: video }
      const { chunks, given } = yield* taken((_, nth) =>
        nth === 1 ? cut(40, plain) : nth === 2 ? cut(10, plain) : nth === 3 ? cut(70, plain) : plain
      )
      expect([given, chunks]).toEqual([video, [40, 30, 30]])
    })
  )

  it.effect("of a file that has changed meanwhile fails, and says how much was given", () =>
    Effect.gen(function* () {
      const { error, given, requests } = yield* taken((_, nth) => (nth === 1 ? cut(40) : whole(other, '"v2"')))
      expect([error?.reason._tag, error?.again, given]).toEqual(["DownloadFailed", "download", video.slice(0, 40)])
      expect(error?.message).toContain(
        "40 bytes were given, and the rest can't be had: the file has changed meanwhile. The video is made and paid for"
      )
      expect([requests.length, error?.attempt]).toEqual([2, 2])
    })
  )

  it.effect.each<[string, Reply]>([
    ["is shorter, and says so", whole(video.slice(0, 30), '"v2"')],
    ["is shorter, and does not say so", { body: video.slice(0, 30) }],
    ["is a page", { body: "<html>login</html>", headers: { "content-type": "text/html" } }],
    ["is a page that calls itself a video", { body: "<html>login</html>", headers: { "content-type": "video/mp4" } }]
  ])("of a file that %s meanwhile fails, and gives no more", ([, reply]) =>
    Effect.gen(function* () {
      const { error, given } = yield* taken((_, nth) => (nth === 1 ? cut(40) : reply))
      expect([error?.reason._tag, given]).toEqual(["DownloadFailed", video.slice(0, 40)])
      expect(error?.message).toContain("40 bytes were given")
    })
  )

  it.effect("that can't go on fails after its retries, and says how much was given, without the link's signature", () =>
    Effect.gen(function* () {
      const { error, given, requests } = yield* taken((_, nth) => (nth === 1 ? cut(40) : { status: 503 }))
      expect([error?.reason._tag, given, requests.length]).toEqual(["DownloadFailed", video.slice(0, 40), 4])
      expect(error?.message).toContain(
        "40 bytes were given, and the rest can't be had: https://cdn.fake.test/video.mp4 answered with HTTP 503"
      )
      expect(printed(error)).not.toMatch(/SECRET|super-secret/u)
    })
  )

  it.effect("takes the next candidate before the first byte, with the key for the API's own origin alone", () =>
    Effect.gen(function* () {
      const { given, requests } = yield* taken(({ url }) => (url === content ? whole() : { status: 500 }), {}, [link, content])
      expect([given, requests.map(({ headers }) => headers["authorization"])]).toEqual([video, [undefined, `Bearer ${key}`]])
    })
  )

  it.effect("takes no other candidate after the first byte", () =>
    Effect.gen(function* () {
      const { asked, error, given } = yield* taken(
        ({ url }, nth) => (url === content ? whole() : nth === 1 ? cut(40) : { status: 404 }),
        {},
        [link, content]
      )
      expect([error?.reason._tag, given]).toEqual(["DownloadFailed", video.slice(0, 40)])
      expect(asked.filter(([path]) => path === "/jobs/job-1/content")).toEqual([])
    })
  )

  it.effect("T35: has an expired link renewed, before the first byte and after it", () =>
    Effect.gen(function* () {
      const old = "https://cdn.fake.test/old.mp4?sig=SECRET"
      const answer =
        (first: Reply) =>
        ({ headers, url }: Sent, nth: number): Reply => {
          if (nth === 1) return first
          if (url === old) return { status: 403 }
          return url.startsWith("https://api.") ? done : headers["range"] === undefined ? whole() : rest(40)
        }
      const before = yield* taken(answer({ status: 403 }), {}, [old])
      expect([before.given, before.asked.map(([path]) => path)]).toEqual([video, ["/old.mp4", "/jobs/job-1", "/video.mp4"]])
      const after = yield* taken(answer(cut(40)), {}, [old])
      expect([after.given, after.asked.at(-1)]).toEqual([video, ["/video.mp4", "bytes=40-"]])
    })
  )

  it.effect("fails after the first byte if its link has expired and the job names no other", () =>
    Effect.gen(function* () {
      const { error, given } = yield* taken(({ url }, nth) =>
        nth === 1 ? cut(40) : url.startsWith("https://api.") ? said("running") : { status: 403 }
      )
      expect([error?.reason._tag, given]).toEqual(["DownloadFailed", video.slice(0, 40)])
    })
  )

  it.effect("of what says that it is too large gives nothing", () =>
    Effect.gen(function* () {
      const { error, given, requests } = yield* taken(() => whole(), { maxBytes: 99 }, [link, content])
      expect([error?.reason, given.byteLength, requests.length]).toMatchObject([{ _tag: "ArtifactTooLarge", limitBytes: 99 }, 0, 1])
    })
  )

  it.effect("of what shows to be too large fails before it gives more than the limit", () =>
    Effect.gen(function* () {
      const { error, given } = yield* taken((_, nth) => (nth === 1 ? cut(40, { body: video }) : { body: video }), { maxBytes: 99 })
      expect([error?.reason._tag, given]).toEqual(["ArtifactTooLarge", video.slice(0, 40)])
    })
  )

  it.effect("refuses what `bytes` refuses, when it is run", () =>
    Effect.gen(function* () {
      const zero = yield* taken(() => whole(), { maxBytes: 0 })
      expect([zero.error?.reason, zero.requests]).toMatchObject([{ _tag: "InvalidRequest", field: "maxBytes" }, []])
      const inside = yield* taken(() => whole(), {}, ["http://10.0.0.1/x"])
      expect([inside.error?.reason._tag, inside.requests]).toEqual(["ForbiddenAddress", []])
      const page = yield* taken(() => ({ body: { error: "no" }, headers: { "content-type": "video/mp4" } }))
      expect([page.error?.reason._tag, page.given.byteLength]).toEqual(["DownloadFailed", 0])
      expect(page.error?.message).not.toContain("were given")
    })
  )

  it.effect("gives chunks that are the consumer's own", () =>
    Effect.gen(function* () {
      const { given } = yield* taken(
        (_, nth) => (nth === 1 ? cut(40, { body: video }) : { body: video }),
        {},
        [link],
        (chunk) => Effect.sync(() => void chunk.fill(7))
      )
      expect(given).toEqual(video)
    })
  )

  it.effect("waits for a slow consumer, however long it takes", () =>
    Effect.gen(function* () {
      const { chunks, error } = yield* taken(
        (_, nth) => (nth === 1 ? cut(40) : rest(40)),
        {},
        [link],
        () => Effect.sleep("10 minutes")
      )
      expect([error, chunks]).toEqual([undefined, [40, 60]])
    })
  )

  it.effect("a link that sends nothing for a minute is asked again", () =>
    Effect.gen(function* () {
      const { given } = yield* taken((_, nth) => (nth === 1 ? { ...whole(), body: video.slice(0, 40), stalls: true } : rest(40)))
      expect(given).toEqual(video)
    })
  )

  it.effect("is one download in a trace", () =>
    Effect.gen(function* () {
      const trace = recording()
      yield* trace.in(taken((_, nth) => (nth === 1 ? cut(40) : rest(40))))
      expect([trace.tree(), trace.open(), trace.attributes("reelay.download")]).toMatchObject([
        [" > reelay.download"],
        [],
        [{ "reelay.download.bytes": 100 }]
      ])
    })
  )
})

/** A body of endless chunks, with what was asked of it. */
const endless = () => {
  const log = { pulled: 0, cancelled: false, aborted: false }
  const head = video.slice(0, 16)
  const body = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        log.pulled += 1
        controller.enqueue(head.slice())
      },
      cancel: () => void (log.cancelled = true)
    },
    { highWaterMark: 0 }
  )
  const fetch: typeof globalThis.fetch = (_, init) => {
    init?.signal?.addEventListener("abort", () => void (log.aborted = true))
    return Promise.resolve(new Response(body, { headers: { "content-type": "video/mp4" } }))
  }
  return { log, layer: Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, fetch)) }
}
const turns = (count: number) =>
  Effect.promise(async () => {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
  })

describe("a stream over fetch", () => {
  it.effect("asks for no more than a chunk ahead of what is taken", () =>
    Effect.gen(function* () {
      const { layer, log } = endless()
      let taking = 0
      const read = Artifact.stream(provider, of(link)).pipe(
        Stream.runForEach(() => (++taking < 3 ? Effect.void : Effect.never)),
        Effect.provide(layer)
      )
      const fiber = yield* Effect.forkDetach(read)
      yield* turns(200)
      expect([taking, log.pulled <= 5]).toEqual([3, true])
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("aborts the request where its consumer has enough", () =>
    Effect.gen(function* () {
      const { layer, log } = endless()
      const chunks = yield* Artifact.stream(provider, of(link)).pipe(Stream.take(2), Stream.runCollect, Effect.provide(layer))
      yield* turns(10)
      expect([chunks.length, log.cancelled || log.aborted]).toEqual([2, true])
    })
  )

  it.effect("aborts the request where its consumer is interrupted", () =>
    Effect.gen(function* () {
      const { layer, log } = endless()
      const read = Stream.runForEach(Artifact.stream(provider, of(link)), () => Effect.never).pipe(Effect.provide(layer))
      const fiber = yield* Effect.forkDetach(read)
      yield* turns(50)
      expect(log).toMatchObject({ cancelled: false, aborted: false })
      yield* Fiber.interrupt(fiber)
      yield* turns(10)
      const pulled = log.pulled
      yield* turns(50)
      expect([log.cancelled || log.aborted, log.pulled]).toEqual([true, pulled])
    })
  )
})
