/** Nine worlds of jobs: how long each job takes, and the exact law of that at each moment. Seeded; times are seconds. */

export type Random = () => number

export interface World {
  readonly name: string
  /** `passed`: the share of the run that has passed, 0 to 1. */
  readonly sample: (random: Random, passed: number) => number
  /** The share of jobs that have ended by an age. */
  readonly law: (passed: number) => (age: number) => number
  /** Whether the law changes during a run. */
  readonly drifts?: boolean
}

/** Mulberry32. */
export const seeded = (seed: number): Random => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

const coefficients = [
  0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223
]

/** Numerical Recipes' complementary error function, good to 1e-7. */
const erfc = (x: number): number => {
  const z = Math.abs(x)
  const t = 1 / (1 + z / 2)
  const y = t * Math.exp(coefficients.reduce((sum, each) => sum * t + each, 0) - z * z)
  return x >= 0 ? y : 2 - y
}

const lognormalLaw =
  (median: number, sigma: number) =>
  (age: number): number =>
    age <= 0 ? 0 : 0.5 * erfc(-Math.log(age / median) / sigma / Math.SQRT2)

const lognormal = (name: string, median: (passed: number) => number, sigma: number, drifts: boolean): World => ({
  name,
  sample: (random, passed) => median(passed) * Math.exp(sigma * normal(random)),
  law: (passed) => lognormalLaw(median(passed), sigma),
  drifts
})

export const worlds: ReadonlyArray<World> = [
  lognormal("lognormal 60 s, sigma 0.5", () => 60, 0.5, false),
  {
    name: "bimodal 30 s and 180 s, sigma 0.1 each",
    sample: (random) => (random() < 0.5 ? 30 : 180) * Math.exp(0.1 * normal(random)),
    law: () => (age) => 0.5 * lognormalLaw(30, 0.1)(age) + 0.5 * lognormalLaw(180, 0.1)(age)
  },
  lognormal("drifting: median 60 to 180 s, sigma 0.5", (passed) => 60 * 3 ** passed, 0.5, true),
  lognormal("lognormal 60 s, sigma 0.2", () => 60, 0.2, false),
  lognormal("lognormal 20 s, sigma 0.15", () => 20, 0.15, false),
  {
    name: "exponential, mean 60 s",
    sample: (random) => -60 * Math.log(1 - random()),
    law: () => (age) => 1 - Math.exp(-age / 60)
  },
  {
    name: "uniform 20 to 300 s",
    sample: (random) => 20 + 280 * random(),
    law: () => (age) => Math.min(1, Math.max(0, (age - 20) / 280))
  },
  {
    name: "Pareto from 10 s, index 1.5",
    sample: (random) => Math.min(3000, 10 / (1 - random()) ** (1 / 1.5)),
    law: () => (age) => (age < 10 ? 0 : age >= 3000 ? 1 : 1 - (10 / age) ** 1.5)
  },
  lognormal("constant 45 s, then 120 s from the middle, sigma 0.02", (passed) => (passed < 0.5 ? 45 : 120), 0.02, true)
]
