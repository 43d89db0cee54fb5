import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { disk } from "../../test/disk.ts"
import { expect } from "../../test/expect.ts"
import { key, printed, provider, type Reply, type Sent, transport } from "../../test/fake.ts"
import { noVideos, videos } from "../../test/media.ts"
import { succeeded } from "../../test/samples.ts"
import * as Artifact from "./Artifact.ts"

const video = videos[0]?.[2] ?? new Uint8Array()
const cdn = "https://cdn.fake.test/video.mp4?sig=SECRET"
const own = "https://api.fake.test/files/video.mp4"
const other = "https://cdn.fake.test/other.mp4"
const typed = (body: unknown, type: string, more: Partial<Reply> = {}): Reply => ({ body, headers: { "content-type": type }, ...more })

/** What each way of getting the video brings, and what it asks for. Virtual seconds pass until they are done. */
const got = Effect.fnUntraced(function* (
  answer: (sent: Sent, nth: number) => Reply,
  urls: ReadonlyArray<string> = [cdn],
  options: Artifact.Options = {}
) {
  const [first = cdn, ...more] = urls.map((url) => ({ url, kind: "link" as const }))
  const state = { ...succeeded, artifacts: [typeof first === "string" ? { url: first, kind: "link" as const } : first, ...more] as const }
  const to = disk()
  const net = transport(answer)
  const asked: Array<ReadonlyArray<Sent>> = []
  const ended = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Effect.result(effect))
      for (let second = 0; second < 300 && fiber.pollUnsafe() === undefined; second++) yield* TestClock.adjust("1 second")
      const result = yield* Fiber.join(fiber)
      asked.push(net.requests.splice(0))
      return result
    })
  const given: Array<number> = []
  const bytes = yield* ended(Artifact.bytes(provider, state, options).pipe(Effect.provide(net.layer)))
  const saved = yield* ended(Artifact.save(provider, state, "a.mp4", options).pipe(Effect.provide(net.layer), Effect.provide(to.layer)))
  const streamed = yield* ended(
    Artifact.stream(provider, state, options).pipe(
      Stream.runForEach((chunk) => Effect.sync(() => void given.push(...chunk))),
      Effect.provide(net.layer)
    )
  )
  const errors = [bytes, saved, streamed].flatMap((result) => (result._tag === "Failure" ? [result.failure] : []))
  return {
    bytes: bytes._tag === "Success" ? bytes.success : undefined,
    container: saved._tag === "Success" ? saved.success.container : undefined,
    file: to.files.get("a.mp4")?.bytes,
    names: to.names(),
    given: Uint8Array.from(given),
    errors,
    asked
  }
})

describe("F13: the header does not decide", () => {
  it.effect.each(videos)("%s served as text/plain is saved, and known as %s", ([, container, body]) =>
    Effect.gen(function* () {
      for (const type of ["text/plain", "application/octet-stream", "application/json", "image/jpeg", "text/html"]) {
        const found = yield* got(() => typed(body, type))
        expect([found.bytes, found.file, found.given, found.errors, found.container], type).toEqual([body, body, body, [], container])
      }
    })
  )

  it.effect.each([1, 2, 3, 5, 11, 188, 4095])("in chunks of %d bytes a video is whole, and an error is one", (pieces) =>
    Effect.gen(function* () {
      for (const [name, , body] of videos) {
        const found = yield* got(() => typed(body, "text/plain", { pieces }))
        expect([found.bytes, found.file, found.given, found.errors], name).toEqual([body, body, body, []])
      }
      for (const [name, body] of noVideos) {
        const found = yield* got(() => typed(body, "video/mp4", { pieces }))
        expect([found.errors.length, found.names, found.given.byteLength], name).toEqual([3, [], 0])
      }
    })
  )

  it.effect("a video in a data: URL is known by its bytes too", () =>
    Effect.gen(function* () {
      const url = `data:text/plain;base64,${Buffer.from(video).toString("base64")}`
      expect((yield* got(() => ({}), [url])).bytes).toEqual(video)
      const page = yield* got(() => ({}), [`data:video/mp4;base64,${Buffer.from("File not found").toString("base64")}`])
      expect(page.errors.map(({ message }) => message)).toEqual(
        Array.from({ length: 3 }, () => expect.stringContaining('the data: URL answered with text, which isn\'t a video: "File not found"'))
      )
    })
  )

  it.effect("a video of text/plain that broke off is resumed", () =>
    Effect.gen(function* () {
      const headers = { "content-type": "text/plain", etag: '"v1"' }
      const range = { ...headers, "content-range": `bytes 40-${video.byteLength - 1}/${video.byteLength}` }
      const { bytes, asked, file } = yield* got(({ headers: { range: from } }) =>
        from === undefined
          ? { body: video.slice(0, 40), headers: { ...headers, "content-length": String(video.byteLength) }, cut: new Error("reset") }
          : { status: 206, body: video.slice(40), headers: range }
      )
      expect([bytes, file]).toEqual([video, video])
      expect(asked[0]?.map((sent) => sent.headers["range"])).toEqual([undefined, "bytes=40-"])
    })
  )
})

