import { describe, expect, it } from "@effect/vitest"
import { answer, field, findsIds, isSuccessWord, laws, replays, statusesHaveFixtures, writes } from "../../test/replay.ts"
import { fixtures } from "./fixtures/index.ts"
import { definition, outerStatuses, statuses } from "./provider.ts"

const url = "https://vidgen.x.ai/xai-vidgen-bucket/xai-video-72924fdc-e6d7-4885-b318-8a367aaa9a02.mp4"
const id = "4b2cd27e-0b0d-3dec-c31c-7572daf74bb3"
const finished = {
  _tag: "Succeeded",
  artifacts: [{ url, kind: "link" }],
  durationSeconds: 1,
  model: "grok-imagine-video",
  costUsd: 0.05,
  costSource: "upstream"
} as const
const moderated = {
  _tag: "Failed",
  failure: { origin: "provider", message: "The video was rejected by content moderation.", moderated: true },
  billed: "yes",
  costUsd: 0.05,
  costSource: "upstream"
} as const
const failed = {
  _tag: "Failed",
  failure: { origin: "provider", code: "internal_error", message: "Video generation failed." },
  billed: "unknown"
} as const
const refused = (status: number, reason: "Unauthorized" | "PollRejected", code: string, message: string) =>
  ({
    reading: { _tag: "Refused", reason, status, code, message: `${message} (request id: 20260312083002123456789abcdefgh)` },
    receipt: {
      _tag: "Declined",
      reason: reason === "PollRejected" ? "SubmitRejected" : reason,
      status,
      code,
      message: `${message} (request id: 20260312083002123456789abcdefgh)`
    }
  }) as const
const endedAt = 1_773_297_014_000
const usage = { cost_in_usd_ticks: 500_000_000 }
const upstream = { costUsd: 0.05, costSource: "upstream" } as const
const reported = (progress: number) => ({ _tag: "Running", progress, progressSource: "reported" })
const estimated = (progress: number) => ({ _tag: "Running", progress, progressSource: "estimated" })
const image = "https://a.b/1.png"
const prompt = "a fox"
const video = "https://a.b/c.mov"
const [generations, edits] = ["/grok/v1/videos/generations", "/grok/v1/videos/edits"]
const model = "grok-imagine-video"

/** From the documents: in the wrapper the nested status wins, and a non-terminal one overrides an outer SUCCESS; a flat body has its own. */
const decides = (json: unknown): boolean => {
  const nested = field(json, "data", "data", "status")
  const isText = typeof nested === "string"
  return isSuccessWord(nested) || (!isText && isSuccessWord(field(json, "data", "status"))) || isSuccessWord(field(json, "status"))
}

const task = (data: object) => definition.interpret(answer(200, { code: "success", message: "", data }))

