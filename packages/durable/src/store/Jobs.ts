/** The statements over `reelay_job`. Each changes a row only if it still is as its caller has read it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as SqlClient from "effect/sql/SqlClient"
import { channel } from "../database/Notifications.ts"
import { nowOf } from "../database/now.ts"
import { migrated, queueTable, rowVersion } from "../database/schema.ts"
import { DatabaseFailed } from "../job/DurableError.ts"
import { encode, isReadable, read, type Row, type Unreadable } from "../job/Row.ts"
import { type Next, type Place, put, queueName, type Task, Tasks } from "../queue/tasks.ts"
import { take, turnIn } from "../queue/turns.ts"
import { inOneStatement, type Moved } from "./oneStatement.ts"
import { together } from "./together.ts"

/** The columns that a transition may set. JSON is text already. @public */
export interface Changes {
  readonly state?: string
  readonly tries?: number
  readonly attempt?: string | null
  readonly intent?: string | null
  readonly ref?: string | null
  readonly poller?: string | null
  readonly error?: string | null
  readonly saved?: string | null
  readonly cancel?: string | null
  readonly digest?: string
  readonly request?: string
  readonly account?: string
}

/** A transition. @public */
export interface Move {
  readonly set: Changes
  /** Which row may be changed: all must hold. Its key and step always count. */
  readonly where?: {
    readonly state?: ReadonlyArray<string>
    readonly attempt?: string | null
    readonly anyStep?: boolean
    readonly expired?: boolean
  }
  /** Whether callers see another state. */
  readonly isChange?: boolean
  readonly ends?: boolean
  /** Whether the task that led here goes on: the step stays its own. */
  readonly keepsStep?: boolean
  /** How long an intent is leased from now. Milliseconds. `null`: there is none any more. */
  readonly leased?: number | null
  readonly next?: Next | undefined
  /** One more task, if the row says that somebody wants it cancelled. */
  readonly ifCancelled?: Next
  /** The id of the task that led here: it is done with the same transaction. */
  readonly done?: string | undefined
  /** Whether it can be done again at no cost but time, as a poll can: a power cut may take it back, and its commit waits for no disk. */
  readonly canRepeat?: boolean
}

/** The longest history of a row. */
const longest = 50

