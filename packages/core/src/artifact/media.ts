/* oxlint-disable eslint/no-control-regex -- A signature is made of bytes. */
/**
 * What a body is, by its first bytes. A header may be nginx's default (`text/plain`), a store's (`application/octet-stream`) or a lie; the bytes
 * are what a player gets. Pure.
 *
 * Signatures: ISO/IEC 14496-12 (boxes), RFC 9559 (Matroska), ISO/IEC 13818-1 (transport and program streams), and the WHATWG MIME Sniffing
 * Standard, which also says what makes a body binary. Ogg, FLV and WMV, which no vendor documents, are of an unknown kind.
 */

/** A container of videos, by the usual ending of its files. */
export type Container = "mp4" | "mov" | "webm" | "mkv" | "avi" | "ts" | "mpg" | "gif" | "webp"

/** What the first bytes are. */
export type Media =
  | { readonly _tag: "Video"; readonly container: Container }
  /** Surely no video. */
  | { readonly _tag: "Other"; readonly what: string }
  | { readonly _tag: "Text" }
  /** Binary, and of no known kind: it may be a video in a container that is not listed here. */
  | { readonly _tag: "Unknown" }

/** No decision needs more bytes than these. */
export const headLength = 4096

const image = "an image"

/**
 * Over one character a byte. The first that matches decides. A pattern never matches a beginning and fails once more bytes are there, so that the
 * sizes of chunks change nothing.
 */
const others: ReadonlyArray<readonly [what: string, RegExp]> = [
  [
    image,
    /^(\xff\xd8\xff|\x89PNG|II\*\0|MM\0\*|BM.{4}\0{4}|8BPS\0\x01|\0\0\x01\0[^\0]\0|\xff\x0a|\0{3}\x0c(jP  |JXL )|.{4}ftyp(avi[fs]|hei[cmsx]|mif1|msf1))/s
  ],
  ["audio", /^(ID3|\xff[\xf1-\xf3\xf9-\xfb]|fLaC|RIFF.{4}WAVE|FORM.{4}AIF[CF]|caff\0\x01|MThd\0|#!AMR|.{4}ftypM4[AB])/s],
  ["an archive or a document", /^(PK[\x03\x05]|\x1f\x8b|%PDF|7z\xbc\xaf|Rar!\x1a\x07|\xfd7zXZ\0|\x28\xb5\x2f\xfd|BZh[1-9]1AY)/],
  ["a program or a font", /^(\x7fELF|\xca\xfe\xba\xbe|wOF[2F]\0)/]
]

const videos: ReadonlyArray<readonly [Container, RegExp]> = [
  ["mov", /^.{4}ftypqt/s],
  ["mp4", /^.{4}ftyp.{4}/s],
  ["webm", /^\x1aE\xdf\xa3.{0,60}webm/s],
  ["mkv", /^\x1aE\xdf\xa3.{64}/s],
  ["avi", /^RIFF.{4}AVI /s],
  ["webp", /^RIFF.{4}WEBP.*ANIM/s],
  ["gif", /^GIF8.*(NETSCAPE2|!\xf9\x04.*!\xf9\x04)/s]
]

/** These begin as a text might, so that only a body with binary data can be one. */
const binaryVideos: typeof videos = [
  // The first box of a file without a `ftyp`. A text has no first byte below 9, which is a box of up to 150 MB.
  ["mov", /^[\0-\x08].{3}(moov|mdat|free|skip|wide|pnot)/s],
  ["mp4", /^[\0-\x08].{3}(styp|moof|sidx|uuid)/s],
  // On a disc, four bytes of time stand before each packet.
  ["ts", /^(G.{187}G.{187}|.{4}G.{191}G.{191})G/s],
  ["mpg", /^\0\0\x01(\xba[!-/@-\x7f]|\xb3)/]
]

/** There are no more bytes. The last is a transport stream of fewer than three packets. */
const shortVideos: typeof videos = [
  ["mp4", /^.{4}ftyp/s],
  ["mkv", /^\x1aE\xdf\xa3/],
  ["ts", /^(?=.*\0)(G.{187})+$/s]
]

/** No text has these, except in UTF-16, which begins with a mark. */
const binary = /^(?!\xff\xfe|\xfe\xff).*[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]/s

/** What `head` is, the first bytes of a body; `undefined` if that takes more of them. `isWhole`: there are no more. */
export const mediaOf = (head: Uint8Array, isWhole: boolean): Media | undefined => {
  const bytes = String.fromCodePoint(...head.subarray(0, headLength))
  const isBinary = binary.test(bytes)
  const inTable = <A extends string>(table: ReadonlyArray<readonly [A, RegExp]>) => table.find(([, pattern]) => pattern.test(bytes))?.[0]
  const what = inTable(others)
  if (what !== undefined) return { _tag: "Other", what }
  const isEnd = isWhole || head.byteLength >= headLength
  const container = inTable(videos) ?? (isBinary ? inTable(binaryVideos) : undefined) ?? (isEnd ? inTable(shortVideos) : undefined)
  if (container !== undefined) return { _tag: "Video", container }
  if (!isEnd) return undefined
  // Neither has moved so far.
  if (/^(GIF8|RIFF.{4}WEBP)/s.test(bytes)) return { _tag: "Other", what: image }
  return { _tag: isBinary ? "Unknown" : "Text" }
}
