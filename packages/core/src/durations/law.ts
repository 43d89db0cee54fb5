/**
 * How long jobs of one sort take, as a distribution over a grid of ages: from intervals in which some were seen to end, and from nothing else. Pure.
 *
 * An end is only known to lie between two polls. The distribution is the one that explains those intervals (self-consistent, after Turnbull), smoothed
 * as much as so few samples need, with a weak prior for what was never seen.
 */

/** A job was unfinished at the age `from`, and had ended at the age `to`: milliseconds since its submission. */
export interface Sample {
  readonly from: number
  readonly to: number
}

/** The share of jobs that have ended by each age of the grid. */
export interface Law {
  readonly ended: Float64Array
  /** The samples that it is made from. Without any, it is the prior. */
  readonly samples: ReadonlyArray<Sample>
}

const ratio = 1.01
const first = 500
const last = 4 * 3_600_000

/** Ages in milliseconds, the first 0: half a second to four hours, each 1 % above the one before. */
export const grid: Float64Array = Float64Array.from({ length: 1 + Math.ceil(Math.log(last / first) / Math.log(ratio)) }, (_, index) =>
  index === 0 ? 0 : first * ratio ** (index - 1)
)
const size = grid.length

/** The longest duration that is learned: what takes longer is no job that somebody waits for. */
export const longest: number = last

/** The index of the nearest age of the grid. */
export const indexOf = (age: number): number =>
  age < first / 2 ? 0 : Math.min(size - 1, Math.max(1, Math.round(Math.log(age / first) / Math.log(ratio)) + 1))

/** An element that is there, for the compiler. */
export const at = (values: ArrayLike<number>, index: number): number => values[index] ?? 0

/** How many samples the prior counts as. */
const priorWeight = 0.5

/** Half of the jobs of which nothing is known take longer. Milliseconds. */
const priorMedian = 45_000

/** Steps towards self-consistency. More of them fit the noise. */
const steps = 10

/** The share of any jobs that have ended: one that has lasted long will last as long again. */
const prior = (index: number): number => 1 - 1 / (1 + at(grid, index) / priorMedian)

/** The law of jobs of which these were seen to end. */
export const lawOf = (samples: ReadonlyArray<Sample>): Law => {
  const ended = new Float64Array(size)
  const weight = samples.length / (samples.length + priorWeight)
  const masses = samples.length === 0 ? ended.slice() : smoothed(consistent(samples), samples.length)
  let sum = 0
  for (let index = 1; index < size; index++) {
    sum += at(masses, index)
    ended[index] = Math.min(1, weight * sum + (1 - weight) * prior(index))
  }
  return { ended, samples }
}

/** The share of jobs that end in each cell of the grid. */
const consistent = (samples: ReadonlyArray<Sample>): Float64Array => {
  const lows = samples.map(({ from }) => Math.min(indexOf(from), size - 2))
  const highs = samples.map(({ to }, nth) => Math.max(indexOf(to), at(lows, nth) + 1))
  // At first each is spread evenly over its own interval, and the narrow ones count most: they know best.
  const shares = new Float64Array(size)
  for (let nth = 0; nth < samples.length; nth++) {
    const [low, high] = [at(lows, nth), at(highs, nth)]
    add(shares, low, high, 1 / ((at(grid, high) - at(grid, low)) * (high - low) ** 2))
  }
  accumulate(shares)
  const masses = shares.map((share, index) => (index === 0 ? 0 : share * (at(grid, index) - at(grid, index - 1))))
  for (let step = 0; step < steps; step++) {
    const sums = accumulate(masses.slice())
    shares.fill(0)
    for (let nth = 0; nth < samples.length; nth++) {
      const [low, high] = [at(lows, nth), at(highs, nth)]
      add(shares, low, high, 1 / Math.max(Number.MIN_VALUE, samples.length * (at(sums, high) - at(sums, low))))
    }
    accumulate(shares)
    for (let index = 1; index < size; index++) masses[index] = at(masses, index) * at(shares, index)
  }
  return masses
}

/** Adds to every cell above `low` up to `high`, once the differences are accumulated. */
const add = (differences: Float64Array, low: number, high: number, amount: number): void => {
  differences[low + 1] = at(differences, low + 1) + amount
  if (high + 1 < size) differences[high + 1] = at(differences, high + 1) - amount
}

const accumulate = (values: Float64Array): Float64Array => {
  let sum = 0
  for (let index = 0; index < size; index++) values[index] = sum += at(values, index)
  return values
}

/** The widest that a sample is spread, as a share of its age. */
const widest = 0.35

/** Spreads each cell over as many as hold some samples: the next job ends near those before it, and not exactly there. */
const smoothed = (masses: Float64Array, samples: number): Float64Array => {
  const sums = accumulate(masses.slice())
  const near = 0.8 * samples ** -0.4
  const most = Math.round(widest / (ratio - 1))
  const least = Math.round((0.25 * samples ** -0.8) / (ratio - 1))
  const radii = new Int32Array(size)
  let radius = most
  for (let index = 1; index < size; index++) {
    radius = Math.min(most, radius + 1)
    while (radius > 0 && at(sums, Math.min(size - 1, index + radius - 1)) - at(sums, Math.max(0, index - radius)) >= near) radius -= 1
    radii[index] = Math.max(least, radius)
  }
  return spread(spread(masses, radii), radii)
}

const spread = (masses: Float64Array, radii: Int32Array): Float64Array => {
  const differences = new Float64Array(size)
  for (let index = 1; index < size; index++) {
    const mass = at(masses, index)
    if (mass < 1e-12) continue
    const half = at(radii, index) >> 1
    const low = Math.max(1, index - half)
    const high = Math.min(size - 1, index + half)
    add(differences, low - 1, high, mass / (high - low + 1))
  }
  return accumulate(differences)
}
