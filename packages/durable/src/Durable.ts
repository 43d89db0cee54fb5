/**
 * Jobs in a database that many processes share: submitted from any, worked on by any worker, followed from any.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import type * as PersistedQueue from "effect/persistence/PersistedQueue"
import type * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import type { MigrationError } from "effect/sql/Migrator"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { type Changes, layer as changes } from "./client/changes.ts"
import { defaultLease, layer as queues, type Tasks } from "./queue/tasks.ts"
import { type Jobs, layer as jobs } from "./store/Jobs.ts"
import type { Options } from "./worker/context.ts"
import type { Working } from "./worker/gauge.ts"
import { layer as working } from "./worker/Worker.ts"

export { health, type Health } from "./worker/health.ts"
export { Working } from "./worker/gauge.ts"
export { state, statuses, result, type NoVideo } from "./client/follow.ts"
export { list, type Filter } from "./client/list.ts"
export { cancel, forget, prune, resolve, resume } from "./client/settle.ts"
export { submit, type Order, type Taken } from "./client/submit.ts"
export type { Options as WorkerOptions } from "./worker/context.ts"

/** What each function of this module needs. */
export type Durable = Jobs | Changes | Tasks | PersistedQueue.PersistedQueueFactory | PersistedQueue.PersistedQueueStore

/** @category models */
export interface LayerOptions {
  /** How long a task belongs to a worker that gives no sign of life. Default: 45 seconds. */
  readonly lease?: Duration.Input | undefined
  /** How often a worker that is idle asks for tasks. Default: 1 second. */
  readonly pollInterval?: Duration.Input | undefined
}

const millis = (input: Duration.Input | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(Duration.fromInputUnsafe(input))

/**
 * Layer for the database: makes or upgrades the tables. Give every process the same options.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: LayerOptions = {}): Layer.Layer<Durable, SqlError | MigrationError, SqlClient> =>
  changes.pipe(
    Layer.provideMerge(jobs),
    Layer.provideMerge(
      queues({ lease: millis(options.lease, defaultLease.lease), pollInterval: millis(options.pollInterval, defaultLease.pollInterval) })
    )
  )

/**
 * Layer for a worker: it submits, polls and saves for as long as it lasts.
 *
 * @category layers
 * @since 0.1.0
 */
export const worker = (options: Options): Layer.Layer<Working, never, Durable | HttpClient.HttpClient | FileSystem.FileSystem> =>
  working(options)
