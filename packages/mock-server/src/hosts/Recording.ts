/**
 * Records what a client and a real provider say to each other, without its secrets, and says it again.
 *
 * `record` and `replay` are pure. `recorder` and `player` are the same as a function from Request to Response; `reelay-mock record` and
 * `reelay-mock replay` have them on a port.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { isRecord } from "../base/Rules.ts"
import type { Provider } from "../provider/Provider.ts"
import { distance } from "../serve/nearest.ts"
import { anonymous, type Redactor, redactor, type Secrets } from "../serve/redact.ts"
import { methodsOf, routeOf } from "../serve/route.ts"

const Millis = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
const HeaderFields = Schema.Record(Schema.String, Schema.String)

/**
 * Schema for a file that was sent: how long it is, in bytes, and what it is by its content type and its SHA-256 in hexadecimal digits.
 *
 * @category schemas
 * @since 0.1.0
 */
export const File = Schema.Struct({
  type: Schema.String,
  size: Schema.Int,
  sha256: Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))
})
/** @category models */
export type File = typeof File.Type

/**
 * Schema for a body: as JSON if it is JSON, else as the fields of a form, as text, or as a file of which the bytes are elsewhere.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Body = Schema.Union([
  Schema.Struct({ json: Schema.Unknown }),
  Schema.Struct({ form: Schema.Array(Schema.Struct({ name: Schema.String, value: Schema.Union([Schema.String, File]) })) }),
  Schema.Struct({ text: Schema.String }),
  Schema.Struct({ file: File })
])
/** @category models */
export type Body = typeof Body.Type

/**
 * Schema for a request: `path` is what stands below the provider's base URL, with its query. Without a `body` there was none.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Asked = Schema.Struct({
  method: Schema.String,
  path: Schema.String,
  headers: HeaderFields,
  body: Schema.optionalKey(Body)
})
/** @category models */
export type Asked = typeof Asked.Type

/**
 * Schema for an answer.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Answered = Schema.Struct({
  status: Schema.Int.check(Schema.isBetween({ minimum: 200, maximum: 599 })),
  headers: HeaderFields,
  body: Schema.optionalKey(Body)
})
/** @category models */
export type Answered = typeof Answered.Type

/**
 * Schema for a request and its answer. `at`: when it was asked, in milliseconds, of a recording since its first request; `took`: milliseconds
 * until its answer was there.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Exchange = Schema.Struct({ at: Millis, took: Millis, request: Asked, answer: Answered })
/** @category models */
export type Exchange = typeof Exchange.Type

/**
 * Schema for a recording: what the file of `reelay-mock record` holds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Recording = Schema.Struct({
  version: Schema.Literal(1),
  /** The provider's name. */
  provider: Schema.String,
  /** The base URL of whoever answered. */
  upstream: Schema.String,
  exchanges: Schema.Array(Exchange)
})
/** @category models */
export type Recording = typeof Recording.Type

/**
 * Why nothing is recorded or replayed.
 *
 * @category errors
 * @since 0.1.0
 */
export class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

/**
 * A recording that goes on, with the secrets that were left out of it. They are in no file.
 *
 * @category models
 * @since 0.1.0
 */
export interface Session {
  readonly recording: Recording
  readonly secrets: Secrets
  /** When its first request was asked: milliseconds since the epoch. */
  readonly startedAt?: number
}

/**
 * A recording of nothing yet.
 *
 * @category constructors
 * @since 0.1.0
 */
export const empty = (provider: string, upstream: string): Session => ({
  recording: { version: 1, provider, upstream, exchanges: [] },
  secrets: new Map()
})

const redactedBody = (by: Redactor, body: Body): Body => {
  if ("json" in body) return { json: by.json(body.json) }
  if ("text" in body) return { text: by.text(body.text) }
  if ("file" in body) return body
  return {
    form: body.form.map(({ name, value }) => ({ name: by.text(name), value: typeof value === "string" ? by.field(name, value) : value }))
  }
}

const redactedRequest = (by: Redactor, { body, headers, method, path }: Asked): Asked => {
  // The headers first: what is secret there may stand in the path and the body, too.
  const kept = by.headers(headers)
  return { method, path: by.text(path), headers: kept, ...(body === undefined ? {} : { body: redactedBody(by, body) }) }
}

