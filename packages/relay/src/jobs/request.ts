/** The request of a user: only what the relay allows. */
import { StoredVideoRequest, type VideoRequest } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { isRecord } from "../access/body.ts"
import { refuse } from "../access/refuse.ts"

/** Simple values, and images. What a user says about where the video goes would send the account's video anywhere. */
export const allowedByDefault = ["prompt", "model", "duration", "aspectRatio", "resolution", "images"] as const

const never = ["options", "options.uploadUrl", "options.storage", "options.user"] as const

/** Throws at the start, not at the first request. */
export const checkAllowed = (allow: ReadonlyArray<string>): void => {
  for (const field of never)
    if (allow.includes(field))
      throw new TypeError(`allow: a user may not set ${field}; allow single fields, such as "options.generateAudio"`)
}

const { fromStored } = StoredVideoRequest.make(
  Schema.Struct({ ...StoredVideoRequest.fields, options: Schema.optional(Schema.Record(Schema.String, Schema.Unknown)) })
)

/** Decodes a request, and refuses a field that is not allowed with its name: a job without it would be another one, and be paid for. */
export const requestOf = async (given: unknown, allow: ReadonlyArray<string>): Promise<VideoRequest.VideoRequest> => {
  if (!isRecord(given))
    throw refuse("BadRequest", "request must be an object, such as { prompt }.", { field: "request", rule: "must be an object" })
  for (const [name, value] of Object.entries(given)) {
    const fields = name === "options" && isRecord(value) ? Object.keys(value).map((option) => `options.${option}`) : [name]
    for (const field of fields) {
      if (!allow.includes(field))
        throw refuse("BadRequest", `${field} can't be set through this relay.`, { field, rule: "can't be set through this relay" })
    }
  }
  const decoded = await Effect.runPromise(Effect.result(fromStored(given)))
  if (decoded._tag === "Success") return decoded.success
  const { field, rule } = decoded.failure
  throw refuse("BadRequest", `${field} ${rule}.`, { field, rule })
}
