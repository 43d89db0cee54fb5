/**
 * The journal on effect's `KeyValueStore`: memory, browser storage, SQL, or your own store.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { excerpt, parseJson } from "../base/Text.ts"
import { JournalFailed } from "../job/JobError.ts"
import { fromUri, jobKey } from "../job/JobRef.ts"
import { JobRef } from "../job/JobStateSchema.ts"
import { type Damaged, type Entry, isOpen, Journal, refOf, type Tombstone } from "./Journal.ts"
import { type Claims, demandOptions, demandSqlOptions, type Options } from "./journalOptions.ts"

export type {
  /** @category models */
  Claims,
  /** @category models */
  Options
} from "./journalOptions.ts"

const ends = ["Saved", "Succeeded", "Failed", "Expired", "Cancelled"] as const

const Fate = Schema.Union([
  Schema.TaggedStruct("Intent", {}),
  Schema.TaggedStruct("Unknown", { detail: Schema.String }),
  Schema.TaggedStruct("Accepted", { ref: JobRef }),
  Schema.TaggedStruct("Closed", {
    ref: JobRef,
    end: Schema.Literals(ends),
    at: Schema.Finite
  })
])

const common = {
  id: Schema.NonEmptyString,
  provider: Schema.NonEmptyString,
  kind: JobRef.fields.kind,
  baseUrl: JobRef.fields.baseUrl,
  account: Schema.String,
  digest: Schema.String,
  at: Schema.Finite,
  batch: Schema.optional(Schema.String),
  key: Schema.optional(Schema.String),
  attempt: Schema.optional(Schema.String)
}

/**
 * Schema for a stored entry, without its version.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Written = Schema.TaggedStruct("Entry", {
  ...common,
  label: Schema.optional(Schema.String),
  saveTo: Schema.optional(Schema.String),
  fate: Fate
})

const Buried = Schema.TaggedStruct("Tombstone", {
  ...common,
  outcome: Schema.Literals(["Unknown", "Accepted", ...ends]),
  ref: Schema.optional(JobRef)
})

/** Version 1 had neither attempts nor tombstones; the rest is the same. */
const versions: ReadonlySet<unknown> = new Set([1, 2])
const version = 2

/**
 * Writes an entry, or a tombstone, as text.
 *
 * @category converting
 * @since 0.1.0
 */
export const toText = (entry: Entry | Tombstone): string => `${JSON.stringify({ v: version, ...entry })}\n`

const decode = Schema.decodeUnknownResult(Schema.Union([Written, Buried]))

/**
 * Reads what `toText` wrote, in any version so far. Total: any text gives an entry, a tombstone, or a message about what is wrong with it.
 *
 * The oldest form is a bare reference, from before there was a journal.
 *
 * @category converting
 * @since 0.1.0
 */
export const fromText = (id: string, text: string): Entry | Tombstone | Damaged => {
  const damaged = (detail: string): Damaged => ({ _tag: "Damaged", id, detail })
  if (text.startsWith("reelay:")) {
    const ref = fromUri(text)
    if (typeof ref === "string") return damaged(`holds a reference that ${ref}`)
    const { account = "", baseUrl, kind, provider, submittedAt: at } = ref
    return { _tag: "Entry", id, provider, kind, baseUrl, account, digest: "", at, fate: { _tag: "Accepted", ref } }
  }
  const json = parseJson(text)
  if (typeof json !== "object" || json === null || !("v" in json))
    return damaged(`is no entry: it is ${text.trim() === "" ? "empty" : "cut or foreign"}`)
  if (!versions.has(json.v))
    return damaged(
      `has version ${excerpt(String(json.v))}; this Reelay reads versions up to ${version}: use the one that wrote it, or a newer one`
    )
  const read = decode(json)
  if (read._tag === "Failure") return damaged(`does not have the form of an entry (${excerpt(String(read.failure))})`)
  return read.success.id === id ? read.success : damaged(`says that it is the entry ${excerpt(read.success.id)}`)
}

const unwritable = (error: KeyValueStore.KeyValueStoreError): JournalFailed =>
  new JournalFailed({ detail: `the journal can't be written (${said(error)})` })

