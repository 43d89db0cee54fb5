/**
 * The file that a download is written to until it is whole: `<path>.<token>.part`, one per save, so that two saves to one path never mix
 * their bytes. `<path>.part.json` names the latest part, so that a later process can resume where a killed one stopped. See decisions/0006.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { parseJson } from "../base/Text.ts"
import { jobKey, type JobRef } from "../job/JobRef.ts"
import { mediaOf } from "./media.ts"
import { fresh, type Progress, type Sink } from "./progress.ts"

export interface Part {
  readonly name: string
  /** Where a killed process stopped, or the start. */
  readonly progress: Progress
  readonly sink: Sink<PlatformError.PlatformError>
  /** Ensures that everything is on the disk. */
  readonly sync: Effect.Effect<void, PlatformError.PlatformError>
  /** Removes this part from the note. */
  readonly forget: Effect.Effect<void>
}

/** The content of `<path>.part.json`. Never a URL: it may be signed. */
interface Note {
  readonly v: 1
  readonly job: string
  /** The token of its part. */
  readonly token: string
  readonly slot: number
  readonly validator: string | null
  readonly total: number | null
  /** How many of its bytes are certainly on the disk. */
  readonly bytes: number
}

/** How many bytes may be lost if a process is killed or the power fails. */
const stride = 8 * 1024 * 1024

/** A part in use is touched at this interval, and one that was not touched for this long has no owner. In milliseconds. */
const beat = 1000
const silence = 5000

const noteOf = (path: string): string => `${path}.part.json`
const partOf = (path: string, token: string): string => `${path}.${token}.part`

/** Makes a part for this save, with the bytes that a killed one has left of the same job. It is closed with the scope. */
export const make = Effect.fnUntraced(function* (
  files: FileSystem.FileSystem,
  path: string,
  ref: JobRef
): Effect.fn.Return<Part, PlatformError.PlatformError, Scope.Scope> {
  const job = jobKey(ref)
  const left = yield* leftover(files, path)
  const token = (yield* Random.nextIntBetween(0, 2 ** 32, { halfOpen: true })).toString(16).padStart(8, "0")
  const name = partOf(path, token)
  const file = yield* files.open(name, { flag: "wx" })
  const remove = Effect.ignore(files.remove(name, { force: true }))
  return yield* Effect.gen(function* () {
    yield* Effect.forkScoped(
      Effect.forever(
        Effect.andThen(
          Effect.sleep(beat),
          Effect.flatMap(Clock.currentTimeMillis, (now) => touch(files, name, now))
        )
      )
    )
    const progress = yield* adopted(files, path, file, left._tag === "Note" && left.note.job === job ? left.note : undefined)
    if (left._tag === "Note") yield* Effect.ignore(files.remove(partOf(path, left.note.token), { force: true }))
    // The note of a save in progress in another process is left to it.
    const noting = left._tag !== "InUse"
    let durable = progress.bytes
    const write = (note: Note) => (noting ? Effect.ignore(files.writeFileString(noteOf(path), JSON.stringify(note))) : Effect.void)
    const noted = ({ bytes, slot, total, validator }: Progress): Note => ({
      v: 1,
      job,
      token,
      slot,
      validator: validator ?? null,
      total: total ?? null,
      bytes: validator === undefined ? 0 : bytes
    })
    const forget = noting
      ? Effect.flatMap(read(files, path), (note) =>
          // An unreadable note was truncated by a full disk.
          note === undefined || note.token === token ? Effect.ignore(files.remove(noteOf(path), { force: true })) : Effect.void
        )
      : Effect.void
    yield* write(noted(progress))
    const sink: Part["sink"] = {
      // First the note: a process that copies its part reads it again afterwards.
      restart: Effect.suspend(() => {
        durable = 0
        return Effect.andThen(write(noted(fresh())), file.truncate(0))
      }),
      write: (chunk) => file.writeAll(chunk),
      mark: (now) => {
        if (now.bytes - durable < stride) return Effect.void
        durable = now.bytes
        return Effect.andThen(file.sync, write(noted(now)))
      }
    }
    return { name, progress, sink, sync: file.sync, forget }
  }).pipe(Effect.onError(() => remove))
})

