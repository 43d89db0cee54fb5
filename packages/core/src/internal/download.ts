/** Fetching one candidate for the finished file: where it may go, what it may carry, and whether what came is a video. */
import * as Base64 from "effect/encoding/Base64"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Provider } from "../Provider.ts"
import type { Artifact } from "../Reading.ts"
import { excerpt, parseJson } from "../Text.ts"
import { isPrivate } from "./address.ts"
import { shownBy, withAgent, withKey } from "./bearing.ts"
import { untraced } from "./call.ts"
import { links } from "./payload.ts"

/** Why a candidate gave no video. */
export interface Miss {
  readonly _tag: "Miss"
  /** `again`: may pass by itself. `expired`: a fresh link may help. `never`: this candidate is none. */
  readonly kind: "again" | "expired" | "never"
  readonly detail: string
}

/** A candidate that answers with a video. */
export interface Found {
  /** Bytes, where the answer names its length and comes as it is. */
  readonly length: number | undefined
  readonly type: string | undefined
  readonly bytes: Stream.Stream<Uint8Array, Miss>
}

const redirects = 5

/** A pause in the flow of bytes that ends a download. */
const idle = "60 seconds"

/** Opens one candidate. A JSON answer that names a URL is followed once: some content endpoints point to the file (T37). */
export const open = (
  provider: Provider<never>,
  artifact: Artifact,
  allowPrivateAddresses: boolean,
  followJson = true
): Effect.Effect<Found, Miss, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    if (artifact.url.startsWith("data:")) return yield* inline(artifact.url)
    const response = yield* request(provider, artifact.url, allowPrivateAddresses)
    return yield* judge(provider, artifact, response, allowPrivateAddresses, followJson).pipe(Effect.tapError(() => discard(response)))
  }).pipe(
    untraced,
    Effect.mapError((missed) => ({ ...missed, detail: shownBy(provider)(missed.detail) }))
  )

/** Whether an answer is a video, points to one, or is none. */
const judge = (
  provider: Provider<never>,
  artifact: Artifact,
  response: HttpClientResponse.HttpClientResponse,
  allowPrivateAddresses: boolean,
  followJson: boolean
): Effect.Effect<Found, Miss, HttpClient.HttpClient> =>
  Effect.gen(function* () {
    const type = response.headers["content-type"]?.split(";")[0]?.trim().toLowerCase()
    if (response.status !== 200) return yield* refusedBy(response, artifact)
    if (type !== undefined && type.endsWith("json") && followJson) {
      const [link] = linksIn(yield* Effect.flatMap(Stream.runCollect(capped(flowOf(response, artifact.url))), parsed))
      if (link !== undefined) return yield* open(provider, link, allowPrivateAddresses, false)
    }
    if (type !== undefined && /^text\/|json$|xml$|html/u.test(type)) {
      return yield* miss("never", `${where(artifact.url)} answered with ${type}, which is no video`)
    }
    const named = Number(response.headers["content-length"] ?? Number.NaN)
    const plain = (response.headers["content-encoding"] ?? "identity") === "identity"
    const found: Found = {
      length: plain && Number.isSafeInteger(named) ? named : undefined,
      type,
      bytes: flowOf(response, artifact.url)
    }
    return found
  })

/** The body of an answer. Silence ends it. */
const flowOf = (response: HttpClientResponse.HttpClientResponse, url: string): Stream.Stream<Uint8Array, Miss> =>
  response.stream.pipe(
    Stream.mapError((error) => broken(error, url)),
    Stream.timeoutOrElse({ duration: idle, orElse: () => Stream.fail(missOf("again", `${where(url)} sent nothing for ${idle}`)) })
  )

/** An answer that nobody reads holds its connection for ever; cancelling it lets go. Bounded: vercel/ai#18048 hung on a cancelled body. */
const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  Effect.ignore(Effect.timeoutOption(Stream.runHead(response.stream), "1 second"))

/** Whether the first bytes are a page or JSON, whatever the answer called itself. */
export const looksLikeText = (first: Uint8Array): boolean => {
  const head = new TextDecoder().decode(first.subarray(0, 64)).trimStart()
  return head.startsWith("<") || head.startsWith("{") || head.startsWith("[")
}

