/**
 * xAI, the maker of Grok video. Documents: https://docs.x.ai
 *
 * @since 0.1.0
 */
import { type Capability, Dialect, Images, type JobError, Provider, type Reading, VideoRequest, VideoRequestSchema } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { check, encoded, formsOf, idOf, placeOf, planned, refuse, sizeOf } from "../internal/parts.ts"
import { moderationRows, Payload, readers } from "../internal/xaiPayload.ts"
import { Body, capabilities, Options } from "./schema.ts"

/** A request to xAI: the canonical one, with options that only xAI takes. */
export interface Request extends VideoRequest.VideoRequest {
  readonly options?: Options | undefined
}

/** What its models can do, as a table. Its type narrows the requests of a client: see `Capability.RequestOf`. */
export { capabilities } from "./schema.ts"

/** The statuses of the REST reference and of the proto's `DeferredStatus`. */
export const statuses = {
  pending: "queued",
  done: "succeeded",
  failed: "failed",
  expired: "expired"
} as const satisfies Dialect.Statuses

/** xAI's phrases for money, under gRPC codes whose own meaning is rate or a key without permission. */
const ofMoney = /\b(credits?|balance|spending limit|billing)\b|余额|额度不足/iu

/** The first two are one code under its old and new name; so are the next two. */
const unpayable = [
  { status: 429, code: "Some resource has been exhausted", words: ofMoney, source: "continuedev/continue#10373; pace: cline/cline#4826" },
  { status: 429, code: "resource-exhausted", words: ofMoney, source: "chenyme/grok2api#836; pace: chenyme/grok2api#926" },
  {
    status: 403,
    code: "The caller does not have permission to execute the specified operation",
    words: ofMoney,
    source: "openclaw/openclaw extensions/xai/index.test.ts@2908d4e"
  },
  { status: 403, code: "permission-denied", words: ofMoney, source: "Anantys-oss/koan#2412; no money: decolua/9router#2559" },
  { status: 403, code: "personal-team-blocked:spending-limit", source: "can1357/oh-my-pi#4913" }
] as const

/** "Slow down, or upgrade to a Grok subscription for higher limits" is about rate. */
const refused = (seen: Dialect.Seen): Reading.Receipt | undefined =>
  Dialect.speaksOfPace(...seen.texts) ? undefined : Dialect.declined("PaymentRequired")(seen)

/** On a submission. */
const declined = unpayable.map((row): Dialect.Row<Reading.Receipt> => Object.assign({ read: refused }, row))

/** Polls that the general rules would read otherwise. */
export const rows: ReadonlyArray<Dialect.Row<Reading.Reading>> = [
  {
    status: 202,
    source: "vercel/ai#17308: an empty body while running",
    read: ({ answer }) => (answer.body.trim() === "" ? { _tag: "Queued" } : undefined)
  },
  ...moderationRows("provider"),
  ...unpayable.map((row): Dialect.Row<Reading.Reading> => Object.assign({ read: Dialect.failedForMoney }, row))
]

const checked = check(Schema.Struct({ ...VideoRequestSchema.fields, options: Schema.optional(Options) }))

const paths = { generate: "generations", edit: "edits", extend: "extensions" } as const
const kinds = { generate: "generation", edit: "edit", extend: "extension" } as const

/** Rules that tie xAI's own options to the rest of a request. */
const refuseOptions = ({ images = [], options = {}, model, video, ...request }: Request) => {
  const mode = VideoRequest.modeOf({ ...request, video })
  const { generateAudio, imageFileId, referenceAudios, referenceImages, videoFileId } = options
  if (mode !== "generate" && (imageFileId ?? referenceImages ?? referenceAudios ?? generateAudio) !== undefined) {
    return refuse("options", `have images, voices or sound, which only generate takes; this is ${mode}`)
  }
  if (mode === "generate" && videoFileId !== undefined)
    return refuse("options.videoFileId", "is a source video, which only edit and extend take")
  if (videoFileId !== undefined && video !== undefined) return refuse("options.videoFileId", "is given beside video; give one of them")
  if (imageFileId !== undefined && (images.length > 0 || referenceImages !== undefined)) {
    return refuse("options.imageFileId", "is given beside images; give one of them")
  }
  if (referenceImages !== undefined && images.length > 0)
    return refuse("options.referenceImages", "are given beside images; give one of them")
  if (referenceAudios !== undefined && model !== "grok-imagine-video-1.5") {
    return refuse("options.referenceAudios", "are for grok-imagine-video-1.5 only")
  }
  return Effect.void
}