const touch = (files: FileSystem.FileSystem, name: string, now: number): Effect.Effect<void> =>
  Effect.ignore(files.utimes(name, now / 1000, now / 1000))

type Leftover = { readonly _tag: "None" } | { readonly _tag: "InUse" } | { readonly _tag: "Note"; readonly note: Note }

/** What an earlier save has left. Its process is alive if its part is still touched. */
const leftover = Effect.fnUntraced(function* (files: FileSystem.FileSystem, path: string): Effect.fn.Return<Leftover> {
  const note = yield* read(files, path)
  if (note === undefined) return { _tag: "None" }
  const touched = Effect.map(Effect.option(files.stat(partOf(path, note.token))), (info) =>
    Option.getOrUndefined(Option.flatMap(info, ({ mtime }) => mtime))
  )
  const before = (yield* touched)?.getTime()
  if (before === undefined) return { _tag: "None" }
  const age = (yield* Clock.currentTimeMillis) - before
  if (age < silence) {
    yield* Effect.sleep(silence)
    if ((yield* touched)?.getTime() !== before) return { _tag: "InUse" }
  }
  return { _tag: "Note", note }
})

/**
 * Copies what a killed process has left. A copy, since a process that was only asleep may still write to its own part. The note is read again
 * at the end: a save that starts over changes the note first.
 */
const adopted = Effect.fnUntraced(function* (
  files: FileSystem.FileSystem,
  path: string,
  to: FileSystem.File,
  note: Note | undefined
): Effect.fn.Return<Progress, PlatformError.PlatformError> {
  if (note === undefined || note.validator === null || note.bytes === 0) return fresh()
  const progress = fresh(note.slot)
  yield* Effect.scoped(
    Effect.gen(function* () {
      const from = yield* files.open(partOf(path, note.token), { flag: "r" })
      while (progress.bytes < note.bytes) {
        const chunk = Option.getOrUndefined(yield* from.readAlloc(Math.min(1024 * 1024, note.bytes - progress.bytes)))
        if (chunk === undefined) return
        if (progress.bytes === 0) {
          const media = mediaOf(chunk, true)
          // The part of an older release, or another's bytes.
          if (media === undefined || media._tag === "Other" || media._tag === "Text") return
          progress.container = media._tag === "Video" ? media.container : undefined
        }
        yield* to.writeAll(chunk)
        progress.hash.update(chunk)
        progress.bytes += chunk.byteLength
      }
    })
  ).pipe(Effect.ignore)
  const again = yield* read(files, path)
  if (progress.bytes === note.bytes && JSON.stringify(again) === JSON.stringify(note)) {
    return Object.assign(progress, { validator: note.validator, total: note.total ?? undefined })
  }
  yield* to.truncate(0)
  return fresh()
})

const read = (files: FileSystem.FileSystem, path: string): Effect.Effect<Note | undefined> =>
  Effect.map(Effect.option(files.readFileString(noteOf(path))), (text) => {
    const json = parseJson(Option.getOrElse(text, () => ""))
    return isNote(json) ? json : undefined
  })

/** A token becomes part of a file's name, so only Reelay's own form is accepted. */
const isNote = (json: unknown): json is Note => {
  const at = (name: keyof Note): unknown => (typeof json === "object" && json !== null ? Reflect.get(json, name) : undefined)
  const token = at("token")
  const validator = at("validator")
  const total = at("total")
  return (
    at("v") === 1 &&
    typeof at("job") === "string" &&
    typeof token === "string" &&
    /^[\da-f]{8}$/u.test(token) &&
    Number.isSafeInteger(at("slot")) &&
    (validator === null || (typeof validator === "string" && /^[\x20-\x7e]{1,512}$/u.test(validator))) &&
    (total === null || Number.isSafeInteger(total)) &&
    Number.isSafeInteger(at("bytes"))
  )
}
