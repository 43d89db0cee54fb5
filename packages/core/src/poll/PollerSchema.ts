/**
 * The record of a poller as a `Schema`, for programs that store it between two polls.
 *
 * Separate from `Poller`, so that a page that only follows a job does not load `effect/Schema`. A type test holds both to the same type.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { JobState } from "../job/JobStateSchema.ts"

/**
 * Schema for version 1 of the record. Another version is refused: its reader leaves the job to a newer process.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Poller = Schema.Struct({
  version: Schema.Literal(1),
  state: JobState,
  polls: Schema.Natural,
  bornAt: Schema.Finite,
  deadlineMs: Schema.Finite,
  deadlineAt: Schema.Finite,
  nextAt: Schema.Finite,
  allowedAt: Schema.Finite,
  begunAt: Schema.NullOr(Schema.Finite),
  plannedMs: Schema.NullOr(Schema.Finite),
  unfinishedAt: Schema.Finite,
  failures: Schema.Natural,
  notFound: Schema.Natural,
  empty: Schema.Natural,
  expired: Schema.Boolean,
  owned: Schema.Boolean,
  waiting: Schema.NullOr(Schema.String)
})
