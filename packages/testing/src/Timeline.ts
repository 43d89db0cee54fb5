/**
 * Pictures of what happened: states on one line, polls below.
 *
 * @since 0.1.0
 */
import type { JobState } from "@reelay/core"

/**
 * What happened, and when: milliseconds from any start.
 *
 * @category models
 * @since 0.1.0
 */
export interface Happenings {
  readonly states: ReadonlyArray<{ readonly at: number; readonly state: JobState.JobState }>
  /** A poll that was answered, failed, or was aborted. */
  readonly polls?: ReadonlyArray<{ readonly at: number; readonly outcome: "answered" | "failed" | "aborted" }> | undefined
  /** When the stream failed. */
  readonly failedAt?: number | undefined
  /** Milliseconds that one `-` stands for. Default: the shortest gap. */
  readonly unit?: number | undefined
}

const letters = {
  Submitted: "S",
  Queued: "Q",
  Running: "R",
  Succeeded: "D",
  Failed: "F",
  Expired: "X",
  Cancelled: "C"
} as const satisfies Record<JobState.JobState["_tag"], string>

const marks = { answered: "^", failed: "!", aborted: "x" } as const

/** The longest line that is easy to read. */
const widest = 100

/**
 * Draws a job's life: `S` submitted, `Q` queued, `R25` running at 25 %, `D` done, `F` failed, `X` expired, `C` cancelled, `#` lost.
 * Below it the polls: `^` answered, `!` failed, `x` aborted.
 *
 * **Example** (A job that succeeds)
 *
 * ```
 * S-Q--R25-R60----D
 * --^--^---^---!--^
 * ```
 *
 * @category formatting
 * @since 0.1.0
 */
export const draw = ({ failedAt, polls = [], states, unit }: Happenings): string => {
  const top = states.map(({ at, state }) => ({ at, mark: markOf(state) }))
  if (failedAt !== undefined) top.push({ at: failedAt, mark: "#" })
  const bottom = polls.map(({ at, outcome }) => ({ at, mark: marks[outcome] }))
  const times = [...new Set([...top, ...bottom].map(({ at }) => at))].toSorted((a, b) => a - b)
  const start = times[0] ?? 0
  const end = times.at(-1) ?? 0
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? at))
  const step = Math.max(unit ?? Math.min(...gaps, end - start), (end - start) / widest, Number.MIN_VALUE)
  const tick = (at: number): number => Math.round((at - start) / step)
  let above = ""
  let below = ""
  for (let now = 0; now <= tick(end); now++) {
    const state = marksAt(top, now, tick)
    const poll = marksAt(bottom, now, tick)
    const width = Math.max(1, state.length, poll.length)
    above += state.padEnd(width, "-")
    below += poll.padEnd(width, "-")
  }
  return polls.length === 0 ? above : `${above}\n${below}`
}

const marksAt = (all: ReadonlyArray<{ at: number; mark: string }>, now: number, tick: (at: number) => number): string =>
  all
    .filter(({ at }) => tick(at) === now)
    .map(({ mark }) => mark)
    .join("")

const markOf = (state: JobState.JobState): string =>
  state._tag === "Running" && state.progress !== undefined ? `R${Math.round(state.progress * 100)}` : letters[state._tag]
