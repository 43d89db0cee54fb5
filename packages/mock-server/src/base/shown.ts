/** Values as the journal keeps them: what is long is cut, bytes are counted, and a key is left out. */
import { isRecord } from "./Rules.ts"

const longest = 1000

export const shown = (value: unknown, key: string | undefined): unknown => {
  if (typeof value === "string") {
    const text = key === undefined ? value : value.replaceAll(key, "[redacted]")
    return text.length <= longest ? text : `${text.slice(0, 200)}… (${text.length} characters)`
  }
  if (value instanceof Uint8Array) return `(${value.byteLength} bytes)`
  if (Array.isArray(value)) return value.map((each) => shown(each, key))
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shown(inner, key)]))
  return value
}
