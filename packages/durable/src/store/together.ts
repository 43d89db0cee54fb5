/** Asks for what several tasks need at the same moment in one statement: tasks come from their queue in batches. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Request from "effect/Request"
import * as RequestResolver from "effect/RequestResolver"
import type { SqlError } from "effect/sql/SqlError"

type Raw = Readonly<Record<string, unknown>>

interface Wanted extends Request.Request<Raw | undefined, SqlError> {
  readonly _tag: "Wanted"
  readonly key: string
}
const Wanted = Request.tagged<Wanted>("Wanted")

/** The most keys of one statement. */
const most = 100

export const together = (
  rowsOf: (keys: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Raw>, SqlError>
): ((key: string) => Effect.Effect<Raw | undefined, SqlError>) => {
  const resolver = RequestResolver.make<Wanted>((entries) =>
    Effect.map(rowsOf([...new Set(entries.map(({ request }) => request.key))]), (rows) => {
      const byKey = new Map(rows.map((row) => [row["key"], row]))
      for (const entry of entries) entry.completeUnsafe(Exit.succeed(byKey.get(entry.request.key)))
    })
  ).pipe(RequestResolver.batchN(most))
  return (key) => Effect.request(Wanted({ key }), resolver)
}
