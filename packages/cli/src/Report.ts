/** What a run tells, and where: JSON lines, a live line, or plain lines. Results on standard output, the rest on standard error. */
import { type Artifact, type JobError, JobRef, type JobState } from "@reelay/core"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Board from "./Board.ts"
import * as Lines from "./Lines.ts"

export class Report extends Context.Service<
  Report,
  {
    readonly state: (state: JobState.JobState) => Effect.Effect<void>
    /** Bytes written so far, and of all where that is known. */
    readonly download: (bytes: number, total: number | undefined) => void
    readonly saved: (saved: Artifact.Saved) => Effect.Effect<void>
    readonly error: (error: JobError.JobError) => Effect.Effect<void>
    readonly interrupted: (ref: JobRef.JobRef | undefined) => Effect.Effect<void>
  }
>()("@reelay/cli/Report") {}

export interface Streams {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Columns of the terminal behind standard error; `undefined` where there is none. */
  readonly columns: () => number | undefined
}

const interruptedText = (ref: JobRef.JobRef | undefined): string =>
  ref === undefined
    ? "Interrupted before a job was made."
    : `Interrupted. The job goes on at ${ref.provider}, and may be billed; this provider documents no way to cancel it.\nAttach again: reelay attach '${JobRef.toUri(ref)}'`

/** Standard output is one JSON object a line, and nothing else. How to come back is told to people on standard error. */
export const json = ({ err, out }: Streams): Report["Service"] => {
  const put = (line: Lines.Line) => Effect.sync(() => out(`${JSON.stringify(line)}\n`))
  return {
    state: (state) => put(Lines.ofState(state)),
    download: () => undefined,
    saved: put,
    error: (error) => put(Lines.ofError(error)),
    interrupted: (ref) =>
      Effect.andThen(
        put(Lines.interrupted(ref)),
        Effect.sync(() => err(`${interruptedText(ref)}\n`))
      )
  }
}

/** Standard error tells each change; standard output says where the file is. */
export const plain = ({ err, out }: Streams): Report["Service"] => {
  const say = (text: string) => Effect.sync(() => err(`${text}\n`))
  return {
    state: (state) => {
      const percent = state._tag === "Running" && state.progress !== undefined ? ` ${Math.floor(state.progress * 100)} %` : ""
      return say(state._tag === "Submitted" ? submittedText(state.ref) : `${Board.describe(state)}${percent}`)
    },
    download: () => undefined,
    saved: (saved) => Effect.sync(() => out(savedText(saved))),
    error: (error) => say(error.message),
    interrupted: (ref) => say(interruptedText(ref))
  }
}

/** As plain lines, with the job's own line drawn in place. */
export const live = Effect.fnUntraced(function* (streams: Streams): Effect.fn.Return<Report["Service"], never, Scope.Scope> {
  const board = Board.make({ columns: () => streams.columns() ?? 80, write: streams.err })
  const since = yield* Clock.currentTimeMillis
  let row: Board.Row | undefined
  const rows = (): ReadonlyArray<Board.Row> => (row === undefined ? [] : [row])
  const paint = Effect.map(Clock.currentTimeMillis, (now) => board.paint(rows(), now))
  const print = (text: string) => Effect.map(Clock.currentTimeMillis, (now) => board.print(text, rows(), now))
  yield* Effect.forkScoped(Effect.repeat(paint, Schedule.spaced("200 millis")))
  yield* Effect.addFinalizer(() => paint)
  return {
    state: (state) => {
      row = {
        ...row,
        label: `${state.ref.provider} ${shortened(state.ref.id)}`,
        state,
        since: row?.since ?? Math.min(since, state.ref.submittedAt)
      }
      return state._tag === "Submitted" ? print(submittedText(state.ref)) : paint
    },
    download: (bytes, total) => {
      if (row !== undefined)
        row = { ...row, words: `saving, ${Math.ceil(bytes / 1024)} KB`, progress: total === undefined ? 1 : bytes / total }
    },
    saved: (saved) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (row !== undefined) row = { ...row, words: "saved", progress: 1, until: now }
        board.paint(rows(), now)
        board.settle()
        row = undefined
        streams.out(savedText(saved))
      }),
    error: (error) => print(error.message),
    interrupted: (ref) => print(interruptedText(ref))
  }
})

const submittedText = (ref: JobRef.JobRef): string => `Submitted ${JobRef.toUri(ref)}`

const savedText = ({ bytes, path, sha256 }: Artifact.Saved): string => `${path}  ${bytes} bytes  sha256 ${sha256}\n`

const shortened = (id: string): string => (id.length <= 13 ? id : `${id.slice(0, 12)}…`)
