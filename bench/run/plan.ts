/** What is measured, and in which order. */
import type { Phase, Task } from "../measure/Task.ts"
import type { Name } from "../rows.ts"

export interface Choice {
  readonly rows: ReadonlyArray<Name>
  readonly phases: ReadonlyArray<Phase>
  readonly jobs: ReadonlyArray<number>
  readonly rounds: number
}

export interface Step {
  readonly round: number
  readonly row: Name
  readonly task: Task
}

/** Polls are about as dense for few jobs as for many; windows are whole intervals. Nobody polls so many jobs that a round would take hours. */
const pollTask = (jobs: number): Task => {
  const interval = Math.max(500, jobs / 4)
  return { phase: "poll", jobs, interval, window: jobs <= 1000 ? interval * 3 : interval }
}

const mostPolled = 20_000

const tasksOf = (phase: Phase, jobs: ReadonlyArray<number>): ReadonlyArray<Task> => {
  switch (phase) {
    case "poll":
      return jobs.filter((count) => count <= mostPolled).map(pollTask)
    case "memory":
      return [{ phase, sizes: jobs }]
    case "submit":
      return [{ phase, jobs: 1500 }]
    case "subscribers":
      return [{ phase, counts: [1, 100, 1000], interval: 100, window: 1000 }]
  }
}

/** The heap of a waiting job, or of a subscriber, is the same each time, within a few parts in a hundred: one round in five will do. */
const roundsOf = (phase: Phase, rounds: number): number => (phase === "poll" || phase === "submit" ? rounds : Math.ceil(rounds / 5))

/**
 * Round after round, and in a round every row, so that a machine that is slow for a while is so for all of them; each round begins with another
 * row.
 */
export const plan = ({ jobs, phases, rounds, rows }: Choice): ReadonlyArray<Step> =>
  Array.from({ length: rounds }, (_, round) =>
    phases
      .filter((phase) => round < roundsOf(phase, rounds))
      .flatMap((phase) => tasksOf(phase, jobs))
      .flatMap((task) => rotated(rows, Math.round((round * rows.length) / rounds)).map((row): Step => ({ round, row, task })))
  ).flat()

const rotated = <A>(list: ReadonlyArray<A>, by: number): ReadonlyArray<A> => [...list.slice(by), ...list.slice(0, by)]
