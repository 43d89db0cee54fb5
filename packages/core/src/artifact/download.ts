/** Fetches one candidate for the finished file: where the request may go, what it may carry, and whether the answer is a video. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"
import { excerpt, parseJson } from "../base/Text.ts"
import type { Artifact } from "../job/Reading.ts"
import { linksIn } from "../provider/links.ts"
import type { Provider } from "../provider/Provider.ts"
import { absolute } from "../provider/read.ts"
import { redactor } from "../provider/redact.ts"
import { bodyOf } from "../transport/body.ts"
import { untraced } from "../transport/untraced.ts"
import { retryAfter } from "../transport/retryAfter.ts"
import { contentOf } from "./dataUrl.ts"
import * as PublicNetwork from "./PublicNetwork.ts"
import { asking, isPlain, type Mark, type Part, rest, validatorOf, whole } from "./range.ts"
import { withAgent, withKey } from "./sender.ts"

/** Why a candidate gave no video. */
export interface Miss {
  readonly _tag: "Miss"
  /** `again`: may pass by itself. `expired`: a fresh link may help. `never`: this candidate isn't a video. */
  readonly kind: "again" | "expired" | "never"
  readonly detail: string
  /** Milliseconds of the server's `Retry-After`. */
  readonly retryAfter?: number
  /** Present if the address was refused. */
  readonly forbidden?: { readonly address: string; readonly rule: string }
}

/** A candidate whose answer is a video, or the rest of one. */
export interface Found {
  readonly part: Part
  /** Present if the download can be resumed after an interruption. */
  readonly validator: string | undefined
  /** Whether the answer says that it is compressed; some transports decompress by themselves, and others do not. */
  readonly plain: boolean
  readonly bytes: Stream.Stream<Uint8Array, Miss>
}

/** The options of one save, for all its candidates. */
export interface Source {
  readonly provider: Provider<never>
  readonly allowPrivateAddresses: boolean
}

const redirects = 5

/** A silence that ends a download. */
const idle = "60 seconds"

/**
 * Opens one candidate, or the rest of it from `mark` on. A JSON answer that names a URL is followed once: some content endpoints point
 * to the file (T37).
 */
export const open = (source: Source, artifact: Artifact, mark: Mark | undefined): Effect.Effect<Found, Miss, HttpClient.HttpClient> =>
  opened(source, artifact, mark, true).pipe(
    untraced,
    Effect.mapError((missed) => ({ ...missed, detail: redactor(source.provider)(missed.detail) }))
  )

const opened = (
  source: Source,
  artifact: Artifact,
  mark: Mark | undefined,
  followJson: boolean
): Effect.Effect<Found, Miss, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    if (/^data:/iu.test(artifact.url)) return yield* inline(artifact.url)
    const answer = yield* request(source, artifact.url, mark)
    const found = yield* judge(source, artifact, answer, mark, followJson)
    return found ?? (yield* opened(source, artifact, undefined, followJson))
  })

interface Answer {
  readonly response: HttpClientResponse.HttpClientResponse
  /** The final URL. */
  readonly url: URL
}

/**
 * Whether an answer is a video, points to one, or is neither. `undefined`: it does not continue the download, so the whole must be requested.
 * An unread body is discarded; a partly read one is being abandoned already, and can't be read again.
 */
const judge = (
  source: Source,
  artifact: Artifact,
  { response, url }: Answer,
  mark: Mark | undefined,
  followJson: boolean
): Effect.Effect<Found | undefined, Miss, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const { headers, status } = response
    const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase()
    const isText = type !== undefined && /^text\/|json$|xml$|html/u.test(type)
    const bytes = flowOf(response, url.href)
    const part = mark !== undefined && status === 206 && !isText ? rest(mark, headers) : undefined
    if (mark !== undefined && part !== undefined) return { part, validator: mark.validator, plain: true, bytes }
    if (status !== 200) {
      yield* discard(response)
      return mark !== undefined && (status === 416 || status === 206) ? undefined : yield* refusedBy(response, artifact)
    }
    if (type !== undefined && type.endsWith("json") && followJson) {
      const [link] = linksOf(yield* Effect.flatMap(Stream.runCollect(capped(bytes)), parsed), url)
      if (link !== undefined) return yield* opened(source, link, mark, false)
    } else if (isText) yield* discard(response)
    if (isText) return yield* miss("never", `${where(url.href)} answered with ${type}, which isn't a video`)
    return { part: whole(headers), validator: validatorOf(headers), plain: isPlain(headers), bytes }
  })

