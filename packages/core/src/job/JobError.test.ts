import { describe, expect, it } from "@effect/vitest"
import { cancelled, expired, failed, ref } from "../../test/samples.ts"
import * as JobError from "./JobError.ts"

const error = (
  reason: JobError.Reason,
  operation: JobError.Operation,
  more: { readonly attempt?: number; readonly ref?: typeof ref } = {}
) => new JobError.JobError({ reason, provider: "fake", operation, attempt: 1, ...more })
const uri = "reelay:fake/generation/job-1?v=1&base=https%3A%2F%2Fapi.fake.test&account=me&at=0"

describe("the message of a JobError", () => {
  it.each<[JobError.JobError, string]>([
    [
      error(new JobError.InvalidRequest({ field: "duration", rule: "is 7 s; grok_video3_max takes 6 or 10" }), "submit"),
      "Refused before sending: duration is 7 s; grok_video3_max takes 6 or 10."
    ],
    [
      error(new JobError.Unauthorized({ detail: "HTTP 401, bad key" }), "submit"),
      "Submitting to fake failed: HTTP 401, bad key. No job was made."
    ],
    [
      error(new JobError.Unauthorized({ detail: "HTTP 401, bad key" }), "poll", { ref }),
      `Polling fake job job-1 failed: HTTP 401, bad key. The job is untouched. Fix that, then attach again: ${uri}`
    ],
    [
      error(new JobError.PaymentRequired({ detail: "HTTP 402, no money" }), "submit"),
      "Submitting to fake failed: HTTP 402, no money. No job was made."
    ],
    [
      error(new JobError.SubmitRejected({ status: 400, code: "invalid_request", detail: "prompt is required" }), "submit"),
      'Submitting to fake failed: HTTP 400 invalid_request, "prompt is required". No job was made.'
    ],
    [
      error(new JobError.SubmitRejected({ status: 400, detail: "" }), "submit"),
      "Submitting to fake failed: HTTP 400, without a body. No job was made."
    ],
    [
      error(new JobError.SubmitUnknown({ detail: "no answer within 60 s" }), "submit"),
      "Submitting to fake has an unknown outcome: no answer within 60 s. The job may exist and be billed, so it is not submitted a second time. Look for it in your account at fake before you submit again."
    ],
    [
      error(new JobError.RateLimited({ detail: "HTTP 429: slow down" }), "submit", { attempt: 5 }),
      "Submitting to fake failed: HTTP 429: slow down (attempt 5). No job was made."
    ],
    [
      error(new JobError.Unreachable({ detail: "HTTP 502" }), "poll", { attempt: 12, ref }),
      `Polling fake job job-1 ended: HTTP 502 (attempt 12). The job may still run and be billed. Attach again: ${uri}`
    ],
    [
      error(new JobError.PollRejected({ status: 422, detail: "no" }), "poll", { ref }),
      `Polling fake job job-1 ended: HTTP 422, "no". The job may still run and be billed. Attach again: ${uri}`
    ],
    [
      error(new JobError.BadPayload({ expected: "the documented JSON", excerpt: "OK" }), "poll", { ref }),
      `Polling fake job job-1 ended: the answers were unreadable: expected the documented JSON, the last was "OK". The job may still run and be billed. Attach again: ${uri}`
    ],
    [
      error(new JobError.NotFound({ detail: "HTTP 404" }), "poll", { ref }),
      `Polling fake job job-1 ended: HTTP 404. The job may still run and be billed. Attach again: ${uri}`
    ],
    [
      error(new JobError.DeadlineExceeded({ deadline: 90_000, lastState: "Running", detail: "the last poll failed: HTTP 502" }), "poll", {
        ref
      }),
      `Polling fake job job-1 ended: still Running after 90 s, the last poll failed: HTTP 502. The job may still run and be billed. Attach again: ${uri}`
    ],
    [
      error(new JobError.DownloadFailed({ detail: "https://cdn.x/a.mp4 answered with HTTP 500" }), "download", { ref }),
      `Downloading from fake job job-1 failed: https://cdn.x/a.mp4 answered with HTTP 500. The video is made and paid for: do not submit it again. Attach again: ${uri}`
    ],
    [
      error(new JobError.ArtifactTooLarge({ limitBytes: 1000 }), "download", { ref }),
      `Downloading from fake job job-1 failed: the video is larger than the limit of 1000 bytes. The video is made and paid for: do not submit it again. Attach again: ${uri}`
    ],
    [
      error(new JobError.ForbiddenAddress({ address: "https://evil.test", rule: "is not the API's" }), "attach", { ref }),
      `Refused before sending: https://evil.test is not the API's. Attach again: ${uri}`
    ],
    [
      error(new JobError.JournalFailed({ detail: "the disk is full" }), "submit"),
      "Submitting to fake failed: the disk is full. Nothing was sent."
    ],
    [
      error(new JobError.JournalFailed({ detail: "the disk is full" }), "submit", { ref }),
      `Submitting to fake job job-1: the job was made, but the disk is full. Keep its reference. Attach again: ${uri}`
    ],
    [
      error(
        new JobError.SubmitUnknown({
          detail: "ECONNRESET",
          sent: { kind: "generation", at: 0, baseUrl: "https://api.fake.test", account: "me", requestId: "req-7" }
        }),
        "submit"
      ),
      "Submitting to fake has an unknown outcome: ECONNRESET. The job may exist and be billed, so it is not submitted a second time. " +
        "Look for a generation of 1970-01-01T00:00:00.000Z at https://api.fake.test, account me, request id req-7 before you submit again."
    ]
  ])("$reason._tag says what failed, what is true of the money, and what to do", (given, message) => {
    expect(given.message).toBe(message)
    expect(String(given)).toContain(message)
  })

  it("500 characters of a body never make a message of more than 1,000 characters beside the reference", () => {
    const long = "x".repeat(500)
    const given = error(new JobError.BadPayload({ expected: "the documented JSON", excerpt: long }), "poll", { ref })
    expect(given.message.length - uri.length).toBeLessThan(1000)
  })
})

