/** F23: one property over every error, whatever a server, a disk or a client has said. */
import { JobError, type JobState } from "@reelay/core"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { wrong } from "../src/internal/wording.ts"

const ref = { provider: "fake", kind: "generation", id: "job-1", baseUrl: "https://api.fake.test", account: "me", submittedAt: 0 } as const
const failed: JobState.Failed = {
  _tag: "Failed",
  ref,
  at: 0,
  polls: 0,
  failure: { origin: "provider", code: "internal_error", message: "Video generation failed.", moderated: false },
  billed: "unknown"
}

const nasty = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    '""',
    "missing.",
    "missing..",
    "no such job。",
    "请求失败。.",
    "slow down!",
    "really?",
    "wait...",
    ".",
    '"no."',
    "\n\t\u0000",
    "x".repeat(5000),
    "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>",
    "<!DOCTYPE html><html><style>body{color:red}</style><body>Please wait.</body>",
    "HTTP 502 with a page instead of JSON: <html>\n<body bgcolor=white",
    "<Error><Code>AccessDenied</Code></Error>",
    "the key <key> is wrong.",
    "nothing was sent",
    "UND_ERR: nothing was sent.",
    "A request was stopped, and nothing was sent: as <url>/xai; uninstall it.",
    "x<y",
    "HTTP 401, "
  ),
  // Text from outside that happens to look like a command is quoted as any other.
  fc.string({ maxLength: 30 }).filter((text) => !/--[a-z]/u.test(text))
)
const status = fc.constantFrom(0, 200, 400, 403, 429, 502)
const anyReason: fc.Arbitrary<JobError.Reason> = fc.oneof(
  fc.tuple(nasty, nasty).map(([field, rule]) => new JobError.InvalidRequest({ field, rule })),
  nasty.map((detail) => new JobError.Unauthorized({ detail })),
  nasty.map((detail) => new JobError.PaymentRequired({ detail })),
  fc.tuple(status, nasty, nasty).map(([code, word, detail]) => new JobError.SubmitRejected({ status: code, code: word, detail })),
  nasty.map((detail) => new JobError.SubmitUnknown({ detail })),
  nasty.map((detail) => new JobError.RateLimited({ detail })),
  nasty.map((detail) => new JobError.Unreachable({ detail })),
  fc.tuple(status, nasty, nasty).map(([code, word, detail]) => new JobError.PollRejected({ status: code, code: word, detail })),
  fc.tuple(nasty, nasty).map(([expected, excerpt]) => new JobError.BadPayload({ expected, excerpt })),
  nasty.map((detail) => new JobError.NotFound({ detail })),
  nasty.map((detail) => new JobError.DeadlineExceeded({ deadline: 1000, lastState: "Running", detail })),
  nasty.map((detail) => new JobError.DownloadFailed({ detail })),
  fc.constant(new JobError.ArtifactTooLarge({ limitBytes: 1 })),
  fc.tuple(nasty, nasty).map(([address, rule]) => new JobError.ForbiddenAddress({ address, rule })),
  nasty.map((detail) => new JobError.JournalFailed({ detail }))
)

describe("F23: any message of any error", () => {
  it("is free of doubled stops, markup, empty quotes, commands and contradictions", () => {
    fc.assert(
      fc.property(
        anyReason,
        fc.constantFrom<JobError.Operation>("submit", "attach", "poll", "download", "cancel"),
        fc.boolean(),
        fc.constantFrom(0, 1, 5),
        (why, operation, hasRef, attempt) => {
          // A submission that is unknown has no reference, and a poll that sent nothing is no error.
          const { message } = new JobError.JobError({ reason: why, provider: "fake", operation, attempt, ...(hasRef ? { ref } : {}) })
          fc.pre(why._tag === "SubmitUnknown" || !message.includes("nothing was sent"))
          expect([message, wrong(message)]).toEqual([message, []])
        }
      ),
      { numRuns: 3000 }
    )
  })

  it("of a failed job too", () => {
    fc.assert(
      fc.property(nasty, nasty, (message, code) => {
        const error = new JobError.JobFailed({ state: { ...failed, failure: { ...failed.failure, message, code } } })
        expect([error.message, wrong(error.message)]).toEqual([error.message, []])
      })
    )
  })

  it.each([
    ["key is missing for xAI.", "Submitting to fake failed: key is missing for xAI. No job was made."],
    ["请先充值。", "Submitting to fake failed: 请先充值. No job was made."],
    ["<html><title>502 Bad Gateway</title>", "Submitting to fake failed: 502 Bad Gateway. No job was made."],
    ["", "Submitting to fake failed. No job was made."]
  ])("F23: %j", (detail, message) => {
    expect(
      new JobError.JobError({ reason: new JobError.PaymentRequired({ detail }), provider: "fake", operation: "submit", attempt: 1 }).message
    ).toBe(message)
  })

  it.each([
    ["fetch failed: nothing was sent", "fetch failed."],
    ["it was stopped, and nothing was sent: the host is real", "it was stopped: the host is real."],
    ["nothing was sent; the socket closed", "the socket closed."]
  ])("F21: an unknown outcome never says that nothing was sent: %s", (detail, text) => {
    const reason = new JobError.SubmitUnknown({ detail })
    expect(new JobError.JobError({ reason, provider: "fake", operation: "submit", attempt: 1 }).message).toContain(
      `unknown outcome: ${text}`
    )
  })
})
