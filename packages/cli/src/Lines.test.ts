import { JobError, type JobState } from "@reelay/core"
import { describe, expect, it } from "vitest"
import { ofError as exitOf } from "./ExitCode.ts"
import * as Lines from "./Lines.ts"

const ref = { provider: "xai", kind: "generation", id: "a3d1", baseUrl: "https://api.x.ai", submittedAt: 7 } as const
const uri = "reelay:xai/generation/a3d1?v=1&base=https%3A%2F%2Fapi.x.ai&at=7"

const error = (reason: JobError.Reason, operation: JobError.Operation, at?: typeof ref) =>
  new JobError.JobError({ reason, provider: "xai", operation, attempt: 1, ...(at === undefined ? {} : { ref: at }) })

describe("ofState", () => {
  it("has the reference as the text that attach takes, and the id by itself", () => {
    const state: JobState.JobState = { _tag: "Running", ref, at: 9, polls: 2, progress: 0.5, progressSource: "reported" }
    expect(Lines.ofState(state)).toStrictEqual({
      _tag: "Running",
      ref: uri,
      id: "a3d1",
      at: 9,
      polls: 2,
      progress: 0.5,
      progressSource: "reported"
    })
  })
})

describe("ofError", () => {
  it("names the reason and keeps the reference", () => {
    const line = Lines.ofError(error(new JobError.Unreachable({ detail: "HTTP 503" }), "poll", ref))
    expect(line).toMatchObject({
      _tag: "JobError",
      reason: "Unreachable",
      ref: uri,
      message: expect.stringContaining(`Attach again: reelay attach '${uri}'`)
    })
  })
})

describe("exit codes", () => {
  it.each([
    ["no job was made", error(new JobError.InvalidRequest({ field: "duration", rule: "is 7 s" }), "submit"), 2],
    ["the provider refused", error(new JobError.SubmitRejected({ status: 400, detail: "no" }), "submit"), 2],
    ["the outcome is unknown", error(new JobError.SubmitUnknown({ detail: "reset" }), "submit"), 3],
    ["the job was lost", error(new JobError.Unreachable({ detail: "HTTP 503" }), "poll", ref), 3],
    ["the video was not saved", error(new JobError.DownloadFailed({ detail: "HTTP 403" }), "download", ref), 3]
  ])("%s", (_, failure, code) => {
    expect(exitOf(failure)).toBe(code)
  })
})
