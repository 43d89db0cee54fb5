import * as Effect from "effect/Effect"
import { InvalidRequest, type JobError } from "../job/JobError.ts"
import { fromUri, type JobRef } from "../job/JobRef.ts"
import { refusal } from "../provider/check.ts"
import type { Provider } from "../provider/Provider.ts"

/** A reference that a caller gave as an object or as text. */
export const parsed = (provider: Provider<never>, ref: JobRef | string): Effect.Effect<JobRef, JobError> => {
  const read = typeof ref === "string" ? fromUri(ref) : isRef(ref) ? ref : "must be a reference of a job, as an object or as text"
  if (typeof read !== "string") return Effect.succeed(read)
  return Effect.fail(refusal(provider, "attach")(new InvalidRequest({ field: "ref", rule: read })))
}

const isRef = (value: unknown): boolean =>
  typeof value === "object" && value !== null && ["provider", "id", "baseUrl"].every((name) => typeof Reflect.get(value, name) === "string")
