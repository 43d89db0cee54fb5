/**
 * What a provider's models can do, as a table. Refusals, docs, `reelay providers` and tests are all derived from it.
 *
 * Pure: a row states, `plan` decides.
 *
 * @since 0.1.0
 */
import { type Image, type Mode, modeOf, type VideoRequest } from "./VideoRequest.ts"

/**
 * Whole seconds that a model takes.
 *
 * - `from`, `to`: any whole number between, both included; without `to` no document names an upper bound.
 * - `oneOf`: these only.
 * - `fixed`: always this long. `sent` says whether the request may contain it.
 *
 * @category models
 * @since 0.1.0
 */
export type Seconds =
  | { readonly from: number; readonly to?: number | undefined; readonly default?: number | undefined }
  | { readonly oneOf: ReadonlyArray<number>; readonly default?: number | undefined }
  | { readonly fixed: number; readonly sent: boolean }

/**
 * Words that a model takes. A default is sent with the request, since vendors' defaults drift.
 *
 * @category models
 * @since 0.1.0
 */
export interface Words {
  readonly oneOf: ReadonlyArray<string>
  readonly default?: string | undefined
}

/**
 * Images that a model takes, and their forms: a public URL, a `data:` URL, or bytes as a file in a form.
 *
 * @category models
 * @since 0.1.0
 */
export interface Images {
  readonly min: number
  readonly max: number
  readonly as: ReadonlyArray<"url" | "data" | "bytes">
}

/**
 * One row: a model, used in one way. Rows of the same model and mode differ in the number of images.
 * A field that is absent can't be given.
 *
 * @category models
 * @since 0.1.0
 */
export interface Capability {
  readonly model: string
  readonly mode: Mode
  readonly prompt: "required" | "optional"
  readonly duration?: Seconds | undefined
  readonly aspectRatio?: Words | undefined
  readonly resolution?: Words | undefined
  /** Default: none. */
  readonly images?: Images | undefined
  /** For `edit` and `extend`: the source video. `suffix`: its path must end with it. */
  readonly video?: { readonly suffix?: string | undefined } | undefined
  /** A remark that the fields can't express. */
  readonly note?: string | undefined
}

/**
 * The requests that a table of models allows, by its types: what a model can't do is a type error. It is as narrow as the table is literal; a number's
 * range is checked at run time only. A model must be named.
 *
 * **Example** (A client that takes only what xAI's models can do)
 *
 * ```ts
 * import type { Capability } from "@reelay/core"
 * import { createClient } from "@reelay/core/promise"
 * import { type capabilities, xai } from "@reelay/providers/xai"
 *
 * export const make = (apiKey: string) => createClient<Capability.RequestOf<typeof capabilities>>({ provider: xai({ apiKey }) })
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export type RequestOf<Rows extends ReadonlyArray<Capability>> = Rows[number] extends infer Row
  ? Row extends Capability
    ? RequestBy<Row>
    : never
  : never

type RequestBy<Row extends Capability> = {
  readonly model: Row["model"]
  readonly duration?: SecondsOf<Row["duration"]> | undefined
  readonly aspectRatio?: WordsOf<Row["aspectRatio"]> | undefined
  readonly resolution?: WordsOf<Row["resolution"]> | undefined
} & (Row["mode"] extends "generate" ? { readonly mode?: "generate" | undefined } : { readonly mode: Row["mode"] }) &
  (Row["prompt"] extends "required" ? { readonly prompt: string } : { readonly prompt?: string | undefined }) &
  (Row extends { readonly images: Images } ? { readonly images: ReadonlyArray<Image> } : { readonly images?: undefined }) &
  (Row extends { readonly video: object } ? { readonly video: string } : { readonly video?: undefined })

type SecondsOf<Given> = Given extends { readonly oneOf: ReadonlyArray<infer One> }
  ? One
  : Given extends { readonly fixed: infer Only; readonly sent: true }
    ? Only
    : Given extends { readonly from: number }
      ? number
      : undefined

type WordsOf<Given> = Given extends { readonly oneOf: ReadonlyArray<infer One> } ? One : undefined

/**
 * Why a request can't be sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Refusal {
  readonly _tag: "Refusal"
  readonly field: string
  readonly rule: string
}

/**
 * A request that fits a row, with the row's defaults in place.
 *
 * @category models
 * @since 0.1.0
 */
