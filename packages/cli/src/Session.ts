/** What one run of the command knows of its job: for the moment at which it is told to stop. */
import type { JobError, JobRef, JobState } from "@reelay/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Report, type Stopped } from "./Report.ts"

export interface Session {
  ref: JobRef.JobRef | undefined
  /** Whether a POST may be on its way. */
  submitting: boolean
  /** A submission whose outcome nobody knows, found out after the interruption. */
  unknown: JobError.JobError | undefined
  submitted: boolean
  /** The job has ended well, and only its video is missing. */
  finished: boolean
  /** The journal knows the job. */
  remembered: boolean
  provider: string
  /** Whether it follows the jobs of the journal, and not one of its own. */
  many: boolean
}

export const make = (): Session => ({
  ref: undefined,
  submitting: false,
  unknown: undefined,
  submitted: false,
  finished: false,
  remembered: false,
  provider: "",
  many: false
})

/** What is under way, to whoever stops it. */
export const stoppedOf = ({ finished, many, ref, remembered }: Session): Stopped =>
  many ? "many" : ref === undefined ? "before" : { ref, finished, remembered }

export class Current extends Context.Service<Current, Session>()("@reelay/cli/Session") {}

/** Reports a state. `Submitted` is reported once: when the reference is known, which may be after an interruption. */
export const tell = Effect.fnUntraced(function* (state: JobState.JobState): Effect.fn.Return<void, never, Current | Report> {
  const session = yield* Current
  const report = yield* Report
  session.ref = state.ref
  session.finished = state._tag === "Succeeded"
  if (state._tag === "Submitted") {
    if (session.submitted) return
    session.submitted = true
  }
  yield* report.state(state)
})
