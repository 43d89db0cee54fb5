/** What `Pace.adaptive` makes of a world, beside the bound and the paces that learn nothing. Times are seconds. */
import { Durations, type JobRef, Pace } from "@reelay/core"
import { boundOf, floor, type Point, pollsAt } from "./bound.ts"
import { exponential, fixed, type Outcome, type Policy, simulate } from "./simulate.ts"
import type { World } from "./worlds.ts"

const refOf = (job: number): JobRef.JobRef => ({
  provider: "simulated",
  kind: "generation",
  id: `job-${job}`,
  baseUrl: "https://api.simulated.test",
  submittedAt: 0
})

/** The product's own pace. */
const adaptive = (wanted: { readonly lag: number } | { readonly price: number }): Policy => {
  const durations = Durations.memory()
  const times = "lag" in wanted ? { lag: wanted.lag * 1000 } : { price: wanted.price * 1000 }
  const pace = Pace.adaptive({ durations, min: floor * 1000, max: "4 hours", ...times })
  return {
    next: (age, polls, job) =>
      age + pace({ state: { _tag: "Submitted", ref: refOf(job), at: 0, polls }, polls, failures: 0, age: age * 1000 }) / 1000,
    ended: (from, to, job) => durations.ended(refOf(job), { from: from * 1000, to: to * 1000 })
  }
}

export interface Run {
  readonly jobs: number
  readonly seed: number
}

export interface Compared extends Outcome {
  /** What was asked for: `price 12`, `lag 5`. */
  readonly asked: string
  /** Polls divided by the fewest that are possible at the same mean lag. */
  readonly toBound: number
  /** Polls divided by those of the better of fixed and exponential at the same mean lag. */
  readonly toBetter: number
  /** Mean lag divided by the wanted one. */
  readonly toWanted?: number
}

/** Polls of a pace of one parameter at a mean lag, or `Infinity` if it has no such lag. */
const pollsOf = (world: World, run: Run, lag: number, family: (parameter: number) => Policy): number => {
  let [low, high] = [0.5, 250]
  let found: Point = { lag: 0, polls: 0 }
  for (let step = 0; step < 12; step++) {
    const middle = Math.sqrt(low * high)
    found = simulate(world, family(middle), run)
    if (found.lag < lag) low = middle
    else high = middle
  }
  return Math.abs(found.lag / lag - 1) < 0.05 ? found.polls : Number.POSITIVE_INFINITY
}

/** `prices`: of a poll, in seconds of lag. `lags`: wanted mean lags. */
export const compared = (
  world: World,
  run: Run,
  { lags, prices }: { readonly prices: ReadonlyArray<number>; readonly lags: ReadonlyArray<number> }
): ReadonlyArray<Compared> => {
  const bound = boundOf(world)
  const row = (asked: string, policy: Policy): Compared => {
    const outcome = simulate(world, policy, run)
    const better = Math.min(
      pollsOf(world, run, outcome.lag, fixed),
      pollsOf(world, run, outcome.lag, (most) => exponential(Math.min(2, most), most))
    )
    return { ...outcome, asked, toBound: outcome.polls / pollsAt(bound, outcome.lag), toBetter: outcome.polls / better }
  }
  return [
    ...prices.map((price) => row(`price ${price}`, adaptive({ price }))),
    ...lags.map((lag) => {
      const found = row(`lag ${lag}`, adaptive({ lag }))
      return { ...found, toWanted: found.lag / lag }
    })
  ]
}
