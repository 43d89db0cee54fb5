/** GeekNow, Grok video: https://docs.geeknow.top/api-reference/videos/grok/generation and .../grok/query */
import { type Capability, Dialect } from "@reelay/core"
import * as Schema from "effect/Schema"
import { usage } from "../internal/parts.ts"

const common = {
  mode: "generate",
  prompt: "required",
  aspectRatio: { oneOf: ["2:3", "3:2", "1:1"] },
  resolution: { oneOf: ["720p"], default: "720p" },
  // `input_reference` is a repeatable file; the document names no maximum, so this is the largest of its sibling models.
  images: { min: 0, max: 7, as: ["bytes"] }
} as const

/** The three models of the page. Only `grok-video-3` lets the caller choose the length; the page's script fixes the others'. */
export const capabilities = [
  { ...common, model: "grok-video-3", duration: { from: 1 }, note: "the document gives no range for seconds; its sample has 6" },
  { ...common, model: "grok-video-3-pro", duration: { fixed: 10, sent: true } },
  { ...common, model: "grok-video-3-max", duration: { fixed: 15, sent: true } }
] as const satisfies readonly [Capability.Capability, ...Array<Capability.Capability>]

/** What `GET /v1/videos/{task_id}` answers: the fields that the dialect reads. `status` alone can make a payload unreadable. */
export const Video = Schema.Struct({
  status: Schema.String,
  model: Dialect.lenient(Schema.NonEmptyString),
  progress: Dialect.lenient(Schema.Unknown),
  seconds: Dialect.lenient(Schema.Unknown),
  expires_at: Dialect.lenient(Schema.Unknown),
  completed_at: Dialect.lenient(Schema.Unknown),
  usage
})
export type Video = typeof Video.Type
