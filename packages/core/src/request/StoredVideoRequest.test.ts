import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { expectTypeOf } from "vitest"
import { expect } from "../../test/expect.ts"
import * as StoredVideoRequest from "./StoredVideoRequest.ts"
import type { Image, VideoRequest } from "./VideoRequest.ts"

const { fromStored, toStored } = StoredVideoRequest
const throughText = (request: VideoRequest) =>
  Effect.flatMap(toStored(request), (stored) => fromStored(JSON.parse(JSON.stringify(stored)) as unknown))

/** Everything that identifies an image. */
const seen = async (image: Image) => {
  if (typeof image === "string") return image
  if (image instanceof Uint8Array) return { kind: "bytes", bytes: [...image] }
  const bytes = [...new Uint8Array(await image.arrayBuffer())]
  const file = image instanceof File ? { name: image.name, lastModified: image.lastModified } : {}
  return { kind: image.constructor, type: image.type, bytes, ...file }
}
const all = async ({ images, ...request }: VideoRequest) => ({
  ...Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)),
  images: images && (await Promise.all(images.map(seen)))
})

const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", "\ud800", '"\\\u0000\u2028', "狐"))
const bytes = fc.uint8Array({ maxLength: 40 }).map((each) => new Uint8Array(each))
const type = fc.constantFrom("", "image/png", "IMAGE/JPEG", "text/plain;charset=utf-8", "x")
const image: fc.Arbitrary<Image> = fc.oneof(
  fc.constantFrom("https://a.b/1.png?sig=1", "data:image/png;base64,iVBORw0K", "./fox.png", ""),
  bytes,
  bytes.map((each) => new Uint8Array([0, ...each, 0]).subarray(1, each.byteLength + 1)),
  fc.tuple(bytes, type).map(([part, of]) => new Blob([part, part], { type: of })),
  fc
    .tuple(bytes, fc.string({ unit: "grapheme" }), type, fc.nat())
    .map(([part, name, of, lastModified]) => new File([part], name, { type: of, lastModified }))
)
const requests: fc.Arbitrary<VideoRequest> = fc.record(
  {
    mode: fc.constantFrom("generate" as const, "edit" as const, "extend" as const, undefined),
    prompt: fc.option(text, { nil: undefined }),
    model: fc.string({ minLength: 1 }),
    duration: fc.oneof(fc.integer(), fc.constant(undefined)),
    aspectRatio: text,
    resolution: text,
    images: fc.option(fc.array(image, { maxLength: 4 }), { nil: undefined }),
    video: text
  },
  { requiredKeys: [] }
)

describe("StoredVideoRequest", () => {
  it("any request comes back from text equal, each image as what it was", async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const back = await Effect.runPromise(throughText(request))
        expect(await all(back)).toStrictEqual(await all(request))
      }),
      { numRuns: 500 }
    )
  })

  it.effect("is plain JSON: a text for a URL, base64 with what else is needed for the rest", () =>
    Effect.gen(function* () {
      const images = [
        "https://a.b/1.png",
        new Uint8Array([1, 2, 3]),
        new Blob(["a"], { type: "image/png" }),
        new File(["b"], "fox.png", { type: "image/png", lastModified: 7 })
      ]
      expect(yield* toStored({ prompt: "a fox", images })).toStrictEqual({
        prompt: "a fox",
        images: [
          "https://a.b/1.png",
          { _tag: "Bytes", base64: "AQID" },
          { _tag: "Blob", type: "image/png", base64: "YQ==" },
          { _tag: "File", name: "fox.png", lastModified: 7, type: "image/png", base64: "Yg==" }
        ]
      })
    })
  )

  it.effect("an image of a megabyte takes a third more", () =>
    Effect.gen(function* () {
      const size = 1024 * 1024
      const stored = JSON.stringify(yield* toStored({ images: [new Uint8Array(size)] }))
      expect(stored.length / size).toBeCloseTo(4 / 3, 3)
    })
  )

  it("says the same as the type", () => {
    expectTypeOf<typeof StoredVideoRequest.VideoRequest.Type>().branded.toEqualTypeOf<VideoRequest>()
    // It can be passed unchanged to anything that takes JSON.
    expectTypeOf<StoredVideoRequest.StoredVideoRequest>().toExtend<{ readonly [name: string]: unknown }>()
    expect(StoredVideoRequest.VideoRequest).toBeDefined()
  })

  it.effect.each<[unknown, string, RegExp]>([
    [{ prompt: "x", aspect_ratio: "1:1" }, "aspect_ratio", /field of this request/u],
    [{ prompt: 7 }, "prompt", /string/iu],
    [{ images: [7] }, "images.0", /Expected/u],
    [{ images: ["https://a.b/1.png", { _tag: "Bytes", base64: "***" }] }, "images.1.base64", /base64/iu],
    [{ images: [{ _tag: "Bytes" }] }, "images.0.base64", /Missing/u],
    [{ images: [{ _tag: "Blob", base64: "YQ==" }] }, "images.0.type", /Missing/u],
    [{ images: [{ _tag: "FileId", id: "file-1" }] }, "images.0", /Expected/u],
    [{ images: [{ _tag: "Bytes", base64: "YQ==", crop: [0, 1] }] }, "images.0.crop", /field of this request/u],
    [{ options: { user: "me" } }, "options", /field of this request/u],
    [null, "request", /Expected/u],
    ["a fox", "request", /Expected/u]
  ])("%o is refused, and %s is named", ([json, field, rule]) =>
    Effect.gen(function* () {
      const refusal = yield* Effect.flip(fromStored(json))
      expect([refusal._tag, refusal.field, refusal.rule]).toEqual(["InvalidRequest", field, expect.stringMatching(rule)])
    })
  )

  it("anything at all is a request, or is refused", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.anything(), fc.record({ images: fc.array(fc.anything()) })), async (json) => {
        const read = await Effect.runPromise(Effect.result(fromStored(json)))
        expect(read._tag === "Success" ? "InvalidRequest" : read.failure._tag).toBe("InvalidRequest")
      })
    )
  })

  it.effect("a Blob that can't be read is refused, and named by its place", () =>
    Effect.gen(function* () {
      const gone = Object.assign(new Blob(["x"]), { arrayBuffer: () => Promise.reject(new Error("ENOENT")) })
      const refusal = yield* Effect.flip(toStored({ images: ["https://a.b/1.png", gone] }))
      expect([refusal.field, refusal.rule]).toEqual(["images.1", "is wrong: can't be read (Error: ENOENT)"])
    })
  )

  it.effect("what the schema does not have is not dropped but refused: it would be another request", () =>
    Effect.gen(function* () {
      const request = { prompt: "a fox", options: { user: "me" } }
      expect((yield* Effect.flip(toStored(request))).field).toBe("options")
      const withOptions = StoredVideoRequest.make(
        Schema.Struct({ ...StoredVideoRequest.fields, options: Schema.optional(Schema.Struct({ user: Schema.String })) })
      )
      expect(yield* Effect.flatMap(withOptions.toStored(request), withOptions.fromStored)).toEqual(request)
    })
  )
})
