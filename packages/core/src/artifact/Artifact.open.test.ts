import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { expect } from "../../test/expect.ts"
import { key, printed, provider, type Reply, said, type Sent, transport } from "../../test/fake.ts"
import { succeeded } from "../../test/samples.ts"
import type { Succeeded } from "../job/JobState.ts"
import * as Artifact from "./Artifact.ts"

/** An MP4 of 60 bytes, by its first box. */
const mp4: Uint8Array<ArrayBuffer> = Uint8Array.from([0, 0, 0, 24, ...new TextEncoder().encode("ftypisom"), ...new Uint8Array(48)])
const video = new Uint8Array(100).map((_, index) => index)
const link = "https://cdn.fake.test/video.mp4?sig=SECRET"
const head = { "content-length": "100", "content-type": "video/mp4; codecs=avc1", etag: '"v1"' }

const part = (from: number, to: number, of = video, headers: Record<string, string> = head): Reply => ({
  status: 206,
  body: of.slice(from, to),
  headers: { ...headers, "content-length": String(to - from), "content-range": `bytes ${from}-${to - 1}/${of.byteLength}` }
})

/** A server that knows ranges. */
const ranged =
  (file: Uint8Array<ArrayBuffer>, headers: Record<string, string> = head) =>
  (sent: Sent): Reply => {
    const [, first, last] = /^bytes=(\d*)-(\d*)$/u.exec(sent.headers["range"] ?? "") ?? []
    const total = file.byteLength
    if (first === undefined) return { body: file, headers: { ...headers, "content-length": String(total) } }
    const from = first === "" ? Math.max(0, total - Number(last)) : Number(first)
    const to = first === "" || last === "" ? total : Math.min(total, Number(last) + 1)
    return from < to ? part(from, to, file, headers) : { status: 416, body: "", headers: { "content-range": `bytes */${total}` } }
  }

const taken = Effect.fnUntraced(function* (answer: (sent: Sent, nth: number) => Reply, range?: Artifact.Range, url = link) {
  const net = transport(answer)
  const state = { ...succeeded, artifacts: [{ url, kind: "link" as const }] as const }
  const read = Effect.gen(function* () {
    const { bytes, ...told } = yield* Artifact.open(provider, { ...state, artifacts: [...state.artifacts] }, range)
    const given = Uint8Array.from((yield* Stream.runCollect(bytes)).flatMap((chunk) => Array.from(chunk)))
    return { ...told, given }
  })
  const result = yield* Effect.result(Effect.provide(read, net.layer))
  return {
    found: result._tag === "Success" ? result.success : undefined,
    error: result._tag === "Failure" ? result.failure : undefined,
    requests: net.requests,
    ranges: net.requests.map(({ headers }) => headers["range"])
  }
})

