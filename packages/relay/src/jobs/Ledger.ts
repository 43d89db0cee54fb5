/** Which jobs a user has: read from the journal, and kept up to date by what this relay does. */
import { Journal } from "@reelay/core"
import { jobKey, type JobRef } from "@reelay/core/JobRef"
import * as Effect from "effect/Effect"
import { refuse } from "../access/refuse.ts"
import type { Services } from "./services.ts"

/** The key of a submission in the journal: another user's can't be the same. */
export const keyOf = (user: string, key: string): string => JSON.stringify(["reelay relay", user, key])

/** The user's own key, of an entry of theirs. */
const ownKey = (text: string | undefined, user: string): string | undefined => {
  const prefix = `${JSON.stringify(["reelay relay", user]).slice(0, -1)},`
  if (text?.startsWith(prefix) !== true) return undefined
  const [key]: ReadonlyArray<unknown> = JSON.parse(`[${text.slice(prefix.length)}`)
  return typeof key === "string" ? key : undefined
}

/** An entry of a user. */
export interface Own {
  readonly entry: Journal.Entry
  /** The Idempotency-Key. */
  readonly key: string
}

/** A place among a user's unfinished jobs: given back, or kept for the job until it ends. */
export interface Place {
  readonly accepted: (ref: JobRef) => void
  readonly free: () => void
}

/** An entry that no process has closed is not counted for ever: providers forget jobs too. Milliseconds. */
const mayRunFor = 24 * 3_600_000

/** How long the same request of a user is refused after one with an unknown outcome, as in core. Milliseconds. */
const guardFor = 600_000

/** How old a reading of the journal may be when it only counts. Milliseconds. */
const recent = 60_000

export class Ledger {
  private readonly services: Services
  private readonly most: number
  private read: { readonly at: number; readonly entries: Promise<ReadonlyArray<Journal.Entry>> } | undefined
  /** Whether this relay has changed the journal since it was read. Counting goes on: it knows of its own jobs. */
  private isStale = false
  /** Unfinished jobs and submissions under way that this relay knows of, by user. */
  private readonly running = new Map<string, Map<string, JobRef | undefined>>()
  /** Jobs that ended since the journal was read. */
  private readonly ended = new Set<string>()

  constructor(services: Services, most: number) {
    this.services = services
    this.most = most
  }

  /** A user's entries, oldest first. */
  async of(user: string, maxAge = 1000): Promise<ReadonlyArray<Own>> {
    return (await this.entries(maxAge)).flatMap((entry) => {
      const key = ownKey(entry.key, user)
      return key === undefined ? [] : [{ entry, key }]
    })
  }

  /** A user's jobs that have not ended, as far as is known; submissions under way aside. */
  async open(user: string): Promise<ReadonlyArray<JobRef>> {
    const young = Date.now() - mayRunFor
    const listed = (await this.of(user, recent)).flatMap(({ entry: { at, fate } }) =>
      fate._tag === "Accepted" && at > young ? [fate.ref] : []
    )
    const own = Array.from(this.running.get(user)?.values() ?? []).filter((ref) => ref !== undefined)
    return [...new Map([...listed, ...own].map((ref) => [jobKey(ref), ref])).values()].filter((ref) => !this.ended.has(jobKey(ref)))
  }

  /** Takes a place for a new job of a user, or refuses with 429. */
  async place(user: string, name: string): Promise<Place> {
    const open = await this.open(user)
    // One step from here on, so that two requests at once can't take one place.
    const mine = this.running.get(user) ?? new Map<string, JobRef | undefined>()
    if (new Set([...mine.keys(), ...open.map(jobKey)]).size >= this.most) {
      throw refuse("TooManyJobs", `A user may have ${this.most} unfinished jobs.`, { again: "submit", headers: { "retry-after": "15" } })
    }
    this.running.set(user, mine.set(name, undefined))
    return {
      free: () => this.drop(user, name),
      accepted: (ref) => {
        this.drop(user, name)
        const job = jobKey(ref)
        if (!this.ended.has(job)) this.running.set(user, (this.running.get(user) ?? new Map<string, JobRef | undefined>()).set(job, ref))
      }
    }
  }

  private drop(user: string, name: string): boolean {
    const mine = this.running.get(user)
    const was = mine?.delete(name) === true
    if (mine?.size === 0) this.running.delete(user)
    return was
  }

  /** A job has ended, whoever saw it. */
  close(ref: JobRef): void {
    const job = jobKey(ref)
    if (this.read !== undefined) this.ended.add(job)
    for (const user of this.running.keys()) if (this.drop(user, job)) return
  }

  /** Whether the user's same request has an unknown outcome since less than ten minutes, under another key. */
  async hasUnknown(user: string, digest: string, key: string): Promise<boolean> {
    const young = Date.now() - guardFor
    return (await this.of(user, recent)).some(
      (own) => own.key !== key && own.entry.digest === digest && own.entry.at > young && own.entry.fate._tag === "Unknown"
    )
  }

  /** The journal has changed: it is read again when it is next needed. */
  changed(): void {
    this.isStale = true
  }

  /** A submission has an unknown outcome: who asks for the same must see it. */
  unknown(): void {
    this.read = undefined
  }

  private entries(maxAge: number): Promise<ReadonlyArray<Journal.Entry>> {
    const now = performance.now()
    if (this.read !== undefined && now - this.read.at <= maxAge && (maxAge === recent || !this.isStale)) return this.read.entries
    this.isStale = false
    this.ended.clear()
    const all = Effect.flatMap(Journal.Journal, (journal) => journal.entries)
    const entries = this.services.run(all).then((found) => found.filter((each): each is Journal.Entry => each._tag === "Entry"))
    const read = { at: now, entries }
    entries.catch(() => {
      if (this.read === read) this.read = undefined
    })
    this.read = read
    return entries
  }
}
