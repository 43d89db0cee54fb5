/**
 * Reads a job's id from the answer to a submission, without changing a character of it: an id that differs from the vendor's in one digit
 * leads to no job, or to another's. Pure.
 */
import { parseJson } from "../base/Text.ts"
import { at, contentOf, hasCode, isSuccess } from "./wrapper.ts"

/** A text, or a number, of JSON that is known to be valid. */
const tokens = /"(?:[^"\\]+|\\.)*"|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/giu

/**
 * A body that is JSON, in which a whole number that `JSON.parse` would round is the text of its digits. A fraction or an exponent is `null`: it is
 * what is left of a number that was rounded already.
 */
export const exactly = (body: string): unknown =>
  parseJson(body.replaceAll(tokens, (token) => (token.startsWith('"') ? token : digits(token))))

const digits = (number: string): string => {
  if (!/^\d+$/u.test(number)) return "null"
  return Number.isSafeInteger(Number(number)) ? number : `"${number}"`
}

/** The most characters of an id. Its job is polled by a URL, and servers refuse a first line of more than 8 KB. */
const longest = 2000

/**
 * Whether a text can be a job's id: any that can be a part of a path. A path of dots leads elsewhere, even if it is percent-encoded; half of
 * a surrogate pair can't be encoded; and a control character would break the lines of a log.
 *
 * @category guards
 * @since 0.1.0
 */
export const isId = (text: string): boolean =>
  text.trim() !== "" && text.length <= longest && text !== "." && text !== ".." && !/[\p{Cc}\p{Cs}]/u.test(text)

const idOf = (value: unknown): string | undefined => {
  const text = typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? String(value) : value
  return typeof text === "string" && isId(text) ? text : undefined
}

/**
 * Finds a job id under the first of the given names that holds one: a text, unchanged, or a whole number above zero, which is what Go writes
 * for an id that isn't there. A text has precedence: new-api's `id` is the number of a row in its database, and its `task_id` the job's.
 *
 * @category getters
 * @since 0.1.0
 */
export const idAt = (json: unknown, ...names: ReadonlyArray<string>): string | undefined => {
  const values = names.map((name) => at(json, name))
  return first(values.filter((value) => typeof value === "string")) ?? first(values)
}

const first = (values: ReadonlyArray<unknown>): string | undefined => values.map(idOf).find((id) => id !== undefined)

/** The names of this family, each with its source in packages/providers/test/oracle. */
const usual = ["task_id", "id", "taskId", "video_id"] as const

/**
 * Finds a job id under the given names, which the vendor documents, then under those of its family; in an answer, or in a wrapper around it
 * (F3). In an envelope the job is what it contains. Elsewhere the outermost id is the job's, and one further inside is an upstream's. Last, a
 * `request_id` in an answer without an error: it is the job's at xAI, and in an error the request's (T27).
 *
 * @category getters
 * @since 0.1.0
 */
export const idIn = (json: unknown, ...documented: ReadonlyArray<string>): string | undefined => {
  const id = within(json, [...documented, ...usual], 3)
  return id ?? (isSuccess(json) && (at(json, "error") ?? "") === "" ? idAt(json, "request_id") : undefined)
}

const within = (json: unknown, names: ReadonlyArray<string>, depth: number): string | undefined => {
  if (depth === 0) return undefined
  if (Array.isArray(json)) {
    const ids = new Set(json.map((each) => within(each, names, depth)))
    // One submission is one job: of several it can't be known which.
    return ids.size === 1 ? [...ids][0] : undefined
  }
  const own = idAt(json, ...names)
  const content = contentOf(json)
  if (content === undefined) return own ?? idAt(at(json, "video"), ...names)
  // new-api's answer for Suno: `data` is the id.
  const isText = typeof content === "string" && isSuccess(json) && /^[\w.:-]+$/u.test(content)
  const inside = isText ? idOf(content) : within(content, ["task_id", ...names], depth - 1)
  // A `request_id` around something with an id of its own is the request's (T27).
  const isRequest = idAt(json, ...names.filter((name) => name !== "request_id")) === undefined
  return hasCode(json) || isRequest ? (inside ?? own) : (own ?? inside)
}
