import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import { states, succeeded } from "../../test/samples.ts"
import * as JobState from "./JobState.ts"
import type { Artifact } from "./Reading.ts"

// @ts-expect-error: Cancelled has no arm, so the end of the function is reached.
const word = (state: JobState.JobState): string => {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the arm is forgotten on purpose
  switch (state._tag) {
    case "Submitted":
    case "Queued":
    case "Running":
      return "going"
    case "Succeeded":
    case "Failed":
    case "Expired":
      return "over"
  }
}

describe("the types of JobState", () => {
  it("isTerminal narrows to the four ends", () => {
    const [state] = states
    if (state !== undefined && JobState.isTerminal(state)) {
      expectTypeOf(state).toEqualTypeOf<JobState.Succeeded | JobState.Failed | JobState.Expired | JobState.Cancelled>()
      expectTypeOf(state.billed).toEqualTypeOf<"yes" | "no" | "unknown">()
    }
    expect(JobState.isTerminal(succeeded)).toBe(true)
  })

  it("a success has an artifact", () => {
    expectTypeOf(succeeded.artifacts[0]).toEqualTypeOf<Artifact>()
    expect(succeeded.artifacts[0]).toBeDefined()
  })

  it("a switch that forgets an arm does not compile", () => {
    expect(word(succeeded)).toBe("over")
  })
})
