/** From a handle to a file: what `run` and `attach` have in common. */
import { Artifact, type Job, JobError, type JobState, type Provider } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Stream from "effect/Stream"
import type { ExitCode } from "./ExitCode.ts"
import { Report } from "./Report.ts"
import * as Session from "./Session.ts"

/** The flags for saving a video. */
type Saving = Pick<Artifact.SaveOptions, "allowPrivateAddresses" | "overwrite">

/** Reports each state, saves the video, and returns the exit code. */
export const watch = Effect.fnUntraced(function* (
  provider: Provider.Provider<never>,
  handle: Job.JobHandle,
  out: string | undefined,
  options: Saving
) {
  yield* Stream.runForEach(handle.states, Session.reportState)
  const state = handle.current()
  if (state._tag !== "Succeeded") return 1 satisfies ExitCode
  yield* save(provider, state, out ?? "./", options)
  return 0 satisfies ExitCode
})

/** Saves a video, and reports it. A target that ends in a slash is a folder, in which the video gets a name of its own. */
export const save = Effect.fnUntraced(function* (
  provider: Provider.Provider<never>,
  state: JobState.Succeeded,
  target: string,
  options: Saving
) {
  const report = yield* Report
  const [first] = state.artifacts
  if (first.kind === "delivered") return yield* report.delivered(state.ref, first.url)
  const path = yield* Path.Path
  // The journal keeps the path, and may be read from another folder.
  const at = path.resolve(target)
  const onProgress = (bytes: number, total: number | undefined): void => report.download(state.ref, bytes, total)
  const saveAt = target.endsWith("/") ? Artifact.saveIn : Artifact.save
  const saved = yield* saveAt(provider, state, at, {
    allowPrivateAddresses: options.allowPrivateAddresses,
    overwrite: options.overwrite,
    onProgress
  })
  const shown = path.isAbsolute(target) ? saved.path : path.relative(".", saved.path)
  yield* report.saved(state.ref, { ...saved, path: saved.path === at ? target : shown })
})

/** The target of a video before its job has an id, for the journal: a file, or a folder that ends in a slash. */
export const targetOf = Effect.fnUntraced(function* (out: string | undefined): Effect.fn.Return<string, never, Path.Path> {
  const path = yield* Path.Path
  return out === undefined ? `${path.resolve(".")}/` : path.resolve(out)
})

/** Refuses a path that can't be written, before anything is sent: a paid video needs a place to be saved. */
export const checkTarget = Effect.fnUntraced(function* (
  provider: string,
  operation: JobError.Operation,
  out: string | undefined
): Effect.fn.Return<void, JobError.JobError, FileSystem.FileSystem | Path.Path> {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const refuse = (rule: string) =>
    new JobError.JobError({ reason: new JobError.InvalidRequest({ field: "out", rule }), provider, operation, attempt: 0 })
  if (out !== undefined && (out.trim() === "" || /[\\/]$/u.test(out))) return yield* refuse(`is "${out}", which names no file`)
  const folder = out === undefined ? path.resolve(".") : path.dirname(path.resolve(out))
  if (!(yield* Effect.orElseSucceed(files.exists(folder), () => false)))
    return yield* refuse(`names the folder ${folder}, which does not exist`)
  yield* Effect.mapError(files.access(folder, { writable: true }), () => refuse(`names the folder ${folder}, which can't be written to`))
  const info = out === undefined ? undefined : yield* Effect.orElseSucceed(files.stat(out), () => undefined)
  if (info?.type === "Directory") return yield* refuse(`is a folder, ${out}; name a file in it`)
})
