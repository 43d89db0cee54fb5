import { describe, it } from "@effect/vitest"
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex } from "@noble/hashes/utils.js"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as fc from "fast-check"
import { disk } from "../../test/disk.ts"
import { expect } from "../../test/expect.ts"
import { provider, said, type Reply, type Sent, transport } from "../../test/fake.ts"
import { succeeded } from "../../test/samples.ts"
import type { JobError } from "../job/JobError.ts"
import * as Artifact from "./Artifact.ts"

const video = new Uint8Array(100).map((_, index) => (index < 8 ? ([0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70][index] ?? 0) : index))
const link = "https://cdn.fake.test/video.mp4?sig=1"
const reset = new Error("ECONNRESET")

/** All three APIs over the same answers: the bytes in memory, the file with its digest, and what a stream gave. */
const run = Effect.fnUntraced(function* (
  answer: (sent: Sent, nth: number) => Reply,
  options: Artifact.Options = {},
  artifacts: (typeof succeeded)["artifacts"] = [{ url: link, kind: "link" }],
  seconds = 300
) {
  const net = transport(answer)
  const to = disk()
  const wait = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(Effect.result(effect))
      for (let second = 0; second < seconds && fiber.pollUnsafe() === undefined; second++) yield* TestClock.adjust("1 second")
      return yield* Fiber.join(fiber)
    })
  const state = { ...succeeded, artifacts }
  const inMemory = yield* wait(Artifact.bytes(provider, state, options).pipe(Effect.provide(net.layer)))
  const requests = net.requests.splice(0)
  const onDisk = yield* wait(Artifact.save(provider, state, "a.mp4", options).pipe(Effect.provide(net.layer), Effect.provide(to.layer)))
  const given: Array<Uint8Array> = []
  const streamed = yield* wait(
    Artifact.stream(provider, state, options).pipe(
      Stream.runForEach((chunk) => Effect.sync(() => void given.push(chunk))),
      Effect.provide(net.layer)
    )
  )
  return {
    given: Uint8Array.from(given.flatMap((chunk) => Array.from(chunk))),
    streamed: streamed._tag,
    requests,
    ranges: requests.map(({ headers }) => headers["range"]),
    bytes: inMemory._tag === "Success" ? inMemory.success : undefined,
    error: inMemory._tag === "Failure" ? inMemory.failure : undefined,
    saved: onDisk._tag === "Success" ? onDisk.success : undefined,
    file: to.files.get("a.mp4")?.bytes,
    names: to.names()
  }
})

const whole = (more: Partial<Reply> & { readonly headers?: Record<string, string> } = {}): Reply => ({
  body: video,
  ...more,
  headers: { "content-length": "100", "content-type": "video/mp4", etag: '"v1"', ...more.headers }
})
const rest = (from: number, to = 100, more: Partial<Reply> = {}): Reply => ({
  status: 206,
  body: video.slice(from, to),
  ...more,
  headers: { etag: '"v1"', "content-range": `bytes ${from}-${to - 1}/100`, ...more.headers }
})
const cut = (reply: Reply, length: number): Reply => ({
  ...reply,
  body: reply.body instanceof Uint8Array ? reply.body.slice(0, length) : "",
  cut: reset
})
/** Breaks the first answer off after 40 bytes, whatever the second is. */
const then =
  (second: Reply, first: Reply = whole()) =>
  ({ headers }: Sent, nth: number): Reply =>
    nth === 1 ? cut(first, 40) : headers["range"] === undefined ? whole() : second