const redactedExchange = (by: Redactor, { answer, request, ...times }: Exchange): Exchange => {
  const { body, headers, status } = answer
  const asked = redactedRequest(by, request)
  const kept = by.headers(headers)
  return { ...times, request: asked, answer: { status, headers: kept, ...(body === undefined ? {} : { body: redactedBody(by, body) }) } }
}

/**
 * Adds an exchange as it was, its `at` in milliseconds since the epoch, and leaves its secrets out: keys, cookies, headers that name an
 * account, and what stands in the query of a URL, but for the time at which it expires. Each has a placeholder, `redacted-1`, which is the same
 * wherever it stands. Of the headers only those that matter to a client are kept.
 *
 * @category combinators
 * @since 0.1.0
 */
export const record = ({ recording, secrets, startedAt }: Session, exchange: Exchange): Session => {
  const since = startedAt ?? exchange.at
  const by = redactor(secrets)
  const added = redactedExchange(by, { ...exchange, at: Math.max(0, exchange.at - since) })
  const found = new Map(Array.from(by.secrets()).filter(([secret, { isAnywhere }]) => secrets.get(secret)?.isAnywhere !== isAnywhere))
  const { exchanges } = recording
  // What was found out to be secret at its end may stand at its beginning, and in earlier exchanges. These know the older secrets already.
  const hushed =
    found.size === 0
      ? [...exchanges, added]
      : [...exchanges.map((one) => redactedExchange(redactor(found), one)), redactedExchange(by, added)]
  return { recording: { ...recording, exchanges: hushed }, secrets: by.secrets(), startedAt: since }
}

/**
 * Reads a recording from the JSON of its file, or says what is wrong with it.
 *
 * @category converting
 * @since 0.1.0
 */
export const fromJson = (json: unknown): Result.Result<Recording, Refused> =>
  Result.mapError(decode(json), (issue) => new Refused({ message: `This isn't a recording: ${String(issue)}` }))

const decode = Schema.decodeUnknownResult(Recording)

/**
 * How often each request of a recording was answered.
 *
 * @category models
 * @since 0.1.0
 */
export type Played = ReadonlyMap<string, number>

/**
 * What a recording has for a request: the recorded answer, or none, and the recorded request that is nearest to it.
 *
 * @category models
 * @since 0.1.0
 */
export type Replayed =
  | { readonly _tag: "Found"; readonly answer: Answered; readonly played: Played }
  | { readonly _tag: "NotRecorded"; readonly nearest: Nearest | undefined }

/**
 * A request that was recorded, and what of another differs from it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Nearest {
  readonly method: string
  readonly path: string
  readonly differs: string
}

/** JSON with its fields in one order. */
const ordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(ordered)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, inner]) => [name, ordered(inner)])
  )
}

/** All by which a request is told from another. The key is none of it: a replay takes any. */
const identity = ({ body, headers, method, path }: Asked): string =>
  anonymous(JSON.stringify([method, path, headers["range"] ?? "", ordered(body) ?? null]))

const fieldsOf = (body: Body | undefined): Readonly<Record<string, unknown>> => {
  if (body === undefined) return {}
  if ("json" in body) return isRecord(body.json) ? body.json : { body: body.json }
  if ("form" in body) return Object.fromEntries(body.form.map(({ name, value }) => [name, value]))
  return { ...body }
}

/** A value as text, to compare it by. */
const plain = (value: unknown): string => (value === undefined ? "" : anonymous(JSON.stringify(ordered(value))))

const whatDiffers = (recorded: Asked, asked: Asked): string => {
  if (recorded.method !== asked.method) return `its method is ${recorded.method}, not ${asked.method}`
  if (anonymous(recorded.path) !== anonymous(asked.path)) return "its path differs"
  if ((recorded.headers["range"] ?? "") !== (asked.headers["range"] ?? "")) {
    return `its range is ${recorded.headers["range"] ?? "the whole"}, not ${asked.headers["range"] ?? "the whole"}`
  }
  const [had, has] = [fieldsOf(recorded.body), fieldsOf(asked.body)]
  const names = [...new Set([...Object.keys(had), ...Object.keys(has)])].filter((name) => plain(had[name]) !== plain(has[name]))
  return `its body differs${names.length === 0 ? "" : ` in ${names.map((name) => `"${name}"`).join(", ")}`}`
}

