/**
 * Reading a vendor's words: tables of what they document, and the one interpreter that looks things up in them.
 *
 * A provider states its words, its fields and its oddities as data; how an answer becomes a `Reading` is written here once.
 * Importing this module costs `effect/Schema`, about 22 KB (gzip).
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Answer, Artifact, Reading, Receipt, Telling } from "./Reading.ts"
import { excerpt, parseJson, present } from "./Text.ts"

/** @category models */
export type Kind = "queued" | "running" | "succeeded" | "failed" | "expired" | "cancelled"

/**
 * The vendor's documented status words, in the document's order, and the kind of each.
 *
 * @category models
 * @since 0.1.0
 */
export type Words = { readonly [word: string]: Kind }

/**
 * What a payload of each kind says about its job.
 *
 * @category models
 * @since 0.1.0
 */
export type Readers<Payload> = { readonly [K in Kind]: (payload: Payload) => Telling }

/**
 * An answer, taken apart once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Seen {
  readonly answer: Answer
  /** The body as JSON; `undefined` where it is none. */
  readonly json: unknown
  readonly error: ErrorBody
}

/**
 * What an error body said, whichever of the known shapes it had.
 *
 * @category models
 * @since 0.1.0
 */
export interface ErrorBody {
  readonly code?: string | undefined
  readonly message?: string | undefined
}

/**
 * A documented answer that the general rules would read otherwise: by status and, where given, error code. A row that finds
 * itself not meant answers `undefined`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Row<Out> {
  readonly status: number
  readonly code?: string | undefined
  readonly read: (seen: Seen) => Out | undefined
}

/**
 * Status words that gateways were seen to use in place of the documented ones. Evidence: observed.
 *
 * Sources: new-api's Sora and xAI adaptors, ArcReel's synonym table, vercel/ai's provider models, fal, Kling, MiniMax, BFL.
 *
 * @category constants
 * @since 0.1.0
 */
export const synonyms: Words = {
  queued: "queued",
  queueing: "queued",
  queuing: "queued",
  in_queue: "queued",
  pending: "queued",
  submitted: "queued",
  created: "queued",
  not_start: "queued",
  notstarted: "queued",
  preparing: "queued",
  starting: "queued",
  waiting: "queued",
  wait: "queued",
  unknown: "queued",
  in_progress: "running",
  inprogress: "running",
  processing: "running",
  running: "running",
  generating: "running",
  dreaming: "running",
  completed: "succeeded",
  complete: "succeeded",
  succeeded: "succeeded",
  succeed: "succeeded",
  success: "succeeded",
  done: "succeeded",
  finished: "succeeded",
  ready: "succeeded",
  failed: "failed",
  failure: "failed",
  fail: "failed",
  error: "failed",
  rejected: "failed",
  nsfw: "failed",
  request_moderated: "failed",
  content_moderated: "failed",
  task_not_found: "failed",
  cancelled: "cancelled",
  canceled: "cancelled",
  aborted: "cancelled",
  expired: "expired"
}

// A Map, since on a plain object the word "constructor" finds a function.
const observed = new Map(Object.entries(synonyms))

/**
 * A word as the tables have it: trimmed, in lower case, with `_` between its parts.
 *
 * @category converting
 * @since 0.1.0
 */
export const normalised = (word: string): string =>
  word
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_-]+/gu, "_")

/**
 * Makes the lookup of a status word: the vendor's own table first, then the synonyms.
 *
 * @category constructors
 * @since 0.1.0
 */
export const lookup = (words: Words): ((word: string) => Kind | undefined) => {
  const documented = new Map(Object.entries(words).map(([word, kind]) => [normalised(word), kind]))
  return (word) => documented.get(normalised(word)) ?? observed.get(normalised(word))
}

/**
 * Makes a provider's `interpret` for payloads with one status word. Total: any answer gives a reading.
 *
 * `schema` decodes the fields that the readers want; a payload that it refuses is unreadable. `word` finds the status in it:
 * `undefined` means that the payload has none, which `unsaid` reads.
 *
 * @category constructors
 * @since 0.1.0
 */
export const interpreter = <Payload, Encoded>(options: {
  readonly schema: Schema.Codec<Payload, Encoded>
  readonly word: (payload: Payload) => string | undefined
  readonly words: Words
  readonly read: Readers<Payload>
  readonly rows?: ReadonlyArray<Row<Reading>> | undefined
  /** A documented payload without a status. Absent: such a payload is unreadable. */
  readonly unsaid?: ((payload: Payload) => Reading | undefined) | undefined
}): ((answer: Answer) => Reading) => {
  const kindOf = lookup(options.words)
  return reader(options.schema, options.rows, (payload) => {
    const word = options.word(payload)
    if (word === undefined) return options.unsaid?.(payload)
    const kind = kindOf(word)
    return kind === undefined ? { _tag: "Unrecognised", word: excerpt(word) } : knowing(word, options.read[kind](payload))
  })
}

