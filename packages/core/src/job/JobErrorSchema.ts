/**
 * Reelay's errors as `Schema`, to store or send them: an error and its reason are decoded from text to their own classes.
 *
 * Separate from `JobError`, so that a page that only follows a job does not load `effect/Schema`. The compiler keeps the fields of both equal: a
 * reason or a field without a schema is a type error here.
 *
 * The fields of the error are written, without `stack` and `cause`. `message` and `again` are derived from them, so they stay the same. Fields
 * that a later version adds are ignored when read; a reason that this version does not know is refused by its name.
 *
 * **Example** (An error as text, and back)
 *
 * ```ts
 * import { JobErrorSchema } from "@reelay/core"
 * import * as Schema from "effect/Schema"
 *
 * const Text = Schema.fromJsonString(JobErrorSchema.JobError)
 *
 * export const toText = Schema.encodeEffect(Text)
 * export const fromText = Schema.decodeUnknownEffect(Text)
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { excerpt } from "../base/Text.ts"
import * as Errors from "./JobError.ts"
import type * as Ref from "./JobRef.ts"
import * as JobStateSchema from "./JobStateSchema.ts"

/** JSON has neither NaN nor Infinity: they are written as text, so any error can be stored. */
const AnyNumber = Schema.toCodecJson(Schema.Number)

/** The reference of an error, which can't always be followed: a refusal of a reference has it too. */
const JobRef = Schema.Struct({
  provider: Schema.String,
  kind: JobStateSchema.JobRef.fields.kind,
  id: Schema.String,
  baseUrl: Schema.String,
  account: Schema.optional(Schema.String),
  submittedAt: AnyNumber,
  deliversTo: Schema.optional(Schema.String)
}) satisfies Schema.Codec<Ref.JobRef, unknown>

/**
 * Schema for a POST that may have made a job.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Sent = Schema.Struct({
  kind: JobStateSchema.JobRef.fields.kind,
  at: AnyNumber,
  baseUrl: Schema.String,
  account: Schema.String,
  requestId: Schema.optional(Schema.String)
}) satisfies Schema.Codec<Errors.Sent, unknown>

/** A schema for each field of a class, including optional ones: none can be forgotten. */
type FieldsOf<Args> = { readonly [Name in keyof Args]-?: Schema.Codec<Args[Name], unknown> }

type Stored<Tag extends string, Fields extends Schema.Struct.Fields> = { readonly _tag: Tag } & Schema.Struct.Encoded<Fields>

/** A class of errors, and its stored fields. */
const stored = <const Tag extends string, Args extends object, Self extends Args & { readonly _tag: Tag }, Fields extends FieldsOf<Args>>(
  tag: Tag,
  Class: new (args: Args) => Self,
  fields: Fields
) => {
  const all: Schema.Struct.Fields = fields
  const names = Object.keys(fields)
  const written = (error: Self): { readonly _tag: Tag; readonly [name: string]: unknown } => ({
    _tag: tag,
    ...Object.fromEntries(names.flatMap((name) => (Reflect.get(error, name) === undefined ? [] : [[name, Reflect.get(error, name)]])))
  })
  const codec = Schema.Struct({ _tag: Schema.Literal(tag), ...all }).pipe(
    Schema.decodeTo(
      Schema.instanceOf(Class),
      SchemaTransformation.transform({
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- The struct has read a value of the type of each field of `Args`.
        decode: ({ _tag, ...args }) => new Class(args as Args),
        encode: written
      })
    )
  )
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- What the struct writes; the compiler can't tell while `Fields` is open.
  return codec as Schema.Codec<Self, Stored<Tag, Fields>>
}

const detail = { detail: Schema.String }
const rejected = { status: AnyNumber, code: Schema.optional(Schema.String), detail: Schema.String }

/**
 * A schema for each reason, by its tag.
 *
 * @category schemas
 * @since 0.1.0
 */
