/**
 * What GeekNow answers: https://docs.geeknow.top/api-reference/videos/grok/query
 *
 * It is a new-api gateway; the forms of its errors were seen in that source: https://github.com/QuantumNous/new-api
 */
import * as Schema from "effect/Schema"
import { type Contract, each, nowhere, type Replies } from "../../provider/Contract.ts"

const Percent = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 })).annotate({ description: "Percent." })
const Seconds = Schema.Int.annotate({ description: "Seconds since the epoch." })
const SomeUrl = Schema.optionalKey(Schema.Struct({ url: Schema.String }))

const common = { id: Schema.String.check(Schema.isMinLength(1)), object: Schema.Literal("video"), model: Schema.String }

const Accepted = Schema.Struct({
  ...common,
  status: Schema.Literal("queued"),
  progress: Percent,
  created_at: Seconds,
  size: Schema.String
}).annotate({ identifier: "Accepted" })

/** Empty is what is not known yet: `completed_at` is 0, `video_url` is "", `error` holds two empty texts. */
const Job = Schema.Struct({
  ...common,
  status: Schema.Literals(["queued", "processing", "completed", "failed", "cancelled"]),
  progress: Percent,
  created_at: Seconds,
  completed_at: Schema.Int.annotate({ description: "Seconds since the epoch; 0 while it runs." }),
  expires_at: Schema.Int.annotate({ description: "Until when the video is kept: seconds since the epoch." }),
  seconds: Schema.String.check(Schema.isPattern(/^\d+$/u)).annotate({ description: "Length of the video, as text." }),
  size: Schema.String,
  remixed_from_video_id: Schema.String,
  error: Schema.Struct({ message: Schema.String, code: Schema.String }).annotate({
    description: "Two empty texts where nothing is wrong."
  }),
  video_url: Schema.String.annotate({ description: "Empty until there is one." }),
  output: SomeUrl,
  url: Schema.optionalKey(Schema.String),
  detail: SomeUrl
}).annotate({ identifier: "Job" })

const TaskError = Schema.Struct({ code: Schema.String, message: Schema.String, data: Schema.Null }).annotate({ identifier: "TaskError" })

/** What is refused before a channel is chosen has no `param`: middleware/utils.go. */
const Envelope = Schema.Struct({
  error: Schema.Struct({ message: Schema.String, type: Schema.String, param: Schema.optionalKey(Schema.String), code: Schema.String })
}).annotate({ identifier: "Envelope" })

const ContentError = Schema.Struct({ error: Schema.Struct({ message: Schema.String, type: Schema.String }) }).annotate({
  identifier: "ContentError"
})

const access: Replies = each(Envelope, { 401: "The key is missing or wrong.", 429: "Too many requests." })

export const contract: Contract = {
  title: "GeekNow Grok video",
  document: "https://docs.geeknow.top/api-reference/videos/grok/generation",
  id: { inPath: "task_id", inAnswer: "id" },
  submit: {
    replies: {
      200: { what: "Accepted: the job has an id.", form: Accepted },
      ...each(TaskError, {
        400: "The request is not as documented.",
        403: "The account can't pay: insufficient_user_quota.",
        413: "The body is too large.",
        415: "The body is neither a form nor JSON."
      }),
      503: { what: "No channel takes this model: model_not_found.", form: Envelope },
      ...access
    }
  },
  poll: {
    summary: "Ask about a job",
    replies: {
      200: { what: "Where the job is.", form: Job },
      400: { what: "No such job for this key: task_not_exist; or the query is wrong.", form: TaskError },
      ...access
    }
  },
  content: {
    summary: "Fetch the video of a job",
    replies: {
      200: { what: "The file.", media: "video/mp4" },
      206: { what: "The part of the file that Range asks for.", media: "video/mp4" },
      416: { what: "The file has no such part.", media: "application/xml" },
      400: { what: "It has not completed.", form: ContentError },
      404: { what: "No such job for this key, or no longer kept.", form: ContentError },
      ...access
    }
  },
  ends: ["completed", "failed", "cancelled"],
  outside: each(Envelope, nowhere)
}
