import type { JobRef, JobState } from "@reelay/core"
import { describe, expect, it } from "vitest"
import { Timeline } from "../src/index.ts"

const ref: JobRef.JobRef = { provider: "test", kind: "generation", id: "a", baseUrl: "https://api.test", submittedAt: 0 }
const state = (
  at: number,
  more: Pick<JobState.Submitted, "_tag"> | Pick<JobState.Queued, "_tag"> | Pick<JobState.Running, "_tag" | "progress">
) => ({
  at,
  state: { ref, at, polls: 0, ...more }
})
const done = (at: number): { at: number; state: JobState.JobState } => ({
  at,
  state: { _tag: "Succeeded", ref, at, polls: 0, artifacts: [{ url: "/x", kind: "link" }], billed: "yes" }
})

describe("draw", () => {
  it("places states in time, and polls below", () => {
    const picture = Timeline.draw({
      states: [
        state(0, { _tag: "Submitted" }),
        state(2, { _tag: "Queued" }),
        state(5, { _tag: "Running", progress: 0.25 }),
        state(7, { _tag: "Running", progress: 0.6 }),
        done(12)
      ],
      polls: [
        { at: 2, outcome: "answered" },
        { at: 5, outcome: "answered" },
        { at: 7, outcome: "answered" },
        { at: 9, outcome: "failed" },
        { at: 10, outcome: "aborted" },
        { at: 12, outcome: "answered" }
      ],
      unit: 1
    })
    expect(picture).toBe("S-Q--R25-R60----D\n--^--^---^---!x-^")
  })

  it("marks where the job was lost", () => {
    expect(Timeline.draw({ states: [state(0, { _tag: "Submitted" })], failedAt: 30, unit: 10 })).toBe("S--#")
  })

  it("keeps a long life on one line", () => {
    const states = [state(0, { _tag: "Submitted" }), state(1, { _tag: "Running" }), done(1_000_000)]
    expect(Timeline.draw({ states }).length).toBeLessThan(110)
  })

  it("draws nothing for no states", () => {
    expect(Timeline.draw({ states: [] })).toBe("-")
  })
})