export const missOf = (kind: Miss["kind"], detail: string): Miss => ({ _tag: "Miss", kind, detail: excerpt(detail) })

const miss = (kind: Miss["kind"], detail: string): Effect.Effect<never, Miss> => Effect.fail(missOf(kind, detail))

/** Follows redirects by hand. The key goes to the API's own origin only, and never across a redirect. */
const request = Effect.fnUntraced(function* (
  provider: Provider<never>,
  first: string,
  allowPrivateAddresses: boolean
): Effect.fn.Return<HttpClientResponse.HttpClientResponse, Miss, HttpClient.HttpClient> {
  let url = new URL(first)
  for (let hop = 0; hop <= redirects; hop++) {
    if (url.protocol !== "https:" && url.protocol !== "http:") return yield* miss("never", `${where(url.href)} is no http address`)
    if (!allowPrivateAddresses && isPrivate(url.hostname) && !isPrivate(new URL(provider.baseUrl).hostname)) {
      return yield* miss(
        "never",
        `${url.host} is a private address, and the API is a public one: refused (allowPrivateAddresses: true allows it)`
      )
    }
    const keyed = hop === 0 && url.origin === new URL(provider.baseUrl).origin
    const bare = withAgent(provider)(HttpClientRequest.get(url))
    const response = yield* HttpClient.execute(keyed ? withKey(provider)(bare) : bare).pipe(
      // A browser hides where a redirect leads: there it follows by itself, without the key.
      Effect.filterOrElse(
        (answer) => answer.status !== 0,
        () => Effect.provideService(HttpClient.execute(bare), FetchHttpClient.RequestInit, { redirect: "follow" })
      ),
      Effect.mapError((error) => broken(error, url.href)),
      Effect.timeoutOrElse({ duration: idle, orElse: () => miss("again", `${where(url.href)} did not answer within ${idle}`) })
    )
    const location = response.headers["location"]
    if (response.status < 300 || response.status > 399 || location === undefined) return response
    yield* discard(response)
    if (!URL.canParse(location, url)) return yield* miss("never", `${where(url.href)} redirects to what is no address`)
    url = new URL(location, url)
  }
  return yield* miss("never", `${where(first)} redirects more than ${redirects} times`)
})

const refusedBy = ({ status }: HttpClientResponse.HttpClientResponse, { kind, url }: Artifact): Effect.Effect<never, Miss> => {
  const detail = `${where(url)} answered with HTTP ${status}`
  if (status === 401 || status === 403 || status === 404 || status === 410) return miss("expired", detail)
  // new-api's content endpoint says 400 "Task is not completed yet" where its own table lags behind.
  const later = status === 408 || status === 425 || status === 429 || status >= 500 || (kind === "content" && status === 400)
  return miss(later ? "again" : "never", detail)
}

const inline = (url: string): Effect.Effect<Found, Miss> => {
  const [, type, data = ""] = /^data:([^;,]+)[^,]*;base64,(.*)$/su.exec(url) ?? []
  const bytes = type === undefined ? undefined : Result.getOrUndefined(Base64.decode(data))
  return bytes === undefined
    ? miss("never", "the data: URL holds no base64")
    : Effect.succeed({ length: bytes.byteLength, type, bytes: Stream.succeed(bytes) })
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

const linksIn = (json: unknown): ReadonlyArray<Artifact> => {
  const at = (...path: ReadonlyArray<string>): string | undefined => {
    const value = path.reduce<unknown>(
      (from, name) => (typeof from === "object" && from !== null ? Reflect.get(from, name) : undefined),
      json
    )
    return typeof value === "string" ? value : undefined
  }
  return links(at("url"), at("video_url"), at("output", "url"), at("video", "url"), at("detail", "url"), at("data", "url")).filter(
    ({ url }) => !url.startsWith("/")
  )
}

const broken = (error: HttpClientError.HttpClientError, url: string): Miss => {
  const cause = "cause" in error.reason && error.reason.cause instanceof Error ? `: ${error.reason.cause.message}` : ""
  return missOf("again", `${where(url)} broke off (${error.reason._tag}${cause})`)
}

/** Scheme, host and path: what may be signed is in the query. */
const where = (url: string): string => (URL.canParse(url) ? `${new URL(url).origin}${new URL(url).pathname}` : "the link")