describe("F12: the bytes decide", () => {
  it.effect.each(noVideos)("%s is no video whatever its type, and the next candidate is tried", ([name, body]) =>
    Effect.gen(function* () {
      for (const type of ["application/octet-stream", "video/mp4", "binary/octet-stream"]) {
        const { asked, errors, names } = yield* got(() => typed(body, type))
        expect(names, type).toEqual([])
        expect(
          asked.map(({ length }) => length),
          type
        ).toEqual([1, 1, 1])
        for (const error of errors) {
          expect([error.reason._tag, error.message], type).toEqual([
            "DownloadFailed",
            expect.stringContaining(`https://cdn.fake.test/video.mp4 answered with ${name}, which isn't a video`)
          ])
        }
        const next = yield* got(({ url }) => (url === cdn ? typed(body, type) : typed(video, "video/mp4")), [cdn, other])
        expect([next.bytes, next.file, next.given], type).toEqual([video, video, video])
      }
    })
  )

  it.effect.each<[string, unknown, string]>([
    ["a text", "File not found or expired.", '"File not found or expired". The video'],
    ["JSON", { error: { code: "NoSuchKey", message: "The key does not exist" } }, '"NoSuchKey: The key does not exist"'],
    ["XML", "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>", '"AccessDenied Request has expired"'],
    [
      "a page",
      "<html><head><style>p {}</style><title>Sign in</title></head><body>Your session is over</body></html>",
      '"Sign in Your session is over"'
    ]
  ])("the words of %s are in the error, without markup, keys and signatures", ([, body, words]) =>
    Effect.gen(function* () {
      const { errors } = yield* got(() => typed(body, "application/octet-stream"))
      for (const { message } of errors) expect(message).toContain(words)
      const echo = yield* got(() => ({ body: `no such file: ${key} at ${cdn}` }))
      expect(printed(echo.errors)).not.toMatch(/SECRET|super-secret/u)
    })
  )

  it.effect("no text is written over bytes that were there, and these are resumed", () =>
    Effect.gen(function* () {
      const headers = { etag: '"v1"', "content-length": String(video.byteLength) }
      const range = { etag: '"v1"', "content-range": `bytes 40-${video.byteLength - 1}/${video.byteLength}` }
      const { asked, bytes, file, given } = yield* got((_, nth) =>
        nth % 3 === 1
          ? { body: video.slice(0, 40), headers, cut: new Error("reset") }
          : nth % 3 === 2
            ? typed({ error: { message: "still processing" } }, "application/json")
            : { status: 206, body: video.slice(40), headers: range }
      )
      expect([bytes, file, given]).toEqual([video, video, video])
      expect(asked[0]?.map((sent) => sent.headers["range"])).toEqual([undefined, "bytes=40-", "bytes=40-"])
    })
  )

  it.effect("bytes of an unknown kind are taken as the video that their type says they are, and no container is named", () =>
    Effect.gen(function* () {
      const body = new Uint8Array(5000).map((_, index) => (index * 31) % 251)
      for (const type of ["video/x-new", "application/octet-stream", ""]) {
        const found = yield* got(() => typed(body, type))
        expect([found.bytes, found.container], type).toEqual([body, undefined])
      }
      for (const type of ["text/plain", "image/x-icon", "application/zip"]) {
        const { errors } = yield* got(() => typed(body, type))
        expect(errors[0]?.message, type).toContain(`answered with ${type}, and its bytes are those of no known video format`)
      }
    })
  )

  it.effect("T37: JSON of any type that names a place is followed", () =>
    Effect.gen(function* () {
      const { bytes, file } = yield* got(
        ({ url }) => (url === own ? typed({ url: other }, "text/plain") : typed(video, "text/plain")),
        [own]
      )
      expect([bytes, file]).toEqual([video, video])
    })
  )
})

