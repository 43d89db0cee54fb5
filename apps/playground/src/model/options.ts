/** What a form may offer, from the table of what models can do. */
import { type Capability, plan, type Seconds } from "@reelay/core/Capability"

export type Table = readonly [Capability, ...Array<Capability>]

/** The options that a person has chosen; absent is the model's default. */
export interface Chosen {
  readonly duration?: number | undefined
  readonly aspectRatio?: string | undefined
  readonly resolution?: string | undefined
}

export const fields = ["duration", "aspectRatio", "resolution"] as const
export type Field = (typeof fields)[number]

export interface Choice {
  readonly values: ReadonlyArray<number | string>
  readonly default?: number | string | undefined
}

/** Without images or a source video: what can be made from a prompt alone. */
const rowOf = (table: Table, model: string): Capability | undefined =>
  table.find((row) => row.model === model && row.mode === "generate" && (row.images?.min ?? 0) === 0)

export const modelsOf = (table: Table): ReadonlyArray<string> =>
  [...new Set(table.map(({ model }) => model))].filter((model) => rowOf(table, model) !== undefined)

/** Where a document names no upper bound, a form needs one. */
const longest = 30

const secondsOf = (seconds: Seconds): Choice => {
  if ("fixed" in seconds) return { values: [seconds.fixed], default: seconds.fixed }
  if ("oneOf" in seconds) return { values: seconds.oneOf, default: seconds.default }
  const to = seconds.to ?? longest
  return { values: Array.from({ length: to - seconds.from + 1 }, (_, index) => seconds.from + index), default: seconds.default }
}

/** The values that a model takes in a field; nothing if the field can't be given. */
export const choiceOf = (table: Table, model: string, field: Field): Choice | undefined => {
  const row = rowOf(table, model)
  switch (field) {
    case "duration":
      return row?.duration === undefined ? undefined : secondsOf(row.duration)
    case "aspectRatio":
    case "resolution": {
      const words = row?.[field]
      return words === undefined ? undefined : { values: words.oneOf, default: words.default }
    }
  }
}

export interface Fitted {
  readonly chosen: Chosen
  /** What was dropped, and why, in sentences. */
  readonly dropped: ReadonlyArray<string>
}

const names: Readonly<Record<Field, string>> = { duration: "Duration", aspectRatio: "Aspect ratio", resolution: "Resolution" }
export const nameOf = (field: Field): string => names[field]

/** What of the chosen options a model takes; the rest is dropped, with the reason that a refusal would give. */
export const fitted = (table: Table, model: string, chosen: Chosen): Fitted => {
  const refused = fields.flatMap((field) => {
    if (chosen[field] === undefined) return []
    const planned = plan(table, { prompt: "A candle.", model, [field]: chosen[field] })
    return planned._tag === "Refusal" ? [{ field, text: `${nameOf(field)} ${planned.rule}.` }] : []
  })
  const kept = fields.filter((field) => chosen[field] !== undefined && !refused.some((each) => each.field === field))
  return { chosen: Object.fromEntries(kept.map((field) => [field, chosen[field]])), dropped: refused.map(({ text }) => text) }
}
