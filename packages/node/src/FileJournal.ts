/**
 * The journal as files: one per entry, durable when a write returns, shared by any number of processes.
 *
 * @since 0.1.0
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Journal, KeyValueJournal } from "@reelay/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import type * as PlatformError from "effect/PlatformError"
import { join } from "node:path"
import { claimsIn } from "./internal/claims.ts"
import { removeLeft } from "./internal/leftovers.ts"

const failed =
  (method: string, key?: string) =>
  (error: PlatformError.PlatformError): KeyValueStore.KeyValueStoreError =>
    new KeyValueStore.KeyValueStoreError({ method, message: said(error), ...(key === undefined ? {} : { key }) })

/**
 * A `KeyValueStore` over a folder. Each value is written to its own file, synchronised and renamed: if the process or the machine dies,
 * the file has the whole new value or the old one. (effect's own file store writes in place.)
 *
 * Keys become file names: letters, digits, `-` and `_`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeStore = (folder: string, files: FileSystem.FileSystem): KeyValueStore.KeyValueStore => {
  const named = (key: string): string => join(folder, `${key}.json`)
  const keys = Effect.gen(function* () {
    if (!(yield* files.exists(folder))) return []
    return (yield* files.readDirectory(folder)).filter((name) => /^[\w-]+\.json$/u.test(name)).map((name) => name.slice(0, -5))
  }).pipe(Effect.mapError(failed("keys")))
  const remove = (key: string) => Effect.mapError(files.remove(named(key), { force: true }), failed("remove", key))
  const clear = Effect.flatMap(keys, (all) => Effect.forEach(all, remove, { discard: true }))
  return KeyValueStore.makeStringOnly({
    get: (key) =>
      files.readFileString(named(key)).pipe(
        Effect.catchIf(
          ({ reason }) => reason._tag === "NotFound",
          () => Effect.undefined
        ),
        Effect.mapError(failed("get", key))
      ),
    set: (key, value) =>
      /^[\w-]+$/u.test(key)
        ? Effect.mapError(
            written(folder, files, key, value, (part) => files.rename(part, named(key))),
            failed("set", key)
          )
        : Effect.fail(new KeyValueStore.KeyValueStoreError({ method: "set", key, message: `${key} can't be a file name` })),
    remove,
    clear,
    size: Effect.map(keys, (all) => all.length),
    keys
  })
}

/** Writes a temporary file, synchronises it, and lets `place` give it its name. */
const written = <A>(
  folder: string,
  files: FileSystem.FileSystem,
  key: string,
  value: string,
  place: (part: string) => Effect.Effect<A, PlatformError.PlatformError>
): Effect.Effect<A, PlatformError.PlatformError> =>
  Effect.gen(function* () {
    yield* files.makeDirectory(folder, { recursive: true, mode: 0o700 })
    const part = join(folder, `.${key}.${globalThis.crypto.randomUUID()}.part`)
    const whole = Effect.scoped(
      Effect.gen(function* () {
        const file = yield* files.open(part, { flag: "wx", mode: 0o600 })
        yield* file.writeAll(new TextEncoder().encode(value))
        yield* file.sync
      })
    )
    const placed = yield* Effect.onError(Effect.andThen(whole, place(part)), () => Effect.ignore(files.remove(part, { force: true })))
    yield* synchronised(files, folder)
    return placed
  }).pipe(Effect.uninterruptible)

/** Writes a file if none has its name. The link is created atomically, by the first process only. */
const createIn =
  (folder: string, files: FileSystem.FileSystem) =>
  (key: string, value: string): Effect.Effect<boolean, KeyValueStore.KeyValueStoreError> =>
    written(folder, files, key, value, (part) =>
      files.link(part, join(folder, `${key}.json`)).pipe(
        Effect.as(true),
        Effect.catchIf(
          ({ reason }) => reason._tag === "AlreadyExists",
          () => Effect.succeed(false)
        ),
        // The name is taken, by this file or another: if the temporary file can't be removed now, it is removed later.
        Effect.tap(() => Effect.ignore(files.remove(part, { force: true })))
      )
    ).pipe(Effect.mapError(failed("set", key)))

/** A new name is durable once its folder is synchronised. Windows can't do that, and needn't. */
const synchronised = (files: FileSystem.FileSystem, folder: string): Effect.Effect<void> =>
  Effect.ignore(Effect.scoped(Effect.flatMap(files.open(folder, { flag: "r" }), (file) => file.sync)))

/**
 * Makes a journal over a folder. The folder is created with the first entry, readable by its owner only.
 *
 * Make one per folder and process, and share it: two would treat each other as another process. The file system must support hard links.
 *
 * Several processes may share the folder: an entry that a living process holds is left to it. A dead process is recognised at once on the
 * same machine; on another machine (a network folder) after a minute of silence. What killed processes left more than an hour ago is
 * removed when the entries are read.
 *
 * Throws `RangeError` if the folder is not a text, as an unset variable is not.
 *
 * **Example** (Jobs that survive a restart, without Effect)
 *
 * ```ts
 * import { createClient, FileJournal } from "@reelay/node"
 * import { xai } from "@reelay/providers/xai"
 *
 * export const resume = async (apiKey: string, folder: string) => {
 *   const client = createClient({ provider: xai({ apiKey }), journal: FileJournal.make(folder) })
 *   for await (const event of client.resumeAll()) console.log(event._tag)
 * }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (folder: string): Journal.Journal["Service"] => {
  demandFolder(folder)
  return Effect.runSync(Effect.provide(over(folder), NodeFileSystem.layer))
}

/** An unset variable is no folder, and its text neither. */
const demandFolder = (folder: unknown): void => {
  if (typeof folder !== "string" || folder.trim() === "") throw new RangeError("FileJournal: folder must be a text that isn't empty")
}

const over = (folder: string): Effect.Effect<Journal.Journal["Service"], never, FileSystem.FileSystem> =>
  Effect.map(FileSystem.FileSystem, (files) => {
    const claims = claimsIn(join(folder, "claims"))
    const journal = KeyValueJournal.make(makeStore(folder, files), { prefix: "", claims, create: createIn(folder, files) })
    const tidied = Effect.fnUntraced(function* (all: ReadonlyArray<Journal.Entry | Journal.Damaged>) {
      const now = yield* Clock.currentTimeMillis
      const closed = new Set(all.flatMap((entry) => (entry._tag === "Entry" && !Journal.isOpen(entry) ? [entry.id] : [])))
      yield* Effect.tryPromise(() => removeLeft(folder, now, (name) => /^\.[\w-]+\.[\da-f-]{36}\.part$/u.test(name)))
      yield* Effect.tryPromise(() => claims.tidy(now, (id) => closed.has(id)))
    })
    return { ...journal, entries: Effect.tap(journal.entries, (all) => Effect.ignore(tidied(all))) }
  })

/**
 * Layer for the journal over a folder.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (folder: string): Layer.Layer<Journal.Journal, never, FileSystem.FileSystem> => {
  demandFolder(folder)
  return Layer.effect(Journal.Journal, over(folder))
}

const said = ({ reason }: PlatformError.PlatformError): string =>
  "cause" in reason && reason.cause instanceof Error ? reason.cause.message : (reason.description ?? reason._tag)
