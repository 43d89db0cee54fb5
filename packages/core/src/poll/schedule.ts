/** Schedules stepped by hand: the engine sleeps by itself, since it cuts what they ask for at a deadline. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"

/** A schedule that has begun: what `Schedule.toStep` gives. */
export type Begun<Input> = (now: number, input: Input) => Pull.Pull<[unknown, Duration.Duration], never, unknown>

/** The next wait that a schedule asks for, in milliseconds; infinite if it has ended. `now` is monotonic milliseconds. */
export const waitOf = <Input>(begun: Begun<Input>, now: number, input: Input): Effect.Effect<number> =>
  Pull.matchEffect(begun(now, input), {
    onSuccess: ([, wait]) => Effect.succeed(Duration.toMillis(wait)),
    onFailure: (cause) => Effect.failCause(cause),
    onDone: () => Effect.succeed(Number.POSITIVE_INFINITY)
  })