const nearestOf = (recording: Recording, asked: Asked): Nearest | undefined => {
  const scoreOf = ({ body, method, path }: Asked): number => {
    const [one, other] = [plain(body), plain(asked.body)]
    const bodies = one === other ? 0 : distance(one.slice(0, 200), other.slice(0, 200)) / 1000 + 0.001
    return distance(path.slice(0, 200), asked.path.slice(0, 200)) + (method === asked.method ? 0 : 2) + bodies
  }
  const [first] = recording.exchanges
    .map(({ request }) => ({ request, score: scoreOf(request) }))
    .toSorted((one, other) => one.score - other.score)
  if (first === undefined) return undefined
  const { method, path } = first.request
  return { method, path, differs: whatDiffers(first.request, asked) }
}

/**
 * Answers a request as it was answered: the first time with the first answer that it had, then with the next one, and beyond the last with the
 * last one again. A request is the same if method, path, query, range and body are, secrets aside.
 *
 * @category combinators
 * @since 0.1.0
 */
export const replay = (recording: Recording, played: Played, request: Asked): Replayed => {
  const asked = redactedRequest(redactor(new Map()), request)
  const wanted = identity(asked)
  const answers = recording.exchanges.filter((one) => identity(one.request) === wanted)
  const times = played.get(wanted) ?? 0
  const found = answers[Math.min(times, answers.length - 1)]
  if (found === undefined) return { _tag: "NotRecorded", nearest: nearestOf(recording, asked) }
  return { _tag: "Found", answer: found.answer, played: new Map(played).set(wanted, times + 1) }
}

/** The SHA-256 of bytes in hexadecimal digits. */
const digest = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("")

const fileOf = async (bytes: Uint8Array<ArrayBuffer>, type: string): Promise<File> => ({
  type,
  size: bytes.byteLength,
  sha256: await digest(bytes)
})

const formOf = async (bytes: Uint8Array<ArrayBuffer>, type: string): Promise<Body> => {
  const form = await new Response(bytes, { headers: { "content-type": type } }).formData()
  const fields = Array.from(form).map(async ([name, value]) => ({
    name,
    value: typeof value === "string" ? value : await fileOf(new Uint8Array(await value.arrayBuffer()), value.type)
  }))
  return { form: await Promise.all(fields) }
}

/** Whether JSON.parse would change a number: ids may have more digits than a number holds. */
const hasHugeNumber = (text: string): boolean =>
  Array.from(text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').matchAll(/-?\d+(?![\d.eE])/g)).some(
    ([digits]) => !Number.isSafeInteger(Number(digits))
  )

const jsonOf = (text: string): Body | undefined => {
  try {
    return hasHugeNumber(text) ? undefined : { json: JSON.parse(text) }
  } catch {
    return undefined
  }
}

const isBinary = (essence: string): boolean => /^(?:video|image|audio|font)\/|^application\/(?:octet-stream|zip|pdf)$/.test(essence)

/**
 * A body as a recording has it; `undefined` if there are no bytes.
 *
 * @category converting
 * @since 0.1.0
 */
export const bodyOf = async (bytes: Uint8Array<ArrayBuffer>, contentType: string): Promise<Body | undefined> => {
  if (bytes.byteLength === 0) return undefined
  const essence = contentType.split(";")[0]?.trim().toLowerCase() ?? ""
  if (isBinary(essence)) return { file: await fileOf(bytes, contentType) }
  try {
    if (essence === "multipart/form-data" || essence === "application/x-www-form-urlencoded") return await formOf(bytes, contentType)
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
    return jsonOf(text) ?? { text }
  } catch {
    return { file: await fileOf(bytes, contentType) }
  }
}

/** Below the provider's name, what its base URL is followed by; `undefined` if it is none of its paths. */
const pathBelow = (provider: Provider, { method, url }: Request): string | undefined => {
  const { pathname, search } = new URL(url)
  const route = routeOf([provider], pathname)
  if (route._tag === "unknown" || route._tag === "file") return undefined
  return methodsOf(route).includes(method) ? pathname.slice(provider.name.length + 1) + search : undefined
}

const refusal = (status: number, error: string, more: object = {}): Response => Response.json({ error, ...more }, { status })

