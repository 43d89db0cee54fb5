/**
 * The same as promises: a web server takes jobs and follows them, a worker works on them.
 *
 * @since 0.1.0
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import type { Job, JobRef } from "@reelay/core"
import { Transport } from "@reelay/node"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { open } from "./open.ts"
import * as Durable from "./Durable.ts"
import type { Status } from "./job/DurableState.ts"

/** @category models */
export interface DurableClient {
  /** Takes a job. `Known`: the key has it already, and nothing is paid for again. Rejects with `KeyTaken` if that is another request. */
  readonly submit: (key: string, order: Durable.Order) => Promise<Durable.Taken>
  /** The state now, each change, to the end. Leaving the loop stops nothing. */
  readonly states: (key: string) => AsyncIterable<Status>
  readonly state: (key: string) => Promise<Status | undefined>
  /** Waits for the video. Rejects if there will be none, or if only a person can say. */
  readonly result: (key: string) => Promise<Status>
  readonly list: (filter?: Durable.Filter) => AsyncIterable<Status>
  readonly cancel: (key: string) => Promise<Job.CancelOutcome>
  readonly resolve: (key: string, fact: { readonly ref: JobRef.JobRef } | "NotCreated") => Promise<void>
  readonly resume: (key: string) => Promise<void>
  readonly prune: (olderThan: Duration.Input) => Promise<number>
  readonly forget: (which: { readonly batch: string }) => Promise<number>
  /** Works on jobs until it is stopped. `stop` resolves once each POST that has begun has its answer. */
  readonly worker: (options: Durable.WorkerOptions) => Promise<{ readonly stop: () => Promise<void> }>
  /** Stops the workers, and closes the connections. */
  readonly close: () => Promise<void>
}

/** @category models */
export interface ClientOptions extends Durable.LayerOptions {
  /** `postgres://...`, the path of a SQLite file, or a layer with your own client. */
  readonly database: string | Layer.Layer<SqlClient, unknown>
  /** Connections to PostgreSQL. Default: 10. */
  readonly maxConnections?: number | undefined
}

/**
 * Opens the database, on the first call.
 *
 * **Example** (A web server and a worker, in one program or in two)
 *
 * ```ts
 * import { ArtifactStore, createDurable } from "@reelay/durable"
 * import { xai } from "@reelay/providers/xai"
 *
 * export const film = async (apiKey: string) => {
 *   await using durable = createDurable({ database: "jobs.db" })
 *   await durable.worker({ providers: [xai({ apiKey })], artifacts: ArtifactStore.folder("videos") })
 *   await durable.submit("winter/fox", { provider: "xai", request: { prompt: "A red fox in the snow." } })
 *   for await (const { state } of durable.states("winter/fox")) console.log(state._tag)
 * }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const createDurable = ({ database, maxConnections, ...options }: ClientOptions): DurableClient & AsyncDisposable => {
  const sql = typeof database === "string" ? open(database, maxConnections) : database
  const base = Durable.layer(options).pipe(Layer.provideMerge(Layer.mergeAll(sql, Transport.layer(), NodeFileSystem.layer)))
  const runtime = ManagedRuntime.make(Layer.orDie(base))
  const workers = Scope.makeUnsafe()
  const run = <A, E>(work: Effect.Effect<A, E, Durable.Durable>): Promise<A> => runtime.runPromise(work)
  const iterable = <A, E>(stream: Stream.Stream<A, E, Durable.Durable>): AsyncIterable<A> => ({
    async *[Symbol.asyncIterator]() {
      yield* Stream.toAsyncIterableWith(stream, await runtime.context())
    }
  })
  const close = async () => {
    await Effect.runPromise(Scope.close(workers, Exit.void))
    await runtime.dispose()
  }
  return {
    submit: (key, order) => run(Durable.submit(key, order)),
    states: (key) => iterable(Durable.statuses(key)),
    state: (key) => run(Effect.map(Durable.state(key), Option.getOrUndefined)),
    result: (key) => run(Durable.result(key)),
    list: (filter) => iterable(Durable.list(filter)),
    cancel: (key) => run(Durable.cancel(key)),
    resolve: (key, fact) => run(Durable.resolve(key, fact)),
    resume: (key) => run(Durable.resume(key)),
    prune: (olderThan) => run(Durable.prune(olderThan)),
    forget: (which) => run(Durable.forget(which)),
    worker: async (given) => {
      const scope = Scope.forkUnsafe(workers)
      await runtime.runPromise(Layer.buildWithScope(Durable.worker(given), scope))
      return { stop: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
    },
    close,
    [Symbol.asyncDispose]: close
  }
}
