/**
 * Reads a job's id from the answer to a submission, without changing a character of it: an id that differs from the vendor's in one digit
 * leads to no job, or to another's. Pure.
 */
import { parseJson } from "../base/Text.ts"
import { contentOf, hasCode, isSuccess } from "./wrapper.ts"

/** A text, or a number, of JSON that is known to be valid. */
const tokens = /"(?:[^"\\]+|\\.)*"|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/giu

/**
 * A body as JSON in which a whole number that `JSON.parse` would round is the text of its digits. A fraction or an exponent is `null`: it is
 * what is left of a number that was rounded already.
 */
export const exactly = (body: string): unknown =>
  parseJson(body) === undefined ? undefined : parseJson(body.replaceAll(tokens, (token) => (token.startsWith('"') ? token : digits(token))))

const digits = (number: string): string => {
  if (!/^\d+$/u.test(number)) return "null"
  return Number.isSafeInteger(Number(number)) ? number : `"${number}"`
}

/** The most characters of an id. Its job is polled by a URL, and servers refuse a first line of more than 8 KB. */
const longest = 2000

/**
 * Whether a text can be a job's id: any that is a part of a path. A path of dots leads elsewhere, even if it is percent-encoded; half of a
 * surrogate pair can't be encoded at all; and a control character would break the lines of a log.
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
  return (
    values
      .filter((value) => typeof value === "string")
      .map(idOf)
      .find(isPresent) ?? values.map(idOf).find(isPresent)
  )
}

const at = (json: unknown, name: string): unknown =>
  typeof json === "object" && json !== null && Object.hasOwn(json, name) ? Reflect.get(json, name) : undefined

const isPresent = (id: string | undefined): boolean => id !== undefined

/**
 * The names of a job's id in this family, and where each was seen. `request_id`, xAI's, is last: elsewhere it is often the request's (T27).
 *
 * @category constants
 * @since 0.1.0
 */
export const idNames = {
  task_id: "QuantumNous/new-api dto/task.go@06644e8, dto/video.go@d5a25dd",
  id: "QuantumNous/new-api dto/openai_video.go@705748d",
  taskId: "the same in Java, as XingChao's backend is",
  video_id: "an upstream of new-api: relay/channel/task/agnes/adaptor.go@e00b48b",
  request_id: "QuantumNous/new-api relay/channel/task/xai/adaptor.go@1f3ebea; chenyme/grok2api inference/handler.go@d6f6e9f"
} as const

/**
 * Finds a job id as `idAt` does, in an answer or in a wrapper around it (F3). In an envelope the job is what it contains; elsewhere the
 * outermost id is the job's, and one further inside is an upstream's.
 *
 * @category getters
 * @since 0.1.0
 */
export const idIn = (json: unknown, ...names: ReadonlyArray<string>): string | undefined => within(json, names, 3)

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
