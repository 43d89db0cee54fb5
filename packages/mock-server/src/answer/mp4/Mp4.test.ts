import { spawnSync } from "node:child_process"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { glyphs } from "./font.ts"
import { keyPicture, lumaOf } from "./h264.ts"
import * as Mp4 from "./Mp4.ts"

interface Box {
  readonly type: string
  readonly start: number
  readonly body: DataView
}

const boxes = (view: DataView): ReadonlyArray<Box> => {
  const found: Array<Box> = []
  for (let at = 0; at < view.byteLength;) {
    const size = view.getUint32(at)
    const type = Array.from({ length: 4 }, (_, index) => String.fromCodePoint(view.getUint8(at + 4 + index))).join("")
    expect(size).toBeGreaterThanOrEqual(8)
    expect(at + size).toBeLessThanOrEqual(view.byteLength)
    found.push({ type, start: at, body: new DataView(view.buffer, view.byteOffset + at + 8, size - 8) })
    at += size
  }
  return found
}

const inside = (view: DataView, ...path: ReadonlyArray<string>): DataView =>
  path.reduce((body, type) => {
    const box = boxes(body).find((one) => one.type === type)
    if (box === undefined) throw new Error(`no ${type}`)
    return box.body
  }, view)

const viewOf = (file: Uint8Array<ArrayBuffer>): DataView => new DataView(file.buffer, file.byteOffset, file.byteLength)

const shown: Mp4.Shown = { id: "job 1", seed: "reelay" }

const table = ["moov", "trak", "mdia", "minf", "stbl"] as const

describe("an MP4", () => {
  const file = Mp4.make(shown, 6)
  const view = viewOf(file)

  it("is ftyp, moov and mdat, in this order and nothing else", () => {
    expect(boxes(view).map(({ type }) => type)).toEqual(["ftyp", "moov", "mdat"])
  })

  it("has one sample for each frame of its duration, and says so everywhere", () => {
    const frames = 6 * Mp4.framesPerSecond
    expect(inside(view, ...table, "stsz").getUint32(8)).toBe(frames)
    expect(inside(view, ...table, "stts").getUint32(8)).toBe(frames)
    expect(inside(view, ...table, "stsc").getUint32(12)).toBe(frames)
    expect(inside(view, "moov", "mvhd").getUint32(16)).toBe(6000)
    expect(inside(view, "moov", "trak", "tkhd").getUint32(20)).toBe(6000)
    const mediaHeader = inside(view, "moov", "trak", "mdia", "mdhd")
    expect(mediaHeader.getUint32(16) / mediaHeader.getUint32(12)).toBe(6)
  })

  it("has samples that fill mdat, each one NAL unit behind its length: a key picture, then pictures that repeat it", () => {
    const sizes = inside(view, ...table, "stsz")
    const data = boxes(view)[2]
    let at = inside(view, ...table, "stco").getUint32(8)
    expect(at).toBe((data?.start ?? 0) + 8)
    for (let index = 0; index < sizes.getUint32(8); index++) {
      const size = sizes.getUint32(12 + 4 * index)
      expect(view.getUint32(at)).toBe(size - 4)
      expect(view.getUint8(at + 4)).toBe(index === 0 ? 0x65 : 0x41)
      at += size
    }
    expect(at).toBe(file.byteLength)
  })

  it("carries in avcC the profile and level of its sequence parameters", () => {
    const entry = inside(view, ...table, "stsd")
    const avcC = new DataView(entry.buffer, entry.byteOffset + 8 + 8 + 78 + 8)
    expect([0, 1, 2, 3].map((index) => avcC.getUint8(index))).toEqual([1, 66, 0xc0, 30])
    expect([8, 9, 10, 11].map((index) => avcC.getUint8(index))).toEqual([0x67, 66, 0xc0, 30])
  })

  it("is the same for the same id and seed, and another for others", () => {
    expect(Mp4.make(shown, 6)).toEqual(file)
    expect(Mp4.make({ ...shown, id: "job 2" }, 6)).not.toEqual(file)
    expect(Mp4.make({ ...shown, seed: "other" }, 6)).not.toEqual(file)
  })

  it.each([1, 6, 15, 30])("of %i seconds has some tens of KB at most", (seconds) => {
    expect(Mp4.make(shown, seconds).byteLength).toBeLessThan(40_000)
  })

  it("never holds a start code within a NAL unit, not even of a black picture", () => {
    const unit = keyPicture({ columns: 1, rows: 1, luma: new Uint8Array(256), chroma: [[0, 0]] })
    expect(unit.length).toBeGreaterThan(384 + 384 / 2)
    expect(unit.some((byte, index) => byte <= 2 && unit[index - 1] === 0 && unit[index - 2] === 0)).toBe(false)
  })
})

