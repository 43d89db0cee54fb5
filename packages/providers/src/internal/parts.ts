/** What the four providers share: steps from a request to the wire, and common readings. */
import {
  Capability,
  Dialect,
  type Images,
  JobError,
  type JobRef,
  type Provider,
  type Reading,
  type VideoRequest,
  VideoRequestSchema
} from "@reelay/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** Checks a request against its strict schema. */
export const check = VideoRequestSchema.checker

/** Finds the row that a request fits. */
export const planned = (
  table: readonly [Capability.Capability, ...Array<Capability.Capability>],
  request: VideoRequest.VideoRequest
): Effect.Effect<Capability.Plan, JobError.InvalidRequest> => {
  const plan = Capability.plan(table, request)
  return plan._tag === "Refusal" ? refuse(plan.field, plan.rule) : Effect.succeed(plan)
}

/** The forms of images that a plan's row takes. */
export const formsOf = ({ row }: Capability.Plan): ReadonlyArray<Images.Form> => row.images?.as ?? []

/** What a reference keeps of a plan, so that durations are learned apart. */
export const sizeOf = ({ duration, row }: Capability.Plan): Pick<Provider.SubmitCall, "model" | "seconds"> => ({
  model: row.model,
  ...(duration === undefined ? {} : { seconds: duration })
})

export const refuse = (field: string, rule: string): Effect.Effect<never, JobError.InvalidRequest> =>
  Effect.fail(new JobError.InvalidRequest({ field, rule }))

/** Writes a plan in the wire's names. Keys without a value are left out, and keys that the schema does not have are dropped. */
export const encoded = <A, I>(
  schema: Schema.Codec<A, I>,
  value: { readonly [Key in keyof A]?: unknown }
): Effect.Effect<I, JobError.InvalidRequest> => {
  const given = Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined))
  return Effect.mapError(
    Schema.encodeUnknownEffect(schema)(given),
    (error) => new JobError.InvalidRequest({ field: "request", rule: `can't be written: ${error.message}` })
  )
}

/** A place that a provider puts a video at, without its signature; `undefined` if it isn't an address. */
export const placeOf = (url: unknown): string | undefined => {
  if (typeof url !== "string" || !URL.canParse(url)) return undefined
  const { host, pathname, protocol } = new URL(url)
  return protocol === "https:" || protocol === "http:" ? `${protocol}//${host}${pathname}` : undefined
}

/** An id as a part of a path. */
export const idOf = ({ id }: JobRef.JobRef): string => encodeURIComponent(id)

/** A success, without keys that say nothing. */
export const succeeded = (fields: Omit<Reading.Succeeded, "_tag">): Reading.Succeeded => ({ _tag: "Succeeded", ...fields })

/**
 * A success by its payload: with its links, from the documented places first; `undefined` if there may be one that can't be read; otherwise
 * without any, and with the words that explain it.
 */
export const finished = (
  json: unknown,
  documented: ReadonlyArray<string>,
  fields: Omit<Reading.Succeeded, "_tag" | "artifacts" | "why">
): Reading.Succeeded | undefined => {
  const { artifacts, isUnreadable } = Dialect.linksIn(json, ...documented)
  if (isUnreadable) return undefined
  const { code, message } = artifacts.length > 0 ? {} : Dialect.reasonIn(json)
  return succeeded({ artifacts, ...fields, ...(code === undefined && message === undefined ? {} : { why: whyOf(code, message) }) })
}

/** No word about a filter means only that nobody can tell. */
const whyOf = (
  code: string | undefined,
  message = "the provider gave no reason",
  ...words: ReadonlyArray<string>
): NonNullable<Reading.Succeeded["why"]> => ({
  message,
  ...(Dialect.speaksOfModeration(message, code, ...words) ? { moderated: true } : {}),
  ...(code === undefined ? {} : { code })
})

const errorIn = (json: unknown): unknown => (typeof json === "object" && json !== null && "error" in json ? json.error : undefined)

/** A failure from any of the known shapes of its payload. */
export const failed = (
  json: unknown,
  more: Partial<Omit<Reading.Failed, "_tag" | "failure">> & Partial<Reading.Failure> = {}
): Reading.Failed => {
  const { costSource, costUsd, billed = "unknown", origin = "provider" } = more
  const { code = more.code, message = more.message } = Dialect.reasonIn(json)
  const error = errorIn(json)
  const why = whyOf(code, message, ...Dialect.codesOf(error), ...Dialect.textsOf(error))
  return {
    _tag: "Failed",
    failure: { ...why, origin, ...(why.moderated === true || more.moderated === undefined ? {} : { moderated: more.moderated }) },
    billed,
    ...(costUsd === undefined ? {} : { costUsd, costSource })
  }
}

/** "One US dollar equals 10,000,000,000 ticks." */
const ticksPerDollar = 10_000_000_000

/** A field of xAI's payload, which gateways forward. */
export const usage = Dialect.lenient(Schema.Struct({ cost_in_usd_ticks: Dialect.lenient(Schema.Unknown) }))

/**
 * The cost that a payload reports. Through a gateway it is what the upstream charged: a cost means that the job was billed, though the
 * gateway's own price may differ; no cost does not mean that the gateway charges nothing.
 */
export const costOf = (
  payload: { readonly usage?: { readonly cost_in_usd_ticks?: unknown } },
  source: NonNullable<Reading.Cost["costSource"]>
): Reading.Cost & { readonly billed: Reading.Billed } => {
  const ticks = Dialect.numeric(payload.usage?.cost_in_usd_ticks)
  if (ticks === undefined || ticks < 0) return { billed: "unknown" }
  const billed = ticks > 0 ? "yes" : source === "provider" ? "no" : "unknown"
  return { costUsd: ticks / ticksPerDollar, costSource: source, billed }
}

/** The same, for a success: it is billed anyway. */
export const pricedAs = (...payload: Parameters<typeof costOf>): Reading.Cost => {
  const { billed: _, ...cost } = costOf(...payload)
  return cost
}
