/** The polls that the mock has had, of each job: asked for again and again while the page is shown. */
import type { Heard, Polls } from "../server/config.ts"
import type { Poll } from "./model/timeline.ts"

const none: ReadonlyArray<Poll> = []
/** Short requests, and no stream: a browser has six connections to an origin, and the jobs need theirs. */
const interval = 600

/** How a job ended, its own state says. */
const tags = { submitted: "Submitted", queued: "Queued", running: "Running", ended: undefined } as const

const pollOf = ({ at, fault, n, retryAfter, status, told }: Heard): Poll => {
  const answer = [status === undefined ? "no answer" : String(status), fault ?? ""].filter((word) => word !== "").join(", ")
  return { n, at, isFailed: told === undefined, told: told && tags[told], answer, retryAfter }
}

class Feed {
  private readonly jobs = new Map<string, ReadonlyArray<Poll>>()
  private readonly listeners = new Set<() => void>()
  private names: Readonly<Record<string, string>> = {}
  private last = -1
  private timer: ReturnType<typeof setTimeout> | undefined

  /** Of a job by the provider's id, or by the name that it was submitted with. */
  readonly of = (id: string, name: string): ReadonlyArray<Poll> => this.jobs.get(id) ?? this.jobs.get(this.names[name] ?? "") ?? none

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    if (this.timer === undefined) this.ask()
    return () => {
      this.listeners.delete(listener)
      if (this.listeners.size > 0) return
      clearTimeout(this.timer)
      this.timer = undefined
    }
  }

  private readonly ask = (): void => {
    this.timer = setTimeout(this.ask, interval)
    if (document.visibilityState !== "visible") return
    fetch(`/playground/polls?after=${this.last}`)
      .then((answer) => answer.json())
      .then(this.take, () => undefined)
  }

  private readonly take = ({ last, names, polls }: Polls): void => {
    if (last <= this.last && Object.keys(names).length === Object.keys(this.names).length) return
    this.names = names
    this.last = Math.max(last, this.last)
    for (const heard of polls) this.jobs.set(heard.job, [...(this.jobs.get(heard.job) ?? none), pollOf(heard)])
    for (const listener of this.listeners) listener()
  }
}

export const feed = new Feed()
