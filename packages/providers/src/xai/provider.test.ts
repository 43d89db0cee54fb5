import { describe, expect, it } from "@effect/vitest"
import { answer, field, findsIds, isSuccessWord, laws, replays, wordsHaveFixtures, writes } from "../../test/replay.ts"
import { fixtures } from "./fixtures/index.ts"
import { definition, words } from "./provider.ts"

const id = "a3d1008e-4544-40d4-d075-11527e794e4a"
const cost = { costUsd: 0.3, costSource: "provider" } as const
const rejected = "Generated video rejected by content moderation."
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
    "videos.expired": { _tag: "Expired", billed: "unknown" },
    "videos.failed": {
      _tag: "Failed",
      failure: { origin: "provider", code: "internal_error", message: "Video generation failed.", moderated: false },
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
  wordsHaveFixtures(words, fixtures, (body) => [field(body, "status")])
  findsIds(definition, "request_id", "id")

  it.each<[string, number, unknown, object]>([
    ["pending without progress waits", 202, { status: "pending" }, { _tag: "Queued" }],
    // Made up: the empty body was observed.
    ["T15: a 202 with a line break is as good as an empty one", 202, " \n", { _tag: "Queued" }],
    ["an empty 200 tells nothing", 200, "", { _tag: "Missed", because: "unreadable" }],
    ["half a 202 tells nothing", 202, '{"status":', { _tag: "Missed", because: "unreadable" }],
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
      [{ prompt, video, duration: 6 }, "duration", "is not for grok-imagine-video to edit"],
      [{ prompt, mode: "extend", video, duration: 1 }, "duration", "is 1 s; grok-imagine-video takes whole seconds from 2 to 10"],
      [{ prompt, mode: "extend", video, duration: 11 }, "duration", "is 11 s"],
      [{ prompt, mode: "extend" }, "video", "is missing"],
      [{ prompt, options: { referenceAudios: [{ voiceId: "v1" }] } }, "options.referenceAudios", "are for grok-imagine-video-1.5 alone"],
      [
        { prompt, duration: 11, options: { referenceImages: [image] } },
        "duration",
        "is 11 s; grok-imagine-video takes whole seconds from 1 to 10"
      ],
      [{ options: { referenceImages: [image] } }, "prompt", "is missing"],
      [{ prompt, images: [image], options: { imageFileId: "f1" } }, "options.imageFileId", "is given beside images"],
      [{ prompt, options: { imageFileId: "f1", referenceImages: [image] } }, "options.imageFileId", "is given beside images"],
      [{ prompt, images: [image], options: { referenceImages: [image] } }, "options.referenceImages", "are given beside images"],
      [{ prompt, options: { videoFileId: "f2" } }, "options.videoFileId", "is a source video, which goes with edit and extend"],
      [{ prompt, video, options: { videoFileId: "f2" } }, "options.videoFileId", "is given beside video"],
      [{ prompt, video, options: { generateAudio: true } }, "options", "go with generate, and this is to edit"],
      [{ prompt, video, options: { imageFileId: "f1" } }, "options", "go with generate, and this is to edit"],
      [{ prompt, video, options: { referenceImages: [image] } }, "options", "go with generate, and this is to edit"],
      [
        { prompt, mode: "extend", video, options: { referenceAudios: [{ voiceId: "v1" }] } },
        "options",
        "go with generate, and this is to extend"
      ],
      [{ prompt, options: { storage: { filename: "x", expiresAfter: 2_592_001 } } }, "options.storage.expiresAfter", "is wrong"],
      [{ prompt, options: { referenceImages: Array.from({ length: 8 }, () => image) } }, "options.referenceImages", "is wrong"]
    ]
  )
})