describe("an interrupted download", () => {
  it.effect("is resumed where it broke, over the same hash", () =>
    Effect.gen(function* () {
      const { bytes, file, given, ranges, requests, saved } = yield* run(then(rest(40)))
      expect([bytes, file, given]).toEqual([video, video, video])
      expect(ranges).toEqual([undefined, "bytes=40-"])
      expect(requests[1]?.headers["if-range"]).toBe('"v1"')
      expect(saved).toMatchObject({ bytes: 100, sha256: bytesToHex(sha256(video)) })
    })
  )

  it.effect("is resumed by its modification time if it has no ETag", () =>
    Effect.gen(function* () {
      const headers = { etag: "", "last-modified": "Wed, 21 Oct 2026 07:28:00 GMT", date: "Wed, 21 Oct 2026 07:28:01 GMT" }
      const { bytes, requests } = yield* run(then(rest(40), whole({ headers })))
      expect([bytes, requests[1]?.headers["if-range"]]).toEqual([video, "Wed, 21 Oct 2026 07:28:00 GMT"])
    })
  )

  it.effect.each<[string, Record<string, string>]>([
    ["a weak ETag", { etag: 'W/"v1"' }],
    ["no validator", { etag: "" }],
    [
      "a modification time within the last second",
      { etag: "", "last-modified": "Wed, 21 Oct 2026 07:28:00 GMT", date: "Wed, 21 Oct 2026 07:28:00 GMT" }
    ],
    ["a modification time and no time of the answer", { etag: "", "last-modified": "Wed, 21 Oct 2026 07:28:00 GMT" }],
    ["a compressed body", { "content-encoding": "gzip" }]
  ])("starts over after %s", ([, headers]) =>
    Effect.gen(function* () {
      const { bytes, file, given, ranges } = yield* run(then(rest(40), whole({ headers })))
      expect([bytes, file, given, ranges]).toEqual([video, video, video, [undefined, undefined]])
    })
  )

  it.effect.each<[string, Reply, number]>([
    ["200", whole(), 2],
    ["416", { status: 416 }, 3],
    ["a range that begins elsewhere", rest(30), 3],
    ["a range that begins later, and leaves a gap", rest(50), 3],
    ["a range of another whole", rest(40, 100, { headers: { "content-range": "bytes 40-99/101" } }), 3],
    ["a range of an unknown whole", rest(40, 100, { headers: { "content-range": "bytes 40-99/*" } }), 3],
    ["a range beyond its whole", rest(40, 100, { headers: { "content-range": "bytes 40-100/100" } }), 3],
    ["206 without a range", { status: 206, body: video.slice(40) }, 3],
    ["several ranges", { status: 206, headers: { "content-type": "multipart/byteranges; boundary=x" }, body: "--x" }, 3],
    ["a rest without its ETag", rest(40, 100, { headers: { etag: "" } }), 3],
    ["the rest of another file", rest(40, 100, { headers: { etag: '"v2"' } }), 3],
    ["a compressed rest", rest(40, 100, { headers: { "content-encoding": "gzip" } }), 3],
    ["a length that is not the range's", rest(40, 100, { headers: { "content-length": "59" } }), 3],
    ["a page", rest(40, 100, { headers: { "content-type": "text/html" } }), 3]
  ])("starts over, at once, if the answer to the rest is %s", ([, second, requests]) =>
    Effect.gen(function* () {
      const { bytes, error, file, given, ranges, saved } = yield* run(then(second))
      expect([error, bytes, file]).toEqual([undefined, video, video])
      // What a stream has given is read again, found to be the same, and left out.
      expect(given).toEqual(video)
      expect(saved?.sha256).toBe(bytesToHex(sha256(video)))
      expect(ranges).toEqual([undefined, "bytes=40-", undefined].slice(0, requests))
    })
  )

  it.effect("with more bytes than the range starts over", () =>
    Effect.gen(function* () {
      const long = rest(40, 60, { body: video.slice(40, 90) })
      const { bytes, file, given, ranges } = yield* run(then(long))
      expect([bytes, file, given]).toEqual([video, video, video])
      expect(ranges).toEqual([undefined, "bytes=40-", undefined])
    })
  )

  it.effect("resumes after a part of the rest, as far as it came", () =>
    Effect.gen(function* () {
      const { bytes, given, ranges } = yield* run(({ headers }) =>
        headers["range"] === undefined ? cut(whole(), 40) : headers["range"] === "bytes=40-" ? rest(40, 70) : rest(70)
      )
      expect([bytes, given, ranges]).toEqual([video, video, [undefined, "bytes=40-", "bytes=70-"]])
    })
  )

  it.effect("is resumed before another candidate would start over", () =>
    Effect.gen(function* () {
      const { bytes, requests } = yield* run(then(rest(40)), {}, [
        { url: link, kind: "link" },
        { url: "https://cdn.fake.test/other.mp4", kind: "link" }
      ])
      expect([bytes, requests.map(({ url }) => url)]).toEqual([video, [link, link]])
    })
  )

  it.effect("is left for another candidate if it does not progress", () =>
    Effect.gen(function* () {
      const other = "https://cdn.fake.test/other.mp4"
      const { bytes, file, requests } = yield* run(
        ({ headers, url }) => (url === other ? whole({ headers: { etag: '"o"' } }) : headers["range"] ? { status: 503 } : cut(whole(), 40)),
        {},
        [
          { url: link, kind: "link" },
          { url: other, kind: "link" }
        ]
      )
      expect([bytes, file]).toEqual([video, video])
      // The rest of one candidate is never requested from another.
      expect(requests.map(({ headers, url }) => [url, headers["range"]])).toEqual([
        [link, undefined],
        [link, "bytes=40-"],
        [other, undefined]
      ])
    })
  )

  it.effect("T35: whose link has expired is resumed at a fresh one, if it is the same file", () =>
    Effect.gen(function* () {
      const fresh = "https://cdn.fake.test/video.mp4?sig=2"
      const answer =
        (etag: string) =>
        ({ headers, url }: Sent): Reply => {
          if (url.startsWith("https://api.")) return said("done", { url: fresh })
          if (url === link) return headers["range"] === undefined ? cut(whole(), 40) : { status: 403 }
          return headers["if-range"] === etag ? rest(40) : whole({ headers: { etag } })
        }
      const same = yield* run(answer('"v1"'))
      expect([same.bytes, same.file, same.given]).toEqual([video, video, video])
      expect(same.requests.map(({ headers, url }) => [url, headers["range"]])).toEqual([
        [link, undefined],
        [link, "bytes=40-"],
        ["https://api.fake.test/jobs/job-1", undefined],
        [fresh, "bytes=40-"]
      ])
      const other = yield* run(answer('"v2"'))
      expect([other.bytes, other.file]).toEqual([video, video])
    })
  )

  it.effect("T26: that never ends is retried as often as configured, and nothing is generated", () =>
    Effect.gen(function* () {
      const { error, ranges, requests } = yield* run(({ headers }) => (headers["range"] ? { status: 503 } : cut(whole(), 40)))
      expect([error?.reason._tag, ranges]).toEqual(["DownloadFailed", [undefined, "bytes=40-", "bytes=40-", "bytes=40-"]])
      expect(requests.every(({ method }) => method === "GET")).toBe(true)
    })
  )
})