describe("open", () => {
  it.effect("gives the whole with its length, type and ETag", () =>
    Effect.gen(function* () {
      const { found, ranges } = yield* taken(() => ({ body: video, headers: head }))
      expect(found).toEqual({
        satisfiable: true,
        from: 0,
        to: 100,
        total: 100,
        type: "video/mp4",
        etag: '"v1"',
        container: undefined,
        given: video
      })
      expect(ranges).toEqual([undefined])
    })
  )

  it.effect.each([
    ["from a byte on", { from: 90 }, "bytes=90-", 90, 100],
    ["two bytes, as Safari asks first", { from: 0, to: 1 }, "bytes=0-1", 0, 2],
    ["the last bytes", { last: 10 }, "bytes=-10", 90, 100]
  ] as const)("passes a range on: %s", ([, range, asked, from, to]) =>
    Effect.gen(function* () {
      const passed = yield* taken(ranged(video), range)
      expect(passed.ranges).toEqual(["bytes=0-4095", asked])
      expect(passed.found).toMatchObject({ satisfiable: true, from, to, total: 100, given: video.slice(from, to) })
      // A server without ranges sends all of it.
      const cutHere = yield* taken(() => ({ body: video, headers: head }), range)
      expect(cutHere.found).toMatchObject({ satisfiable: true, from, to, total: 100, given: video.slice(from, to) })
    })
  )

  it.effect("ignores a range if the length is unknown, since nobody could name the part", () =>
    Effect.gen(function* () {
      const { found } = yield* taken(() => ({ body: video, headers: { "content-type": "video/mp4" } }), { from: 3 })
      expect(found).toMatchObject({ satisfiable: true, from: 0, to: undefined, total: undefined, given: video })
    })
  )

  it.effect("says that a range begins after the end", () =>
    Effect.gen(function* () {
      const told = yield* taken(ranged(video), { from: 100 })
      expect(told.found).toMatchObject({ satisfiable: false, total: 100, given: new Uint8Array() })
      const cutHere = yield* taken(() => ({ body: video, headers: head }), { from: 100 })
      expect(cutHere.found).toMatchObject({ satisfiable: false, total: 100, given: new Uint8Array() })
    })
  )

  it.effect("refuses another part than it asked for, and a page", () =>
    Effect.gen(function* () {
      const shifted = yield* taken(
        ({ headers }, nth) => (nth === 1 ? ranged(video)({ headers, method: "", url: "", at: 0 }) : part(50, 60)),
        {
          from: 40,
          to: 59
        }
      )
      expect(shifted.error).toMatchObject({ reason: { _tag: "DownloadFailed" } })
      const page = yield* taken(() => ({ body: "<html>", headers: { "content-type": "text/html" } }))
      expect(page.error).toMatchObject({ reason: { _tag: "DownloadFailed" } })
    })
  )

  it.effect("renews an expired link once, and shows neither it nor the key", () =>
    Effect.gen(function* () {
      const fresh = "https://cdn.fake.test/fresh.mp4?sig=SECRET"
      const renewed = yield* taken(({ url }) =>
        url === link ? { status: 403, body: "" } : url === fresh ? { body: video, headers: head } : said("done", { url: fresh })
      )
      expect(renewed.found?.given).toEqual(video)
      expect(
        renewed.requests.filter(({ url }) => url.startsWith("https://cdn")).every(({ headers }) => headers["authorization"] === undefined)
      ).toBe(true)
      const gone = yield* taken(({ url }) => (url.startsWith("https://cdn") ? { status: 403, body: key } : said("done", { url: link })))
      expect(gone.error).toMatchObject({ reason: { _tag: "DownloadFailed" } })
      expect(printed(gone.error)).not.toContain("SECRET")
      expect(printed(gone.error)).not.toContain(key)
    })
  )

  it.effect("leads into no private network", () =>
    Effect.gen(function* () {
      const { error, requests } = yield* taken(() => ({ body: video, headers: head }), undefined, "http://169.254.169.254/latest")
      expect(error).toMatchObject({ reason: { _tag: "ForbiddenAddress" } })
      expect(requests).toEqual([])
    })
  )
})

const parts: ReadonlyArray<Artifact.Range | undefined> = [
  undefined,
  { from: 0 },
  { from: 0, to: 0 },
  { from: 0, to: 4095 },
  { from: 5, to: 9 },
  { from: 20 },
  { last: 7 }
]
const whichOf = (range: Artifact.Range | undefined, file: Uint8Array): Uint8Array =>
  range === undefined
    ? file
    : "last" in range
      ? file.slice(-range.last)
      : file.slice(range.from, range.to === undefined ? undefined : range.to + 1)

