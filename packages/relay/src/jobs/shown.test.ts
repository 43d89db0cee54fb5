import { JobError, type JobState } from "@reelay/core"
import { describe, expect, it } from "vitest"
import { cleaned, problemOf } from "./problemOf.ts"
import { shown } from "./shown.ts"

const ref = {
  provider: "xai",
  kind: "generation",
  id: "video-7f3a",
  baseUrl: "https://gateway.internal.example.com/v1",
  account: "acme-account",
  submittedAt: 0
} as const

const secret = /gateway\.internal|video-7f3a|acme-account|https?:|sig=|s3:/u
const told =
  "Task video-7f3a of acme-account failed at https://gateway.internal.example.com/v1/x?sig=1, see s3://bucket/key and gateway.internal.example.com: bad prompt"

describe("a state as it leaves the server", () => {
  it("has the provider's words, without its addresses, ids and accounts", () => {
    const failed: JobState.JobState = {
      _tag: "Failed",
      ref,
      at: 1,
      polls: 2,
      raw: { url: told },
      billed: "no",
      failure: { origin: "provider", message: told, moderated: false }
    }
    const text = JSON.stringify(shown(failed, false))
    expect(text).not.toMatch(secret)
    expect(text).toContain("bad prompt")
  })

  it("has links only if they were asked for", () => {
    const succeeded: JobState.JobState = {
      _tag: "Succeeded",
      ref,
      at: 1,
      polls: 2,
      billed: "yes",
      artifacts: [{ url: "https://cdn.example.com/a.mp4?sig=1", kind: "link" }]
    }
    expect(JSON.stringify(shown(succeeded, false))).not.toMatch(secret)
    expect(shown(succeeded, true)).toMatchObject({ links: succeeded.artifacts })
  })
})

const billed = (reason: JobError.Reason) =>
  problemOf(new JobError.JobError({ reason, provider: "xai", operation: "submit", attempt: 1 })).billed

describe("a problem", () => {
  const reasons: ReadonlyArray<JobError.Reason> = [
    new JobError.Unauthorized({ detail: told }),
    new JobError.PaymentRequired({ detail: told }),
    new JobError.SubmitRejected({ status: 400, detail: told }),
    new JobError.SubmitUnknown({ detail: told, sent: { kind: "generation", at: 1, baseUrl: ref.baseUrl, account: ref.account } }),
    new JobError.RateLimited({ detail: told }),
    new JobError.Unreachable({ detail: told }),
    new JobError.PollRejected({ status: 400, detail: told }),
    new JobError.BadPayload({ expected: told, excerpt: told }),
    new JobError.NotFound({ detail: told }),
    new JobError.DeadlineExceeded({ deadline: 1000, lastState: "Running", detail: told }),
    new JobError.DownloadFailed({ detail: told }),
    new JobError.ArtifactTooLarge({ limitBytes: 7 }),
    new JobError.ForbiddenAddress({ address: ref.baseUrl, rule: told }),
    new JobError.JournalFailed({ detail: told }),
    new JobError.InvalidRequest({ field: "prompt", rule: told }),
    new JobError.InvalidRequest({ field: "apiKey", rule: told })
  ]

  it.each(reasons.map((reason) => [reason._tag, reason] as const))("of %s shows no address, id or account", (_, reason) => {
    const problem = problemOf(new JobError.JobError({ reason, provider: "xai", operation: "poll", attempt: 1, ref }))
    expect(JSON.stringify(problem)).not.toMatch(secret)
    expect(problem.detail).not.toBe("")
    expect(problem.status).toBeGreaterThanOrEqual(400)
  })

  it("of a submission says whether it is billed", () => {
    expect(billed(new JobError.SubmitUnknown({ detail: "" }))).toBe("unknown")
    expect(billed(new JobError.Unreachable({ detail: "" }))).toBe("no")
    expect(billed(new JobError.InvalidRequest({ field: "apiKey", rule: "is missing" }))).toBe("no")
  })

  it("is short", () => {
    expect(cleaned("x".repeat(5000)).length).toBe(500)
  })
})
