/** One answer with a part of the finished file, for a server that passes it on: nothing is retried once bytes flow. */
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Stream from "effect/Stream"
import { DownloadFailed, type JobError } from "../job/JobError.ts"
import type { Succeeded } from "../job/JobState.ts"
import type { Artifact } from "../job/Reading.ts"
import { providerAt } from "../provider/account.ts"
import type { Provider } from "../provider/Provider.ts"
import { redactor } from "../provider/redact.ts"
import { untraced } from "../transport/untraced.ts"
import { inline, refused } from "./download.ts"
import { candidatesOf, failure, fetchable, reasonOf, refreshed } from "./fetched.ts"
import { saying } from "./judging.ts"
import { type Miss, missOf, where } from "./miss.ts"
import type { Options } from "./options.ts"
import { etagOf, isPlain, type Part, typeOf, whole } from "./range.ts"
import { beginningOf, flowOf, request, type Source } from "./request.ts"

/**
 * The part of a file to send: from a byte on, to a last one that is included, or its last bytes.
 *
 * @category models
 * @since 0.1.0
 */
export type Range = { readonly from: number; readonly to?: number | undefined } | { readonly last: number }

/**
 * A part of a finished file, and what is known of the whole.
 *
 * @category models
 * @since 0.1.0
 */
export interface Opened {
  /** `false`: the file ends before the range begins, and there are no bytes. */
  readonly satisfiable: boolean
  /** The number of the first byte. */
  readonly from: number
  /** The number after the last byte. Absent if unknown. */
  readonly to: number | undefined
  /** The length of the whole file. Absent if unknown: then a range is ignored, and the bytes are those of the whole. */
  readonly total: number | undefined
  /** The lower-case media type that the server names, without parameters. */
  readonly type: string | undefined
  /** A strong ETag of the server, with its quotes. */
  readonly etag: string | undefined
  /** Leaving the stream aborts the request. */
  readonly bytes: Stream.Stream<Uint8Array, JobError>
}

export const opened = Effect.fnUntraced(function* (
  given: Provider<never>,
  state: Succeeded,
  range: Range | undefined,
  options: Pick<Options, "allowPrivateAddresses">
): Effect.fn.Return<Opened, JobError, HttpClient.HttpClient> {
  const provider = providerAt(given, state.ref.baseUrl)
  const source: Source = { provider, allowPrivateAddresses: options.allowPrivateAddresses === true }
  let candidates = yield* candidatesOf(state)
  let why: string | undefined
  for (let round = 1; ; round++) {
    const misses: Array<Miss> = []
    for (const candidate of candidates) {
      const tried = yield* Effect.result(untraced(one(source, candidate, range, true)))
      if (tried._tag === "Success") return asOpened(provider, state, tried.success)
      misses.push({ ...tried.failure, detail: redactor(provider)(tried.failure.detail) })
    }
    if (round > 1 || !misses.some(({ kind }) => kind === "expired")) return yield* failure(state, reasonOf(misses, 0, why), round)
    const now = yield* refreshed(provider, state)
    why = now?.why?.message
    const fresh = fetchable(now?.artifacts ?? [])
    if (fresh.length > 0) candidates = fresh
  }
})

type Found = Omit<Opened, "bytes"> & { readonly bytes: Stream.Stream<Uint8Array, Miss> }

