/** The jobs of a mock, and how old each is. */
import * as Hash from "../base/hash.ts"
import type { Job } from "../provider/Provider.ts"
import type { Endpoint } from "../script/Fault.ts"
import * as Script from "../script/Script.ts"

/** A job, and what has been asked about it. */
export interface Tracked {
  readonly job: Job
  /** The key that created it: ids are good under no other (kittors/CliRelay#897). */
  readonly owner: string
  /** Requests so far that the API had, by endpoint. */
  readonly asked: Record<Endpoint, number>
  /** What was meant by it: another submission of the same intention is the same video once more. */
  readonly intent: string
  /** When its end was told in an answer that came whole, in milliseconds since the epoch. */
  endToldAt: number | undefined
  /** Until when the best link that was told is good. */
  linkGoodUntil: number | undefined
  /** How often the file was fetched whole. */
  fetched: number
  /** What was fetched of it since then: first byte, and the one after the last. */
  pieces: ReadonlyArray<readonly [from: number, to: number]>
  /** Polls whose answer had a body. */
  bodies: number
  /** Polls since the first that saw the end. */
  pollsSinceEnd: number
  /** Downloads that found that a link had expired. */
  expiries: number
  /** If it moves by hand: how old it was made, in milliseconds. */
  age: number
  /** When its end was first seen, in milliseconds since the epoch: of those that no clock moves. */
  endSeenAt: number | undefined
}

/** Share of a job's time during which `not-found-first` hides it. */
export const hiddenShare = 0.2

/** How old a job is, in milliseconds of its life, whatever makes it older. */
export const ageOf = ({ age, asked, job }: Tracked, now: number): number => {
  const { advances } = job.script
  if (advances === "time") return now - job.createdAt
  return advances === "hand" ? age : (job.life.end * Math.min(asked.poll, advances.polls)) / advances.polls
}

/** A job without any time to live has ended, however it is moved: but by polls the first has to come. */
export const momentOf = (tracked: Tracked, now: number): Script.Moment => {
  const { job } = tracked
  const { advances } = job.script
  if (typeof advances === "object" && job.life.end === 0 && tracked.asked.poll < advances.polls) return { _tag: "Queued" }
  return Script.momentAt(job.life, ageOf(tracked, now))
}

export const isHidden = (tracked: Tracked, now: number): boolean =>
  tracked.job.script.faults.some(({ name }) => name === "not-found-first") && ageOf(tracked, now) < tracked.job.life.end * hiddenShare

/**
 * How many milliseconds, rounded up, until time alone changes what is answered about a job or its file; infinite if it never will.
 */
export const nextEventIn = (tracked: Tracked, now: number): number => {
  const { createdAt, life, script } = tracked.job
  const ages = script.advances === "time" ? [...life.phases.map(({ until }) => until), life.end] : []
  if (script.advances === "time" && script.faults.some(({ name }) => name === "not-found-first")) ages.push(life.end * hiddenShare)
  const times = [...ages.map((age) => createdAt + age), ...(tracked.linkGoodUntil === undefined ? [] : [tracked.linkGoodUntil])]
  return Math.min(...times.map((at) => Math.ceil(at - now)).filter((wait) => wait > 0))
}

/** When a job ended, or will have: milliseconds since the epoch. */
export const finishedAt = (tracked: Tracked, now: number): number => {
  const { job } = tracked
  return job.script.advances === "time" ? job.createdAt + job.life.end : (tracked.endSeenAt ?? now)
}

export class Jobs {
  private readonly tracked = new Map<string, Tracked>()
  private readonly onAdd: () => void
  /** How often a submission was seen, by what it says: the second of two equal ones is another job, and the same on every host. */
  private readonly submissions = new Map<string, number>()

  get all(): ReadonlyArray<Tracked> {
    return [...this.tracked.values()]
  }

  find(provider: string, id: string): Tracked | undefined {
    return this.tracked.get(`${provider} ${id}`)
  }

  /** By its id alone, for those who look at the mock from outside. */
  named(id: string): Tracked | undefined {
    return this.all.find(({ job }) => job.id === id)
  }

  /** An intention was answered: the next like it is a new one. */
  answered(intent: string): void {
    this.submissions.delete(intent)
  }

  /** Counts a submission: how often this very intention was seen since it was last answered, this time included. */
  count(intent: string): number {
    const nth = (this.submissions.get(intent) ?? 0) + 1
    this.submissions.set(intent, nth)
    return nth
  }

  /** A UUID that depends on the seed, what is submitted, and which of several equal ones it is. */
  id(seed: string, provider: string, body: unknown): string {
    for (let nth = 0; ; nth++) {
      const uuid = Hash.uuid(`job ${seed} ${provider} ${JSON.stringify(body)} ${nth}`)
      if (!this.taken.has(uuid)) {
        this.taken.add(uuid)
        return uuid
      }
    }
  }
  private readonly taken = new Set<string>()

  constructor(onAdd: () => void) {
    this.onAdd = onAdd
  }

  add(job: Job, owner: string, intent: string): void {
    this.onAdd()
    this.tracked.set(`${job.provider} ${job.id}`, {
      job,
      owner,
      asked: { submit: 1, poll: 0, content: 0, file: 0 },
      intent,
      endToldAt: undefined,
      linkGoodUntil: undefined,
      fetched: 0,
      pieces: [],
      bodies: 0,
      pollsSinceEnd: 0,
      expiries: 0,
      age: 0,
      endSeenAt: undefined
    })
  }

  clear(): void {
    this.tracked.clear()
    this.submissions.clear()
    this.taken.clear()
  }
}
