/** The progress of one download, and the processing of its bytes. */
import { sha256 } from "@noble/hashes/sha2.js"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Found } from "./download.ts"
import { judging } from "./judging.ts"
import type { Container } from "./media.ts"
import { type Miss, missOf } from "./miss.ts"
import type { Mark } from "./range.ts"

/** Mutable: a download of gigabytes should not make an object for each chunk. */
export interface Progress {
  bytes: number
  hash: ReturnType<typeof sha256.create>
  /** The candidate that the bytes are from, counted from 0. */
  slot: number
  validator: string | undefined
  total: number | undefined
  /** By the first bytes. Absent if they are in no known container. */
  container: Container | undefined
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

/** Who is told of the bytes of a download. */
export interface Listeners {
  readonly onProgress: (bytes: number, total: number | undefined) => void
  /** Of each chunk, also of one that is discarded. */
  readonly onReceived: (bytes: number) => void
}

/** A video beyond the limit: no other candidate would be smaller. */
export interface TooLarge {
  readonly _tag: "TooLarge"
}

/** The error for a file that does not begin with the bytes that were given. */
export const changed = "the file has changed meanwhile"

export const fresh = (slot = 0): Progress => ({
  bytes: 0,
  hash: sha256.create(),
  slot,
  validator: undefined,
  total: undefined,
  container: undefined
})

/** The mark from which a candidate may be resumed. */
export const markOf = (progress: Progress, slot: number): Mark | undefined =>
  progress.bytes > 0 && progress.slot === slot && progress.validator !== undefined
    ? { bytes: progress.bytes, validator: progress.validator, total: progress.total }
    : undefined

/** Writes, counts and hashes the bytes; too many, too few, or something other than a video are failures. */
export const pour = Effect.fnUntraced(function* <E>(
  found: Found,
  slot: number,
  progress: Progress,
  sink: Sink<E>,
  limit: number,
  { onProgress, onReceived }: Listeners
): Effect.fn.Return<void, Miss | TooLarge | E> {
  const { bytes, part, validator } = found
  if (part.total !== undefined && part.total > limit) {
    // Started and abandoned, so that its connection is released.
    yield* Effect.ignore(Effect.timeoutOption(Stream.runHead(bytes), "1 second"))
    return yield* Effect.fail<TooLarge>({ _tag: "TooLarge" })
  }
  const pass = (chunk: Uint8Array): Effect.Effect<void, Miss | TooLarge | E> => {
    if (chunk.byteLength === 0) return Effect.void
    const after = progress.bytes + chunk.byteLength
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
  }
  if (part.from > 0) Object.assign(progress, { validator, total: part.total })
  const judge = part.from > 0 ? undefined : judging(found)
  const begin = (first: Uint8Array | undefined): Effect.Effect<void, Miss | TooLarge | E> => {
    if (first === undefined) return Effect.void
    // What came before is discarded for a video, and not for the text of an error.
    return Effect.andThen(progress.bytes > 0 ? sink.restart : Effect.void, () => {
      Object.assign(progress, fresh(slot), { validator, total: part.total, container: judge?.container() })
      return pass(first)
    })
  }
  yield* Stream.runForEach(bytes, (chunk) => {
    onReceived(chunk.byteLength)
    return judge === undefined || judge.isOver() ? pass(chunk) : Effect.flatMap(judge.take(chunk), begin)
  })
  if (judge?.isOver() === false) yield* Effect.flatMap(judge.take(), begin)
  if (part.total !== undefined && progress.bytes !== part.total) {
    return yield* Effect.fail(missOf("again", `only ${progress.bytes} of ${part.total} bytes came`))
  }
  if (progress.bytes < (sink.given?.() ?? 0)) return yield* Effect.fail(missOf("never", changed))
})
