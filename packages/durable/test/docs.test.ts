/** The SQL that docs/workers.md shows does what it says. */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { Durable } from "../src/index.ts"
import { databases } from "./databases.ts"
import { worldOf } from "./world.ts"

const page = readFileSync(new URL("../../../docs/workers.md", import.meta.url), "utf8")
const [history = "", batch = ""] = Array.from(page.matchAll(/```sql\n(.*?)```/gsu), ([, text = ""]) => text.replace(/;\s*$/u, ""))
const { PostgreSQL = () => Promise.reject(new Error("no PostgreSQL is installed")) } = databases

it.skipIf(!("PostgreSQL" in databases))("one query reads a job's whole history, and another how far a batch is", async (test) => {
  const world = await worldOf(test, await PostgreSQL())
  const worker = await world.process({})
  await worker.run(Durable.submit("winter/fox", { provider: "xai", request: { prompt: "A fox." }, batch: "winter" }))
  await worker.run(Durable.result("winter/fox"))
  const run = (text: string) => worker.run(Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe<Record<string, unknown>>(text)))
  const lines = await run(history)
  expect(lines.map(({ state }) => state).filter((state) => state !== "Queued" && state !== "Running")).toEqual([
    "Waiting",
    "Sending",
    "Submitted",
    "Succeeded",
    "Saved"
  ])
  expect(lines.every(({ job, since }) => job === world.mock.mock.jobs[0]?.id && since !== null)).toBe(true)
  expect(await run(batch)).toMatchObject([{ state: "Saved" }])
})
