import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { disk, refusal } from "../../test/disk.ts"
import { expect } from "../../test/expect.ts"
import { provider, type Reply, transport } from "../../test/fake.ts"
import { videos } from "../../test/media.ts"
import { succeeded } from "../../test/samples.ts"
import * as Artifact from "./Artifact.ts"
import { nameOf } from "./place.ts"

const named = (id: string, by = "xai"): string => nameOf({ ...succeeded.ref, provider: by, id })
const alike = "a".repeat(120)

describe("F5: the name of a job's file", () => {
  it("is what the provider calls it, if every file system can tell it from others", () => {
    expect(named("192e203b-354d-4a17-aadd-c2b94c6fb6a8")).toBe("xai-192e203b-354d-4a17-aadd-c2b94c6fb6a8")
    expect(named("video_2da3")).toBe("xai-video_2da3")
  })

  it.each<[string, string, string]>([
    ["are alike for 120 of 176 characters", `${alike}${"b".repeat(56)}`, `${alike}${"c".repeat(56)}`],
    ["differ in the last of 512 characters", `${"x".repeat(511)}1`, `${"x".repeat(511)}2`],
    ["differ in case only", "task_AbC", "task_aBc"],
    ["differ in case only, one of them small", "task_ABC", "task_abc"],
    ["differ in a character that is replaced", "a/b", "a:b"],
    ["differ in how many are replaced", "a//b", "a/b"],
    ["differ in a character that is what it is replaced by", "a/b", "a_b"],
    ["differ in a dot", "a.b", "a_b"],
    ["differ in their Unicode form", "caf\u00e9", "cafe\u0301"],
    ["have nothing that is kept", "视频一", "视频二"],
    ["differ in half a surrogate pair", "\ud800", "\ud801"]
  ])("differs for ids that %s", (_, one, other) => {
    expect(named(one).toLowerCase()).not.toBe(named(other).toLowerCase())
  })

  it("never leads out of the folder, and never is too long", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 600 }), (id) => {
        expect(named(id)).toMatch(/^[\w-]{1,100}(\.[\da-f]{12})?$/u)
      })
    )
  })

  it("never is another's, whatever the case", () => {
    const ids = fc.string({ unit: fc.constantFrom("a", "A", "b", "_", "/", ".", "é"), maxLength: 5 })
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        expect(named(one).toLowerCase() === named(other).toLowerCase()).toBe(one === other)
      })
    )
  })
})

const [mp4 = new Uint8Array(), webm = new Uint8Array()] = ["MP4", "WebM"].map((name) => videos.find(([each]) => each === name)?.[2])
const old = new TextEncoder().encode("another film")

const saving = (to: ReturnType<typeof disk>, save: typeof Artifact.save, path: string, options: Artifact.SaveOptions = {}, body = mp4) => {
  const reply: Reply = { body }
  return save(provider, succeeded, path, options).pipe(Effect.provide(transport(() => reply).layer), Effect.provide(to.layer))
}

