/** CometAPI, Grok video: https://apidoc.cometapi.com/api/video/xai/video-generation, .../video-edit, .../get-video-generation-results */
import { type Capability, Dialect } from "@reelay/core"
import * as Schema from "effect/Schema"
import { fields } from "../internal/xaiPayload.ts"

const generating = {
  model: "grok-imagine-video",
  mode: "generate",
  prompt: "required",
  // CometAPI's page says that its default is 1 second; xAI's own is 8.
  duration: { from: 1, to: 15, default: 1 },
  aspectRatio: { oneOf: ["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3"] },
  resolution: { oneOf: ["480p", "720p"] }
} as const

/** The two pages that submit. The image is `image.url`: a public URL, or base64 as a `data:` URL. */
export const capabilities = [
  { ...generating, images: { min: 0, max: 1, as: ["url", "data"] }, note: "an image is the first frame" },
  { model: "grok-imagine-video", mode: "edit", prompt: "required", video: {}, note: "source up to about 8.7 s" }
] as const satisfies readonly [Capability.Capability, ...Array<Capability.Capability>]

/** Options that only CometAPI takes. */
export const Options = Schema.Struct({
  /** An identifier of your end-user. */
  user: Schema.optional(Schema.NonEmptyString),
  /** Deprecated by the vendor, who asks for aspect ratio and resolution instead. */
  size: Schema.optional(Schema.NonEmptyString),
  /** Sent unchanged: the document says only that it is an object. */
  output: Schema.optional(Schema.Record(Schema.String, Schema.Json))
})
export type Options = typeof Options.Type

const Source = Schema.Struct({ url: Schema.String })

/** What the two POSTs take, in Reelay's names; the wire's are in `encodeKeys`. */
export const Body = Schema.Struct({
  model: Schema.String,
  prompt: Schema.String,
  duration: Schema.optionalKey(Schema.Int),
  aspectRatio: Schema.optionalKey(Schema.String),
  resolution: Schema.optionalKey(Schema.String),
  image: Schema.optionalKey(Source),
  video: Schema.optionalKey(Source),
  output: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
  size: Schema.optionalKey(Schema.String),
  user: Schema.optionalKey(Schema.String)
}).pipe(Schema.encodeKeys({ aspectRatio: "aspect_ratio" }))

/** The flat form of `GET /grok/v1/videos/{request_id}`: xAI's payload, with the id. The document's sample has the id and no status. */
export const Flat = Schema.Struct({ ...fields, request_id: Dialect.lenient(Schema.NonEmptyString) })
export type Flat = typeof Flat.Type
