/** The progress of one download, and the processing of its bytes. */
import { sha256 } from "@noble/hashes/sha2.js"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Found, looksLikeText, looksLikeVideo, type Miss, missOf } from "./download.ts"
import type { Mark } from "./range.ts"

/** Mutable: a download of gigabytes should not make an object for each chunk. */
export interface Progress {
  bytes: number
  hash: ReturnType<typeof sha256.create>
  /** The candidate that the bytes are from, counted from 0. */
  slot: number
  validator: string | undefined
  total: number | undefined
}

/** The destination of a download's bytes. */
export interface Sink<E> {
  /** How many bytes are given away and can't be replaced by others. Default: 0. */
  readonly given?: (() => number) | undefined
  /** Discards everything that was written. */
  readonly restart: Effect.Effect<void, E>
  readonly write: (chunk: Uint8Array) => Effect.Effect<void, E>
  /** Called after each chunk with the progress. */
  readonly mark: (progress: Progress) => Effect.Effect<void, E>
}

/** A video beyond the limit: no other candidate would be smaller. */
export interface TooLarge {
  readonly _tag: "TooLarge"
}

/** The error for a file that does not begin with the bytes that were given. */
export const changed = "the file has changed meanwhile"

export const fresh = (slot = 0): Progress => ({ bytes: 0, hash: sha256.create(), slot, validator: undefined, total: undefined })

/** The mark from which a candidate may be resumed. */
export const markOf = (progress: Progress, slot: number): Mark | undefined =>
  progress.bytes > 0 && progress.slot === slot && progress.validator !== undefined
    ? { bytes: progress.bytes, validator: progress.validator, total: progress.total }
    : undefined

/** Writes, counts and hashes the bytes; too many, too few, or something other than a video are failures. */
export const pour = Effect.fnUntraced(function* <E>(
  { bytes, part, plain, validator }: Found,
  slot: number,
  progress: Progress,
  sink: Sink<E>,
  limit: number,
  onProgress: (bytes: number, total: number | undefined) => void
): Effect.fn.Return<void, Miss | TooLarge | E> {
  if (part.total !== undefined && part.total > limit) {
    // Started and abandoned, so that its connection is released.
    yield* Effect.ignore(Effect.timeoutOption(Stream.runHead(bytes), "1 second"))
    return yield* Effect.fail<TooLarge>({ _tag: "TooLarge" })
  }
  if (part.from === 0) {
    if (progress.bytes > 0) yield* sink.restart
    Object.assign(progress, fresh(slot))
  }
  Object.assign(progress, { validator, total: part.total })
  yield* Stream.runForEach(bytes, (chunk): Effect.Effect<void, Miss | TooLarge | E> => {
    if (chunk.byteLength === 0) return Effect.void
    const after = progress.bytes + chunk.byteLength
    if (progress.bytes === 0 && looksLikeText(chunk)) return Effect.fail(missOf("never", "the answer is text, not a video"))
    if (progress.bytes === 0 && !plain && !looksLikeVideo(chunk)) {
      return Effect.fail(missOf("never", "the answer is compressed, though it was requested uncompressed"))
    }
    if (after > limit) return Effect.fail<TooLarge>({ _tag: "TooLarge" })
    if (part.to !== undefined && after > part.to) {
      // None of it can be trusted.
      progress.validator = undefined
      return Effect.fail(missOf("again", `more than the ${part.to - part.from} bytes came that the answer announced`))
    }
    return Effect.flatMap(sink.write(chunk), () => {
      progress.bytes = after
      progress.hash.update(chunk)
      onProgress(after, progress.total)
      return sink.mark(progress)
    })
  })
  if (progress.bytes === 0) return yield* Effect.fail(missOf("again", "the answer is empty"))
  if (part.total !== undefined && progress.bytes !== part.total) {
    return yield* Effect.fail(missOf("again", `only ${progress.bytes} of ${part.total} bytes came`))
  }
  if (progress.bytes < (sink.given?.() ?? 0)) return yield* Effect.fail(missOf("never", changed))
})
