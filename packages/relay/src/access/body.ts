/** The JSON body of a request, of bounded size and within a bounded time. */
import { refuse } from "./refuse.ts"

/** A body that trickles in would hold memory for ever. Milliseconds. */
const slowest = 30_000

/** An empty body is an empty object. */
export const jsonOf = async (request: Request, limit: number): Promise<Readonly<Record<string, unknown>>> => {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase()
  if (type !== "application/json") throw refuse("NotJson", "The content type must be application/json.")
  const text = await textOf(request, limit)
  if (text.trim() === "") return {}
  const json = parsed(text)
  if (!isRecord(json)) throw refuse("BadRequest", "The body must be a JSON object.")
  return json
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw refuse("BadRequest", "The body isn't JSON.")
  }
}

const textOf = async (request: Request, limit: number): Promise<string> => {
  const tooLarge = () => refuse("BodyTooLarge", `A body may have ${limit} bytes.`)
  if (Number(request.headers.get("content-length") ?? 0) > limit) {
    request.body?.cancel().catch(() => undefined)
    throw tooLarge()
  }
  if (request.body === null) return ""
  const reader = request.body.getReader()
  const timer = setTimeout(() => void reader.cancel().catch(() => undefined), slowest)
  const decoder = new TextDecoder()
  let text = ""
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text + decoder.decode()
      size += value.byteLength
      if (size > limit) {
        reader.cancel().catch(() => undefined)
        throw tooLarge()
      }
      text += decoder.decode(value, { stream: true })
    }
  } finally {
    clearTimeout(timer)
  }
}