/** Letters that a picture can show, without a blank at either end. */
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCodePoint(code)), maxLength }).map((each) => each.trim())

/** Whether one dot makes the difference, or none. */
const isNear = (one: bigint, other: bigint): boolean => ((one ^ other) & ((one ^ other) - 1n)) === 0n

describe("reading an MP4", () => {
  it("gives back any id and any seed that fit, from the pixels", () => {
    fc.assert(
      fc.property(text(64), text(27), fc.integer({ min: 1, max: 100 }), (id, seed, frames) => {
        const duration = frames / Mp4.framesPerSecond
        expect(Mp4.read(Mp4.make({ id, seed }, duration))).toEqual({ id, seed, duration, intact: true })
      }),
      { numRuns: 50 }
    )
  })

  it.each([
    { id: "x".repeat(65), seed: "ok" },
    { id: "ok", seed: "x".repeat(28) },
    { id: "ok", seed: "Grüße" },
    { id: "ok ", seed: " ok" }
  ])("gives a digest of what does not fit, always the same: $id $seed", (given) => {
    const read = Mp4.read(Mp4.make(given, 1))
    expect(read?.intact).toBe(true)
    expect(`${read?.id} ${read?.seed}`).toMatch(/#[0-9a-f]{12}/)
    expect(Mp4.make({ id: read?.id ?? "", seed: read?.seed ?? "" }, 1)).toEqual(Mp4.make(given, 1))
  })

  it("does not depend on where the bytes lie", () => {
    const file = Mp4.make(shown, 1)
    const shifted = new Uint8Array(file.byteLength + 3)
    shifted.set(file, 3)
    expect(Mp4.read(shifted.subarray(3))).toEqual({ ...shown, duration: 1, intact: true })
  })

  it("never takes a changed byte for intact, and never reads another job from it", () => {
    const file = Mp4.make(shown, 1)
    fc.assert(
      fc.property(fc.nat(file.byteLength - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = file.map((byte, index) => (index === at ? byte ^ flip : byte))
        const read = Mp4.read(changed)
        expect(read?.intact ?? false).toBe(false)
        expect({ id: read?.id ?? shown.id, seed: read?.seed ?? shown.seed }).toEqual(shown)
      }),
      { numRuns: 300 }
    )
  })

  it("never fails, whatever the bytes", () => {
    const file = Mp4.make(shown, 1)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.nat(file.byteLength - 1).map((size) => file.slice(0, size))
        ),
        (bytes) => {
          expect(Mp4.read(bytes)).toBeUndefined()
        }
      )
    )
    expect(Mp4.read(new TextEncoder().encode("<html>"))).toBeUndefined()
  })

  it("has a picture for each letter, and no two that one dot could confuse", () => {
    expect(glyphs.length).toBe(0x7f - 0x20)
    const dots = glyphs.map((glyph) => BigInt(`0x${glyph}`))
    expect(dots.filter((one, index) => dots.slice(index + 1).some((other) => isNear(one, other)))).toEqual([])
    expect(glyphs.every((glyph) => /^([0-7][0-9a-f]){5}$/.test(glyph))).toBe(true)
  })

  it("gets any luma back from a key picture, black with its start codes too", () => {
    const size = { columns: 2, rows: 1 }
    const chroma = [[0, 0] as const, [0, 0] as const]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0, 1, 3, 200), { minLength: 512, maxLength: 512 }), (samples) => {
        const luma = Uint8Array.from(samples)
        expect(lumaOf(keyPicture({ ...size, luma, chroma }), size)).toEqual(luma)
      })
    )
  })

  const ffmpeg = spawnSync("ffmpeg", ["-version"]).status === 0

  it.skipIf(!ffmpeg)("reads what a decoder sees", () => {
    const file = Mp4.make({ id: "video_0b5c9f2e-77aa-4e0d-9d3c-1f2e3d4c5b6a", seed: "reelay" }, 2)
    const args = ["-v", "error", "-i", "pipe:0", "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1"]
    const decoded = spawnSync("ffmpeg", [...args.slice(0, 4), "-vf", "extractplanes=y", ...args.slice(4)], { input: file })
    expect(decoded.stderr.toString()).toBe("")
    const data = boxes(viewOf(file))[2]
    const size = inside(viewOf(file), ...table, "stsz").getUint32(12)
    const luma = lumaOf(file.subarray((data?.start ?? 0) + 12, (data?.start ?? 0) + 8 + size), { columns: 6, rows: 4 })
    expect(decoded.stdout.byteLength).toBe(48 * 96 * 64)
    for (const frame of [0, 1, 47]) expect([...decoded.stdout.subarray(frame * 96 * 64, (frame + 1) * 96 * 64)]).toEqual([...(luma ?? [])])
  })
})
