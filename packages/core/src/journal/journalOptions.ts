/** The options of a journal over a store, and their check, apart from the journal itself: a page loads that with the first job. */
import type * as Effect from "effect/Effect"
import type * as KeyValueStore from "effect/persistence/KeyValueStore"
import type { JournalFailed } from "../job/JobError.ts"
import { callback, demand, type Rule, type Rules } from "../request/optionRules.ts"

/**
 * The claims on entries, so that a job is followed once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Claims {
  /** `false`: a living process holds it. */
  readonly acquire: (id: string) => Effect.Effect<boolean, JournalFailed>
  readonly release: (id: string) => Effect.Effect<void>
}

/** @category models */
export interface Options {
  /** The prefix of Reelay's keys in a shared store. Default: `reelay/job/`. */
  readonly prefix?: string | undefined
  /**
   * Default: claims within one process. Other processes or machines on the same store then follow the same jobs, which costs polls; and two
   * that submit under the same key at the same time **both submit it, and pay twice**, unless there is `create`. Pass claims that all of them
   * share: `lockClaims()` for the tabs of a browser; `FileJournal` of `@reelay/node` has its own for processes.
   */
  readonly claims?: Claims | undefined
  /**
   * Sets a value if there is none, atomically; `false`: there was one. `INSERT ... ON CONFLICT DO NOTHING` and an exclusive link do this: two
   * processes then can't both create an entry, with or without claims. Default: a read and a write, which is atomic within one process only.
   */
  readonly create?: ((key: string, value: string) => Effect.Effect<boolean, KeyValueStore.KeyValueStoreError>) | undefined
}

const claims: Rule = (value) =>
  typeof value === "object" && value !== null && "acquire" in value && "release" in value ? undefined : "must have acquire and release"

const rules: Rules<Options> = {
  // Empty: a store of the journal's own.
  prefix: (value) => (typeof value === "string" ? undefined : "must be a text"),
  claims,
  create: callback
}

/** Throws a `RangeError` for options that can't be. */
export const demandOptions = (options: unknown): void => demand("KeyValueJournal", options, rules)

/** The same for a journal that has its own `create`. */
export const demandSqlOptions = (options: unknown): void =>
  demand("KeyValueJournal", options, {
    prefix: rules.prefix,
    claims,
    table: (value) => (typeof value === "string" && value !== "" ? undefined : "must be a text that isn't empty")
  })
