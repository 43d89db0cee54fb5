/** The envelope in which gateways send what they have from elsewhere: new-api's `{ code, message, data }` and its kin. Pure. */
import { parseJson, present } from "../base/Text.ts"

/**
 * The names of an envelope's content, and who has it. All but the first are of upstreams, in QuantumNous/new-api relay/channel/task, which
 * a gateway may forward: DashScope (ali/adaptor.go@c37eb33), MiniMax (hailuo/models.go@5cb8f6a), Veo (gemini/dto.go@0fc1489).
 */
const names = ["data", "output", "task", "response"] as const

/** A field of an object; `undefined` if it has none, or isn't one. */
export const at = (json: unknown, name: string): unknown =>
  typeof json === "object" && json !== null && Object.hasOwn(json, name) ? Reflect.get(json, name) : undefined

/**
 * What a payload wraps: an object or a list, also if it is kept as the text of one; or a text. `undefined` if it wraps nothing.
 *
 * @category getters
 * @since 0.1.0
 */
export const contentOf = (json: unknown): unknown => {
  if (Array.isArray(json)) return undefined
  return names.map((name) => parsed(at(json, name))).find((content) => content !== undefined)
}

const parsed = (value: unknown): unknown => {
  if (typeof value !== "string") return typeof value === "object" && value !== null ? value : undefined
  const text = value.trim()
  return text === "" ? undefined : ((/^[[{]/u.test(text) ? parseJson(text) : undefined) ?? text)
}

/** Whether an object is about a request, rather than a job: it has a code or a flag of its own. */
export const hasCode = (json: unknown): boolean => codeOf(json) !== undefined

const codeOf = (json: unknown): unknown => at(json, "code") ?? at(json, "success")

/**
 * Whether the code of an envelope says that the request succeeded: `success` (new-api), 0 (Kling, Volcengine), 200 (apimart), `true`. One
 * without a code does not say otherwise.
 */
export const isSuccess = (json: unknown): boolean => {
  const code = codeOf(json)
  if (code === undefined || code === null || code === true || code === "") return true
  return /^(success|succeed(ed)?|ok|200|0)$/iu.test(present(code) ?? "")
}

/**
 * Whether an answer to a query is an envelope rather than a payload: it has a code, or wraps something, and has no status.
 *
 * @category guards
 * @since 0.1.0
 */
export const isEnvelope = (json: unknown): boolean =>
  typeof at(json, "status") !== "string" && (present(at(json, "code")) !== undefined || contentOf(json) !== undefined)

/**
 * The payload in an envelope. `failed` if its code says that the query failed; that says nothing about the job.
 *
 * @category getters
 * @since 0.1.0
 */
export const unwrapped = (json: unknown): { readonly payload: unknown; readonly failed?: string } => {
  if (!isSuccess(json)) {
    const message = present(at(json, "message")) ?? present(at(json, "msg")) ?? ""
    return { payload: undefined, failed: `${present(codeOf(json)) ?? "no success"} ${message}`.trim() }
  }
  const content = contentOf(json)
  const [only, ...more] = Array.isArray(content) ? content : [content]
  return { payload: typeof only === "object" && only !== null && more.length === 0 ? only : undefined }
}
