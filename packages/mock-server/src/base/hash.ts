/**
 * Numbers drawn from text: the same text gives the same ones, on every machine.
 *
 * Not a cryptographic hash: it makes ids, signatures and pictures of a mock, and keeps no secret.
 */

/** Four 32-bit words of a text (the cyrb128 mix). */
const mix = (text: string): [number, number, number, number] => {
  let [a, b, c, d] = [1779033703, 3144134277, 1013904242, 2773480762]
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    a = b ^ Math.imul(a ^ unit, 597399067)
    b = c ^ Math.imul(b ^ unit, 2869860233)
    c = d ^ Math.imul(c ^ unit, 951274213)
    d = a ^ Math.imul(d ^ unit, 2716044179)
  }
  return [
    Math.imul(c ^ (a >>> 18), 597399067),
    Math.imul(d ^ (b >>> 22), 2869860233),
    Math.imul(a ^ (c >>> 17), 951274213),
    Math.imul(b ^ (d >>> 19), 2716044179)
  ]
}

/** `length` bytes that depend on `text` alone (the sfc32 generator, its first rounds discarded). */
export const bytes = (text: string, length: number): Uint8Array => {
  let [a, b, c, d] = mix(text)
  const next = (): number => {
    const sum = (a + b + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum & 255
  }
  for (let round = 0; round < 16; round++) next()
  return Uint8Array.from({ length }, next)
}

/** `digits` hexadecimal digits that depend on `text` alone. */
export const hex = (text: string, digits: number): string =>
  Array.from(bytes(text, Math.ceil(digits / 2)), (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .slice(0, digits)

/** A UUID (version 4 by its form) that depends on `text` alone. */
export const uuid = (text: string): string => {
  const digits = hex(text, 32)
  const variant = "89ab"[Number.parseInt(digits.slice(16, 17), 16) & 3]
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`
}
