/** Beginnings of files, as their makers write them: by kind, in hexadecimal and letters. */
const of = (...parts: ReadonlyArray<string | number | ReadonlyArray<number>>): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "string" ? Array.from(part, (letter) => letter.codePointAt(0) ?? 0) : typeof part === "number" ? zeros(part) : part
    )
  )

const zeros = (length: number): ReadonlyArray<number> => Array.from({ length }, () => 0)
const filler = (length: number): ReadonlyArray<number> => Array.from({ length }, (_, index) => (index * 37 + 11) % 256)

const packets = (before: number, count: number) =>
  of(Array.from({ length: count }, () => [...zeros(before), 0x47, 0x40, 0, 0x10, 0, ...filler(183)]).flat())

const ebml = (docType: string) =>
  of("\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82", [0x80 + docType.length], docType, filler(200))

/** Kind and its usual ending, with a file that begins so. */
export const videos: ReadonlyArray<readonly [name: string, ending: string, bytes: Uint8Array<ArrayBuffer>]> = [
  ["MP4", "mp4", of([0, 0, 0, 24], "ftypmp42", 4, "isommp42", filler(300))],
  ["MP4 with an AV1 brand", "mp4", of([0, 0, 0, 28], "ftypav01", 4, "isomav01iso6", filler(300))],
  ["MP4 of nothing but its first box", "mp4", of([0, 0, 0, 8], "ftyp")],
  ["fragmented MP4", "mp4", of([0, 0, 0, 24], "stypmsdh", 4, "msdhmsix", filler(300))],
  ["fragment of an MP4", "mp4", of([0, 0, 0, 104], "moof", [0, 0, 0, 16], "mfhd", filler(300))],
  ["QuickTime", "mov", of([0, 0, 0, 20], "ftypqt  ", [0x20, 5, 3, 0], "qt  ", filler(300))],
  ["QuickTime of before ftyp", "mov", of([0, 0, 0, 8], "wide", [0, 1, 0, 0], "mdat", filler(300))],
  ["QuickTime whose index comes first", "mov", of([0, 0x2a, 0, 0], "moov", [0, 0, 0, 108], "mvhd", filler(300))],
  ["QuickTime with free space first", "mov", of([0, 0, 0, 8], "free", [0, 0, 0, 1], "mdat", filler(300))],
  ["WebM", "webm", ebml("webm")],
  ["Matroska", "mkv", ebml("matroska")],
  ["AVI", "avi", of("RIFF", [0x9a, 0x20, 3, 0], "AVI LIST", [0xd4, 1, 0, 0], "hdrlavih", filler(300))],
  ["MPEG transport stream", "ts", packets(0, 8)],
  ["MPEG transport stream of one packet", "ts", packets(0, 1)],
  ["MPEG transport stream with times, as on a disc", "ts", packets(4, 8)],
  ["MPEG-2 program stream", "mpg", of([0, 0, 1, 0xba, 0x44, 0, 4], filler(300))],
  ["MPEG-1 program stream", "mpg", of([0, 0, 1, 0xba, 0x21, 0, 1], filler(300))],
  ["animated GIF", "gif", of("GIF89a", [64, 0, 64, 0, 0xf7, 0, 0], filler(768), "!\xff\x0bNETSCAPE2.0\x03\x01", 3, filler(300))],
  ["animated GIF that plays once", "gif", of("GIF89a", [1, 0, 1, 0, 0, 0, 0], "!\xf9\x04", 5, ",", filler(40), "!\xf9\x04", 5, filler(40))],
  ["animated WebP", "webp", of("RIFF", [0x20, 9, 0, 0], "WEBPVP8X", [10, 0, 0, 0, 0x12, 0, 0, 0, 63, 0, 0, 63, 0, 0], "ANIM", filler(300))]
]

