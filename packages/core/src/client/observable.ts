/** A job as an Observable. Of each there are two small objects, and one more a subscriber: a program may have thousands. */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { Observable, type Subscriber, type Unsubscribable } from "rxjs"
import { macrotask } from "../base/macrotask.ts"
import type { JobHandle } from "../engine/JobHandle.ts"
import type { Submission } from "../engine/submitting.ts"
import type { Listener } from "../engine/watching.ts"
import type { JobError } from "../job/JobError.ts"
import { isTerminal, type JobState } from "../job/JobState.ts"

/** What of a submission is needed here. */
export interface Held extends Pick<Submission, "phase" | "settled"> {
  readonly job: Effect.Effect<JobHandle, JobError>
}

/** The job of one Observable: whoever subscribes first asks for it. Once there is a job, the job is all that is kept. */
export abstract class Asked {
  protected job: JobHandle | undefined

  protected abstract asked(): Effect.Effect<JobHandle, JobError>
  /** Whether there is a job to cancel. */
  abstract isAccepted(): Effect.Effect<boolean, JobError>

  handle(): Effect.Effect<JobHandle, JobError> {
    return this.job === undefined ? this.asked() : Effect.succeed(this.job)
  }
}

/** A job that the first subscription submits. */
export class Submitted extends Asked {
  private submission: Effect.Effect<Held, JobError>

  constructor(submission: Effect.Effect<Held, JobError>) {
    super()
    this.submission = submission
  }

  protected asked(): Effect.Effect<JobHandle, JobError> {
    const asked = Effect.flatMap(this.submission, ({ job, phase }) =>
      // In a later turn: a bare `retry()` that gets a final error while it subscribes would never yield to the event loop.
      "error" in phase() ? Effect.andThen(macrotask, job) : job
    )
    return Effect.map(asked, (job) => {
      this.submission = Effect.never
      return (this.job = job)
    })
  }

  // What was never sent needs no cancelling; what is in flight is waited for, without asking for it: nobody is left that wants another try.
  isAccepted(): Effect.Effect<boolean, JobError> {
    if (this.job !== undefined) return Effect.succeed(true)
    return Effect.flatMap(this.submission, ({ phase, settled }) => Effect.map(settled, () => phase()._tag === "Accepted"))
  }
}

/** A job that was submitted before. */
export class Attached extends Asked {
  private readonly attach: Effect.Effect<JobHandle, JobError>

  constructor(attach: Effect.Effect<JobHandle, JobError>) {
    super()
    this.attach = attach
  }

  protected asked(): Effect.Effect<JobHandle, JobError> {
    // Another subscriber may have been first.
    return Effect.map(this.attach, (job) => (this.job ??= job)).pipe(
      // In a later turn, as above.
      Effect.tapError(() => macrotask)
    )
  }

  isAccepted(): Effect.Effect<boolean, JobError> {
    return Effect.succeed(true)
  }
}

/** What the subscribers of one Observable have in common. */
interface Audience {
  readonly asked: Asked
  /** Where watch sessions are logged. */
  readonly context: Context.Context<never>
  /** Whether the last to leave cancels the job. */
  readonly cancels: boolean
  subscribers: number
}

/** One subscriber, as a listener of the job. */
class Told implements Listener, Unsubscribable {
  private readonly audience: Audience
  private readonly subscriber: Subscriber<JobState>
  private asking: Fiber.Fiber<JobHandle, JobError> | undefined
  private leave: (() => void) | undefined

  constructor(audience: Audience, subscriber: Subscriber<JobState>) {
    this.audience = audience
    this.subscriber = subscriber
    audience.subscribers += 1
    const asking = Effect.runFork(audience.asked.handle())
    this.asking = asking
    const forget = asking.addObserver((exit) => this.answered(exit))
    // A job that is there already is listened to by now.
    if (this.isAsking()) this.leave = forget
  }

  private isAsking(): boolean {
    return this.asking !== undefined
  }

  private answered(exit: Exit.Exit<JobHandle, JobError>): void {
    this.asking = undefined
    this.leave = undefined
    if (Exit.isFailure(exit)) return this.subscriber.error(Cause.squash(exit.cause))
    this.leave = exit.value.subscribe(this, this.audience.context)
    if (this.subscriber.closed) this.leave()
  }

  state(state: JobState): void {
    this.subscriber.next(state)
  }

  ended(): void {
    this.subscriber.complete()
  }

  lost(cause: Cause.Cause<JobError>): void {
    this.subscriber.error(Cause.squash(cause))
  }

  unsubscribe(): void {
    const { asking, audience } = this
    audience.subscribers -= 1
    this.leave?.()
    if (asking !== undefined) Effect.runFork(Fiber.interrupt(asking))
    if (audience.subscribers === 0 && audience.cancels) Effect.runFork(Effect.ignore(cancelled(audience)))
  }
}

/** The last subscriber has left, and wants the job to end. */
const cancelled = Effect.fnUntraced(function* (audience: Audience) {
  const { asked } = audience
  if (!(yield* asked.isAccepted()) || audience.subscribers > 0) return
  const job = yield* asked.handle()
  if (!isTerminal(job.current())) yield* job.cancel
})

/** The states of a job for whoever subscribes. All share its polls. */
export const observable = (given: Omit<Audience, "subscribers">): Observable<JobState> => {
  const audience: Audience = { ...given, subscribers: 0 }
  return new Observable((subscriber) => new Told(audience, subscriber))
}
