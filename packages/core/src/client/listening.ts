/** Who waits for a job without an effect: each is one small object, and leaves when the client closes. */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import { leave } from "../engine/watched.ts"
import type { Watch } from "../engine/watching.ts"
import { endOf, type JobError } from "../job/JobError.ts"
import type { JobState, Succeeded } from "../job/JobState.ts"
import type { Provider } from "../provider/Provider.ts"
import type { Outbound } from "../transport/exchange.ts"
import type { ApiTransport } from "../transport/Transport.ts"
import type { Observer, RunOptions } from "./contract.ts"
import { refuseSignal } from "./rules.ts"

/**
 * A call rejects with this if its client was closed. Jobs that were submitted continue at the provider, and can be attached to again.
 *
 * @category errors
 * @since 0.1.0
 */
export class ClientClosed extends Data.TaggedError("ClientClosed") {
  override get message(): string {
    return "The client was closed. Jobs that were submitted continue at the provider, and can be attached to again."
  }
}

/**
 * Runs an effect as a promise, for as long as the client is open.
 *
 * @category models
 * @since 0.1.0
 */
export type Run = <A, E>(effect: Effect.Effect<A, E, ApiTransport>, signal?: AbortSignal) => Promise<A>

/** What the jobs of a client have in common. */
export interface Open {
  readonly provider: Provider<never>
  /** Where watch sessions are logged. */
  readonly context: Context.Context<never>
  readonly run: Run
  readonly downloads: Outbound["downloads"]
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal
  /** Who is to be called then. One listener on the signal serves all: one each would cost more than the waiting itself. */
  readonly waiting: Set<Listening>
}

/** A listener of a job until its end, until the client closes or a signal aborts, or until it leaves. A class, so that it is one small object. */
export abstract class Listening {
  readonly watch: Watch
  private readonly open: Open
  private readonly signal: AbortSignal | undefined
  private isOver = false

  constructor(watch: Watch, open: Open, signal?: AbortSignal) {
    this.watch = watch
    this.open = open
    this.signal = signal
  }

  /** Called with each state, the first and the last included. */
  protected abstract seen(state: JobState): void
  /** Called after the terminal state. */
  protected abstract done(): void
  protected abstract failed(error: unknown): void

  begin(): this {
    this.open.waiting.add(this)
    // The signal is the caller's and may outlive many jobs: it keeps no listener of ours.
    this.signal?.addEventListener("abort", this, { once: true })
    this.watch.join(this, this.open.context)
    return this
  }

  /** A second call does nothing. `false`: it was over before. */
  leave(): boolean {
    if (this.isOver) return false
    this.isOver = true
    this.open.waiting.delete(this)
    this.signal?.removeEventListener("abort", this)
    leave(this.watch, this, this.open.context)
    return true
  }

  state(state: JobState): void {
    if (!this.isOver) this.seen(state)
  }

  ended(): void {
    if (this.leave()) this.done()
  }

  lost(cause: Cause.Cause<JobError>): void {
    if (this.leave()) this.failed(Cause.squash(cause))
  }

  /** The client was closed, or the job was left by whoever has it. */
  closed(reason: unknown): void {
    if (this.leave()) this.failed(reason)
  }

  /** The signal was aborted. */
  handleEvent(): void {
    if (this.leave()) this.failed(this.signal?.reason)
  }
}

/** The end of a job as a promise. */
class Awaited extends Listening {
  private readonly onState: RunOptions["onState"]
  private readonly resolve: (state: Succeeded) => void
  private readonly reject: (error: unknown) => void

  constructor(
    watch: Watch,
    open: Open,
    { onState, signal }: Pick<RunOptions, "onState" | "signal">,
    resolve: (state: Succeeded) => void,
    reject: (error: unknown) => void
  ) {
    super(watch, open, signal)
    this.onState = onState
    this.resolve = resolve
    this.reject = reject
  }

  protected override seen(state: JobState): void {
    this.onState?.(state)
  }

  protected override done(): void {
    const end = endOf(this.watch.current())
    if (end._tag === "Succeeded") this.resolve(end)
    else this.reject(end)
  }

  protected override failed(error: unknown): void {
    this.reject(error)
  }
}

/** Callbacks. */
export class Observed extends Listening {
  private readonly observer: Observer<JobState>

  constructor(watch: Watch, open: Open, observer: Observer<JobState>) {
    super(watch, open)
    this.observer = observer
  }

  protected override seen(state: JobState): void {
    this.observer.next(state)
  }

  protected override done(): void {
    this.observer.complete()
  }

  protected override failed(error: unknown): void {
    this.observer.error(error)
  }
}

/** The end of a job as a promise. `failed` is called before it rejects. */
export const endBy = (
  watch: Watch,
  open: Open,
  options: Pick<RunOptions, "onState" | "signal">,
  failed?: (error: unknown) => void
): Promise<Succeeded> => {
  const wrong = refuseSignal(options.signal)
  if (wrong !== undefined) return Promise.reject(wrong)
  for (const each of [options.signal, open.closing]) if (each?.aborted === true) return Promise.reject(each.reason)
  return new Promise((resolve, reject) => {
    const rejects = (error: unknown): void => {
      failed?.(error)
      reject(error)
    }
    void new Awaited(watch, open, options, resolve, failed === undefined ? reject : rejects).begin()
  })
}
