/**
 * Reads a vendor's payloads: tables of what the vendor documents, and the one interpreter that uses them.
 *
 * A provider states its statuses, its fields and its exceptions as data; how an answer becomes a `Reading` is defined here once.
 * Importing this module costs `effect/Schema`, about 22 KB (gzip).
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { excerpt, parseJson } from "../base/Text.ts"
import type { Answer, Reading, Receipt, Telling } from "../job/Reading.ts"
import { exactly } from "./ids.ts"
import { speaksOfModeration } from "./moderation.ts"
import { codesOf, type ErrorBody, errorOf, isOk, speaksOfMoney, speaksOfPace, textsOf } from "./payload.ts"
import { hasCode, isEnvelope, unwrapped } from "./wrapper.ts"

export { idAt, idIn, isId } from "./ids.ts"
export { type Found, links, linksIn } from "./links.ts"
export { reasonIn } from "./reasons.ts"
export { contentOf, unwrapped } from "./wrapper.ts"
export {
  codesOf,
  epochMillis,
  type ErrorBody,
  errorOf,
  fraction,
  isOk,
  numeric,
  positive,
  speaksOfMoney,
  speaksOfPace,
  textsOf
} from "./payload.ts"
export { speaksOfModeration } from "./moderation.ts"

/** @category models */
export type Kind = "queued" | "running" | "succeeded" | "failed" | "expired" | "cancelled"

/**
 * The vendor's documented statuses, in the document's order, and the kind of each.
 *
 * @category models
 * @since 0.1.0
 */
export type Statuses = { readonly [word: string]: Kind }

/**
 * Reads a payload of each kind; `json` is the same payload as it came. `undefined`: it is in a form that can't be read.
 *
 * @category models
 * @since 0.1.0
 */
export type Readers<Payload> = { readonly [K in Kind]: (payload: Payload, json: unknown) => Telling | undefined }

/**
 * An answer, parsed once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Seen {
  readonly answer: Answer
  /** The body as JSON; `undefined` if it isn't JSON. */
  readonly json: unknown
  readonly error: ErrorBody
  /** The codes from every place where an error may have one. `error.code` is the first of them. */
  readonly codes: ReadonlyArray<string>
  /** The messages from every such place; the whole body if it is plain text; none from a page. */
  readonly texts: ReadonlyArray<string>
}

/**
 * A documented or observed answer that the general rules would read otherwise: to a submission if `Out` is `Receipt`, to a poll if it is
 * `Reading`. Everything that it states must match; a row that does not apply returns `undefined`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Row<Out> {
  /** Default: any. */
  readonly status?: number | undefined
  /** In any letter case, with `_`, `-` or a space between its parts, in every place where an error may have one. Default: any or none. */
  readonly code?: string | undefined
  /** What a message must match; without the flag `g`. Default: anything. */
  readonly words?: RegExp | undefined
  /** The evidence: a document, an issue, or a repository with path and commit. */
  readonly source: string
  readonly read: (seen: Seen) => Out | undefined
}

/**
 * Statuses that gateways use in place of the documented ones. Evidence: observed.
 *
 * Sources: new-api's Sora and xAI adaptors, ArcReel's synonym table, vercel/ai's provider models, fal, Kling, MiniMax, BFL.
 *
 * @category constants
 * @since 0.1.0
 */
