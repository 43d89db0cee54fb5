/** The list of a client's jobs: those of its journal and of this page, followed while somebody listens to the list. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { reattach } from "../engine/attach.ts"
import type { AttachOptions } from "../engine/options.ts"
import type { Watch } from "../engine/watching.ts"
import { type JobError, JournalFailed } from "../job/JobError.ts"
import { jobKey, type JobRef } from "../job/JobRef.ts"
import { isTerminal } from "../job/JobState.ts"
import { unknownOf } from "../journal/entryWriter.ts"
import * as Journal from "../journal/Journal.ts"
import { onChange } from "../journal/changes.ts"
import * as Lease from "../journal/lease.ts"
import { refusal } from "../provider/check.ts"
import type { ApiTransport } from "../transport/Transport.ts"
import type { ListedJob, Observer, PromiseJob, Source } from "./contract.ts"
import { Observed, type Open } from "./listening.ts"
import { subscriber } from "./observing.ts"

/** How long a finished job stays in a journal that nobody prunes. */
const kept = "30 days"

/** A line, and what is behind it. */
interface Line<J> {
  shown: ListedJob<J>
  readonly watch: Watch | undefined
  /** Another tab follows it, or something else in this one: it is looked at again whenever the journal is read. */
  readonly isLeased: boolean
  leave?: (() => void) | undefined
}

/** What the list needs of its client. */
export interface Listing<J> {
  readonly open: Open
  readonly journal: Journal.Journal["Service"] | undefined
  readonly options: AttachOptions
  readonly isOurs: (entry: Journal.Entry) => boolean
  readonly asJob: (watch: Watch) => J
}

export class JobList<J extends PromiseJob> {
  private readonly client: Listing<J>
  private readonly lines = new Map<string, Line<J>>()
  /** The line of a job. */
  private readonly ids = new Map<string, string>()
  private readonly observers = new Set<Observer<ReadonlyArray<ListedJob<J>>>>()
  private shown: ReadonlyArray<ListedJob<J>> = []
  /** Without a journal jobs are kept from the first time that somebody asks for them: a server that never does keeps none. */
  private isAsked = false
  private isStale = false
  private reading: Promise<void> | undefined
  /** Whether the journal has changed since it was last read. */
  private isOutdated = false
  /** When this client's submissions that are under way began, on the wall clock. Their entries are listed with the job that they become. */
  private readonly begun: Array<number> = []
  /** Old entries are removed once: a page is reloaded sooner or later. */
  private isPruned = false
  /** Ends what is listened to for the list. */
  private deaf: (() => void) | undefined
  /** While many lines change nobody is told of each. */
  private isBusy = false

  constructor(client: Listing<J>) {
    this.client = client
  }

  /** The same array until a line changes. */
  readonly current = (): ReadonlyArray<ListedJob<J>> => {
    this.isAsked = true
    if (this.isStale) {
      this.isStale = false
      this.shown = Array.from(this.lines.values(), ({ shown }) => shown).toSorted((one, other) => one.at - other.at)
    }
    return this.shown
  }

  /** It never ends, and never fails: what can't be read is a line of its own. */
  readonly subscribe: Source<ReadonlyArray<ListedJob<J>>>["subscribe"] = subscriber(
    (observer) => {
      this.observers.add(observer)
      observer.next(this.current())
      if (this.observers.size === 1) this.opened()
      return () => {
        if (this.observers.delete(observer) && this.observers.size === 0) this.closed()
      }
    },
    () => undefined
  )

  /** The job that the list has, so that it is not followed twice. */
  find(ref: JobRef): J | undefined {
    return this.lineOf(ref)?.shown.job
  }

  /** A job that was submitted or attached to. */
  add(job: J, watch: Watch): J {
    const { journal } = this.client
    if (!this.isAsked) return job
    const entry = journal?.open(watch.ref)
    this.put(entry?.id ?? jobKey(watch.ref), { job, watch, at: watch.ref.submittedAt, label: entry?.label })
    return job
  }

