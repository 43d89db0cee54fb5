/**
 * A request's body: read up to a limit, then parsed by its content type.
 */
import { isRecord } from "./Rules.ts"

/** A parsed body: JSON as it is; of a form, text fields as text, and a field that is repeated or holds a file as an array. */
export type Body = Readonly<Record<string, unknown>>

export type Parsed =
  | { readonly _tag: "Body"; readonly body: Body }
  | { readonly _tag: "TooLarge" }
  | { readonly _tag: "Unsupported"; readonly message: string }
  | { readonly _tag: "Invalid"; readonly message: string }

/** The bytes of a body, or `undefined` as soon as there are more than `limit`; the rest is not read. */
const readUpTo = async (request: Request, limit: number): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  if (Number(request.headers.get("content-length") ?? 0) > limit) return undefined
  if (request.body === null) return new Uint8Array()
  const chunks: Array<Uint8Array> = []
  let size = 0
  const reader = request.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.byteLength
    if (size > limit) {
      reader.releaseLock()
      return undefined
    }
    chunks.push(value)
  }
  const all = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    all.set(chunk, offset)
    offset += chunk.byteLength
  }
  return all
}

/** Deeper than anything that means something, and not so deep that a function which calls itself runs out of stack. */
const deepest = 200

const isDeep = (value: unknown): boolean => {
  let level: ReadonlyArray<unknown> = [value]
  for (let depth = 0; depth <= deepest; depth++) {
    level = level.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : []))
    if (level.length === 0) return false
  }
  return true
}

const parseJson = (bytes: Uint8Array): Parsed => {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))
    if (isDeep(value)) return { _tag: "Invalid", message: `The body is nested more than ${deepest} deep` }
    return isRecord(value) ? { _tag: "Body", body: value } : { _tag: "Invalid", message: "The body must be a JSON object" }
  } catch {
    return { _tag: "Invalid", message: "The body is not valid JSON" }
  }
}

const parseForm = async (bytes: Uint8Array<ArrayBuffer>, contentType: string): Promise<Parsed> => {
  try {
    const form = await new Response(bytes, { headers: { "content-type": contentType } }).formData()
    const body = new Map<string, unknown>()
    for (const name of new Set(form.keys())) {
      const values = form.getAll(name).map((value) => (typeof value === "string" ? value : { file: value.name, size: value.size }))
      body.set(name, values.length === 1 && typeof values[0] === "string" ? values[0] : values)
    }
    return { _tag: "Body", body: Object.fromEntries(body) }
  } catch {
    return { _tag: "Invalid", message: "The body is not valid multipart/form-data" }
  }
}

/** Reads and parses a request's body; `media` are the content types that are understood. */
export const parseBody = async (request: Request, media: ReadonlyArray<string>, limit: number): Promise<Parsed> => {
  const contentType = request.headers.get("content-type") ?? ""
  const essence = contentType.split(";")[0]?.trim().toLowerCase() ?? ""
  if (!media.includes(essence)) {
    return { _tag: "Unsupported", message: `Content-Type must be ${media.join(" or ")}, not "${essence}"` }
  }
  let bytes: Uint8Array<ArrayBuffer> | undefined
  try {
    bytes = await readUpTo(request, limit)
  } catch {
    return { _tag: "Invalid", message: "The body ended early" }
  }
  if (bytes === undefined) return { _tag: "TooLarge" }
  return essence === "application/json" ? parseJson(bytes) : parseForm(bytes, contentType)
}
