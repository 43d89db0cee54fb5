/**
 * The finished files: signed URLs that expire, and answers to GET and HEAD with ranges, as an object store gives them.
 */
import * as Hash from "../base/hash.ts"
import type { Answer } from "./Answer.ts"
import * as Mp4 from "./mp4/Mp4.ts"

/** Whose file it is: as much of a job as its bytes and its address depend on. */
export interface Stored {
  readonly id: string
  readonly provider: string
  /** Length of the video. */
  readonly seconds: number
  readonly script: { readonly seed?: string | number }
}

const signature = (seed: string, path: string, expires: string): string => Hash.hex(`signature ${seed} ${path} ${expires}`, 64)

/** `/files/<provider>/<id>.mp4`. */
const pathOf = (job: Pick<Stored, "provider" | "id">): string => `/files/${job.provider}/${job.id}.mp4`

/** A path with its query, good until `expiresAt` (milliseconds since the epoch, rounded up to a second). */
export const sign = (seed: string, job: Stored, expiresAt: number): string => {
  const path = pathOf(job)
  const expires = String(Math.ceil(expiresAt / 1000))
  return `${path}?expires=${expires}&signature=${signature(seed, path, expires)}`
}

/** A file. */
export type Bytes = Uint8Array<ArrayBuffer>

const whole = (file: Bytes): Bytes => file

/** Until when a link is good, in milliseconds since the epoch; `undefined` of what is no link of ours. */
export const goodUntil = (url: string): number | undefined => {
  const expires = URL.parse(url)?.searchParams.get("expires")
  return expires === null || expires === undefined ? undefined : Number(expires) * 1000
}

/** An error as an object store says it. */
export const refusal = (status: number, code: string, message: string): Answer => ({
  status,
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>\n`,
  headers: { "content-type": "application/xml" }
})

export const unknownFile = refusal(404, "NoSuchKey", "The specified key does not exist.")
export const expired = refusal(403, "AccessDenied", "Request has expired")
export const wrongMethod: Answer = {
  ...refusal(405, "MethodNotAllowed", "The specified method is not allowed against this resource."),
  headers: { "content-type": "application/xml", allow: "GET, HEAD" }
}

/** The refusal of a bad or expired signature; `undefined` if the URL is good at `now` (milliseconds since the epoch). */
export const refuse = (seed: string, job: Stored, query: URLSearchParams, now: number): Answer | undefined => {
  const expires = query.get("expires") ?? ""
  if (query.get("signature") !== signature(seed, pathOf(job), expires)) {
    return refusal(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
  }
  return now >= Number(expires) * 1000 ? expired : undefined
}

/** First and last byte of a range of a file of `size` bytes; `"none"` if it is outside, `undefined` if there is nothing to obey. */
const rangeOf = (header: string | null, size: number): readonly [number, number] | "none" | undefined => {
  // Several ranges at once may be ignored (RFC 9110, 14.2), and are.
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "")
  const [, from = "", to = ""] = match ?? []
  if (match === null || (from === "" && to === "")) return undefined
  if (from === "") return Number(to) === 0 ? "none" : [Math.max(0, size - Number(to)), size - 1]
  if (to !== "" && Number(to) < Number(from)) return undefined
  return Number(from) >= size ? "none" : [Number(from), to === "" ? size - 1 : Math.min(Number(to), size - 1)]
}

/** The file of a job, whole or in part. The same for GET and HEAD: a host leaves the body out. `change` is what a fault makes of the bytes. */
export const serve = (seed: string, job: Stored, headers: Headers, change = whole): Answer => {
  const shown = { id: job.id, seed: String(job.script.seed ?? seed) }
  const file = change(Mp4.make(shown, job.seconds))
  const etag = `"${Hash.hex(`etag ${shown.seed} ${job.id} ${job.seconds}`, 32)}"`
  const common = { "accept-ranges": "bytes", etag, "content-type": "video/mp4" }
  const known = headers.get("if-none-match")
  const isKnown = known?.split(",").some((each) => ["*", etag].includes(each.trim().replace(/^W\//, ""))) === true
  if (isKnown) return { status: 304, body: undefined, headers: common }
  const condition = headers.get("if-range")
  const range = condition === null || condition === etag ? rangeOf(headers.get("range"), file.byteLength) : undefined
  if (range === undefined) return { status: 200, body: file, headers: common }
  if (range === "none") {
    const { status, body, headers: type } = refusal(416, "InvalidRange", "The requested range is not satisfiable")
    return { status, body, headers: { ...type, "accept-ranges": "bytes", "content-range": `bytes */${file.byteLength}` } }
  }
  const [first, last] = range
  const part = file.slice(first, last + 1)
  return { status: 206, body: part, headers: { ...common, "content-range": `bytes ${first}-${last}/${file.byteLength}` } }
}
