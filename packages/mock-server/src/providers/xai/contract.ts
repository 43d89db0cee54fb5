/**
 * What xAI answers: https://docs.x.ai/developers/rest-api-reference/inference/videos
 *
 * The document calls `status` a string, and gives four words.
 */
import * as Schema from "effect/Schema"
import { type Contract, each, nowhere, refusals } from "../../provider/Contract.ts"

const Usage = Schema.Struct({
  cost_in_usd_ticks: Schema.Int.annotate({ description: "A dollar is 10,000,000,000 ticks." })
}).annotate({ identifier: "Usage" })

const NullableText = Schema.NullOr(Schema.String)

/** `url` is null or empty where moderation took the video away. */
const Video = Schema.Struct({
  url: Schema.optionalKey(
    NullableText.annotate({
      description: "Null or empty where moderation took the video away; not there if it was put at output.upload_url."
    })
  ),
  duration: Schema.Int.annotate({ description: "Seconds." }),
  respect_moderation: Schema.Boolean.annotate({ description: "False: rejected by moderation; there is no URL." }),
  file_output: Schema.optionalKey(Schema.NullOr(Schema.Record(Schema.String, Schema.Unknown))),
  storage_error: Schema.optionalKey(
    NullableText.annotate({ description: "The video is there, but could not be stored as storage_options asked." })
  )
}).annotate({ identifier: "Video" })

const model = Schema.optionalKey(NullableText)
const usage = Schema.optionalKey(Usage)
const Percent = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))
const progress = Schema.optionalKey(Schema.NullOr(Percent.annotate({ description: "Percent." })))

/** While it runs: HTTP 202. Evidence of the status: https://github.com/vercel/ai/issues/17308 */
const Pending = Schema.Struct({ status: Schema.Literal("pending"), progress, model, usage }).annotate({ identifier: "Pending" })

const Done = Schema.Struct({ status: Schema.Literal("done"), video: Video, model, usage, progress }).annotate({ identifier: "Done" })

const Failed = Schema.Struct({
  status: Schema.Literal("failed"),
  error: Schema.Struct({
    code: Schema.Literals(["invalid_argument", "permission_denied", "failed_precondition", "service_unavailable", "internal_error"]),
    message: Schema.String
  }),
  model,
  usage,
  progress
}).annotate({ identifier: "Failed" })

/** The word is that of the gRPC API: https://github.com/xai-org/xai-proto */
const Expired = Schema.Struct({ status: Schema.Literal("expired"), model, progress, usage }).annotate({ identifier: "Expired" })

/** One of the forms that were seen: https://github.com/vercel/ai */
const HttpError = Schema.Struct({ code: Schema.String, error: Schema.String, usage }).annotate({ identifier: "HttpError" })

const Accepted = Schema.Struct({ request_id: Schema.String.check(Schema.isMinLength(1)) }).annotate({ identifier: "Accepted" })

const broke = "The key may not do this, or its team can't pay."

export const contract: Contract = {
  title: "xAI video generation",
  document: "https://docs.x.ai/developers/rest-api-reference/inference/videos",
  id: { inPath: "request_id", inAnswer: "request_id" },
  submit: {
    replies: {
      200: { what: "Accepted: the job has an id.", form: Accepted },
      ...each(HttpError, { ...refusals, 403: broke })
    }
  },
  poll: {
    summary: "Ask about a job",
    replies: {
      200: { what: "It has ended.", form: Schema.Union([Done, Failed, Expired]) },
      202: { what: "It is under way; the body is sometimes empty.", form: Pending, mayBeEmpty: true },
      ...each(HttpError, {
        400: "Rejected by moderation, and billed; older form of the same.",
        401: "The key is missing or wrong.",
        403: broke,
        404: "No such job for this key.",
        429: "Too many requests."
      })
    }
  },
  ends: ["done", "failed", "expired"],
  outside: each(HttpError, nowhere)
}
