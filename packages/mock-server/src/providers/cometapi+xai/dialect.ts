/**
 * CometAPI's surface, as new-api serves it, over the xAI that is played here: what a gateway keeps of a task, in its own envelope and statuses.
 *
 * A real one polls the upstream every 15 s or later; this one when it is polled.
 */
import { fixtures } from "@reelay/providers/cometapi/fixtures"
import { isRecord } from "../../base/Rules.ts"
import { type Answer, gateway, type Provider } from "../../provider/Provider.ts"
import { cometapi } from "../cometapi/dialect.ts"

/** What it keeps of a task, as in new-api's model/task.go. */
interface Kept {
  readonly status: "SUBMITTED" | "QUEUED" | "IN_PROGRESS" | "SUCCESS" | "FAILURE"
  readonly progress: string
  readonly fail_reason: string
  /** Seconds since the epoch; 0 if it has not ended. */
  readonly finish_time: number
  /** What the upstream said, verbatim. */
  readonly data: unknown
}

const seconds = (millis: number): number => Math.floor(millis / 1000)

const failure = (fail_reason: string, finish_time: number, data: unknown): Kept => ({
  status: "FAILURE",
  progress: "100%",
  fail_reason,
  finish_time,
  data
})

const moderated = fixtures["query.done.with-wrapper-and-moderation"].body.data

/** What an answer of the upstream makes of a task. The same object if it changes nothing. */
const hear = (before: Kept, { body, status }: Answer, now: number): Kept => {
  const at = seconds(now)
  // None that can be parsed: the next poll may get one.
  if (status === 429 || status >= 500 || typeof body === "string") return before
  if (status === 202 && body === undefined) return { ...before, status: "QUEUED", progress: "20%" }
  const word = isRecord(body) ? body["status"] : undefined
  switch (word) {
    case "pending":
      // The outer progress is synthetic: https://github.com/QuantumNous/new-api
      return { ...before, status: "IN_PROGRESS", progress: "30%", data: body }
    case "done": {
      const video = isRecord(body) && isRecord(body["video"]) ? body["video"] : {}
      if (video["respect_moderation"] === false) return failure(moderated.fail_reason, at, body)
      const url = typeof video["url"] === "string" ? video["url"] : ""
      return { status: "SUCCESS", progress: "100%", fail_reason: url, finish_time: at, data: body }
    }
    case "expired":
      return { status: "SUCCESS", progress: "100%", fail_reason: "", finish_time: at, data: body }
    case "failed": {
      const error = isRecord(body) && isRecord(body["error"]) ? body["error"] : {}
      return failure(typeof error["message"] === "string" ? error["message"] : "task failed", at, body)
    }
    default:
      // Observed: a status that is unknown, or none, is a failure, even while the job runs on (QuantumNous/new-api#5045). The cause is lost.
      return failure("upstream returned unrecognized message", at, null)
  }
}

const reportedAs = { SUBMITTED: "submitted", QUEUED: "queued", IN_PROGRESS: "running", SUCCESS: "ended", FAILURE: "ended" } as const

/** new-api's form of an error of a task. */
const taskError = (code: string, message: string, status: number): Answer => ({ status, body: { code, message, data: null } })

/** What new-api says of an upstream that refused a submission, or gave no answer. */
const masked = (answer: Answer | undefined): Answer => {
  const lost = fixtures["query.error.with-wrapper-code"].body.message
  if (answer === undefined || answer.status >= 500 || !isRecord(answer.body)) return taskError("do_request_failed", lost, 500)
  const { body, status } = answer
  if (status === 429) return taskError("fail_to_fetch_task", "当前分组上游负载已饱和，请稍后再试", 429)
  const text = typeof body["error"] === "string" ? body["error"] : JSON.stringify(body)
  // Observed: what may hold an address of the upstream is replaced.
  return taskError("fail_to_fetch_task", /post|dial|http/i.test(text) ? lost : text, status)
}

export const cometapiOverXai: Provider = {
  ...cometapi,
  name: "cometapi+xai",
  gateway: gateway<Kept>({
    upstream: "xai",
    surface: cometapi.name,
    pathOf: (path) => path.replace("/grok/v1/", "/v1/"),
    idIn: ({ body }) => (isRecord(body) && typeof body["request_id"] === "string" ? body["request_id"] : undefined),
    accepted: ({ id }) => {
      const { body, status } = fixtures["generations.accepted"]
      return { status, body: { ...body, request_id: id } }
    },
    masked,
    begin: { status: "SUBMITTED", progress: "10%", fail_reason: "", finish_time: 0, data: null },
    hear,
    failed: ({ finish_time }) => failure(fixtures["query.failure.with-wrapper"].body.data.fail_reason, finish_time, null),
    running: { status: "IN_PROGRESS", progress: "50%", fail_reason: "", finish_time: 0, data: null },
    status: ({ fail_reason, status }) => ({
      at: reportedAs[status],
      hasFailed: status === "FAILURE",
      ...(status === "SUCCESS" ? { link: fail_reason } : {})
    }),
    write: ({ id, submittedAt }, kept) => {
      const { body, status } = fixtures["query.in-progress.with-wrapper"]
      return { status, body: { ...body, data: { ...body.data, task_id: id, submit_time: seconds(submittedAt), ...kept } } }
    }
  })
}
