/** The bytes of a `data:` URL, in either of its two forms (RFC 2397). Pure. */
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"

/** `undefined` if the text isn't a `data:` URL or can't be decoded. */
export const contentOf = (url: string): Uint8Array | undefined => {
  const comma = url.indexOf(",")
  if (comma < 0 || !/^data:/iu.test(url)) return undefined
  const isBase64 = /;\s*base64\s*$/iu.test(url.slice(0, comma))
  const bytes = percentDecoded(url.slice(comma + 1))
  if (bytes === undefined || !isBase64) return bytes
  // As in `fetch`: white space is ignored, and padding is optional.
  const text = new TextDecoder("latin1").decode(bytes).replaceAll(/[\s=]+/gu, "")
  return Result.getOrUndefined(Base64.decode(text.padEnd(Math.ceil(text.length / 4) * 4, "=")))
}

const percentDecoded = (text: string): Uint8Array | undefined => {
  const raw = new TextEncoder().encode(text)
  if (!raw.includes(0x25)) return raw
  const bytes = new Uint8Array(raw.byteLength)
  let length = 0
  for (let index = 0; index < raw.byteLength; index++) {
    const byte = raw[index] ?? 0
    if (byte !== 0x25) bytes[length++] = byte
    else {
      const digits = String.fromCharCode(...raw.subarray(index + 1, index + 3))
      if (!/^[\da-f]{2}$/iu.test(digits)) return undefined
      bytes[length++] = Number.parseInt(digits, 16)
      index += 2
    }
  }
  return bytes.subarray(0, length)
}
