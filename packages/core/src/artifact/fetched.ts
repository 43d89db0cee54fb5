/** One download over all its attempts: which candidate is requested next, and when. */
import { bytesToHex } from "@noble/hashes/utils.js"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import { monotonic } from "../base/monotonic.ts"
import { excerpt } from "../base/Text.ts"
import { ArtifactTooLarge, DownloadFailed, ForbiddenAddress, JobError, type Reason } from "../job/JobError.ts"
import type { Succeeded } from "../job/JobState.ts"
import type { Artifact, Succeeded as Success } from "../job/Reading.ts"
import { whenAdmitted } from "../limits/admission.ts"
import { ofReading } from "../limits/meaning.ts"
import { accountAt, providerAt } from "../provider/account.ts"
import type { Provider } from "../provider/Provider.ts"
import { read } from "../provider/read.ts"
import { redactor } from "../provider/redact.ts"
import * as Meter from "../telemetry/meter.ts"
import { call } from "../transport/call.ts"
import { overHttp } from "../transport/overHttpClient.ts"
import { open } from "./download.ts"
import type { Container } from "./media.ts"
import type { Miss } from "./miss.ts"
import type { Options } from "./options.ts"
import { markOf, pour, type Progress, type Sink, type TooLarge } from "./progress.ts"
import type { Source } from "./request.ts"

const gibibyte = 1024 ** 3

/** A download has no deadline: a longer `Retry-After` than this, in milliseconds, fails instead of waiting. */
const longestAsked = 600_000

/** This many new bytes reset `retry`: a download that progresses may continue, and a trickle can't continue forever. */
const refill = 256 * 1024

/** Fetches a finished video into a sink: candidates in turn, again after a while, with fresh links, resumed if possible. */
export const fetched = Effect.fnUntraced(function* <E>(
  given: Provider<never>,
  state: Succeeded,
  options: Options,
  sink: Sink<E>,
  progress: Progress
): Effect.fn.Return<
  { readonly bytes: number; readonly sha256: string; readonly container: Container | undefined },
  JobError | Exclude<E, Miss | TooLarge>,
  HttpClient.HttpClient
> {
  const provider = providerAt(given, state.ref.baseUrl)
  const source: Source = { provider, allowPrivateAddresses: options.allowPrivateAddresses === true }
  const shown = redactor(provider)
  const count = yield* Meter.bytes(provider.definition.name)
  const listeners = { onProgress: options.onProgress ?? (() => undefined), onReceived: count }
  const limit = options.maxBytes ?? 2 * gibibyte
  const retry = options.retry ?? defaultRetry
  let step = yield* Schedule.toStep(retry)
  const patience = yield* Schedule.toStep(options.retry ?? notReady)
  let candidates = yield* candidatesOf(state)
  let why: string | undefined
  let most = progress.bytes
  let paid = most
  for (let round = 1; ; round++) {
    const misses: Array<Miss> = []
    // Another candidate can't continue bytes that a consumer already has from this one.
    const isBound = (sink.given?.() ?? 0) > 0
    for (const slot of isBound ? [progress.slot] : inOrder(candidates, progress)) {
      const candidate = candidates[slot]
      if (candidate === undefined) continue
      const attempt = (at: Artifact) =>
        Effect.flatMap(open(source, at, markOf(progress, slot)), (found) => pour(found, slot, progress, sink, limit, listeners))
      const tried = yield* attempt(candidate).pipe(
        // Some content endpoints point to the file (T37), and no further.
        Effect.catchIf(namesPlace, (named) => attempt(named.link)),
        Effect.as({ _tag: "Done" as const }),
        Effect.catchIf(isMissOrTooLarge, (reason) =>
          Effect.succeed(reason._tag === "Miss" ? { ...reason, detail: shown(reason.detail) } : reason)
        )
      )
      if (tried._tag === "Done") {
        const { bytes, container, hash } = progress
        if (container === undefined) yield* Effect.logWarning(`The bytes of ${state.ref.id} are those of no known video format`)
        return { bytes, container, sha256: bytesToHex(hash.digest()) }
      }
      if (tried._tag === "TooLarge") return yield* failure(state, new ArtifactTooLarge({ limitBytes: limit }), round)
      misses.push(tried)
      const moved = progress.bytes > most
      most = Math.max(most, progress.bytes)
      // A download that broke while it progressed is resumed; another candidate would start over.
      if (moved && tried.kind === "again") break
    }
    const error = failure(state, reasonOf(misses, sink.given?.() ?? 0, why), round)
    const hasExpired = misses.some(({ kind }) => kind === "expired")
    const isNotReady = misses.some(({ kind }) => kind === "later")
    if (misses.every(({ kind }) => kind === "never")) return yield* error
    if (most - paid >= refill) {
      paid = most
      step = yield* Schedule.toStep(retry)
    }
    const wait = yield* Pull.matchEffect((isNotReady ? patience : step)(yield* monotonic, error), {
      onSuccess: ([, delay]) => Effect.succeed(delay),
      onFailure: (cause) => Effect.failCause(cause),
      onDone: () => Effect.fail(error)
    })
    const asked = Math.max(0, ...misses.map(({ retryAfter = 0 }) => retryAfter))
    if (asked > longestAsked) return yield* error
    // Fresh links are tried at once the first time; a second failure waits, and so does a video that is not ready.
    if (asked > 0 || !hasExpired || isNotReady || round > 1) yield* Effect.sleep(Duration.max(wait, Duration.millis(asked)))
    if (hasExpired) {
      const now = yield* refreshed(provider, state)
      why = now?.why?.message ?? why
      const fresh = fetchable(now?.artifacts ?? [])
      if (fresh.length > 0) candidates = fresh
    }
  }
})

