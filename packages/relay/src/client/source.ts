/** The contracts of frameworks over one way to listen: what core's `observing` and `looping` are, in less bytes. */
import type { Observer, Source } from "@reelay/core/promise"
import { report } from "./errors.ts"

/** Calls `next` with the current value before it returns, then with each change, and at last `complete` or `error`. Returns what leaves. */
export type Listen<A> = (observer: Observer<A>) => () => void

export const subscriber =
  <A>(listen: Listen<A>): Source<A>["subscribe"] =>
  (given) => {
    const observer = typeof given === "function" ? { next: given } : given
    const leave = listen({
      next: (value) => observer.next?.(value),
      error: (error) => (observer.error === undefined ? report(error) : observer.error(error)),
      complete: () => observer.complete?.()
    })
    return Object.assign(() => leave(), { unsubscribe: () => leave() })
  }

/** RxJS reads `Symbol.observable` if it was defined when RxJS was loaded, else a string. */
export const interoperable = <S extends object>(source: S): S => {
  for (const key of ["@@observable", Reflect.get(Symbol, "observable") ?? "@@observable"]) Reflect.set(source, key, () => source)
  return source
}

/** Each loop listens by itself. A slow one misses values, but never the last. An aborted signal makes the next step reject with its reason. */
export const looped = <A>(listen: Listen<A>, signal?: AbortSignal): AsyncIterable<A> => ({
  [Symbol.asyncIterator]: () => {
    const values: Array<A> = []
    const last: { end?: () => void; wake?: () => void } = {}
    const wake = (): void => last.wake?.()
    const over = (by: () => void): void => {
      last.end ??= by
      wake()
    }
    const steps = (async function* () {
      signal?.throwIfAborted()
      signal?.addEventListener("abort", wake)
      const leave = listen({
        next: (value) => {
          if (values.push(value) > 16) values.shift()
          wake()
        },
        error: (error) =>
          over(() => {
            throw error
          }),
        complete: () => over(() => undefined)
      })
      try {
        for (;;) {
          signal?.throwIfAborted()
          const [value] = values.splice(0, 1)
          if (value !== undefined) yield value
          else if (last.end !== undefined) return last.end()
          else await new Promise<void>((resolve) => (last.wake = resolve))
        }
      } finally {
        leave()
        signal?.removeEventListener("abort", wake)
      }
    })()
    return {
      next: () => steps.next(),
      // A step that waits would wait on.
      return: () => {
        values.length = 0
        over(() => undefined)
        return steps.return()
      }
    }
  }
})

/** Stops waiting when the signal says so. What was asked for goes on. */
export const until = <A>(promise: Promise<A>, signal: AbortSignal | undefined): Promise<A> =>
  signal === undefined
    ? promise
    : new Promise((resolve, reject) => {
        const abort = (): void => reject(signal.reason)
        signal.addEventListener("abort", abort)
        promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort))
      })
