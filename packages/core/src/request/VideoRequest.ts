/**
 * What to make: the one request that every provider understands.
 *
 * @since 0.1.0
 */

/**
 * An image: its URL (http, https or data), its bytes, or a file.
 *
 * A `File` is a `Blob`; on Node `fs.openAsBlob(path)` makes one.
 *
 * @category models
 * @since 0.1.0
 */
export type Image = string | Uint8Array | Blob

/**
 * A request for one video. If a provider or model can't serve it, it is refused before anything is sent.
 *
 * **Example** (Asking for a video)
 *
 * ```ts
 * import type { VideoRequest } from "@reelay/core"
 *
 * export const request: VideoRequest.VideoRequest = {
 *   prompt: "A candle flickers on a wooden table.",
 *   duration: 6,
 *   aspectRatio: "16:9",
 *   resolution: "720p"
 * }
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export interface VideoRequest {
  /** Default: `generate`, or `edit` if a source video is given. */
  readonly mode?: Mode | undefined
  readonly prompt?: string | undefined
  /** The provider's own name for a model. Default: the provider's default. */
  readonly model?: string | undefined
  /** Whole seconds; for `extend`, of the new part only. Default: the model's default. */
  readonly duration?: number | undefined
  /** Width to height, such as `16:9`. Default: the model's default. */
  readonly aspectRatio?: string | undefined
  /** Such as `720p`. Default: the model's default. */
  readonly resolution?: string | undefined
  /** The first frame, or reference images, as the provider defines it. */
  readonly images?: ReadonlyArray<Image> | undefined
  /** URL of the source video, for `edit` and `extend`. */
  readonly video?: string | undefined
}

/** @category models */
export type Mode = "generate" | "edit" | "extend"

/**
 * The mode of a request, with its default.
 *
 * @category getters
 * @since 0.1.0
 */
export const modeOf = (request: VideoRequest): Mode => request.mode ?? (request.video === undefined ? "generate" : "edit")
