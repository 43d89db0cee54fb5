/** Numbers out of numbers. Nothing here measures. */

/** The middle one, or the mean of both; `undefined` of none. */
export const median = (values: ReadonlyArray<number>): number | undefined => {
  const sorted = values.filter(Number.isFinite).toSorted((one, other) => one - other)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2
}

/** The value that the given part of all does not exceed: 0.95 for all but the slowest twentieth. */
export const quantile = (values: ReadonlyArray<number>, part: number): number | undefined => {
  const sorted = values.filter(Number.isFinite).toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)]
}

export const mean = (values: ReadonlyArray<number>): number | undefined =>
  values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length

export const range = (values: ReadonlyArray<number>): readonly [least: number, most: number] | undefined =>
  values.length === 0 ? undefined : [Math.min(...values), Math.max(...values)]

/** A measurement with the round that it was made in. */
export interface Rounded {
  readonly round: number
  readonly value: number
}

/**
 * How many times the other it is, taken within each round that has both, then the median: a machine that was slow for one round was slow for
 * both.
 */
export const ratio = (values: ReadonlyArray<Rounded>, to: ReadonlyArray<Rounded>): number | undefined =>
  median(
    values.flatMap(({ round, value }) => {
      const other = to.find((each) => each.round === round)
      return other === undefined || other.value === 0 ? [] : [value / other.value]
    })
  )