/**
 * @category models
 * @since 0.1.0
 */
export interface RecorderOptions {
  readonly provider: Provider
  /** The real base URL, as a client would have it: `https://api.x.ai`. Plain http only to this machine. */
  readonly upstream: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch
  /**
   * Called after each exchange, with all that is recorded; the answer waits for it, and is passed on even if it fails. `files`: the bytes of
   * the file that came, by its SHA-256.
   */
  readonly onExchange?: (recording: Recording, files: ReadonlyMap<string, Uint8Array>) => Promise<void> | void
}

/**
 * A recorder, and what it has recorded.
 *
 * @category models
 * @since 0.1.0
 */
export interface Recorder {
  /** Forwards a request below `/<provider>` and answers as the upstream does. It never rejects. */
  readonly handle: (request: Request) => Promise<Response>
  readonly recording: Recording
}

const isLocal = ({ hostname }: URL): boolean => hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname)

const upstreamOf = (text: string): URL | Refused => {
  const url = URL.parse(text)
  const refuse = (message: string) => new Refused({ message })
  if (url === null || !/^https?:$/.test(url.protocol)) return refuse("The upstream must be an http or https URL, as https://api.x.ai.")
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return refuse("The upstream must have no user, password, query or fragment.")
  }
  if (url.protocol === "http:" && !isLocal(url)) return refuse("The key would travel in the clear: use an https URL for the upstream.")
  return url
}

/** Headers of one connection (RFC 9110, 7.6.1), and those that another sender or another body has its own of. */
const hops = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade"
])

const passedOn = (headers: Headers): Headers => {
  const named = new Set((headers.get("connection") ?? "").split(",").map((name) => name.trim().toLowerCase()))
  return new Headers(Array.from(headers).filter(([name]) => !hops.has(name) && !named.has(name)))
}

/** Cookies stand in lines of their own, and are joined as other headers are. */
const fieldsIn = (headers: Headers): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from(headers.keys(), (name) => [name, headers.get(name) ?? ""]))

/**
 * Passes requests on to a real provider, with the client's key, and records them. What is not one of the provider's paths is refused with 404
 * and not passed on; a redirect is passed on and not followed; nothing is sent twice. Bodies are held whole. If no answer comes there is a 502,
 * and nothing is recorded.
 *
 * **Example** (A recording of the mock)
 *
 * ```ts
 * import { Mock } from "@reelay/mock-server"
 * import { builtIn } from "@reelay/mock-server/providers"
 * import * as Recording from "@reelay/mock-server/Recording"
 * import * as Result from "effect/Result"
 *
 * const now = () => Date.now()
 * const fetch = Mock.fetchOf(Mock.make({ now }))
 * const recorder = Result.getOrThrow(Recording.recorder({ provider: builtIn.xai, upstream: "http://127.0.0.1:8787/xai", now, fetch }))
 * await recorder.handle(new Request("http://proxy/xai/v1/videos/unknown", { headers: { authorization: "Bearer key" } }))
 * console.log(recorder.recording.exchanges[0]?.answer.status) // 404
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const recorder = (options: RecorderOptions): Result.Result<Recorder, Refused> => {
  const { fetch = globalThis.fetch, now, onExchange, provider } = options
  const upstream = upstreamOf(options.upstream)
  if (upstream instanceof Refused) return Result.fail(upstream)
  const base = upstream.href.replace(/\/+$/, "")
  let session = empty(provider.name, base)

  const forward = async (request: Request, path: string): Promise<Response> => {
    const at = now()
    const { method } = request
    const target = new URL(base + path)
    // Paths are the provider's by now; a key is not left to that alone.
    if (target.origin !== upstream.origin) return refusal(404, `This is not at ${upstream.host}.`)
    const bytes = new Uint8Array(await request.arrayBuffer())
    const headers = passedOn(request.headers)
    const told = fieldsIn(headers)
    // Bytes are recorded and passed on as they are meant.
    headers.set("accept-encoding", "identity")
    const init = {
      method,
      headers,
      redirect: "manual",
      signal: request.signal,
      ...(bytes.byteLength === 0 ? {} : { body: bytes })
    } as const
    const response = await fetch(target, init)
    const said = new Uint8Array(await response.arrayBuffer())
    const asked = await bodyOf(bytes, request.headers.get("content-type") ?? "")
    const answered = await bodyOf(said, response.headers.get("content-type") ?? "")
    const { status } = response
    const passed = passedOn(response.headers)
    const length = response.headers.get("content-length")
    // Of a file that was only asked about, the length is the answer.
    if (method === "HEAD" && length !== null) passed.set("content-length", length)
    session = record(session, {
      at,
      took: Math.max(0, now() - at),
      request: { method, path, headers: told, ...(asked === undefined ? {} : { body: asked }) },
      answer: { status, headers: fieldsIn(passed), ...(answered === undefined ? {} : { body: answered }) }
    })
    const files = answered !== undefined && "file" in answered ? [[answered.file.sha256, said] as const] : []
    try {
      await onExchange?.(session.recording, new Map(files))
    } catch {
      // What came is paid for: the client gets it, whatever becomes of the record.
    }
    return new Response(said.byteLength === 0 ? null : said, { status, headers: passed })
  }

  return Result.succeed({
    handle: async (request) => {
      const path = pathBelow(provider, request)
      if (path === undefined) {
        return refusal(
          404,
          `This is none of ${provider.name}'s requests, and was not passed on. They are below /${provider.name}, as the README has them.`
        )
      }
      try {
        return await forward(request, path)
      } catch (cause) {
        const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : ""
        const why = inner === "" ? "the connection broke" : inner
        return refusal(502, `No answer of ${upstream.host} was recorded: ${why}. What was asked may have been done, and be billed.`)
      }
    },
    get recording() {
      return session.recording
    }
  })
}

/**
 * @category models
 * @since 0.1.0
 */