/** What came instead, by the name that errors give it. */
export const noVideos: ReadonlyArray<readonly [name: string, bytes: Uint8Array<ArrayBuffer>]> = [
  ["an image", of([0xff, 0xd8, 0xff, 0xe0, 0, 16], "JFIF", filler(300))],
  ["an image", of("\x89PNG\r\n\x1a\n", [0, 0, 0, 13], "IHDR", filler(300))],
  ["an image", of("RIFF", [0x20, 9, 0, 0], "WEBPVP8 ", filler(300))],
  ["an image", of("RIFF", [0x20, 9, 0, 0], "WEBPVP8X", [10, 0, 0, 0, 0x10, 0, 0, 0], filler(300))],
  ["an image", of("GIF89a", [1, 0, 1, 0, 0x80, 0, 0], "!\xf9\x04", 5, ",", filler(20), ";")],
  ["an image", of([0, 0, 0, 28], "ftypavif", 4, "avifmif1miaf", filler(300))],
  ["an image", of([0, 0, 0, 24], "ftypheic", 4, "heicmif1", filler(300))],
  ["an image", of("BM", [0x36, 0, 3, 0], 4, [0x36, 0, 0, 0], filler(300))],
  ["an image", of([0, 0, 1, 0, 1, 0, 16, 16], filler(300))],
  ["an image", of("MM", [0], "*", filler(300))],
  ["an image", of("8BPS", [0, 1], filler(300))],
  ["an image", of([0xff, 0x0a], filler(300))],
  ["an image", of([0, 0, 0, 12], "jP  \r\n\x87\n", filler(300))],
  ["audio", of("FORM", [0, 0, 9, 0], "AIFFCOMM", filler(300))],
  ["audio", of("MThd", [0, 0, 0, 6], filler(300))],
  ["audio", of("caff", [0, 1, 0, 0], filler(300))],
  ["audio", of("#!AMR\n", [4], filler(300))],
  ["an archive or a document", of("7z\xbc\xaf\x27\x1c", filler(300))],
  ["an archive or a document", of("Rar!\x1a\x07", [0], filler(300))],
  ["an archive or a document", of("\xfd7zXZ", [0], filler(300))],
  ["an archive or a document", of([0x28, 0xb5, 0x2f, 0xfd], filler(300))],
  ["an archive or a document", of("BZh91AY&SY", filler(300))],
  ["a program or a font", of("\x7fELF", filler(300))],
  ["a program or a font", of("wOF2", [0, 1, 0, 0], filler(300))],
  ["a page", of('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>')],
  ["audio", of("ID3\x04", 6, filler(300))],
  ["audio", of("RIFF", [0x24, 8, 0, 0], "WAVEfmt ", filler(300))],
  ["audio", of([0, 0, 0, 28], "ftypM4A ", 4, "M4A mp42isom", filler(300))],
  ["an archive or a document", of([0x1f, 0x8b, 8, 0], filler(300))],
  ["an archive or a document", of("PK\x03\x04", filler(300))],
  ["an archive or a document", of("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", filler(300))],
  ["an HLS playlist", of("#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:6.0,\nsegment0.ts\n")],
  ["a DASH manifest", of('<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>')],
  ["a page", of("<!DOCTYPE html><html><head><title>Sign in</title></head></html>")],
  ["a page", of("<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")],
  ["JSON", of('\xef\xbb\xbf {"error":{"code":"no_such_file","message":"The file is gone"}}')],
  ["text", of('{"error": "cut of')],
  ["text", of("File not found or expired")],
  // Words in which a careless reader sees a box of an MP4, a RIFF, a packet and a GIF.
  ["text", of("The free plan has no downloads")],
  ["text", of("RIFF is what AVI files begin with")],
  ["text", of("Gone")],
  ["text", of([0xff, 0xfe], "e\0r\0r\0o\0r\0")],
  ["text", new TextEncoder().encode("文件不存在或已被删除")],
  // The same in GBK, which isn't valid UTF-8.
  ["text", of([0xce, 0xc4, 0xbc, 0xfe, 0xb2, 0xbb, 0xb4, 0xe6, 0xd4, 0xda])]
]
