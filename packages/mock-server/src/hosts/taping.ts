/**
 * `reelay-mock record` and `reelay-mock replay`: a recorder that writes to a file, and a player that reads it, each on a port.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Provider } from "../provider/Provider.ts"
import * as Recording from "./Recording.ts"
import { type Deliver, open, type Opened } from "./socket.ts"

export interface Place {
  readonly port: number
  readonly host: string
  /** Is told each request that was answered. */
  readonly onAnswer: (method: string, path: string, status: number) => void
}

export interface RecordSettings extends Place {
  readonly provider: Provider
  readonly upstream: string
  readonly out: string
  /** A file that is there already is written over. */
  readonly force: boolean
  /** Files' bytes are kept too, beside `out`. */
  readonly files: boolean
  /** Is told what could not be written. */
  readonly onFailure: (message: string) => void
}

/** A port that can't be had; `cause` is Node's error. */
export class Unopened extends Data.TaggedError("Unopened")<{ readonly cause: unknown }> {}

/** Where the bytes of a recording's files are. */
const filesOf = (out: string): string => `${out}.files`

const textOf = (recording: Recording.Recording): string => `${JSON.stringify(recording, undefined, 2)}\n`

const codeOf = (cause: unknown): unknown => (cause instanceof Error && "code" in cause ? cause.code : undefined)

const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const opened = ({ host, onAnswer, port }: Place, handle: Recording.Player["handle"]): Effect.Effect<Opened, Unopened, Scope.Scope> => {
  const deliver: Deliver = async (request) => {
    const response = await handle(request)
    const { status } = response
    onAnswer(request.method, new URL(request.url).pathname, status)
    const bytes = new Uint8Array(await response.arrayBuffer())
    return { answer: { status, headers: Object.fromEntries(response.headers), body: bytes.byteLength === 0 ? undefined : bytes } }
  }
  const start = Effect.tryPromise({ try: () => open(deliver, port, host), catch: (cause) => new Unopened({ cause }) })
  return Effect.acquireRelease(start, ({ close }) => Effect.promise(close))
}

/** Makes the file, unless it is there. */
const claimed = (out: string, text: string): Effect.Effect<void, Recording.Refused> =>
  Effect.tryPromise({
    // The owner's alone: ids and prompts are in it.
    try: () => writeFile(out, text, { flag: "wx", mode: 0o600 }),
    catch: (cause) =>
      new Recording.Refused({
        message:
          codeOf(cause) === "EEXIST"
            ? `${out} is there already: choose another name, or write over it with --force.`
            : `${out} could not be written: ${wordsOf(cause)}`
      })
  })

/** Writes a file whole or not at all. */
const write = async (out: string, text: string): Promise<void> => {
  await writeFile(`${out}.part`, text, { mode: 0o600 })
  await rename(`${out}.part`, out)
}

const writeFiles = async (out: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> => {
  if (files.size > 0) await mkdir(filesOf(out), { recursive: true, mode: 0o700 })
  for (const [name, bytes] of files) await writeFile(join(filesOf(out), name), bytes, { mode: 0o600 })
}

/** Records until its scope is closed. Nothing is forwarded before the file is there. */
export const record = Effect.fnUntraced(function* (
  settings: RecordSettings
): Effect.fn.Return<Opened, Recording.Refused | Unopened, Scope.Scope> {
  const { files, force, onFailure, out, provider, upstream } = settings
  const clock = yield* Clock.Clock
  // One after the other, in the order of the exchanges.
  let last: Promise<void> = Promise.resolve()
  const recorder = yield* Effect.fromResult(
    Recording.recorder({
      provider,
      upstream,
      now: () => clock.currentTimeMillisUnsafe(),
      onExchange: (recording, bytes) => {
        const before = last
        const next = async (): Promise<void> => {
          await before
          try {
            if (files) await writeFiles(out, bytes)
            await write(out, textOf(recording))
          } catch (cause) {
            onFailure(`${out} could not be written: ${wordsOf(cause)}. The answer was passed on.`)
          }
        }
        last = next()
        return last
      }
    })
  )
  if (!force) yield* claimed(out, textOf(recorder.recording))
  const unclaim = force ? Effect.void : Effect.promise(() => rm(out, { force: true }))
  return yield* opened(settings, recorder.handle).pipe(Effect.tapError(() => unclaim))
})

export interface ReplaySettings extends Place {
  readonly file: string
}

/** Replays until its scope is closed. */
export const replay = Effect.fnUntraced(function* (
  settings: ReplaySettings
): Effect.fn.Return<Opened, Recording.Refused | Unopened, Scope.Scope> {
  const { file } = settings
  const unreadable = (why: string) => new Recording.Refused({ message: `${file} could not be read: ${why}` })
  const json = yield* Effect.tryPromise({
    try: async (): Promise<unknown> => JSON.parse(await readFile(file, "utf8")),
    catch: (cause) => unreadable(wordsOf(cause))
  })
  const recording = Recording.fromJson(json)
  if (Result.isFailure(recording)) return yield* unreadable(recording.failure.message)
  const bytesOf = async (sha256: string): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    try {
      return Uint8Array.from(await readFile(join(filesOf(file), sha256)))
    } catch {
      return undefined
    }
  }
  return yield* opened(settings, Recording.player(recording.success, { bytesOf }).handle)
})
