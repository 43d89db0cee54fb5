/** What a run reports, and where: JSON lines, a live line, or plain lines. Results on standard output, the rest on standard error. */
import { type Artifact, type JobError, JobRef, JobState } from "@reelay/core"
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
    /** Bytes written so far, and in total if that is known. */
    readonly download: (ref: JobRef.JobRef, bytes: number, total: number | undefined) => void
    readonly saved: (ref: JobRef.JobRef, saved: Artifact.Saved) => Effect.Effect<void>
    /** There is nothing to download: the provider has put the video at this place itself. */
    readonly delivered: (ref: JobRef.JobRef, to: string) => Effect.Effect<void>
    readonly error: (error: JobError.JobError) => Effect.Effect<void>
    /** A skipped entry of the journal, and why. */
    readonly skipped: (line: Lines.Skipped) => Effect.Effect<void>
    readonly interrupted: (stopped: Stopped) => Effect.Effect<void>
  }
>()("@reelay/cli/Report") {}

/** What was in progress when the command was stopped: no job yet, the journal's jobs, or one job. */
export type Stopped =
  | "before"
  | "many"
  | {
      readonly ref: JobRef.JobRef
      /** The job succeeded, and only its video was still downloading. */
      readonly finished: boolean
      /** The journal has it. */
      readonly remembered: boolean
    }

export interface Streams {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Columns of the terminal behind standard error; `undefined` if there is none. */
  readonly columns: () => number | undefined
}

const interruptedText = (stopped: Stopped): string => {
  switch (stopped) {
    case "before":
      return "Interrupted before a job was made."
    case "many":
      return "Interrupted. Unfinished jobs continue at their providers, and may be billed.\nResume them: reelay resume"
    default: {
      const { finished, ref, remembered } = stopped
      const truth = finished
        ? `The job at ${ref.provider} has ended, and only its video is missing.`
        : `The job continues at ${ref.provider}, and may be billed; this provider documents no way to cancel it.`
      const again = Lines.attachCommand(JobRef.toUri(ref))
      return `Interrupted. ${truth}\n${remembered ? `Resume it: reelay resume, or ${again}` : `Attach again: ${again}`}`
    }
  }
}

const skippedText = (line: Lines.Skipped): string => {
  switch (line._tag) {
    case "Leased":
      return `${line.entry} is followed by another process.`
    case "Damaged":
      return `${line.entry} in the journal ${line.detail}. The other jobs continue.`
  }
}

/** Standard output is one JSON object per line, and nothing else. Standard error says how to return to an interrupted job. */
export const json = ({ err, out }: Streams): Report["Service"] => {
  const put = (line: Lines.Line) => Effect.sync(() => out(`${JSON.stringify(line)}\n`))
  return {
    state: (state) => put(Lines.ofState(state)),
    download: () => undefined,
    saved: (ref, saved) => put(Lines.ofSaved(ref, saved)),
    delivered: (ref, to) => put(Lines.ofDelivered(ref, to)),
    error: (error) => put(Lines.ofError(error)),
    skipped: put,
    interrupted: (stopped) =>
      Effect.andThen(
        put(Lines.interrupted(typeof stopped === "string" ? undefined : stopped.ref)),
        Effect.sync(() => err(`${interruptedText(stopped)}\n`))
      )
  }
}

/** Standard error reports each change; standard output says where the file is. With many jobs, each line names its job. */
export const plain = ({ err, out }: Streams, many = false): Report["Service"] => {
  const say = (text: string) => Effect.sync(() => err(`${text}\n`))
  return {
    state: (state) => {
      const percent = state._tag === "Running" && state.progress !== undefined ? ` ${Math.floor(state.progress * 100)} %` : ""
      const name = many ? `${labelOf(state.ref)}  ` : ""
      return say(state._tag === "Submitted" ? submittedText(state.ref, many) : `${name}${Board.describe(state)}${percent}`)
    },
    download: () => undefined,
    saved: (_, saved) => Effect.sync(() => out(savedText(saved))),
    delivered: (_, to) => Effect.sync(() => out(deliveredText(to))),
    error: (error) => say(Lines.messageOf(error)),
    skipped: (line) => say(skippedText(line)),
    interrupted: (stopped) => say(interruptedText(stopped))
  }
}

/** Like `plain`, with each job's line redrawn in place. */
export const live = Effect.fnUntraced(function* (streams: Streams, many = false): Effect.fn.Return<Report["Service"], never, Scope.Scope> {
  const board = Board.make({ columns: () => streams.columns() ?? 80, write: streams.err })
  const since = yield* Clock.currentTimeMillis
  const rows = new Map<string, Board.Row>()
  const shown = (): ReadonlyArray<Board.Row> => [...rows.values()]
  const change = (ref: JobRef.JobRef, more: Partial<Board.Row>): void => {
    const row = rows.get(JobRef.toUri(ref))
    if (row !== undefined) rows.set(JobRef.toUri(ref), { ...row, ...more })
  }
  const finish = (ref: JobRef.JobRef, text: string, result: string) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      change(ref, { text, progress: 1, until: now })
      board.paint(shown(), now)
      if (many) return
      board.settle()
      rows.clear()
      streams.out(result)
    })
  const paint = Effect.map(Clock.currentTimeMillis, (now) => board.paint(shown(), now))
  const print = (text: string) => Effect.map(Clock.currentTimeMillis, (now) => board.print(text, shown(), now))
  yield* Effect.forkScoped(Effect.repeat(paint, Schedule.spaced("200 millis")))
  yield* Effect.addFinalizer(() => paint)
  return {
    state: (state) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const { ref } = state
        const row = rows.get(JobRef.toUri(ref)) ?? { label: labelOf(ref), state, since: Math.min(since, ref.submittedAt) }
        rows.set(JobRef.toUri(ref), { ...row, state, ...(JobState.isTerminal(state) && state._tag !== "Succeeded" ? { until: now } : {}) })
        return state._tag === "Submitted" && !many ? print(submittedText(ref, many)) : paint
      }),
    download: (ref, bytes, total) =>
      change(ref, { text: `saving, ${Math.ceil(bytes / 1024)} KB`, progress: total === undefined ? 1 : bytes / total }),
    saved: (ref, saved) => finish(ref, many ? `saved ${saved.path}` : "saved", savedText(saved)),
    delivered: (ref, to) => finish(ref, `delivered to ${to}`, deliveredText(to)),
    error: (error) => print(Lines.messageOf(error)),
    skipped: (line) => print(skippedText(line)),
    interrupted: (stopped) => print(interruptedText(stopped))
  }
})

const submittedText = (ref: JobRef.JobRef, many: boolean): string => `${many ? "Following" : "Submitted"} ${JobRef.toUri(ref)}`

const savedText = ({ bytes, path, sha256 }: Artifact.Saved): string => `${path}  ${bytes} bytes  sha256 ${sha256}\n`

const deliveredText = (to: string): string => `delivered to ${to}; there is nothing to download\n`

const labelOf = ({ id, provider }: JobRef.JobRef): string => `${provider} ${id.length <= 13 ? id : `${id.slice(0, 12)}…`}`