const one = Effect.fnUntraced(function* (
  source: Source,
  artifact: Artifact,
  range: Range | undefined,
  followJson: boolean
): Effect.fn.Return<Found, Miss, HttpClient.HttpClient> {
  if (/^data:/iu.test(artifact.url)) {
    const { bytes, part } = yield* inline(artifact.url)
    return cut({ part, type: undefined, etag: undefined, bytes }, range)
  }
  const answer = yield* request(source, artifact.url, range === undefined ? {} : { range: written(range) })
  const { response, url } = answer
  const { headers, status } = response
  const type = typeOf(headers)
  const etag = etagOf(headers)
  if (range !== undefined && status === 416) {
    yield* beginningOf(response)
    const total = Number(/^bytes \*\/(\d{1,15})$/u.exec(headers["content-range"]?.trim() ?? "")?.[1] ?? Number.NaN)
    return { satisfiable: false, from: 0, to: 0, total: Number.isNaN(total) ? undefined : total, type, etag, bytes: Stream.empty }
  }
  if (status !== 200 && !(range !== undefined && status === 206)) {
    return yield* Effect.fail(refused(answer, artifact, new URL(source.provider.baseUrl).origin, yield* beginningOf(response)))
  }
  if (type !== undefined && /^text\/|json$|xml$|html/u.test(type)) {
    const said = saying({ place: where(url.href), retryAfter: undefined, url: url.href }, yield* beginningOf(response))
    if (said.link !== undefined && followJson) return yield* one(source, said.link, range, false)
    return yield* Effect.fail(said)
  }
  const bytes = flowOf(answer)
  if (status === 200) return cut({ part: whole(headers), type, etag, bytes }, range)
  const part = partOf(headers["content-range"])
  if (part === undefined || !isPlain(headers) || !isAsked(part, range)) {
    yield* beginningOf(response)
    return yield* Effect.fail(missOf("never", `${url.origin} answered with another part of the file than was asked for`))
  }
  return { satisfiable: true, ...part, type, etag, bytes }
})

const written = (range: Range): string => ("last" in range ? `bytes=-${range.last}` : `bytes=${range.from}-${range.to ?? ""}`)

const partOf = (text: string | undefined): { readonly from: number; readonly to: number; readonly total: number } | undefined => {
  const [, from, last, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/u.exec(text?.trim() ?? "") ?? []
  const part = { from: Number(from), to: Number(last) + 1, total: Number(total) }
  return part.from < part.to && part.to <= part.total ? part : undefined
}

/** A server may send less than was asked for, but nothing else. */
const isAsked = (part: { readonly from: number; readonly to: number; readonly total: number }, range: Range | undefined): boolean => {
  const asked = range === undefined ? undefined : within(range, part.total)
  return asked !== undefined && part.from === asked.from && part.to <= asked.to
}

/** The first byte of a range and the one after its last; `undefined` if the file ends before it. */
const within = (range: Range, total: number): { readonly from: number; readonly to: number } | undefined => {
  const from = "last" in range ? Math.max(0, total - range.last) : range.from
  const to = "last" in range || range.to === undefined ? total : Math.min(range.to + 1, total)
  return from < to ? { from, to } : undefined
}

interface Whole {
  readonly part: Part
  readonly type: string | undefined
  readonly etag: string | undefined
  readonly bytes: Stream.Stream<Uint8Array, Miss>
}

/** A range of a file that came whole: the server does not know ranges. */
const cut = ({ bytes, etag, part: { total }, type }: Whole, range: Range | undefined): Found => {
  const known = { total, type, etag }
  if (range === undefined || total === undefined) return { satisfiable: true, from: 0, to: total, ...known, bytes }
  const asked = within(range, total)
  if (asked === undefined) return { satisfiable: false, from: 0, to: 0, ...known, bytes: Stream.empty }
  let at = 0
  const inside = Stream.takeUntil(
    Stream.map(bytes, (chunk) => {
      const start = at
      at += chunk.byteLength
      return chunk.subarray(Math.max(0, asked.from - start), Math.max(0, asked.to - start))
    }),
    () => at >= asked.to
  )
  return { satisfiable: true, ...asked, ...known, bytes: Stream.filter(inside, ({ byteLength }) => byteLength > 0) }
}

const asOpened = (provider: Provider<never>, state: Succeeded, found: Found): Opened => ({
  ...found,
  bytes: Stream.mapError(found.bytes, ({ detail }) => failure(state, new DownloadFailed({ detail: redactor(provider)(detail) }), 1))
})
