/** Many jobs on one account, for the tests of shared limits. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Heard, Limits, Meaning } from "../src/limits/Limits.ts"
import type { NoAnswer } from "../src/transport/Transport.ts"

export const account = { origin: "https://api.fake.test", account: "me" }
export const other = { origin: "https://api.fake.test", account: "you" }
export const elsewhere = { origin: "https://api.other.test", account: "me" }

export const answer = (status: number, headers: Record<string, string> = {}, meaning?: Meaning): Heard => ({
  operation: "poll",
  status,
  headers,
  body: status === 502 ? "<html>" : "{}",
  meaning
})

export const silence: NoAnswer = { _tag: "NoAnswer", because: "network", detail: "ECONNRESET" }

interface Sent {
  readonly who: string
  readonly at: number
}

/** Requests that are sent when they are admitted; their answers, and when they were sent, in virtual milliseconds. */
export const crowd = (limits: Limits) => {
  const sent: Array<Sent> = []
  const ask = (
    who: string,
    reply: Heard | NoAnswer = answer(200),
    { at = account, patience = 3_600_000, takes = 0 }: { at?: typeof account; patience?: number; takes?: number } = {}
  ) =>
    limits.turn(at, patience, (listen) =>
      listen(
        Effect.gen(function* () {
          sent.push({ who, at: yield* Clock.currentTimeMillis })
          yield* Effect.sleep(takes)
          return "_tag" in reply ? yield* Effect.fail(reply) : reply
        })
      )
    )
  return { sent, ask, times: () => sent.map(({ at }) => at), order: () => sent.map(({ who }) => who) }
}

/** The most requests in any window of time. */
export const most = (times: ReadonlyArray<number>, window: number): number =>
  times.reduce((worst, start) => Math.max(worst, times.filter((at) => at >= start && at < start + window).length), 0)

/** How something ended: its value, its failure, or that it was interrupted. */
export const ending = <A, E>(exit: Exit.Exit<A, E>): A | E | "interrupted" =>
  Exit.isSuccess(exit) ? exit.value : (exit.cause.reasons.filter(Cause.isFailReason).map(({ error }) => error)[0] ?? "interrupted")