describe("the budget of retries", () => {
  const size = 4 * 1024 * 1024
  /** Each answer brings this many bytes of a large file, and breaks. */
  const dripping =
    (step: number) =>
    ({ headers }: Sent): Reply => {
      const from = Number(/\d+/u.exec(headers["range"] ?? "")?.[0] ?? 0)
      const to = Math.min(size, from + step)
      const body = new Uint8Array(to - from)
      const more: Partial<Reply> = to < size ? { cut: reset } : {}
      return from === 0
        ? { body, headers: { etag: '"v"', "content-length": String(size) }, ...more }
        : { body, status: 206, headers: { etag: '"v"', "content-range": `bytes ${from}-${size - 1}/${size}` }, ...more }
    }

  it.effect("is reset while a download progresses: many interruptions do not stop it", () =>
    Effect.gen(function* () {
      const { bytes, requests } = yield* run(dripping(256 * 1024))
      expect([bytes?.byteLength, requests.length]).toEqual([size, 16])
    })
  )

  it.effect("is not reset by a trickle", () =>
    Effect.gen(function* () {
      const { error, requests } = yield* run(dripping(1000))
      expect([error?.reason._tag, requests.length]).toEqual(["DownloadFailed", 4])
    })
  )

  it.effect("is the caller's", () =>
    Effect.gen(function* () {
      const retry = Schedule.recurs(1).pipe(Schedule.setInputType<JobError>())
      const { requests } = yield* run(() => ({ status: 503 }), { retry })
      expect(requests).toHaveLength(2)
    })
  )
})

describe("progress", () => {
  it.effect("continues after an interruption, and falls back if the download starts over", () =>
    Effect.gen(function* () {
      const reported: Array<[number, number | undefined]> = []
      const onProgress = (bytes: number, total: number | undefined) => void reported.push([bytes, total])
      yield* run(then(rest(40)), { onProgress })
      expect(reported.slice(0, 2)).toEqual([
        [40, 100],
        [100, 100]
      ])
    })
  )
})

/** How a server may behave, once. */
type Move = "whole" | "rest" | "416" | "elsewhere" | "other whole" | "503" | "403" | "empty" | "short"