export interface PlayerOptions {
  /** The bytes of a file by its SHA-256; `undefined` if they were not kept. */
  readonly bytesOf?: (sha256: string) => Promise<Uint8Array<ArrayBuffer> | undefined>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Player {
  /** Answers a request below `/<provider>` as it was answered. It never rejects, and asks no network. */
  readonly handle: (request: Request) => Promise<Response>
}

/** A Response has a content type of its own for text; the recorded one is meant. */
const encoder = new TextEncoder()

const replies = async ({ body, headers, status }: Answered, bytesOf: PlayerOptions["bytesOf"]): Promise<Response> => {
  if (body === undefined) return new Response(null, { status, headers })
  if ("json" in body) return new Response(encoder.encode(JSON.stringify(body.json)), { status, headers })
  if ("text" in body) return new Response(encoder.encode(body.text), { status, headers })
  const bytes = "file" in body ? await bytesOf?.(body.file.sha256) : undefined
  if (bytes !== undefined) return new Response(bytes, { status, headers })
  return refusal(501, "The bytes of this answer were not recorded: record it again with --files.")
}

/**
 * Answers as a recording has it: see `replay`. It needs no key, and takes any. A request that was not recorded is a 404 that names the recorded
 * one that is nearest.
 *
 * @category constructors
 * @since 0.1.0
 */
export const player = (recording: Recording, { bytesOf }: PlayerOptions = {}): Player => {
  let played: Played = new Map()
  const { provider } = recording
  return {
    handle: async (request) => {
      const { pathname, search } = new URL(request.url)
      const { method } = request
      if (!pathname.startsWith(`/${provider}/`)) {
        return refusal(404, `This is a recording of ${provider}: its base URL ends with /${provider}.`)
      }
      try {
        const body = await bodyOf(new Uint8Array(await request.arrayBuffer()), request.headers.get("content-type") ?? "")
        const path = pathname.slice(provider.length + 1) + search
        const headers = fieldsIn(request.headers)
        const said = replay(recording, played, { method, path, headers, ...(body === undefined ? {} : { body }) })
        if (said._tag === "Found") {
          played = said.played
          return await replies(said.answer, bytesOf)
        }
        const { nearest } = said
        const near = nearest === undefined ? "Nothing was." : `Nearest is ${nearest.method} ${nearest.path}: ${nearest.differs}.`
        return refusal(404, `${method} ${anonymous(pathname)} was not recorded as it is. ${near}`, nearest === undefined ? {} : { nearest })
      } catch {
        return refusal(400, "The request ended early.")
      }
    }
  }
}
