/** When to poll again after a failed poll, where the caller does not say. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type { JobError } from "../job/JobError.ts"

/** The longest wait that misses lead to. A pace that is slower still stays as it is: the longer wait counts. */
const longest = 60_000

/**
 * One miss changes nothing: it is the pace that waits. From the second on each wait doubles what the pace asks for (`paced`, in
 * milliseconds), longer by up to a quarter, so that the watchers of a provider that was down do not come back at once.
 */
export const defaultPollRetry = (paced: () => number): Schedule.Schedule<unknown, JobError> =>
  Schedule.forever.pipe(
    Schedule.setInputType<JobError>(),
    Schedule.modifyDelay(({ attempt }) =>
      Effect.map(Random.next, (spread) =>
        Duration.millis(attempt < 2 ? 0 : Math.min(longest, paced() * 2 ** Math.min(attempt - 1, 30) * (1 + spread / 4)))
      )
    )
  )
