/**
 * Fetches the finished video: candidates in the provider's order, the key to the API's own origin only, no half-written file.
 *
 * A failed download is retried as a download. It never submits again.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import { callback, flag, refuseOptions, type Rules, schedule } from "../request/optionRules.ts"
import { DownloadFailed, InvalidRequest, type JobError, type Reason } from "../job/JobError.ts"
import type { Succeeded } from "../job/JobState.ts"
import { delivered, saved, trusting, whileSaving } from "../journal/jobEntry.ts"
import { refuseProvider, refuseRef } from "../provider/check.ts"
import type { Provider } from "../provider/Provider.ts"
import * as Trace from "../telemetry/trace.ts"
import { onDisk } from "./disk.ts"
import { failure, fetched } from "./fetched.ts"
import { handover } from "./handover.ts"
import type { Container } from "./media.ts"
import type { Options, SaveOptions } from "./options.ts"
import * as Part from "./part.ts"
import { beside, nameOf, replacing } from "./place.ts"
import { fresh, type Sink } from "./progress.ts"
import { opened, type Opened, type Range } from "./ranged.ts"

export type { Container } from "./media.ts"
export type { Options, SaveOptions } from "./options.ts"
export type { Opened, Range } from "./ranged.ts"

/**
 * A video on disk.
 *
 * @category models
 * @since 0.1.0
 */
export interface Saved {
  readonly _tag: "Saved"
  /** Where it is. With `overwrite: false` it may have another name than was asked for. */
  readonly path: string
  readonly bytes: number
  /** The digest of the whole file, in lower-case hexadecimal. */
  readonly sha256: string
  /** The format of the video, by its first bytes, as the usual ending of its files: `mp4`, `webm`. Absent if it is none of the known. */
  readonly container?: Container | undefined
}

/**
 * Saves the video of a finished job. It is written beside its target (`<path>.<8 digits>.part`), and gets its name once it is whole and on
 * disk; an existing file is replaced then, and not before, or kept with `overwrite: false`. If it fails nothing is left.
 *
 * An interrupted download is resumed if the server can prove that the file is still the same (`Range` with a strong ETag or a modification
 * time), and starts over if it can't. If a link has expired (401, 403, 404, 410) the job is polled again, for fresh links. The part file of a
 * killed process is resumed too, if it is of the same job. Two saves to one path at a time write to a part file each; the later one wins.
 *
 * An entry that the journal keeps open for its video (`saveTo`) is closed with it. If saving fails or is interrupted, the entry is released,
 * and `Job.resumeAll` finds it, here or elsewhere.
 *
 * Fails with `DownloadFailed`, `ArtifactTooLarge`, `InvalidRequest` (an option, or a path that names no file), `ForbiddenAddress` (all links
 * lead into a private network), or as `Job.attach` refuses a reference.
 *
 * @category combinators
 * @since 0.1.0
 */
export const save = (
  provider: Provider<never>,
  state: Succeeded,
  path: string,
  options: SaveOptions = {}
): Effect.Effect<Saved, JobError, HttpClient.HttpClient | FileSystem.FileSystem> =>
  downloading(
    state,
    whileSaving(
      state.ref,
      saving(provider, state, path, () => path, options, true)
    ),
    (done) => done.bytes
  )

