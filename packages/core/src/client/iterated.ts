/** Streams as async iterables, that a signal ends. */
import * as Stream from "effect/Stream"
import { refuseSignal } from "./rules.ts"

/**
 * A stream as an async iterable: each loop runs it. Leaving the loop, or a signal that is aborted, interrupts it at once, even if the loop is busy
 * with something else at that moment; the next step then rejects with the signal's reason.
 */
export const iterated = <A, E>(stream: Stream.Stream<A, E>, ...given: ReadonlyArray<AbortSignal | undefined>): AsyncIterable<A> => {
  const signals = given.filter((signal) => signal !== undefined)
  return {
    [Symbol.asyncIterator]: () => {
      const wrong = given.map(refuseSignal).find((each) => each !== undefined)
      if (wrong !== undefined) return Stream.toAsyncIterable(Stream.fail(wrong))[Symbol.asyncIterator]()
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
