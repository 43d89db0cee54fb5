/** When to poll a job whose duration is known as a distribution: the ages at which polls and lag together cost least. Dynamic programming, pure. */
import { at, grid, indexOf, type Law } from "./law.ts"

export interface Schedule {
  /** From each age of the grid, the first and the last age that are as good a next poll as any: indices. */
  readonly soonest: Int32Array
  readonly latest: Int32Array
  /** The mean lag if the law is right, in milliseconds. */
  readonly lag: number
}

/** How much of a poll's price a poll may cost more than the best one, so that polls of many jobs differ, and more is learned of each age. */
const tolerance = 0.02

/** `price`: the lag that one poll is worth. `floor`: the least time between two polls. Both in milliseconds. */
export const scheduleOf = ({ ended }: Law, price: number, floor: number): Schedule => {
  const size = grid.length
  const areas = new Float64Array(size)
  for (let index = 1; index < size; index++) {
    areas[index] = at(areas, index - 1) + ((at(grid, index) - at(grid, index - 1)) * (at(ended, index) + at(ended, index - 1))) / 2
  }
  const costs = new Float64Array(size)
  const lags = new Float64Array(size)
  const soonest = new Int32Array(size).fill(size - 1)
  const latest = new Int32Array(size).fill(size - 1)
  for (let index = size - 2; index >= 0; index--) {
    const share = at(ended, index)
    const unfinished = 1 - share
    if (unfinished < 1e-9) continue
    const age = at(grid, index)
    const area = at(areas, index)
    /** The lag, over all jobs, of polling next at another age. */
    const lagTo = (other: number): number => at(areas, other) - area - share * (at(grid, other) - age)
    let from = index + 1
    while (from < size - 1 && at(grid, from) - age < floor) from += 1
    let best = Number.POSITIVE_INFINITY
    let chosen = from
    for (let other = from; other < size; other++) {
      const lag = lagTo(other)
      // Waiting longer costs ever more.
      if (lag > best) break
      const cost = lag + at(costs, other)
      if (cost >= best) continue
      best = cost
      chosen = other
    }
    const enough = best + tolerance * price * unfinished
    let low = chosen
    while (low > from && lagTo(low - 1) + at(costs, low - 1) <= enough) low -= 1
    let high = chosen
    while (high + 1 < size && lagTo(high + 1) + at(costs, high + 1) <= enough) high += 1
    soonest[index] = low
    latest[index] = high
    costs[index] = best + price * unfinished
    lags[index] = lagTo(chosen) + at(lags, chosen)
  }
  return { soonest, latest, lag: at(lags, 0) }
}

/** The dearest that a poll becomes, in wanted lags: a job that always takes as long is polled once whatever that costs. */
const dearest = 8

/** The plan is made by what was seen, and that is a little too good to be true. */
const modesty = 0.9

/** The schedule that gives a mean lag, by the price that leads to it; `price` is where to begin. */
export const scheduleWith = (
  law: Law,
  lag: number,
  floor: number,
  price: number
): { readonly schedule: Schedule; readonly price: number } => {
  let now = price
  let schedule = scheduleOf(law, now, floor)
  for (let step = 0; step < 3; step++) {
    const miss = (modesty * lag) / Math.max(1, schedule.lag)
    const next = Math.min(dearest * lag, Math.max(1, now * Math.min(8, Math.max(0.125, miss ** 1.3))))
    if (Math.abs(next / now - 1) < 0.05) break
    now = next
    schedule = scheduleOf(law, now, floor)
  }
  return { schedule, price: now }
}

/** The wait from an age to the next poll, in milliseconds. `draw`, 0 to 1, chooses among those that are as good. */
export const waitBy = ({ latest, soonest }: Schedule, age: number, draw: number): number => {
  const index = indexOf(age)
  // Beyond the grid a job that has lasted long will last as long again.
  if (index >= grid.length - 2) return age / 2
  const low = at(grid, at(soonest, index))
  return low + draw * (at(grid, at(latest, index)) - low) - age
}