/**
 * Makes a journal over a store. A value must be durable when the store's `set` returns.
 *
 * This, `layer`, `layerSql` and `inStorage` throw `RangeError` for an option that is not known or not what it must be.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (store: KeyValueStore.KeyValueStore, options: Options = {}): Journal["Service"] => {
  demandOptions(options)
  const { claims = claimsInProcess(), prefix = "reelay/job/" } = options
  const create =
    options.create ??
    ((key, value) =>
      Effect.flatMap(store.get(key), (there) => (there === undefined ? Effect.as(store.set(key, value), true) : Effect.succeed(false))))
  const open = new Map<string, Entry>()
  const noted = (entry: Entry): void => {
    const ref = refOf(entry)
    if (ref === undefined) return
    if (isOpen(entry)) open.set(jobKey(ref), entry)
    else open.delete(jobKey(ref))
  }
  const forgotten = (id: string): void => {
    for (const [key, entry] of open) if (entry.id === id) open.delete(key)
  }
  const read = (id: string): Effect.Effect<Entry | Tombstone | Damaged | undefined> =>
    Effect.match(store.get(`${prefix}${id}`), {
      onSuccess: (text) => (text === undefined ? undefined : fromText(id, text)),
      onFailure: (error): Damaged => ({ _tag: "Damaged", id, detail: `can't be read (${said(error)})` })
    })
  const set = (kept: Entry | Tombstone): Effect.Effect<void, JournalFailed> =>
    Effect.mapError(store.set(`${prefix}${kept.id}`, toText(kept)), unwritable)
  const remove = (id: string): Effect.Effect<void, JournalFailed> =>
    store.remove(`${prefix}${id}`).pipe(
      Effect.mapError((error) => new JournalFailed({ detail: `the journal's entry ${id} can't be removed (${said(error)})` })),
      Effect.tap(() => Effect.sync(() => forgotten(id)))
    )
  const ids: Effect.Effect<ReadonlyArray<string>, JournalFailed> = Effect.mapBoth(store.keys, {
    onSuccess: (keys) => keys.flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : [])),
    onFailure: (error) => new JournalFailed({ detail: `the journal can't be read (${said(error)})` })
  })
  const all: Effect.Effect<ReadonlyArray<Entry | Tombstone | Damaged>, JournalFailed> = Effect.flatMap(ids, (found) =>
    Effect.forEach(found, read, { concurrency: 16 })
  ).pipe(
    // The process that closed an entry may have removed it meanwhile.
    Effect.map((found) => found.filter((each) => each !== undefined).toSorted((one, other) => ageOf(one) - ageOf(other)))
  )
  return Journal.of({
    write: (entry) => Effect.tap(set(entry), () => Effect.sync(() => noted(entry))),
    create: (entry) =>
      create(`${prefix}${entry.id}`, toText(entry)).pipe(
        Effect.mapError(unwritable),
        Effect.tap((created) => Effect.sync(() => void (created && noted(entry))))
      ),
    swap: Effect.fnUntraced(function* (id, attempt, to) {
      // An entry that can't be read now may be ours, so it must not count as absent.
      const text = yield* Effect.mapError(
        store.get(`${prefix}${id}`),
        (error) => new JournalFailed({ detail: `the journal's entry ${id} can't be read (${said(error)})` })
      )
      const there = text === undefined ? undefined : fromText(id, text)
      if (there === undefined || there._tag === "Damaged" || there.attempt !== attempt) return false
      if (to === undefined) yield* remove(id)
      else yield* set(to)
      forgotten(id)
      if (to?._tag === "Entry") noted(to)
      return true
    }),
    remove: (id) => Effect.andThen(remove(id), claims.release(id)),
    read,
    entries: Effect.map(all, (found) => found.filter((each) => each._tag !== "Tombstone")),
    all,
    ids,
    claim: claims.acquire,
    release: claims.release,
    open: (ref) => open.get(jobKey(ref)),
    learn: noted
  })
}

/**
 * Layer for the journal on the `KeyValueStore` in the context.
 *
 * **Example** (In a browser: jobs survive a reload)
 *
 * ```ts
 * import { KeyValueJournal } from "@reelay/core"
 * import * as Layer from "effect/Layer"
 * import * as KeyValueStore from "effect/persistence/KeyValueStore"
 *
 * export const journal = (storage: Storage) =>
 *   KeyValueJournal.layer().pipe(Layer.provide(KeyValueStore.layerStorage(() => storage)))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<Journal, never, KeyValueStore.KeyValueStore> => {
  demandOptions(options)
  return Layer.effect(
    Journal,
    Effect.map(KeyValueStore.KeyValueStore, (store) => make(store, options))
  )
}

/**
 * Layer for the journal in any SQL database that effect's `SqlClient` supports. An entry is created by an insert that fails if it exists,
 * so two processes or machines can't both submit one key.
 *
 * `table`: its table, which is created if missing. Default: `reelay_jobs`.
 *
 * **Example** (Workers that share one database)
 *
 * ```ts
 * import { KeyValueJournal } from "@reelay/core"
 * import * as Layer from "effect/Layer"
 * import type * as SqlClient from "effect/sql/SqlClient"
 *
 * export const journal = (database: Layer.Layer<SqlClient.SqlClient>) => KeyValueJournal.layerSql().pipe(Layer.provide(database))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerSql = (
  given: Omit<Options, "create"> & { readonly table?: string | undefined } = {}
): Layer.Layer<Journal, never, SqlClient.SqlClient> => {
  demandSqlOptions(given)
  const { table = "reelay_jobs", ...options } = given
  return Layer.effect(
    Journal,
    Effect.gen(function* () {
      const sql = (yield* SqlClient.SqlClient).withoutTransforms()
      const store = yield* KeyValueStore.KeyValueStore
      const create: Options["create"] = (key, value) =>
        sql`INSERT INTO ${sql(table)} (id, value, value_type) VALUES (${key}, ${new TextEncoder().encode(value)}, ${textType})`.pipe(
          Effect.as(true),
          // Each database has its own error for an existing key; reading the key works on all.
          Effect.catch((cause) =>
            Effect.flatMap(store.get(key), (there) =>
              there === undefined
                ? Effect.fail(new KeyValueStore.KeyValueStoreError({ method: "set", key, message: "the row could not be inserted", cause }))
                : Effect.succeed(false)
            )
          )
        )
      return make(store, { ...options, create })
    })
  ).pipe(Layer.provide(KeyValueStore.layerSql({ table })))
}

/** How effect's `KeyValueStore.layerSql` marks a value that is text. */
const textType = 0