/** The body of an answer. Silence ends it. */
const flowOf = (response: HttpClientResponse.HttpClientResponse, url: string): Stream.Stream<Uint8Array, Miss> =>
  bodyOf(response).pipe(
    Stream.mapError((error) => broken(error, url)),
    Stream.timeoutOrElse({ duration: idle, orElse: () => Stream.fail(missOf("again", `${where(url)} sent nothing for ${idle}`)) })
  )

/** An unread answer holds its connection forever; cancelling it releases the connection. */
const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  Effect.ignore(Effect.timeoutOption(Stream.runHead(bodyOf(response)), "1 second"))

/** Whether the first bytes are a page or JSON, whatever the content type. */
export const looksLikeText = (first: Uint8Array): boolean => {
  const head = new TextDecoder().decode(first.subarray(0, 64)).trimStart()
  return head.startsWith("<") || head.startsWith("{") || head.startsWith("[")
}

/** Whether the first bytes are those of a video container. */
export const looksLikeVideo = (first: Uint8Array): boolean => {
  const box = new TextDecoder("latin1").decode(first.subarray(4, 8))
  return boxes.has(box) || heads.some((head) => head.every((byte, index) => first[index] === byte))
}

/** The possible first boxes of MP4 and QuickTime. */
const boxes = new Set(["ftyp", "moov", "mdat", "free", "skip", "wide"])

/** Matroska and WebM; then RIFF, Ogg, GIF, Flash, and MPEG streams by their letters or sync bytes. */
const heads: ReadonlyArray<ReadonlyArray<number>> = [
  [0x1a, 0x45, 0xdf, 0xa3],
  ...["RIFF", "OggS", "GIF8", "FLV", "G"].map((letters) => Array.from(new TextEncoder().encode(letters))),
  [0, 0, 1]
]

export const missOf = (kind: Miss["kind"], detail: string): Miss => ({ _tag: "Miss", kind, detail: excerpt(detail) })

const miss = (kind: Miss["kind"], detail: string): Effect.Effect<never, Miss> => Effect.fail(missOf(kind, detail))

const forbidden = (address: string, because: string): Miss => {
  const rule = `${because}, and the API is a public one (allowPrivateAddresses: true allows it)`
  return { ...missOf("never", `${address} ${rule}`), forbidden: { address, rule } }
}

/** Follows redirects by hand. The key goes to the API's own origin only, and never across a redirect (T36). */
const request = Effect.fnUntraced(function* (
  { allowPrivateAddresses, provider }: Source,
  first: string,
  mark: Mark | undefined
): Effect.fn.Return<Answer, Miss, HttpClient.HttpClient> {
  const api = new URL(provider.baseUrl)
  const anywhere = allowPrivateAddresses || PublicNetwork.isPrivate(api.hostname)
  const ordinary = yield* HttpClient.HttpClient
  const looking = yield* PublicNetwork.Client
  const start = absolute(first, provider.baseUrl)
  if (start === undefined) return yield* miss("never", "the link isn't an address")
  let url = new URL(start)
  for (let hop = 0; hop <= redirects; hop++) {
    // A user name in a link would appear in the errors of some transports.
    url.username = ""
    url.password = ""
    if (url.protocol !== "https:" && url.protocol !== "http:") return yield* miss("never", `${where(url.href)} isn't an http address`)
    if (!anywhere && PublicNetwork.isPrivate(url.hostname)) return yield* Effect.fail(forbidden(url.origin, "is a private address"))
    const own = url.origin === api.origin
    const client = anywhere || own ? ordinary : (looking ?? ordinary)
    // A compressed body has neither the length nor the ranges of the file.
    const bare = HttpClientRequest.setHeaders(withAgent(provider)(HttpClientRequest.get(url)), {
      "accept-encoding": "identity",
      ...(mark === undefined ? {} : asking(mark))
    })
    const response = yield* client.execute(own && hop === 0 ? withKey(provider)(bare) : bare).pipe(
      // A browser hides the target of a redirect: it follows by itself, without the key.
      Effect.filterOrElse(
        (answer) => answer.status !== 0,
        () => Effect.provideService(client.execute(bare), FetchHttpClient.RequestInit, { redirect: "follow" })
      ),
      Effect.mapError((error) => broken(error, url.href)),
      Effect.timeoutOrElse({ duration: idle, orElse: () => miss("again", `${where(url.href)} did not answer within ${idle}`) })
    )
    const location = response.headers["location"]
    if (response.status < 300 || response.status > 399 || location === undefined) return { response, url }
    yield* discard(response)
    if (!URL.canParse(location, url)) return yield* miss("never", `${where(url.href)} redirects to an invalid address`)
    url = new URL(location, url)
  }
  return yield* miss("never", `${where(start)} redirects more than ${redirects} times`)
})

