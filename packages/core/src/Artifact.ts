/**
 * Fetching the finished video: candidates in the provider's order, the key to the API's own origin only, no half-written file.
 *
 * A failed download is retried as a download. It never makes the video anew.
 *
 * @since 0.1.0
 */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex } from "@noble/hashes/utils.js"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import type * as PlatformError from "effect/PlatformError"
import * as Pull from "effect/Pull"
import * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { call } from "./internal/call.ts"
import { refuseProvider, refuseRef } from "./internal/checked.ts"
import { type Found, looksLikeText, type Miss, missOf, open } from "./internal/download.ts"
import { read } from "./internal/read.ts"
import { saved } from "./internal/record.ts"
import { monotonic } from "./internal/watch.ts"
import { ArtifactTooLarge, DownloadFailed, JobError, type Reason } from "./JobError.ts"
import type { Succeeded } from "./JobState.ts"
import type { Provider } from "./Provider.ts"
import type { Artifact } from "./Reading.ts"

/** @category models */
export interface Options {
  /** The largest video to take, in bytes. Absent: 2 GiB. */
  readonly maxBytes?: number | undefined
  /** When to try all candidates again after a passing failure. Absent: three more rounds, after about 1, 2 and 4 seconds. */
  readonly retry?: Schedule.Schedule<unknown, JobError> | undefined
  /** Lets a link of a public API lead into a private network. Absent: no. */
  readonly allowPrivateAddresses?: boolean | undefined
  /** Told of bytes written so far, and of all where the answer names them. */
  readonly onProgress?: ((bytes: number, total: number | undefined) => void) | undefined
}

/**
 * A video on disk.
 *
 * @category models
 * @since 0.1.0
 */
export interface Saved {
  readonly _tag: "Saved"
  readonly path: string
  readonly bytes: number
  /** Of the whole file, in lower-case hexadecimal. */
  readonly sha256: string
}

/**
 * Saves the video of a finished job. It is written to `<path>.part`, and gets its name once it is whole and on disk; a file of that
 * name is replaced. Where a link has lapsed (401, 403, 404, 410) the job is asked for again, for fresh ones.
 *
 * Fails with `DownloadFailed`, `ArtifactTooLarge`, or as `Job.attach` refuses a reference.
 *
 * @category combinators
 * @since 0.1.0
 */
export const save = Effect.fn("reelay.download")(function* (
  provider: Provider<never>,
  state: Succeeded,
  path: string,
  options: Options = {}
): Effect.fn.Return<Saved, JobError, HttpClient.HttpClient | FileSystem.FileSystem> {
  const files = yield* FileSystem.FileSystem
  const part = `${path}.part`
  let opened = false
  const toFile = (found: Found, count: Counter) =>
    Effect.scoped(
      Effect.gen(function* () {
        const file = yield* files.open(part, { flag: "w" })
        opened = true
        yield* Stream.runForEach(counted(found, count), (chunk) => file.writeAll(chunk))
        yield* file.sync
      })
    )
  const done = yield* fetched(provider, state, options, toFile).pipe(
    Effect.tap(() => files.rename(part, path)),
    // A part that this download did not write is somebody else's.
    Effect.onError(() => (opened ? Effect.ignore(files.remove(part, { force: true })) : Effect.void)),
    Effect.catchTag("PlatformError", (error) => Effect.fail(failure(state, new DownloadFailed({ detail: onDisk(error, path) }), 1)))
  )
  yield* saved(state.ref)
  return { _tag: "Saved", path, ...done }
})

/**
 * Reads the video of a finished job into memory, as for a browser's `Blob`. The limit is `maxBytes`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const bytes = Effect.fn("reelay.download")(function* (
  provider: Provider<never>,
  state: Succeeded,
  options: Options = {}
): Effect.fn.Return<Uint8Array<ArrayBuffer>, JobError, HttpClient.HttpClient> {
  let chunks: Array<Uint8Array> = []
  const toMemory = (found: Found, count: Counter): Effect.Effect<void, Miss | TooLarge> =>
    Effect.suspend(() => {
      chunks = []
      return Stream.runForEach(counted(found, count), (chunk) => Effect.sync(() => void chunks.push(chunk)))
    })
  const { bytes: length } = yield* fetched<never, never>(provider, state, options, toMemory)
  const whole = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.byteLength
  }
  return whole
})

/** What has gone through so far, of one try. */
interface Counter {
  readonly limit: number
  readonly hash: ReturnType<typeof sha256.create>
  readonly onProgress: NonNullable<Options["onProgress"]>
  bytes: number
}

/** A video beyond the limit: no other candidate would be smaller. */
interface TooLarge {
  readonly _tag: "TooLarge"
}

const gibibyte = 1024 ** 3

