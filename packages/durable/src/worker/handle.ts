/** One delivery of a task: the row it is for, what is to be done, and what does nothing. */
import * as Effect from "effect/Effect"
import { NotPossible } from "../job/DurableError.ts"
import { isReadable } from "../job/Row.ts"
import type { Jobs } from "../store/Jobs.ts"
import { cancelTask } from "./cancelTask.ts"
import type { Delivery, Options } from "./context.ts"
import { pollTask } from "./pollTask.ts"
import { saveTask } from "./saveTask.ts"
import { submitTask } from "./submitTask.ts"

export const handle = Effect.fnUntraced(function* (jobs: Jobs["Service"], delivery: Delivery, options: Options) {
  const { task } = delivery
  const row = yield* jobs.find(task.key)
  if (row === undefined) return
  // A newer worker must go on with it: the task stays in its queue.
  if (!isReadable(row)) return yield* new NotPossible({ key: task.key, detail: row.detail })
  if (task.do === "cancel") return void (yield* cancelTask(jobs, row, delivery))
  // Delivered twice, and done before.
  if (row.step !== task.step) return
  switch (task.do) {
    case "submit":
      return void (yield* submitTask(jobs, row, delivery, options))
    case "poll":
      return void (yield* pollTask(jobs, row, delivery, options))
    case "save":
      return void (yield* saveTask(jobs, row, delivery, options))
  }
})