const moves: ReadonlyArray<Move> = [
  "rest",
  "rest",
  "rest",
  "rest",
  "rest",
  "whole",
  "416",
  "elsewhere",
  "other whole",
  "503",
  "403",
  "empty",
  "short"
]

describe("any sequence of interruptions and answers", () => {
  const scripts = fc.array(
    fc.record({
      move: fc.constantFrom(...moves),
      upTo: fc.integer({ min: 0, max: 130 }),
      version: fc.constantFrom(1, 1, 1, 1, 1, 2),
      validator: fc.constantFrom("etag", "etag", "etag", "etag", "weak", "none"),
      length: fc.boolean()
    }),
    { minLength: 1, maxLength: 12 }
  )

  it("gives exactly one of the served files, with its own hash, or a failure", async () => {
    let resumed = 0
    let whollyGiven = 0
    let partlyGiven = 0
    const holds = (script: ReadonlyArray<(typeof scripts extends fc.Arbitrary<infer A> ? A : never)[number]>) =>
      Effect.gen(function* () {
        const files = [1, 2].map((version) => video.map((byte, index) => (index < 8 ? byte : (byte * version) % 251)))
        let nth = 0
        const answer = ({ headers, url }: Sent): Reply => {
          if (url.startsWith("https://api.")) return said("done", { url: link })
          const { length, move, upTo, validator, version } = script[nth++ % script.length] ?? script[0] ?? never()
          const file = files[version - 1] ?? video
          const etag: Record<string, string> = validator === "none" ? {} : { etag: `${validator === "weak" ? "W/" : ""}"v${version}"` }
          const asked = /^bytes=(\d+)-$/u.exec(headers["range"] ?? "")?.[1]
          const from = Number(asked ?? 0)
          const broken = (body: Uint8Array): Partial<Reply> =>
            upTo < body.byteLength ? { body: body.slice(0, upTo), cut: reset } : { body }
          const all: Reply = { ...broken(file), headers: { ...etag, ...(length ? { "content-length": "100" } : {}) } }
          const part = (at: number, total: number): Reply => ({
            status: 206,
            ...broken(file.slice(at)),
            headers: { ...etag, "content-range": `bytes ${at}-99/${total}` }
          })
          switch (move) {
            case "whole":
              return all
            // A server that honours If-Range sends the rest of the same version only; this one may not honour it.
            case "rest":
              return asked === undefined ? all : part(from, 100)
            case "416":
              return asked === undefined ? all : { status: 416 }
            case "elsewhere":
              return asked === undefined ? all : part(Math.max(0, from + (upTo % 2 === 0 ? 1 : -1)), 100)
            case "other whole":
              return asked === undefined ? all : part(from, 101)
            case "503":
              return { status: 503 }
            case "403":
              return { status: 403 }
            case "empty":
              return { body: "" }
            case "short":
              return { body: file.slice(0, upTo % 100), headers: { ...etag, "content-length": "100" } }
          }
        }
        const { bytes, file, given, names, ranges, saved, streamed } = yield* run(answer)
        if (bytes !== undefined && ranges.at(-1) !== undefined) resumed += 1
        const known = files.map((each) => bytesToHex(sha256(each)))
        if (bytes !== undefined) expect(known).toContain(bytesToHex(sha256(bytes)))
        if (streamed === "Success") expect(known).toContain(bytesToHex(sha256(given)))
        // Never two halves of two files.
        const heads = files.map((each) => bytesToHex(sha256(each.subarray(0, given.byteLength))))
        expect(heads).toContain(bytesToHex(sha256(given)))
        if (streamed === "Success") whollyGiven += 1
        else if (given.byteLength > 0) partlyGiven += 1
        if (saved !== undefined) expect([saved.sha256, known.includes(saved.sha256)]).toEqual([bytesToHex(sha256(file ?? video)), true])
        expect(names).toEqual(saved === undefined ? [] : ["a.mp4"])
      })
    await fc.assert(
      fc.asyncProperty(scripts, (script) => Effect.runPromise(Effect.provide(holds(script), TestClock.layer()))),
      { numRuns: 400 }
    )
    // Otherwise the law would have had no cases.
    expect(resumed).toBeGreaterThan(20)
    expect(Math.min(whollyGiven, partlyGiven)).toBeGreaterThan(20)
  })
})

const never = (): never => {
  throw new Error("unreachable")
}
