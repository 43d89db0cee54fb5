/**
 * Small, playable videos: what the mock hands out as the finished file.
 *
 * H.264 (constrained baseline), 96 by 64 pixels, 24 frames a second, `moov` before `mdat`; about 10 KB and 16 bytes a frame. The picture shows the
 * job's id and its seed as text, over colours that derive from both, so that a person sees which video it is; `read` tells a program, and
 * whether every byte is as it was made.
 *
 * @since 0.1.0
 */
import * as Hash from "../../base/hash.ts"
import * as Font from "./font.ts"
import { type Chroma, keyPicture, lumaOf, type Picture, pictureParameters, repeatedPicture, sequenceParameters } from "./h264.ts"

/**
 * What a video shows.
 *
 * @category models
 * @since 0.1.0
 */
export interface Shown {
  /** The job's: up to 64 letters of printable ASCII. Of another, there is `#` and a digest. */
  readonly id: string
  /** Up to 27 letters, likewise. */
  readonly seed: string
}

/**
 * What was read of a video.
 *
 * @category models
 * @since 0.1.0
 */
export interface Read extends Shown {
  /** In seconds. */
  readonly duration: number
  /** Every byte is as `make` wrote it. */
  readonly intact: boolean
}

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

const width = columns * 16

/** In letters: the id in four lines, the seed in two. Below is a row of colours. */
const lineLength = width / Font.cellWidth
const idLength = 4 * lineLength
const seedLabel = "seed "
const seedLength = 2 * lineLength - seedLabel.length

/** Where the cell of a letter begins in the luma. */
const cornerOf = (index: number): number => Math.floor(index / lineLength) * Font.cellHeight * width + (index % lineLength) * Font.cellWidth

/** A text as far as it can be shown: itself, or a digest that is shown as itself. */
const fitted = (text: string, length: number): string =>
  text.length <= length && Font.isWritable(text) && text.trim() === text ? text : `#${Hash.hex(`shown ${text}`, 12)}`

/** Luma below and above this is dark and bright. */
const middle = 125

/** A dark and a bright luma, so that the text shows whatever the colours. */
const pictureOf = ({ id, seed }: Shown): Picture => {
  const draw = [...Hash.bytes(`picture ${seed} ${id}`, 2 + 2 * columns * rows + columns)]
  const at = (index: number): number => draw[index] ?? 0
  const [dark, bright] = [40 + (at(0) % 40), 180 + (at(1) % 50)]
  const chroma = Array.from({ length: columns * rows }, (_, index): Chroma => [
    64 + (at(2 + 2 * index) % 128),
    64 + (at(3 + 2 * index) % 128)
  ])
  const luma = new Uint8Array(width * rows * 16).fill(dark)
  // Below the text: a row of blocks, dark or bright.
  for (let sample = width * 48; sample < luma.length; sample++) {
    if (at(2 + 2 * columns * rows + (Math.floor(sample / 16) % columns)) % 2 === 1) luma[sample] = bright
  }
  const text = id.padEnd(idLength) + seedLabel + seed.padEnd(seedLength)
  for (const [index, letter] of Array.from(text).entries()) {
    const corner = cornerOf(index)
    for (const [x, y] of Font.dotsOf(letter)) luma[corner + y * width + x] = bright
  }
  return { columns, rows, luma, chroma }
}

/** The text of a picture; `undefined` if some letter is none. */
const textIn = (luma: Uint8Array): string | undefined => {
  const letters = Array.from({ length: idLength + seedLabel.length + seedLength }, (_, index) => {
    const corner = cornerOf(index)
    return Font.letterOf((x, y) => (luma[corner + y * width + x] ?? 0) > middle)
  })
  return letters.includes(undefined) ? undefined : letters.join("")
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
 * A video of `seconds` (above 0, rounded to whole frames) that shows an id and a seed. The same ones give the same bytes.
 *
 * @example
 * ```ts
 * import { Mp4 } from "@reelay/mock-server"
 *
 * Mp4.make({ id: "job 1", seed: "reelay" }, 6).byteLength // some 12,000
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = ({ id, seed }: Shown, seconds: number): Uint8Array<ArrayBuffer> => {
  const picture = pictureOf({ id: fitted(id, idLength), seed: fitted(seed, seedLength) })
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

/** The body of the first box of a type among those of a body. */
const boxIn = (body: DataView | undefined, wanted: string): DataView | undefined => {
  if (body === undefined) return undefined
  for (let at = 0; at + 8 <= body.byteLength;) {
    const size = body.getUint32(at)
    if (size < 8 || at + size > body.byteLength) return undefined
    const type = String.fromCodePoint(...[4, 5, 6, 7].map((offset) => body.getUint8(at + offset)))
    if (type === wanted) return new DataView(body.buffer, body.byteOffset + at + 8, size - 8)
    at += size
  }
  return undefined
}

const areSame = (one: Uint8Array, other: Uint8Array): boolean =>
  one.byteLength === other.byteLength && one.every((byte, index) => byte === other[index])

/**
 * Reads from the pixels of a video which job it is of; `undefined` if it is none of the mock's, or its picture is damaged.
 *
 * **Example** (A test that the right video was saved)
 *
 * ```ts
 * import { Mp4 } from "@reelay/mock-server"
 *
 * const saved = Mp4.make({ id: "job 1", seed: "reelay" }, 6)
 * Mp4.read(saved) // { id: "job 1", seed: "reelay", duration: 6, intact: true }
 * ```
 *
 * @category converting
 * @since 0.1.0
 */
export const read = (file: Uint8Array): Read | undefined => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const sizes = ["moov", "trak", "mdia", "minf", "stbl", "stsz"].reduce<DataView | undefined>(boxIn, view)
  const data = boxIn(view, "mdat")
  if (sizes === undefined || sizes.byteLength < 16 || data === undefined || data.byteLength < 4) return undefined
  const [frames, size] = [sizes.getUint32(8), sizes.getUint32(12)]
  const unit = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).subarray(4, size)
  const luma = lumaOf(unit, { columns, rows })
  const text = luma === undefined ? undefined : textIn(luma)
  if (text?.slice(idLength, idLength + seedLabel.length) !== seedLabel) return undefined
  const shown = { id: text.slice(0, idLength).trimEnd(), seed: text.slice(idLength + seedLabel.length).trimEnd() }
  const duration = frames / framesPerSecond
  // A damaged number of frames would make a video of months.
  return { ...shown, duration, intact: frames * 4 <= sizes.byteLength && areSame(make(shown, duration), file) }
}