export const synonyms: Statuses = {
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

/**
 * Codes that mean that an account can't pay and nothing else, and where each was seen. Which ones were left out, and why:
 * decisions/0010.
 *
 * @category constants
 * @since 0.1.0
 */
export const moneyCodes: { readonly [code: string]: string } = {
  insufficient_user_quota: "QuantumNous/new-api service/billing_session.go@0067bd9; with 403: lcy362/agnes-video-generator#34",
  pre_consume_token_quota_failed: "QuantumNous/new-api service/billing_session.go@0067bd9",
  quota_not_enough: "Calcium-Ion/new-api relay/relay_task.go@05874dc, with 403",
  insufficient_balance: "Wei-Shaw/sub2api backend/internal/server/middleware/api_key_auth.go@005bcf1, with 403",
  subscription_not_found: "Wei-Shaw/sub2api backend/internal/server/middleware/api_key_auth.go@005bcf1, with 403",
  subscription_invalid: "Wei-Shaw/sub2api backend/internal/server/middleware/api_key_auth.go@005bcf1, with 403",
  subscription_expired: "Wei-Shaw/sub2api backend/internal/service/subscription_service.go@00c481a, with 403",
  subscription_suspended: "Wei-Shaw/sub2api backend/internal/service/subscription_service.go@00c481a, with 403",
  "subscription:free_usage_exhausted": "chenyme/grok2api, the upstream's code for a free account that is used up, until its day ends",
  insufficient_credits: "docs.warp.dev, error insufficient_credits, with 403",
  credit_balance_exhausted: "help.openai.com/en/articles/5955604, with 429",
  organization_spend_limit_exceeded: "help.openai.com/en/articles/5955604, with 429",
  project_spend_limit_exceeded: "help.openai.com/en/articles/5955604, with 429"
}

/**
 * Codes that mean that requests come too fast, with a status that says otherwise. A job was surely not made, and a poll will succeed later.
 *
 * @category constants
 * @since 0.1.0
 */
export const paceCodes: { readonly [code: string]: string } = {
  rate_limit_exceeded: "platform.openai.com/docs/guides/error-codes; gateways forward it with their own status",
  rate_limit_error: "Wei-Shaw/sub2api's type of an error, after docs.anthropic.com/en/api/errors",
  too_many_requests: "the name of status 429, as gateways write it into `code`",
  token_concurrency_limit_reached: "QuantumNous/new-api types/error.go@01f6839",
  usage_limit_exceeded: "Wei-Shaw/sub2api backend/internal/server/middleware/api_key_auth.go@005bcf1: a window of a day, a week or a month",
  daily_limit_exceeded: "Wei-Shaw/sub2api backend/internal/service/subscription_service.go@00c481a",
  weekly_limit_exceeded: "Wei-Shaw/sub2api backend/internal/service/subscription_service.go@00c481a",
  monthly_limit_exceeded: "Wei-Shaw/sub2api backend/internal/service/subscription_service.go@00c481a"
}

/**
 * Codes that mean that the key, its user or their address is not let in and nothing else: what else a message says about money is not the reason.
 * Types that only repeat the status (`authentication_error`, `permission_error`) are none of them.
 *
 * @category constants
 * @since 0.1.0
 */
export const permissionCodes: { readonly [code: string]: string } = {
  access_denied: "QuantumNous/new-api types/error.go@01f6839, for an address that the token does not allow; sub2api, the same with 403",
  invalid_api_key:
    "platform.openai.com/docs/guides/error-codes; Wei-Shaw/sub2api backend/internal/server/middleware/api_key_auth.go@005bcf1",
  api_key_required: "Wei-Shaw/sub2api backend/internal/server/middleware/api_key_auth.go@005bcf1",
  api_key_disabled: "Wei-Shaw/sub2api backend/internal/server/middleware/api_key_auth.go@005bcf1",
  user_not_found: "Wei-Shaw/sub2api backend/internal/server/middleware/api_key_auth.go@005bcf1, of the key's user",
  user_inactive: "Wei-Shaw/sub2api backend/internal/server/middleware/api_key_auth.go@005bcf1"
}

/**
 * Codes about what was asked for, which a gateway may send with 401 or 403 as well: the key is right.
 *
 * @category constants
 * @since 0.1.0
 */
export const mistakeCodes: { readonly [code: string]: string } = {
  invalid_request: "QuantumNous/new-api types/error.go@01f6839",
  bad_request_body: "QuantumNous/new-api types/error.go@01f6839",
  model_not_found: "QuantumNous/new-api types/error.go@01f6839",
  model_price_error: "QuantumNous/new-api types/error.go@01f6839",
  prompt_blocked: "QuantumNous/new-api types/error.go@01f6839",
  sensitive_words_detected: "QuantumNous/new-api types/error.go@01f6839",
  content_policy_violation: "platform.openai.com/docs/guides/error-codes, of images",
  moderation_blocked: "platform.openai.com/docs/guides/image-generation"
}

// A Map, since on a plain object the word "constructor" finds a function.
const observed = new Map(Object.entries(synonyms))

/**
 * A status in the form of the tables: trimmed, in lower case, with `_` between its parts.
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
 * Makes the lookup of a status: the vendor's own table first, then the synonyms.
 *
 * @category constructors
 * @since 0.1.0
 */
export const lookup = (statuses: Statuses): ((word: string) => Kind | undefined) => {
  const documented = new Map(Object.entries(statuses).map(([word, kind]) => [normalised(word), kind]))
  return (word) => documented.get(normalised(word)) ?? observed.get(normalised(word))
}

/**
 * Makes a provider's `interpret` for payloads with one status. Total: any answer gives a reading.
 *
 * `schema` decodes the fields that the readers want; a payload that it refuses is unreadable. `word` finds the status in it:
 * `undefined` means that the payload has none, which `unsaid` reads. A payload in an envelope (`{ code, data: { status } }`) is read as
 * outside it (T34).
 *
 * @category constructors
 * @since 0.1.0
 */
export const interpreter = <Payload, Encoded>(options: {
  readonly schema: Schema.Codec<Payload, Encoded>
  readonly word: (payload: Payload) => string | undefined
  readonly statuses: Statuses
  readonly read: Readers<Payload>
  readonly rows?: ReadonlyArray<Row<Reading>> | undefined
  /** A documented payload without a status. Default: such a payload is unreadable. */
  readonly unsaid?: ((payload: Payload) => Reading | undefined) | undefined
  /** Reads a payload that came in an envelope. Default, or if it gives `undefined`: as one that came without. */
  readonly wrapped?: ((payload: unknown) => Reading | undefined) | undefined
}): ((answer: Answer) => Reading) => {
  const kindOf = lookup(options.statuses)
  const decode = Schema.decodeUnknownOption(options.schema)
  const read = (json: unknown): Reading | undefined => {
    const payload = Option.getOrUndefined(decode(json))
    if (payload === undefined) return undefined
    const word = options.word(payload)
    if (word === undefined) return options.unsaid?.(payload)
    const kind = kindOf(word)
    if (kind === undefined) return { _tag: "Unrecognised", word: excerpt(word) }
    const reading = options.read[kind](payload, json)
    return reading === undefined ? undefined : knowing(word, reading)
  }
  /** `depth` envelopes around each other: a gateway behind a gateway. */
  const opened = (json: unknown, depth: number): Reading | undefined => {
    const { failed, payload } = unwrapped(json)
    if (failed !== undefined) return { _tag: "Missed", because: "query-failed", detail: excerpt(`the query failed: ${failed}`) }
    if (payload === undefined) return read(json)
    return depth > 1 && hasCode(payload) && isEnvelope(payload) ? opened(payload, depth - 1) : (options.wrapped?.(payload) ?? read(payload))
  }
  return reader(Schema.Unknown, options.rows, (json) => (isEnvelope(json) ? opened(json, 3) : read(json)))
}

/**
 * Makes an `interpret` from a function over decoded payloads: for wire formats with more than one status.
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
  const payloadOf = ({ answer: { body }, json }: Seen): Reading => {
    if (json === undefined) return unreadable(body.trim() === "" ? "an empty body" : excerpt(body))
    const payload = Option.getOrUndefined(decode(json))
    return (payload === undefined ? undefined : read(payload)) ?? unreadable(excerpt(body))
  }
  return (answer) => {
    const seen = see(answer)
    const documented = match(rows, seen)
    if (documented !== undefined) return documented
    if (isMarkup(seen)) return page(answer)
    if (normalised(seen.error.code ?? "") === "task_not_exist") return { _tag: "NotFound", detail: "the provider says task_not_exist" }
    const reading = isOk(answer) ? payloadOf(seen) : byStatus(seen)
    // Polling is free, and the job is paid for: only 402 is final if the account is empty by now. A payload's own report about its job stays.
    const isFinal = answer.status === 402 || (isOk(answer) && reading._tag !== "Missed")
    if (isFinal) return reading
    if (isAboutMoney(seen)) return failedForMoney(seen)
    return isAbout(paceCodes, seen) ? { _tag: "Missed", because: "rate-limited", detail: said(seen) } : reading
  }
}

/**
 * Makes a provider's `receive`. Total: any answer gives a receipt.
 *
 * `id` finds the job's id in a JSON body of a 2xx answer; there each whole number is the text of its digits. Such an answer is a job, whatever
 * else it contains. Then the rows decide, then codes, then phrases about money, then the status.
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
    const id = isOk(answer) && seen.json !== undefined ? options.id(exactly(answer.body)) : undefined
    if (id !== undefined) return { _tag: "Accepted", id }
    const documented = match(options.rows, seen)
    if (documented !== undefined) return documented
    const message = messageOf(seen)
    // Even a page: it comes from a proxy that has forwarded nothing.
    if (status === 429) return isAboutMoney(seen) ? declined("PaymentRequired")(seen) : { _tag: "Busy", status, message }
    // nock's answer to a `fetch` that no interceptor takes, with 501: it has no network to pass it on to.
    if (seen.codes.includes("ERR_NOCK_NO_MATCH")) return declined("SubmitRejected")(seen)
    // This comes from a proxy on the way and never from a vendor: it has forwarded nothing.
    if (status === 407)
      return { _tag: "Declined", reason: "SubmitRejected", status, message: "the proxy wants another user name or password" }
    const unclear = (detail: string): Receipt => ({ _tag: "Unclear", status, detail })
    if (isMarkup(seen)) return unclear(`HTTP ${status} with a page instead of JSON: ${excerpt(answer.body)}`)
    // Whole, as far as it goes: there the id is, if there is one.
    if (isOk(answer)) return unclear(`HTTP ${status} without a job id: ${excerpt(answer.body, 2000)}`)
    // 408: the server gave up on reading, or a proxy gave up on the server; which one can't be known. 499: nginx's status for a caller that
    // left, as a gateway would forward it. A code changes neither of them nor a 5xx: only a row may.
    if (status < 400 || status >= 499 || status === 408) return unclear(`HTTP ${status}: ${message}`)
    if (status === 402 || isAboutMoney(seen)) return declined("PaymentRequired")(seen)
    if (isAbout(paceCodes, seen)) return { _tag: "Busy", status, message }
    if (isAbout(permissionCodes, seen)) return declined("Unauthorized")(seen)
    const isMistake = (status !== 401 && status !== 403) || isAbout(mistakeCodes, seen) || speaksOfModeration(...seen.codes, ...seen.texts)
    return declined(isMistake ? "SubmitRejected" : "Unauthorized")(seen)
  }
}

/**
 * A row's reading for a refusal: certainly not accepted, with the message of the answer.
 *
 * @category combinators
 * @since 0.1.0
 */
export const declined =
  (reason: Extract<Receipt, { readonly _tag: "Declined" }>["reason"]) =>
  (seen: Seen): Receipt => ({ _tag: "Declined", reason, status: seen.answer.status, code: seen.error.code, message: messageOf(seen) })

/**
 * A row's reading for a poll that was refused for lack of money: a failed poll, which may succeed after a top-up.
 *
 * @category combinators
 * @since 0.1.0
 */
export const failedForMoney = (seen: Seen): Reading => ({ _tag: "Missed", because: "payment-required", detail: said(seen) })

/**
 * A wire field that can't make a payload unreadable: missing, null or of another type, it reads as missing.
 *
 * Without this `"actualDuration": "n/a"` would turn a finished and paid job into failed polls.
 *
 * @category schemas
 * @since 0.1.0
 */
export const lenient = <S extends Schema.Constraint>(schema: S) =>
  Schema.optionalKey(Schema.catchDecoding<S>(() => Effect.succeedNone)(schema))

/**
 * A reading that also considers its status: some statuses ("nsfw") mean that a content filter rejected the job.
 *
 * @category combinators
 * @since 0.1.0
 */
export const knowing = (word: string | undefined, reading: Telling): Telling =>
  reading._tag === "Failed" && speaksOfModeration(word) ? { ...reading, failure: { ...reading.failure, moderated: true } } : reading

const see = (answer: Answer): Seen => new SeenAnswer(answer)

/** What is computed from the payload is computed only if it is needed: most answers are good polls. */
class SeenAnswer implements Seen {
  readonly answer: Answer
  readonly json: unknown

  constructor(answer: Answer) {
    this.answer = answer
    this.json = parseJson(answer.body)
  }

  get error(): ErrorBody {
    return errorOf(this.json)
  }

  get codes(): ReadonlyArray<string> {
    return codesOf(this.json)
  }

  get texts(): ReadonlyArray<string> {
    if (this.json !== undefined) return textsOf(this.json)
    return isMarkup(this) ? [] : [excerpt(this.answer.body)]
  }
}

const match = <Out>(rows: ReadonlyArray<Row<Out>> | undefined, seen: Seen): Out | undefined => {
  for (const row of rows ?? []) {
    const out = isMeant(row, seen) ? row.read(seen) : undefined
    if (out !== undefined) return out
  }
  return undefined
}

const isMeant = ({ code, status, words }: Row<unknown>, seen: Seen): boolean =>
  (status === undefined || status === seen.answer.status) &&
  (code === undefined || seen.codes.some((each) => normalised(each) === normalised(code))) &&
  (words === undefined || seen.texts.some((text) => words.test(text)))

/** By a code that means nothing else. */
const isAbout = (table: { readonly [code: string]: string }, { codes }: Seen): boolean =>
  codes.some((code) => Object.hasOwn(table, normalised(code)))

/**
 * By a code that means nothing else, or by a phrase if no code says otherwise. In doubt a 429 is about rate, since a few more refused POSTs cost nothing: it is about
 * rate if it also has a rate phrase, and `insufficient_quota` is OpenAI's code for money and Alibaba's for tokens per minute.
 */
const isAboutMoney = (seen: Seen): boolean => {
  if (isAbout(moneyCodes, seen)) return true
  if (isAbout(permissionCodes, seen) || isAbout(paceCodes, seen)) return false
  const { answer, codes, texts } = seen
  const has = (name: string): boolean => codes.some((code) => normalised(code) === name)
  // A type, docs.anthropic.com/en/api/errors: a more exact code may stand beside it, as sub2api's about its windows does.
  if (has("billing_error")) return true
  if (answer.status === 429) return speaksOfMoney(...texts) && !speaksOfPace(...texts)
  return has("insufficient_quota") || speaksOfMoney(...texts)
}

/** The message about money, if the first message says nothing: `{ "error": "Forbidden", "message": "Insufficient balance" }`. */
const messageOf = ({ answer, error, texts }: Seen): string =>
  texts.find((text) => speaksOfMoney(text)) ?? error.message ?? excerpt(answer.body)

const said = (seen: Seen): string => {
  const message = messageOf(seen)
  return excerpt(`HTTP ${seen.answer.status}${message === "" ? "" : `: ${message}`}`)
}

/** HTML, or XML as from object stores: a page of some proxy, whatever its status. */
const isMarkup = ({ answer, json }: Pick<Seen, "answer" | "json">): boolean =>
  json === undefined && (/\bhtml\b/iu.test(answer.headers["content-type"] ?? "") || answer.body.trimStart().startsWith("<"))

const unreadable = (detail: string): Reading => ({ _tag: "Missed", because: "unreadable", detail })

const page = ({ body, status }: Answer): Reading => ({
  _tag: "Missed",
  because: status === 429 ? "rate-limited" : status >= 500 ? "server" : "unreadable",
  detail: excerpt(`HTTP ${status} with a page instead of JSON: ${body}`)
})

const elsewhere = /(^|_)(model|channel|provider|upstream|route|endpoint|group|account|user|token|key)_not_found$/u

/** Whether it is something else that was not found: `model_not_found` is about a gateway's table of models, and the job is where it was. */
const isOtherLost = ({ codes }: Seen): boolean => codes.some((code) => elsewhere.test(normalised(code)))

const byStatus = (seen: Seen): Reading => {
  const { status } = seen.answer
  const detail = said(seen)
  const refused = (reason: "Unauthorized" | "PaymentRequired" | "PollRejected"): Reading => ({
    _tag: "Refused",
    reason,
    status,
    code: seen.error.code,
    message: messageOf(seen)
  })
  const missed = (because: "timeout" | "server" | "rate-limited"): Reading => ({ _tag: "Missed", because, detail })
  if (status >= 400 && status < 499 && isAbout(permissionCodes, seen)) return refused("Unauthorized")
  switch (status) {
    case 401:
    case 403:
      return refused("Unauthorized")
    case 402:
      return refused("PaymentRequired")
    case 404:
    case 410:
      return isOtherLost(seen) ? missed("server") : { _tag: "NotFound", detail }
    case 408:
    case 499:
      return missed("timeout")
    case 409:
    case 425:
      return missed("server")
    case 429:
      return missed("rate-limited")
    default:
      return status >= 300 && status < 499 ? refused("PollRejected") : missed("server")
  }
}