/**
 * Makes an `interpret` from a function over decoded payloads: for wire formats with more than one status word.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reader = <Payload, Encoded>(
  schema: Schema.Codec<Payload, Encoded>,
  rows: ReadonlyArray<Row<Reading>> | undefined,
  read: (payload: Payload) => Reading | undefined
): ((answer: Answer) => Reading) => {
  const decode = Schema.decodeUnknownOption(schema)
  return (answer) => {
    const seen = see(answer)
    const documented = match(rows, seen)
    if (documented !== undefined) return documented
    if (isMarkup(seen)) return page(answer)
    if (normalised(seen.error.code ?? "") === "task_not_exist") return { _tag: "NotFound", detail: "the provider says task_not_exist" }
    if (!isOk(answer)) return byStatus(seen)
    if (seen.json === undefined) return unreadable(answer.body.trim() === "" ? "an empty body" : excerpt(answer.body))
    const payload = Option.getOrUndefined(decode(seen.json))
    return (payload === undefined ? undefined : read(payload)) ?? unreadable(excerpt(answer.body))
  }
}

/**
 * Makes a provider's `receive`. Total: any answer gives a receipt.
 *
 * `id` finds the job's id in a JSON body of a 2xx answer.
 *
 * @category constructors
 * @since 0.1.0
 */
export const receiver = (options: {
  readonly id: (json: unknown) => string | undefined
  readonly rows?: ReadonlyArray<Row<Receipt>> | undefined
}): ((answer: Answer) => Receipt) => {
  return (answer) => {
    const seen = see(answer)
    const { status } = answer
    const documented = match(options.rows, seen)
    if (documented !== undefined) return documented
    const message = seen.error.message ?? excerpt(answer.body)
    if (status === 429) return { _tag: "Busy", status, message }
    const unclear = (detail: string): Receipt => ({ _tag: "Unclear", status, detail })
    if (isMarkup(seen)) return unclear(`HTTP ${status} with a page instead of JSON: ${excerpt(answer.body)}`)
    if (isOk(answer)) {
      const id = seen.json === undefined ? undefined : options.id(seen.json)
      return id === undefined ? unclear(`HTTP ${status} without a job id: ${excerpt(answer.body)}`) : { _tag: "Accepted", id }
    }
    // 408: the server gave up on reading, or a proxy gave up on the server; nobody knows which.
    if (status < 400 || status > 499 || status === 408) return unclear(`HTTP ${status}: ${message}`)
    const reason = status === 401 || status === 403 ? "Unauthorized" : status === 402 ? "PaymentRequired" : "SubmitRejected"
    return { _tag: "Declined", reason, status, code: seen.error.code, message }
  }
}

/**
 * Finds a job id under the first of the given names that holds one: a text or a whole number, at most 512 characters.
 *
 * @category getters
 * @since 0.1.0
 */
export const idAt = (json: unknown, ...names: ReadonlyArray<string>): string | undefined => {
  for (const name of names) {
    const id = present(at(json, name))
    if (id !== undefined && /^[\x21-\x7e]{1,512}$/u.test(id)) return id
  }
  return undefined
}

/**
 * A wire field that can't sink a payload: missing, null or of another type, it reads as missing.
 *
 * Without this `"actualDuration": "n/a"` would turn a finished and paid job into missed looks.
 *
 * @category schemas
 * @since 0.1.0
 */
export const told = <S extends Schema.Constraint>(schema: S) =>
  Schema.optionalKey(Schema.catchDecoding<S>(() => Effect.succeedNone)(schema))

/**
 * Candidates for the finished file, in the given order and without repeats. What is no URL is left out: some gateways put
 * the text of a failure where a URL stands (new-api's `result_url`).
 *
 * @category getters
 * @since 0.1.0
 */
export const links = (...candidates: ReadonlyArray<string | undefined>): ReadonlyArray<Artifact> => {
  const urls = candidates.map((candidate) => candidate?.trim() ?? "").filter(isLink)
  return [...new Set(urls)].map((url) => ({ url, kind: "link" }))
}

const isLink = (text: string): boolean =>
  /^https?:\/\/\S+$/iu.test(text) ? URL.canParse(text) : /^data:(video\/|application\/octet-stream)/iu.test(text) || isPath(text)

/** A path from the root. A second slash would lead to another host, and so does a backslash, which a URL takes for a slash. */
const isPath = (text: string): boolean => /^\/[^/\\\s][^\\\s]*$/u.test(text) && URL.canParse(text, "https://example.com")

/**
 * A number, also where it is written as a text: `6`, `"6"`, `"10.0"`.
 *
 * @category converting
 * @since 0.1.0
 */
export const numeric = (value: unknown): number | undefined => {
  const text = present(value)
  const number = text === undefined || !/^-?\d+(\.\d+)?$/u.test(text) ? Number.NaN : Number(text)
  return Number.isFinite(number) ? number : undefined
}

