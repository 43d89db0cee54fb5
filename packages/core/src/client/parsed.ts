import * as Effect from "effect/Effect"
import { InvalidRequest, JobError } from "../job/JobError.ts"
import { fromUri, type JobRef } from "../job/JobRef.ts"
import type { Provider } from "../provider/Provider.ts"

/** A reference that a caller gave as an object or as text. */
export const parsed = (provider: Provider<never>, ref: JobRef | string): Effect.Effect<JobRef, JobError> => {
  const read = typeof ref === "string" ? fromUri(ref) : isRef(ref) ? ref : "must be a reference of a job, as an object or as text"
  if (typeof read !== "string") return Effect.succeed(read)
  const reason = new InvalidRequest({ field: "ref", rule: read })
  return Effect.fail(new JobError({ reason, provider: provider.definition.name, operation: "attach", attempt: 0 }))
}

const isRef = (value: unknown): boolean =>
  typeof value === "object" && value !== null && ["provider", "id", "baseUrl"].every((name) => typeof Reflect.get(value, name) === "string")
