/** A job of a client. */
import * as Effect from "effect/Effect"
import { outlook, type Outlook } from "../durations/outlook.ts"
import { cancelBy, resultBy } from "../engine/watched.ts"
import type { Watch } from "../engine/watching.ts"
import { JobError } from "../job/JobError.ts"
import { type JobRef, toUri } from "../job/JobRef.ts"
import type { JobState, Succeeded } from "../job/JobState.ts"
import type { PromiseJob } from "./contract.ts"
import { ClientClosed, endBy, Observed, type Open, type Run } from "./listening.ts"
import { looped } from "./looping.ts"
import { interoperable, type Listen, subscriber } from "./observing.ts"

/**
 * What a platform package adds to a job: each member by its name, created when it is read.
 *
 * @category models
 * @since 0.1.0
 */
export type Members<J extends PromiseJob> = {
  readonly [Name in Exclude<keyof J, keyof PromiseJob>]: (watch: Watch, run: Run) => J[Name]
}

/** Creates a member when it is first read, since a job that waits doesn't need it. It is the same one from then on. */
const once = <A>(job: object, name: string, value: A): A => {
  Object.defineProperty(job, name, { value })
  return value
}

/** Its members can be destructured. */
class OpenJob implements PromiseJob {
  protected readonly watch: Watch
  protected readonly open: Open
  /** What `result()` gives to all who ask without options. */
  private shared: { readonly promise: Promise<Succeeded>; isLost: boolean } | undefined
  private objectUrl: string | undefined
  /** The last outlook that was given: the progress never goes back. */
  private shown: Outlook | undefined

  constructor(watch: Watch, open: Open) {
    this.watch = watch
    this.open = open
  }

  get id(): string {
    return toUri(this.watch.ref)
  }

  get ref(): JobRef {
    return this.watch.ref
  }

  get current(): PromiseJob["current"] {
    return once(this, "current", () => this.watch.current())
  }

  get states(): PromiseJob["states"] {
    return once(this, "states", (options) => looped(this.listen, options))
  }

  get subscribe(): PromiseJob["subscribe"] {
    return once(
      this,
      "subscribe",
      subscriber(this.listen, (error) => {
        // Both are the doing of whoever has the job.
        if (!(error instanceof ClientClosed) && !(error instanceof DOMException)) this.log(error)
      })
    )
  }

  /** Not kept: of thousands of jobs, this is what each is asked for. */
  get result(): PromiseJob["result"] {
    return (options) => {
      if (options === undefined) return this.whole()
      this.again()
      return endBy(this.watch, this.open, options)
    }
  }

  get outlook(): PromiseJob["outlook"] {
    return once(this, "outlook", () => {
      const { durations, queue } = this.watch.watching
      const state = this.watch.current()
      const now = queue.clock.currentTimeMillisUnsafe()
      this.shown = outlook(state, durations?.expected(state.ref, Math.max(0, now - state.ref.submittedAt)), now, this.shown)
      return this.shown
    })
  }

  get cancel(): PromiseJob["cancel"] {
    return once(this, "cancel", () => this.open.run(cancelBy(this.watch)))
  }

  get bytes(): PromiseJob["bytes"] {
    const { downloads, provider, run } = this.open
    return once(this, "bytes", ({ signal, ...options } = {}) =>
      run(
        Effect.gen({ self: this }, function* () {
          const state = yield* resultBy(this.watch)
          const { bytes } = yield* Effect.promise(() => import("../artifact/Artifact.ts"))
          return yield* Effect.provideContext(bytes(provider, state, options), yield* downloads)
        }),
        signal
      )
    )
  }

  get blob(): PromiseJob["blob"] {
    return once(this, "blob", async (options) => {
      const bytes = await this.bytes(options)
      return new Blob([bytes], { type: isMatroska(bytes) ? "video/webm" : "video/mp4" })
    })
  }

  get url(): PromiseJob["url"] {
    return once(this, "url", async (options = {}) => {
      const { artifacts } = await this.result(options)
      const link = artifacts.find(({ kind, url }) => kind === "link" && this.isOpenToAll(url))
      if (link !== undefined) return link.url
      if (this.objectUrl !== undefined) return this.objectUrl
      const blob = await this.blob(options)
      return (this.objectUrl ??= URL.createObjectURL(blob))
    })
  }

  get leave(): PromiseJob["leave"] {
    return once(this, "leave", () => {
      const reason = new DOMException("The job was left. It continues at the provider, and can be attached to again.", "AbortError")
      if (this.watch.isWatched()) for (const each of Array.from(this.open.waiting)) if (each.watch === this.watch) each.closed(reason)
      if (this.objectUrl !== undefined) URL.revokeObjectURL(this.objectUrl)
      this.objectUrl = undefined
    })
  }

  [Symbol.asyncIterator](): AsyncIterator<JobState> {
    return looped(this.listen)[Symbol.asyncIterator]()
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.leave()
    return Promise.resolve()
  }

  private get listen(): Listen<JobState> {
    return (observer) => {
      this.again()
      const { closing } = this.open
      if (closing.aborted) {
        observer.error(closing.reason)
        return () => undefined
      }
      const observed = new Observed(this.watch, this.open, observer).begin()
      return () => void observed.leave()
    }
  }

  private whole(): Promise<Succeeded> {
    // React marks a promise that it has read. If it got another one for the error that it waits to show, it would wait again, for ever.
    if (this.shared?.isLost === true && !("status" in this.shared.promise)) this.shared = undefined
    if (this.shared !== undefined) return this.shared.promise
    const shared = { isLost: false }
    // A job that has ended already reports that before this returns.
    const promise = endBy(this.watch, this.open, {}, (error) => {
      shared.isLost = error instanceof JobError
    })
    this.shared = Object.assign(shared, { promise })
    return promise
  }

  /** Somebody else watches: whoever asks for the result now gets what comes of that. */
  private again(): void {
    if (this.shared?.isLost === true) this.shared = undefined
  }

  /** Whether a page can load it without the key. */
  private isOpenToAll(url: string): boolean {
    return URL.canParse(url) && new URL(url).origin !== new URL(this.open.provider.baseUrl).origin
  }

  private log(error: unknown): void {
    Effect.runForkWith(this.open.context)(Effect.logError(`Nobody handles what happened to job ${this.watch.ref.id}`, error))
  }
}

const isMatroska = (bytes: Uint8Array): boolean => [0x1a, 0x45, 0xdf, 0xa3].every((byte, index) => bytes[index] === byte)

/** The jobs of one client, with what a platform package adds to them, and with what other libraries look for. */
export const jobWith = <J extends PromiseJob>(members: Members<J>): new (watch: Watch, open: Open) => J => {
  class JobOfClient extends OpenJob {}
  interoperable(JobOfClient.prototype)
  for (const [name, make] of Object.entries<(watch: Watch, run: Run) => unknown>(members)) {
    Object.defineProperty(JobOfClient.prototype, name, {
      get(this: JobOfClient) {
        return once(this, name, make(this.watch, this.open.run))
      }
    })
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its prototype has every member of J now, which the compiler can't see.
  return JobOfClient as unknown as new (watch: Watch, open: Open) => J
}
