/** xAI, video: https://docs.x.ai/developers/rest-api-reference/inference/videos */
import type { Capability } from "@reelay/core"
import * as Schema from "effect/Schema"

const ratios = ["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3"] as const
const seconds = { from: 1, to: 15, default: 8 } as const
const first = { min: 1, max: 1, as: ["url", "data"] } as const
const references = { min: 2, max: 7, as: ["url", "data"] } as const
// 1080p on 1.5 only; with reference images at most 720p and 10 s: observed, vercel/ai packages/xai and xAI's own refusals.
const upTo720 = { oneOf: ["480p", "720p"], default: "480p" } as const
const upTo1080 = { oneOf: ["480p", "720p", "1080p"], default: "480p" } as const

const generating = <const Model extends string>(model: Model, resolution: Capability.Words) =>
  [
    { model, mode: "generate", prompt: "required", duration: seconds, aspectRatio: { oneOf: ratios, default: "16:9" }, resolution },
    {
      model,
      mode: "generate",
      prompt: "optional",
      duration: seconds,
      aspectRatio: { oneOf: ratios },
      resolution,
      images: first,
      note: "one image is the first frame"
    },
    {
      model,
      mode: "generate",
      prompt: "required",
      duration: { from: 1, to: 10, default: 8 },
      aspectRatio: { oneOf: ratios },
      resolution: upTo720,
      images: references,
      note: "several images are references"
    }
  ] as const satisfies ReadonlyArray<Capability.Capability>

const mp4 = { suffix: ".mp4" } as const

/** Edits and extensions work with `grok-imagine-video` only: nextbound/bragi-canvas#122, a live test. */
export const capabilities = [
  ...generating("grok-imagine-video", upTo720),
  ...generating("grok-imagine-video-1.5", upTo1080),
  { model: "grok-imagine-video", mode: "edit", prompt: "required", video: mp4, note: "source up to about 8.7 s" },
  {
    model: "grok-imagine-video",
    mode: "extend",
    prompt: "required",
    duration: { from: 2, to: 10, default: 6 },
    video: mp4,
    note: "the duration is of the new part; source 2 to 15 s"
  }
] as const satisfies readonly [Capability.Capability, ...Array<Capability.Capability>]

/** Options that only xAI takes, such as a voice or a place in the user's own storage. */
export const Options = Schema.Struct({
  /** A unique identifier of your end-user. */
  user: Schema.optional(Schema.NonEmptyString),
  /** Whether the video has sound. Default at xAI: true. */
  generateAudio: Schema.optional(Schema.Boolean),
  /** Id of an uploaded first frame, in place of `images`. */
  imageFileId: Schema.optional(Schema.NonEmptyString),
  /** Reference images, even if there is only one: URLs, public or `data:`, or ids of uploaded files. */
  referenceImages: Schema.optional(
    Schema.Array(Schema.Union([Schema.NonEmptyString, Schema.Struct({ fileId: Schema.NonEmptyString })])).check(
      Schema.isMinLength(1),
      Schema.isMaxLength(7)
    )
  ),
  /** Voices, `grok-imagine-video-1.5` only: at most 3, each by a voice's id or a clip's URL. */
  referenceAudios: Schema.optional(
    Schema.Array(
      Schema.Union([Schema.Struct({ voiceId: Schema.NonEmptyString }), Schema.Struct({ url: Schema.NonEmptyString })], { mode: "oneOf" })
    ).check(Schema.isMinLength(1), Schema.isMaxLength(3))
  ),
  /** Id of an uploaded source video, in place of `video`. */
  videoFileId: Schema.optional(Schema.NonEmptyString),
  /** A signed URL that xAI PUTs the video to. Teams with zero data retention must give one. */
  uploadUrl: Schema.optional(Schema.NonEmptyString),
  /** Keeps the video in xAI's file storage. */
  storage: Schema.optional(
    Schema.Struct({
      filename: Schema.NonEmptyString,
      /** Seconds, at most 30 days. */
      expiresAfter: Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2_592_000 }))),
      /** Whether the file gets a public URL; or the document's object, sent unchanged. */
      publicUrl: Schema.optional(Schema.Union([Schema.Boolean, Schema.Record(Schema.String, Schema.Json)]))
    })
  )
})
export type Options = typeof Options.Type

const Source = Schema.Union([Schema.Struct({ url: Schema.String }), Schema.Struct({ file_id: Schema.String })])
const Audio = Schema.Union([
  Schema.Struct({ voiceId: Schema.String }).pipe(Schema.encodeKeys({ voiceId: "voice_id" })),
  Schema.Struct({ url: Schema.String })
])
const Storage = Schema.Struct({
  filename: Schema.String,
  expiresAfter: Schema.optionalKey(Schema.Int),
  publicUrl: Schema.optionalKey(Schema.Union([Schema.Boolean, Schema.Record(Schema.String, Schema.Json)]))
}).pipe(Schema.encodeKeys({ expiresAfter: "expires_after", publicUrl: "public_url" }))

/** What the three POSTs take, in Reelay's names; the wire's are in `encodeKeys`. The table says which fields go together. */
export const Body = Schema.Struct({
  model: Schema.String,
  prompt: Schema.optionalKey(Schema.String),
  duration: Schema.optionalKey(Schema.Int),
  aspectRatio: Schema.optionalKey(Schema.String),
  resolution: Schema.optionalKey(Schema.String),
  image: Schema.optionalKey(Source),
  referenceImages: Schema.optionalKey(Schema.Array(Source)),
  referenceAudios: Schema.optionalKey(Schema.Array(Audio)),
  generateAudio: Schema.optionalKey(Schema.Boolean),
  video: Schema.optionalKey(Source),
  user: Schema.optionalKey(Schema.String),
  output: Schema.optionalKey(Schema.Struct({ uploadUrl: Schema.String }).pipe(Schema.encodeKeys({ uploadUrl: "upload_url" }))),
  storage: Schema.optionalKey(Storage)
}).pipe(
  Schema.encodeKeys({
    aspectRatio: "aspect_ratio",
    referenceImages: "reference_images",
    referenceAudios: "reference_audios",
    generateAudio: "generate_audio",
    storage: "storage_options"
  })
)
