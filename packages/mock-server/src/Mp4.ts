/**
 * Small, playable videos: what the mock hands out as the finished file.
 *
 * H.264 (constrained baseline), 96 by 64 pixels, 24 frames a second, `moov` before `mdat`; about 10 KB and 16 bytes a frame. The picture derives
 * from a name, so that the videos of two jobs are told apart by eye and by hash; the same name gives the same bytes.
 *
 * @since 0.1.0
 */
import { type Colour, keyPicture, type Picture, pictureParameters, repeatedPicture, sequenceParameters } from "./internal/h264.ts"
import * as Hash from "./internal/hash.ts"

/**
 * @category constants
 * @since 0.1.0
 */
export const framesPerSecond = 24

/** In macroblocks of 16 pixels. */
const columns = 6
const rows = 4

/** Units of a second in which the file counts: 1000 for the movie, and 24,000 for the frames, 1000 each. */
const movieScale = 1000
const frameTicks = 1000
const mediaScale = framesPerSecond * frameTicks

/** Two colours and a pattern of 24 blocks. A dark and a bright luma, so that the pattern shows whatever the chroma. */
const pictureOf = (name: string): Picture => {
  const draw = [...Hash.bytes(`picture ${name}`, 6 + columns * rows)]
  const at = (index: number): number => draw[index] ?? 0
  const dark: Colour = [40 + (at(0) % 60), 64 + (at(1) % 128), 64 + (at(2) % 128)]
  const bright: Colour = [150 + (at(3) % 80), 64 + (at(4) % 128), 64 + (at(5) % 128)]
  return { columns, rows, blocks: Array.from({ length: columns * rows }, (_, index) => (at(6 + index) % 2 === 0 ? dark : bright)) }
}

type Bytes = Uint8Array<ArrayBuffer>

const concat = (parts: ReadonlyArray<Bytes>): Bytes => {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0))
  let offset = 0
  for (const part of parts) {
    all.set(part, offset)
    offset += part.byteLength
  }
  return all
}

const u8 = (...values: ReadonlyArray<number>): Bytes => Uint8Array.from(values)
const u16 = (...values: ReadonlyArray<number>): Bytes => u8(...values.flatMap((value) => [value >>> 8, value]))
const u32 = (...values: ReadonlyArray<number>): Bytes => u8(...values.flatMap((value) => [value >>> 24, value >>> 16, value >>> 8, value]))
const ascii = (text: string): Bytes => new TextEncoder().encode(text)

const box = (type: string, ...content: ReadonlyArray<Bytes>): Bytes => {
  const body = concat(content)
  return concat([u32(body.byteLength + 8), ascii(type), body])
}

/** A box with a version (0) and flags. */
const fullBox = (type: string, flags: number, ...content: ReadonlyArray<Bytes>): Bytes => box(type, u32(flags), ...content)

const unity = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)

/** The sample entry: the picture's size, and avcC with the two parameter sets. */
const sampleDescription = (picture: Picture): Bytes => {
  const sps = sequenceParameters(picture)
  const pps = pictureParameters()
  const avcC = box("avcC", u8(1), sps.slice(1, 4), u8(0xff, 0xe1), u16(sps.byteLength), sps, u8(1), u16(pps.byteLength), pps)
  const size = u16(columns * 16, rows * 16)
  const entry = box(
    "avc1",
    u32(0),
    u16(0, 1),
    u32(0, 0, 0, 0),
    size,
    u32(0x480000, 0x480000, 0),
    u16(1),
    new Uint8Array(32),
    u16(24, 0xffff),
    avcC
  )
  return fullBox("stsd", 0, u32(1), entry)
}

const sampleTable = (picture: Picture, samples: ReadonlyArray<Bytes>, offset: number): Bytes =>
  box(
    "stbl",
    sampleDescription(picture),
    fullBox("stts", 0, u32(1, samples.length, frameTicks)),
    fullBox("stss", 0, u32(1, 1)),
    fullBox("stsc", 0, u32(1, 1, samples.length, 1)),
    fullBox("stsz", 0, u32(0, samples.length), u32(...samples.map((sample) => sample.byteLength))),
    fullBox("stco", 0, u32(1, offset))
  )

const movie = (picture: Picture, samples: ReadonlyArray<Bytes>, offset: number): Bytes => {
  const duration = Math.round((samples.length / framesPerSecond) * movieScale)
  const header = fullBox("mvhd", 0, u32(0, 0, movieScale, duration, 0x10000), u16(0x100, 0), u32(0, 0), unity, u32(0, 0, 0, 0, 0, 0, 2))
  // Flags 3: enabled, and in the movie.
  const track = fullBox("tkhd", 3, u32(0, 0, 1, 0, duration, 0, 0), u16(0, 0, 0, 0), unity, u32(columns << 20, rows << 20))
  const language = 0x55c4 // "und"
  const mediaHeader = fullBox("mdhd", 0, u32(0, 0, mediaScale, samples.length * frameTicks), u16(language, 0))
  const handler = fullBox("hdlr", 0, u32(0), ascii("vide"), u32(0, 0, 0), ascii("Reelay mock\0"))
  const data = box("dinf", fullBox("dref", 0, u32(1), fullBox("url ", 1)))
  const information = box("minf", fullBox("vmhd", 1, u16(0, 0, 0, 0)), data, sampleTable(picture, samples, offset))
  return box("moov", header, box("trak", track, box("mdia", mediaHeader, handler, information)))
}

/**
 * A video of `seconds` (above 0, rounded to whole frames) whose picture derives from `name`.
 *
 * @example
 * ```ts
 * import { Mp4 } from "@reelay/mock-server"
 *
 * Mp4.make("job 1", 6).byteLength // some 12,000
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (name: string, seconds: number): Uint8Array<ArrayBuffer> => {
  const picture = pictureOf(name)
  const frames = Math.max(1, Math.round(seconds * framesPerSecond))
  // Samples carry their NAL units behind a length of 4 bytes: the 0xff of avcC.
  const samples = Array.from({ length: frames }, (_, index) => {
    const unit = index === 0 ? keyPicture(picture) : repeatedPicture(picture, index)
    return concat([u32(unit.byteLength), unit])
  })
  const type = box("ftyp", ascii("isom"), u32(0x200), ascii("isomiso2avc1mp41"))
  // The offset is in moov, whose size does not depend on it.
  const offset = type.byteLength + movie(picture, samples, 0).byteLength + 8
  return concat([type, movie(picture, samples, offset), box("mdat", ...samples)])
}
