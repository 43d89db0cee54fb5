/**
 * The finished files: signed URLs that expire, and answers to GET and HEAD with ranges, as an object store gives them.
 */
import type { Answer, Job } from "../provider/Dialect.ts"
import * as Mp4 from "./mp4/Mp4.ts"
import { type Delivery, encode } from "./delivery.ts"
import * as Hash from "../base/hash.ts"
import type { Due } from "../serve/spoil.ts"

const signature = (seed: string, path: string, expires: string): string => Hash.hex(`signature ${seed} ${path} ${expires}`, 64)

/** `/files/<provider>/<id>.mp4`. */
const pathOf = (job: Pick<Job, "provider" | "id">): string => `/files/${job.provider}/${job.id}.mp4`

/** A path with its query, good until `expiresAt` (milliseconds since the epoch, rounded up to a second). */
export const sign = (seed: string, job: Job, expiresAt: number): string => {
  const path = pathOf(job)
  const expires = String(Math.ceil(expiresAt / 1000))
  return `${path}?expires=${expires}&signature=${signature(seed, path, expires)}`
}

type Bytes = Uint8Array<ArrayBuffer>

const whole = (file: Bytes): Bytes => file

/** Half of a file, as if that were all. */
const half = (file: Bytes): Bytes => file.slice(0, file.byteLength >> 1)

/** A file in which one byte in a hundred is another. */
const corrupt = (file: Bytes): Bytes => file.map((byte, index) => (index % 100 === 99 ? byte ^ 0xff : byte))

/** Until when a link is good, in milliseconds since the epoch; `undefined` of what is no link of ours. */
export const goodUntil = (url: string): number | undefined => {
  const expires = URL.parse(url)?.searchParams.get("expires")
  return expires === null || expires === undefined ? undefined : Number(expires) * 1000
}

const refusal = (status: number, code: string, message: string): Answer => ({
  status,
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>\n`,
  headers: { "content-type": "application/xml" }
})

export const unknownFile = refusal(404, "NoSuchKey", "The specified key does not exist.")
export const expired = refusal(403, "AccessDenied", "Request has expired")
export const lapsed: Readonly<Record<string, Answer>> = {
  "url-expired": expired,
  "url-expired-404": unknownFile,
  "url-expired-410": refusal(410, "Gone", "The link has expired")
}
const needsKey: Answer = refusal(401, "Unauthorized", "Authentication is required for this file.")
/** What S3 says to two proofs at once. */
const refusesKey: Answer = refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
const insteadOfFile: Answer = { status: 200, body: { error: { code: "storage_error", message: "The file is not available." } } }

/** From one hop to the next of a chain, or of a ring; `undefined` where the chain has ended. */
const redirect = (url: URL, under: string, isRing: boolean): Answer | undefined => {
  const hop = Number(url.searchParams.get("hop") ?? 0)
  if (!isRing && hop >= 3) return undefined
  const next = new URL(url)
  next.searchParams.set("hop", String(isRing ? (hop + 1) % 3 : hop + 1))
  return { status: 302, body: undefined, headers: { location: `${under}${next.pathname}${next.search}` } }
}

export const wrongMethod: Answer = {
  ...refusal(405, "MethodNotAllowed", "The specified method is not allowed against this resource."),
  headers: { "content-type": "application/xml", allow: "GET, HEAD" }
}

/** The refusal of a bad or lapsed signature; `undefined` where the URL is good at `now` (milliseconds since the epoch). */
export const refuse = (seed: string, job: Job, query: URLSearchParams, now: number): Answer | undefined => {
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
export const serve = (seed: string, job: Job, headers: Headers, change = whole): Answer => {
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

/** Who asks for a file, and how. */
interface Asked {
  readonly seed: string
  readonly job: Job
  readonly url: URL
  /** What stands before its path for the client. */
  readonly under: string
  readonly headers: Headers
  /** The key that made the job came with it, as it should to the API. */
  readonly isOwner: boolean
  /** A key came with it, in any way. */
  readonly hasKey: boolean
}

/** A file as the faults of its job leave it: the first that changes anything is the one that shows. */
export const spoilt = (
  all: ReadonlyArray<Due>,
  { hasKey, headers, isOwner, job, seed, under, url }: Asked
): Delivery & { readonly fault?: string } => {
  for (const { fault } of all) {
    const { name } = fault
    switch (name) {
      case "url-needs-key":
        if (!isOwner) return { answer: needsKey, fault: name }
        break
      case "url-refuses-key":
        if (hasKey) return { answer: refusesKey, fault: name }
        break
      case "redirected":
      case "redirect-loop": {
        const answer = redirect(url, under, name === "redirect-loop")
        if (answer !== undefined) return { answer, fault: name }
        break
      }
      case "truncated":
        return { answer: serve(seed, job, headers, half), fault: name }
      case "corrupted":
        return { answer: serve(seed, job, headers, corrupt), fault: name }
      case "json-instead":
        return { answer: insteadOfFile, fault: name }
      case "wrong-length": {
        const answer = serve(seed, job, headers)
        const size = encode(answer.body)[0].byteLength
        const promised = { ...answer, headers: { ...answer.headers, "content-length": String(size + 1024) } }
        return { answer: promised, cut: { at: "body", by: "drop", byte: size }, fault: name }
      }
    }
  }
  return { answer: serve(seed, job, headers) }
}
