import type { Observable } from "rxjs"
import type { Waiting } from "../../Row.ts"

/** Waits for the value that has a video; unsubscribes where it is stopped. */
export const stoppable = <A>(values$: Observable<A>, videoOf: (value: A) => string | undefined): Waiting => {
  const { promise, reject, resolve } = Promise.withResolvers<string>()
  const subscription = values$.subscribe({
    next: (value) => {
      const video = videoOf(value)
      if (video !== undefined) resolve(video)
    },
    error: reject,
    complete: () => reject(new Error("It ended without a video"))
  })
  return {
    video: promise,
    stop: () => {
      subscription.unsubscribe()
      // Nobody is told of it by RxJS.
      reject(stopped)
    }
  }
}

const stopped = new Error("stopped")
