/**
 * The fewest polls that are possible at a mean lag, if the law of each moment is known exactly: dynamic programming over a fine grid, written apart from
 * the product's own, which it judges. Times are seconds.
 */
import type { World } from "./worlds.ts"

export interface Point {
  readonly lag: number
  readonly polls: number
}

/** The least time between two polls. */
export const floor = 1

const of = (values: ArrayLike<number>, index: number): number => values[index] ?? 0

const solved = (ages: ReadonlyArray<number>, law: ReadonlyArray<number>, price: number): Point => {
  const size = ages.length
  const area = new Float64Array(size)
  const cost = new Float64Array(size)
  const polls = new Float64Array(size)
  const lags = new Float64Array(size)
  for (let i = 1; i < size; i++) area[i] = of(area, i - 1) + ((of(ages, i) - of(ages, i - 1)) * (of(law, i) + of(law, i - 1))) / 2
  for (let i = size - 2; i >= 0; i--) {
    const unfinished = 1 - of(law, i)
    if (unfinished < 1e-9) continue
    const lagTo = (j: number): number => of(area, j) - of(area, i) - of(law, i) * (of(ages, j) - of(ages, i))
    let best = Number.POSITIVE_INFINITY
    let chosen = size - 1
    for (let j = i + 1; j < size; j++) {
      if (of(ages, j) - of(ages, i) < floor && j < size - 1) continue
      const lag = lagTo(j)
      if (lag > best) break
      if (lag + of(cost, j) >= best) continue
      best = lag + of(cost, j)
      chosen = j
    }
    cost[i] = best + price * unfinished
    polls[i] = unfinished + of(polls, chosen)
    lags[i] = lagTo(chosen) + of(lags, chosen)
  }
  return { polls: of(polls, 0), lag: of(lags, 0) }
}

const prices = Array.from({ length: 13 }, (_, index) => 0.12 * 2 ** index)

/** Lag and polls for a range of prices of a poll, by rising lag. */
export const boundOf = (world: World): ReadonlyArray<Point> => {
  const moments = world.drifts === true ? Array.from({ length: 8 }, (_, index) => (index + 0.5) / 8) : [0.5]
  const laws = moments.map((moment) => {
    const law = world.law(moment)
    let most = 10
    while (1 - law(most) > 1e-5 && most < 3000) most *= 1.05
    const step = Math.max(0.25, most / 2400)
    const ages = Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step)
    return { ages, law: ages.map(law) }
  })
  return prices.map((price) => {
    const all = laws.map(({ ages, law }) => solved(ages, law, price))
    const mean = (part: (point: Point) => number): number => all.reduce((sum, point) => sum + part(point), 0) / all.length
    return { lag: mean(({ lag }) => lag), polls: mean(({ polls }) => polls) }
  })
}

/** The polls of a curve at a lag, between its points on a logarithmic scale. */
export const pollsAt = (curve: ReadonlyArray<Point>, lag: number): number => {
  const sorted = curve.toSorted((one, other) => one.lag - other.lag)
  const index = Math.min(
    sorted.length - 1,
    Math.max(1, sorted.findIndex((point) => point.lag >= lag) < 0 ? sorted.length - 1 : sorted.findIndex((point) => point.lag >= lag))
  )
  const [low, high] = [sorted[index - 1], sorted[index]]
  if (low === undefined || high === undefined) throw new RangeError("a curve needs two points")
  const share = Math.log(lag / low.lag) / Math.log(high.lag / low.lag)
  return low.polls * (high.polls / low.polls) ** share
}
