import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { disk, refusal } from "../../test/disk.ts"
import { expect } from "../../test/expect.ts"
import { printed, provider, type Reply, type Sent, transport } from "../../test/fake.ts"
import { succeeded } from "../../test/samples.ts"
import * as Artifact from "./Artifact.ts"

const mebibyte = 1024 * 1024
const video = new TextEncoder().encode("....ftyp")
const large = new Uint8Array(20 * mebibyte).map((_, index) => (index * 31) % 251)
const mp4: Reply = { body: video, headers: { "content-type": "video/mp4" } }

/** Saves over a disk in memory, for at most `until` virtual seconds. */
const saving = Effect.fnUntraced(function* (
  to: ReturnType<typeof disk>,
  answer: (sent: Sent, nth: number) => Reply,
  { path = "fox.mp4", until = 60, ...options }: Artifact.Options & { readonly path?: string; readonly until?: number } = {},
  state = succeeded
) {
  const net = transport(answer)
  const fiber = yield* Effect.forkChild(
    Effect.result(Artifact.save(provider, state, path, options)).pipe(Effect.provide(net.layer), Effect.provide(to.layer))
  )
  for (let second = 0; second < until && fiber.pollUnsafe() === undefined; second++) yield* TestClock.adjust("1 second")
  return { net, fiber }
})

const saved = Effect.fnUntraced(function* (...given: Parameters<typeof saving>) {
  const { fiber, net } = yield* saving(...given)
  const result = yield* Fiber.join(fiber)
  return {
    net,
    saved: result._tag === "Success" ? result.success : undefined,
    error: result._tag === "Failure" ? result.failure : undefined
  }
})

describe("save", () => {
  it.effect("the file is written beside its name, and renamed once it is whole", () =>
    Effect.gen(function* () {
      const to = disk()
      const { saved: file } = yield* saved(to, () => mp4)
      expect(file).toMatchObject({ _tag: "Saved", path: "fox.mp4", bytes: 8, sha256: expect.stringMatching(/^[\da-f]{64}$/u) })
      expect(to.log).toEqual([
        "open fox.mp4.*.part",
        "note fox.mp4.part.json",
        "write fox.mp4.*.part",
        "sync fox.mp4.*.part",
        "rename fox.mp4.*.part",
        "remove fox.mp4.part.json"
      ])
      expect(to.names()).toEqual(["fox.mp4"])
    })
  )

  it.effect.each<[string, Reply, Artifact.Options]>([
    ["isn't a video", { body: "<html>no</html>" }, {}],
    ["is refused", { status: 400 }, {}],
    ["is beyond the limit", mp4, { maxBytes: 7 }],
    ["says that it is beyond the limit", { ...mp4, headers: { "content-length": "8" } }, { maxBytes: 7 }],
    ["breaks off", { ...mp4, cut: new Error("reset") }, {}]
  ])("nothing is left of a download that %s, and an older file stays", ([, reply, options]) =>
    Effect.gen(function* () {
      const to = disk()
      to.files.set("fox.mp4", { bytes: video.slice(0, 3), at: 0 })
      const { error } = yield* saved(to, () => reply, options)
      expect([error?._tag, to.names(), to.files.get("fox.mp4")?.bytes.byteLength]).toEqual(["JobError", ["fox.mp4"], 3])
    })
  )

  it.effect("nothing is left of an interrupted download", () =>
    Effect.gen(function* () {
      const to = disk()
      const { fiber } = yield* saving(to, () => ({ ...mp4, stalls: true }), { until: 3 })
      expect(to.names()).toEqual(["fox.mp4.*.part", "fox.mp4.part.json"])
      yield* Fiber.interrupt(fiber)
      expect(to.names()).toEqual([])
    })
  )

  it.effect.each(["", "folder/", "folder\\"])('the path "%s" names no file, and nothing is requested', (path) =>
    Effect.gen(function* () {
      const { error, net } = yield* saved(disk(), () => mp4, { path })
      expect([error?.reason._tag, net.requests]).toEqual(["InvalidRequest", []])
    })
  )

  it.effect("a path that is a folder is refused before anything is requested", () =>
    Effect.gen(function* () {
      const to = disk()
      to.files.set("a folder", { bytes: video, at: 0 })
      const { error, net } = yield* saved(to, () => mp4, { path: "a folder" })
      expect([error?.message, net.requests]).toEqual([expect.stringContaining("path is a folder, a folder; name a file in it"), []])
    })
  )

  it.effect.each([0, -1, Number.NaN])("maxBytes %d is refused", (maxBytes) =>
    Effect.gen(function* () {
      const { error, net } = yield* saved(disk(), () => mp4, { maxBytes })
      expect([error?.reason, net.requests]).toMatchObject([{ _tag: "InvalidRequest", field: "maxBytes" }, []])
    })
  )
})

