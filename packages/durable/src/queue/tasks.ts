/** The tasks of jobs, in effect's `PersistedQueue`: one queue for each kind of work of a provider and account. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import { queueTable } from "../database/schema.ts"

/** Kinds of work, each with a queue of its own: polls don't wait behind ten thousand submissions. */
export type Kind = "submit" | "poll" | "save" | "cancel"

/** `step`: the step of the job that the task is for. Once the job has gone past it, another delivery does nothing. */
export const Task = Schema.Struct({ key: Schema.String, do: Schema.Literals(["submit", "poll", "save", "cancel"]), step: Schema.Natural })

export type Task = typeof Task.Type

/** Whose queue: `account` is empty for jobs that any account of the provider may submit. */
export interface Place {
  readonly provider: string
  readonly account: string
}

/** What the next task is, and when: milliseconds from now. */
export interface Next {
  readonly place: Place
  readonly do: Kind
  readonly delay: number
}

/** Cancelling shares the queue of polls. */
export const queueName = ({ account, provider }: Place, kind: Kind): string =>
  `${kind === "cancel" ? "poll" : kind}/${encodeURIComponent(provider)}/${encodeURIComponent(account)}`.slice(0, 250)

/** A task that fails is delivered again: after 1, 2, 4 seconds and so on, at most a minute. It is never given up: a job may be paid for. */
const retrySchedule = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")])

export const queueOf = (place: Place, kind: Kind) =>
  PersistedQueue.make({ name: queueName(place, kind), schema: Task, maxAttempts: 2_000_000_000, retrySchedule })

/** How long tasks are leased. Milliseconds. */
export interface Lease {
  readonly lease: number
  readonly pollInterval: number
}

export const defaultLease: Lease = { lease: 45_000, pollInterval: 1000 }

/** Holds the lease for messages and limits. */
export class Tasks extends Context.Service<Tasks, Lease>()("@reelay/durable/Tasks") {}

/** The queues, whose tasks are renewed three times in each lease while their worker lives. */
export const layer = ({ lease, pollInterval }: Lease) =>
  PersistedQueue.layer.pipe(
    Layer.provideMerge(
      PersistedQueue.layerStoreSql({
        tableName: queueTable,
        pollInterval: Duration.millis(pollInterval),
        lockExpiration: Duration.millis(lease),
        lockRefreshInterval: Duration.millis(lease / 3)
      })
    ),
    Layer.merge(Layer.succeed(Tasks, { lease, pollInterval }))
  )

/** Puts a task into its queue; within a transaction, with it. Its id is made up if none is given. */
export const put = Effect.fnUntraced(function* (place: Place, task: Task, delayMs: number, id: string = randomUUID()) {
  const queue = yield* queueOf(place, task.do)
  yield* queue.offer(task, { id, delay: Duration.millis(Math.max(0, delayMs)) })
})
