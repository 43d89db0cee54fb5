import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { noVideos, videos } from "../../test/media.ts"
import { headLength, mediaOf } from "./media.ts"

describe("the first bytes", () => {
  it.each(videos)("of %s are a video's, %s", (_, container, bytes) => {
    expect(mediaOf(bytes, true)).toEqual({ _tag: "Video", container })
  })

  it.each(noVideos)("of %s are no video's", (_, bytes) => {
    expect(["Text", "Other"]).toContain(mediaOf(bytes, true)?._tag)
  })

  it("of an unknown kind are neither", () => {
    expect(
      mediaOf(
        Uint8Array.from({ length: 5000 }, (_, index) => (index * 31) % 251),
        false
      )
    ).toEqual({ _tag: "Unknown" })
  })

  it("decide as the whole does, whenever they decide", () => {
    const files = fc.constantFrom(...videos.map(([, , bytes]) => bytes), ...noVideos.map(([, bytes]) => bytes))
    const noise = fc.uint8Array({ maxLength: 600 })
    fc.assert(
      fc.property(fc.oneof(files, noise), fc.nat({ max: 600 }), (bytes, length) => {
        const early = mediaOf(bytes.subarray(0, length), false)
        expect(early ?? mediaOf(bytes, true)).toEqual(mediaOf(bytes, true))
      }),
      { numRuns: 3000 }
    )
  })

  it("are never more than 4096", () => {
    for (const [, , bytes] of videos) {
      const long = new Uint8Array(3 * headLength)
      long.set(bytes)
      expect(mediaOf(long, false)).not.toBeUndefined()
    }
    expect(mediaOf(new Uint8Array(headLength).fill(0x41), false)).toEqual({ _tag: "Text" })
  })
})
