/** What a page needs with either API without effect, so that one import is enough. */
export type { Outlook } from "../durations/outlook.ts"
export type { ListedJob, PromiseJob } from "./contract.ts"
export { inStorage } from "./inStorage.ts"
export type { CancelOutcome } from "../engine/JobHandle.ts"
export { JobCancelled, JobError, JobExpired, JobFailed, type Reason } from "../job/JobError.ts"
export type { JobRef } from "../job/JobRef.ts"
export {
  type Cancelled,
  type Expired,
  type Failed,
  isTerminal,
  type JobState,
  type Queued,
  type Running,
  type Submitted,
  type Succeeded,
  type Terminal
} from "../job/JobState.ts"
export type { LogLevel } from "../telemetry/logging.ts"