  /** A submission of this client, until its job is in the list. */
  async during<A>(submission: () => Promise<A>): Promise<A> {
    const at = Effect.runSync(Clock.currentTimeMillis)
    this.begun.push(at)
    try {
      return await submission()
    } finally {
      this.begun.splice(this.begun.indexOf(at), 1)
      // If it was given an older job, or none, the list does not know what the journal says.
      if (this.client.journal !== undefined) this.refresh()
    }
  }

  /** The journal may have changed. */
  private refresh(): void {
    if (this.observers.size === 0) return
    this.isOutdated = true
    this.reading ??= this.readAgain()
  }

  remove(id: string): number {
    const line = this.lines.get(id)
    if (line === undefined) return 0
    left(line)
    this.lines.delete(id)
    if (line.watch !== undefined) this.ids.delete(jobKey(line.watch.ref))
    this.changed()
    return 1
  }

  private opened(): void {
    for (const [id, line] of this.lines) this.follow(id, line)
    const { journal } = this.client
    if (journal === undefined) return
    const ends = [
      // What the list follows itself it knows already.
      onChange(journal, (ref) => {
        const line = ref === undefined ? undefined : this.lineOf(ref)
        if (line?.shown.job === undefined || line.isLeased) this.refresh()
      }),
      onStorage(() => this.refresh())
    ]
    this.deaf = () => ends.forEach((end) => end())
    this.refresh()
  }

  private closed(): void {
    this.deaf?.()
    this.deaf = undefined
    for (const line of this.lines.values()) left(line)
  }

  private lineOf(ref: JobRef): Line<J> | undefined {
    return this.lines.get(this.ids.get(jobKey(ref)) ?? "")
  }

  /** One reading at a time, and another one for all that has changed meanwhile. */
  private async readAgain(): Promise<void> {
    while (this.isOutdated && this.observers.size > 0) {
      this.isOutdated = false
      await this.read()
    }
    this.reading = undefined
  }

  private async read(): Promise<void> {
    const { journal, open } = this.client
    if (journal === undefined) return
    const listed = Effect.gen({ self: this }, function* () {
      if (!this.isPruned) yield* Effect.ignore(Effect.provideService(Journal.prune(kept), Journal.Journal, journal))
      this.isPruned = true
      const before = new Set(this.lines.keys())
      const entries = yield* journal.entries
      const mine = entries.filter((entry) => entry._tag === "Damaged" || this.client.isOurs(entry))
      const ids = new Set(mine.map(({ id }) => id))
      this.isBusy = true
      for (const [id, { isLeased, watch }] of this.lines) {
        // Forgotten in another tab; a job that was attached to by its reference has no entry.
        const isForgotten = !ids.has(id) && before.has(id) && watch !== undefined && id !== jobKey(watch.ref)
        if (isLeased || watch === undefined || isForgotten) this.remove(id)
      }
      yield* Effect.forEach(mine, (entry) => (this.lines.has(entry.id) ? Effect.void : this.entered(journal, entry)), { discard: true })
    })
    const failed = (error: unknown): void => this.put(damaged, { status: "Damaged", at: 0, error })
    try {
      await open.run(listed.pipe(Effect.catch((reason) => Effect.sync(() => failed(errorOf(open, reason))))))
    } catch {
      // The client was closed meanwhile, and lists nothing more.
    }
    this.isBusy = false
    this.changed()
  }

