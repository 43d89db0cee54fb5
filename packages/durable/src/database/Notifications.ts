/**
 * How a change of one process reaches the others before they poll for it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { SqlError } from "effect/sql/SqlError"

/** The channel: its messages are keys. */
export const channel = "reelay_job"

/** A database that can notify. */
export interface Notifier {
  /** Listens before it returns. The stream fails if the connection is lost. */
  readonly listen: (channel: string) => Effect.Effect<Stream.Stream<string, SqlError>, SqlError, Scope.Scope>
}

/**
 * The database's own notifications. Default: none, changes are polled for.
 *
 * @category services
 * @since 0.1.0
 */
export const Notifications: Context.Reference<Notifier | undefined> = Context.Reference<Notifier | undefined>(
  "@reelay/durable/Notifications",
  { defaultValue: () => undefined }
)
