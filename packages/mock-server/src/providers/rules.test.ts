import { describe, expect, it } from "vitest"
import { fixtures, makeClient, mask } from "../../test/client.ts"
import type { Name } from "../../test/names.ts"

const video = { url: "https://example.com/source.mp4" }

const xaiGenerations = "/xai/v1/videos/generations"
const cometGenerations = "/cometapi/grok/v1/videos/generations"
const xingchaoCreate = "/xingchao/v1/grok/videos"
const geeknowCreate = "/geeknow/v1/videos"

/** A path, a body, and the field that the refusal names. */
const refused: ReadonlyArray<readonly [string, Record<string, unknown>, string]> = [
  [xaiGenerations, {}, "prompt"],
  [xaiGenerations, { prompt: 7 }, "prompt"],
  [xaiGenerations, { prompt: "x", model: "sora-2" }, "model"],
  [xaiGenerations, { prompt: "x", duration: 0 }, "duration"],
  [xaiGenerations, { prompt: "x", duration: 16 }, "duration"],
  [xaiGenerations, { prompt: "x", duration: 1.5 }, "duration"],
  [xaiGenerations, { prompt: "x", duration: "eight" }, "duration"],
  [xaiGenerations, { prompt: "x", seconds: 99 }, "seconds"],
  [xaiGenerations, { prompt: "x", aspect_ratio: "21:9" }, "aspect_ratio"],
  [xaiGenerations, { prompt: "x", resolution: "4k" }, "resolution"],
  [xaiGenerations, { prompt: "x", resolution: "1080p" }, "resolution"],
  [xaiGenerations, { prompt: "x", image: "https://example.com/a.png" }, "image"],
  [xaiGenerations, { prompt: "x", image: { url: "https://example.com/a.png", file_id: "f" } }, "image"],
  [xaiGenerations, { prompt: "x", image: { url: "ftp://example.com/a.png" } }, "image.url"],
  [xaiGenerations, { prompt: "x", reference_images: Array.from({ length: 8 }, () => ({ file_id: "f" })) }, "reference_images"],
  [xaiGenerations, { prompt: "x", reference_images: [{}] }, "reference_images[0]"],
  [xaiGenerations, { prompt: "x", reference_images: [{ file_id: "f" }], duration: 15 }, "duration"],
  [
    xaiGenerations,
    { prompt: "x", model: "grok-imagine-video-1.5", reference_images: [{ file_id: "f" }], resolution: "1080p" },
    "resolution"
  ],
  [xaiGenerations, { prompt: "x", reference_audios: [{ voice_id: "v" }] }, "reference_audios"],
  [xaiGenerations, { prompt: "x", reference_audios: Array.from({ length: 4 }, () => ({ voice_id: "v" })) }, "reference_audios"],
  [xaiGenerations, { prompt: "x", generate_audio: "yes" }, "generate_audio"],
  [xaiGenerations, { prompt: "x", output: { upload_url: "there" } }, "output.upload_url"],
  [xaiGenerations, { prompt: "x", storage_options: {} }, "storage_options.filename"],
  [xaiGenerations, { prompt: "x", storage_options: { filename: "a", expires_after: 2_592_001 } }, "storage_options.expires_after"],
  [xaiGenerations, { prompt: "x", size: "1x1" }, "size"],
  [xaiGenerations, { prompt: "x", user: 1 }, "user"],
  ["/xai/v1/videos/edits", { video }, "prompt"],
  ["/xai/v1/videos/edits", { prompt: "x" }, "video"],
  ["/xai/v1/videos/edits", { prompt: "x", video: { url: "https://example.com/source.mov" } }, "video.url"],
  ["/xai/v1/videos/edits", { prompt: "x", video, model: "grok-imagine-video-1.5" }, "model"],
  ["/xai/v1/videos/extensions", { prompt: "x", video, duration: 1 }, "duration"],
  ["/xai/v1/videos/extensions", { prompt: "x", video, duration: 11 }, "duration"],
  ["/xai/v1/videos/extensions", { prompt: "x", video: {} }, "video"],
  [cometGenerations, {}, "prompt"],
  [cometGenerations, { prompt: "" }, "prompt"],
  [cometGenerations, { prompt: "x", model: "sora-2" }, "model"],
  [cometGenerations, { prompt: "x", duration: "5" }, "duration"],
  [cometGenerations, { prompt: "x", duration: 16 }, "duration"],
  [cometGenerations, { prompt: "x", aspect_ratio: "16x9" }, "aspect_ratio"],
  [cometGenerations, { prompt: "x", resolution: "1080p" }, "resolution"],
  [cometGenerations, { prompt: "x", image: {} }, "image.url"],
  [cometGenerations, { prompt: "x", output: "there" }, "output"],
  [cometGenerations, { prompt: "x", user: 1 }, "user"],
  [cometGenerations, { prompt: "x", size: 720 }, "size"],
  ["/cometapi/grok/v1/videos/edits", { prompt: "x" }, "video"],
  ["/cometapi/grok/v1/videos/edits", { prompt: "x", video: { url: 1 } }, "video.url"],
  [xingchaoCreate, { prompt: "x" }, "model"],
  [xingchaoCreate, { prompt: "x", model: "grok-video-3" }, "model"],
  [xingchaoCreate, { prompt: "x", model: "constructor" }, "model"],
  [xingchaoCreate, { model: "grok_video3" }, "prompt"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3", duration: 5 }, "duration"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3", duration: 31 }, "duration"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3_pro", duration: 6 }, "duration"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3_pro", aspect_ratio: "1:1" }, "aspect_ratio"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3_pro", resolution: "480p" }, "resolution"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3_max", duration: 7 }, "duration"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3_max", aspect_ratio: "3:2" }, "aspect_ratio"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3_max", image_urls: ["data:image/png;base64,AA"] }, "image_urls[0]"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3_max", image_urls: Array(6).fill("https://example.com/a.png") }, "image_urls"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3_stable", duration: 12 }, "duration"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3", image_urls: "https://example.com/a.png" }, "image_urls"],
  [geeknowCreate, { prompt: "x" }, "model"],
  [geeknowCreate, { model: "grok-video-3" }, "prompt"],
  [geeknowCreate, { prompt: "x", model: "grok-video-4" }, "model"],
  [geeknowCreate, { prompt: "x", model: "grok-video-3", aspect_ratio: "16:9" }, "aspect_ratio"],
  [geeknowCreate, { prompt: "x", model: "grok-video-3", seconds: "six" }, "seconds"],
  [geeknowCreate, { prompt: "x", model: "grok-video-3-pro", seconds: 15 }, "seconds"],
  [geeknowCreate, { prompt: "x", model: "grok-video-3-max", seconds: 10 }, "seconds"],
  [geeknowCreate, { prompt: "x", model: "grok-video-3", size: "1080P" }, "size"],
  [geeknowCreate, { prompt: "x", model: "grok-video-3", input_reference: 5 }, "input_reference"],
  [geeknowCreate, { prompt: "mock:fial", model: "grok-video-3" }, "prompt"]
]

