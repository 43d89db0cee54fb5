/** The jobs of a journal, followed again. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { InvalidRequest, JobError, type JournalFailed, type Reason } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import type { JobState } from "../job/JobState.ts"
import { unknownOf } from "../journal/entryWriter.ts"
import * as Journal from "../journal/Journal.ts"
import * as Lease from "../journal/lease.ts"
import { accountOf, providerAt } from "../provider/account.ts"
import type { Provider } from "../provider/Provider.ts"
import type { ApiTransport } from "../transport/Transport.ts"
import { attaching, reattach } from "./attach.ts"
import { statesOf } from "./handle.ts"
import { type AttachOptions, atATime } from "./options.ts"

/** @category models */
export interface ResumeOptions extends AttachOptions {
  /** Jobs that are followed at the same time. Default: 16. */
  readonly concurrency?: number | undefined
  /** What happens to entries of other providers. `report`: each is an `Error`. `skip`: somebody else resumes them. Default: `report`. */
  readonly others?: "report" | "skip" | undefined
}

/**
 * The outcome of the entries of a journal.
 *
 * - `State`: a state of a job that is followed again; `provider` is the one that it is followed with, as `Artifact.save` needs it.
 * - `Error`: sight of this one is lost, or it can't be followed. `SubmitUnknown`: the process ended around its POST.
 * - `Leased`: it is being submitted, watched or saved, in a living process or in this one.
 * - `Damaged`: the entry can't be read.
 *
 * @category models
 * @since 0.1.0
 */
export type Resumed =
  | { readonly _tag: "State"; readonly entry: Journal.Entry; readonly provider: Provider<never>; readonly state: JobState }
  | { readonly _tag: "Error"; readonly entry: Journal.Entry; readonly error: JobError }
  | { readonly _tag: "Leased"; readonly entry: Journal.Entry }
  | Journal.Damaged

export const resumeAll = (
  providers: ReadonlyArray<Provider<never>>,
  options: ResumeOptions,
  isWanted: (entry: Journal.Entry) => boolean = () => true
): Stream.Stream<Resumed, JobError, ApiTransport | Journal.Journal> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const journal = yield* Journal.Journal
      const concurrency = atATime(options.concurrency)
      if (typeof concurrency !== "number") return yield* Effect.fail(unreadable(concurrency))
      const { concurrency: _, others, ...watching } = options
      const entries = yield* Effect.mapError(journal.entries, unreadable)
      const one = (entry: Journal.Entry | Journal.Damaged) =>
        entry._tag === "Damaged" ? Stream.succeed(entry) : resume(providers, entry, watching)
      const isOurs = ({ provider }: Journal.Entry): boolean =>
        others !== "skip" || providers.some(({ definition }) => definition.name === provider)
      const mine = entries.filter((entry) => entry._tag === "Damaged" || (Journal.isOpen(entry) && isOurs(entry) && isWanted(entry)))
      return Stream.flatMap(Stream.fromIterable(mine), one, { concurrency })
    })
  )

const unreadable = (reason: Reason): JobError => new JobError({ reason, provider: "reelay", operation: "attach", attempt: 0 })

const resume = (
  providers: ReadonlyArray<Provider<never>>,
  read: Journal.Entry,
  options: AttachOptions
): Stream.Stream<Resumed, never, ApiTransport | Journal.Journal> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const journal = yield* Journal.Journal
      const claimed = yield* Effect.result(Lease.scopedExclusive(journal, read.id))
      if (claimed._tag === "Failure")
        return Stream.succeed<Resumed>({ _tag: "Error", entry: read, error: unclaimed(read, claimed.failure) })
      if (!claimed.success) return Stream.succeed<Resumed>({ _tag: "Leased", entry: read })
      // The process that had it leased may have closed it since it was read.
      const now = yield* journal.read(read.id)
      if (now?._tag === "Damaged") return Stream.succeed<Resumed>(now)
      if (now === undefined || now._tag === "Tombstone" || !Journal.isOpen(now)) return Stream.empty
      return followed(providers, now, options)
    })
  )

const unclaimed = (entry: Journal.Entry, reason: JournalFailed): JobError =>
  new JobError({ reason, provider: entry.provider, operation: "attach", attempt: 0, ref: Journal.refOf(entry) })

/** An entry that is leased here, and open. */
const followed = (
  providers: ReadonlyArray<Provider<never>>,
  entry: Journal.Entry,
  options: AttachOptions
): Stream.Stream<Resumed, never, ApiTransport | Journal.Journal> => {
  const failed = (error: JobError): Stream.Stream<Resumed> => Stream.succeed({ _tag: "Error", entry, error })
  return Stream.unwrap(
    Effect.gen(function* () {
      const ref = Journal.refOf(entry)
      if (ref === undefined) return failed(unknownOf(entry))
      const provider = providerOf(providers, ref)
      if (provider === undefined) return failed(noProvider(entry, ref))
      const watch = yield* Effect.result(attaching(ref, reattach(provider, ref, entry, options)))
      if (watch._tag === "Failure") return failed(watch.failure)
      return statesOf(watch.success).pipe(
        Stream.map((state): Resumed => ({ _tag: "State", entry, provider: providerAt(provider, ref.baseUrl), state })),
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

/** The one with the job's account; else one of that name, which is refused with a clear message. */
const providerOf = (providers: ReadonlyArray<Provider<never>>, ref: JobRef): Provider<never> | undefined => {
  const same = providers.filter(({ definition }) => definition.name === ref.provider)
  return same.find((provider) => accountOf(provider) === ref.account) ?? same[0]
}
