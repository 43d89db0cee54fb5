import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "../../test/expect.ts"
import { modeOf } from "./VideoRequest.ts"
import * as VideoRequestSchema from "./VideoRequestSchema.ts"

const check = VideoRequestSchema.checker(VideoRequestSchema.VideoRequest)

describe("checker", () => {
  it.effect.each([
    {},
    { mode: "edit", prompt: "x", model: "m", duration: 6, aspectRatio: "1:1", resolution: "720p", video: "https://a.b/c.mp4" },
    { images: ["https://a.b/1.png", new Uint8Array([1]), new Blob(["x"])] },
    { prompt: undefined, duration: undefined }
  ])("%o passes unchanged", (request) =>
    Effect.gen(function* () {
      expect(yield* check(request)).toEqual(request)
    })
  )

  it.effect.each([
    [{ prompt: 7 }, "prompt"],
    [{ duration: "6" }, "duration"],
    [{ duration: Number.POSITIVE_INFINITY }, "duration"],
    [{ mode: "remix" }, "mode"],
    [{ model: "" }, "model"],
    [{ images: "https://a.b/1.png" }, "images"],
    [{ images: ["https://a.b/1.png", 7] }, "images.1"],
    [null, "request"],
    ["a fox", "request"]
  ])("%o is refused, and %s is named", ([request, field]) =>
    Effect.gen(function* () {
      const refused = yield* Effect.flip(check(request))
      expect(refused.field).toBe(field)
      expect(refused.rule).toMatch(/^is wrong: \S/u)
    })
  )

  it.effect.each([
    [{ prompt: "x", aspect_ratio: "1:1" }, "aspect_ratio"],
    [{ prompt: "x", Duration: 6 }, "Duration"],
    [{ promt: "x" }, "promt"]
  ])("%o has a field that isn't one: %s", ([request, field]) =>
    Effect.gen(function* () {
      expect(yield* Effect.flip(check(request))).toMatchObject({ field, rule: "isn't a field of this request" })
    })
  )
})

describe("modeOf", () => {
  it("a source video makes an edit, unless the mode says otherwise", () => {
    expect([modeOf({}), modeOf({ video: "x" }), modeOf({ video: "x", mode: "extend" })]).toEqual(["generate", "edit", "extend"])
  })
})
