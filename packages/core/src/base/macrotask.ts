/** A later turn of the event loop, and no sooner: whoever leaves in the turn of asking must find that nothing was sent. */
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"

const immediately: unknown = Reflect.get(globalThis, "setImmediate")

/**
 * Not `setTimeout` where it can be helped: a browser stretches that in hidden tabs to a minute. Taken when the module is loaded, so that
 * faked timers of a test do not stop a submission.
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
  // oxlint-disable-next-line eslint/no-restricted-globals -- a runtime with neither: a turn of the event loop is no time.
  const timer = setTimeout
  return (task) => void timer(task, 0)
})()

/** Goes on in a later macrotask. */
export const macrotask: Effect.Effect<void> = Effect.callback((resume) => later(() => resume(Effect.void)))

/** For the fibers of a submission where effect's own scheduler would go by `setTimeout`: in browsers. Elsewhere they keep the caller's. */
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
