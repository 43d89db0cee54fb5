/**
 * A request as JSON, to queue, store or send it: images are included as base64, and are decoded to their own form.
 *
 * A URL stays a text, `data:` URLs included. Base64 is a third longer than the bytes of an image: an image of 3 MB is 4 MB of JSON, and both
 * are in memory at once. Reelay has no limit; a store may have one (256 KB at some queues), and then use a URL.
 *
 * Separate from `VideoRequestSchema`, so that a page that only submits does not load it.
 *
 * **Example** (Submitting in another process)
 *
 * ```ts
 * import { Job, StoredVideoRequest, type VideoRequest } from "@reelay/core"
 * import { xai } from "@reelay/providers/xai"
 * import * as Effect from "effect/Effect"
 *
 * export const enqueue = (request: VideoRequest.VideoRequest) => Effect.map(StoredVideoRequest.toStored(request), (json) => JSON.stringify(json))
 *
 * export const submit = (apiKey: string, text: string) =>
 *   Effect.flatMap(StoredVideoRequest.fromStored(JSON.parse(text)), (request) => Job.submit(xai({ apiKey }), request))
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { excerpt } from "../base/Text.ts"
import type { InvalidRequest } from "../job/JobError.ts"
import { refused } from "./refused.ts"
import type { Image as GivenImage } from "./VideoRequest.ts"
import * as VideoRequestSchema from "./VideoRequestSchema.ts"

const content = { base64: Schema.Uint8ArrayFromBase64 }

/** A text, or the data to rebuild the same value. */
const Parts = Schema.Union([
  Schema.String,
  Schema.Struct({ _tag: Schema.Literal("Bytes"), ...content }),
  Schema.Struct({ _tag: Schema.Literal("Blob"), type: Schema.String, ...content }),
  Schema.Struct({ _tag: Schema.Literal("File"), name: Schema.String, lastModified: Schema.Finite, type: Schema.String, ...content })
])

const fromParts = (stored: typeof Parts.Type): GivenImage => {
  if (typeof stored === "string") return stored
  const bytes = new Uint8Array(stored.base64)
  switch (stored._tag) {
    case "Bytes":
      return bytes
    case "Blob":
      return new Blob([bytes], { type: stored.type })
    case "File":
      return new File([bytes], stored.name, { type: stored.type, lastModified: stored.lastModified })
  }
}

/** Reads a Blob: fails if it can't be read, such as a file that was removed meanwhile. */
const toParts = (image: GivenImage): Effect.Effect<typeof Parts.Type, SchemaIssue.Issue> => {
  if (typeof image === "string") return Effect.succeed(image)
  if (image instanceof Uint8Array) return Effect.succeed({ _tag: "Bytes", base64: image })
  const { type } = image
  return Effect.tryPromise({
    try: () => image.arrayBuffer(),
    catch: (error) => new SchemaIssue.InvalidValue({ message: `can't be read (${excerpt(String(error))})` })
  }).pipe(
    Effect.map((buffer) => {
      const base64 = new Uint8Array(buffer)
      return image instanceof File
        ? { _tag: "File", name: image.name, lastModified: image.lastModified, type, base64 }
        : { _tag: "Blob", type, base64 }
    })
  )
}

/**
 * Schema for an image with a form in JSON. Encoding reads Blobs, so it is asynchronous: use `Schema.encodeEffect`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Image = Parts.pipe(
  Schema.decodeTo(
    VideoRequestSchema.Image,
    SchemaTransformation.transformEffect({ decode: (stored) => Effect.sync(() => fromParts(stored)), encode: toParts })
  )
)

/**
 * The fields of a request, to which a provider's own `options` may be added: see `make`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const fields = { ...VideoRequestSchema.fields, images: Schema.optional(Schema.Array(Image)) }

/**
 * Schema for a request without provider-only options, with a form in JSON.
 *
 * @category schemas
 * @since 0.1.0
 */
export const VideoRequest = Schema.Struct(fields)

/**
 * A request as JSON.
 *
 * @category models
 * @since 0.1.0
 */
export type StoredVideoRequest = typeof VideoRequest.Encoded

/**
 * Writes requests of a schema as JSON, and reads them. Both directions are strict: a field that the schema does not have is refused with its
 * name, since a request without it would be paid for and be a different one.
 *
 * **Example** (Requests with options of their provider)
 *
 * ```ts
 * import { StoredVideoRequest } from "@reelay/core"
 * import * as Schema from "effect/Schema"
 *
 * const options = Schema.Struct({ user: Schema.optional(Schema.NonEmptyString) })
 *
 * export const { fromStored, toStored } = StoredVideoRequest.make(
 *   Schema.Struct({ ...StoredVideoRequest.fields, options: Schema.optional(options) })
 * )
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A, I>(
  schema: Schema.Codec<A, I>
): {
  readonly toStored: (request: A) => Effect.Effect<I, InvalidRequest>
  readonly fromStored: (json: unknown) => Effect.Effect<A, InvalidRequest>
} => {
  const encode = Schema.encodeEffect(schema, { onExcessProperty: "error" })
  return { toStored: (request) => Effect.mapError(encode(request), refused), fromStored: VideoRequestSchema.checker(schema) }
}

const { fromStored: read, toStored: write } = make(VideoRequest)

/**
 * Writes a request as JSON. Reads its Blobs. Fails with `InvalidRequest`, which names the field, if one can't be read, or if the request has a
 * field that is not of every provider: for `options` see `make`.
 *
 * @category converting
 * @since 0.1.0
 */
export const toStored: (request: typeof VideoRequest.Type) => Effect.Effect<StoredVideoRequest, InvalidRequest> = write

/**
 * Reads what `toStored` wrote: bytes become a `Uint8Array`, a Blob a Blob of its type, a File one with its name and time too. Total: any input
 * gives a request, or fails with `InvalidRequest`, which names the field.
 *
 * @category converting
 * @since 0.1.0
 */
export const fromStored: (json: unknown) => Effect.Effect<typeof VideoRequest.Type, InvalidRequest> = read