export interface Plan {
  readonly _tag: "Plan"
  readonly row: Capability
  readonly prompt?: string | undefined
  readonly duration?: number | undefined
  readonly aspectRatio?: string | undefined
  readonly resolution?: string | undefined
  readonly images: ReadonlyArray<Image>
  readonly video?: string | undefined
}

/**
 * Finds the row that a request fits, or says which field breaks which rule. The first row's model is the default.
 *
 * @category combinators
 * @since 0.1.0
 */
export const plan = (table: readonly [Capability, ...Array<Capability>], request: VideoRequest): Plan | Refusal => {
  const mode = modeOf(request)
  const images = request.images ?? []
  const ofMode = table.filter((row) => row.mode === mode)
  if (ofMode.length === 0) return refusal("mode", `is ${mode}, which is not offered here; ${listed(modes(table))} ${are(modes(table))}`)
  const model = request.model ?? (ofMode[0] ?? table[0]).model
  const ofModel = table.filter((row) => row.model === model)
  if (ofModel.length === 0)
    return refusal("model", `is ${quoted(model)}, which is not known; ${listed(models(table))} ${are(models(table))}`)
  const rows = ofModel.filter((row) => row.mode === mode)
  if (rows.length === 0) return refusal("model", `is ${model}, which can't ${mode}; ${listed(models(ofMode))} can`)
  const row = rows.find(({ images: of }) => images.length >= (of?.min ?? 0) && images.length <= (of?.max ?? 0))
  if (row === undefined) {
    return refusal("images", `are ${images.length}; ${model} takes ${listed(rows.map((each) => count(each.images)))}`)
  }
  const prompt = request.prompt?.trim() === "" ? undefined : request.prompt
  return (
    (row.prompt === "required" && prompt === undefined ? refusal("prompt", `is missing; ${model} needs one to ${mode}`) : undefined) ??
    refuseSeconds(row, request.duration) ??
    refuseWord(row, "aspectRatio", request.aspectRatio, table) ??
    refuseWord(row, "resolution", request.resolution, table) ??
    refuseVideo(row, request.video) ?? {
      _tag: "Plan",
      row,
      prompt,
      duration: secondsToSend(row.duration, request.duration),
      aspectRatio: request.aspectRatio ?? row.aspectRatio?.default,
      resolution: request.resolution ?? row.resolution?.default,
      images,
      video: request.video
    }
  )
}

/** @category constructors */
export const refusal = (field: string, rule: string): Refusal => ({ _tag: "Refusal", field, rule })

/**
 * Writes the seconds of a row for people: `6 to 30 (10)`, the default in brackets.
 *
 * @category converting
 * @since 0.1.0
 */
export const describeSeconds = (seconds: Seconds | undefined): string => {
  if (seconds === undefined) return "–"
  if ("fixed" in seconds) return `${seconds.fixed} fixed`
  const range =
    "oneOf" in seconds ? seconds.oneOf.join(", ") : seconds.to === undefined ? `from ${seconds.from}` : `${seconds.from} to ${seconds.to}`
  return `${range}${seconds.default === undefined ? "" : ` (${seconds.default})`}`
}

/**
 * Writes the words of a row for people, the default in brackets.
 *
 * @category converting
 * @since 0.1.0
 */
export const describeWords = (words: Words | undefined): string =>
  words === undefined ? "–" : `${words.oneOf.join(" ")}${words.default === undefined ? "" : ` (${words.default})`}`

