/** A later turn of the event loop, and no sooner: a caller that leaves in the turn in which it asked must find that nothing was sent. */
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"

const immediately: unknown = Reflect.get(globalThis, "setImmediate")

/**
 * Avoids `setTimeout` if it can: a browser stretches that to a minute in hidden tabs. Chosen when the module is loaded, so that a test's fake timers
 * do not stop a submission.
 */
export const later: (task: () => void) => void = (() => {
  if (typeof immediately === "function") return (task) => void immediately(task)
  if (typeof globalThis.MessageChannel === "function") {
    return (task) => {
      const { port1, port2 } = new MessageChannel()
      port1.addEventListener("message", () => {
        port1.close()
        task()
      })
      port1.start()
      port2.postMessage(undefined)
    }
  }
  // oxlint-disable-next-line eslint/no-restricted-globals -- a runtime with neither: a turn of the event loop isn't a time.
  const timer = setTimeout
  return (task) => void timer(task, 0)
})()

/** Resumes in a later macrotask. */
export const macrotask: Effect.Effect<void> = Effect.callback((resume) => later(() => resume(Effect.void)))

/** The scheduler of a submission's fibers in browsers, where effect's own would use `setTimeout`. Elsewhere they keep the caller's. */
export const scheduler: Scheduler.Scheduler | undefined =
  typeof immediately === "function"
    ? undefined
    : new Scheduler.MixedScheduler("async", (task) => {
        let isCancelled = false
        later(() => {
          if (!isCancelled) task()
        })
        return () => {
          isCancelled = true
        }
      })
