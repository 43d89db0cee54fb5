/** One process measures one row once: nothing that ran before it has warmed it up or filled its heap. */
import { load } from "../rows.ts"
import { Control } from "../server/Control.ts"
import { measured } from "./measured.ts"
import type { Order, Told } from "./Task.ts"

// Libraries that are stopped reject more promises than they hand out.
process.on("unhandledRejection", () => undefined)
process.removeAllListeners("warning")
// Whoever started it is gone.
process.on("disconnect", () => process.exit(0))

const tell = (told: Told): void => {
  process.send?.(told, () => process.exit(0))
}

const order: Order = JSON.parse(process.argv[2] ?? "")
try {
  const row = await load(order.row)
  const control = new Control(order.control)
  tell({ result: await measured(row, order.task, { base: order.base, control }) })
} catch (error) {
  tell({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) })
}