/** Fixture of the refusal, and where in it the words stand. */
const refusals: Readonly<Record<string, readonly [Name, string]>> = {
  xai: ["xai", "error.invalid-argument"],
  cometapi: ["cometapi", "error.invalid-request"],
  xingchao: ["xingchao", "error.invalid-request"],
  geeknow: ["geeknow", "error.invalid-request"]
}

const maskWords = (text: string): unknown =>
  mask(
    JSON.parse(text, (key: string, value: unknown) =>
      key === "message" || (key === "error" && typeof value === "string") ? "<words>" : value
    )
  )

describe("a request against the documents", () => {
  it.each(refused)("to %s with %j is refused in the provider's form, naming %s", async (path, body, field) => {
    const client = makeClient()
    const answer = await client.post(path, body)
    const [provider, name] = refusals[path.split("/")[1] ?? ""] ?? ["xai", ""]
    const fixture = fixtures[provider][name]
    expect(answer.status).toBe(fixture?.status)
    expect(maskWords(answer.text)).toEqual(maskWords(JSON.stringify(fixture?.body)))
    expect(answer.text).toContain(field)
    expect(client.mock.jobs).toEqual([])
  })
})

/** A path, a body, the length of the video in seconds, and the fixture of the answer. */
const accepted: ReadonlyArray<readonly [string, Record<string, unknown>, number, string]> = [
  [xaiGenerations, { prompt: "x" }, 8, "generations.accepted"],
  [xaiGenerations, { prompt: "x", duration: null, model: null, user: null, unknown: 1 }, 8, "generations.accepted"],
  [xaiGenerations, { prompt: "x", seconds: "4" }, 4, "generations.accepted"],
  [xaiGenerations, { image: { url: "https://example.com/a.png" } }, 8, "generations.accepted"],
  [xaiGenerations, { image: { url: "data:image/png;base64,AA" }, resolution: "720p", aspect_ratio: "9:16" }, 8, "generations.accepted"],
  [
    xaiGenerations,
    { prompt: "x", model: "grok-imagine-video-1.5", resolution: "1080p", reference_audios: [{ voice_id: "v" }] },
    8,
    "generations.accepted"
  ],
  [xaiGenerations, { prompt: "x", reference_images: [{ file_id: "f" }, video], duration: 10 }, 10, "generations.accepted"],
  [xaiGenerations, { prompt: "x", storage_options: { filename: "a.mp4", public_url: {} } }, 8, "generations.accepted"],
  ["/xai/v1/videos/edits", { prompt: "x", video }, 6, "edits.accepted"],
  ["/xai/v1/videos/extensions", { prompt: "x", video: { file_id: "f" }, duration: 4 }, 10, "extensions.accepted"],
  [cometGenerations, { prompt: "x" }, 1, "generations.accepted"],
  [cometGenerations, { prompt: "x", duration: 15, image: { url: "data:image/png;base64,AA" } }, 15, "generations.accepted"],
  ["/cometapi/grok/v1/videos/edits", { prompt: "x", video }, 6, "edits.accepted"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3" }, 10, "create.queued"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3", image_urls: ["data:image/png;base64,AA"], duration: 7 }, 7, "create.queued"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3_pro" }, 10, "create.queued"],
  [xingchaoCreate, { prompt: "x", model: "grok_video3_max", duration: 30, aspect_ratio: "1:1" }, 30, "create.queued"],
  ["/xingchao/kyyReactApiServer/v1/grok/videos", { prompt: "x", model: "grok_video3_stable", duration: 6 }, 6, "create.queued"],
  [geeknowCreate, { prompt: "x", model: "grok-video-3" }, 6, "create.queued"],
  [geeknowCreate, { prompt: "x", model: "grok-video-3-pro" }, 10, "create.queued"],
  [geeknowCreate, { prompt: "x", model: "grok-video-3-max", seconds: "15", size: "720P" }, 15, "create.queued"]
]

