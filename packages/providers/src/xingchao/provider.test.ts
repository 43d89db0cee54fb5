import { describe, expect, it } from "@effect/vitest"
import { answer, field, findsIds, isSuccessWord, laws, replays, statusesHaveFixtures, writes } from "../../test/replay.ts"
import { fixtures } from "./fixtures/index.ts"
import { definition, statuses } from "./provider.ts"

const link = (url: string) => ({ url, kind: "link" }) as const
const url = "https://a.b/1.png"
const png = "data:image/png;base64,iVBORw0K"
const prompt = "a fox"
const path = "/v1/grok/videos"

const receive = (status: number, body: unknown) => definition.receive(answer(status, body, "submit"))

describe("xingchao", () => {
  replays(definition, fixtures, {
    "create.queued": { _tag: "Accepted", id: "video_5f0c6b1e-3a57-4c1d-9d0e-8d1f2a9b7c33" },
    "error.invalid-request": {
      reading: { _tag: "Refused", reason: "PollRejected", status: 400, message: "prompt is required" },
      receipt: { _tag: "Declined", reason: "SubmitRejected", status: 400, message: "prompt is required" }
    },
    "error.no-handler": {
      reading: { _tag: "NotFound", detail: "HTTP 404: No handler found for GET /kyyReactApiServer/v1/unknown" },
      receipt: {
        _tag: "Declined",
        reason: "SubmitRejected",
        status: 404,
        message: "No handler found for GET /kyyReactApiServer/v1/unknown"
      }
    },
    "error.not-found": { _tag: "NotFound", detail: "HTTP 404: Task not found" },
    "error.unauthorized": {
      reading: { _tag: "Refused", reason: "Unauthorized", status: 401, message: "Invalid API key" },
      receipt: { _tag: "Declined", reason: "Unauthorized", status: 401, message: "Invalid API key" }
    },
    "result.completed": {
      _tag: "Succeeded",
      artifacts: [link("https://cdn.example.com/video_grok_1234567890.mp4")],
      durationSeconds: 10,
      model: "grok_video3_max"
    },
    "result.failed.with-content-policy": {
      _tag: "Failed",
      failure: { origin: "provider", message: "The prompt or reference images violate content policies.", moderated: true },
      billed: "unknown"
    },
    "result.failed.with-unreachable-image": {
      _tag: "Failed",
      failure: { origin: "provider", message: "Reference image could not be accessed." },
      billed: "unknown"
    },
    "result.processing": { _tag: "Running" },
    "result.queued": { _tag: "Queued" }
  })

  laws(definition, fixtures, (json) => isSuccessWord(field(json, "status")))
  statusesHaveFixtures(statuses, fixtures, (body) => [field(body, "status")])
  findsIds(definition, "id", "task_id")

  it.each([
    ["expired", { _tag: "Expired", billed: "unknown" }],
    ["cancelled", { _tag: "Cancelled", by: "provider", billed: "unknown" }]
  ])("T4, T7: a job that is %s has ended", (status, reading) => {
    // Made up: the document has neither status, and other gateways to the same videos have both.
    expect(definition.interpret(answer(200, { ...fixtures["result.queued"].body, status }))).toEqual(reading)
  })

  it.each(["4.000000", 4, "4", "n/a", null, {}])("T29: a finished job stays finished with an actualDuration of %j", (actualDuration) => {
    const reading = definition.interpret(answer(200, { ...fixtures["result.completed"].body, actualDuration }))
    expect(reading).toMatchObject({ _tag: "Succeeded", durationSeconds: Number(actualDuration) > 0 ? 4 : undefined })
  })

  it("a job is polled by its id, percent-encoded", () => {
    const ref = { provider: "xingchao", kind: "generation", id: "a/b?c", baseUrl: definition.baseUrl, submittedAt: 0 } as const
    expect(definition.poll(ref)).toEqual({ method: "GET", path: "/v1/result/a%2Fb%3Fc" })
  })

  // Made up: no document shows an error body. Its backend is Spring, as the body for an unknown route shows.
  it.each([
    [
      403,
      { timestamp: "2026-11-21T00:00:00Z", status: 403, error: "Forbidden", message: "余额不足，请充值后再试", path: "/v1/grok/videos" }
    ],
    [400, { message: "Insufficient account balance" }],
    [429, { message: "账户余额不足" }]
  ])("T46: a phrase about money is PaymentRequired: %i %j", (status, body) => {
    expect(receive(status, body)).toMatchObject({ _tag: "Declined", reason: "PaymentRequired", status, message: body.message })
    expect(definition.interpret(answer(status, body))).toEqual({
      _tag: "Missed",
      because: "payment-required",
      detail: `HTTP ${status}: ${body.message}`
    })
  })

  it.each([{ message: "请求过于频繁，请稍后再试" }, { message: "Polling too frequently" }, { message: "quota exceeded, retry later" }])(
    "T46: a 429 about rate may be retried: %j",
    (body) => {
      expect(receive(429, body)).toMatchObject({ _tag: "Busy", status: 429 })
    }
  )

  it("F22: it isn't built on new-api: a 5xx or a 200 with one of new-api's codes is unclear", () => {
    expect(receive(503, { error: { code: "model_not_found", message: "no" } })).toMatchObject({ _tag: "Unclear", status: 503 })
    expect(receive(200, { code: "insufficient_user_quota", message: "no" })).toMatchObject({ _tag: "Unclear", status: 200 })
  })

  writes(
    definition,
    [
      ["the default model, its defaults sent", { prompt }, path, { model: "grok_video3", prompt, duration: 10, resolution: "720p" }],
      [
        "every field",
        { model: "grok_video3", prompt, duration: 30, aspectRatio: "2:3", resolution: "480p", images: [url, png] },
        path,
        { model: "grok_video3", prompt, duration: 30, aspect_ratio: "2:3", resolution: "480p", image_urls: [url, png] }
      ],
      [
        "pro sends no duration",
        { model: "grok_video3_pro", prompt, duration: 10, aspectRatio: "16:9" },
        path,
        { model: "grok_video3_pro", prompt, aspect_ratio: "16:9" }
      ],
      [
        "max",
        { model: "grok_video3_max", prompt, duration: 20 },
        path,
        { model: "grok_video3_max", prompt, duration: 20, resolution: "720p" }
      ],
      [
        "stable",
        { model: "grok_video3_stable", prompt, duration: 6, images: [url] },
        path,
        { model: "grok_video3_stable", prompt, duration: 6, resolution: "720p", image_urls: [url] }
      ]
    ],
    [
      [{}, "prompt", "is missing; grok_video3 needs one to generate"],
      [{ prompt, duration: 5 }, "duration", "is 5 s; grok_video3 takes whole seconds from 6 to 30"],
      [{ prompt, duration: 31 }, "duration", "is 31 s; grok_video3 takes whole seconds from 6 to 30"],
      [{ prompt, duration: 6.5 }, "duration", "is 6.5 s"],
      [{ prompt, aspectRatio: "4:3" }, "aspectRatio", 'is "4:3"; grok_video3 takes 16:9, 9:16, 1:1, 3:2 or 2:3 here'],
      [{ prompt, resolution: "1080p" }, "resolution", 'is "1080p"; grok_video3 takes 480p or 720p here'],
      [{ prompt, images: Array.from({ length: 8 }, () => url) }, "images", "are 8; grok_video3 takes up to 7"],
      [{ prompt, model: "grok_video3_pro", duration: 6 }, "duration", "is 6 s; grok_video3_pro always makes 10 s"],
      [{ prompt, model: "grok_video3_pro", aspectRatio: "1:1" }, "aspectRatio", /^is "1:1"; grok_video3_pro takes 16:9 here/u],
      [{ prompt, model: "grok_video3_pro", resolution: "480p" }, "resolution", /^is "480p"; grok_video3_pro takes 720p here/u],
      [{ prompt, model: "grok_video3_max", duration: 7 }, "duration", "is 7 s; grok_video3_max takes 6, 10, 12, 16, 20 or 30"],
      [{ prompt, model: "grok_video3_max", aspectRatio: "3:2" }, "aspectRatio", /^is "3:2"; grok_video3_max takes 16:9, 9:16 or 1:1 here/u],
      [
        { prompt, model: "grok_video3_max", images: Array.from({ length: 6 }, () => url) },
        "images",
        "are 6; grok_video3_max takes up to 5"
      ],
      [{ prompt, model: "grok_video3_max", images: [url, png] }, "images[1]", "is the image itself, and this model takes public URLs only"],
      [{ prompt, model: "grok_video3_stable", duration: 12 }, "duration", "is 12 s; grok_video3_stable takes 6 or 10"],
      [{ prompt, model: "grok_video3_stable", images: [png] }, "images[0]", "is the image itself, and this model takes public URLs only"],
      [{ prompt, model: "sora" }, "model", 'is "sora", which is not known'],
      [{ prompt, video: "https://a.b/c.mp4" }, "mode", "is edit, which is not offered here; generate is"]
    ]
  )
})
