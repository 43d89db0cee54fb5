/** What the server knows of its jobs: a few numbers each, in arrays, so that a hundred thousand weigh nothing. */

const most = 2 ** 20

export class Jobs {
  count = 0
  /** After so many polls a job is finished; 0: never by itself. */
  finishAfter = 0
  /** Whether each poll of a running job tells of another progress. */
  isMoving = false
  readonly #finishedAt = new Float64Array(most).fill(Infinity)
  readonly #polls = new Uint32Array(most)

  /** The id of a new job. */
  submitted(): string {
    if (this.count === most) throw new Error(`The server keeps no more than ${most} jobs`)
    return `j${this.count++}`
  }

  /** Counts a poll. The moment since when the job is finished, in milliseconds, if it is. */
  polled(id: string, now: number): { readonly finishedAt: number | undefined; readonly progress: number } {
    const at = Number(id.slice(1))
    const polls = (this.#polls[at] ?? 0) + 1
    this.#polls[at] = polls
    if (this.finishAfter > 0 && polls >= this.finishAfter) this.#finishedAt[at] = Math.min(this.#finishedAt[at] ?? now, now)
    const finishedAt = this.#finishedAt[at] ?? Infinity
    return { finishedAt: finishedAt <= now ? finishedAt : undefined, progress: this.isMoving ? polls % 100 : 42 }
  }

  /** Finishes the jobs `from` to `to`, the second excluded, one after another `within` so many milliseconds. */
  finish(from: number, to: number, within: number, now: number): void {
    for (let at = from; at < to; at++) this.#finishedAt[at] = Math.round(now + (within * (at - from)) / (to - from))
  }
}