/**
 * Saves the video of a finished job in a folder, under a name of its own: the provider's name and the job's id, a digest if that is long or has
 * other characters than small letters, digits, `-` and `_`, and the ending of the video's format (`xai-a3d1008e.mp4`). No file of another job is
 * replaced. The rest is as with `save`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const saveIn = (
  provider: Provider<never>,
  state: Succeeded,
  folder: string,
  options: SaveOptions = {}
): Effect.Effect<Saved, JobError, HttpClient.HttpClient | FileSystem.FileSystem> => {
  const inFolder = (name: string): string => (folder === "" ? name : `${folder.replace(/[\\/]$/u, "")}/${name}`)
  // What is no text is refused below, as a path.
  const base = typeof folder === "string" ? inFolder(nameOf(state.ref)) : folder
  const named = (container: Container = "mp4"): string => `${base}.${container}`
  return downloading(state, whileSaving(state.ref, saving(provider, state, base, named, options, false)), (done) => done.bytes)
}

const saving = Effect.fnUntraced(function* (
  given: Provider<never>,
  state: Succeeded,
  path: string,
  named: (container: Container | undefined) => string,
  options: SaveOptions,
  overwrites: boolean
): Effect.fn.Return<Saved, JobError, HttpClient.HttpClient | FileSystem.FileSystem> {
  const files = yield* FileSystem.FileSystem
  const provider = yield* permitted(given, state, options, saveRules)
  const refused = yield* refusePath(files, path)
  if (refused !== undefined) return yield* failure(state, refused, 0)
  let part: Part.Part | undefined
  return yield* Effect.scoped(
    Effect.gen(function* () {
      part = yield* Part.make(files, path, state.ref)
      const done = yield* fetched(provider, state, options, part.sink, part.progress)
      yield* part.sync
      return { ...done, part: part.name }
    })
  ).pipe(
    Effect.flatMap((whole) =>
      Effect.map(((options.overwrite ?? overwrites) ? replacing : beside)(files, whole, named(whole.container)), (at) => {
        const { bytes: length, container, sha256 } = whole
        return { _tag: "Saved" as const, path: at, bytes: length, sha256, container }
      })
    ),
    Effect.onExit((exit) => {
      if (part === undefined) return Effect.void
      const { forget, name } = part
      return Effect.andThen(Exit.isSuccess(exit) ? Effect.void : Effect.ignore(files.remove(name, { force: true })), forget)
    }),
    Effect.tap((done) => saved(state.ref, done.path)),
    Effect.catchTag("PlatformError", (error) => Effect.fail(failure(state, new DownloadFailed({ detail: onDisk(error, path) }), 1)))
  )
})

/**
 * Reads the video of a finished job into memory, for example for a browser's `Blob`. The limit is `maxBytes`. It resumes as `save` does, and
 * fails as `save` does. An entry that the journal keeps open for its video is closed with it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const bytes = (
  provider: Provider<never>,
  state: Succeeded,
  options: Options = {}
): Effect.Effect<Uint8Array<ArrayBuffer>, JobError, HttpClient.HttpClient> =>
  downloading(
    state,
    Effect.tap(collecting(provider, state, options), () => delivered(state.ref)),
    (whole) => whole.byteLength
  )

/**
 * The bytes of the video of a finished job as they arrive, for a response, an upload or a player. At most one chunk is read ahead of the
 * consumer. Each run of the stream is a separate download, and leaving it aborts the request.
 *
 * An interrupted download is resumed as by `save`, and the consumer sees each byte once and in order. Before the first byte, other candidates are
 * tried and expired links renewed as by `save`. After it only that candidate is used. If the server can't resume and sends all of it again, the
 * bytes that were given are read again and skipped, provided that they are the same. If the file has changed, or can't be fetched any more, the
 * stream fails with `DownloadFailed`, which says how many bytes were given: these alone aren't a video.
 *
 * It fails as `bytes` does otherwise. A video beyond `maxBytes` fails before more is given. A job that the journal keeps open stays open.
 *
 * **Example** (Sending a video on)
 *
 * ```ts
 * import { Artifact, type JobState } from "@reelay/core"
 * import { xai } from "@reelay/providers/xai"
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 *
 * export const sendOn = (apiKey: string, state: JobState.Succeeded) =>
 *   Effect.map(
 *     Stream.toReadableStreamEffect(Artifact.stream(xai({ apiKey }), state, { maxBytes: 100_000_000 })),
 *     (body) => new Response(body, { headers: { "content-type": "video/mp4" } })
 *   )
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const stream = (
  provider: Provider<never>,
  state: Succeeded,
  options: Options = {}
): Stream.Stream<Uint8Array<ArrayBuffer>, JobError, HttpClient.HttpClient> =>
  Stream.callback<Uint8Array<ArrayBuffer>, JobError, HttpClient.HttpClient>(
    (queue) =>
      downloading(
        state,
        handing(provider, state, options, (chunk) => Queue.offer(queue, chunk)),
        (done) => done.bytes
      ).pipe(Effect.andThen(Queue.end(queue))),
    // Each chunk is handed over before the next is read: the consumer sets the pace.
    { bufferSize: 0 }
  )

/**
 * Opens the video of a finished job, or a range of it, for a server that passes it on: returns once the answer has begun, with the length of the whole
 * if it is known. Expired links are renewed once by polling the job. Bytes that have begun to flow aren't resumed: whoever gets them asks for the rest.
 *
 * The bytes must be run or the request stays open: to stop early, take none of them (`Stream.runHead`). Fails with `DownloadFailed`,
 * `ForbiddenAddress`, or as `Job.attach` refuses a reference.
 *
 * @category combinators
 * @since 0.1.0
 */
