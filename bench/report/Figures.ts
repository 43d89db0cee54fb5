/** What a run says of a row: every number of the tables, the picture and the goals. */
import type { Cancel, Memory, Phase, Poll, Result, Submit, Subscribers } from "../measure/Task.ts"
import { type Name, reference } from "../rows.ts"
import type { Sample } from "../run/Sample.ts"
import { mean, median, quantile, range, ratio, type Rounded } from "./statistics.ts"

type Measured = number | undefined

type Results = { readonly [P in Phase]: Extract<Result, { readonly phase: P }> }

export class Figures {
  readonly #samples: ReadonlyArray<Sample>

  constructor(samples: ReadonlyArray<Sample>) {
    this.#samples = samples
  }

  /** The rows that something is known of. */
  has(row: Name): boolean {
    return this.#samples.some((sample) => sample.row === row && sample.result !== undefined)
  }

  /** How many jobs were polled, from few to many. */
  get polled(): ReadonlyArray<number> {
    return ascending(this.#samples.flatMap(({ result }) => (result?.phase === "poll" ? [result.jobs] : [])))
  }

  get weighed(): ReadonlyArray<number> {
    return ascending(this.#samples.flatMap(({ result }) => (result?.phase === "memory" ? result.sizes.map(({ jobs }) => jobs) : [])))
  }

  get subscribed(): ReadonlyArray<number> {
    return ascending(
      this.#samples.flatMap(({ result }) => (result?.phase === "subscribers" ? result.counts.map(({ subscribers }) => subscribers) : []))
    )
  }

  /** In how many rounds so many jobs were polled. */
  rounds(row: Name, jobs: number): number {
    return this.#polls(row, jobs, ({ cpu }) => cpu).length
  }

  /** CPU a poll in microseconds, and how many times that of the fetch loop it is. */
  poll(row: Name, jobs: number): { readonly cpu: Measured; readonly range: ReturnType<typeof range>; readonly ratio: Measured } {
    const values = this.#polls(row, jobs, ({ cpu }) => cpu)
    return {
      ...summary(values),
      ratio: ratio(
        values,
        this.#polls(reference, jobs, ({ cpu }) => cpu)
      )
    }
  }

  /** The median of a number that a poll measurement has. */
  ofPolls(row: Name, jobs: number, read: (poll: Poll) => number): Measured {
    return median(this.#polls(row, jobs, read).map(({ value }) => value))
  }

  /** Milliseconds from the end of a job until its promise is settled. */
  lag(row: Name): { readonly mean: Measured; readonly late: Measured; readonly interval: Measured } {
    const all = this.#of(row, "poll").filter(({ result }) => result.lags.length > 0)
    return {
      mean: median(all.flatMap(({ result }) => mean(result.lags) ?? [])),
      late: median(all.flatMap(({ result }) => quantile(result.lags, 0.95) ?? [])),
      interval: all[0]?.result.interval
    }
  }

  /** What stopping by signals costs, of the most jobs that were polled. */
  signals(row: Name): Stopped | undefined {
    const most = this.polled.at(-1)
    return stopped(this.#of(row, "poll").flatMap(({ result }) => (result.jobs === most ? [result.cancel] : [])))
  }

  /** The same by the row's own handles. */
  handles(row: Name): Stopped | undefined {
    return stopped(this.#of(row, "memory").flatMap(({ result: { cancel } }) => cancel ?? []))
  }

  /** Bytes of a waiting job. */
  memory(
    row: Name,
    jobs: number
  ): { readonly heap: Measured; readonly rss: Measured; readonly waiting: Measured; readonly ended: Measured } {
    const sizes = this.#of(row, "memory").flatMap(({ result }) => result.sizes.filter((size) => size.jobs === jobs))
    const of = (read: (size: Memory["sizes"][number]) => number | undefined): Measured => median(sizes.flatMap((size) => read(size) ?? []))
    return {
      heap: of(({ heap }) => heap),
      rss: of(({ rss }) => rss),
      waiting: of(({ waiting }) => waiting),
      ended: of(({ ended }) => ended)
    }
  }

  submit(row: Name): {
    readonly cpu: Measured
    readonly range: ReturnType<typeof range>
    readonly ratio: Measured
    readonly aSecond: Measured
  } {
    const of = (name: Name, read: (submit: Submit) => number): ReadonlyArray<Rounded> =>
      this.#of(name, "submit").map(({ result, round }) => ({ round, value: read(result) }))
    const values = of(row, ({ cpu }) => cpu)
    return {
      ...summary(values),
      ratio: ratio(
        values,
        of(reference, ({ cpu }) => cpu)
      ),
      aSecond: median(of(row, ({ aSecond }) => aSecond).map(({ value }) => value))
    }
  }

  /** The median of a number that so many subscribers of one job have. */
  subscribers(row: Name, count: number, read: (of: Subscribers["counts"][number]) => number): Measured {
    return median(
      this.#of(row, "subscribers").flatMap(({ result }) => result.counts.filter(({ subscribers }) => subscribers === count).map(read))
    )
  }

  /** Microseconds that one subscriber more costs a state: what the most cost more than one, a poll, by their number. */
  subscriber(row: Name): Measured {
    const most = this.subscribed.at(-1)
    const perPoll = (count: number): Measured => this.subscribers(row, count, ({ cpu, polls, states }) => (cpu * states) / polls)
    if (most === undefined || most === 1) return undefined
    const [one, all] = [perPoll(1), perPoll(most)]
    return one === undefined || all === undefined ? undefined : (all - one) / (most - 1)
  }

  #polls(row: Name, jobs: number, read: (poll: Poll) => number): ReadonlyArray<Rounded> {
    return this.#of(row, "poll")
      .filter(({ result }) => result.jobs === jobs)
      .map(({ result, round }) => ({ round, value: read(result) }))
  }

  #of<P extends Phase>(row: Name, phase: P): ReadonlyArray<{ readonly round: number; readonly result: Results[P] }> {
    return this.#samples.flatMap((sample) =>
      sample.row === row && isOf(sample.result, phase) ? [{ round: sample.round, result: sample.result }] : []
    )
  }
}

export interface Stopped {
  readonly jobs: number
  /** Microseconds of each. */
  readonly cpu: Measured
  /** Milliseconds until the last was settled; `undefined` where some never were. */
  readonly settled: Measured
  readonly late: Measured
  readonly requests: Measured
}

const stopped = (all: ReadonlyArray<Cancel>): Stopped | undefined => {
  const [first] = all
  if (first === undefined) return undefined
  return {
    jobs: first.jobs,
    cpu: median(all.map(({ cpu, jobs }) => (cpu * 1000) / jobs)),
    settled: all.some(({ settled }) => settled === null) ? undefined : median(all.flatMap(({ settled }) => settled ?? [])),
    // The worst: a promise is kept each time or it is none.
    late: Math.max(...all.map(({ late }) => late)),
    requests: Math.max(...all.map(({ requests }) => requests))
  }
}

const isOf = <P extends Phase>(result: Sample["result"], phase: P): result is Results[P] => result?.phase === phase

const summary = (values: ReadonlyArray<Rounded>): { readonly cpu: Measured; readonly range: ReturnType<typeof range> } => {
  const plain = values.map(({ value }) => value)
  return { cpu: median(plain), range: range(plain) }
}

const ascending = (values: ReadonlyArray<number>): ReadonlyArray<number> => [...new Set(values)].toSorted((one, other) => one - other)
