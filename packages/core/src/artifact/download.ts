/** Fetches one candidate for the finished file: what its answer brings, or why it brings nothing. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Stream from "effect/Stream"
import type { Artifact } from "../job/Reading.ts"
import { untraced } from "../transport/untraced.ts"
import { retryAfter } from "../transport/retryAfter.ts"
import { contentOf } from "./dataUrl.ts"
import { type Miss, miss, missOf, where } from "./miss.ts"
import { asking, isPlain, type Mark, type Part, rest, typeOf, validatorOf, whole } from "./range.ts"
import { type Answer, beginningOf, flowOf, request, type Source } from "./request.ts"
import { saidIn } from "./words.ts"

/** An answer that may be a video, or the rest of one. Its bytes decide. */
export interface Found {
  readonly part: Part
  /** Present if the download can be resumed after an interruption. */
  readonly validator: string | undefined
  /** Whether the answer says that it is compressed; some transports decompress by themselves, and others do not. */
  readonly plain: boolean
  readonly bytes: Stream.Stream<Uint8Array, Miss>
  /** How errors name the place. */
  readonly place: string
  /** The final URL, from which a relative link is resolved. */
  readonly url: string
  /** The content type, which decides only on bytes of an unknown kind. */
  readonly type: string | undefined
  readonly retryAfter: number | undefined
}

/** Opens one candidate, or the rest of it from `mark` on. */
export const open = (source: Source, artifact: Artifact, mark: Mark | undefined): Effect.Effect<Found, Miss, HttpClient.HttpClient> =>
  untraced(opened(source, artifact, mark))

const opened = Effect.fnUntraced(function* (
  source: Source,
  artifact: Artifact,
  mark: Mark | undefined
): Effect.fn.Return<Found, Miss, HttpClient.HttpClient> {
  if (/^data:/iu.test(artifact.url)) return yield* inline(artifact.url)
  const answer = yield* request(source, artifact.url, mark === undefined ? {} : asking(mark))
  const { headers, status } = answer.response
  const asked = retryAfter(headers, yield* Clock.currentTimeMillis)
  const found = {
    bytes: flowOf(answer),
    place: where(answer.url.href),
    url: answer.url.href,
    type: typeOf(headers),
    retryAfter: asked
  }
  // Only a whole shows by its bytes what it is: a rest that says it is a page is not trusted.
  const isPage = /json$|xml$|html/u.test(found.type ?? "")
  const part = mark !== undefined && status === 206 && !isPage ? rest(mark, headers) : undefined
  if (mark !== undefined && part !== undefined) return { ...found, part, validator: mark.validator, plain: true }
  if (status === 200) return { ...found, part: whole(headers), validator: validatorOf(headers), plain: isPlain(headers) }
  const text = yield* beginningOf(answer.response)
  // It does not continue the download, so the whole is requested.
  if (mark !== undefined && (status === 416 || status === 206)) return yield* opened(source, artifact, undefined)
  return yield* Effect.fail({ ...refused(answer, artifact, new URL(source.provider.baseUrl).origin, text), retryAfter: asked })
})

/** What an answer outside 200 means, by its words first: a gateway may say "not ready yet" with any status (F14). */
export const refused = ({ response: { status }, url }: Answer, { kind }: Artifact, ownOrigin: string, text: string): Miss => {
  const { isNotReady, what, words } = saidIn(text)
  const detail = `${where(url.href)} answered with HTTP ${status}${words === "" ? "" : `, "${words}"`}`
  if (isNotReady || waiting.has(status)) return missOf("later", detail)
  if (expired.has(status)) return missOf("expired", detail)
  // new-api's content endpoint answers 400 if its own table lags behind, and its children do so in words of their own. A page is not the API's.
  const isOwn = (kind === "content" || url.origin === ownOrigin) && what !== "a page"
  const again = status === 408 || status === 429 || status >= 500 || (isOwn && (status === 400 || status === 423))
  return missOf(again ? "again" : "never", detail)
}

/** Accepted, no content yet, a conflict with the work in progress, too early. */
const waiting = new Set([202, 204, 409, 425])

const expired = new Set([401, 403, 404, 410])

export const inline = (url: string): Effect.Effect<Found, Miss> => {
  const bytes = contentOf(url)
  if (bytes === undefined) return miss("never", "the data: URL can't be read: it is neither base64 nor percent-encoded")
  const part = { from: 0, to: bytes.byteLength, total: bytes.byteLength }
  const type = /^data:([^;,]*)/iu.exec(url)?.[1]?.trim().toLowerCase()
  const place = "the data: URL"
  return Effect.succeed({ part, validator: undefined, plain: true, bytes: Stream.succeed(bytes), place, url, type, retryAfter: undefined })
}
