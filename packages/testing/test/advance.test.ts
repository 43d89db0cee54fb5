import { JobState } from "@reelay/core"
import { describe, expect, it } from "vitest"
import { type Advance, advanceLaws, Law } from "../src/index.ts"

Law.register(advanceLaws(JobState.advance), { describe, it }, { title: "laws of advance" })

const { advance } = JobState

/** `advance`, broken on purpose, and the law that catches it. */
const mutants: ReadonlyArray<{ readonly law: string; readonly name: string; readonly advance: Advance }> = [
  {
    law: "advance/total",
    name: "throws at a progress of 1",
    advance: (state, seen) => {
      if (seen._tag === "Running" && seen.progress === 1) throw new Error("progress")
      return advance(state, seen)
    }
  },
  {
    law: "advance/total",
    name: "keeps the time of the state before",
    advance: (state, seen) => {
      const next = advance(state, seen)
      return next === undefined ? undefined : { ...next, at: state.at }
    }
  },
  {
    law: "advance/terminal",
    name: "has no terminal guard",
    advance: (state, seen) =>
      advance(JobState.isTerminal(state) ? { _tag: "Submitted", ref: state.ref, at: state.at, polls: 0 } : state, seen)
  },
  {
    law: "advance/rank",
    name: "lets a running job queue again",
    advance: (state, seen) =>
      seen._tag === "Queued" && state._tag === "Running"
        ? { _tag: "Queued", ref: state.ref, at: seen.at, polls: seen.poll, position: seen.position }
        : advance(state, seen)
  },
  {
    law: "advance/rank",
    name: "lets progress fall",
    advance: (state, seen) =>
      seen._tag === "Running" && state._tag === "Running" && seen.progress !== state.progress
        ? { ...state, at: seen.at, polls: seen.poll, progress: seen.progress }
        : advance(state, seen)
  },
  {
    law: "advance/change",
    name: "repeats a position in the queue",
    advance: (state, seen) =>
      seen._tag === "Queued" && state._tag === "Queued"
        ? { ...state, at: seen.at, polls: seen.poll, position: seen.position }
        : advance(state, seen)
  },
  {
    law: "advance/idempotent",
    name: "treats equal progress as more",
    advance: (state, seen) =>
      seen._tag === "Running" && state._tag === "Running" && seen.progress === state.progress && seen.progress !== undefined
        ? { ...state, at: seen.at, polls: seen.poll }
        : advance(state, seen)
  },
  {
    law: "advance/silent",
    name: "runs at an unknown status",
    advance: (state, seen) =>
      seen._tag === "Unrecognised" && state._tag === "Submitted"
        ? { _tag: "Running", ref: state.ref, at: seen.at, polls: seen.poll }
        : advance(state, seen)
  },
  {
    law: "advance/silent",
    name: "fails at a refusal",
    advance: (state, seen) =>
      seen._tag === "Refused" && !JobState.isTerminal(state)
        ? {
            _tag: "Failed",
            ref: state.ref,
            at: seen.at,
            polls: seen.poll,
            billed: "unknown",
            failure: { origin: "gateway", message: seen.message, moderated: false }
          }
        : advance(state, seen)
  },
  {
    law: "advance/artifact",
    name: "accepts a success without a video",
    advance: (state, seen) => {
      const next = advance(state, seen)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type forbids what this mutant does
      return next?._tag === "Succeeded" ? { ...next, artifacts: [] as never } : next
    }
  },
  {
    law: "advance/end",
    name: "reads an expiry as a failure",
    advance: (state, seen) =>
      advance(
        state,
        seen._tag === "Expired" ? { ...seen, _tag: "Failed", failure: { origin: "provider", message: "expired", moderated: false } } : seen
      )
  },
  {
    law: "advance/end",
    name: "reads full progress as a success",
    advance: (state, seen) =>
      advance(
        state,
        seen._tag === "Running" && seen.progress === 1 ? { ...seen, _tag: "Succeeded", artifacts: [{ url: "/x", kind: "link" }] } : seen
      )
  }
]

describe("a mutant of advance", () => {
  it.each(mutants)("that $name is caught by $law", async ({ advance: mutant, law }) => {
    const found = advanceLaws(mutant).find(({ id }) => id === law)
    await expect(found?.check({ seed: 1 })).rejects.toThrow(Law.Broken)
  })

  it("exists for every law", () => {
    expect(advanceLaws().map(({ id }) => id)).toEqual([...new Set(mutants.map(({ law }) => law))])
  })
})
