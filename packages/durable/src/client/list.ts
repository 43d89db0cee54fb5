/** Which jobs there are. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { DatabaseFailed } from "../job/DurableError.ts"
import type { StateName, Status } from "../job/DurableState.ts"
import { read } from "../job/Row.ts"
import { statusOf } from "../job/status.ts"
import { Jobs } from "../store/Jobs.ts"

/** @category models */
export interface Filter {
  readonly state?: StateName | undefined
  readonly batch?: string | undefined
  /** Only keys after this one, in the order of their text. */
  readonly after?: string | undefined
}

const pageSize = 500

/** In the order of their keys, a page at a time. */
export const list = ({ after = "", batch, state }: Filter = {}): Stream.Stream<Status, DatabaseFailed, Jobs> =>
  Stream.paginate(after, (from) =>
    Effect.gen(function* () {
      const jobs = yield* Jobs
      const { now, sql } = jobs
      const holds = [
        sql`key > ${from}`,
        ...(state === undefined ? [] : [sql`state = ${state}`]),
        ...(batch === undefined ? [] : [sql`batch = ${batch}`])
      ]
      const raw = yield* jobs.guarded(
        sql<Record<string, unknown>>`SELECT *, ${now} AS now FROM reelay_job WHERE ${sql.and(holds)} ORDER BY key LIMIT ${pageSize}`
      )
      const all = yield* Effect.forEach(raw, (each) => Effect.map(read(each), statusOf))
      const last = all.at(-1)
      return [all, all.length < pageSize || last === undefined ? Option.none() : Option.some(last.key)] as const
    })
  )
