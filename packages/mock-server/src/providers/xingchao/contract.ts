/**
 * What XingChao answers: https://docs.xingchaoyiqing.com/api-reference/video/grok-result
 *
 * No document shows an error body. That of an unknown path was seen at the same backend, https://docs.globalaiopc.com; the others are assumed.
 */
import * as Schema from "effect/Schema"
import { type Contract, each, nowhere, refusals } from "../../provider/Contract.ts"

const common = {
  id: Schema.String.check(Schema.isMinLength(1)),
  object: Schema.Literal("video"),
  created: Schema.Int.annotate({ description: "Seconds since the epoch." }),
  model: Schema.String
}
const noUrl = Schema.optionalKey(Schema.Null)

const Accepted = Schema.Struct({ ...common, status: Schema.Literal("queued"), error: Schema.Null }).annotate({ identifier: "Accepted" })

const Pending = Schema.Struct({
  ...common,
  status: Schema.Literals(["queued", "processing"]),
  video_url: noUrl,
  error: Schema.Null
}).annotate({ identifier: "Pending" })

const Completed = Schema.Struct({
  ...common,
  status: Schema.Literal("completed"),
  video_url: Schema.NullOr(Schema.String),
  actualDuration: Schema.optionalKey(Schema.Finite.annotate({ description: "Seconds." })),
  error: Schema.Null
}).annotate({ identifier: "Completed" })

const Failed = Schema.Struct({
  ...common,
  status: Schema.Literal("failed"),
  video_url: noUrl,
  error: Schema.String.annotate({ description: "Why, in words." })
}).annotate({ identifier: "Failed" })

const Message = Schema.Struct({ message: Schema.String }).annotate({ identifier: "Message" })

export const contract: Contract = {
  title: "XingChao Grok video",
  document: "https://docs.xingchaoyiqing.com/api-reference/video/grok-create",
  id: { inPath: "id", inAnswer: "id" },
  submit: {
    replies: {
      200: { what: "Accepted: the job has an id.", form: Accepted },
      ...each(Message, refusals)
    }
  },
  poll: {
    summary: "Ask about a job",
    replies: {
      200: { what: "Where the job is.", form: Schema.Union([Pending, Completed, Failed]) },
      ...each(Message, { 401: "The key is missing or wrong.", 404: "No such job for this key.", 429: "Too many requests." })
    }
  },
  ends: ["completed", "failed"],
  outside: each(Message, nowhere)
}
