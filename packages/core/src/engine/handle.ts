/** The handle of one job: its states, its result, and its cancellation. All of them are views of one `Watch`. */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { JobError } from "../job/JobError.ts"
import type { JobState } from "../job/JobState.ts"
import type { JobHandle } from "./JobHandle.ts"
import { cancelBy, leave, left, resultBy } from "./watched.ts"
import type { Listener, Watch } from "./watching.ts"

const handles = new WeakMap<Watch, JobHandle>()

/** The same one for the same job. */
export const handleOf = (watch: Watch): JobHandle => {
  const known = handles.get(watch)
  if (known !== undefined) return known
  const handle = new View(watch)
  handles.set(watch, handle)
  return handle
}

/** Can be spread. What is behind a member is made when it is read: thousands of jobs wait, and most programs read one member of each. */
class View implements JobHandle {
  readonly ref: JobHandle["ref"]
  declare readonly current: JobHandle["current"]
  declare readonly states: JobHandle["states"]
  declare readonly result: JobHandle["result"]
  declare readonly cancel: JobHandle["cancel"]
  declare readonly subscribe: JobHandle["subscribe"]
  readonly #watch: Watch

  constructor(watch: Watch) {
    this.ref = watch.ref
    this.#watch = watch
    Object.defineProperties(this, View.#members)
  }

  static #member(of: (watch: Watch) => unknown): PropertyDescriptor {
    return {
      enumerable: true,
      get(this: View) {
        return of(this.#watch)
      }
    }
  }

  static readonly #members = {
    current: View.#member((watch) => () => watch.current()),
    states: View.#member((watch) => Stream.suspend(() => statesOf(watch))),
    result: View.#member((watch) => Effect.suspend(() => resultBy(watch))),
    cancel: View.#member((watch) => Effect.suspend(() => cancelBy(watch))),
    subscribe: View.#member(
      (watch): JobHandle["subscribe"] =>
        (listener, context = Context.empty()) =>
          subscribed(watch, listener, context)
    )
  } satisfies Record<Exclude<keyof JobHandle, "ref">, PropertyDescriptor>
}

const subscribed = (watch: Watch, listener: Listener, context: Context.Context<never>): (() => void) => {
  watch.join(listener, context)
  return () => leave(watch, listener, context)
}

/** How many states a slow subscriber may be behind: older ones are dropped, but never the last. */
const behind = 16

/** A slow subscriber misses states in between, but never the end. */
export const statesOf = (watch: Watch): Stream.Stream<JobState, JobError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const context = yield* Effect.context()
      const queue = yield* Queue.sliding<JobState, JobError | Cause.Done>(behind)
      const listener: Listener = {
        state: (state) => void Queue.offerUnsafe(queue, state),
        ended: () => void Queue.endUnsafe(queue),
        lost: (cause) => void Queue.failCauseUnsafe(queue, cause)
      }
      yield* Effect.acquireRelease(
        Effect.sync(() => watch.join(listener, context)),
        () => left(watch, listener)
      )
      return Stream.fromQueue(queue)
    })
  )
