/**
 * What CometAPI's Grok surface answers: https://apidoc.cometapi.com/api/video/xai/get-video-generation-results
 *
 * Its pages document two forms for one query: the task of a new-api gateway with xAI's answer inside, and a flat one.
 */
import * as Schema from "effect/Schema"
import { type Contract, each, nowhere, type Replies } from "../../provider/Contract.ts"

const Usage = Schema.Struct({
  cost_in_usd_ticks: Schema.Int.annotate({ description: "A dollar is 10,000,000,000 ticks." })
}).annotate({ identifier: "Usage" })

const Video = Schema.Struct({
  url: Schema.String.annotate({ description: "Empty where moderation took the video away." }),
  duration: Schema.Int.annotate({ description: "Seconds." }),
  respect_moderation: Schema.Boolean.annotate({ description: "False: rejected by moderation; there is no URL." })
}).annotate({ identifier: "Video" })

const model = Schema.optionalKey(Schema.String)
const usage = Schema.optionalKey(Usage)
const Percent = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 })).annotate({ description: "Percent." })
const progress = Schema.optionalKey(Percent)
const Failure = Schema.Struct({ code: Schema.String, message: Schema.String })

const done = { status: Schema.Literal("done"), video: Video, model, usage, progress }
const failed = { status: Schema.Literal("failed"), error: Failure, model, usage, progress }
const expired = { status: Schema.Literal("expired"), model, usage, progress }

/** What xAI said, as the wrapper holds it. */
const Inner = Schema.Union([
  Schema.Struct({ status: Schema.Literal("pending"), model, progress }),
  Schema.Struct(done),
  Schema.Struct(failed),
  Schema.Struct(expired)
]).annotate({ identifier: "Inner" })

const Seconds = Schema.Int.annotate({ description: "Seconds since the epoch; 0 where it is not known." })

/** The words are those of new-api, model/task.go: https://github.com/QuantumNous/new-api */
const Wrapped = Schema.Struct({
  code: Schema.Literal("success").annotate({ description: "Of the query, not of the job." }),
  message: Schema.String,
  data: Schema.Struct({
    task_id: Schema.String,
    action: Schema.String,
    status: Schema.Literals(["NOT_START", "SUBMITTED", "QUEUED", "IN_PROGRESS", "SUCCESS", "FAILURE", "UNKNOWN"]),
    fail_reason: Schema.String.annotate({ description: "Of a success: the URL of the video." }),
    submit_time: Seconds,
    start_time: Seconds,
    finish_time: Seconds,
    progress: Schema.String.check(Schema.isPattern(/^(?:\d+%)?$/u)),
    data: Schema.NullOr(Inner)
  })
}).annotate({ identifier: "Wrapped" })

const request_id = Schema.String.check(Schema.isMinLength(1))
const id = Schema.optionalKey(request_id)

/** "If the response only echoes request_id, wait a few seconds and poll again." */
const Echo = Schema.Struct({ request_id, status: Schema.optionalKey(Schema.Never), code: Schema.optionalKey(Schema.Never) }).annotate({
  identifier: "Echo"
})
const Flat = Schema.Union([
  Echo,
  Schema.Struct({ request_id: id, status: Schema.Literals(["queued", "processing"]), model, progress }),
  Schema.Struct({ request_id: id, ...done }),
  Schema.Struct({ request_id: id, ...failed }),
  Schema.Struct({ request_id: id, ...expired })
]).annotate({ identifier: "Flat" })

/** The query failed, not the job; with HTTP 200 or 400. */
const TaskError = Schema.Struct({ code: Schema.String, message: Schema.String, data: Schema.Null }).annotate({ identifier: "TaskError" })

/** https://apidoc.cometapi.com/errors/error-codes-handling */
const Envelope = Schema.Struct({
  error: Schema.Struct({
    message: Schema.String.annotate({ description: "Ends with the id of the request." }),
    type: Schema.String,
    param: Schema.String,
    code: Schema.String.annotate({ description: "Often empty." })
  })
}).annotate({ identifier: "Envelope" })

const Accepted = Schema.Struct({ request_id }).annotate({ identifier: "Accepted" })

const access: Replies = each(Envelope, {
  401: "The key is missing or wrong.",
  403: "The key may not do this.",
  429: "Too many requests.",
  500: "The platform failed; or, with the code invalid_request, the request is wrong.",
  503: "No upstream is there."
})

export const contract: Contract = {
  title: "CometAPI Grok video",
  document: "https://apidoc.cometapi.com/api/video/xai/video-generation",
  id: { inPath: "request_id", inAnswer: "request_id" },
  submit: {
    replies: {
      200: { what: "Accepted: the job has an id.", form: Accepted },
      ...each(Envelope, { 400: "The request is not as documented.", 413: "The body is too large.", 415: "The body isn't JSON." }),
      ...access
    }
  },
  poll: {
    summary: "Ask about a job",
    replies: {
      200: { what: "Where the job is, in one of two forms; or that the query failed.", form: Schema.Union([Wrapped, Flat, TaskError]) },
      400: {
        what: "No such job for this key, or not yet: task_not_exist; or the query is wrong.",
        form: Schema.Union([TaskError, Envelope])
      },
      ...access
    }
  },
  // Those of the answer inside too. SUCCESS is none: it may stand over one that is pending.
  ends: ["done", "failed", "expired", "FAILURE"],
  outside: each(Envelope, nowhere)
}
