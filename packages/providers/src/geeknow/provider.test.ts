import { describe, it } from "@effect/vitest"
import { expect } from "../../test/expect.ts"
import * as Effect from "effect/Effect"
import { answer, field, findsIds, isSuccessWord, laws, replays, statusesHaveFixtures, writes } from "../../test/replay.ts"
import { fixtures } from "./fixtures/index.ts"
import { definition, statuses } from "./provider.ts"

const link = (url: string) => ({ url, kind: "link" }) as const
const endedAt = 1_735_689_700_000
const finished = { _tag: "Succeeded", durationSeconds: 6, model: "grok-video-3", expiresAt: 1_735_776_000_000, endedAt } as const
const requestId = "(request id: 20260312083002123456789abcdefgh)"
const drained = `该令牌额度已用尽 TokenStatusExhausted[sk-abc***xyz] ${requestId}`
const prompt = "a fox"
const path = "/v1/videos"
const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47])
const parts = (texts: Readonly<Record<string, string>>) => Object.entries(texts).map(([name, value]) => ({ name, value }))

describe("geeknow", () => {
  replays(definition, fixtures, {
    "content.error.with-not-completed": {
      _tag: "Refused",
      reason: "PollRejected",
      status: 400,
      code: "invalid_request_error",
      message: "Task is not completed yet, current status: NOT_START"
    },
    "content.error.with-not-found": { _tag: "NotFound", detail: "HTTP 404: Task not found" },
    "create.queued": { _tag: "Accepted", id: "video_abc123" },
    "error.insufficient-user-quota": {
      _tag: "Declined",
      reason: "PaymentRequired",
      status: 403,
      code: "insufficient_user_quota",
      message: "预扣费额度失败, 用户剩余额度: ＄0.100000, 需要预扣费额度: ＄0.440000"
    },
    "error.invalid-request": {
      _tag: "Declined",
      reason: "SubmitRejected",
      status: 400,
      code: "invalid_request",
      message: "prompt is required"
    },
    "error.model-not-found": {
      _tag: "Declined",
      reason: "SubmitRejected",
      status: 503,
      code: "model_not_found",
      message: `No available channel for model grok-video-3 under group default (distributor) ${requestId}`
    },
    "error.token-exhausted": {
      reading: { _tag: "Missed", because: "payment-required", detail: `HTTP 401: ${drained}` },
      receipt: { _tag: "Declined", reason: "PaymentRequired", status: 401, code: "new_api_error", message: drained }
    },
    "error.unauthorized": {
      reading: {
        _tag: "Refused",
        reason: "Unauthorized",
        status: 401,
        code: "new_api_error",
        message: "Invalid token (request id: 20250101000000123456789abcdefgh)"
      },
      receipt: {
        _tag: "Declined",
        reason: "Unauthorized",
        status: 401,
        code: "new_api_error",
        message: "Invalid token (request id: 20250101000000123456789abcdefgh)"
      }
    },
    "videos.cancelled": { _tag: "Cancelled", by: "provider", billed: "unknown", endedAt },
    "videos.completed": { ...finished, artifacts: [link("https://cdn.example.com/video_abc123.mp4")] },
    "videos.completed.with-every-url": {
      ...finished,
      artifacts: [
        link("https://cdn.example.com/1-output.mp4"),
        link("https://cdn.example.com/2-video-url.mp4"),
        link("https://cdn.example.com/3-url.mp4"),
        link("https://cdn.example.com/4-detail.mp4")
      ]
    },
    "videos.completed.with-output-url": { ...finished, artifacts: [link("https://cdn.example.com/output/video_abc123.mp4")] },
    "videos.completed.without-url": { ...finished, artifacts: [] },
    "videos.error.with-task-not-exist": { _tag: "NotFound", detail: "the provider says task_not_exist" },
    "videos.failed": {
      _tag: "Failed",
      failure: { origin: "provider", code: "generation_failed", message: "Video generation failed." },
      billed: "unknown",
      endedAt
    },
    "videos.failed.with-moderation": {
      _tag: "Failed",
      failure: {
        origin: "provider",
        code: "content_moderated",
        message: "Generated video rejected by content moderation.",
        moderated: true
      },
      billed: "unknown",
      endedAt
    },
    "videos.processing": { _tag: "Running", progress: 0.42, progressSource: "reported" },
    "videos.queued": { _tag: "Queued" }
  })

  laws(definition, fixtures, (json) => isSuccessWord(field(json, "status")))
  statusesHaveFixtures(statuses, fixtures, (body) => [field(body, "status")])
  findsIds(definition, "id", "task_id")

  it("T4: an expired job has ended", () => {
    // The status was seen on OpenAI's endpoint of the same shape; GeekNow's pages do not have it.
    const body = { ...fixtures["videos.queued"].body, status: "expired" }
    expect(definition.interpret(answer(200, body))).toEqual({ _tag: "Expired", billed: "unknown" })
  })

  it("T30: an error of empty texts fails nothing, and a failed job without a reason is failed", () => {
    const { body } = fixtures["videos.failed"]
    expect(definition.interpret(answer(200, { ...body, status: "processing", error: { message: "", code: "" } }))).toMatchObject({
      _tag: "Running"
    })
    expect(definition.interpret(answer(200, { ...body, error: { message: "", code: "" } }))).toMatchObject({
      _tag: "Failed",
      failure: { message: "the provider gave no reason" }
    })
  })

  it("a job is polled, and its content fetched, by its id", () => {
    const ref = { provider: "geeknow", kind: "generation", id: "a/b", baseUrl: definition.baseUrl, submittedAt: 0 } as const
    expect(definition.poll(ref)).toEqual({ method: "GET", path: "/v1/videos/a%2Fb" })
    expect(definition.content?.(ref)).toBe("/v1/videos/a%2Fb/content")
  })

  it.effect("images go as files of the form, one part each", () =>
    Effect.gen(function* () {
      const { call } = yield* definition.submission({ prompt, images: [png, new Blob([png])] })
      const sent = call.body?._tag === "Multipart" ? call.body.parts.filter(({ name }) => name === "input_reference") : []
      expect(sent.map(({ filename, value }) => [filename, value instanceof Blob && value.type])).toEqual([
        ["images0.png", "image/png"],
        ["images1.png", "image/png"]
      ])
    })
  )

  writes(
    definition,
    [
      ["the default model", { prompt }, path, parts({ model: "grok-video-3", prompt, size: "720P" })],
      [
        "every text",
        { model: "grok-video-3", prompt, duration: 6, aspectRatio: "3:2", resolution: "720p" },
        path,
        parts({ model: "grok-video-3", prompt, aspect_ratio: "3:2", seconds: "6", size: "720P" })
      ],
      [
        "pro is 10 s",
        { model: "grok-video-3-pro", prompt },
        path,
        parts({ model: "grok-video-3-pro", prompt, seconds: "10", size: "720P" })
      ],
      [
        "max is 15 s",
        { model: "grok-video-3-max", prompt },
        path,
        parts({ model: "grok-video-3-max", prompt, seconds: "15", size: "720P" })
      ]
    ],
    [
      [{}, "prompt", "is missing"],
      [{ prompt, duration: 0 }, "duration", "is 0 s; grok-video-3 takes whole seconds from 1"],
      [{ prompt, model: "grok-video-3-pro", duration: 6 }, "duration", "is 6 s; grok-video-3-pro always makes 10 s"],
      [{ prompt, model: "grok-video-3-max", duration: 10 }, "duration", "is 10 s; grok-video-3-max always makes 15 s"],
      [{ prompt, aspectRatio: "16:9" }, "aspectRatio", 'is "16:9"; grok-video-3 takes 2:3, 3:2 or 1:1 here'],
      [{ prompt, resolution: "480p" }, "resolution", 'is "480p"; grok-video-3 takes 720p here'],
      [{ prompt, images: ["https://a.b/1.png"] }, "images[0]", "is a URL, and this provider takes the image itself"],
      [{ prompt, images: Array.from({ length: 8 }, () => png) }, "images", "are 8; grok-video-3 takes up to 7"],
      [{ prompt, video: "https://a.b/c.mp4" }, "mode", "is edit, which is not offered here; generate is"]
    ]
  )
})