  private entered(journal: Journal.Journal["Service"], entry: Journal.Entry | Journal.Damaged): Effect.Effect<void, never, ApiTransport> {
    if (entry._tag === "Damaged") {
      const reason = new JournalFailed({ detail: `the journal's entry ${entry.id} ${entry.detail}` })
      return Effect.sync(() => this.put(entry.id, { status: "Damaged", at: 0, error: errorOf(this.client.open, reason) }))
    }
    const { at, fate, id, label } = entry
    const ref = Journal.refOf(entry)
    const known = ref === undefined ? undefined : this.find(ref)
    const alone = Effect.orElseSucceed(Lease.scopedExclusive(journal, id), () => false)
    if (ref === undefined) {
      // An intent that is being worked on is a submission in progress.
      const isOver = fate._tag === "Intent" ? alone : Effect.succeed(true)
      const line = { status: "Unknown", at, label, error: unknownOf(entry) } as const
      return Effect.scoped(Effect.map(isOver, (over) => (over ? this.put(id, line) : undefined)))
    }
    if (known !== undefined || (Journal.isOpen(entry) && at >= Math.min(...this.begun))) return Effect.void
    const status = fate._tag === "Closed" && fate.end !== "Saved" ? fate.end : fate._tag === "Closed" ? "Succeeded" : "Submitted"
    return Effect.gen({ self: this }, function* () {
      const isMine = !Journal.isOpen(entry) || (yield* alone)
      const found = yield* Effect.result(reattach(this.client.open.provider, ref, entry, this.client.options))
      // The caller that has just submitted it may have been faster.
      if (this.lines.has(id)) return undefined
      if (found._tag === "Failure") return this.put(id, { status, at, label, error: found.failure })
      const watch = found.success
      this.put(id, { job: this.client.asJob(watch), watch, status, at, label }, !isMine)
    }).pipe(Effect.scoped)
  }

  private put(
    id: string,
    given: Omit<ListedJob<J>, "id" | "status"> & { readonly status?: ListedJob["status"]; readonly watch?: Watch | undefined },
    isLeased = false
  ): void {
    const { status, watch, ...more } = given
    const state = watch?.current()
    const seen = state === undefined || status !== undefined ? {} : { state }
    const line: Line<J> = { watch, isLeased, shown: { ...more, id, status: status ?? state?._tag ?? "Submitted", ...seen } }
    this.lines.set(id, line)
    if (watch !== undefined) this.ids.set(jobKey(watch.ref), id)
    this.changed()
    this.follow(id, line)
  }

  /** A line is followed while the list is listened to, and its job is not known to have ended. */
  private follow(id: string, line: Line<J>): void {
    const { isLeased, shown, watch } = line
    if (this.observers.size === 0 || watch === undefined || isLeased || line.leave !== undefined || hasEnded(shown)) return
    // It may end, or be lost, in this very step.
    line.leave = () => undefined
    const show = (change: Partial<ListedJob<J>>): void => {
      if (this.lines.get(id) !== line) return
      line.shown = { ...line.shown, ...change }
      this.changed()
    }
    const observed = new Observed(watch, this.client.open, {
      next: (state) => {
        if (line.shown.state !== state) show({ state, status: state._tag, error: undefined })
      },
      error: (error) => {
        line.leave = undefined
        show({ error })
      },
      complete: () => void (line.leave = undefined)
    }).begin()
    if (line.leave !== undefined) line.leave = () => void observed.leave()
  }

  private changed(): void {
    this.isStale = true
    if (this.isBusy) return
    for (const observer of Array.from(this.observers)) this.tell(observer)
  }

  /** What an observer throws affects no other. */
  private tell(observer: Observer<ReadonlyArray<ListedJob<J>>>): void {
    try {
      observer.next(this.current())
    } catch (defect) {
      Effect.runForkWith(this.client.open.context)(Effect.logError("A listener of the list of jobs failed", defect))
    }
  }
}

/** Other tabs have written to the storage that they share. */
const onStorage = (listener: () => void): (() => void) => {
  if (typeof globalThis.addEventListener !== "function") return () => undefined
  globalThis.addEventListener("storage", listener)
  return () => globalThis.removeEventListener("storage", listener)
}

/** The line of a journal that can't be read. */
const damaged = "journal"

const errorOf = ({ provider }: Open, reason: JournalFailed): JobError => refusal(provider, "attach")(reason)

const left = (line: Line<unknown>): void => {
  const { leave } = line
  line.leave = undefined
  leave?.()
}

const hasEnded = ({ state, status }: ListedJob<unknown>): boolean =>
  state === undefined ? status !== "Submitted" && status !== "Queued" && status !== "Running" : isTerminal(state)
