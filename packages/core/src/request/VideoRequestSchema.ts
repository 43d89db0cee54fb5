/**
 * The canonical request as `Schema`: strict and closed, so that a typo in a field's name is refused and not ignored.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { InvalidRequest } from "../job/JobError.ts"
import { refused } from "./refused.ts"
import type { Image as GivenImage } from "./VideoRequest.ts"

/**
 * Schema for an image as a user gives it. It has no form in JSON: that is `StoredVideoRequest.Image`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Image = Schema.declare(
  (value): value is GivenImage => typeof value === "string" || value instanceof Uint8Array || value instanceof Blob,
  {
    expected: "a URL, a Uint8Array or a Blob"
  }
)

/**
 * The fields of a request, to which a provider adds its own `options`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const fields = {
  mode: Schema.optional(Schema.Literals(["generate", "edit", "extend"])),
  prompt: Schema.optional(Schema.String),
  model: Schema.optional(Schema.NonEmptyString),
  duration: Schema.optional(Schema.Finite),
  aspectRatio: Schema.optional(Schema.String),
  resolution: Schema.optional(Schema.String),
  images: Schema.optional(Schema.Array(Image)),
  video: Schema.optional(Schema.String)
}

/**
 * Schema for a request without provider-only options.
 *
 * @category schemas
 * @since 0.1.0
 */
export const VideoRequest = Schema.Struct(fields)

/**
 * Makes the check of a request against a schema: the first problem, with its field.
 *
 * @category constructors
 * @since 0.1.0
 */
export const checker = <A>(schema: Schema.Codec<A, unknown>): ((request: unknown) => Effect.Effect<A, InvalidRequest>) => {
  const decode = Schema.decodeUnknownEffect(schema, { onExcessProperty: "error" })
  return (request) => Effect.mapError(decode(request), refused)
}
