/**
 * Core's journal, with one row as its store. Law 7 is core's: its `Submission` writes an intent, sends at most one POST, and keeps the reference.
 * What changes the row also puts the job's next task, in one transaction.
 */
import { Job, JobError, type JobRef, type Journal, type Provider } from "@reelay/core"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { DatabaseFailed } from "../job/DurableError.ts"
import { encode, isReadable, type Row } from "../job/Row.ts"
import type { Jobs } from "../store/Jobs.ts"
import { type Delivery, intentLease, type Options } from "./context.ts"

const journalFailed = ({ message }: DatabaseFailed) => new JobError.JournalFailed({ detail: message })

/** A reference that was paid for is written for as long as it takes: ten minutes, and the database may have been restarted by then. */
const patient = Schedule.spaced("500 millis").pipe(Schedule.upTo({ duration: "10 minutes" }))

export const unknownOf = (row: Row, detail: string): JobError.JobError =>
  new JobError.JobError({
    reason: new JobError.SubmitUnknown({ detail, sent: row.intent ?? undefined }),
    provider: row.provider,
    operation: "submit",
    attempt: 0
  })

/** The job's record, and when its first poll is due. */
const watched = Effect.fnUntraced(function* (provider: Provider.Provider<never>, ref: JobRef.JobRef, options: Options) {
  const poller = yield* Job.poller(provider, ref, { ...options.watch, owned: true })
  const wait = poller.plannedMs ?? 0
  return { poller: { ...poller, nextAt: poller.nextAt + wait }, wait }
})

/** What an entry becomes: `undefined`, it is removed. */
type Written = Journal.Entry | Journal.Tombstone | undefined

/** A journal that tells whether it has kept the reference, with the task of its first poll. */
interface RowJournal extends Context.Service.Shape<typeof Journal.Journal> {
  readonly isAccepted: () => boolean
}

