import { describe, expect, it } from "@effect/vitest"
import { answer, field, isSuccessWord, laws, replays, wordsHaveFixtures, writes } from "../../test/replay.ts"
import { fixtures } from "./fixtures/index.ts"
import { definition, outerWords, words } from "./provider.ts"

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
  failure: { origin: "provider", code: "internal_error", message: "Video generation failed.", moderated: false },
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
const image = "https://a.b/1.png"
const prompt = "a fox"
const video = "https://a.b/c.mov"
const [generations, edits] = ["/grok/v1/videos/generations", "/grok/v1/videos/edits"]
const model = "grok-imagine-video"

/** From the documents: in the wrapper the nested word wins, and one that is no end holds an outer SUCCESS back; a flat body has its own. */
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
    "error.invalid-request": refused(400, "PollRejected", "invalid_request", "prompt is required"),
    "error.invalid-request.with-500": refused(500, "PollRejected", "invalid_request", "invalid request"),
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
    "query.done.with-wrapper-and-moderation": { ...moderated, endedAt },
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
      failure: { origin: "gateway", message: "task failed: upstream returned no result", moderated: false },
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
  wordsHaveFixtures(words, fixtures, (body) => [field(body, "status"), field(body, "data", "data", "status")])
  wordsHaveFixtures(outerWords, fixtures, (body) => [field(body, "data", "status")])

  it.each([
    [
      "SUCCESS over a nested pending",
      { status: "SUCCESS", progress: "100%", data: { status: "pending", progress: 70 } },
      { _tag: "Running", progress: 0.7 }
    ],
    ["FAILURE over a nested done", { status: "FAILURE", data: { status: "done", video: { url } } }, { _tag: "Succeeded" }],
    ["IN_PROGRESS over a nested done", { status: "IN_PROGRESS", data: { status: "done", video: { url } } }, { _tag: "Succeeded" }],
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
      "SUCCESS over a word that nobody knows",
      { status: "SUCCESS", fail_reason: url, data: { status: "cooking" } },
      { _tag: "Unrecognised", word: "cooking" }
    ],
    [
      "IN_PROGRESS, progress made up",
      { status: "IN_PROGRESS", progress: "30%", data: null },
      { _tag: "Running", progress: 0.3, progressSource: "estimated" }
    ],
    ["a word that nobody knows", { status: "COOKING", data: null }, { _tag: "Unrecognised", word: "COOKING" }],
    ["no word at all", { progress: "30%" }, { _tag: "Missed", because: "unreadable" }],
    [
      "a failure whose result_url is its reason",
      { status: "FAILURE", fail_reason: "no", result_url: "no" },
      { _tag: "Failed", failure: { message: "no" } }
    ]
  ])("T8: the wrapper: %s", (_, data, reading) => {
    expect(task(data)).toMatchObject(reading)
  })

  it("T12: xAI's moderation is read where the gateway passes it on", () => {
    const body = {
      code: "imagine:content-moderated",
      error: "Generated video rejected by content moderation.",
      usage: { cost_in_usd_ticks: 500000000 }
    }
    expect(definition.interpret(answer(400, body))).toMatchObject({ _tag: "Failed", billed: "yes", failure: { moderated: true } })
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
      [{ prompt, video, duration: 5 }, "duration", "is not for grok-imagine-video to edit"],
      [{ video }, "prompt", "is missing"],
      [{ prompt, mode: "edit" }, "video", "is missing"],
      [{ prompt, mode: "extend", video }, "mode", "is extend, which is not offered here; generate and edit are"],
      [{ prompt, model: "sora-2" }, "model", "is not known"],
      [{ prompt, options: { user: "" } }, "options.user", "is wrong"]
    ]
  )
})
