/** Repeatable chance: a draw depends on a seed and a name only, not on earlier draws. */

export interface Dice {
  /** From 0 to below 1. */
  readonly fraction: () => number
  readonly chance: (probability: number) => boolean
  /** A whole number, both ends included. */
  readonly between: (from: number, to: number) => number
  readonly pick: <A>(first: A, ...others: ReadonlyArray<A>) => A
}

export const dice = (...name: ReadonlyArray<string | number>): Dice => {
  let state = hash(name.join(" "))
  // mulberry32, by Tommy Ettinger (public domain).
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (from: number, to: number): number => from + Math.floor(fraction() * (to - from + 1))
  return {
    fraction,
    chance: (probability) => fraction() < probability,
    between,
    pick: (first, ...others) => others[between(0, others.length) - 1] ?? first
  }
}

/** FNV-1a. */
const hash = (text: string): number => {
  let sum = 0x811c9dc5
  for (let index = 0; index < text.length; index++) sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193)
  return sum
}