describe("F13: the bytes decide what open gives, whatever the header says:", () => {
  it.effect.each(["text/plain", "text/html", "application/json", "application/octet-stream", "image/jpeg", ""])("an MP4 as %j", (type) =>
    Effect.gen(function* () {
      const headers: Record<string, string> = type === "" ? {} : { "content-type": type }
      for (const server of [
        ranged(mp4, headers),
        () => ({ body: mp4, headers: { ...headers, "content-length": String(mp4.byteLength) } })
      ]) {
        for (const range of parts) {
          const { found } = yield* taken(server, range)
          expect(found).toMatchObject({ satisfiable: true, container: "mp4", given: whichOf(range, mp4) })
        }
      }
    })
  )

  it.effect("it looks at the beginning of a file once, and then seeks freely", () =>
    Effect.gen(function* () {
      const net = transport(ranged(mp4, { "content-type": "text/plain" }))
      const state: Succeeded = { ...succeeded, artifacts: [{ url: link, kind: "link" }] }
      for (const range of [{ from: 20 }, { from: 30 }, { from: 0, to: 1 }, { from: 999 }] as const) {
        const { bytes, container } = yield* Effect.provide(Artifact.open(provider, state, range), net.layer)
        yield* Stream.runDrain(bytes)
        expect(container).toBe("mp4")
      }
      expect(net.requests.map(({ headers }) => headers["range"])).toEqual([
        "bytes=0-4095",
        "bytes=20-",
        "bytes=30-",
        "bytes=0-1",
        "bytes=999-"
      ])
    })
  )

  it.effect("a JSON that names the place is followed, for a part too", () =>
    Effect.gen(function* () {
      const place = "https://cdn.fake.test/there.mp4"
      for (const range of parts) {
        const { found } = yield* taken(
          (sent) => (sent.url === place ? ranged(mp4)(sent) : { body: { url: place }, headers: { "content-type": "application/json" } }),
          range
        )
        expect(found?.given).toEqual(whichOf(range, mp4))
      }
    })
  )
})

const text = (words: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(words)

describe("F12: what is no video is refused, and its words are quoted:", () => {
  it.effect.each<[string, Uint8Array<ArrayBuffer>, string, RegExp]>([
    ["an error text as bytes", text("File not found or expired, and more words"), "application/octet-stream", /File not found or expired/u],
    ["an error text as a video", text("File not found or expired, and more words"), "video/mp4", /File not found or expired/u],
    ["a page as a video", text("<html><body>Log in to see this file</body></html>"), "video/mp4", /Log in to see/u],
    ["an error in JSON as bytes", text('{"error":{"message":"link expired, sorry"}}'), "application/octet-stream", /link expired, sorry/u],
    ["a playlist as a video", text("#EXTM3U\n#EXT-X-VERSION:3\n0.ts\n1.ts"), "video/mp4", /playlist/u],
    [
      "a JPEG as a video",
      new Uint8Array([0xff, 0xd8, 0xff, 0xe0, ...Array.from({ length: 96 }, (_, index) => index)]),
      "video/mp4",
      /an image/u
    ],
    ["nothing as a video", new Uint8Array(), "video/mp4", /empty/u]
  ])("%s", ([, file, type, words]) =>
    Effect.gen(function* () {
      const headers = { "content-type": type }
      for (const server of [
        ranged(file, headers),
        () => ({ body: file, headers: { ...headers, "content-length": String(file.byteLength) } })
      ]) {
        for (const range of parts) {
          const { error, found } = yield* taken(server, range)
          expect([range, found]).toEqual([range, undefined])
          expect(error?.message).toMatch(words)
        }
      }
    })
  )

  it.effect("and the next candidate is tried, for a part too", () =>
    Effect.gen(function* () {
      const good = "https://cdn.fake.test/good.mp4"
      for (const range of parts) {
        const net = transport((sent) =>
          (sent.url === good ? ranged(mp4) : ranged(text("not found, not here either"), { "content-type": "video/mp4" }))(sent)
        )
        const artifacts = [
          { url: link, kind: "link" },
          { url: good, kind: "link" }
        ] as const
        const state: Succeeded = { ...succeeded, artifacts }
        const { bytes } = yield* Effect.provide(Artifact.open(provider, state, range), net.layer)
        const given = Uint8Array.from((yield* Stream.runCollect(bytes)).flatMap((chunk) => Array.from(chunk)))
        expect(given).toEqual(whichOf(range, mp4))
      }
    })
  )
})
