import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "../../test/expect.ts"
import * as Images from "./Images.ts"
import type { Image } from "./VideoRequest.ts"

const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a])
const jpeg = new Uint8Array([0xff, 0xd8, 0xff, 0xe0])
const webp = new TextEncoder().encode("RIFF....WEBPVP8 ")
const pngUrl = "data:image/png;base64,iVBORw0K"
const url = "https://a.b/1.png"
const all: ReadonlyArray<Images.Form> = ["url", "data", "bytes"]

const refusal = (image: Image, forms: ReadonlyArray<Images.Form> = all) => Effect.flip(Images.ready([url, image], ["url", ...forms]))

describe("ready", () => {
  it.effect.each<[string, Image, string]>([
    ["bytes of a PNG", png, pngUrl],
    ["bytes of a JPEG", jpeg, "data:image/jpeg;base64,/9j/4A=="],
    ["bytes of a WebP", webp, "data:image/webp;base64,UklGRi4uLi5XRUJQVlA4IA=="],
    ["a Blob with a wrong type", new Blob([png], { type: "image/gif" }), pngUrl],
    ["a data URL, its type corrected", "data:image/jpeg;base64,iVBORw0K", pngUrl],
    ["a public URL", url, url]
  ])("%s becomes a URL", ([, image, expected]) =>
    Effect.gen(function* () {
      expect(yield* Images.ready([image], all)).toEqual([{ _tag: "Url", url: expected }])
    })
  )

  it.effect("for a form, bytes become a file that is named by its position and kind", () =>
    Effect.gen(function* () {
      const ready = yield* Images.ready([png, jpeg], ["bytes"])
      expect(ready.map((each) => each._tag === "File" && [each.filename, each.file.type, each.file.size])).toEqual([
        ["images0.png", "image/png", 6],
        ["images1.jpeg", "image/jpeg", 4]
      ])
    })
  )

  it.effect.each<[string, Image, ReadonlyArray<Images.Form>, string]>([
    ["text as bytes", new TextEncoder().encode("<html>"), all, "isn't a JPEG, PNG or WebP image"],
    ["no bytes", new Uint8Array(), all, "isn't a JPEG, PNG or WebP image"],
    ["a RIFF that isn't a WebP", new TextEncoder().encode("RIFF....WAVEfmt "), all, "isn't a JPEG, PNG or WebP image"],
    ["a Blob of text that says PNG", new Blob(["x"], { type: "image/png" }), all, "isn't a JPEG, PNG or WebP image"],
    ["a data URL of something else", "data:image/png;base64,AAAA", all, "isn't a JPEG, PNG or WebP image"],
    ["a data URL without base64", "data:image/png,abc", all, "isn't a JPEG, PNG or WebP image"],
    ["a path", "./fox.png", all, "isn't an http, https or data URL; give a file as bytes or Blob"],
    ["a file URL", "file:///fox.png", all, "isn't an http, https or data URL; give a file as bytes or Blob"],
    ["a broken URL", "https://", all, "isn't a URL"],
    ["bytes if only URLs are accepted", png, [], "is the image itself, and this model takes public URLs only"]
  ])("%s is refused, and named by its position", ([, image, forms, rule]) =>
    Effect.gen(function* () {
      const { field, rule: said } = yield* refusal(image, forms)
      expect({ field, said }).toEqual({ field: "images[1]", said: rule })
    })
  )

  it.effect("a URL is refused if the image itself is required", () =>
    Effect.gen(function* () {
      const { rule } = yield* Effect.flip(Images.ready([url], ["bytes"]))
      expect(rule).toBe("is a URL, and this provider takes the image itself")
    })
  )

  it.effect("urls gives texts only", () =>
    Effect.gen(function* () {
      expect(yield* Images.urls([url, png], all)).toEqual([url, pngUrl])
    })
  )
})