const fetched = Effect.fnUntraced(function* <E, R>(
  given: Provider<never>,
  state: Succeeded,
  options: Options,
  sink: (found: Found, count: Counter) => Effect.Effect<void, Miss | TooLarge | E, R>
): Effect.fn.Return<{ readonly bytes: number; readonly sha256: string }, JobError | E, HttpClient.HttpClient | R> {
  const refused = refuseProvider(given) ?? refuseRef(given, state.ref, { anyAccount: true })
  if (refused !== undefined) return yield* failure(state, refused, 0)
  const provider = { ...given, baseUrl: state.ref.baseUrl }
  const limit = options.maxBytes ?? 2 * gibibyte
  const step = yield* Schedule.toStep(options.retry ?? defaultRetry)
  let candidates: ReadonlyArray<Artifact> = state.artifacts
  for (let round = 1; ; round++) {
    const misses: Array<Miss> = []
    for (const candidate of candidates) {
      const count: Counter = { limit, hash: sha256.create(), onProgress: options.onProgress ?? (() => undefined), bytes: 0 }
      const tried = yield* open(provider, candidate, options.allowPrivateAddresses === true).pipe(
        Effect.flatMap((found) => sink(found, count)),
        Effect.as({ _tag: "Done" as const, bytes: count }),
        Effect.catchIf(isMissOrTooLarge, (reason) => Effect.succeed(reason))
      )
      if (tried._tag === "Done") return { bytes: tried.bytes.bytes, sha256: bytesToHex(tried.bytes.hash.digest()) }
      if (tried._tag === "TooLarge") return yield* failure(state, new ArtifactTooLarge({ limitBytes: limit }), round)
      misses.push(tried)
    }
    const error = failure(
      state,
      new DownloadFailed({ detail: misses.map(({ detail }) => detail).join("; ") || "there is no candidate" }),
      round
    )
    const lapsed = misses.some(({ kind }) => kind === "expired")
    if (!lapsed && !misses.some(({ kind }) => kind === "again")) return yield* error
    const wait = yield* Pull.matchEffect(step(yield* monotonic, error), {
      onSuccess: ([, delay]) => Effect.succeed(delay),
      onFailure: (cause) => Effect.failCause(cause),
      onDone: () => Effect.fail(error)
    })
    // Fresh links need no patience the first time; what failed twice does.
    if (!lapsed || round > 1) yield* Effect.sleep(wait)
    if (lapsed) candidates = yield* refreshed(provider, state, candidates)
  }
})

/** Asks for the job again. Where that tells nothing better, the links stay as they are. */
const refreshed = (
  provider: Provider<never>,
  { ref }: Succeeded,
  candidates: ReadonlyArray<Artifact>
): Effect.Effect<ReadonlyArray<Artifact>, never, HttpClient.HttpClient> =>
  call(provider, "poll", provider.definition.poll(ref), 30_000).pipe(
    Effect.map((answer) => read(provider, ref, answer)),
    Effect.map((reading) => (reading._tag === "Succeeded" && reading.artifacts.length > 0 ? reading.artifacts : candidates)),
    Effect.orElseSucceed(() => candidates)
  )

const defaultRetry: Schedule.Schedule<unknown, JobError> = Schedule.exponential(Duration.seconds(1)).pipe(
  Schedule.upTo({ times: 3 }),
  Schedule.jittered,
  Schedule.setInputType<JobError>()
)

/** The bytes, counted and hashed on their way; too many, too few, or not a video at all are failures. */
const counted = (found: Found, count: Counter): Stream.Stream<Uint8Array, Miss | TooLarge> => {
  const flow = Stream.mapEffect(found.bytes, (chunk): Effect.Effect<Uint8Array, Miss | TooLarge> => {
    if (count.bytes === 0 && looksLikeText(chunk)) return Effect.fail(missOf("never", "what came is text, and no video"))
    count.bytes += chunk.byteLength
    if (count.bytes > count.limit) return Effect.fail<TooLarge>({ _tag: "TooLarge" })
    count.hash.update(chunk)
    count.onProgress(count.bytes, found.length)
    return Effect.succeed(chunk)
  })
  const whole = Effect.suspend(() => {
    if (count.bytes === 0) return Effect.fail(missOf("again", "what came is empty"))
    return found.length !== undefined && count.bytes !== found.length
      ? Effect.fail(missOf("again", `only ${count.bytes} of ${found.length} bytes came`))
      : Effect.void
  })
  const start: Stream.Stream<Uint8Array, Miss | TooLarge> =
    found.length !== undefined && found.length > count.limit
      ? // Begun and left, so that its connection is let go.
        Stream.concat(Stream.drain(Stream.take(found.bytes, 1)), Stream.fail<TooLarge>({ _tag: "TooLarge" }))
      : flow
  return Stream.concat(start, Stream.drain(Stream.fromEffect(whole)))
}

const isMissOrTooLarge = (error: unknown): error is Miss | TooLarge =>
  typeof error === "object" && error !== null && "_tag" in error && (error._tag === "Miss" || error._tag === "TooLarge")

const failure = ({ ref }: Succeeded, reason: Reason, attempt: number): JobError =>
  new JobError({ reason, provider: ref.provider, operation: "download", attempt, ref })

const onDisk = (error: PlatformError.PlatformError, path: string): string => {
  const { reason } = error
  const cause = "cause" in reason && reason.cause instanceof Error ? reason.cause.message : (reason.description ?? "")
  return `${path} can't be written (${reason._tag}${cause === "" ? "" : `: ${cause}`})`
}
