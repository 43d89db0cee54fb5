/**
 * The states of a job, its reference and its readings as `Schema`, to store or send them.
 *
 * Separate from `JobState`, so that a page that only follows a job does not load `effect/Schema`. A type test keeps the types of both equal.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { isBaseUrl } from "./JobRef.ts"

/**
 * Schema for a reference.
 *
 * @category schemas
 * @since 0.1.0
 */
export const JobRef = Schema.Struct({
  provider: Schema.NonEmptyString,
  kind: Schema.Literals(["generation", "edit", "extension"]),
  id: Schema.NonEmptyString,
  baseUrl: Schema.String.check(
    Schema.makeFilter((text) => isBaseUrl(text) || "expected an http or https address without a slash at the end")
  ),
  account: Schema.optional(Schema.String),
  submittedAt: Schema.Finite,
  deliversTo: Schema.optional(Schema.String),
  model: Schema.optional(Schema.String),
  seconds: Schema.optional(Schema.Finite)
})

/**
 * Schema for a place to get the finished video from.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Artifact = Schema.Struct({ url: Schema.NonEmptyString, kind: Schema.Literals(["link", "content", "delivered"]) })

/**
 * Schema for whether a job was charged.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Billed = Schema.Literals(["yes", "no", "unknown"])

/**
 * Schema for why a job ended without a video.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Failure = Schema.Struct({
  origin: Schema.Literals(["provider", "gateway"]),
  code: Schema.optional(Schema.String),
  message: Schema.String,
  moderated: Schema.optional(Schema.Boolean)
})

const { origin: _, ...why } = Failure.fields
const Why = Schema.Struct(why)

const cost = { costUsd: Schema.optional(Schema.Finite), costSource: Schema.optional(Schema.Literals(["provider", "upstream"])) }

const queued = { position: Schema.optional(Schema.Natural) }

const running = {
  progress: Schema.optional(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))),
  progressSource: Schema.optional(Schema.Literals(["reported", "estimated"]))
}

const finished = {
  ...cost,
  durationSeconds: Schema.optional(Schema.Finite),
  model: Schema.optional(Schema.String),
  expiresAt: Schema.optional(Schema.Finite)
}

const failed = { ...cost, failure: Failure, billed: Billed }
const expired = { ...cost, billed: Billed }
const cancelled = { ...cost, by: Schema.Literals(["caller", "provider"]), billed: Billed }

const base = { ref: JobRef, at: Schema.Finite, polls: Schema.Natural, raw: Schema.optionalKey(Schema.Unknown) }

/**
 * Schema for every state, with `match` and `guards`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const JobState = Schema.TaggedUnion({
  Submitted: base,
  Queued: { ...base, ...queued },
  Running: { ...base, ...running },
  Succeeded: { ...base, ...finished, artifacts: Schema.NonEmptyArray(Artifact), billed: Billed },
  Failed: { ...base, ...failed },
  Expired: { ...base, ...expired },
  Cancelled: { ...base, ...cancelled }
})

const ended = { endedAt: Schema.optional(Schema.Finite) }

const readings = {
  Queued: queued,
  Running: running,
  Succeeded: { ...finished, ...ended, artifacts: Schema.Array(Artifact), why: Schema.optional(Why) },
  Failed: { ...failed, ...ended },
  Expired: expired,
  Cancelled: { ...cancelled, ...ended },
  Unrecognised: { word: Schema.String },
  Missed: {
    because: Schema.Literals([
      "network",
      "timeout",
      "server",
      "rate-limited",
      "payment-required",
      "unauthorized",
      "unreadable",
      "query-failed"
    ]),
    detail: Schema.String
  },
  NotFound: { detail: Schema.String },
  Refused: {
    reason: Schema.Literals(["Unauthorized", "PaymentRequired", "PollRejected"]),
    status: Schema.Int,
    code: Schema.optional(Schema.String),
    message: Schema.String
  }
}

/**
 * Schema for a reading.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Reading = Schema.TaggedUnion(readings)

const stamp = { at: Schema.Finite, poll: Schema.Natural, raw: Schema.optionalKey(Schema.Unknown) }

/**
 * Schema for a reading with its stamp.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Observation = Schema.TaggedUnion({
  Queued: { ...stamp, ...readings.Queued },
  Running: { ...stamp, ...readings.Running },
  Succeeded: { ...stamp, ...readings.Succeeded },
  Failed: { ...stamp, ...readings.Failed },
  Expired: { ...stamp, ...readings.Expired },
  Cancelled: { ...stamp, ...readings.Cancelled },
  Unrecognised: { ...stamp, ...readings.Unrecognised },
  Missed: { ...stamp, ...readings.Missed },
  NotFound: { ...stamp, ...readings.NotFound },
  Refused: { ...stamp, ...readings.Refused }
})