describe("a documented request", () => {
  it.each(accepted)("to %s with %j makes a job of %i s", async (path, body, seconds, name) => {
    const client = makeClient()
    const answer = await client.post(path, body)
    const fixture = fixtures[refusals[path.split("/")[1] ?? ""]?.[0] ?? "xai"][name]
    expect(answer.status).toBe(fixture?.status)
    expect(mask(answer.json)).toEqual(mask(fixture?.body))
    expect(client.mock.jobs).toMatchObject([{ seconds, state: "submitted" }])
    expect(answer.text).toContain(client.mock.jobs[0]?.id)
  })

  it("to geeknow may be a form, with files", async () => {
    const client = makeClient()
    const form = new FormData()
    for (const [name, value] of Object.entries({ model: "grok-video-3", prompt: "A candle", seconds: "6", size: "720P" }))
      form.set(name, value)
    form.append("input_reference", new Blob(["one"], { type: "image/png" }), "one.png")
    form.append("input_reference", new Blob(["two"], { type: "image/png" }), "two.png")
    const answer = await client.send(geeknowCreate, { method: "POST", headers: { authorization: "Bearer key" }, body: form })
    expect(mask(answer.json)).toEqual(mask(fixtures.geeknow["create.queued"]?.body))
    expect(client.mock.jobs).toMatchObject([{ prompt: "A candle", model: "grok-video-3", seconds: 6 }])
  })

  it("to geeknow as a form is refused like any other", async () => {
    const client = makeClient()
    const form = new FormData()
    form.set("model", "grok-video-3")
    const answer = await client.send(geeknowCreate, { method: "POST", headers: { authorization: "Bearer key" }, body: form })
    expect([answer.status, answer.json]).toEqual([400, { code: "invalid_request", message: "prompt is required", data: null }])
  })
})