describe("F5: a file that is there", () => {
  it.effect.each<[string, typeof Artifact.save, string, Artifact.SaveOptions, string, string]>([
    ["in a folder", Artifact.saveIn, "films", {}, "films/fake-job-1.mp4", "films/fake-job-1-2.mp4"],
    ["in a folder that ends in a slash", Artifact.saveIn, "films/", {}, "films/fake-job-1.mp4", "films/fake-job-1-2.mp4"],
    ["here", Artifact.saveIn, "", {}, "fake-job-1.mp4", "fake-job-1-2.mp4"],
    ["by a path", Artifact.save, "a.b/fox.mp4", { overwrite: false }, "a.b/fox.mp4", "a.b/fox-2.mp4"],
    ["without an ending", Artifact.save, "a.b/fox", { overwrite: false }, "a.b/fox", "a.b/fox-2"]
  ])("stays, and the video is saved beside it: %s", ([, save, path, options, first, second]) =>
    Effect.gen(function* () {
      const to = disk()
      to.files.set(first, { bytes: old, at: 0 })
      expect((yield* saving(to, save, path, options)).path).toBe(second)
      expect([to.files.get(first)?.bytes, to.files.get(second)?.bytes, to.names()]).toEqual([old, mp4, [second, first].toSorted()])
    })
  )

  it.effect("and is the same video is the file itself", () =>
    Effect.gen(function* () {
      const to = disk()
      for (let nth = 0; nth < 2; nth++) {
        expect((yield* saving(to, Artifact.saveIn, "films")).path).toBe("films/fake-job-1.mp4")
        expect(to.names()).toEqual(["films/fake-job-1.mp4"])
      }
    })
  )

  it.effect("is replaced by one who asks for it, and by a path of the caller's", () =>
    Effect.gen(function* () {
      const to = disk()
      to.files.set("films/fake-job-1.mp4", { bytes: old, at: 0 })
      to.files.set("fox.mp4", { bytes: old, at: 0 })
      expect((yield* saving(to, Artifact.saveIn, "films", { overwrite: true })).path).toBe("films/fake-job-1.mp4")
      expect((yield* saving(to, Artifact.save, "fox.mp4")).path).toBe("fox.mp4")
      expect([...to.files.values()].map(({ bytes }) => bytes)).toEqual([mp4, mp4])
    })
  )

  it.effect("is replaced by default too if overwrite is undefined, and what is neither true nor false is refused", () =>
    Effect.gen(function* () {
      const to = disk()
      to.files.set("fox.mp4", { bytes: old, at: 0 })
      expect((yield* saving(to, Artifact.save, "fox.mp4", { overwrite: undefined })).path).toBe("fox.mp4")
      const wrong: Artifact.SaveOptions = JSON.parse('{ "overwrite": "no" }')
      const refused = yield* Effect.flip(saving(to, Artifact.saveIn, "films", wrong))
      expect(refused.reason).toMatchObject({ _tag: "InvalidRequest", field: "overwrite" })
    })
  )

  it.effect("stays on a disk without links too", () =>
    Effect.gen(function* () {
      const to = disk((step) => (step === "link" ? refusal("EPERM", "PermissionDenied", "link") : undefined))
      const paths = [mp4, webm, mp4.slice(0, 100)].map((body) => saving(to, Artifact.save, "fox.mp4", { overwrite: false }, body))
      expect((yield* Effect.all(paths)).map(({ path }) => path)).toEqual(["fox.mp4", "fox-2.mp4", "fox-3.mp4"])
      expect(to.names()).toEqual(["fox-2.mp4", "fox-3.mp4", "fox.mp4"])
    })
  )

  it.effect("that another save makes at the last moment stays", () =>
    Effect.gen(function* () {
      const to: ReturnType<typeof disk> = disk((step) => {
        if (step === "sync") to.files.set("fox.mp4", { bytes: old, at: 0 })
        return undefined
      })
      expect((yield* saving(to, Artifact.save, "fox.mp4", { overwrite: false })).path).toBe("fox-2.mp4")
      expect(to.files.get("fox.mp4")?.bytes).toEqual(old)
    })
  )
})

describe("F13: the ending of a file in a folder", () => {
  it.effect.each(videos)("of %s is .%s", ([, ending, body]) =>
    Effect.gen(function* () {
      const to = disk()
      const { container, path } = yield* saving(to, Artifact.saveIn, "films", {}, body)
      expect([path, container]).toEqual([`films/fake-job-1.${ending}`, ending])
    })
  )

  it.effect("of bytes of an unknown kind is .mp4", () =>
    Effect.gen(function* () {
      const body = new Uint8Array(5000).map((_, index) => (index * 31) % 251)
      expect((yield* saving(disk(), Artifact.saveIn, "films", {}, body)).path).toBe("films/fake-job-1.mp4")
    })
  )
})

describe("a part file", () => {
  it.effect("that isn't a video's is not resumed", () =>
    Effect.gen(function* () {
      const to = disk()
      const text = new TextEncoder().encode("File not found or expired")
      const job = `reelay:fake/generation/job-1?v=1&base=https%3A%2F%2Fapi.fake.test&at=0`
      const note = { v: 1, job, token: "00000001", slot: 0, validator: '"v1"', total: null, bytes: text.byteLength }
      to.files.set("fox.mp4.part.json", { bytes: new TextEncoder().encode(JSON.stringify(note)), at: 0 })
      to.files.set("fox.mp4.00000001.part", { bytes: text, at: -60_000 })
      const net = transport(() => ({ body: mp4 }))
      yield* Artifact.save(provider, succeeded, "fox.mp4").pipe(Effect.provide(net.layer), Effect.provide(to.layer))
      expect([net.requests.map(({ headers }) => headers["range"]), to.files.get("fox.mp4")?.bytes]).toEqual([[undefined], mp4])
    })
  )
})
