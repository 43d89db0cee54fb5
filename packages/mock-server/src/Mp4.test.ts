import { describe, expect, it } from "vitest"
import { keyPicture } from "./internal/h264.ts"
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

const table = ["moov", "trak", "mdia", "minf", "stbl"] as const

describe("an MP4", () => {
  const file = Mp4.make("job 1", 6)
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

  it("is the same for the same name, and another picture for another", () => {
    expect(Mp4.make("job 1", 6)).toEqual(file)
    expect(Mp4.make("job 2", 6)).not.toEqual(file)
  })

  it.each([1, 6, 15, 30])("of %i seconds has some tens of KB at most", (seconds) => {
    expect(Mp4.make("x", seconds).byteLength).toBeLessThan(40_000)
  })

  it("never holds a start code within a NAL unit, not even of a black picture", () => {
    const unit = keyPicture({ columns: 1, rows: 1, blocks: [[0, 0, 0]] })
    expect(unit.length).toBeGreaterThan(384 + 384 / 2)
    expect(unit.some((byte, index) => byte <= 2 && unit[index - 1] === 0 && unit[index - 2] === 0)).toBe(false)
  })
})