/** A canonical request for the same rules: uploaded files become placeholder URLs, references as many images. */
const standIn = ({ images, options = {}, video, ...request }: Request): VideoRequest.VideoRequest => {
  const { imageFileId, referenceImages, videoFileId } = options
  // One reference follows the rules for several images, not those for a first frame.
  const several = referenceImages && Array.from({ length: Math.max(2, referenceImages.length) }, () => uploaded.image)
  return {
    ...request,
    images: imageFileId === undefined ? (several ?? images) : [uploaded.image],
    video: videoFileId === undefined ? video : uploaded.video
  }
}

/** Images in their wire form: a URL, or the id of an uploaded file. */
const sourcesOf = (
  images: ReadonlyArray<VideoRequest.Image | { readonly fileId: string }>,
  plan: Capability.Plan
): Effect.Effect<ReadonlyArray<{ readonly url: string } | { readonly file_id: string }>, JobError.InvalidRequest> => {
  const given = images.map((image) => (isFile(image) ? { id: image.fileId, image: uploaded.image } : { id: undefined, image }))
  const ready = Images.urls(
    given.map(({ image }) => image),
    formsOf(plan)
  )
  return Effect.map(ready, (urls) => urls.map((url, index) => (given[index]?.id === undefined ? { url } : { file_id: given[index].id })))
}

const isFile = (image: VideoRequest.Image | { readonly fileId: string }): image is { readonly fileId: string } =>
  typeof image === "object" && "fileId" in image

const uploaded = { image: "https://files.x.ai/image", video: "https://files.x.ai/video.mp4" } as const

/** Everything that Reelay knows about xAI. */
export const definition: Provider.Definition<Request> = {
  name: "xai",
  title: "xAI",
  baseUrl: "https://api.x.ai",
  prefix: "/v1/videos",
  docs: "https://docs.x.ai/developers/rest-api-reference/inference/videos",
  capabilities,
  // The samples of docs.x.ai (Video generation) poll every 5 s; xai-sdk-python every second by default.
  polling: { firstDelay: 5000, interval: 5000, minInterval: 1000, deadline: 15 * 60_000 },
  submission: (given) =>
    Effect.gen(function* () {
      const request = yield* checked(given)
      yield* refuseOptions(request)
      const plan = yield* planned(capabilities, standIn(request))
      const { mode } = plan.row
      const { generateAudio, imageFileId, referenceAudios, referenceImages, storage, uploadUrl, user, videoFileId } = request.options ?? {}
      const sources = yield* sourcesOf(referenceImages ?? request.images ?? [], plan)
      const isReference = sources.length > 1 || referenceImages !== undefined
      const value = yield* encoded(Body, {
        model: plan.row.model,
        prompt: plan.prompt,
        duration: plan.duration,
        aspectRatio: plan.aspectRatio,
        resolution: plan.resolution,
        image: imageFileId === undefined ? (isReference ? undefined : sources[0]) : { file_id: imageFileId },
        referenceImages: isReference ? sources : undefined,
        referenceAudios,
        generateAudio,
        video: mode === "generate" ? undefined : videoFileId === undefined ? { url: plan.video } : { file_id: videoFileId },
        user,
        output: uploadUrl === undefined ? undefined : { uploadUrl },
        storage
      })
      const deliversTo = placeOf(uploadUrl)
      if (uploadUrl !== undefined && deliversTo === undefined)
        return yield* refuse("options.uploadUrl", "isn't an http or https address that xAI could put the video at")
      return {
        kind: kinds[mode],
        call: { method: "POST", path: `/v1/videos/${paths[mode]}`, body: { _tag: "Json", value } },
        ...sizeOf(plan),
        ...(deliversTo === undefined ? {} : { deliversTo })
      }
    }),
  receive: Dialect.receiver({ id: (json) => Dialect.idIn(json, "request_id"), rows: declined }),
  poll: (ref) => ({ method: "GET", path: `/v1/videos/${idOf(ref)}` }),
  interpret: Dialect.interpreter({
    schema: Payload,
    word: ({ status }) => status,
    statuses,
    read: readers("provider"),
    rows
  })
}

/**
 * Makes an xAI provider from a key.
 *
 * **Example** (Editing a video)
 *
 * ```ts
 * import { Job } from "@reelay/core"
 * import { xai } from "@reelay/providers/xai"
 *
 * export const handle = Job.submit(xai({ apiKey: "xai-..." }), {
 *   prompt: "Give the woman a silver necklace.",
 *   video: "https://example.com/video.mp4"
 * })
 * ```
 *
 * @since 0.1.0
 */
export const xai = Provider.configure(definition)
