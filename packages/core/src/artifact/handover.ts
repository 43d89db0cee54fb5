/**
 * The bytes of a download, given to a consumer as they come: it sees each once and in order, and what it has can't be taken back.
 *
 * If the server begins anew, what the consumer has is read again, and left out if its SHA-256 is the same. If it isn't, the file has changed and
 * the download ends: two halves of two files are no video.
 */
import * as Effect from "effect/Effect"
import { type Miss, missOf } from "./download.ts"
import { changed, type Progress, type Sink } from "./progress.ts"

/** A sink over the progress that `pour` keeps. Each chunk is a copy: the consumer may keep, change or transfer it. */
export const handover = (progress: Progress, give: (chunk: Uint8Array<ArrayBuffer>) => Effect.Effect<unknown>): Sink<Miss> => {
  let given = 0
  /** Of what was given, while it is read again. */
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