describe("a disk that", () => {
  it.effect.each<[string, string, string, Parameters<typeof refusal>[1]]>([
    ["is full", "ENOSPC", "the disk is full. Make room", "Unknown"],
    ["is full for this user", "EDQUOT", "the quota of this user is used up", "Unknown"],
    ["is read-only", "EROFS", "the disk is read-only", "Unknown"],
    ["gives no permission", "EACCES", "there is no permission to write there", "PermissionDenied"],
    ["has no such folder", "ENOENT", "its folder does not exist", "NotFound"]
  ])("%s is reported, with what to do", ([, code, words, tag]) =>
    Effect.gen(function* () {
      for (const step of ["open", "write", "sync", "rename"]) {
        const to = disk((name) => (name === step ? refusal(code, tag, step) : undefined))
        to.files.set("fox.mp4", { bytes: video.slice(0, 3), at: 0 })
        const { error, net } = yield* saved(to, () => mp4)
        expect(error?.reason._tag, step).toBe("DownloadFailed")
        expect(error?.message, step).toContain(
          `fox.mp4 can't be written: ${code === "ENOENT" && step === "rename" ? "its part file is gone" : words}`
        )
        expect(error?.message, step).toContain("do not submit it again")
        expect([to.names(), to.files.get("fox.mp4")?.bytes.byteLength], step).toEqual([["fox.mp4"], 3])
        expect(net.requests.length, step).toBe(step === "open" ? 0 : 1)
      }
    })
  )

  it.effect("fails for another reason is quoted", () =>
    Effect.gen(function* () {
      const to = disk((name) => (name === "write" ? refusal("EIO") : undefined))
      const { error } = yield* saved(to, () => mp4)
      expect(error?.message).toContain("fox.mp4 can't be written: Unknown (EIO: refused, open '/x')")
    })
  )

  it.effect("can't store notes is written to all the same", () =>
    Effect.gen(function* () {
      const to = disk((name) => (name === "note" ? refusal("EACCES") : undefined))
      expect((yield* saved(to, () => mp4)).saved?.bytes).toBe(8)
    })
  )
})

/** Serves `large` with an ETag and ranges; the first `cuts` answers stall after 12 MiB. */
const ranged =
  (stalling: number, etag = '"v1"') =>
  ({ headers }: Sent, nth: number): Reply => {
    const from = headers["if-range"] === etag ? Number(/^bytes=(\d+)-$/u.exec(headers["range"] ?? "")?.[1] ?? 0) : 0
    const stalls = nth <= stalling
    const body = large.subarray(from, stalls ? from + 12 * mebibyte : undefined)
    return from === 0
      ? { body, stalls, headers: { etag, "content-length": String(large.byteLength) } }
      : { body, status: 206, headers: { etag, "content-range": `bytes ${from}-${large.byteLength - 1}/${large.byteLength}` } }
  }

/** The disk of a process that was killed after 12 of 20 MiB. */
const killed = Effect.fnUntraced(function* (left = disk()) {
  const to = disk()
  const { fiber } = yield* saving(to, ranged(1), { until: 2 })
  for (const [name, entry] of to.copy()) left.files.set(name, entry)
  yield* Fiber.interrupt(fiber)
  return left
})

const start = (sent: ReadonlyArray<Sent>) => sent.map(({ headers }) => headers["range"])

