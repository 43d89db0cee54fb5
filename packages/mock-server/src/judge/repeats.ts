/** Jobs that mean the same video, paid for more than once. */

interface Paid {
  readonly jobId: string
  readonly intent: string
  readonly cost: number
  readonly used: boolean
}

interface Known {
  readonly id: string
  readonly polls: number
  readonly endToldAt?: number
}

export interface Repeat<Line> {
  readonly paid: ReadonlyArray<Line>
  /** The jobs too many. What becomes of the others is judged as of any job. */
  readonly spare: ReadonlyArray<string>
}

/** Each intention that was paid for more often than the `copies` that were meant. */
export const repeatsOf = <Line extends Paid>(
  lines: ReadonlyArray<Line>,
  jobs: ReadonlyArray<Known>,
  copies: number
): ReadonlyArray<Repeat<Line>> => {
  const known = new Map(jobs.map(({ endToldAt, id, polls }) => [id, endToldAt !== undefined ? 2 : polls > 0 ? 1 : 0]))
  return [...new Set(lines.map(({ intent }) => intent))].flatMap((intent) => {
    const paid = lines.filter((line) => line.intent === intent && line.cost > 0)
    if (paid.length <= copies) return []
    // Those of which the client knows least are the ones that were not wanted.
    const unused = paid.filter(({ used }) => !used).map(({ jobId }) => jobId)
    const leastKnown = unused.toSorted((one, other) => (known.get(one) ?? 0) - (known.get(other) ?? 0))
    return [{ paid, spare: leastKnown.slice(0, paid.length - copies) }]
  })
}
