/** Jobs that arrive every three seconds, each polled as a policy says, all of them learning from those that ended before. Times are seconds. */
import { floor, type Point } from "./bound.ts"
import { seeded, type World } from "./worlds.ts"

export interface Policy {
  /** The age of the next poll of a job. */
  readonly next: (age: number, polls: number, job: number) => number
  /** A job was unfinished at an age, and had ended at another. */
  readonly ended?: (from: number, to: number, job: number) => void
}

export interface Outcome extends Point {
  readonly p95: number
}

interface Job {
  readonly id: number
  readonly born: number
  readonly duration: number
  age: number
  polls: number
  due: number
  at: number
}

/** The earliest first. */
class Heap {
  private readonly jobs: Array<Job> = []

  get size(): number {
    return this.jobs.length
  }

  push(job: Job): void {
    const { jobs } = this
    let index = jobs.push(job) - 1
    for (;;) {
      const parent = (index - 1) >> 1
      const above = jobs[parent]
      if (index === 0 || above === undefined || above.at <= job.at) break
      jobs[index] = above
      index = parent
    }
    jobs[index] = job
  }

  pop(): Job | undefined {
    const { jobs } = this
    const top = jobs[0]
    const job = jobs.pop()
    if (job === undefined || jobs.length === 0) return top
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      const [left, right] = [jobs[child], jobs[child + 1]]
      if (left === undefined) break
      if (right !== undefined && right.at < left.at) child += 1
      const below = jobs[child]
      if (below === undefined || below.at >= job.at) break
      jobs[index] = below
      index = child
    }
    jobs[index] = job
    return top
  }
}

export const simulate = (world: World, policy: Policy, { jobs, seed }: { readonly jobs: number; readonly seed: number }): Outcome => {
  const random = seeded(seed)
  const heap = new Heap()
  let now = 0
  for (let id = 0; id < jobs; id++) {
    now += -3 * Math.log(1 - random())
    heap.push({ id, born: now, duration: world.sample(random, id / jobs), age: 0, polls: 0, due: 0, at: now })
  }
  const lags: Array<number> = []
  let polls = 0
  for (let job = heap.pop(); job !== undefined; job = heap.pop()) {
    if (job.due > 0) {
      polls += 1
      job.polls += 1
      if (job.due >= job.duration) {
        policy.ended?.(job.age, job.due, job.id)
        lags.push(job.due - job.duration)
        continue
      }
      job.age = job.due
    }
    job.due = Math.max(job.age + (job.age > 0 ? floor - 0.02 : 0.1), policy.next(job.age, job.polls, job.id))
    job.at = job.born + job.due
    heap.push(job)
  }
  const sorted = lags.toSorted((one, other) => one - other)
  return { polls: polls / jobs, lag: lags.reduce((sum, lag) => sum + lag, 0) / jobs, p95: sorted[Math.floor(jobs * 0.95)] ?? 0 }
}

export const fixed = (interval: number): Policy => ({ next: (age) => age + interval })

/** Each wait is 1.5 times the one before, up to `most`. */
export const exponential = (from: number, most: number): Policy => ({ next: (age, polls) => age + Math.min(most, from * 1.5 ** polls) })