/**
 * A fraction from 0 to 1, of a percentage as number or text: `42`, `"42"`, `"42%"`.
 *
 * @category converting
 * @since 0.1.0
 */
export const fraction = (percentage: unknown): number | undefined => {
  const number = numeric(typeof percentage === "string" ? percentage.replace(/%\s*$/u, "") : percentage)
  return number === undefined ? undefined : Math.min(1, Math.max(0, number / 100))
}

/**
 * Seconds of a video: a number above 0, also as text.
 *
 * @category converting
 * @since 0.1.0
 */
export const positive = (value: unknown): number | undefined => {
  const number = numeric(value)
  return number !== undefined && number > 0 ? number : undefined
}

/**
 * Reads the known shapes of an error: a text; `{ code, message }` with a text or number as code; `{ error: text, code }`;
 * `{ error: { ... } }`; `{ detail: text or [{ msg }] }`. Empty texts are absence.
 *
 * @category converting
 * @since 0.1.0
 */
export const errorOf = (value: unknown): ErrorBody => errorAt(value, 2)

/** `depth` levels of `error` inside `error`: a body may nest a hundred thousand. */
const errorAt = (value: unknown, depth: number): ErrorBody => {
  if (typeof value === "string") return { message: shown(value) }
  const error = at(value, "error")
  const inner: ErrorBody = typeof error === "object" && depth > 0 ? errorAt(error, depth - 1) : { message: shown(error) }
  const detail = at(value, "detail")
  const first: unknown = Array.isArray(detail) ? detail[0] : undefined
  return {
    code: inner.code ?? present(at(value, "code")) ?? present(at(value, "type")),
    message: inner.message ?? shown(at(value, "message")) ?? shown(detail) ?? shown(at(first, "msg"))
  }
}

/**
 * Tells whether words speak of a content filter. It decides nothing but the `moderated` of a failure.
 *
 * @category guards
 * @since 0.1.0
 */
export const speaksOfModeration = (...words: ReadonlyArray<string | undefined>): boolean =>
  words.some((text) => text !== undefined && /moderat|nsfw|safety|content[ _-]*(polic|filter|violat)|violat\w* .*polic/iu.test(text))

/**
 * A reading that also knows its status word: some words ("nsfw") say that a content filter said no.
 *
 * @category combinators
 * @since 0.1.0
 */
export const knowing = (word: string | undefined, reading: Telling): Telling =>
  reading._tag === "Failed" && speaksOfModeration(word) ? { ...reading, failure: { ...reading.failure, moderated: true } } : reading

/** @category guards */
export const isOk = ({ status }: Answer): boolean => status >= 200 && status <= 299

const see = (answer: Answer): Seen => {
  const value = parseJson(answer.body)
  return { answer, json: value, error: errorOf(value) }
}

const match = <Out>(rows: ReadonlyArray<Row<Out>> | undefined, seen: Seen): Out | undefined => {
  for (const row of rows ?? []) {
    const meant = row.status === seen.answer.status && (row.code === undefined || row.code === seen.error.code)
    const out = meant ? row.read(seen) : undefined
    if (out !== undefined) return out
  }
  return undefined
}

/** HTML, or XML as object stores answer: a page of some proxy, whatever its status says. */
const isMarkup = ({ answer, json }: Seen): boolean =>
  json === undefined && (/\bhtml\b/iu.test(answer.headers["content-type"] ?? "") || answer.body.trimStart().startsWith("<"))

const unreadable = (detail: string): Reading => ({ _tag: "Missed", because: "unreadable", detail })

const page = ({ body, status }: Answer): Reading => ({
  _tag: "Missed",
  because: status === 429 ? "rate-limited" : status >= 500 ? "server" : "unreadable",
  detail: excerpt(`HTTP ${status} with a page instead of JSON: ${body}`)
})

const byStatus = ({ answer: { body, status }, error }: Seen): Reading => {
  const message = error.message ?? excerpt(body)
  const said = excerpt(`HTTP ${status}${message === "" ? "" : `: ${message}`}`)
  const refused = (reason: "Unauthorized" | "PaymentRequired" | "PollRejected"): Reading => ({
    _tag: "Refused",
    reason,
    status,
    code: error.code,
    message
  })
  const missed = (because: "timeout" | "server" | "rate-limited"): Reading => ({
    _tag: "Missed",
    because,
    detail: said
  })
  switch (status) {
    case 401:
    case 403:
      return refused("Unauthorized")
    case 402:
      return refused("PaymentRequired")
    case 404:
    case 410:
      return { _tag: "NotFound", detail: said }
    case 408:
      return missed("timeout")
    case 409:
    case 425:
      return missed("server")
    case 429:
      return missed("rate-limited")
    default:
      return status >= 300 && status <= 499 ? refused("PollRejected") : missed("server")
  }
}

const at = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined

const shown = (value: unknown): string | undefined => {
  const text = present(value)
  return text === undefined ? undefined : excerpt(text)
}