/** Where the video may be fetched; a failure if it was delivered elsewhere, and nowhere else. */
export const candidatesOf = (state: Succeeded): Effect.Effect<ReadonlyArray<Artifact>, JobError> => {
  const candidates = fetchable(state.artifacts)
  const delivered = state.artifacts.find(({ kind }) => kind === "delivered")
  return candidates.length === 0 && delivered !== undefined
    ? Effect.fail(failure(state, deliveredTo(delivered), 0))
    : Effect.succeed(candidates)
}

export const fetchable = (artifacts: ReadonlyArray<Artifact>): ReadonlyArray<Artifact> =>
  artifacts.filter(({ kind }) => kind !== "delivered")

const deliveredTo = ({ url }: Artifact): Reason =>
  new DownloadFailed({
    detail: `there is nothing to download: as the request asked, the provider has put the video at ${excerpt(url)}`,
    deliveredTo: url
  })

/** The provider's order, except that a partly downloaded candidate comes first. */
const inOrder = (candidates: ReadonlyArray<Artifact>, progress: Progress): ReadonlyArray<number> => {
  const slots = candidates.map((_, slot) => slot)
  return markOf(progress, progress.slot) === undefined ? slots : [progress.slot, ...slots.filter((slot) => slot !== progress.slot)]
}

/** `why`: the provider's own words about a success without a link. */
export const reasonOf = (misses: ReadonlyArray<Miss>, given: number, why: string | undefined): Reason => {
  const seen = misses.map(({ detail }) => detail).join("; ") || "there is no candidate"
  const said = why === undefined ? seen : `${seen}; the provider says "${why}"`
  if (given > 0) return new DownloadFailed({ detail: `${given} bytes were given, and the rest can't be had: ${said}` })
  const refused = misses[0]?.forbidden
  if (refused !== undefined && misses.every(({ forbidden }) => forbidden !== undefined)) return new ForbiddenAddress(refused)
  return new DownloadFailed({ detail: said })
}

/** Polls the job again. `undefined` if that gives no success: the links stay unchanged then. */
export const refreshed = (
  provider: Provider<never>,
  { ref }: Succeeded
): Effect.Effect<Success | undefined, never, HttpClient.HttpClient> => {
  const poll = provider.definition.poll(ref)
  const asked = Effect.map(overHttp(call(provider, "poll", poll, 30_000)), (answer) => {
    const reading = read(provider, ref, poll, answer)
    return { ...answer, reading, meaning: ofReading(reading, answer) }
  })
  return whenAdmitted(accountAt(provider), 30_000, (listen) => listen(asked)).pipe(
    Effect.map(({ reading }) => (reading._tag === "Succeeded" ? reading : undefined)),
    Effect.orElseSucceed(() => undefined)
  )
}

const defaultRetry: Schedule.Schedule<unknown, JobError> = Schedule.exponential(Duration.seconds(1)).pipe(
  Schedule.upTo({ times: 3 }),
  Schedule.jittered,
  Schedule.setInputType<JobError>()
)

/** Half a minute: a gateway whose tables lag behind, or which still copies the file, needs longer than a connection that broke. */
const notReady: Schedule.Schedule<unknown, JobError> = Schedule.exponential(Duration.seconds(1)).pipe(
  Schedule.upTo({ times: 5 }),
  Schedule.jittered,
  Schedule.setInputType<JobError>()
)

const namesPlace = (error: unknown): error is Miss & { readonly link: Artifact } =>
  isMissOrTooLarge(error) && error._tag === "Miss" && error.link !== undefined

const isMissOrTooLarge = (error: unknown): error is Miss | TooLarge =>
  typeof error === "object" && error !== null && "_tag" in error && (error._tag === "Miss" || error._tag === "TooLarge")

export const failure = ({ ref }: Succeeded, reason: Reason, attempt: number): JobError =>
  new JobError({ reason, provider: ref.provider, operation: "download", attempt, ref })
