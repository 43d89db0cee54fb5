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
import { judged } from "./judging.ts"
import { type Container, headLength } from "./media.ts"
import { type Miss, miss, missOf, where } from "./miss.ts"
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
  /** What the first bytes of the file are: whatever the server names it. Absent if they are in no known container. */
  readonly container: Container | undefined
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

/** What their first bytes have shown to be videos, so that a player that seeks costs no second request each time. */
const shown = new WeakMap<Artifact, Container | "unknown">()

const one = Effect.fnUntraced(function* (
  source: Source,
  artifact: Artifact,
  range: Range | undefined,
  followJson: boolean
): Effect.fn.Return<Found, Miss, HttpClient.HttpClient> {
  // A part that lacks the beginning shows nothing: any bytes may be in the middle of a video.
  const asked =
    range !== undefined && !hasHead(range) && !shown.has(artifact) ? peeked(source, artifact, range) : section(source, artifact, range)
  return yield* Effect.catchIf(
    asked,
    ({ link }) => link !== undefined && followJson,
    ({ link }) => one(source, link ?? artifact, range, false)
  )
})

/** Whether the bytes of a range show by themselves what the file is. */
const hasHead = (range: Range): boolean => !("last" in range) && range.from === 0 && (range.to === undefined || range.to + 1 >= headLength)

/** Looks at the beginning first. */
const peeked = (source: Source, artifact: Artifact, range: Range): Effect.Effect<Found, Miss, HttpClient.HttpClient> =>
  section(source, artifact, { from: 0, to: headLength - 1 }).pipe(
    Effect.tap(({ bytes }) => Effect.ignore(Stream.runHead(bytes))),
    Effect.andThen(() => section(source, artifact, range))
  )

const section = Effect.fnUntraced(function* (
  source: Source,
  artifact: Artifact,
  range: Range | undefined
): Effect.fn.Return<Found, Miss, HttpClient.HttpClient> {
  if (/^data:/iu.test(artifact.url)) {
    const { bytes, container, part } = yield* judged(yield* inline(artifact.url))
    return cut({ part, type: undefined, etag: undefined, container, bytes }, range)
  }
  const answer = yield* request(source, artifact.url, range === undefined ? {} : { range: written(range) })
  const { response, url } = answer
  const { headers, status } = response
  const known = { type: typeOf(headers), etag: etagOf(headers) }
  if (range !== undefined && status === 416) {
    yield* beginningOf(response)
    const total = Number(/^bytes \*\/(\d{1,15})$/u.exec(headers["content-range"]?.trim() ?? "")?.[1] ?? Number.NaN)
    // A range from the beginning is beyond the end of an empty file only.
    if (total === 0 || ("from" in range && range.from === 0)) return yield* miss("again", "the answer is empty")
    const container = containerOf(artifact)
    return { satisfiable: false, from: 0, to: 0, total: Number.isNaN(total) ? undefined : total, ...known, container, bytes: Stream.empty }
  }
  if (status !== 200 && !(range !== undefined && status === 206)) {
    return yield* Effect.fail(refused(answer, artifact, new URL(source.provider.baseUrl).origin, yield* beginningOf(response)))
  }
  const { href } = url
  const found = {
    ...known,
    place: where(href),
    url: href,
    validator: undefined,
    plain: isPlain(headers),
    retryAfter: undefined,
    bytes: flowOf(answer)
  }
  if (status === 200) {
    const { bytes, container } = yield* judged({ ...found, part: whole(headers) })
    shown.set(artifact, container ?? "unknown")
    return cut({ part: whole(headers), ...known, container, bytes }, range)
  }
  const asked = partOf(headers["content-range"])
  if (asked === undefined || !isPlain(headers) || !isAsked(asked, range)) {
    yield* beginningOf(response)
    return yield* Effect.fail(missOf("never", `${url.origin} answered with another part of the file than was asked for`))
  }
  // What is shorter than the head of a file is one whose head was seen before.
  if (asked.from > 0 || (shown.has(artifact) && asked.to < Math.min(headLength, asked.total)))
    return { satisfiable: true, ...asked, ...known, container: containerOf(artifact), bytes: found.bytes }
  const { bytes, container } = yield* judged({ ...found, part: asked })
  shown.set(artifact, container ?? "unknown")
  return { satisfiable: true, ...asked, ...known, container, bytes }
})

const containerOf = (artifact: Artifact): Container | undefined => {
  const container = shown.get(artifact)
  return container === "unknown" ? undefined : container
}

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

interface Whole extends Pick<Opened, "type" | "etag" | "container"> {
  readonly part: Part
  readonly bytes: Stream.Stream<Uint8Array, Miss>
}

/** A range of a file that came whole: the server does not know ranges. */
const cut = ({ bytes, part: { total }, ...more }: Whole, range: Range | undefined): Found => {
  const known = { total, ...more }
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
