/** Reading fields of a vendor's payload: pure, and without `effect/Schema`, which would cost a page 22 KB. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { excerpt, present } from "../base/Text.ts"
import type { Answer } from "../job/Reading.ts"
import { at } from "./wrapper.ts"

/**
 * What an error body reports, in any of the known shapes.
 *
 * @category models
 * @since 0.1.0
 */
export interface ErrorBody {
  readonly code?: string | undefined
  readonly message?: string | undefined
}

/**
 * A number, also if it is written as a text: `6`, `"6"`, `"10.0"`.
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
 * A fraction from 0 to 1, from a percentage as number or text: `42`, `"42"`, `"42%"`.
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
 * A time in milliseconds since the epoch, from seconds (most vendors), milliseconds (Kling) or an ISO date with time and zone (Runway,
 * Luma). 0 and empty values are not times: new-api and GeekNow write them for events that have not happened yet.
 *
 * @category converting
 * @since 0.1.0
 */
export const epochMillis = (value: unknown): number | undefined => {
  const number = positive(value)
  // The year 5138 in seconds, and 1973 in milliseconds: no video expires in either.
  if (number !== undefined) return number < 1e11 ? number * 1000 : number
  const text = present(value) ?? ""
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d.*(z|[+-]\d\d:?\d\d)$/iu.test(text)) return undefined
  return Option.getOrUndefined(Option.map(DateTime.make(text), DateTime.toEpochMillis))
}

/**
 * Reads the known shapes of an error: a text; `{ code, message }` with a text or number as code; `{ error: text, code }`;
 * `{ error: { ... } }`; `{ detail: text or [{ msg }] }`. Empty texts are absent.
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
 * Where an error body may keep another, innermost first: `error` (OpenAI's form), `errors` (a list), `data` (new-api's envelope, with or without
 * an `error` in it), `detail` (FastAPI's, as an object or a list).
 */
const nested = ["error", "errors", "data", "detail"] as const

/** Of a list as many: one that is longer is not about one request. */
const listed = 5

const itemsOf = (held: unknown): ReadonlyArray<unknown> => (Array.isArray(held) ? held.slice(0, listed) : [held])

/** An error body, and the errors inside it, innermost first. */
const levels = (value: unknown, depth = 2): ReadonlyArray<unknown> => {
  if (depth === 0) return [value]
  const inside = nested
    .flatMap((name) => itemsOf(at(value, name)))
    .flatMap((item) => (typeof item === "object" && item !== null ? levels(item, depth - 1) : []))
  return [...inside, value]
}

/** A text in place of an error that is a code rather than a sentence, and not a word such as "Forbidden": `insufficient_user_quota`. */
const asCode = (text: unknown): string | undefined => {
  const word = present(text)
  return word !== undefined && word.length <= 80 && /^[a-z][a-z\d]*([_.:-]+[a-z\d]+)+$/iu.test(word) ? word : undefined
}

/**
 * Every code of an error body, in any of the shapes that `errorOf` reads: one about money may be in `type` beside a number in `code`, around
 * another, in any error of a list, or in place of a message.
 *
 * @category getters
 * @since 0.1.0
 */
export const codesOf = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") return [asCode(value)].flatMap((code) => code ?? [])
  return levels(value).flatMap((level) => {
    const named = [at(level, "code"), at(level, "type")].map(present)
    return named.concat(sayings(level).map(asCode)).flatMap((code) => code ?? [])
  })
}

/**
 * Every message of an error body: Spring's `{ "error": "Forbidden", "message": "..." }` has the reason in the second.
 *
 * @category getters
 * @since 0.1.0
 */
export const textsOf = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") return [excerpt(value)]
  return levels(value)
    .flatMap(sayings)
    .flatMap((text) => shown(text) ?? [])
}

/** What a level says in words, if they are texts. */
const sayings = (level: unknown): ReadonlyArray<unknown> =>
  ["error", "message", "msg", "detail", "errors"].flatMap((name) => itemsOf(at(level, name)))

// "Quota" and "exhausted" are in neither: they mean rate as often as money.
const money = [
  /\b(in)?sufficient (\w+ ){0,3}(balance|credits?|funds)\b/iu,
  /\b(enough|out of|no|no more|purchase|buy|add|used all|used all available) (more |your |any )?(balance|credits?|funds)\b/iu,
  /\b(balance|credits?|funds)\b[^.。]{0,30}\b(too low|insufficient|not enough|exhausted|depleted|used up)\b/iu,
  /\bspend(ing)? (limit|cap)\b/iu,
  /\bbilling (details|hard limit|limit)\b/iu,
  /\bpayment (is )?required\b/iu,
  /\b(top up|top-up|recharge) (your )?(account|balance|wallet)\b/iu,
  /余额|欠费|充值|预扣费|(额度|积分|点数)(不足|已?用[尽完光]|已?耗尽)/u
] as const

/**
 * Whether texts say that an account can't pay. Whole phrases, since a refusal may quote the request, and a prompt may contain
 * "white balance" or "closing credits".
 *
 * @category guards
 * @since 0.1.0
 */
export const speaksOfMoney = (...words: ReadonlyArray<string | undefined>): boolean =>
  words.some((text) => text !== undefined && money.some((phrase) => phrase.test(text)))

const pace =
  /too many requests|too (quickly|fast|frequent)|slow down|\brate[ _-]*limit|\bper (second|minute|hour)\b|\b(rpm|rps|tpm|qps)\b|concurren|频繁|频率|速率|限流|并发|每(秒|分钟|小时)|请求数限制|分钟内最多/iu

/**
 * Whether texts say that requests come too fast.
 *
 * @category guards
 * @since 0.1.0
 */
export const speaksOfPace = (...words: ReadonlyArray<string | undefined>): boolean =>
  words.some((text) => text !== undefined && pace.test(text))

/** @category guards */
export const isOk = ({ status }: Answer): boolean => status >= 200 && status <= 299

const shown = (value: unknown): string | undefined => {
  const text = present(value)
  return text === undefined ? undefined : excerpt(text)
}