describe("the part file of a killed process", () => {
  it.effect("is resumed, and nothing of it stays", () =>
    Effect.gen(function* () {
      const left = yield* killed()
      expect(left.names()).toEqual(["fox.mp4.*.part", "fox.mp4.part.json"])
      const { net, saved: file } = yield* saved(left, ranged(0))
      // The chunk was written at once, so all of it is on the disk.
      expect(start(net.requests)).toEqual([`bytes=${12 * mebibyte}-`])
      expect(Buffer.compare(left.files.get("fox.mp4")?.bytes ?? video, large)).toBe(0)
      expect(file?.sha256).toBe((yield* saved(disk(), ranged(0))).saved?.sha256)
      expect(left.names()).toEqual(["fox.mp4"])
    })
  )

  it.effect("names no URL", () =>
    Effect.gen(function* () {
      const left = yield* killed()
      const note = new TextDecoder().decode(left.files.get("fox.mp4.part.json")?.bytes)
      expect(note).not.toMatch(/cdn|sig|secret/iu)
    })
  )

  it.effect("is not resumed if the file has changed since", () =>
    Effect.gen(function* () {
      const left = yield* killed()
      const { saved: file } = yield* saved(left, ranged(0, '"v2"'))
      expect([file?.bytes, left.names()]).toEqual([large.byteLength, ["fox.mp4"]])
      expect(Buffer.compare(left.files.get("fox.mp4")?.bytes ?? video, large)).toBe(0)
    })
  )

  it.effect("of another job is not resumed, and is removed", () =>
    Effect.gen(function* () {
      const left = yield* killed()
      const { net } = yield* saved(left, ranged(0), {}, { ...succeeded, ref: { ...succeeded.ref, id: "job-2" } })
      expect([start(net.requests), left.names()]).toEqual([[undefined], ["fox.mp4"]])
    })
  )

  it.effect.each<[string, string]>([
    ["isn't JSON", "{"],
    ["is of another version", '{"v":2}'],
    ["names a file elsewhere", '{"v":1,"job":"x","token":"../../etc/passwd","slot":0,"validator":"x","total":null,"bytes":1}']
  ])("with a note that %s is not resumed", ([, note]) =>
    Effect.gen(function* () {
      const left = yield* killed()
      left.files.set("fox.mp4.part.json", { bytes: new TextEncoder().encode(note), at: 0 })
      const elsewhere = "fox.mp4.../../etc/passwd.part"
      left.files.set(elsewhere, { bytes: video, at: -60_000 })
      const { net, saved: file } = yield* saved(left, ranged(0))
      expect([start(net.requests), file?.bytes]).toEqual([[undefined], large.byteLength])
      expect(left.files.has(elsewhere)).toBe(true)
    })
  )

  it.effect("is not resumed if its process starts over while it is copied", () =>
    Effect.gen(function* () {
      const left: ReturnType<typeof disk> = disk((step) => {
        const note = left.files.get("fox.mp4.part.json")
        const text = new TextDecoder().decode(note?.bytes)
        if (step === "read" && note !== undefined) note.bytes = new TextEncoder().encode(text.replace(/"bytes":\d+/u, '"bytes":0'))
        return undefined
      })
      yield* killed(left)
      const { net, saved: file } = yield* saved(left, ranged(0))
      expect([start(net.requests), file?.bytes]).toEqual([[undefined], large.byteLength])
      expect(Buffer.compare(left.files.get("fox.mp4")?.bytes ?? video, large)).toBe(0)
    })
  )

  it.effect("with fewer bytes than its note says is not resumed", () =>
    Effect.gen(function* () {
      const left = yield* killed()
      for (const entry of left.files.values()) if (entry.bytes.byteLength > mebibyte) entry.bytes = entry.bytes.slice(0, mebibyte)
      const { net } = yield* saved(left, ranged(0))
      expect(start(net.requests)).toEqual([undefined])
      expect(Buffer.compare(left.files.get("fox.mp4")?.bytes ?? video, large)).toBe(0)
    })
  )
})

describe("two saves to one path at a time", () => {
  it.effect("write to a part file each, and neither takes from the other", () =>
    Effect.gen(function* () {
      const to = disk()
      const first = yield* saving(to, ranged(1), { until: 3 })
      const second = yield* saved(to, ranged(0))
      expect([start(second.net.requests), second.saved?.bytes]).toEqual([[undefined], large.byteLength])
      // The part and the note of the first are still its own.
      expect(to.names()).toEqual(["fox.mp4", "fox.mp4.*.part", "fox.mp4.part.json"])
      for (let tick = 0; tick < 90 && first.fiber.pollUnsafe() === undefined; tick++) yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(first.fiber)).toMatchObject({ _tag: "Success", success: { bytes: large.byteLength } })
      expect(to.names()).toEqual(["fox.mp4"])
      expect(Buffer.compare(to.files.get("fox.mp4")?.bytes ?? video, large)).toBe(0)
    })
  )

  it.effect("never rename another's part file: one that was counted as dead fails", () =>
    Effect.gen(function* () {
      const to = disk()
      const first = yield* saving(to, ranged(1), { until: 3 })
      for (const name of to.files.keys()) if (name.endsWith(".part")) to.files.delete(name)
      for (let tick = 0; tick < 90 && first.fiber.pollUnsafe() === undefined; tick++) yield* TestClock.adjust("1 second")
      const result = yield* Fiber.join(first.fiber)
      expect(result._tag === "Failure" ? printed(result.failure) : "").toContain("fox.mp4 can't be written: its part file is gone")
      expect(to.names()).toEqual([])
    })
  )
})