const guarded = <A, E extends { readonly message: string }, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, DatabaseFailed, R> =>
  Effect.mapError(work, (cause) => new DatabaseFailed({ detail: cause.message, cause }))

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* migrated
  const queues = yield* PersistedQueue.PersistedQueueFactory
  const tasks = yield* Tasks
  const now = nowOf(sql)
  const isPg = sql.onDialectOrElse({ pg: () => true, orElse: () => false })

  const offer = (place: Place, task: Task, delay: number, id?: string) =>
    Effect.provideService(put(place, task, delay, id), PersistedQueue.PersistedQueueFactory, queues)

  /** Puts a submission where it is its batch's turn. */
  const offerInTurn = Effect.fnUntraced(function* (place: Place, key: string, step: number, batch: string | undefined) {
    const queue = queueName(place, "submit")
    const own = yield* turnIn(sql, queue, batch)
    yield* offer(place, { key, do: "submit", step }, 0, own.id)
    yield* take(sql, queue, own)
  })

  const found = together((keys) => sql<Record<string, unknown>>`SELECT *, ${now} AS now FROM reelay_job WHERE ${sql.in("key", keys)}`)

  const find = (key: string): Effect.Effect<Row | Unreadable | undefined, DatabaseFailed> =>
    Effect.flatMap(guarded(found(key)), (raw) => (raw === undefined ? Effect.undefined : read(raw)))

  const notify = (key: string) => (isPg ? Effect.asVoid(sql`SELECT pg_notify(${channel}, ${key})`) : Effect.void)

  const finish = (id: string | undefined) =>
    id === undefined ? Effect.void : Effect.asVoid(sql`DELETE FROM ${sql(queueTable)} WHERE id = ${id}`)

  /** Applies a transition in one transaction with its tasks. `undefined`: the row was not as it was read, and nothing was changed. */
  const move = (
    row: Row,
    { canRepeat = false, done, ends = false, ifCancelled, isChange = true, keepsStep = false, leased, next, set, where = {} }: Move
  ) => {
    const state = set.state ?? row.state
    const history = state === row.state ? row.history : [...row.history, { state, at: row.now }].slice(-longest)
    const columns = { ...set, history: encode.history(history) }
    const holds = [
      sql`key = ${row.key}`,
      ...(where.anyStep === true ? [] : [sql`step = ${row.step}`]),
      ...(where.state === undefined ? [] : [sql.in("state", where.state)]),
      ...(where.attempt === undefined ? [] : [where.attempt === null ? sql`attempt IS NULL` : sql`attempt = ${where.attempt}`]),
      ...(where.expired === true ? [sql`intent_until <= ${now}`] : [])
    ]
    const until = leased === undefined ? sql`intent_until` : leased === null ? sql`NULL` : sql`${now} + ${leased}`
    const update = sql<Moved>`
      UPDATE reelay_job SET ${sql.update(columns)}, step = step + ${keepsStep ? 0 : 1}, revision = revision + ${isChange ? 1 : 0},
        intent_until = ${until}, updated = ${now}, ended = ${ends ? now : sql`NULL`}
      WHERE ${sql.and(holds)} RETURNING key, step, cancel`
    // A person or a program that submits a job again stands in line like a new one.
    const isInTurn = next?.do === "submit" && next.delay === 0
    const rows =
      isPg && !isInTurn
        ? inOneStatement(sql, { update, next, ifCancelled, done, isChange, canRepeat })
        : sql.withTransaction(
            Effect.tap(update, ([changed]) =>
              Effect.gen(function* () {
                if (changed === undefined) return
                const step = Number(changed.step)
                if (isInTurn) yield* offerInTurn(next.place, row.key, step, row.batch ?? undefined)
                for (const each of [isInTurn ? undefined : next, changed.cancel === "Requested" ? ifCancelled : undefined]) {
                  if (each !== undefined) yield* offer(each.place, { key: row.key, do: each.do, step }, each.delay)
                }
                yield* finish(done)
                if (isChange) yield* notify(row.key)
              })
            )
          )
    return guarded(
      Effect.map(rows, ([changed]) => (changed === undefined ? undefined : { step: Number(changed.step), cancel: changed.cancel, history }))
    )
  }

  /** Puts the same task again: it is too early for it. */
  const postpone = (place: Place, task: Task, delay: number, done: string) =>
    guarded(sql.withTransaction(Effect.andThen(offer(place, task, delay), finish(done))))

  /** A new row, with its first task. `false`: the key has one. */
  const create = (row: NewRow, next: Next) =>
    guarded(
      sql.withTransaction(
        Effect.gen(function* () {
          const made = yield* sql<{ readonly key: string }>`
            INSERT INTO reelay_job (key, version, step, revision, batch, provider, account, digest, request, state, tries, attempt, ref, history, created, updated)
            VALUES (${row.key}, ${rowVersion}, 0, 0, ${row.batch ?? null}, ${row.provider}, ${row.account}, ${row.digest}, ${row.request}, ${row.state},
              0, ${row.attempt ?? null}, ${row.ref ?? null}, ${encode.history([{ state: row.state, at: row.at }])}, ${now}, ${now})
            ON CONFLICT (key) DO NOTHING RETURNING key`
          if (made.length === 0) return false
          if (next.do === "submit") yield* offerInTurn(next.place, row.key, 0, row.batch)
          else yield* offer(next.place, { key: row.key, do: next.do, step: 0 }, next.delay)
          return true
        })
      )
    )

  return {
    sql,
    now,
    tasks,
    guarded,
    find,
    move,
    postpone,
    create,
    offer,
    notify,
    time: guarded(Effect.map(sql<{ readonly now: number | bigint | string }>`SELECT ${now} AS now`, ([row]) => Number(row?.now))),
    /** The row, if it can be read. */
    readable: (key: string) => Effect.map(find(key), (row) => (row !== undefined && isReadable(row) ? row : undefined))
  }
})

/** A row before its first step. @public */
export interface NewRow {
  readonly key: string
  readonly batch?: string | undefined
  readonly provider: string
  readonly account: string
  readonly digest: string
  readonly request: string | null
  readonly state: "Waiting" | "Submitted"
  readonly attempt?: string | undefined
  readonly ref?: string | undefined
  readonly at: number
}

export class Jobs extends Context.Service<Jobs, Effect.Success<typeof make>>()("@reelay/durable/Jobs") {}

export const layer = Layer.effect(Jobs, make)