export const open = Effect.fnUntraced(function* (
  given: Provider<never>,
  state: Succeeded,
  range?: Range,
  options: Pick<Options, "allowPrivateAddresses"> = {}
): Effect.fn.Return<Opened, JobError, HttpClient.HttpClient> {
  const provider = yield* permitted<Options>(given, state, options, rules)
  return yield* opened(provider, state, range, options)
})

/** In a span of the job. */
const downloading = <A, R>(
  { ref }: Succeeded,
  download: Effect.Effect<A, JobError, R>,
  sizeOf: (done: A) => number
): Effect.Effect<A, JobError, Exclude<R, Tracer.ParentSpan>> =>
  Trace.ofJob("reelay.download", ref, {}, (span) =>
    Effect.tap(download, (done) => Effect.sync(() => span.attribute("reelay.download.bytes", sizeOf(done)))).pipe(
      Effect.tapError(({ attempt }) => Effect.sync(() => span.attribute("reelay.attempt", attempt)))
    )
  )

const handing = Effect.fnUntraced(function* (
  given: Provider<never>,
  state: Succeeded,
  options: Options,
  give: (chunk: Uint8Array<ArrayBuffer>) => Effect.Effect<unknown>
): Effect.fn.Return<{ readonly bytes: number }, JobError, HttpClient.HttpClient> {
  const provider = yield* permitted(given, state, options, rules)
  const progress = fresh()
  return yield* fetched(provider, state, options, handover(progress, give), progress)
})

const collecting = Effect.fnUntraced(function* (
  given: Provider<never>,
  state: Succeeded,
  options: Options
): Effect.fn.Return<Uint8Array<ArrayBuffer>, JobError, HttpClient.HttpClient> {
  const provider = yield* permitted(given, state, options, rules)
  const chunks: Array<Uint8Array> = []
  const sink: Sink<never> = {
    restart: Effect.sync(() => void chunks.splice(0)),
    write: (chunk) => Effect.sync(() => void chunks.push(chunk)),
    mark: () => Effect.void
  }
  const { bytes: length } = yield* fetched(provider, state, options, sink, fresh())
  const whole = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.byteLength
  }
  return whole
})

/** The provider at the job's address, or what is wrong with the arguments, before a byte is sent. */
const permitted = Effect.fnUntraced(function* <O extends Options>(
  given: Provider<never>,
  state: Succeeded,
  options: O,
  known: Rules<O>
): Effect.fn.Return<Provider<never>, JobError> {
  const provider = yield* trusting(given, state.ref)
  const refused = refuseOptions(options, known) ?? refuseProvider(provider) ?? refuseRef(provider, state.ref, { anyAccount: true })
  return refused === undefined ? provider : yield* failure(state, refused, 0)
})

const rules: Rules<Options> = {
  maxBytes: (value) => (typeof value === "number" && value > 0 ? undefined : `is ${String(value)}; it is a number of bytes above 0`),
  retry: schedule,
  allowPrivateAddresses: flag,
  onProgress: callback
}

const saveRules: Rules<SaveOptions> = { ...rules, overwrite: flag }

const refusePath = (files: FileSystem.FileSystem, path: string): Effect.Effect<Reason | undefined> => {
  if (typeof path !== "string") return Effect.succeed(new InvalidRequest({ field: "path", rule: "must be a text" }))
  if (path === "" || /[\\/]$/u.test(path)) {
    return Effect.succeed(new InvalidRequest({ field: "path", rule: `is "${path}", which names no file` }))
  }
  return files.stat(path).pipe(
    Effect.map(({ type }) =>
      type === "Directory" ? new InvalidRequest({ field: "path", rule: `is a folder, ${path}; name a file in it` }) : undefined
    ),
    Effect.orElseSucceed(() => undefined)
  )
}
