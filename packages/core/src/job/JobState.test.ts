import { describe, expect, it } from "@effect/vitest"
import { cancelled, expired, failed, link, observations, queued, ref, running, states, submitted, succeeded } from "../../test/samples.ts"
import * as JobState from "./JobState.ts"
import type { Observation } from "./Reading.ts"

const stamp = { at: 5000, poll: 3 }
const next = { ref, at: 5000, polls: 3 }
const ends = [succeeded, failed, expired, cancelled]

describe("advance", () => {
  it.each(ends)("nothing follows $_tag", (end) => {
    for (const seen of observations) expect(JobState.advance(end, seen)).toBeUndefined()
  })

  it.each(observations.filter(({ _tag }) => ["Unrecognised", "Missed", "NotFound", "Refused"].includes(_tag)))(
    "$_tag never moves a job",
    (seen) => {
      for (const state of states) expect(JobState.advance(state, seen)).toBeUndefined()
    }
  )

  it.each<{ from: JobState.JobState; seen: Observation; to: JobState.JobState | undefined }>([
    { from: submitted, seen: { ...stamp, _tag: "Queued" }, to: { ...next, _tag: "Queued" } },
    { from: submitted, seen: { ...stamp, _tag: "Queued", position: 4 }, to: { ...next, _tag: "Queued", position: 4 } },
    { from: queued, seen: { ...stamp, _tag: "Queued", position: 2 }, to: undefined },
    { from: queued, seen: { ...stamp, _tag: "Queued", position: 1 }, to: { ...next, _tag: "Queued", position: 1 } },
    { from: queued, seen: { ...stamp, _tag: "Queued" }, to: { ...next, _tag: "Queued" } },
    { from: running, seen: { ...stamp, _tag: "Queued" }, to: undefined },
    { from: submitted, seen: { ...stamp, _tag: "Running" }, to: { ...next, _tag: "Running" } },
    {
      from: queued,
      seen: { ...stamp, _tag: "Running", progress: 0, progressSource: "estimated" },
      to: { ...next, _tag: "Running", progress: 0, progressSource: "estimated" }
    },
    { from: running, seen: { ...stamp, _tag: "Running" }, to: undefined },
    { from: running, seen: { ...stamp, _tag: "Running", progress: 0.3 }, to: undefined },
    { from: running, seen: { ...stamp, _tag: "Running", progress: 0.4, progressSource: "estimated" }, to: undefined },
    { from: running, seen: { ...stamp, _tag: "Running", progress: 0.5 }, to: { ...next, _tag: "Running", progress: 0.5 } },
    {
      from: { ...submitted, _tag: "Running" },
      seen: { ...stamp, _tag: "Running", progress: 0 },
      to: { ...next, _tag: "Running", progress: 0 }
    },
    {
      from: running,
      seen: {
        ...stamp,
        _tag: "Succeeded",
        artifacts: [link],
        durationSeconds: 6,
        model: "m",
        expiresAt: 9,
        costUsd: 0.5,
        costSource: "upstream"
      },
      to: {
        ...next,
        _tag: "Succeeded",
        artifacts: [link],
        durationSeconds: 6,
        model: "m",
        expiresAt: 9,
        costUsd: 0.5,
        costSource: "upstream",
        billed: "yes"
      }
    },
    {
      from: submitted,
      seen: { ...stamp, _tag: "Succeeded", artifacts: [] },
      to: {
        ...next,
        _tag: "Failed",
        failure: {
          origin: "provider",
          code: "NoArtifact",
          message: "the provider says that the job is done, and names no video"
        },
        billed: "unknown"
      }
    },
    {
      from: queued,
      seen: { ...stamp, _tag: "Failed", failure: failed.failure, billed: "yes", costUsd: 0.1, costSource: "provider" },
      to: { ...next, _tag: "Failed", failure: failed.failure, billed: "yes", costUsd: 0.1, costSource: "provider" }
    },
    { from: running, seen: { ...stamp, _tag: "Expired", billed: "no" }, to: { ...next, _tag: "Expired", billed: "no" } },
    {
      from: submitted,
      seen: { ...stamp, _tag: "Cancelled", by: "caller", billed: "unknown" },
      to: { ...next, _tag: "Cancelled", by: "caller", billed: "unknown" }
    }
  ])("$from._tag and an answer of $seen._tag give $to._tag", ({ from, seen, to }) => {
    expect(JobState.advance(from, seen)).toEqual(to)
  })

  it("the payload is kept if the observation carries one, and only then", () => {
    expect(JobState.advance(submitted, { ...stamp, _tag: "Queued", raw: { status: "queued" } })?.raw).toEqual({ status: "queued" })
    expect(JobState.advance(submitted, { ...stamp, _tag: "Queued" })).not.toHaveProperty("raw")
  })

  it("a cost without an amount isn't a cost", () => {
    expect(JobState.advance(submitted, { ...stamp, _tag: "Expired", billed: "no", costSource: "provider" })).not.toHaveProperty(
      "costSource"
    )
  })

  it("the same observation twice gives one change", () => {
    for (const state of states) {
      for (const seen of observations) {
        const moved = JobState.advance(state, seen) ?? state
        expect(JobState.advance(moved, seen)).toBeUndefined()
      }
    }
  })
})

/** How a running job ends, with a cost. */
const endsAt = (costUsd: number): ReadonlyArray<Observation> => {
  const cost = { billed: "unknown", costUsd, costSource: "provider" } as const
  return [
    { ...stamp, _tag: "Succeeded", artifacts: [link], ...cost },
    { ...stamp, _tag: "Failed", failure: failed.failure, ...cost },
    { ...stamp, _tag: "Expired", ...cost },
    { ...stamp, _tag: "Cancelled", by: "provider", ...cost }
  ]
}

const billed = (costUsd: number) => endsAt(costUsd).map((end) => JobState.advance(running, end))

describe("F10: money", () => {
  it("a cost above zero was billed, and none says nothing but of a success", () => {
    for (const state of billed(0.1)) expect(state).toMatchObject({ billed: "yes", costUsd: 0.1 })
    expect(billed(0)).toMatchObject([{ billed: "yes" }, { billed: "unknown" }, { billed: "unknown" }, { billed: "unknown" }])
  })
})

describe("rank", () => {
  it("Submitted, Queued, Running and the ends rank 0, 1, 2 and 3", () => {
    expect(states.map(JobState.rank)).toEqual([0, 1, 2, 3, 3, 3, 3])
  })

  it("the four ends are terminal, and nothing else is", () => {
    expect(states.filter(JobState.isTerminal)).toEqual(ends)
  })
})
