import * as Context from "effect/Context"
import type { Incoming, NoAnswer, Outgoing, Transport } from "../src/transport/Transport.ts"

/** Sends, and keeps what is told. */
export const sending = (transport: Transport, request: Outgoing, context: Context.Context<never> = Context.empty()) => {
  const outcomes: Array<Incoming | NoAnswer> = []
  let settle: ((outcome: Incoming | NoAnswer) => void) | undefined
  const outcome = new Promise<Incoming | NoAnswer>((resolve) => (settle = resolve))
  const abort = transport.send(
    request,
    (each) => {
      outcomes.push(each)
      settle?.(each)
    },
    context
  )
  return { abort, outcome, outcomes }
}

/** Once all that is under way has been told. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}
