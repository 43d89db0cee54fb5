import { describe, expect, it } from "@effect/vitest"
import { answer, field, findsIds, isSuccessWord, laws, replays, statusesHaveFixtures, writes } from "../../test/replay.ts"
import { fixtures } from "./fixtures/index.ts"
import { definition, statuses } from "./provider.ts"

const id = "a3d1008e-4544-40d4-d075-11527e794e4a"
const cost = { costUsd: 0.3, costSource: "provider" } as const
const rejected = "Generated video rejected by content moderation."
const dry =
  "Your team 00000000-0000-4000-8000-000000000000 has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit."
const tooFast =
  "Too many requests for team 00000000-0000-4000-8000-000000000000 and model grok-imagine-video. Your team's rate limit is — Requests per Minute (actual/limit): 61/60."
const receive = (status: number, body: unknown) => definition.receive(answer(status, body, "submit"))
const image = "https://a.b/1.png"
const prompt = "a fox"
const video = "https://a.b/c.mp4"
const [generations, edits, extensions] = ["/v1/videos/generations", "/v1/videos/edits", "/v1/videos/extensions"]
const model = "grok-imagine-video"
const newer = "grok-imagine-video-1.5"
const least = { model, prompt, duration: 8, resolution: "480p" }

describe("xai", () => {
  replays(definition, fixtures, {
    "edits.accepted": { _tag: "Accepted", id },
    "extensions.accepted": { _tag: "Accepted", id },
    "generations.accepted": { _tag: "Accepted", id },
    "error.invalid-argument": {
      _tag: "Declined",
      reason: "SubmitRejected",
      status: 400,
      code: "invalid-argument",
      message: "Zero Data Retention teams must provide output.upload_url for video generation."
    },
    "error.not-found": { _tag: "NotFound", detail: "HTTP 404: The requested video generation was not found." },
    "error.permission-denied.with-credits": {
      reading: { _tag: "Missed", because: "payment-required", detail: `HTTP 403: ${dry}` },
      receipt: { _tag: "Declined", reason: "PaymentRequired", status: 403, code: "permission-denied", message: dry }
    },
    "error.resource-exhausted.with-credits": {
      reading: { _tag: "Missed", because: "payment-required", detail: `HTTP 429: ${dry}` },
      receipt: { _tag: "Declined", reason: "PaymentRequired", status: 429, code: "Some resource has been exhausted", message: dry }
    },
    "error.resource-exhausted.with-pace": {
      reading: { _tag: "Missed", because: "rate-limited", detail: `HTTP 429: ${tooFast}` },
      receipt: { _tag: "Busy", status: 429, message: tooFast }
    },
    "error.unauthorized": {
      reading: {
        _tag: "Refused",
        reason: "Unauthorized",
        status: 401,
        code: "unauthenticated:bad-credentials",
        message: "The API key is invalid or missing."
      },
      receipt: {
        _tag: "Declined",
        reason: "Unauthorized",
        status: 401,
        code: "unauthenticated:bad-credentials",
        message: "The API key is invalid or missing."
      }
    },
    "videos.done": {
      _tag: "Succeeded",
      artifacts: [{ url: "https://vidgen.x.ai/xai-vidgen-bucket/xai-video-{request_id}.mp4", kind: "link" }],
      durationSeconds: 6,
      model
    },
    "videos.done.with-moderation": {
      _tag: "Failed",
      failure: { origin: "provider", message: "The video was rejected by content moderation.", moderated: true },
      billed: "yes",
      ...cost
    },
    "videos.done.with-usage": {
      _tag: "Succeeded",
      artifacts: [{ url: `https://vidgen.x.ai/xai-vidgen-bucket/xai-video-${id}.mp4`, kind: "link" }],
      durationSeconds: 6,
      model,
      ...cost
    },
    "videos.done.with-delivery": { _tag: "Succeeded", artifacts: [], durationSeconds: 6, ...cost },
    "videos.expired": { _tag: "Expired", billed: "unknown" },
    "videos.failed": {
      _tag: "Failed",
      failure: { origin: "provider", code: "internal_error", message: "Video generation failed." },
      billed: "unknown"
    },
    "videos.failed.with-moderation": {
      _tag: "Failed",
      failure: { origin: "provider", code: "permission_denied", message: rejected, moderated: true },
      billed: "yes",
      ...cost
    },
    "videos.moderated": {
      _tag: "Failed",
      failure: { origin: "provider", code: "imagine:content-moderated", message: rejected, moderated: true },
      billed: "yes",
      ...cost
    },
    "videos.moderated.with-first-code": {
      _tag: "Failed",
      failure: { origin: "provider", code: "Client specified an invalid argument", message: rejected, moderated: true },
      billed: "unknown"
    },
    "videos.pending": { _tag: "Running", progress: 0.42, progressSource: "reported" },
    "videos.pending.with-empty-body": { _tag: "Queued" }
  })

  laws(definition, fixtures, (json) => isSuccessWord(field(json, "status")))
  statusesHaveFixtures(statuses, fixtures, (body) => [field(body, "status")])
  findsIds(definition, "request_id", "id")

  it.each<[string, number, unknown, object]>([
    ["pending without progress waits", 202, { status: "pending" }, { _tag: "Queued" }],
    // Made up: the empty body was observed.
    ["T15: a 202 with a line break reads as an empty one", 202, " \n", { _tag: "Queued" }],
    ["an empty 200 is a failed poll", 200, "", { _tag: "Missed", because: "unreadable" }],
    ["half a 202 is a failed poll", 202, '{"status":', { _tag: "Missed", because: "unreadable" }],
    [
      "another 400 under the first code is a refusal",
      400,
      { code: "Client specified an invalid argument", error: "bad id" },
      { _tag: "Refused" }
    ],
    ["done without a URL has no artifact", 200, { status: "done", video: { url: null } }, { _tag: "Succeeded", artifacts: [] }],
    [
      "a moderation at no cost is not billed",
      200,
      { status: "failed", error: { message: rejected }, usage: { cost_in_usd_ticks: 0 } },
      { billed: "no" }
    ],
    [
      "a public file is a second candidate",
      200,
      { status: "done", video: { url: image, file_output: { public_url: video } } },
      { artifacts: [{ url: image }, { url: video }] }
    ]
  ])("%s", (_, status, body, reading) => {
    expect(definition.interpret(answer(status, body))).toMatchObject(reading)
  })

  const denied = "The caller does not have permission to execute the specified operation"
  it.each([
    ["its name in capitals", 429, "RESOURCE_EXHAUSTED", "Your credits have run dry."],
    [
      "its new name",
      429,
      "resource-exhausted",
      "Free usage quota exceeded. Purchase credits or provision an API key at https://console.x.ai"
    ],
    ["a balance", 429, "resource-exhausted", "The balance of team 1 is negative."],
    [
      "a new team",
      403,
      denied,
      "Your newly created team doesn't have any credits or licenses yet. You can purchase those on https://console.x.ai/"
    ],
    ["a new team, the new name", 403, "permission-denied", "Your newly created team doesn't have any credits or licenses yet."],
    ["a separate code", 403, "personal-team-blocked:spending-limit", "This team is blocked."]
  ])("T46: xAI's phrases about money are PaymentRequired: %s", (_, status, code, error) => {
    expect(receive(status, { code, error })).toMatchObject({ _tag: "Declined", reason: "PaymentRequired", status, code })
    expect(definition.interpret(answer(status, { code, error }))).toMatchObject({ _tag: "Missed", because: "payment-required" })
  })

  it.each([
    ["resource-exhausted", "Too many tokens for team 1 and model grok-imagine-video. Tokens per Minute (actual/limit): 65605/16000"],
    ["Some resource has been exhausted", "You are sending requests too quickly. Slow down, or add credits for higher limits."],
    ["Some resource has been exhausted", "Rate limit reached. Upgrade your plan or purchase more credits."],
    ["resource-exhausted", "The service is temporarily at capacity. Please retry your request shortly."],
    ["resource-exhausted", "Quota exhausted."],
    ["resource-exhausted", ""]
  ])("T46: the code %s alone, or with a rate phrase, is about rate: %s", (code, error) => {
    expect(receive(429, { code, error })).toMatchObject({ _tag: "Busy", status: 429 })
  })

  it.each([
    [403, "permission-denied", "Access to the chat endpoint is denied."],
    [401, "unauthenticated:bad-credentials", "The API key is invalid or missing."]
  ])("a key without permission is unauthorized: %i %s", (status, code, error) => {
    expect(receive(status, { code, error })).toMatchObject({ _tag: "Declined", reason: "Unauthorized" })
    expect(definition.interpret(answer(status, { code, error }))).toMatchObject({ _tag: "Refused", reason: "Unauthorized" })
  })

  it("xAI has no gateway codes: what they would decline with a 5xx or a 200 is unclear", () => {
    for (const status of [200, 500, 503]) {
      for (const code of ["insufficient_user_quota", "model_not_found", "resource-exhausted"]) {
        expect(receive(status, { code, error: dry })).toMatchObject({ _tag: "Unclear", status })
      }
    }
  })

  it("T46: a failed job stays failed, whatever its message says about money", () => {
    const body = { status: "failed", error: { code: "resource-exhausted", message: dry } }
    expect(definition.interpret(answer(200, body))).toMatchObject({ _tag: "Failed", failure: { message: dry } })
  })

  writes(
    definition,
    [
      ["text to video, its defaults sent", { prompt }, generations, { ...least, aspect_ratio: "16:9" }],
      ["an image without a prompt", { images: [image] }, generations, { model, duration: 8, resolution: "480p", image: { url: image } }],
      [
        "reference images",
        { prompt, images: [image, video] },
        generations,
        { ...least, reference_images: [{ url: image }, { url: video }] }
      ],
      [
        "one reference image",
        { prompt, options: { referenceImages: [image] } },
        generations,
        { ...least, reference_images: [{ url: image }] }
      ],
      [
        "an uploaded reference beside a URL",
        { prompt, options: { referenceImages: [{ fileId: "f1" }, image] } },
        generations,
        { ...least, reference_images: [{ file_id: "f1" }, { url: image }] }
      ],
      ["a file as the first frame", { prompt, options: { imageFileId: "f1" } }, generations, { ...least, image: { file_id: "f1" } }],
      [
        "every option",
        {
          model: newer,
          prompt,
          duration: 15,
          aspectRatio: "1:1",
          resolution: "1080p",
          options: {
            user: "u1",
            generateAudio: false,
            referenceAudios: [{ voiceId: "v1" }, { url: "https://a.b/a.mp3" }],
            uploadUrl: "https://a.b/put?sig=1",
            storage: { filename: "x.mp4", expiresAfter: 2_592_000, publicUrl: true }
          }
        },
        generations,
        {
          model: newer,
          prompt,
          duration: 15,
          aspect_ratio: "1:1",
          resolution: "1080p",
          generate_audio: false,
          reference_audios: [{ voice_id: "v1" }, { url: "https://a.b/a.mp3" }],
          user: "u1",
          output: { upload_url: "https://a.b/put?sig=1" },
          storage_options: { filename: "x.mp4", expires_after: 2_592_000, public_url: true }
        }
      ],
      ["an edit", { prompt, video }, edits, { model, prompt, video: { url: video } }],
      ["an edit of a file", { prompt, mode: "edit", options: { videoFileId: "f2" } }, edits, { model, prompt, video: { file_id: "f2" } }],
      ["an extension", { prompt, mode: "extend", video }, extensions, { model, prompt, duration: 6, video: { url: video } }]
    ],
    [
      [{}, "prompt", "is missing"],
      [{ prompt, duration: 16 }, "duration", "is 16 s; grok-imagine-video takes whole seconds from 1 to 15"],
      [{ prompt, duration: 0 }, "duration", "is 0 s"],
      [{ prompt, images: [image, image], duration: 11 }, "duration", "is 11 s; grok-imagine-video takes whole seconds from 1 to 10"],
      [{ images: [image, image] }, "prompt", "is missing"],
      [{ prompt, images: Array.from({ length: 8 }, () => image) }, "images", "are 8; grok-imagine-video takes none, exactly 1 and 2 to 7"],
      [{ prompt, aspectRatio: "21:9" }, "aspectRatio", 'is "21:9"'],
      [
        { prompt, resolution: "1080p" },
        "resolution",
        'is "1080p"; grok-imagine-video takes 480p or 720p here; grok-imagine-video-1.5 takes it'
      ],
      [{ prompt, model: newer, images: [image, image], resolution: "1080p" }, "resolution", 'is "1080p"'],
      [{ prompt, model: newer, video }, "model", "is grok-imagine-video-1.5, which can't edit; grok-imagine-video can"],
      [{ prompt, video: "https://a.b/c.mov" }, "video", "has a path that does not end in .mp4"],
      [{ prompt, video, duration: 6 }, "duration", "isn't supported by grok-imagine-video to edit"],
      [{ prompt, mode: "extend", video, duration: 1 }, "duration", "is 1 s; grok-imagine-video takes whole seconds from 2 to 10"],
      [{ prompt, mode: "extend", video, duration: 11 }, "duration", "is 11 s"],
      [{ prompt, mode: "extend" }, "video", "is missing"],
      [{ prompt, options: { referenceAudios: [{ voiceId: "v1" }] } }, "options.referenceAudios", "are for grok-imagine-video-1.5 only"],
      [
        { prompt, duration: 11, options: { referenceImages: [image] } },
        "duration",
        "is 11 s; grok-imagine-video takes whole seconds from 1 to 10"
      ],
      [{ options: { referenceImages: [image] } }, "prompt", "is missing"],
      [{ prompt, images: [image], options: { imageFileId: "f1" } }, "options.imageFileId", "is given beside images"],
      [{ prompt, options: { imageFileId: "f1", referenceImages: [image] } }, "options.imageFileId", "is given beside images"],
      [{ prompt, images: [image], options: { referenceImages: [image] } }, "options.referenceImages", "are given beside images"],
      [{ prompt, options: { videoFileId: "f2" } }, "options.videoFileId", "is a source video, which only edit and extend take"],
      [{ prompt, video, options: { videoFileId: "f2" } }, "options.videoFileId", "is given beside video"],
      [{ prompt, video, options: { generateAudio: true } }, "options", "which only generate takes; this is edit"],
      [{ prompt, video, options: { imageFileId: "f1" } }, "options", "which only generate takes; this is edit"],
      [{ prompt, video, options: { referenceImages: [image] } }, "options", "which only generate takes; this is edit"],
      [
        { prompt, mode: "extend", video, options: { referenceAudios: [{ voiceId: "v1" }] } },
        "options",
        "which only generate takes; this is extend"
      ],
      [{ prompt, options: { storage: { filename: "x", expiresAfter: 2_592_001 } } }, "options.storage.expiresAfter", "is wrong"],
      [{ prompt, options: { referenceImages: Array.from({ length: 8 }, () => image) } }, "options.referenceImages", "is wrong"]
    ]
  )
})