describe("F14: a video that is not ready yet", () => {
  const notReady: ReadonlyArray<readonly [string, string, Reply, string]> = [
    ["400 video_not_ready", own, { status: 400, body: { error: { code: "video_not_ready" } } }, "video_not_ready"],
    ["the same elsewhere", cdn, { status: 400, body: { error: { code: "video_not_ready" } } }, "video_not_ready"],
    [
      "400 Task is not completed yet",
      own,
      { status: 400, body: { message: "Task is not completed yet, status: IN_PROGRESS" } },
      "not completed yet"
    ],
    ["404 that says so", own, { status: 404, body: { error: { message: "The video is still being processed" } } }, "still being processed"],
    ["409", own, { status: 409, body: { error: { message: "conflict" } } }, "conflict"],
    ["425", cdn, { status: 425, body: "Too Early" }, "Too Early"],
    ["202", own, { status: 202, body: { status: "processing" } }, "processing"],
    ["403 that says so", cdn, { status: 403, body: { code: "task_not_finished", message: "wait" } }, "task_not_finished"],
    ["503 that says so", own, { status: 503, body: "Video is not ready" }, "Video is not ready"],
    ["JSON with 200", own, { body: { status: "processing" } }, "processing"],
    ["JSON with 200 and a code", cdn, { body: { error: { code: "video_not_ready", message: "later" } } }, "video_not_ready"],
    ["JSON with 200, one level below", own, { body: { code: "success", data: { status: "IN_PROGRESS" } } }, "IN_PROGRESS"],
    ["a text with 200", own, { body: "processing" }, "processing"],
    ["Chinese words", own, { status: 400, body: { error: { message: "视频正在生成，请稍后再试" } } }, "视频正在生成"],
    ["Chinese words in a page of their own", cdn, { status: 404, body: { code: 404, message: "任务尚未完成" } }, "任务尚未完成"]
  ]

  it.effect.each(notReady)("%s is asked for again, until it is", ([, url, reply]) =>
    Effect.gen(function* () {
      const found = yield* got((_, nth) => (nth <= 2 ? reply : typed(video, "video/mp4")), [url])
      // Each of the three asks anew; the counter is of all of them, so that only the first meets it.
      expect([found.bytes, found.file, found.asked[0]?.length]).toEqual([video, video, 3])
    })
  )

  it.effect.each(notReady)("%s is given up on after half a minute, with its words", ([, url, reply, words]) =>
    Effect.gen(function* () {
      const { asked, errors } = yield* got(() => reply, [url])
      for (const [index, error] of errors.entries()) {
        expect([error.reason._tag, error.again, asked[index]?.length]).toEqual(["DownloadFailed", "download", 6])
        expect(error.message).toContain(words)
      }
      const times = asked[0]?.map(({ at }) => at) ?? []
      const lasted = (times.at(-1) ?? 0) - (times[0] ?? 0)
      expect(lasted).toBeGreaterThan(20_000)
      expect(lasted).toBeLessThan(45_000)
    })
  )

  it.effect.each([400, 423])(
    "may be what the API itself says with %i and no such word: that is asked for three more times, and a page once",
    (status) =>
      Effect.gen(function* () {
        const { asked, errors } = yield* got(() => ({ status, body: { error: { message: "task exists" } } }), [own])
        expect([asked.map(({ length }) => length), errors[0]?.message]).toEqual([[4, 4, 4], expect.stringContaining('"task exists"')])
        const page = yield* got(() => ({ status, body: "<p>no</p>" }), [own])
        expect(page.asked.map(({ length }) => length)).toEqual([1, 1, 1])
      })
  )

  it.effect("another candidate is tried at once", () =>
    Effect.gen(function* () {
      const { asked, bytes } = yield* got(({ url }) => (url === own ? { status: 409 } : typed(video, "video/mp4")), [own, other])
      expect([bytes, asked[0]?.map(({ at, url }) => [at, url])]).toEqual([
        video,
        [
          [0, own],
          [0, other]
        ]
      ])
    })
  )

  it.effect.each([202, 400, 409, 503])("with %i its Retry-After is honoured", (status) =>
    Effect.gen(function* () {
      const reply = { status, body: "Video not ready", headers: { "retry-after": "20" } }
      const { asked } = yield* got((_, nth) => (nth === 1 ? reply : typed(video, "video/mp4")), [own])
      expect(asked[0]?.map(({ at }) => at)).toEqual([0, 20_000])
    })
  )

  it.effect("with 200 its Retry-After is honoured", () =>
    Effect.gen(function* () {
      const reply = { body: { status: "pending" }, headers: { "retry-after": "20" } }
      const { asked } = yield* got((_, nth) => (nth === 1 ? reply : typed(video, "video/mp4")), [own])
      // The test's clock goes by the second, and a body takes a turn more.
      expect(asked[0]?.map(({ at }) => Math.floor(at / 10_000))).toEqual([0, 2])
    })
  )

  it.effect("is asked for as a schedule of the caller's says", () =>
    Effect.gen(function* () {
      const { asked } = yield* got(() => ({ status: 202 }), [own], { retry: Schedule.recurs(1) })
      expect(asked.map(({ length }) => length)).toEqual([2, 2, 2])
    })
  )

  it.effect.each(["The prompt was refused", "no such task", "invalid signature", "生成失败"])(
    'is not what "%s" says of another host, and that is asked for once',
    (message) =>
      Effect.gen(function* () {
        const { asked } = yield* got(() => ({ status: 400, body: { error: { message } } }), [cdn])
        expect(asked.map(({ length }) => length)).toEqual([1, 1, 1])
      })
  )
})
