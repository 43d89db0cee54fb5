/** What the four providers share: steps from a request to the wire, and common readings. */
import { Capability, Dialect, type Images, JobError, type JobRef, type Reading, type VideoRequest, VideoRequestSchema } from "@reelay/core"
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

/** An id as a part of a path. */
export const idOf = ({ id }: JobRef.JobRef): string => encodeURIComponent(id)

/** A success, without keys that say nothing. */
export const succeeded = (fields: Omit<Reading.Succeeded, "_tag">): Reading.Succeeded => ({ _tag: "Succeeded", ...fields })

/** A failure from any of the known shapes of an error. */
export const failed = (
  error: unknown,
  more: Partial<Omit<Reading.Failed, "_tag" | "failure">> & Partial<Reading.Failure> = {}
): Reading.Failed => {
  const { costSource, costUsd, billed = "unknown", origin = "provider" } = more
  const said = Dialect.errorOf(error)
  const message = said.message ?? more.message ?? "the provider gave no reason"
  const code = said.code ?? more.code
  return {
    _tag: "Failed",
    failure: {
      origin,
      message,
      moderated: more.moderated ?? Dialect.speaksOfModeration(message, code),
      ...(code === undefined ? {} : { code })
    },
    billed,
    ...(costUsd === undefined ? {} : { costUsd, costSource })
  }
}
