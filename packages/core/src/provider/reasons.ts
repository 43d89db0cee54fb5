/** Finds the words with which a payload explains why there is no video. Pure. */
import { excerpt, present } from "../base/Text.ts"
import { links, visit } from "./links.ts"
import { type ErrorBody, errorOf } from "./payload.ts"
import { at, contentOf } from "./wrapper.ts"

/**
 * The names of a reason beside `error`. `fail_reason`, and `result_url` in its place: QuantumNous/new-api model/task.go@01d7dcf;
 * `task_status_msg`: Kling, relay/channel/task/kling/adaptor.go@070818b; `errorMessage`: chenyme/grok2api transport/http/media/dto.go@d6f6e9f.
 */
const reasons =
  /^(fail(ure|ed)?_?(reason|message|msg)|error_?(msg|message|reason|detail)|(task_)?status_?(msg|message|reason|detail)|reason|result_url|message|msg|detail)$/iu

const codes = /^((err(or)?|failure)_?)?code$/iu

/** What a query says if it succeeded. */
const success = /^(success(ful(ly)?)?|succeed(ed)?|ok|done|completed?|finished|none|null|0|200)[.!]?$/iu

/**
 * Reads a failure's code and message from the places where a payload of this family may have them: `error` in any of the forms that
 * `errorOf` reads; then single fields; then the same in what the payload wraps. An error in another form gives all of its texts.
 *
 * @category getters
 * @since 0.1.0
 */
export const reasonIn = (json: unknown, depth = 2): ErrorBody => {
  if (typeof json === "string") return { message: said(json) }
  const error = at(json, "error")
  const own = errorOf(error)
  const inside = depth === 0 ? undefined : contentOf(json)
  const inner = Array.isArray(inside) || typeof inside !== "object" ? {} : reasonIn(inside, depth - 1)
  const field = (names: RegExp, value: string | undefined): string | undefined =>
    [value, ...Object.entries(Object(json)).flatMap(([name, each]) => (names.test(name) ? [each] : []))]
      .map(said)
      .find((text) => text !== undefined)
  const texts: Array<string> = []
  if (typeof error === "object") visit(error, "", 4, (_, value) => texts.push(said(value) ?? ""))
  const code = field(codes, own.code)
  return {
    code: code ?? inner.code,
    message:
      field(reasons, own.message) ??
      inner.message ??
      (code === undefined ? said(texts.filter((text) => text !== "").join(", ")) : undefined)
  }
}

/** A text that says something: a link isn't a reason, nor is a success. */
const said = (value: unknown): string | undefined => {
  const text = present(value)
  return text === undefined || success.test(text) || links(text).length > 0 ? undefined : excerpt(text)
}
