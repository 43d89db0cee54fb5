/** The list of a client's jobs: those of its journal and of this page, followed while somebody listens to the list. */
import * as Effect from "effect/Effect"
import { reattach } from "../engine/attach.ts"
import type { AttachOptions } from "../engine/options.ts"
import type { Watch } from "../engine/watching.ts"
import { JobError, JournalFailed } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import { isTerminal } from "../job/JobState.ts"
import { unknownOf } from "../journal/entryWriter.ts"
import * as Journal from "../journal/Journal.ts"
import { jobKey } from "../journal/keys.ts"
import * as Lease from "../journal/lease.ts"
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
  readonly asJob: (watch: Watch) => J
}

export class JobList<J extends PromiseJob> {
  private readonly client: Listing<J>
  private readonly lines = new Map<string, Line<J>>()
  private readonly observers = new Set<Observer<ReadonlyArray<ListedJob<J>>>>()
  private shown: ReadonlyArray<ListedJob<J>> = []
  /** Without a journal jobs are kept from the first time that somebody asks for them: a server that never does keeps none. */
  private isAsked = false
  private isStale = false
  private reading: Promise<void> | undefined
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
        if (this.observers.delete(observer) && this.observers.size === 0) for (const line of this.lines.values()) left(line)
      }
    },
    () => undefined
  )

  /** The job that the list has, so that it is not followed twice. */
  find(ref: JobRef): J | undefined {
    const key = jobKey(ref)
    for (const { shown, watch } of this.lines.values()) if (watch !== undefined && jobKey(watch.ref) === key) return shown.job
    return undefined
  }

  /** A job that was submitted or attached to. */
  add(job: J, watch: Watch): J {
    const { journal } = this.client
    if (!this.isAsked) return job
    const entry = journal?.open(watch.ref)
    this.put(entry?.id ?? jobKey(watch.ref), { job, watch, at: watch.ref.submittedAt, label: entry?.label })
    return job
  }

  /** The journal may have changed. */
  async refresh(): Promise<void> {
    if (this.observers.size === 0) return
    await this.reading
    this.reading = this.read()
    await this.reading
  }

  remove(id: string): number {
    const line = this.lines.get(id)
    if (line === undefined) return 0
    left(line)
    this.lines.delete(id)
    this.changed()
    return 1
  }

  private opened(): void {
    for (const [id, line] of this.lines) this.follow(id, line)
    void this.refresh()
  }

  private async read(): Promise<void> {
    const { journal, open } = this.client
    if (journal === undefined) return
    const listed = Effect.gen({ self: this }, function* () {
      yield* Effect.ignore(Effect.provideService(Journal.prune(kept), Journal.Journal, journal))
      const entries = yield* journal.entries
      const mine = entries.filter((entry) => entry._tag === "Damaged" || entry.provider === open.provider.definition.name)
      this.isBusy = true
      for (const [id, { isLeased, watch }] of this.lines) if (isLeased || watch === undefined) this.remove(id)
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
    if (known !== undefined) return Effect.void
    const status = fate._tag === "Closed" && fate.end !== "Saved" ? fate.end : fate._tag === "Closed" ? "Succeeded" : "Submitted"
    return Effect.gen({ self: this }, function* () {
      const isMine = !Journal.isOpen(entry) || (yield* alone)
      const found = yield* Effect.result(reattach(this.client.open.provider, ref, entry, this.client.options))
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

/** The line of a journal that can't be read. */
const damaged = "journal"

const errorOf = ({ provider }: Open, reason: JournalFailed): JobError =>
  new JobError({ reason, provider: provider.definition.name, operation: "attach", attempt: 0 })

const left = (line: Line<unknown>): void => {
  const { leave } = line
  line.leave = undefined
  leave?.()
}

const hasEnded = ({ state, status }: ListedJob<unknown>): boolean =>
  state === undefined ? status !== "Submitted" && status !== "Queued" && status !== "Running" : isTerminal(state)
