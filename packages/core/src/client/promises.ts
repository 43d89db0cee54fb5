/** Effects as promises, and streams as async iterables, that a signal ends. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"

/**
 * A stream as an async iterable: each loop runs it. Leaving the loop, or a signal that is aborted, interrupts it at once, even if the loop is busy
 * with something else at that moment; the next step then rejects with the signal's reason.
 */
export const iterated = <A, E>(stream: Stream.Stream<A, E>, ...given: ReadonlyArray<AbortSignal | undefined>): AsyncIterable<A> => {
  const signals = given.filter((signal) => signal !== undefined)
  return {
    [Symbol.asyncIterator]: () => {
      const inner = Stream.toAsyncIterable(stream)[Symbol.asyncIterator]()
      let stopped: AbortSignal | undefined
      const listeners = signals.map((signal) => {
        const stop = (): void => {
          stopped ??= signal
          inner.return?.().catch(() => undefined)
        }
        signal.addEventListener("abort", stop, { once: true })
        return () => signal.removeEventListener("abort", stop)
      })
      const over = (): void => {
        for (const forget of listeners) forget()
      }
      const step = async (next: () => Promise<IteratorResult<A>>): Promise<IteratorResult<A>> => {
        try {
          stopped ??= signals.find(({ aborted: isAborted }) => isAborted)
          stopped?.throwIfAborted()
          const result = await next()
          stopped?.throwIfAborted()
          if (result.done === true) over()
          return result
        } catch (error) {
          over()
          throw error
        }
      }
      return {
        next: () => step(() => inner.next()),
        return: async () => {
          over()
          return (await inner.return?.()) ?? { done: true, value: undefined }
        }
      }
    }
  }
}

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
