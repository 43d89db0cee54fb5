/** One submission of a user under their key: whoever repeats it gets the same job, joins it, or gets the same answer. Nothing is paid for twice. */
import { Job, Journal, JobError, type Provider, type VideoRequest } from "@reelay/core"
import { Refused, refuse } from "../access/refuse.ts"
import type { Rate } from "../access/rate.ts"
import type { Desk, Kept } from "./Desk.ts"
import { keyOf, type Ledger, type Place } from "./Ledger.ts"
import type { RelayOptions } from "./options.ts"
import { refusedBy } from "./problemOf.ts"
import type { Services } from "./services.ts"

/** What the user asks for. */
export interface Asked {
  readonly user: string
  /** The Idempotency-Key. */
  readonly key: string
  readonly provider: Provider.Provider<VideoRequest.VideoRequest>
  readonly request: VideoRequest.VideoRequest
  readonly label: string | undefined
  /** Submits even if the user's same request has an unknown outcome. */
  readonly maySubmitAgain: boolean
}

export interface Submitted extends Kept {
  /** Whether the key had this job before. */
  readonly replayed: boolean
}

export class Submissions {
  private readonly options: RelayOptions
  private readonly services: Services
  private readonly desk: Desk
  private readonly ledger: Ledger
  private readonly rate: Rate
  /** Requests under way by the journal's key: how many wait for each. */
  private readonly underWay = new Map<string, number>()
  private readonly all = new Set<Promise<unknown>>()
  private readonly closing = new AbortController()

  constructor(options: RelayOptions, services: Services, desk: Desk, ledger: Ledger, rate: Rate) {
    this.options = options
    this.services = services
    this.desk = desk
    this.ledger = ledger
    this.rate = rate
  }

  /** Resolves when the provider has given an id. Whoever leaves before the POST has begun sends nothing. */
  async submit(asked: Asked, signal: AbortSignal): Promise<Submitted> {
    const name = keyOf(asked.user, asked.key)
    const isJoining = this.underWay.has(name)
    this.underWay.set(name, (this.underWay.get(name) ?? 0) + 1)
    try {
      const replayed = isJoining || (await this.services.run(Journal.get(name))) !== undefined
      const place = replayed ? undefined : await this.placed(asked, name)
      try {
        return { ...(await this.send(asked, name, place, signal)), replayed }
      } finally {
        place?.free()
      }
    } finally {
      const others = (this.underWay.get(name) ?? 1) - 1
      if (others > 0) this.underWay.set(name, others)
      else this.underWay.delete(name)
    }
  }

  /** Submissions whose POST has not begun send nothing any more. Resolves when the others have their answer. */
  async close(): Promise<void> {
    this.closing.abort()
    await Promise.allSettled(this.all)
  }

  /** A user who left jobs unwatched has places again once they have ended: they are asked about. */
  private async placed({ user }: Asked, name: string): Promise<Place> {
    this.rate.take(user)
    try {
      return await this.ledger.place(user, name)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const open = await this.ledger.open(user)
      await Promise.allSettled(open.map(async (ref) => this.desk.look(await this.desk.find(ref))))
      return this.ledger.place(user, name)
    }
  }

  private async send(
    { key, label, maySubmitAgain, provider, request, user }: Asked,
    name: string,
    place: Place | undefined,
    signal: AbortSignal
  ) {
    const { services } = this
    const failed = (error: unknown): never => {
      if (this.closing.signal.aborted) throw closing()
      if (!(error instanceof JobError.JobError)) throw error
      if (error.reason._tag === "SubmitUnknown") this.ledger.unknown()
      if (error.reason._tag === "InvalidRequest" && error.reason.field === "key") throw reused()
      throw refusedBy(error)
    }
    // The key tells repeats from new wishes, so core need not guess by the request, which another user may make as well.
    const options = { ...this.options.watch, key: name, label, maySubmitAgain: true }
    const submission = await services.run(Job.submission(provider, request, options)).catch(failed)
    if (place !== undefined && !maySubmitAgain && (await this.ledger.hasUnknown(user, submission.digest, key))) {
      const reason = new JobError.SubmitUnknown({ detail: "the same request has an unknown outcome under another key" })
      throw refusedBy(new JobError.JobError({ reason, provider: provider.definition.name, operation: "submit", attempt: 0 }))
    }
    const job = services.run(submission.job, signal, this.closing.signal, () => submission.phase()._tag !== "Sending")
    this.all.add(job)
    try {
      const handle = await job.catch(failed)
      place?.accepted(handle.ref)
      // The journal's key does not hold the provider's name.
      if (handle.ref.provider !== provider.definition.name) throw reused()
      return await this.desk.keep(handle)
    } finally {
      this.all.delete(job)
    }
  }
}

/** The relay shuts down: nothing was sent, or the key knows what was. */
export const closing = (): Refused => refuse("Closing", "The relay is shutting down.", { again: "submit", headers: { "retry-after": "3" } })

const reused = (): Refused => refuse("KeyReused", "This Idempotency-Key was given with another request before: give a new key.")
