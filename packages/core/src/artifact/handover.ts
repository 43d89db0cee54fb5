/**
 * The bytes of a download, given to a consumer as they arrive: it sees each once and in order, and they can't be taken back.
 *
 * If the server starts over, the bytes that the consumer has are read again, and skipped if their SHA-256 is the same. If it isn't, the file has
 * changed and the download ends: two halves of two files aren't a video.
 */
import * as Effect from "effect/Effect"
import { type Miss, missOf } from "./miss.ts"
import { changed, type Progress, type Sink } from "./progress.ts"

/** A sink over the progress that `pour` keeps. Each chunk is a copy: the consumer may keep, change or transfer it. */
export const handover = (progress: Progress, give: (chunk: Uint8Array<ArrayBuffer>) => Effect.Effect<unknown>): Sink<Miss> => {
  let given = 0
  /** The digest of the given bytes, while they are read again. */
  let digest: Uint8Array | undefined
  return {
    given: () => given,
    restart: Effect.sync(() => {
      digest ??= progress.hash.clone().digest()
    }),
    write: (chunk) =>
      Effect.suspend((): Effect.Effect<void, Miss> => {
        const known = Math.min(chunk.byteLength, given - progress.bytes)
        if (digest !== undefined && progress.bytes + known === given) {
          const again = progress.hash.clone().update(chunk.subarray(0, known)).digest()
          if (!isEqual(again, digest)) return Effect.fail(missOf("never", changed))
          digest = undefined
        }
        const rest = chunk.slice(known)
        if (rest.byteLength === 0) return Effect.void
        return Effect.map(give(rest), () => {
          given += rest.byteLength
        })
      }),
    mark: () => Effect.void
  }
}

const isEqual = (one: Uint8Array, other: Uint8Array): boolean => one.every((byte, index) => byte === other[index])
