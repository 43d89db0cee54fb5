/** XingChao, Grok video: https://docs.xingchaoyiqing.com/api-reference/video/grok-create and .../grok-result */
import { type Capability, Dialect } from "@reelay/core"
import * as Schema from "effect/Schema"
import { usage } from "../internal/parts.ts"

const ratios = ["16:9", "9:16", "1:1", "3:2", "2:3"] as const
const resolution = { oneOf: ["480p", "720p"], default: "720p" } as const

/** The four models of the document's table. Defaults are sent, since they differ between the vendor's copies of it. */
export const capabilities = [
  {
    model: "grok_video3",
    mode: "generate",
    prompt: "required",
    duration: { from: 6, to: 30, default: 10 },
    aspectRatio: { oneOf: ratios },
    resolution,
    images: { min: 0, max: 7, as: ["url", "data"] },
    note: "billed by the second"
  },
  {
    model: "grok_video3_pro",
    mode: "generate",
    prompt: "required",
    duration: { fixed: 10, sent: false },
    aspectRatio: { oneOf: ["16:9"] },
    resolution: { oneOf: ["720p"] },
    // "Supported", without a number in the document: the largest that a sibling takes.
    images: { min: 0, max: 7, as: ["url", "data"] },
    note: "billed by the call"
  },
  {
    model: "grok_video3_max",
    mode: "generate",
    prompt: "required",
    duration: { oneOf: [6, 10, 12, 16, 20, 30], default: 10 },
    aspectRatio: { oneOf: ["16:9", "9:16", "1:1"] },
    resolution,
    images: { min: 0, max: 5, as: ["url"] },
    note: "billed by the second"
  },
  {
    model: "grok_video3_stable",
    mode: "generate",
    prompt: "required",
    duration: { oneOf: [6, 10], default: 10 },
    aspectRatio: { oneOf: ratios },
    resolution,
    images: { min: 0, max: 7, as: ["url"] },
    note: "billed by the call"
  }
] as const satisfies readonly [Capability.Capability, ...Array<Capability.Capability>]

/** What `POST /v1/grok/videos` takes, in Reelay's names; the wire's are in `encodeKeys`. */
export const Create = Schema.Struct({
  model: Schema.Literals(capabilities.map(({ model }) => model)),
  prompt: Schema.NonEmptyString,
  duration: Schema.optionalKey(Schema.Int),
  aspectRatio: Schema.optionalKey(Schema.String),
  resolution: Schema.optionalKey(Schema.String),
  images: Schema.optionalKey(Schema.Array(Schema.String))
}).pipe(Schema.encodeKeys({ aspectRatio: "aspect_ratio", images: "image_urls" }))

/** What `GET /v1/result/{id}` answers: the fields that the dialect reads. `status` alone can make a payload unreadable. */
export const Result = Schema.Struct({
  status: Schema.String,
  model: Dialect.lenient(Schema.NonEmptyString),
  actualDuration: Dialect.lenient(Schema.Unknown),
  usage
})
export type Result = typeof Result.Type
