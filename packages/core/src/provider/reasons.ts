/** Finds the words with which a payload explains why there is no video. Pure. */
import { excerpt, present } from "../base/Text.ts"
import { type ErrorBody, errorOf } from "./payload.ts"
import { links } from "./links.ts"
import { contentOf } from "./wrapper.ts"

/** Beside `error`, in which a code and a message stand together. */
const messages = [
  "fail_reason", // QuantumNous/new-api dto/task.go@06644e8
  "failure_reason",
  "error_message",
  "error_msg",
  "errorMessage", // chenyme/grok2api backend/internal/transport/http/media/dto.go@d6f6e9f
  "task_status_msg", // Kling: QuantumNous/new-api relay/channel/task/kling/adaptor.go@070818b
  "reason",
  "result_url", // new-api's GetResultURL gives the reason in its place: model/task.go@01d7dcf
  "message",
  "msg",
  "detail"
] as const

const codes = ["error_code", "err_code", "failure_code", "errorCode", "code"] as const

/** What a query says if it succeeded. */
const success = /^(success(ful(ly)?)?|succeed(ed)?|ok|done|completed?|finished|none|null|0|200)[.!]?$/iu

/**
 * Reads a failure's code and message from the places where a payload of this family may have them: `error` in any of the forms that
 * `errorOf` reads, or else as it is; then single fields; then the same in what the payload wraps.
 *
 * @category getters
 * @since 0.1.0
 */
export const reasonIn = (json: unknown): ErrorBody => reasonAt(json, 2)

const reasonAt = (json: unknown, depth: number): ErrorBody => {
  if (typeof json === "string") return { message: said(json) }
  const error = at(json, "error")
  const own = errorOf(error)
  const inside = depth === 0 ? undefined : contentOf(json)
  const inner = typeof inside === "object" && !Array.isArray(inside) ? reasonAt(inside, depth - 1) : {}
  const code = first(own.code, ...codes.map((name) => at(json, name)))
  const message = first(own.message, ...messages.map((name) => at(json, name)))
  return {
    code: code ?? inner.code,
    // An error of another form, rather than none.
    message: message ?? (code === undefined ? (inner.message ?? asIs(error)) : inner.message)
  }
}

const at = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined

const first = (...values: ReadonlyArray<unknown>): string | undefined => values.map(said).find((text) => text !== undefined)

/** A text that says something: a link isn't a reason, nor is a success. */
const said = (value: unknown): string | undefined => {
  const text = present(value)
  return text === undefined || success.test(text) || links(text).length > 0 ? undefined : excerpt(text)
}

const asIs = (error: unknown): string | undefined =>
  typeof error === "object" && hasText(error, 4) ? excerpt(JSON.stringify(error)) : undefined

const hasText = (value: unknown, depth: number): boolean =>
  typeof value === "object" && value !== null
    ? depth > 0 && Object.values(value).some((each) => hasText(each, depth - 1))
    : said(value) !== undefined
