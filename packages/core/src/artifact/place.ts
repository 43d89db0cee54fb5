/** The name of a finished file: one for each job, and none that another file has. */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex } from "@noble/hashes/utils.js"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"
import type { JobRef } from "../job/JobRef.ts"

/**
 * A file's name from what a provider calls the job, without an ending: letters, digits, `-` and `_`. A digest of the whole id follows if that
 * loses something, or if a file system without case could take it for another.
 */
export const nameOf = ({ id, provider }: JobRef): string => {
  const name = `${provider}-${id}`
  const safe = name.replaceAll(/[^\w-]+/gu, "_").slice(0, 100)
  if (safe === name && name === name.toLowerCase()) return name
  // As JSON, every text is its own: half a surrogate pair would be encoded as any other half.
  return `${safe}.${bytesToHex(sha256(new TextEncoder().encode(JSON.stringify(name)))).slice(0, 12)}`
}

/** A whole file that has no name yet. */
interface Whole {
  readonly part: string
  readonly bytes: number
  readonly sha256: string
}

/** Gives a file its name, in place of a file that has it. */
export const replacing = (
  files: FileSystem.FileSystem,
  { part }: Whole,
  path: string
): Effect.Effect<string, PlatformError.PlatformError> => Effect.as(files.rename(part, path), path)

/** Gives a file its name, or the next one that no other file has: `fox-2.mp4`. The same video under that name is the file itself. */
export const beside = Effect.fnUntraced(function* (
  files: FileSystem.FileSystem,
  whole: Whole,
  path: string
): Effect.fn.Return<string, PlatformError.PlatformError> {
  const [, stem = path, ending = ""] = /^(.*?[^/\\])(\.[^./\\]*)?$/su.exec(path) ?? []
  for (let nth = 1; ; nth++) {
    const name = nth === 1 ? path : `${stem}-${nth}${ending}`
    const isOurs = (yield* claimed(files, whole.part, name)) || (yield* isSame(files, whole, name))
    if (!isOurs) continue
    yield* Effect.ignore(files.remove(whole.part, { force: true }))
    if (nth > 1) yield* Effect.logWarning(`${path} is there already and is another file: the video is saved as ${name}`)
    return name
  }
})

/** Whether the file has got the name. A link takes no name that is taken, whoever else tries at this moment. */
const claimed = (files: FileSystem.FileSystem, part: string, name: string): Effect.Effect<boolean, PlatformError.PlatformError> =>
  files.link(part, name).pipe(
    Effect.as(true),
    Effect.catch((error) =>
      error.reason._tag === "AlreadyExists"
        ? Effect.succeed(false)
        : // A file system without links, such as exFAT.
          Effect.flatMap(files.exists(name), (exists) => (exists ? Effect.succeed(false) : Effect.as(files.rename(part, name), true)))
    )
  )

const isSame = (files: FileSystem.FileSystem, whole: Whole, name: string): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    const { size, type } = yield* files.stat(name)
    if (type !== "File" || Number(size) !== whole.bytes) return false
    const hash = sha256.create()
    const file = yield* files.open(name, { flag: "r" })
    for (;;) {
      const chunk = Option.getOrUndefined(yield* file.readAlloc(1024 * 1024))
      if (chunk === undefined) return bytesToHex(hash.digest()) === whole.sha256
      hash.update(chunk)
    }
  }).pipe(
    Effect.scoped,
    // What can't be read is not ours.
    Effect.orElseSucceed(() => false)
  )
