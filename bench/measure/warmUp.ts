import type { Row } from "../Row.ts"
import { until } from "./clock.ts"
import { start, type Surroundings } from "./Started.ts"

/** Four hundred jobs of four polls each, by a client of their own, to their end. */
export const warmUp = async (row: Row, { base, control }: Surroundings): Promise<void> => {
  const client = await row.make({ base, interval: 20 })
  await control.ask({ ask: "set", finishAfter: 4, isMoving: false })
  const started = await start(row, client, control, { jobs: 400, stopBy: "signal", inFlight: 64 })
  if (!(await until(() => started.waiting === 0, 15_000)))
    throw new Error(`${started.waiting} jobs of the warm-up did not come to their end`)
  if (started.failure !== undefined) throw new Error("A job of the warm-up failed", { cause: started.failure })
  await control.ask({ ask: "set", finishAfter: 0, isMoving: false })
  await client.close?.()
}
