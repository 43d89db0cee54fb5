import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { expect } from "../../test/expect.ts"
import { key, printed, provider, type Reply, said, type Sent, transport } from "../../test/fake.ts"
import { succeeded } from "../../test/samples.ts"
import * as Artifact from "./Artifact.ts"

const video = new Uint8Array(100).map((_, index) => index)
const link = "https://cdn.fake.test/video.mp4?sig=SECRET"
const head = { "content-length": "100", "content-type": "video/mp4; codecs=avc1", etag: '"v1"' }

const part = (from: number, to: number): Reply => ({
  status: 206,
  body: video.slice(from, to),
  headers: { ...head, "content-length": String(to - from), "content-range": `bytes ${from}-${to - 1}/100` }
})

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
      expect(found).toEqual({ satisfiable: true, from: 0, to: 100, total: 100, type: "video/mp4", etag: '"v1"', given: video })
      expect(ranges).toEqual([undefined])
    })
  )

  it.effect.each([
    ["from a byte on", { from: 90 }, "bytes=90-", 90, 100],
    ["two bytes, as Safari asks first", { from: 0, to: 1 }, "bytes=0-1", 0, 2],
    ["the last bytes", { last: 10 }, "bytes=-10", 90, 100]
  ] as const)("passes a range on: %s", ([, range, asked, from, to]) =>
    Effect.gen(function* () {
      const passed = yield* taken(() => part(from, to), range)
      expect(passed.ranges).toEqual([asked])
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
      const told = yield* taken(() => ({ status: 416, body: "", headers: { "content-range": "bytes */100" } }), { from: 100 })
      expect(told.found).toMatchObject({ satisfiable: false, total: 100, given: new Uint8Array() })
      const cutHere = yield* taken(() => ({ body: video, headers: head }), { from: 100 })
      expect(cutHere.found).toMatchObject({ satisfiable: false, total: 100, given: new Uint8Array() })
    })
  )

  it.effect("refuses another part than it asked for, and a page", () =>
    Effect.gen(function* () {
      const shifted = yield* taken(() => part(50, 60), { from: 40, to: 59 })
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
