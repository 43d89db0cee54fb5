import { describe, expect, it } from "@effect/vitest"
import * as Capability from "./Capability.ts"
import type { VideoRequest } from "./VideoRequest.ts"

const ratio = { oneOf: ["16:9", "1:1"], default: "16:9" }
const table = [
  {
    model: "one",
    mode: "generate",
    prompt: "required",
    duration: { from: 1, to: 15, default: 8 },
    aspectRatio: ratio,
    resolution: { oneOf: ["480p"] }
  },
  { model: "one", mode: "generate", prompt: "optional", images: { min: 1, max: 1, as: ["url"] } },
  { model: "one", mode: "generate", prompt: "required", images: { min: 2, max: 7, as: ["url", "data"] } },
  { model: "pro", mode: "generate", prompt: "required", duration: { fixed: 10, sent: false }, resolution: { oneOf: ["480p", "1080p"] } },
  { model: "max", mode: "generate", prompt: "required", duration: { oneOf: [6, 10], default: 10 } },
  { model: "long", mode: "generate", prompt: "required", duration: { from: 3 } },
  { model: "sent", mode: "generate", prompt: "required", duration: { fixed: 15, sent: true } },
  { model: "one", mode: "edit", prompt: "required", video: { suffix: ".mp4" } }
] as const satisfies readonly [Capability.Capability, ...Array<Capability.Capability>]

const plan = (request: VideoRequest) => Capability.plan(table, request)
const video = "https://a.b/clip.MP4?sig=1"

describe("plan", () => {
  it("the first model is the default, and its defaults are in place", () => {
    expect(plan({ prompt: "x" })).toEqual({
      _tag: "Plan",
      row: table[0],
      prompt: "x",
      duration: 8,
      aspectRatio: "16:9",
      resolution: undefined,
      images: [],
      video: undefined
    })
  })

  it.each<[VideoRequest, number | undefined]>([
    [{ prompt: "x", duration: 1 }, 1],
    [{ prompt: "x", duration: 15 }, 15],
    [{ prompt: "x", model: "pro" }, undefined],
    [{ prompt: "x", model: "pro", duration: 10 }, undefined],
    [{ prompt: "x", model: "max" }, 10],
    [{ prompt: "x", model: "max", duration: 6 }, 6],
    [{ prompt: "x", model: "long" }, undefined],
    [{ prompt: "x", model: "long", duration: 999 }, 999],
    [{ prompt: "x", model: "sent" }, 15]
  ])("%j sends %j seconds", (request, duration) => {
    expect(plan(request)).toMatchObject({ _tag: "Plan", duration })
  })

  it("the number of images chooses the row", () => {
    const image = "https://a.b/1.png"
    expect(plan({ images: [image] })).toMatchObject({ row: table[1] })
    expect(plan({ prompt: "x", images: [image, image] })).toMatchObject({ row: table[2] })
  })

  it("a source video means an edit, by any of its forms", () => {
    for (const given of [video, "data:video/mp4;base64,AAAA"]) {
      expect(plan({ prompt: "x", video: given })).toMatchObject({ _tag: "Plan", row: table[7], video: given })
    }
  })

  it.each<[VideoRequest, string, string]>([
    [{ mode: "extend", prompt: "x" }, "mode", "is extend, which is not offered here; generate and edit are"],
    [{ model: "two", prompt: "x" }, "model", 'is "two", which is not known; one, pro, max, long and sent are'],
    [{ model: "pro", mode: "edit", prompt: "x" }, "model", "is pro, which can't edit; one can"],
    [
      { prompt: "x", images: Array.from({ length: 8 }, () => "https://a.b/1.png") },
      "images",
      "are 8; one takes none, exactly 1 and 2 to 7"
    ],
    [{ model: "pro", prompt: "x", images: ["https://a.b/1.png"] }, "images", "are 1; pro takes none"],
    [{}, "prompt", "is missing; one needs one to generate"],
    [{ prompt: "  " }, "prompt", "is missing; one needs one to generate"],
    [{ prompt: "x", duration: 0 }, "duration", "is 0 s; one takes whole seconds from 1 to 15"],
    [{ prompt: "x", duration: 16 }, "duration", "is 16 s; one takes whole seconds from 1 to 15"],
    [{ prompt: "x", duration: 1.5 }, "duration", "is 1.5 s; one takes whole seconds from 1 to 15"],
    [{ prompt: "x", duration: Number.NaN }, "duration", "is NaN s; one takes whole seconds from 1 to 15"],
    [{ prompt: "x", model: "pro", duration: 9 }, "duration", "is 9 s; pro always makes 10 s"],
    [{ prompt: "x", model: "max", duration: 7 }, "duration", "is 7 s; max takes 6 or 10"],
    [{ prompt: "x", model: "long", duration: 2 }, "duration", "is 2 s; long takes whole seconds from 3"],
    [{ prompt: "x", video, duration: 5 }, "duration", "isn't supported by one to edit"],
    [{ prompt: "x", aspectRatio: "2:1" }, "aspectRatio", 'is "2:1"; one takes 16:9 or 1:1 here'],
    [{ prompt: "x", model: "pro", aspectRatio: "1:1" }, "aspectRatio", "isn't supported by pro to generate"],
    [{ prompt: "x", resolution: "1080p" }, "resolution", 'is "1080p"; one takes 480p here; pro takes it'],
    [{ prompt: "x", mode: "edit" }, "video", "is missing; one needs the URL of one to edit"],
    [{ prompt: "x", mode: "generate", video }, "video", "isn't supported by one to generate"],
    [{ prompt: "x", video: "clip.mp4" }, "video", "isn't an http, https or data:video URL"],
    [{ prompt: "x", video: "file:///clip.mp4" }, "video", "isn't an http, https or data:video URL"],
    [{ prompt: "x", video: "https://a.b/clip.mov" }, "video", "has a path that does not end in .mp4, which one requires"]
  ])("%j is refused: %s %s", (request, field, rule) => {
    expect(plan(request)).toEqual({ _tag: "Refusal", field, rule })
  })

  it("user input is quoted briefly", () => {
    expect(plan({ prompt: "x", model: "m".repeat(500) })).toMatchObject({ rule: expect.stringMatching(/^is "m{79}…"/u) })
  })
})

describe("a table for people", () => {
  it.each([
    [undefined, "–"],
    [{ from: 6, to: 30, default: 10 }, "6 to 30 (10)"],
    [{ from: 1 }, "from 1"],
    [{ oneOf: [6, 10] }, "6, 10"],
    [{ fixed: 10, sent: false }, "10 fixed"]
  ])("seconds %j read as %s", (seconds, text) => {
    expect(Capability.describeSeconds(seconds)).toBe(text)
  })

  it("words and images read as a row of a table", () => {
    expect(Capability.describeWords(ratio)).toBe("16:9 1:1 (16:9)")
    expect(Capability.describeWords(undefined)).toBe("–")
    expect(Capability.describeImages({ min: 0, max: 7, as: ["url", "data"] })).toBe("up to 7, as url or data")
    expect(Capability.describeImages({ min: 1, max: 1, as: ["bytes"] })).toBe("exactly 1, as bytes")
    expect(Capability.describeImages({ min: 2, max: 7, as: ["url"] })).toBe("2 to 7, as url")
    expect(Capability.describeImages(undefined)).toBe("–")
  })
})
