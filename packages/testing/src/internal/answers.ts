/** Judges readings and receipts by the answers that they come from. */
import { type Dialect, type Reading, Text } from "@reelay/core"
import { get, isObject, type Path, texts } from "./json.ts"

export const answerOf = (
  operation: Reading.Answer["operation"],
  { body, status }: { readonly status: number; readonly body: unknown }
): Reading.Answer => ({
  operation,
  status,
  headers: { "content-type": "application/json" },
  // An empty body is an empty text in a fixture.
  body: body === "" ? "" : (JSON.stringify(body) ?? "")
})

/** The statuses in a payload. */
export const wordsAt = (body: unknown, paths: ReadonlyArray<Path>): ReadonlyArray<string> =>
  paths.map((path) => get(body, path)).filter((word) => typeof word === "string")

/**
 * What is invented in a success: its status, or an artifact. Some status must mean success, in a 2xx, and each link must be in the body
 * unchanged.
 */
export const inventedSuccess = (
  reading: Reading.Reading,
  { body, status }: Reading.Answer,
  paths: ReadonlyArray<Path>,
  kindOf: (word: string) => Dialect.Kind | undefined
): string | undefined => {
  if (reading._tag !== "Succeeded") return undefined
  if (status < 200 || status > 299) return `a success was read from HTTP ${status}`
  const json = Text.parseJson(body)
  if (!wordsAt(json, paths).some((word) => kindOf(word) === "succeeded")) return "a success was read without a status for it"
  const known = new Set(texts(json).map((text) => text.trim()))
  const invented = reading.artifacts.find(({ url }) => !known.has(url))
  return invented === undefined ? undefined : `the link ${invented.url} is not in the body`
}

const fractionOrAbsent = (value: unknown): boolean => value === undefined || (typeof value === "number" && value >= 0 && value <= 1)
const billed: ReadonlySet<unknown> = new Set(["yes", "no", "unknown"])
// 500 characters of a body, and a short prefix.
const short = (value: unknown): boolean => typeof value === "string" && value.length <= 600

/** Whether a value is a reading in all its parts. */
export const isReading = (value: unknown): value is Reading.Reading => {
  if (!isObject(value)) return false
  switch (value["_tag"]) {
    case "Queued":
      return value["position"] === undefined || typeof value["position"] === "number"
    case "Running":
      return fractionOrAbsent(value["progress"])
    case "Succeeded":
      return (
        Array.isArray(value["artifacts"]) && value["artifacts"].every((each: unknown) => isObject(each) && typeof each["url"] === "string")
      )
    case "Failed":
      return (
        isObject(value["failure"]) &&
        short(value["failure"]["message"]) &&
        ["boolean", "undefined"].includes(typeof value["failure"]["moderated"]) &&
        billed.has(value["billed"])
      )
    case "Expired":
    case "Cancelled":
      return billed.has(value["billed"])
    case "Unrecognised":
      return short(value["word"])
    case "Missed":
    case "NotFound":
      return short(value["detail"])
    case "Refused":
      return short(value["message"]) && typeof value["status"] === "number"
    default:
      return false
  }
}

/** Whether a value is a receipt in all its parts. */
export const isReceipt = (value: unknown): value is Reading.Receipt => {
  if (!isObject(value)) return false
  switch (value["_tag"]) {
    case "Accepted":
      return typeof value["id"] === "string"
    case "Declined":
    case "Busy":
      return typeof value["message"] === "string" && typeof value["status"] === "number"
    case "Unclear":
      return typeof value["detail"] === "string"
    default:
      return false
  }
}