describe("again", () => {
  it.each<[JobError.Reason, JobError.Again, JobError.Again]>([
    [new JobError.InvalidRequest({ field: "a", rule: "b" }), "never", "never"],
    [new JobError.Unauthorized({ detail: "" }), "never", "watch"],
    [new JobError.PaymentRequired({ detail: "" }), "never", "watch"],
    [new JobError.SubmitRejected({ status: 400, detail: "" }), "never", "never"],
    [new JobError.SubmitUnknown({ detail: "" }), "never", "never"],
    [new JobError.RateLimited({ detail: "" }), "submit", "watch"],
    [new JobError.Unreachable({ detail: "" }), "submit", "watch"],
    [new JobError.PollRejected({ status: 400, detail: "" }), "never", "never"],
    [new JobError.BadPayload({ expected: "", excerpt: "" }), "watch", "watch"],
    [new JobError.NotFound({ detail: "" }), "never", "never"],
    [new JobError.DeadlineExceeded({ deadline: 1, lastState: "Running" }), "watch", "watch"],
    [new JobError.DownloadFailed({ detail: "" }), "download", "download"],
    [new JobError.ArtifactTooLarge({ limitBytes: 1 }), "never", "never"],
    [new JobError.ForbiddenAddress({ address: "", rule: "" }), "never", "never"],
    [new JobError.JournalFailed({ detail: "" }), "submit", "watch"]
  ])("$_tag: of a submission %s, of a poll %s", (reason, submit, poll) => {
    expect([error(reason, "submit").again, error(reason, "poll", { ref }).again]).toEqual([submit, poll])
  })

  it("no error with a reference says that it may be submitted again", () => {
    for (const operation of ["submit", "attach", "poll", "download", "cancel"] as const) {
      expect(error(new JobError.JournalFailed({ detail: "" }), operation, { ref }).again).not.toBe("submit")
      expect(error(new JobError.Unreachable({ detail: "" }), operation, { ref }).again).not.toBe("submit")
    }
  })
})

describe("the ends without a video", () => {
  it("each says the origin, the reason and whether it was billed", () => {
    expect(new JobError.JobFailed({ state: failed }).message).toBe(
      "The provider ended fake job job-1: Video generation failed (internal_error). Billed: unknown."
    )
    expect(new JobError.JobExpired({ state: expired }).message).toBe("fake job job-1 has expired at the provider. Billed: unknown.")
    expect(new JobError.JobCancelled({ state: cancelled }).message).toBe("fake job job-1 was cancelled by the caller. Billed: no.")
  })
})
