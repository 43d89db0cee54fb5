/** The statuses of an answer, changed: what providers do to each other's clients. */
import { isRecord } from "../base/Rules.ts"
import type { Answer } from "./Answer.ts"

/** A status that stands in no provider's documents. */
const undocumented = "warming_up"

/** What another provider says for the same thing. */
const others: ReadonlyMap<string, string> = new Map([
  ["submitted", "not_start"],
  ["not_start", "submitted"],
  ["queued", "pending"],
  ["pending", "queued"],
  ["processing", "in_progress"],
  ["in_progress", "processing"],
  ["done", "completed"],
  ["completed", "succeeded"],
  ["success", "done"],
  ["failed", "error"],
  ["failure", "failed"],
  ["cancelled", "canceled"]
])

const cased = (word: string, like: string): string => (like === like.toUpperCase() ? word.toUpperCase() : word)

/** Every `status` of a payload, wrapper and nested, as `change` has it; `undefined` leaves it out. */
const restated = (value: unknown, change: (word: string) => string | undefined): unknown => {
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) =>
      name === "status" && typeof inner === "string" ? [name, change(inner)] : [name, restated(inner, change)]
    )
  )
}

const changed = (answer: Answer, change: (word: string) => string | undefined): Answer => ({
  ...answer,
  body: restated(answer.body, change)
})

export const unknown = (answer: Answer): Answer => changed(answer, (word) => cased(undocumented, word))

export const foreign = (answer: Answer): Answer => changed(answer, (word) => cased(others.get(word.toLowerCase()) ?? word, word))

export const missing = (answer: Answer): Answer => changed(answer, () => undefined)
