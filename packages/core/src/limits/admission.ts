/** Whose turn it is to send: what the engine asks before each request. Without shared limits it is always one's turn. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Answer } from "../job/Reading.ts"
import type { Account } from "../provider/account.ts"
import type { NoAnswer } from "../transport/Transport.ts"

/** The turn did not come in time: nothing was sent. */
export interface NotAdmitted {
  readonly _tag: "NotAdmitted"
  /** `circuit`: the address did not answer others. `pause`: it asked to stay away. `rate`: the caller's own rate, or the jobs in front. */
  readonly because: "circuit" | "pause" | "rate"
  /** What was waited for, as a part of a sentence. */
  readonly detail: string
}

/** Passes an answer on unchanged, and learns from it how the address is. */
export type Listen = <R>(asked: Effect.Effect<Answer, NoAnswer, R>) => Effect.Effect<Answer, NoAnswer, R>

export interface Limits {
  /**
   * Waits for its turn, at most `patience` milliseconds, and then runs `send`, which patience does not cut. The wait can be
   * interrupted. `send` hands its request to `listen`.
   */
  readonly turn: <A, E, R>(
    account: Account,
    patience: number,
    send: (listen: Listen) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | NotAdmitted, R>
}

export const none: Limits = { turn: (_account, _patience, send) => send((asked) => asked) }

export const Limits: Context.Reference<Limits> = Context.Reference<Limits>("@reelay/core/Limits", { defaultValue: () => none })

/** One turn under the limits of the context. */
export const whenAdmitted = <A, E, R>(
  account: Account,
  patience: number,
  send: (listen: Listen) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | NotAdmitted, R> => Effect.flatMap(Limits, ({ turn }) => turn(account, patience, send))
