/** What one run of the command knows about its job, for when it is stopped. */
import type { JobError, JobRef, JobState } from "@reelay/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Report, type Stopped } from "./Report.ts"

export interface Session {
  ref: JobRef.JobRef | undefined
  /** Whether a POST may be in flight. */
  submitting: boolean
  /** A submission with an unknown outcome, reported after the interruption. */
  unknown: JobError.JobError | undefined
  submitted: boolean
  /** The job succeeded, and only its video is missing. */
  finished: boolean
  /** The journal has the job. */
  remembered: boolean
  provider: string
  /** Whether it watches the jobs of the journal instead of one of its own. */
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

/** What is in progress, for the report of an interruption. */
export const stoppedOf = ({ finished, many, ref, remembered }: Session): Stopped =>
  many ? "many" : ref === undefined ? "before" : { ref, finished, remembered }

export class Current extends Context.Service<Current, Session>()("@reelay/cli/Session") {}

/** Reports a state. `Submitted` is reported once: when the reference is known, possibly after an interruption. */
export const reportState = Effect.fnUntraced(function* (state: JobState.JobState): Effect.fn.Return<void, never, Current | Report> {
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
