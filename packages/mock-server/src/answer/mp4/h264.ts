/**
 * A still picture as H.264, without an encoder: one IDR picture of uncompressed macroblocks (I_PCM), then pictures in which every macroblock
 * is skipped, which repeat it. Constrained baseline profile; clause numbers are those of ITU-T H.264.
 */

/** Width and height in macroblocks, of 16 by 16 samples. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

/** The colour of a macroblock: 16 to 240. */
export type Chroma = readonly [cb: number, cr: number]

export interface Picture extends Size {
  /** A byte for each sample, row by row: 16 to 235. */
  readonly luma: Uint8Array
  /** One for each macroblock, row by row. */
  readonly chroma: ReadonlyArray<Chroma>
}

class Bits {
  readonly out: Array<number> = []
  private byte = 0
  private filled = 0

  put(value: number, count: number): this {
    for (let bit = count - 1; bit >= 0; bit--) {
      this.byte = (this.byte << 1) | ((value >>> bit) & 1)
      if (++this.filled === 8) {
        this.out.push(this.byte)
        this.byte = 0
        this.filled = 0
      }
    }
    return this
  }

  /** Unsigned Exp-Golomb code, 9.1. */
  ue(value: number): this {
    const length = 32 - Math.clz32(value + 1)
    return this.put(0, length - 1).put(value + 1, length)
  }

  align(): this {
    return this.filled === 0 ? this : this.put(0, 8 - this.filled)
  }

  /** A stop bit, then zeros to the end of the byte: rbsp_trailing_bits, 7.3.2.11. */
  end(): ReadonlyArray<number> {
    this.put(1, 1).align()
    return this.out
  }
}

/** A NAL unit: its header, then the payload with an 0x03 wherever it would look like a start code (7.3.1). */
const nal = (header: number, payload: ReadonlyArray<number>): Uint8Array<ArrayBuffer> => {
  const out = [header]
  let zeros = 0
  for (const byte of payload) {
    if (zeros >= 2 && byte <= 3) {
      out.push(3)
      zeros = 0
    }
    out.push(byte)
    zeros = byte === 0 ? zeros + 1 : 0
  }
  return Uint8Array.from(out)
}

/** frame_num counts modulo 16: log2_max_frame_num is 4. */
const frameNumBits = 4

/** 7.3.2.1: profile 66 with constraint_set0 and 1, level 3.0, no reordering (pic_order_cnt_type 2), one reference frame. */
export const sequenceParameters = ({ columns, rows }: Size): Uint8Array<ArrayBuffer> => {
  const bits = new Bits().put(66, 8).put(0b1100_0000, 8).put(30, 8)
  bits
    .ue(0)
    .ue(frameNumBits - 4)
    .ue(2)
    .ue(1)
    .put(0, 1)
  bits.ue(columns - 1).ue(rows - 1)
  // Frames only, direct_8x8_inference, no cropping, no VUI.
  return nal(0x67, bits.put(1, 1).put(1, 1).put(0, 1).put(0, 1).end())
}

/** 7.3.2.2: CAVLC, one slice group, deblocking controlled by the slices. */
export const pictureParameters = (): Uint8Array<ArrayBuffer> => {
  const bits = new Bits().ue(0).ue(0).put(0, 1).put(0, 1).ue(0).ue(0).ue(0).put(0, 1).put(0, 2)
  return nal(0x68, bits.ue(0).ue(0).ue(0).put(1, 1).put(0, 1).put(0, 1).end())
}

const side = 16

/** Where the samples of a macroblock's row `y` begin in the luma of its picture. */
const rowAt = ({ columns }: Size, block: number, y: number): number =>
  (Math.floor(block / columns) * side + y) * columns * side + (block % columns) * side

/** 7.3.3: slice_type 7 (only I), then of each macroblock mb_type 25 (I_PCM) and its 384 samples. */
export const keyPicture = (picture: Picture): Uint8Array<ArrayBuffer> => {
  const bits = new Bits().ue(0).ue(7).ue(0).put(0, frameNumBits)
  // idr_pic_id, no_output_of_prior_pics, long_term_reference, slice_qp_delta 0, deblocking off.
  bits.ue(0).put(0, 1).put(0, 1).ue(0).ue(1)
  for (const [block, [cb, cr]] of picture.chroma.entries()) {
    bits.ue(25).align()
    for (let y = 0; y < side; y++) {
      const at = rowAt(picture, block, y)
      bits.out.push(...picture.luma.subarray(at, at + side))
    }
    for (let sample = 0; sample < 64; sample++) bits.out.push(cb)
    for (let sample = 0; sample < 64; sample++) bits.out.push(cr)
  }
  return nal(0x65, bits.end())
}

/** Samples of a macroblock, and the two bytes of mb_type before those of all but the first. */
const samples = 384
const type = 2

/** The luma of what `keyPicture` wrote; `undefined` if it is no such picture. */
export const lumaOf = (unit: Uint8Array, size: Size): Uint8Array | undefined => {
  const payload: Array<number> = []
  let zeros = 0
  for (const byte of unit.subarray(1)) {
    if (zeros >= 2 && byte === 3) zeros = 0
    else {
      payload.push(byte)
      zeros = byte === 0 ? zeros + 1 : 0
    }
  }
  const blocks = size.columns * size.rows
  // Behind the last macroblock there is one byte, its stop bit; before the first, the head of the slice.
  const start = payload.length - 1 - blocks * samples - (blocks - 1) * type
  if (unit[0] !== 0x65 || start < 0 || start > 16) return undefined
  const luma = new Uint8Array(blocks * side * side)
  for (let block = 0; block < blocks; block++) {
    for (let y = 0; y < side; y++) {
      const from = start + block * (samples + type) + y * side
      luma.set(payload.slice(from, from + side), rowAt(size, block, y))
    }
  }
  return luma
}

/** A picture after `index` others (1 and up) that repeats the one before: slice_type 5 (only P), every macroblock skipped. */
export const repeatedPicture = ({ columns, rows }: Size, index: number): Uint8Array<ArrayBuffer> => {
  const bits = new Bits()
    .ue(0)
    .ue(5)
    .ue(0)
    .put(index % 2 ** frameNumBits, frameNumBits)
  // No override of reference counts, no list modification, no adaptive marking, slice_qp_delta 0, deblocking off.
  bits.put(0, 1).put(0, 1).put(0, 1).ue(0).ue(1)
  return nal(0x41, bits.ue(columns * rows).end())
}