export const reasons = {
  InvalidRequest: stored("InvalidRequest", Errors.InvalidRequest, { field: Schema.String, rule: Schema.String }),
  Unauthorized: stored("Unauthorized", Errors.Unauthorized, detail),
  PaymentRequired: stored("PaymentRequired", Errors.PaymentRequired, detail),
  SubmitRejected: stored("SubmitRejected", Errors.SubmitRejected, rejected),
  SubmitUnknown: stored("SubmitUnknown", Errors.SubmitUnknown, { ...detail, sent: Schema.optional(Sent) }),
  RateLimited: stored("RateLimited", Errors.RateLimited, detail),
  Unreachable: stored("Unreachable", Errors.Unreachable, detail),
  PollRejected: stored("PollRejected", Errors.PollRejected, rejected),
  BadPayload: stored("BadPayload", Errors.BadPayload, { expected: Schema.String, excerpt: Schema.String }),
  NotFound: stored("NotFound", Errors.NotFound, detail),
  DeadlineExceeded: stored("DeadlineExceeded", Errors.DeadlineExceeded, {
    deadline: AnyNumber,
    lastState: Schema.Literals(["Submitted", "Queued", "Running", "Succeeded", "Failed", "Expired", "Cancelled"]),
    detail: Schema.optional(Schema.String)
  }),
  DownloadFailed: stored("DownloadFailed", Errors.DownloadFailed, { ...detail, deliveredTo: Schema.optional(Schema.String) }),
  ArtifactTooLarge: stored("ArtifactTooLarge", Errors.ArtifactTooLarge, { limitBytes: AnyNumber }),
  ForbiddenAddress: stored("ForbiddenAddress", Errors.ForbiddenAddress, { address: Schema.String, rule: Schema.String }),
  JournalFailed: stored("JournalFailed", Errors.JournalFailed, detail)
} satisfies {
  readonly [Tag in Errors.Reason["_tag"]]: Schema.Codec<Extract<Errors.Reason, { readonly _tag: Tag }>, { readonly _tag: Tag }>
}

/** A stored reason. */
type StoredReason = (typeof reasons)[Errors.Reason["_tag"]]["Encoded"]

/** Whether a value has a known tag: the tag's own schema checks the fields. */
const Tagged = Schema.declare(
  (value): value is StoredReason => typeof value === "object" && value !== null && "_tag" in value && typeof value._tag === "string",
  { expected: "a reason with its _tag" }
).check(
  Schema.makeFilter(({ _tag }) =>
    Object.hasOwn(reasons, _tag)
      ? undefined
      : {
          path: ["_tag"],
          issue: `"${excerpt(_tag)}" is a reason that this Reelay does not know: use the one that wrote it, or a newer one`
        }
  )
)

/**
 * Schema for a reason: each is decoded to its own class.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Reason: Schema.Codec<Errors.Reason, StoredReason> = Tagged.pipe(Schema.decodeTo(Schema.Union(Object.values(reasons))))

/**
 * Schema for `JobError`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const JobError = stored("JobError", Errors.JobError, {
  provider: Schema.String,
  operation: Schema.Literals(["submit", "attach", "poll", "download", "cancel"]),
  attempt: AnyNumber,
  ref: Schema.optional(JobRef),
  reason: Reason
})

/**
 * Schema for `JobFailed`, with its state. If the state has `raw`, so does the stored form.
 *
 * @category schemas
 * @since 0.1.0
 */
export const JobFailed = stored("JobFailed", Errors.JobFailed, { state: JobStateSchema.JobState.cases.Failed })

/**
 * Schema for `JobExpired`, with its state.
 *
 * @category schemas
 * @since 0.1.0
 */
export const JobExpired = stored("JobExpired", Errors.JobExpired, { state: JobStateSchema.JobState.cases.Expired })

/**
 * Schema for `JobCancelled`, with its state.
 *
 * @category schemas
 * @since 0.1.0
 */
export const JobCancelled = stored("JobCancelled", Errors.JobCancelled, { state: JobStateSchema.JobState.cases.Cancelled })

/**
 * Schema for every failure of `handle.result`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ResultError = Schema.Union([JobError, JobFailed, JobExpired, JobCancelled])
