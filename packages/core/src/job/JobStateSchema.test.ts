import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { observations, ref, running, states, submitted } from "../../test/samples.ts"
import type * as Ref from "./JobRef.ts"
import type * as State from "./JobState.ts"
import * as JobStateSchema from "./JobStateSchema.ts"
import type * as Reading from "./Reading.ts"

const throughJson = <A>(schema: Schema.Codec<A, unknown>, value: A): A =>
  Schema.decodeUnknownSync(schema)(JSON.parse(JSON.stringify(Schema.encodeSync(schema)(value))))

describe("JobStateSchema", () => {
  it("is equal to the types", () => {
    expectTypeOf<typeof JobStateSchema.JobRef.Type>().branded.toEqualTypeOf<Ref.JobRef>()
    expectTypeOf<typeof JobStateSchema.JobState.Type>().branded.toEqualTypeOf<State.JobState>()
    expectTypeOf<typeof JobStateSchema.Artifact.Type>().branded.toEqualTypeOf<Reading.Artifact>()
    expectTypeOf<typeof JobStateSchema.Billed.Type>().toEqualTypeOf<Reading.Billed>()
    expectTypeOf<typeof JobStateSchema.Failure.Type>().branded.toEqualTypeOf<Reading.Failure>()
    expectTypeOf<typeof JobStateSchema.Reading.Type>().branded.toEqualTypeOf<Reading.Reading>()
    expectTypeOf<typeof JobStateSchema.Observation.Type>().branded.toEqualTypeOf<Reading.Observation>()
    expectTypeOf<typeof JobStateSchema.JobState.Type>().toExtend<State.JobState>()
    expectTypeOf<State.JobState>().toExtend<typeof JobStateSchema.JobState.Type>()
    expect(states.every(Schema.is(JobStateSchema.JobState))).toBe(true)
  })

  it.each([...states, { ...running, raw: { status: "running", list: [1, null] } }])("$_tag survives JSON", (state) => {
    expect(throughJson(JobStateSchema.JobState, state)).toEqual(state)
  })

  it.each(observations)("an observation of $_tag survives JSON", (seen) => {
    expect(throughJson(JobStateSchema.Observation, seen)).toEqual(seen)
    expect(Schema.is(JobStateSchema.Reading)(seen)).toBe(true)
  })

  it.each([
    { what: "a success without an artifact", value: { ...submitted, _tag: "Succeeded", artifacts: [], billed: "yes" } },
    { what: "progress beyond 1", value: { ...running, progress: 42 } },
    { what: "a reference with a query in its base", value: { ...submitted, ref: { ...ref, baseUrl: "https://api.fake.test/?key=1" } } },
    { what: "a reference without an id", value: { ...submitted, ref: { ...ref, id: "" } } },
    { what: "an unknown kind", value: { ...submitted, ref: { ...ref, kind: "remix" } } },
    { what: "an unknown tag", value: { ...submitted, _tag: "Paused" } }
  ])("$what isn't a state", ({ value }) => {
    expect(Exit.isFailure(Schema.decodeUnknownExit(JobStateSchema.JobState)(value))).toBe(true)
  })

  it("match takes an arm for every state", () => {
    // @ts-expect-error: the other six arms are missing.
    expect(() => JobStateSchema.JobState.match(running, { Submitted: () => 0 })).toThrow(/not a function|Running/u)
  })
})