export const rowJournal = (jobs: Jobs["Service"], given: Row, delivery: Delivery, options: Options): RowJournal => {
  const { id: done, provider } = delivery
  const { key, step } = given
  /** The row as it was read, or as this journal has left it. `undefined`: others may have changed it. What is written says which row it is for. */
  let last: Row | undefined = given
  let isAccepted = false
  const place = { provider: provider.definition.name, account: Job.accountOf(provider) }
  /** The request as core tells it apart; the row has its own digest. */
  let digest = ""

  const accepted = Effect.fnUntraced(function* (row: Row, isOwn: boolean, attempt: string | undefined, ref: JobRef.JobRef) {
    const first = yield* Effect.option(watched(provider, ref, options))
    const found = first._tag === "Some" ? first.value : undefined
    return yield* jobs.move(row, {
      set: {
        state: "Submitted",
        tries: 0,
        error: null,
        ref: encode.ref(ref),
        poller: found === undefined ? null : encode.poller(found.poller)
      },
      where: { state: isOwn ? ["Sending"] : ["Sending", "SubmitUnknown"], attempt: attempt ?? null, anyStep: true },
      leased: null,
      next: { place, do: "poll", delay: found?.wait ?? 0 },
      ifCancelled: { place, do: "cancel", delay: 0 },
      done
    })
  })

  /** Surely nothing was accepted. If others have given it up meanwhile, it is a new task; else this delivery goes on. */
  const removed = (row: Row, attempt: string | undefined) =>
    jobs.move(row, {
      set: { state: "Waiting", attempt: null, intent: null, error: null },
      where: { state: [row.state], attempt: attempt ?? null, anyStep: true },
      leased: null,
      keepsStep: row.state === "Sending",
      ...(row.state === "SubmitUnknown" ? { next: { place: { ...place, account: row.account }, do: "submit" as const, delay: 0 } } : {})
    })

  const readable = Effect.map(jobs.find(key), (row) => (row !== undefined && isReadable(row) ? row : undefined))
  const known = Effect.suspend(() => (last === undefined ? readable : Effect.succeed(last)))

  const entryOf = (row: Row): Journal.Entry | undefined => {
    if (row.attempt === null) return undefined
    const {
      account = Job.accountOf(provider),
      at: since = row.updated,
      baseUrl = provider.baseUrl,
      kind = "generation" as const
    } = row.intent ?? {}
    const fate: Journal.Fate =
      row.ref !== null
        ? { _tag: "Accepted", ref: row.ref }
        : row.state === "Sending"
          ? { _tag: "Intent" }
          : { _tag: "Unknown", detail: row.error?.reason._tag === "SubmitUnknown" ? row.error.reason.detail : "its outcome is unknown" }
    return { _tag: "Entry", id: key, key, provider: row.provider, kind, baseUrl, account, digest, at: since, attempt: row.attempt, fate }
  }

  const create = Effect.fnUntraced(function* (entry: Journal.Entry) {
    digest = entry.digest
    if (entry.fate._tag !== "Intent") return false
    const row = yield* known
    last = undefined
    if (row === undefined || row.step !== step || row.state !== "Waiting") return false
    const { account, at: since, baseUrl, kind } = entry
    const attempt = entry.attempt ?? null
    const intent = { account, at: since, baseUrl, kind }
    const moved = yield* jobs.move(row, {
      set: { state: "Sending", attempt, intent: encode.intent(intent) },
      where: { state: ["Waiting"], attempt: null },
      leased: intentLease(options),
      keepsStep: true
    })
    if (moved === undefined) return false
    last = { ...row, state: "Sending", attempt, intent, history: moved.history }
    return true
  })

  const written = Effect.fnUntraced(function* (row: Row, isOwn: boolean, attempt: string | undefined, to: Written) {
    if (row.ref !== null || (row.state !== "Sending" && row.state !== "SubmitUnknown")) return false
    if (to === undefined) return (yield* removed(row, attempt)) !== undefined
    if (to._tag === "Tombstone") return false
    if (to.fate._tag === "Accepted") {
      isAccepted = (yield* accepted(row, isOwn, attempt, to.fate.ref)) !== undefined
      return isAccepted
    }
    if (to.fate._tag !== "Unknown") return false
    const moved = yield* jobs.move(row, {
      set: { state: "SubmitUnknown", error: encode.error(unknownOf(row, to.fate.detail)) },
      where: { state: ["Sending"], attempt: attempt ?? null },
      leased: null,
      done
    })
    return moved !== undefined
  })

  /** As this journal has left the row; if others have changed it, as it is now. */
  const swap = Effect.fnUntraced(function* (attempt: string | undefined, to: Written) {
    const own = last
    last = undefined
    if (own !== undefined && (yield* written({ ...own, now: yield* Clock.currentTimeMillis }, true, attempt, to))) return true
    const row = yield* readable
    return row === undefined ? false : yield* written(row, false, attempt, to)
  })

  /** A job that an attempt made which had been given up: it is paid for as well, and gets a key of its own. */
  const extra = Effect.fnUntraced(function* (entry: Journal.Entry) {
    if (entry.fate._tag !== "Accepted") return
    const order = { provider: entry.provider, account: place.account, digest, request: null, state: "Submitted", at: entry.at } as const
    const made = { ...order, key: `${key} (${entry.id})`, attempt: entry.attempt, ref: encode.ref(entry.fate.ref) }
    yield* jobs.create(made, { place, do: "poll", delay: 0 })
  })

  return {
    write: (entry) => Effect.mapError(Effect.retry(extra(entry), patient), journalFailed),
    create: (entry) => Effect.mapError(create(entry), journalFailed),
    swap: (_id, attempt, to) => Effect.mapError(Effect.retry(swap(attempt, to), patient), journalFailed),
    remove: () => Effect.void,
    read: () =>
      known.pipe(
        Effect.retry(patient),
        Effect.orDie,
        Effect.map((row) => (row === undefined ? undefined : entryOf(row)))
      ),
    entries: Effect.succeed([]),
    all: Effect.succeed([]),
    ids: Effect.succeed([]),
    // The task's lease keeps other workers away; the intent keeps them from paying.
    claim: () => Effect.succeed(true),
    release: () => Effect.void,
    open: () => undefined,
    learn: () => undefined,
    isAccepted: () => isAccepted
  }
}
