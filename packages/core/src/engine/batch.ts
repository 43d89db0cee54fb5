/** Many submissions as one stream, a limited number at a time, under a name that outlives the process. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { callback, count, flag, refuseOptions, type Rules, text } from "../request/optionRules.ts"
import { InvalidRequest, type JobCancelled, type JobError, type JobExpired, type JobFailed } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import { isTerminal, type JobState } from "../job/JobState.ts"
import { busy } from "../journal/entryWriter.ts"
import * as Journal from "../journal/Journal.ts"
import { idInBatch } from "../journal/keys.ts"
import * as Lease from "../journal/lease.ts"
import { refusal } from "../provider/check.ts"
import type { Provider } from "../provider/Provider.ts"
import type { ApiTransport } from "../transport/Transport.ts"
import { statesOf } from "./handle.ts"
import type { Submission } from "./submitting.ts"
import { resultOf } from "./watched.ts"
import { atATime, rules, type SubmitOptions } from "./options.ts"
import { submission as makeSubmission } from "./submissions.ts"

/** @category models */
export interface RunAllOptions extends Omit<SubmitOptions, "key" | "label" | "onSubmitted" | "onUnknown" | "saveTo"> {
  /** Jobs at the same time, from submission to end. Default: 16. */
  readonly concurrency?: number | undefined
  /**
   * A name under which the journal keeps the batch. Running a batch of that name again submits only what was not submitted before, and follows the
   * rest: a batch that was stopped is resumed, and nothing is paid for twice. Needs a journal; if several processes may run it at the same time, one
   * whose claims they share (`KeyValueJournal.Options.claims`).
   */
  readonly batch?: string | undefined
  /** Ends the stream, with the error, at the first job that fails or is lost sight of; the others continue at the provider. Default: false. */
  readonly stopOnFailure?: boolean | undefined
  /** Where the video of a key will be saved. See `SubmitOptions.saveTo`. */
  readonly saveTo?: ((key: string) => string) | undefined
  readonly onSubmitted?: ((ref: JobRef, key: string) => Effect.Effect<void>) | undefined
  readonly onUnknown?: ((error: JobError, key: string) => Effect.Effect<void>) | undefined
}

/**
 * What happens to one request of many.
 *
 * - `Saved`: an earlier run of this batch has saved its video.
 * - `Error`: it was refused, its outcome is unknown, or sight of it was lost.
 *
 * @category models
 * @since 0.1.0
 */
export type BatchEvent =
  | { readonly _tag: "State"; readonly key: string; readonly state: JobState }
  | { readonly _tag: "Saved"; readonly key: string; readonly ref: JobRef }
  | { readonly _tag: "Error"; readonly key: string; readonly error: JobError }

export const runAll = <Request>(
  provider: Provider<Request>,
  requests: Iterable<readonly [key: string, request: Request]>,
  options: RunAllOptions
): Stream.Stream<BatchEvent, JobError | JobFailed | JobExpired | JobCancelled, ApiTransport> => {
  const held: Held = new Map()
  /** Keys whose unknown outcome was reported. */
  const heard = new Set<string>()
  const all = pairsOf(requests)
  return Stream.unwrap(
    Effect.gen(function* () {
      const fail = refusal(provider, "submit")
      const refused = refuseOptions(options, batchRules)
      if (refused !== undefined) return yield* fail(refused)
      if (all === undefined) return yield* fail(noRequests)
      const concurrency = atATime(options.concurrency)
      if (typeof concurrency !== "number") return yield* fail(concurrency)
      const keys = new Set<string>()
      for (const [key] of all) {
        if (keys.has(key)) return yield* fail(new InvalidRequest({ field: "requests", rule: `have the key ${key} more than once` }))
        keys.add(key)
      }
      const journal = Option.getOrUndefined(yield* Effect.serviceOption(Journal.Journal))
      if (options.batch !== undefined && journal === undefined) {
        return yield* fail(new InvalidRequest({ field: "batch", rule: `is ${options.batch}, and there is no journal to keep it in` }))
      }
      const heeded: RunAllOptions = {
        ...options,
        onUnknown: (error, key) =>
          Effect.suspend(() => {
            heard.add(key)
            return options.onUnknown?.(error, key) ?? Effect.void
          })
      }
      const one = ([key, request]: readonly [string, Request]): Stream.Stream<BatchEvent, never, ApiTransport> =>
        Stream.unwrap(inBatch(provider, key, request, heeded, journal, held)).pipe(
          Stream.catch((error) => Stream.succeed<BatchEvent>({ _tag: "Error", key, error }))
        )
      const events = Stream.flatMap(Stream.fromIterable(all), one, { concurrency }).pipe(
        Stream.tap((event) => Effect.sync(() => void (event._tag === "Error" && heard.add(event.key)))),
        // A caller that leaves the stream may leave an event in it.
        Stream.ensuring(Effect.suspend(() => unheard(held, heard, heeded)))
      )
      return options.stopOnFailure === true ? stopped(events) : events
    })
  )
}