const refusedBy = Effect.fnUntraced(function* (
  { headers, status }: HttpClientResponse.HttpClientResponse,
  { kind, url }: Artifact
): Effect.fn.Return<never, Miss> {
  const detail = `${where(url)} answered with HTTP ${status}`
  if (status === 401 || status === 403 || status === 404 || status === 410) return yield* miss("expired", detail)
  // new-api's content endpoint answers 400 "Task is not completed yet" if its own table lags behind.
  const later =
    status === 202 || status === 408 || status === 425 || status === 429 || status >= 500 || (kind === "content" && status === 400)
  const asked = later ? retryAfter(headers, yield* Clock.currentTimeMillis) : undefined
  return yield* Effect.fail({ ...missOf(later ? "again" : "never", detail), ...(asked === undefined ? {} : { retryAfter: asked }) })
})

const inline = (url: string): Effect.Effect<Found, Miss> => {
  const bytes = contentOf(url)
  if (bytes === undefined) return miss("never", "the data: URL can't be read: it is neither base64 nor percent-encoded")
  const part = { from: 0, to: bytes.byteLength, total: bytes.byteLength }
  return Effect.succeed({ part, validator: undefined, plain: true, bytes: Stream.succeed(bytes) })
}

const capped = (flow: Stream.Stream<Uint8Array, Miss>): Stream.Stream<Uint8Array, Miss> => {
  let size = 0
  return Stream.takeWhile(flow, (chunk) => (size += chunk.byteLength) <= 1024 * 1024)
}

const parsed = (chunks: ReadonlyArray<Uint8Array>): Effect.Effect<unknown> =>
  Effect.map(
    Effect.promise(() => new Blob(chunks.map((chunk) => new Uint8Array(chunk))).text()),
    parseJson
  )

/** The links that JSON names; a relative one is resolved from the URL of the JSON. */
const linksOf = (json: unknown, from: URL): ReadonlyArray<Artifact> =>
  linksIn(json).artifacts.flatMap(({ kind, url }) => (URL.canParse(url, from) ? [{ kind, url: new URL(url, from).href }] : []))

const broken = (error: HttpClientError.HttpClientError, url: string): Miss => {
  const cause = "cause" in error.reason ? error.reason.cause : undefined
  const refused = privateAddressIn(cause)
  if (refused !== undefined) return forbidden(new URL(url).origin, `resolves to ${refused.address}, which is a private address`)
  return missOf("again", `${where(url)} broke off (${error.reason._tag}${cause instanceof Error ? `: ${cause.message}` : ""})`)
}

/** By its tag: two copies of a package have two classes. */
const privateAddressIn = (error: unknown, depth = 0): { readonly address: string } | undefined => {
  if (!(error instanceof Error) || depth > 5) return undefined
  const address = Reflect.get(error, "_tag") === "PrivateAddress" ? Reflect.get(error, "address") : undefined
  return typeof address === "string" ? { address } : privateAddressIn(error.cause, depth + 1)
}

/** Scheme, host and path: a signature would be in the query. */
const where = (url: string): string => (URL.canParse(url) ? `${new URL(url).origin}${new URL(url).pathname}` : "the link")
