/** Which of the samples still count: a provider that becomes twice as slow makes what was learned before wrong. Pure. */
import type { Sample } from "./law.ts"

/** How improbable a difference must be, as the logarithm of its chance. A false alarm forgets what is still true. */
const alarm = 13

/** The fewest samples that can show a change. */
const fewest = 3

/** The samples since the last change, oldest first. */
export const recent = (samples: ReadonlyArray<Sample>): ReadonlyArray<Sample> => {
  let worst = alarm
  let since = 0
  for (let count = fewest; count <= samples.length / 2; count = Math.ceil(count * 1.3)) {
    const found = surprise(samples.slice(0, -count), samples.slice(-count))
    if (found <= worst) continue
    worst = found
    since = samples.length - count
  }
  return since === 0 ? samples : samples.slice(since)
}

/**
 * How badly the older ones explain the newer ones, at the age where they do so worst (Berk and Jones). A job of which it is not known whether it had
 * ended by an age counts as is least surprising, so that another way of polling is no change.
 */
const surprise = (older: ReadonlyArray<Sample>, newer: ReadonlyArray<Sample>): number => {
  const oldFrom = sorted(older.map(({ from }) => from))
  const oldTo = sorted(older.map(({ to }) => to))
  const from = sorted(newer.map((sample) => sample.from))
  const to = sorted(newer.map((sample) => sample.to))
  const expected = (count: number): number => (count + 0.5) / (older.length + 1)
  let worst = 0
  for (const [index, age] of from.entries()) {
    // All from here on were unfinished at this age.
    const share = index / newer.length
    const least = expected(countUpTo(oldTo, age))
    if (share < least) worst = Math.max(worst, newer.length * divergence(share, least))
  }
  for (const [index, age] of to.entries()) {
    const share = (index + 1) / newer.length
    const most = expected(countUpTo(oldFrom, age - 1))
    if (share > most) worst = Math.max(worst, newer.length * divergence(share, most))
  }
  return worst
}

const sorted = (ages: Array<number>): Float64Array => Float64Array.from(ages).toSorted()

const countUpTo = (ages: Float64Array, age: number): number => {
  let low = 0
  let high = ages.length
  while (low < high) {
    const mid = (low + high) >> 1
    if ((ages[mid] ?? 0) <= age) low = mid + 1
    else high = mid
  }
  return low
}

/** Kullback and Leibler's, of two coins. */
const divergence = (seen: number, expected: number): number => term(seen, expected) + term(1 - seen, 1 - expected)

const term = (seen: number, expected: number): number => (seen === 0 ? 0 : seen * Math.log(seen / expected))
