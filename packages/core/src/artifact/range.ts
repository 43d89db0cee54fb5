/** Resuming an interrupted download: what to request, and which answers to accept. Pure. RFC 9110, sections 13.1.5 and 14. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

type Headers = Readonly<Record<string, string | undefined>>

/** The bytes that exist already, and what the rest must match. */
export interface Mark {
  /** How many bytes exist: the first missing one has this number. */
  readonly bytes: number
  /** The strong ETag of their file, or its modification time. */
  readonly validator: string
  /** Bytes of the whole, if known. */
  readonly total: number | undefined
}

/** The part of the whole that an answer brings. */
export interface Part {
  /** The number of its first byte: 0 means that the download starts over. */
  readonly from: number
  /** The number after its last byte. Absent if unknown. */
  readonly to: number | undefined
  readonly total: number | undefined
}

/** The headers that request the rest, or the whole if the file has changed. */
export const asking = ({ bytes, validator }: Mark): Record<string, string> => ({ range: `bytes=${bytes}-`, "if-range": validator })

/** The media type in lower case, without parameters. */
export const typeOf = (headers: Headers): string | undefined => headers["content-type"]?.split(";")[0]?.trim().toLowerCase()

/** A strong ETag, with its quotes. */
export const etagOf = (headers: Headers): string | undefined => {
  const etag = headers["etag"]?.trim()
  return etag !== undefined && /^"[\x21\x23-\x7e]+"$/u.test(etag) ? etag : undefined
}

/** Whether a body is uncompressed. Only then its length and its ranges are those of the file. */
export const isPlain = (headers: Headers): boolean => /^\s*(identity)?\s*$/iu.test(headers["content-encoding"] ?? "")

/**
 * A validator that certainly distinguishes two versions of a file. A weak ETag does not; a time does if the file was not changed within
 * the second of the answer (RFC 9110, 8.8.2.2).
 */
export const validatorOf = (headers: Headers): string | undefined => {
  if (!isPlain(headers)) return undefined
  const etag = etagOf(headers)
  if (etag !== undefined) return etag
  const changed = headers["last-modified"]
  const at = time(changed)
  const now = time(headers["date"])
  return at !== undefined && now !== undefined && now - at >= 1000 ? changed : undefined
}

/** The part in an answer of 200. */
export const whole = (headers: Headers): Part => {
  const total = isPlain(headers) ? count(headers["content-length"]) : undefined
  return { from: 0, to: total, total }
}

/** The part in an answer of 206; `undefined` if it is not the requested rest, or is of another file. */
export const rest = (mark: Mark, headers: Headers): Part | undefined => {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/iu.exec(headers["content-range"]?.trim() ?? "")
  if (match === null || !isPlain(headers)) return undefined
  const [from = -1, last = -1, total = -1] = match.slice(1).map((text) => count(text) ?? -1)
  const length = count(headers["content-length"])
  // A 206 must name the ETag that a 200 would have (RFC 9110, 15.3.7), and not every server honours If-Range.
  const same = mark.validator.startsWith('"')
    ? headers["etag"]?.trim() === mark.validator
    : (headers["last-modified"] ?? mark.validator) === mark.validator
  const fits =
    from === mark.bytes &&
    last >= from &&
    last < total &&
    (mark.total === undefined || mark.total === total) &&
    (length === undefined || length === last + 1 - from) &&
    same
  return fits ? { from, to: last + 1, total } : undefined
}

const time = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Option.getOrUndefined(Option.map(DateTime.make(text), DateTime.toEpochMillis))

const count = (text: string | undefined): number | undefined => {
  const number = text !== undefined && /^\d+$/u.test(text.trim()) ? Number(text) : Number.NaN
  return Number.isSafeInteger(number) ? number : undefined
}
