/** Effects as promises that a signal ends, and what is loaded when it is needed. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { refuseSignal } from "./rules.ts"

/**
 * Runs an effect as a promise. An aborted signal interrupts it, waits for what must not be cut, and rejects with the signal's reason. `closing` does
 * the same if `mayStop` returns true at that moment.
 *
 * @category converting
 * @since 0.1.0
 */
export const promised = <A, E>(
  effect: Effect.Effect<A, E>,
  signal?: AbortSignal,
  closing?: AbortSignal,
  mayStop: () => boolean = () => true
): Promise<A> => {
  const wrong = refuseSignal(signal)
  if (wrong !== undefined) return Promise.reject(wrong)
  for (const each of [signal, closing]) if (each?.aborted === true) return Promise.reject(each.reason)
  return new Promise((resolve, reject) => {
    const fiber = Effect.runFork(effect)
    let stopped: AbortSignal | undefined
    const stop = (by: AbortSignal | undefined) => (): void => {
      stopped ??= by
      fiber.interruptUnsafe()
    }
    const abort = stop(signal)
    const close = (): void => {
      if (mayStop()) stop(closing)()
    }
    // The signal is the caller's and may outlive many jobs: it keeps no listener of ours.
    signal?.addEventListener("abort", abort, { once: true })
    closing?.addEventListener("abort", close, { once: true })
    fiber.addObserver((exit) => {
      signal?.removeEventListener("abort", abort)
      closing?.removeEventListener("abort", close)
      if (Exit.isSuccess(exit)) resolve(exit.value)
      else reject(stopped === undefined ? Cause.squash(exit.cause) : stopped.reason)
    })
  })
}

/** An async iterable that is loaded with the first step of the first loop. */
export const loaded = <A>(load: () => Promise<AsyncIterable<A>>): AsyncIterable<A> => ({
  [Symbol.asyncIterator]: () => {
    let inner: Promise<AsyncIterator<A>> | undefined
    let isLeft = false
    return {
      next: async () => (isLeft && inner === undefined ? { done: true, value: undefined } : (await (inner ??= begin(load))).next()),
      return: async () => {
        isLeft = true
        return (await (await inner)?.return?.()) ?? { done: true, value: undefined }
      }
    }
  }
})

const begin = async <A>(load: () => Promise<AsyncIterable<A>>): Promise<AsyncIterator<A>> => (await load())[Symbol.asyncIterator]()