/**
 * Writes the images of a row for people: `up to 7, as url or data`.
 *
 * @category converting
 * @since 0.1.0
 */
export const describeImages = (images: Images | undefined): string =>
  images === undefined ? "–" : `${count(images)}, as ${images.as.join(" or ")}`

const refuseSeconds = ({ duration: rule, mode, model }: Capability, given: number | undefined): Refusal | undefined => {
  if (given === undefined) return undefined
  if (rule === undefined) return refusal("duration", `isn't supported by ${model} to ${mode}`)
  const fits =
    Number.isInteger(given) &&
    ("fixed" in rule
      ? given === rule.fixed
      : "oneOf" in rule
        ? rule.oneOf.includes(given)
        : given >= rule.from && given <= (rule.to ?? Number.POSITIVE_INFINITY))
  if (fits) return undefined
  const takes =
    "fixed" in rule
      ? `always makes ${rule.fixed} s`
      : "oneOf" in rule
        ? `takes ${listed(rule.oneOf.map(String), "or")}`
        : rule.to === undefined
          ? `takes whole seconds from ${rule.from}`
          : `takes whole seconds from ${rule.from} to ${rule.to}`
  return refusal("duration", `is ${given} s; ${model} ${takes}`)
}

const refuseWord = (
  row: Capability,
  field: "aspectRatio" | "resolution",
  given: string | undefined,
  table: ReadonlyArray<Capability>
): Refusal | undefined => {
  if (given === undefined) return undefined
  const words = row[field]?.oneOf
  if (words?.includes(given) === true) return undefined
  if (words === undefined) return refusal(field, `isn't supported by ${row.model} to ${row.mode}`)
  const others = table.filter((other) => other.mode === row.mode && other[field]?.oneOf.includes(given) === true)
  const elsewhere = others.length === 0 ? "" : `; ${listed(models(others))} ${models(others).length === 1 ? "takes" : "take"} it`
  return refusal(field, `is ${quoted(given)}; ${row.model} takes ${listed(words, "or")} here${elsewhere}`)
}

const refuseVideo = ({ mode, model, video }: Capability, given: string | undefined): Refusal | undefined => {
  if (video === undefined) return given === undefined ? undefined : refusal("video", `isn't supported by ${model} to ${mode}`)
  if (given === undefined) return refusal("video", `is missing; ${model} needs the URL of one to ${mode}`)
  if (given.startsWith("data:video/")) return undefined
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url === undefined || !/^https?:$/u.test(url.protocol)) return refusal("video", "isn't an http, https or data:video URL")
  if (video.suffix !== undefined && !url.pathname.toLowerCase().endsWith(video.suffix)) {
    return refusal("video", `has a path that does not end in ${video.suffix}, which ${model} requires`)
  }
  return undefined
}

const secondsToSend = (rule: Seconds | undefined, given: number | undefined): number | undefined => {
  if (rule === undefined) return undefined
  if ("fixed" in rule) return rule.sent ? rule.fixed : undefined
  return given ?? rule.default
}

const count = (images: Images | undefined): string =>
  images === undefined
    ? "none"
    : images.min === images.max
      ? `exactly ${images.max}`
      : images.min > 0
        ? `${images.min} to ${images.max}`
        : `up to ${images.max}`

const models = (rows: ReadonlyArray<Capability>): ReadonlyArray<string> => [...new Set(rows.map((row) => row.model))]
const modes = (rows: ReadonlyArray<Capability>): ReadonlyArray<string> => [...new Set(rows.map((row) => row.mode))]

const listed = (words: ReadonlyArray<string>, joint = "and"): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${joint} ${words.at(-1)}`

const are = (words: ReadonlyArray<string>): string => (words.length === 1 ? "is" : "are")

// User input may be long.
const quoted = (text: string): string => (text.length > 80 ? `"${text.slice(0, 79)}…"` : `"${text}"`)
