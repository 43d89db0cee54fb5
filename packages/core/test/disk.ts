/** A disk in memory: files with their bytes and times, a log, and limited room. */
import * as ByteSize from "effect/ByteSize"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PlatformError from "effect/PlatformError"

interface Entry {
  bytes: Uint8Array
  /** Virtual milliseconds. */
  at: number
}

/** The errors of Node's file system. */
export const refusal = (
  code: string,
  _tag: PlatformError.SystemErrorTag = "Unknown",
  method = "open",
  path = "/x"
): PlatformError.PlatformError =>
  PlatformError.systemError({
    _tag,
    module: "FileSystem",
    method,
    pathOrDescriptor: path,
    cause: Object.assign(new Error(`${code}: refused, ${method} '${path}'`), { code })
  })

/** A path without the part that differs in each run. */
const named = (path: string): string => path.replace(/\.[\da-f]{8}\.part$/u, ".*.part")

/** `fails` is asked before each step: the name of the step, and its path. */
export const disk = (fails: (step: string, path: string) => PlatformError.PlatformError | undefined = () => undefined) => {
  const files = new Map<string, Entry>()
  const log: Array<string> = []
  const step = <A>(name: string, path: string, run: (now: number) => A): Effect.Effect<A, PlatformError.PlatformError> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.suspend(() => {
        const error = fails(name, named(path))
        if (name !== "utimes" && name !== "stat" && name !== "read") log.push(`${name} ${named(path)}`)
        return error === undefined ? Effect.sync(() => run(now)) : Effect.fail(error)
      })
    )
  const found = (path: string, method = "stat") =>
    Effect.suspend(() => {
      const entry = files.get(path)
      return entry === undefined ? Effect.fail(refusal("ENOENT", "NotFound", method, path)) : Effect.succeed(entry)
    })
  const handle = (entry: Entry, path: string): FileSystem.File => {
    let position = 0
    const put = (chunk: Uint8Array, now: number) => {
      const bytes = new Uint8Array(Math.max(entry.bytes.byteLength, position + chunk.byteLength))
      bytes.set(entry.bytes)
      bytes.set(chunk, position)
      position += chunk.byteLength
      Object.assign(entry, { bytes, at: now })
    }
    return {
      [FileSystem.FileTypeId]: FileSystem.FileTypeId,
      stat: Effect.die("unused"),
      seek: () => Effect.die("unused"),
      sync: step("sync", path, () => undefined),
      read: () => Effect.die("unused"),
      readAlloc: (size) =>
        step("read", path, () => {
          const chunk = entry.bytes.slice(position, position + size)
          position += chunk.byteLength
          return chunk.byteLength === 0 ? Option.none() : Option.some(chunk)
        }),
      truncate: (length = 0) =>
        step("truncate", path, () => {
          entry.bytes = entry.bytes.slice(0, length)
          position = Math.min(position, length)
        }),
      write: () => Effect.die("unused"),
      writeAll: (chunk) => step("write", path, (now) => put(chunk, now))
    }
  }
  const layer = FileSystem.layerNoop({
    open: (path, options) =>
      options?.flag === "r"
        ? Effect.map(found(path), (entry) => handle(entry, path))
        : step("open", path, (now) => {
            const entry = { bytes: new Uint8Array(), at: now }
            files.set(path, entry)
            return handle(entry, path)
          }),
    stat: (path) =>
      Effect.map(
        Effect.andThen(
          step("stat", path, () => undefined),
          found(path)
        ),
        ({ at, bytes }) => ({
          type: path.endsWith("folder") ? "Directory" : "File",
          mtime: Option.some(new globalThis.Date(at)),
          atime: Option.none(),
          birthtime: Option.none(),
          dev: 1n,
          ino: Option.none(),
          mode: 0o644,
          nlink: Option.none(),
          uid: Option.none(),
          gid: Option.none(),
          rdev: Option.none(),
          size: ByteSize.bytes(bytes.byteLength),
          blksize: Option.none(),
          blocks: Option.none()
        })
      ),
    utimes: (path, _, at) => Effect.map(found(path), (entry) => void (entry.at = Number(at) * 1000)),
    readFileString: (path) => Effect.map(found(path), ({ bytes }) => new TextDecoder().decode(bytes)),
    writeFileString: (path, text) => step("note", path, (now) => void files.set(path, { bytes: new TextEncoder().encode(text), at: now })),
    rename: (from, to) =>
      Effect.flatMap(found(from, "rename"), (entry) =>
        step("rename", from, () => {
          files.delete(from)
          files.set(to, entry)
        })
      ),
    exists: (path) => Effect.sync(() => files.has(path)),
    link: (from, to) =>
      Effect.flatMap(found(from, "link"), (entry) =>
        Effect.flatMap(
          step("link", from, () => files.has(to)),
          (taken) => (taken ? Effect.fail(refusal("EEXIST", "AlreadyExists", "link", to)) : Effect.sync(() => void files.set(to, entry)))
        )
      ),
    remove: (path) => step("remove", path, () => void files.delete(path))
  })
  return {
    files,
    log,
    layer: layer satisfies Layer.Layer<FileSystem.FileSystem>,
    names: () => [...files.keys()].map(named).toSorted(),
    /** The current content, as a process that is killed now leaves it. */
    copy: () => new Map([...files].map(([name, { at, bytes }]) => [name, { at, bytes: bytes.slice() }] as const))
  }
}
