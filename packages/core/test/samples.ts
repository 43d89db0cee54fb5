/** One job and its states, for tests that need any. */
import type { JobRef } from "../src/job/JobRef.ts"
import type * as JobState from "../src/job/JobState.ts"
import type { Observation } from "../src/job/Reading.ts"

export const ref: JobRef = {
  provider: "fake",
  kind: "generation",
  id: "job-1",
  baseUrl: "https://api.fake.test",
  account: "me",
  submittedAt: 0
}

export const link = { url: "https://cdn.fake.test/video.mp4", kind: "link" } as const

const base = { ref, at: 0, polls: 0 }

export const submitted: JobState.Submitted = { ...base, _tag: "Submitted" }
export const queued: JobState.Queued = { ...base, _tag: "Queued", position: 2 }
export const running: JobState.Running = { ...base, _tag: "Running", progress: 0.4, progressSource: "reported" }
export const succeeded: JobState.Succeeded = { ...base, _tag: "Succeeded", artifacts: [link], durationSeconds: 6, billed: "yes" }
export const failed: JobState.Failed = {
  ...base,
  _tag: "Failed",
  failure: { origin: "provider", code: "internal_error", message: "Video generation failed.", moderated: false },
  billed: "unknown"
}
export const expired: JobState.Expired = { ...base, _tag: "Expired", billed: "unknown" }
export const cancelled: JobState.Cancelled = { ...base, _tag: "Cancelled", by: "caller", billed: "no" }

/** A state of each kind. */
export const states: ReadonlyArray<JobState.JobState> = [submitted, queued, running, succeeded, failed, expired, cancelled]

const stamp = { at: 5000, poll: 1 }

/** An observation of each kind. */
export const observations: ReadonlyArray<Observation> = [
  { ...stamp, _tag: "Queued" },
  { ...stamp, _tag: "Running", progress: 0.5, progressSource: "reported" },
  { ...stamp, _tag: "Succeeded", artifacts: [link], costUsd: 0.05, costSource: "provider" },
  { ...stamp, _tag: "Failed", failure: failed.failure, billed: "yes" },
  { ...stamp, _tag: "Expired", billed: "no" },
  { ...stamp, _tag: "Cancelled", by: "provider", billed: "unknown" },
  { ...stamp, _tag: "Unrecognised", word: "cooking" },
  { ...stamp, _tag: "Missed", because: "network", detail: "ECONNRESET" },
  { ...stamp, _tag: "NotFound", detail: "HTTP 404" },
  { ...stamp, _tag: "Refused", reason: "PollRejected", status: 400, message: "no" }
]
