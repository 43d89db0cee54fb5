/**
 * Images of a request, in the form that a provider takes: a public URL, a `data:` URL, or bytes in a form.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import { InvalidRequest } from "../job/JobError.ts"
import type { Images } from "./Capability.ts"
import type { Image } from "./VideoRequest.ts"

/** @category models */
export type Form = Images["as"][number]

/**
 * An image that is ready to be sent.
 *
 * @category models
 * @since 0.1.0
 */
export type Ready =
  | { readonly _tag: "Url"; readonly url: string }
  | { readonly _tag: "File"; readonly file: Blob; readonly filename: string }

/**
 * Converts each image to the first form that fits. Fails, naming the image, if none fits. Reads blobs; sends nothing.
 *
 * @category combinators
 * @since 0.1.0
 */
export const ready = (images: ReadonlyArray<Image>, forms: ReadonlyArray<Form>): Effect.Effect<ReadonlyArray<Ready>, InvalidRequest> =>
  Effect.forEach(images, (image, index) => one(image, forms, `images[${index}]`))

/**
 * Like `ready`, for a provider that takes URLs only, public or `data:`, and never `bytes`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const urls = (images: ReadonlyArray<Image>, forms: ReadonlyArray<Form>): Effect.Effect<ReadonlyArray<string>, InvalidRequest> =>
  Effect.map(
    ready(
      images,
      forms.filter((form) => form !== "bytes")
    ),
    (all) => all.flatMap((each) => (each._tag === "Url" ? [each.url] : []))
  )

const one = (image: Image, forms: ReadonlyArray<Form>, field: string): Effect.Effect<Ready, InvalidRequest> => {
  const refuse = (rule: string) => Effect.fail(new InvalidRequest({ field, rule }))
  if (typeof image === "string" && /^https?:\/\//iu.test(image)) {
    if (!URL.canParse(image)) return refuse("isn't a URL")
    return forms.includes("url")
      ? Effect.succeed({ _tag: "Url", url: image })
      : refuse("is a URL, and this provider takes the image itself")
  }
  if (typeof image === "string" && !image.startsWith("data:"))
    return refuse("isn't an http, https or data URL; give a file as bytes or Blob")
  if (!forms.includes("data") && !forms.includes("bytes")) return refuse("is the image itself, and this model takes public URLs only")
  return Effect.flatMap(bytesOf(image), (bytes) => {
    const type = bytes === undefined ? undefined : typeOf(bytes)
    if (bytes === undefined || type === undefined) return refuse("isn't a JPEG, PNG or WebP image")
    return Effect.succeed<Ready>(
      forms.includes("data")
        ? { _tag: "Url", url: `data:image/${type};base64,${Base64.encode(bytes)}` }
        : { _tag: "File", file: new Blob([bytes], { type: `image/${type}` }), filename: `${field.replaceAll(/\W+/gu, "")}.${type}` }
    )
  })
}

/** `undefined` if nothing could be read. */
const bytesOf = (image: Image): Effect.Effect<Uint8Array<ArrayBuffer> | undefined> => {
  if (image instanceof Uint8Array) return Effect.succeed(new Uint8Array(image))
  if (typeof image === "string") {
    const base64 = /^data:image\/[\w.+-]+;base64,(.*)$/su.exec(image)?.[1]
    const decoded = base64 === undefined ? undefined : Result.getOrUndefined(Base64.decode(base64))
    return Effect.succeed(decoded === undefined ? undefined : new Uint8Array(decoded))
  }
  return Effect.promise(() =>
    image
      .arrayBuffer()
      .then((buffer) => new Uint8Array(buffer))
      .catch(() => undefined)
  )
}

/** By the first bytes: a name or a declared type may be wrong, and the provider would say so only after the upload. */
const typeOf = (bytes: Uint8Array): "jpeg" | "png" | "webp" | undefined => {
  const starts = (text: string, from = 0) =>
    Array.from(text, (char) => char.charCodeAt(0)).every((code, index) => bytes[from + index] === code)
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "jpeg"
  if (bytes[0] === 0x89 && starts("PNG", 1)) return "png"
  return starts("RIFF") && starts("WEBP", 8) ? "webp" : undefined
}
