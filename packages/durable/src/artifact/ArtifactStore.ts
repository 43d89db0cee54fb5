/**
 * Where finished videos are put: one contract for a folder, and for whatever a program brings.
 *
 * @since 0.1.0
 */
import { Artifact, type JobError, type JobState, type Provider } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import { createHash } from "node:crypto"
import { join } from "node:path"
import type { Saved } from "../job/DurableState.ts"

/**
 * A store of videos. `put` fetches the video of a job with `Artifact.save`, `stream` or `bytes`, and returns once it is whole and in its place. It
 * may be called again for the same key, by another worker too: then it replaces what is there.
 *
 * @category models
 * @since 0.1.0
 */
export interface ArtifactStore {
  readonly put: (
    key: string,
    provider: Provider.Provider<never>,
    state: JobState.Succeeded
  ) => Effect.Effect<Saved, JobError.JobError, HttpClient.HttpClient | FileSystem.FileSystem>
}

/** The longest name of a file, with its ending, on common file systems is 255 bytes; a part file has 14 more. */
const longestName = 120

/** A name that no other key has: what a file system may refuse is replaced, and then a digest tells two keys apart. */
export const fileNameOf = (key: string): string => {
  const plain = key.replaceAll(/[^\w.-]+/gu, "-").replace(/^[.-]+/u, "")
  const isSame = plain === key && key.length <= longestName && !/-[\da-f]{10}$/u.test(key)
  const digest = createHash("sha256").update(key).digest("hex").slice(0, 10)
  return `${isSame ? plain : `${plain.slice(0, longestName)}-${digest}`}.mp4`
}

/**
 * A folder, on this machine or one that all workers share. A file has its name once it is whole and on disk; a download that a worker was killed in
 * is resumed by the next, if the folder is shared. Nothing else is written there.
 *
 * @category constructors
 * @since 0.1.0
 */
export const folder = (path: string, options: Artifact.Options = {}): ArtifactStore => ({
  put: Effect.fnUntraced(function* (key, provider, state) {
    const files = yield* FileSystem.FileSystem
    yield* Effect.ignore(files.makeDirectory(path, { recursive: true }))
    const { bytes, path: location, sha256 } = yield* Artifact.save(provider, state, join(path, fileNameOf(key)), options)
    return { location, bytes, sha256 }
  })
})
