/** What a command hands over: its work, and the flags that choose its report. */
import type { JobError, Journal } from "@reelay/core"
import type * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Path from "effect/Path"
import type { ExitCode } from "./ExitCode.ts"
import type { Report } from "./Report.ts"
import type { Current } from "./Session.ts"

/** What the work of a command may use. */
type Needs = HttpClient.HttpClient | FileSystem.FileSystem | Path.Path | Current | Report | Journal.Journal

/** How a command runs, by its flags. */
interface How {
  readonly json: boolean
  /** Whether jobs are recorded. Default: true. */
  readonly journal?: boolean
  /** Whether it follows many jobs. Default: false. */
  readonly many?: boolean
  /** As in `Transport.Options`. Default: from the environment. */
  readonly proxy?: string | undefined
}

/** Runs the work of a command with the report that its flags choose, and keeps its exit code. */
export type Outcome = (flags: How, work: Effect.Effect<ExitCode, JobError.JobError, Needs>) => Effect.Effect<void>
