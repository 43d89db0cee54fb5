/**
 * What can go wrong between a caller and the database. A job's own end is a state.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/** The key has a job for another request: give a new key. Nothing was changed. */
export class KeyTaken extends Data.TaggedError("KeyTaken")<{ readonly key: string }> {
  override get message(): string {
    return `The key ${this.key} was given with another request before: give a new key. Nothing was changed.`
  }
}

/** The database has no job under this key. */
export class KeyUnknown extends Data.TaggedError("KeyUnknown")<{ readonly key: string }> {
  override get message(): string {
    return `The database has no job under the key ${this.key}.`
  }
}

/** What was asked does not fit the job's state: nothing was changed. */
export class NotPossible extends Data.TaggedError("NotPossible")<{ readonly key: string; readonly detail: string }> {
  override get message(): string {
    return `The job ${this.key} ${this.detail}. Nothing was changed.`
  }
}

/** The database could not be reached, or refused a statement. */
export class DatabaseFailed extends Data.TaggedError("DatabaseFailed")<{ readonly detail: string; readonly cause?: unknown }> {
  override get message(): string {
    return `The database failed: ${this.detail}`
  }
}
