/**
 * Letters as dots: printable ASCII, each five columns of seven dots in a cell of six by eight. So that a person reads what a video is, and a
 * program too.
 */

export const cellWidth = 6
export const cellHeight = 8

const first = 0x20

/** Five bytes a letter, from the left; the lowest bit is the uppermost dot. */
export const glyphs: ReadonlyArray<string> = `
  0000000000 00005f0000 0007000700 147f147f14 242a7f2a12 2313086462 3649562050 0008070300 001c224100 0041221c00 2a1c7f1c2a 08083e0808
  0050300000 0808080808 0000606000 2010080402 3e5149453e 00427f4000 7249494946 2141494d33 1814127f10 2745454539 3c4a494931 4121110907
  3649494936 464949291e 0000140000 0040340000 0008142241 1414141414 0041221408 0201590906 3e415d594e 7c1211127c 7f49494936 3e41414122
  7f4141413e 7f49494941 7f09090901 3e41415173 7f0808087f 00417f4100 2040413f01 7f08142241 7f40404040 7f021c027f 7f0408107f 3e4141413e
  7f09090906 3e4151215e 7f09192946 2649494932 03017f0103 3f4040403f 1f2040201f 3f4038403f 6314081463 0304780403 6159494d43 007f414141
  0204081020 004141417f 0402010204 4040404040 0003070800 2054547840 7f28444438 3844444444 384444287f 3854545418 08087e0902 0c5252523e
  7f08040478 00447d4000 2040443d00 7f10284400 00017f4000 7c04780478 7c08040478 3844444438 7c14141408 081414187c 7c08040408 4854545420
  043f444020 3c4040207c 1c2040201c 3c4030403c 4428102844 0c5050503c 4464544c44 0008364100 0000770000 0041360800 0201020402
`
  .trim()
  .split(/\s+/)

const codes: ReadonlyMap<string, string> = new Map(glyphs.map((glyph, index) => [glyph, String.fromCodePoint(first + index)]))

/** Whether a text has letters of this font only. */
export const isWritable = (text: string): boolean => /^[ -~]*$/.test(text)

/** The dots of each letter in its cell, whose first column and first row are a margin. */
const dots: ReadonlyArray<ReadonlyArray<readonly [x: number, y: number]>> = glyphs.map((glyph) =>
  Array.from({ length: (cellWidth - 1) * (cellHeight - 1) }, (_, index) => [1 + Math.floor(index / 7), 1 + (index % 7)] as const).filter(
    ([x, y]) => (Number.parseInt(glyph.slice(2 * x - 2, 2 * x), 16) >> (y - 1)) % 2 === 1
  )
)

export const dotsOf = (letter: string): ReadonlyArray<readonly [x: number, y: number]> =>
  dots[(letter.codePointAt(0) ?? first) - first] ?? []

/** The letter whose dots these are; `undefined` if there is none. */
export const letterOf = (isDot: (x: number, y: number) => boolean): string | undefined => {
  let glyph = ""
  for (let x = 0; x < cellWidth; x++) {
    let bits = 0
    for (let y = 0; y < cellHeight; y++) if (isDot(x, y)) bits |= 1 << y
    // A dot in the margin makes it no letter.
    if (x === 0 ? bits !== 0 : (bits & 1) === 1) return undefined
    if (x > 0) glyph += (bits >> 1).toString(16).padStart(2, "0")
  }
  return codes.get(glyph)
}