describe("cometapi", () => {
  replays(definition, fixtures, {
    "edits.accepted": { _tag: "Accepted", id },
    "error.forbidden": refused(403, "Unauthorized", "comet_api_error", "This token has no access to the model"),
    "error.insufficient-user-quota": {
      _tag: "Declined",
      reason: "PaymentRequired",
      status: 403,
      code: "insufficient_user_quota",
      message: "user quota is not enough (request id: 20260312083002123456789abcdefgh)"
    },
    "error.invalid-request": refused(400, "PollRejected", "invalid_request", "prompt is required"),
    "error.invalid-request.with-500": refused(500, "PollRejected", "invalid_request", "invalid request"),
    "error.model-not-found": {
      _tag: "Declined",
      reason: "SubmitRejected",
      status: 503,
      code: "model_not_found",
      message: "分组 default 下模型 grok-imagine-video 无可用渠道（distributor） (request id: 20260312083002123456789abcdefgh)"
    },
    "error.rate-limited": {
      reading: {
        _tag: "Missed",
        because: "rate-limited",
        detail: "HTTP 429: Rate limit reached (request id: 20260312083002123456789abcdefgh)"
      },
      receipt: { _tag: "Busy", status: 429, message: "Rate limit reached (request id: 20260312083002123456789abcdefgh)" }
    },
    "error.unauthorized": refused(401, "Unauthorized", "comet_api_error", "Invalid token"),
    "error.unavailable": {
      reading: {
        _tag: "Missed",
        because: "server",
        detail: "HTTP 503: No available channel (request id: 20260312083002123456789abcdefgh)"
      },
      receipt: { _tag: "Unclear", status: 503, detail: "HTTP 503: No available channel (request id: 20260312083002123456789abcdefgh)" }
    },
    "generations.accepted": { _tag: "Accepted", id },
    "query.done": finished,
    "query.done.with-moderation": moderated,
    "query.done.with-wrapper": { ...finished, endedAt },
    // The wrapper's `fail_reason` has the words that the payload lacks.
    "query.done.with-wrapper-and-moderation": {
      ...moderated,
      failure: { ...moderated.failure, message: "Generated video rejected by content moderation." },
      endedAt
    },
    "query.error.with-task-not-exist": { _tag: "NotFound", detail: "the provider says task_not_exist" },
    "query.error.with-wrapper-code": {
      _tag: "Missed",
      because: "query-failed",
      detail: "the query failed: fail_to_fetch_task 请求上游地址失败"
    },
    "query.expired": { _tag: "Expired", billed: "unknown" },
    "query.expired.with-wrapper": { _tag: "Expired", billed: "unknown" },
    "query.failed": failed,
    "query.failed.with-wrapper": { ...failed, endedAt },
    "query.failure.with-wrapper": {
      _tag: "Failed",
      failure: { origin: "gateway", message: "task failed: upstream returned no result" },
      billed: "unknown",
      endedAt
    },
    "query.in-progress.with-wrapper": { _tag: "Running", progress: 0.42, progressSource: "reported" },
    "query.no-status": { _tag: "Queued" },
    "query.not-start.with-wrapper": { _tag: "Queued" },
    "query.processing": { _tag: "Running", progress: 0.42, progressSource: "reported" },
    "query.queued": { _tag: "Queued" },
    "query.queued.with-wrapper": { _tag: "Queued" },
    "query.submitted.with-wrapper": { _tag: "Queued" },
    "query.unknown.with-wrapper": { _tag: "Queued" }
  })

  laws(definition, fixtures, decides)
  statusesHaveFixtures(statuses, fixtures, (body) => [field(body, "status"), field(body, "data", "data", "status")])
  statusesHaveFixtures(outerStatuses, fixtures, (body) => [field(body, "data", "status")])
  findsIds(definition, "request_id", "task_id", "id")

  // Composed of documented statuses: few real answers show which the two levels may have at once.
  it.each([
    [
      "SUCCESS over a nested pending",
      { status: "SUCCESS", progress: "100%", data: { status: "pending", progress: 70 } },
      { _tag: "Running", progress: 0.7 }
    ],
    ["FAILURE over a nested done", { status: "FAILURE", data: { status: "done", video: { url } } }, { _tag: "Succeeded" }],
    ["IN_PROGRESS over a nested done", { status: "IN_PROGRESS", data: { status: "done", video: { url } } }, { _tag: "Succeeded" }],
    ["QUEUED over a nested processing", { status: "QUEUED", progress: "20%", data: { status: "processing" } }, estimated(0.2)],
    [
      "IN_PROGRESS over a nested processing without progress",
      { status: "IN_PROGRESS", progress: "30%", data: { status: "processing" } },
      estimated(0.3)
    ],
    ["no status over a nested processing", { progress: "30%", data: { status: "processing", progress: 42 } }, reported(0.42)],
    ["an unknown status over a nested pending", { status: "COOKING", data: { status: "pending" } }, { _tag: "Queued" }],
    ["no status, and a nested payload without one", { progress: "30%", data: { progress: 42 } }, { _tag: "Missed", because: "unreadable" }],
    ["an unknown status, and a nested payload without one", { status: "COOKING", data: {} }, { _tag: "Unrecognised", word: "COOKING" }],
    [
      "FAILURE over a nested processing",
      { status: "FAILURE", fail_reason: "timeout", data: { status: "processing", progress: 42 } },
      { _tag: "Failed", failure: { origin: "gateway", message: "timeout" } }
    ],
    [
      "FAILURE over a nested pending",
      { status: "FAILURE", fail_reason: "timeout", data: { status: "pending" } },
      { _tag: "Failed", failure: { origin: "gateway", message: "timeout" } }
    ],
    [
      "SUCCESS alone, its URL as fail_reason",
      { status: "SUCCESS", fail_reason: url, data: null },
      { _tag: "Succeeded", artifacts: [{ url }] }
    ],
    [
      "SUCCESS alone, its URL as result_url",
      { status: "SUCCESS", fail_reason: "", result_url: url },
      { _tag: "Succeeded", artifacts: [{ url }] }
    ],
    [
      "SUCCESS over an unknown status",
      { status: "SUCCESS", fail_reason: url, data: { status: "cooking" } },
      { _tag: "Unrecognised", word: "cooking" }
    ],
    [
      "IN_PROGRESS, estimated progress",
      { status: "IN_PROGRESS", progress: "30%", data: null },
      { _tag: "Running", progress: 0.3, progressSource: "estimated" }
    ],
    ["an unknown status", { status: "COOKING", data: null }, { _tag: "Unrecognised", word: "COOKING" }],
    ["no status at all", { progress: "30%" }, { _tag: "Missed", because: "unreadable" }],
    [
      "a failure whose result_url is its reason",
      { status: "FAILURE", fail_reason: "no", result_url: "no" },
      { _tag: "Failed", failure: { message: "no" } }
    ]
  ])("T8: the wrapper: %s", (_, data, reading) => {
    expect(task(data)).toMatchObject(reading)
  })

  // Made up: neither new-api's task model nor xAI's payload has these statuses in these places, but both are open texts.
  it.each([
    [
      { status: "CANCELLED", data: null, finish_time: 1_773_297_014 },
      { _tag: "Cancelled", by: "provider", billed: "unknown", endedAt }
    ],
    [
      { status: "FAILURE", data: { status: "cancelled", usage }, finish_time: 1_773_297_014 },
      { _tag: "Cancelled", by: "provider", billed: "yes", ...upstream, endedAt }
    ],
    [
      { status: "EXPIRED", finish_time: 1_773_297_014 },
      { _tag: "Expired", billed: "unknown" }
    ],
    [
      { status: "EXPIRED", data: { usage } },
      { _tag: "Expired", billed: "yes", ...upstream }
    ]
  ])("the wrapper: a job that the gateway or its provider abandoned: %j", (data, reading) => {
    expect(task(data)).toEqual(reading)
  })

  it("T31: the gateway's own link comes after the provider's", () => {
    expect(task({ status: "SUCCESS", fail_reason: url, result_url: image, data: { status: "done", video: { url } } })).toMatchObject({
      artifacts: [{ url }, { url: image }]
    })
  })

  it("T34: a wrapper without a code is a wrapper", () => {
    // Made up: new-api writes a missing value as an empty text.
    const { data } = fixtures["query.done.with-wrapper"].body
    const reading = { ...finished, endedAt }
    for (const body of [{ data }, { code: "", data }]) expect(definition.interpret(answer(200, body))).toEqual(reading)
  })

  it("a failed query reports its code if it has no message", () => {
    expect(definition.interpret(answer(200, { code: "fail_to_fetch_task", data: null }))).toEqual({
      _tag: "Missed",
      because: "query-failed",
      detail: "the query failed: fail_to_fetch_task"
    })
  })

  it("T9: a body with neither a status nor an id is a failed poll", () => {
    expect(definition.interpret(answer(200, { model }))).toEqual({ _tag: "Missed", because: "unreadable", detail: `{"model":"${model}"}` })
  })

  it("T12: xAI's moderation is recognised if the gateway forwards it", () => {
    const body = {
      code: "imagine:content-moderated",
      error: "Generated video rejected by content moderation.",
      usage
    }
    expect(definition.interpret(answer(400, body))).toEqual({
      _tag: "Failed",
      failure: { origin: "provider", code: body.code, message: body.error, moderated: true },
      billed: "yes",
      ...upstream
    })
  })

  writes(
    definition,
    [
      ["the least, its defaults sent", { prompt }, generations, { model, prompt, duration: 1 }],
      [
        "every field",
        {
          model,
          prompt,
          duration: 15,
          aspectRatio: "2:3",
          resolution: "720p",
          images: [image],
          options: { user: "u1", size: "848x480", output: { upload_url: "https://a.b" } }
        },
        generations,
        {
          model,
          prompt,
          duration: 15,
          aspect_ratio: "2:3",
          resolution: "720p",
          image: { url: image },
          user: "u1",
          size: "848x480",
          output: { upload_url: "https://a.b" }
        }
      ],
      [
        "an image as bytes",
        { prompt, images: [new Uint8Array([0x89, 0x50, 0x4e, 0x47])] },
        generations,
        { model, prompt, duration: 1, image: { url: "data:image/png;base64,iVBORw==" } }
      ],
      ["an edit", { prompt, video, options: { user: "u1" } }, edits, { model, prompt, video: { url: video }, user: "u1" }]
    ],
    [
      [{}, "prompt", "is missing"],
      [{ prompt, duration: 0 }, "duration", "is 0 s; grok-imagine-video takes whole seconds from 1 to 15"],
      [{ prompt, duration: 16 }, "duration", "is 16 s"],
      [{ prompt, aspectRatio: "21:9" }, "aspectRatio", 'is "21:9"; grok-imagine-video takes 1:1, 16:9, 9:16, 4:3, 3:4, 3:2 or 2:3 here'],
      [{ prompt, resolution: "1080p" }, "resolution", 'is "1080p"; grok-imagine-video takes 480p or 720p here'],
      [{ prompt, images: [image, image] }, "images", "are 2; grok-imagine-video takes up to 1"],
      [{ prompt, video, duration: 5 }, "duration", "isn't supported by grok-imagine-video to edit"],
      [{ video }, "prompt", "is missing"],
      [{ prompt, mode: "edit" }, "video", "is missing"],
      [{ prompt, mode: "extend", video }, "mode", "is extend, which is not offered here; generate and edit are"],
      [{ prompt, model: "sora-2" }, "model", "is not known"],
      [{ prompt, options: { user: "" } }, "options.user", "is wrong"]
    ]
  )
})