const batchRules: Rules<RunAllOptions> = {
  ...rules,
  concurrency: count,
  batch: text,
  stopOnFailure: flag,
  saveTo: callback
}

const pairsOf = <Request>(
  requests: Iterable<readonly [key: string, request: Request]>
): ReadonlyArray<readonly [string, Request]> | undefined => {
  const given: unknown = requests
  if (typeof given !== "object" || given === null || !(Symbol.iterator in given)) return undefined
  const all = Array.from(requests)
  return all.every((pair: unknown) => Array.isArray(pair) && typeof pair[0] === "string") ? all : undefined
}

const noRequests = new InvalidRequest({
  field: "requests",
  rule: "must be pairs of a key and a request, such as Object.entries({ fox: { prompt: ... } })"
})

/** The first failure is emitted, and then ends the stream. */
const stopped = <E, R>(
  events: Stream.Stream<BatchEvent, E, R>
): Stream.Stream<BatchEvent, E | JobError | JobFailed | JobExpired | JobCancelled, R> =>
  Stream.flatMap(events, (event) => {
    if (event._tag === "Error") return Stream.concat(Stream.succeed(event), Stream.fail(event.error))
    if (event._tag === "Saved" || !isTerminal(event.state)) return Stream.succeed(event)
    return Stream.concat(Stream.succeed<BatchEvent>(event), Stream.drain(Stream.fromEffect(resultOf(event.state))))
  })

/** The submissions of one `runAll`, by their keys. */
type Held = Map<string, Effect.Effect<Submission, JobError, ApiTransport>>

/** One request of many. Its submission is made once, however often the stream is run. */
const inBatch = Effect.fnUntraced(function* <Request>(
  provider: Provider<Request>,
  key: string,
  request: Request,
  options: RunAllOptions,
  journal: Journal.Journal["Service"] | undefined,
  held: Held
): Effect.fn.Return<Stream.Stream<BatchEvent, JobError>, JobError, ApiTransport | Scope.Scope> {
  const { batch, concurrency: _, onSubmitted, onUnknown, saveTo, stopOnFailure: __, ...rest } = options
  // Made in one step, so that two runs of one stream at the same time ask the same value.
  const made =
    held.get(key) ??
    Effect.runSync(
      Effect.cached(
        makeSubmission(provider, request, {
          ...rest,
          label: key,
          saveTo: saveTo?.(key),
          onSubmitted: (ref) => onSubmitted?.(ref, key) ?? Effect.void,
          onUnknown: (error) => onUnknown?.(error, key) ?? Effect.void,
          ...(batch === undefined ? {} : { batch, key })
        })
      )
    )
  held.set(key, made)
  const value = yield* made
  // A final phase is reported in any case; any other is left to the process that works on it.
  const { _tag } = value.phase()
  const isFinal = _tag === "Accepted" || _tag === "Unknown" || _tag === "Refused"
  const saved =
    batch === undefined || journal === undefined ? undefined : yield* takenUp(provider, journal, batch, key, value.digest, isFinal)
  if (saved !== undefined) return Stream.succeed<BatchEvent>({ _tag: "Saved", key, ref: saved })
  const watch = yield* value.job
  return Stream.map(statesOf(watch), (state): BatchEvent => ({ _tag: "State", key, state }))
})

/** Reports the unknown outcomes that were not reported yet. */
const unheard = (held: Held, heard: ReadonlySet<string>, { onUnknown }: RunAllOptions): Effect.Effect<void, never, ApiTransport> =>
  Effect.forEach(
    held,
    ([key, made]) =>
      Effect.ignoreCause(
        Effect.flatMap(made, (submission) => {
          const phase = submission.phase()
          return phase._tag === "Unknown" && phase.made && !heard.has(key) ? (onUnknown?.(phase.error, key) ?? Effect.void) : Effect.void
        })
      ),
    { discard: true }
  )

/** Keeps other processes from a key for as long as its job is followed. Returns the job whose video an earlier run has saved. */
const takenUp = Effect.fnUntraced(function* (
  provider: Provider<never>,
  journal: Journal.Journal["Service"],
  batch: string,
  key: string,
  digest: string,
  isFinal: boolean
): Effect.fn.Return<JobRef | undefined, JobError, Scope.Scope> {
  const fail = refusal(provider, "submit")
  const id = idInBatch(batch, key)
  const isOurs = isFinal
    ? yield* Effect.orElseSucceed(Lease.scopedShared(journal, id), () => true)
    : yield* Effect.mapError(Lease.scopedShared(journal, id), fail)
  if (!isOurs && !isFinal) return yield* fail(busy({ id, key, batch }))
  const there = yield* journal.read(id)
  if (there === undefined || there._tag === "Damaged" || there.digest !== digest) return undefined
  if (there._tag === "Tombstone") return there.outcome === "Saved" ? there.ref : undefined
  return there.fate._tag === "Closed" && there.fate.end === "Saved" ? there.fate.ref : undefined
})