/**
 * Claims that all tabs and workers of one origin share, by the browser's Web Locks: a tab's claims are released when it is closed.
 *
 * @category constructors
 * @since 0.1.0
 */
export const lockClaims = (locks: LockManager = navigator.locks): Claims => {
  const held = new Map<string, () => void>()
  return {
    acquire: (id) =>
      Effect.suspend(() => {
        if (held.has(id)) return Effect.succeed(false)
        return Effect.callback<boolean, JournalFailed>((resume) => {
          // A lock is held until its callback's promise settles.
          const kept = (lock: Lock | null): Promise<void> | undefined => {
            if (lock === null) {
              resume(Effect.succeed(false))
              return undefined
            }
            return new Promise((resolve) => {
              held.set(id, resolve)
              resume(Effect.succeed(true))
            })
          }
          locks.request(`reelay/job/${id}`, { ifAvailable: true }, kept).catch((error: unknown) => {
            resume(Effect.fail(new JournalFailed({ detail: `the journal's entry ${id} can't be claimed (${excerpt(String(error))})` })))
          })
        })
      }).pipe(Effect.uninterruptible),
    release: (id) =>
      Effect.sync(() => {
        held.get(id)?.()
        held.delete(id)
      })
  }
}

/**
 * The journal in a browser's `localStorage` or `sessionStorage`, as a value for `createClient`. Tabs that share it leave each other's jobs alone if
 * the browser has Web Locks.
 *
 * Give a function where the code is also loaded by a server, or where the browser may block storage: it is called when something is read or written.
 * If there is no storage then, or it is full, what needed it fails with `JournalFailed`, and a submission sends nothing.
 *
 * **Example** (A page that finds its jobs again after a reload)
 *
 * ```ts
 * import { createClient, inStorage } from "@reelay/core/promise"
 * import { xai } from "@reelay/providers/xai"
 *
 * export const client = (apiKey: string) => createClient({ provider: xai({ apiKey }), journal: inStorage(() => localStorage) })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const inStorage = (storage: Storage | (() => Storage), options: Options = {}): Journal["Service"] => {
  demandOptions(options)
  return Effect.runSync(
    Effect.provide(
      Effect.map(KeyValueStore.KeyValueStore, (store) =>
        make(store, { ...options, claims: options.claims ?? (hasLocks() ? lockClaims() : claimsInProcess()) })
      ),
      KeyValueStore.layerStorage(() => (typeof storage === "function" ? lazy(storage) : storage))
    )
  )
}

/** Every access may throw: then it is that one which fails. */
const lazy = (given: () => Storage | undefined): Storage => {
  const storage = (): Storage => {
    const found = given()
    if (found === undefined || found === null) throw new Error("there is no storage here")
    return found
  }
  return {
    get length() {
      return storage().length
    },
    clear: () => storage().clear(),
    getItem: (key) => storage().getItem(key),
    key: (index) => storage().key(index),
    removeItem: (key) => storage().removeItem(key),
    setItem: (key, value) => storage().setItem(key, value)
  }
}

/**
 * Layer for a journal that lasts as long as the process: for batches, and for tests.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<Journal> = Layer.provide(layer(), KeyValueStore.layerMemory)

/** Pages without TLS don't have them, nor do old browsers; a simulated one has `null`. */
const hasLocks = (): boolean => {
  const locks: unknown = "navigator" in globalThis ? Reflect.get(navigator, "locks") : undefined
  return typeof locks === "object" && locks !== null
}

/** Entries that this process follows. */
const claimsInProcess = (): Claims => {
  const held = new Set<string>()
  return {
    acquire: (id) =>
      Effect.sync(() => {
        if (held.has(id)) return false
        held.add(id)
        return true
      }),
    release: (id) => Effect.sync(() => void held.delete(id))
  }
}

/** A damaged entry has no time, and comes first. */
const ageOf = (found: Entry | Tombstone | Damaged): number => (found._tag === "Damaged" ? 0 : found.at)

const said = ({ cause, message }: KeyValueStore.KeyValueStoreError): string => excerpt(cause instanceof Error ? cause.message : message)
