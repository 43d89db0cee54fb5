/**
 * The laws of `JobState.advance`, over arbitrary sequences of observations.
 *
 * @since 0.1.0
 */
import { JobState, type JobRef, type Reading } from "@reelay/core"
import * as fc from "fast-check"
import { observations, reading } from "./arbitraries/observation.ts"
import { same } from "./internal/states.ts"
import * as Law from "./Law.ts"
import * as Timeline from "./Timeline.ts"

/** @category models */
export type Advance = (state: JobState.JobState, seen: Reading.Observation) => JobState.JobState | undefined

const ref: JobRef.JobRef = { provider: "test", kind: "generation", id: "a", baseUrl: "https://api.test", submittedAt: 0 }
const submitted: JobState.JobState = { _tag: "Submitted", ref, at: 0, polls: 0 }

const late = (seen: Reading.Reading): Reading.Observation => ({ ...seen, at: 99_000, poll: 99 })
const observation = reading.map(late)

/**
 * The laws of `advance`: pass your own function to see whether they hold for it.
 *
 * **Example** (Testing a reducer of your own)
 *
 * ```ts
 * import { JobState } from "@reelay/core"
 * import { advanceLaws, Law } from "@reelay/testing"
 * import { describe, it } from "vitest"
 *
 * Law.register(advanceLaws(JobState.advance), { describe, it })
 * ```
 *
 * @category laws
 * @since 0.1.0
 */
export const advanceLaws = (advance: Advance = JobState.advance): ReadonlyArray<Law.Law> => {
  /** Every state of a sequence, including the first. */
  const life = (seen: ReadonlyArray<Reading.Observation>): ReadonlyArray<JobState.JobState> => {
    const states: Array<JobState.JobState> = [submitted]
    for (const each of seen) {
      const next = advance(states.at(-1) ?? submitted, each)
      if (next !== undefined) states.push(next)
    }
    return states
  }

  /** Examines every two consecutive states. */
  const pairs =
    (wrong: (before: JobState.JobState, after: JobState.JobState) => string | undefined) =>
    (seen: ReadonlyArray<Reading.Observation>): Law.Finding | undefined => {
      const states = life(seen)
      for (const [index, after] of states.entries()) {
        const before = states[index - 1]
        const what = before === undefined ? undefined : wrong(before, after)
        if (what !== undefined) return { what, timeline: picture(states, seen) }
      }
      return undefined
    }

  return [
    Law.make({
      id: "advance/total",
      name: "any observation of any state gives a state or nothing",
      given: fc.tuple(observations, observation),
      examine: ([seen, last]) => {
        const next = advance(life(seen).at(-1) ?? submitted, last)
        if (next === undefined) return undefined
        if (!(next._tag in tags)) return { what: `gave ${fc.stringify(next)}` }
        return next.ref === ref && next.at === last.at && next.polls === last.poll
          ? undefined
          : { what: "ref, at or polls are not the observation's" }
      }
    }),
    Law.make({
      id: "advance/terminal",
      name: "nothing follows a terminal state",
      given: fc.tuple(observations, observation),
      examine: ([seen, last]) =>
        pairs((before, after) => (JobState.isTerminal(before) ? `${after._tag} follows ${before._tag}` : undefined))([...seen, last])
    }),
    Law.make({
      id: "advance/rank",
      name: "rank never falls, and progress never falls within Running",
      given: observations,
      examine: pairs((before, after) => {
        if (JobState.rank(after) < JobState.rank(before)) return `${after._tag} follows ${before._tag}`
        if (before._tag !== "Running" || after._tag !== "Running" || before.progress === undefined) return undefined
        return after.progress !== undefined && after.progress >= before.progress
          ? undefined
          : `progress falls from ${before.progress} to ${after.progress}`
      })
    }),
    Law.make({
      id: "advance/change",
      name: "two consecutive states always differ in more than at, polls and raw",
      given: observations,
      examine: pairs((before, after) => (same(before, after) ? `${after._tag} follows itself unchanged` : undefined))
    }),
    Law.make({
      id: "advance/idempotent",
      name: "the same observation twice gives one change",
      given: fc.tuple(observations, observation),
      examine: ([seen, last]) => {
        const state = life([...seen, last]).at(-1) ?? submitted
        const again = advance(state, last)
        return again === undefined
          ? undefined
          : { what: `the same observation again gave ${again._tag}`, timeline: picture(life(seen), seen) }
      }
    }),
    Law.make({
      id: "advance/silent",
      name: "an unknown status, a failed poll, a 404 and a refusal never move a job",
      given: observations,
      examine: (seen) => {
        let state: JobState.JobState = submitted
        for (const each of seen) {
          const next = advance(state, each)
          if (next !== undefined && silent.has(each._tag)) return { what: `${each._tag} moved ${state._tag} to ${next._tag}` }
          state = next ?? state
        }
        return undefined
      }
    }),
    Law.make({
      id: "advance/artifact",
      name: "Succeeded always has an artifact",
      given: observations,
      examine: pairs((_, after) =>
        after._tag === "Succeeded" && after.artifacts[0] === undefined ? "Succeeded has no artifact" : undefined
      )
    }),
    Law.make({
      id: "advance/end",
      name: "a job ends as the observation says, and only then",
      given: fc.tuple(observations, observation),
      examine: ([seen, last]) => {
        const state = life(seen).at(-1) ?? submitted
        if (JobState.isTerminal(state)) return undefined
        const after = advance(state, last)?._tag ?? state._tag
        const wanted = endOf(last)
        const ended = after in ends
        return wanted === undefined
          ? ended
            ? { what: `${last._tag} ended the job as ${after}` }
            : undefined
          : after === wanted
            ? undefined
            : { what: `${last._tag} gave ${after}` }
      }
    })
  ]
}

const ends = { Succeeded: true, Failed: true, Expired: true, Cancelled: true }
const tags = { Submitted: true, Queued: true, Running: true, ...ends }
const silent: ReadonlySet<string> = new Set(["Unrecognised", "Missed", "NotFound", "Refused"])

/** How an observation must end a running job; `undefined` if it must not. */
const endOf = (seen: Reading.Observation): string | undefined =>
  seen._tag === "Succeeded" && seen.artifacts.length === 0 ? "Failed" : seen._tag in ends ? seen._tag : undefined

const picture = (states: ReadonlyArray<JobState.JobState>, seen: ReadonlyArray<Reading.Observation>): string =>
  Timeline.draw({
    states: states.map((state) => ({ at: state.at, state })),
    polls: seen.map(({ _tag, at }) => ({ at, outcome: silent.has(_tag) ? "failed" : "answered" })),
    unit: 1000
  })
