import type { Row } from "../Row.ts"
import { memory } from "./memory.ts"
import { poll } from "./poll.ts"
import type { Surroundings } from "./Started.ts"
import { submit } from "./submit.ts"
import { subscribers } from "./subscribers.ts"
import type { Result, Task } from "./Task.ts"
import { warmUp } from "./warmUp.ts"

/** Measures one thing of one row, after some jobs that have compiled what there is to compile. */
export const measured = async (row: Row, task: Task, around: Surroundings): Promise<Result> => {
  await warmUp(row, around)
  switch (task.phase) {
    case "poll":
      return poll(row, task, around)
    case "memory":
      return memory(row, task, around)
    case "submit":
      return submit(row, task, around)
    case "subscribers":
      return subscribers(row, task, around)
  }
}
