/** Many jobs: those of a journal, and those of a batch. */
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { busy, unknownOf } from "../journal/entryWriter.ts"
import { idInBatch } from "../journal/keys.ts"
import { submission as makeSubmission } from "./submissions.ts"
import type { AttachOptions, BatchEvent, Resumed, RunAllOptions, Submission } from "../Job.ts"
import {
  InvalidRequest,
  type JobCancelled,
  JobError,
  type JobExpired,
  type JobFailed,
  type JournalFailed,
  type Reason
} from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import { isTerminal } from "../job/JobState.ts"
import * as Journal from "../journal/Journal.ts"
import type { Provider } from "../provider/Provider.ts"
import { attaching, reattach } from "./attach.ts"
import { accountOf, refusal } from "../provider/check.ts"
import { resultOf } from "./handle.ts"
import * as Hold from "../journal/lease.ts"

/** How many jobs are followed at a time, where nobody says. */
const manyJobs = 16

/** How many at a time, or what is wrong with that. */
export const atATime = (concurrency = manyJobs): number | InvalidRequest =>
  concurrency >= 1 ? concurrency : new InvalidRequest({ field: "concurrency", rule: `is ${concurrency}, and must be 1 or more` })

export const unreadable = (reason: Reason): JobError => new JobError({ reason, provider: "reelay", operation: "attach", attempt: 0 })

export const resume = (
  providers: ReadonlyArray<Provider<never>>,
  read: Journal.Entry,
  options: AttachOptions
): Stream.Stream<Resumed, never, HttpClient.HttpClient | Journal.Journal> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const journal = yield* Journal.Journal
      const claimed = yield* Effect.result(Hold.scoped(journal, read.id))
      if (claimed._tag === "Failure")
        return Stream.succeed<Resumed>({ _tag: "Error", entry: read, error: unclaimed(read, claimed.failure) })
      if (!claimed.success) return Stream.succeed<Resumed>({ _tag: "Held", entry: read })
      // Whoever held it may have closed it since it was read.
      const now = yield* journal.read(read.id)
      if (now?._tag === "Damaged") return Stream.succeed<Resumed>(now)
      if (now === undefined || now._tag === "Tombstone" || !Journal.isOpen(now)) return Stream.empty
      return followed(providers, now, options)
    })
  )

const unclaimed = (entry: Journal.Entry, reason: JournalFailed): JobError =>
  new JobError({ reason, provider: entry.provider, operation: "attach", attempt: 0, ref: Journal.refOf(entry) })

/** One that is held, and open. */
const followed = (
  providers: ReadonlyArray<Provider<never>>,
  entry: Journal.Entry,
  options: AttachOptions
): Stream.Stream<Resumed, never, HttpClient.HttpClient | Journal.Journal> => {
  const failed = (error: JobError): Stream.Stream<Resumed> => Stream.succeed({ _tag: "Error", entry, error })
  return Stream.unwrap(
    Effect.gen(function* () {
      const ref = Journal.refOf(entry)
      if (ref === undefined) return failed(unknownOf(entry))
      const provider = providerOf(providers, ref)
      if (provider === undefined) return failed(noProvider(entry, ref))
      const handle = yield* Effect.result(attaching(ref, reattach(provider, ref, entry, options)))
      if (handle._tag === "Failure") return failed(handle.failure)
      return handle.success.states.pipe(
        Stream.map((state): Resumed => ({ _tag: "State", entry, provider: { ...provider, baseUrl: ref.baseUrl }, state })),
        Stream.catch(failed)
      )
    })
  )
}

const noProvider = ({ provider }: Journal.Entry, ref: JobRef): JobError => {
  const reason = new InvalidRequest({
    field: "providers",
    rule: `hold none for ${provider}: give one, with the key of account ${ref.account ?? "unknown"}`
  })
  return new JobError({ reason, provider, operation: "attach", attempt: 0, ref })
}

/** The one with the job's account; else one of that name, which is refused in clear words. */
const providerOf = (providers: ReadonlyArray<Provider<never>>, ref: JobRef): Provider<never> | undefined => {
  const same = providers.filter(({ definition }) => definition.name === ref.provider)
  return same.find((provider) => accountOf(provider) === ref.account) ?? same[0]
}

/** The first failure is shown, and then ends all. */
export const stopped = <E, R>(
  events: Stream.Stream<BatchEvent, E, R>
): Stream.Stream<BatchEvent, E | JobError | JobFailed | JobExpired | JobCancelled, R> =>
  Stream.flatMap(events, (event) => {
    if (event._tag === "Error") return Stream.concat(Stream.succeed(event), Stream.fail(event.error))
    if (event._tag === "Saved" || !isTerminal(event.state)) return Stream.succeed(event)
    return Stream.concat(Stream.succeed<BatchEvent>(event), Stream.drain(Stream.fromEffect(resultOf(event.state))))
  })

/** The submissions of one `runAll`, by their keys. */
export type Held = Map<string, Effect.Effect<Submission, JobError, HttpClient.HttpClient>>

/** One request of many. Its submission is made once, however often the stream is run. */
export const inBatch = Effect.fnUntraced(function* <Request>(
  provider: Provider<Request>,
  key: string,
  request: Request,
  options: RunAllOptions,
  journal: Journal.Journal["Service"] | undefined,
  held: Held
): Effect.fn.Return<Stream.Stream<BatchEvent, JobError>, JobError, HttpClient.HttpClient | Scope.Scope> {
  const { batch, onSubmitted, onUnknown, saveTo, ...rest } = options
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
  // What is final is told in any case; what is not is left to the process that works on it.
  const { _tag } = value.phase()
  const isFinal = _tag === "Accepted" || _tag === "Unknown" || _tag === "Refused"
  const saved =
    batch === undefined || journal === undefined ? undefined : yield* takenUp(provider, journal, batch, key, value.digest, isFinal)
  if (saved !== undefined) return Stream.succeed<BatchEvent>({ _tag: "Saved", key, ref: saved })
  const handle = yield* value.job
  return Stream.map(handle.states, (state): BatchEvent => ({ _tag: "State", key, state }))
})

/** Tells of the unknown fates that nobody has heard of. */
export const unheard = (
  held: Held,
  heard: ReadonlySet<string>,
  { onUnknown }: RunAllOptions
): Effect.Effect<void, never, HttpClient.HttpClient> =>
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

/** Keeps other processes from a key for as long as its job is followed. Answers with the job whose video an earlier run has saved. */
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
    ? yield* Effect.orElseSucceed(Hold.scopedJoin(journal, id), () => true)
    : yield* Effect.mapError(Hold.scopedJoin(journal, id), fail)
  if (!isOurs && !isFinal) return yield* fail(busy({ id, key, batch }))
  const there = yield* journal.read(id)
  if (there === undefined || there._tag === "Damaged" || there.digest !== digest) return undefined
  if (there._tag === "Tombstone") return there.outcome === "Saved" ? there.ref : undefined
  return there.fate._tag === "Closed" && there.fate.end === "Saved" ? there.fate.ref : undefined
})
