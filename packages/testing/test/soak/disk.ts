/** A disk that several processes write to: the part of a file system that Artifact.save needs, in memory. A process that has ended writes nothing. */
import * as ByteSize from "effect/ByteSize"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as PlatformError from "effect/PlatformError"

interface Entry {
  bytes: Uint8Array
  /** By the clock of its last writer. */
  at: number
}

export type Disk = ReturnType<typeof disk>

const refusal = (code: string, _tag: PlatformError.SystemErrorTag, method: string, path: string): PlatformError.PlatformError =>
  PlatformError.systemError({ _tag, module: "FileSystem", method, pathOrDescriptor: path, cause: Object.assign(new Error(code), { code }) })

const unused = Effect.die(new Error("no part of saving a video"))

export const disk = () => {
  const files = new Map<string, Entry>()

  const put = (path: string, bytes: Uint8Array, now: number): Entry => {
    const entry = { bytes, at: now }
    files.set(path, entry)
    return entry
  }

  /** The file system as one process sees it. */
  const seenBy = (alive: () => boolean): FileSystem.FileSystem => {
    const step = <A>(method: string, path: string, run: (now: number) => A): Effect.Effect<A, PlatformError.PlatformError> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        alive() ? Effect.sync(() => run(now)) : Effect.fail(refusal("EIO", "Unknown", method, path))
      )
    const found = <A>(method: string, path: string, use: (entry: Entry, now: number) => A): Effect.Effect<A, PlatformError.PlatformError> =>
      Effect.flatMap(
        step(method, path, (now) => ({ entry: files.get(path), now })),
        ({ entry, now }) =>
          entry === undefined ? Effect.fail(refusal("ENOENT", "NotFound", method, path)) : Effect.succeed(use(entry, now))
      )
    const handle = (entry: Entry, path: string): FileSystem.File => {
      let position = 0
      return {
        [FileSystem.FileTypeId]: FileSystem.FileTypeId,
        stat: unused,
        seek: () => unused,
        read: () => unused,
        write: () => unused,
        sync: step("sync", path, () => undefined),
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
        writeAll: (chunk) =>
          step("write", path, (now) => {
            const bytes = new Uint8Array(Math.max(entry.bytes.byteLength, position + chunk.byteLength))
            bytes.set(entry.bytes)
            bytes.set(chunk, position)
            position += chunk.byteLength
            Object.assign(entry, { bytes, at: now })
          })
      }
    }
    return FileSystem.makeNoop({
      open: (path, options) =>
        options?.flag === "r"
          ? found("open", path, (entry) => handle(entry, path))
          : step("open", path, (now) => handle(put(path, new Uint8Array(), now), path)),
      stat: (path) =>
        found("stat", path, ({ at, bytes }) => ({
          type: "File",
          mtime: Option.some(new Date(at)),
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
        })),
      utimes: (path, _, at) => found("utimes", path, (entry) => void (entry.at = Number(at) * 1000)),
      readFileString: (path) => found("readFile", path, ({ bytes }) => new TextDecoder().decode(bytes)),
      writeFileString: (path, text) => step("writeFile", path, (now) => void put(path, new TextEncoder().encode(text), now)),
      rename: (from, to) =>
        found("rename", from, (entry) => {
          files.delete(from)
          files.set(to, entry)
        }),
      remove: (path) => step("remove", path, () => void files.delete(path))
    })
  }
  return { files, seenBy }
}
