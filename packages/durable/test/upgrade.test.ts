import { mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Option from "effect/Option"
import { expect, it } from "vitest"
import { Durable } from "../src/index.ts"
import * as Sqlite from "../src/sqlite.ts"
import { worldOf } from "./world.ts"

it("a database of version 1 with jobs in flight is resumed, and nothing of it is lost or paid for twice", async (test) => {
  const file = join(mkdtempSync(join(tmpdir(), "reelay-upgrade-")), "jobs.db")
  const world = await worldOf(test, { client: () => Sqlite.layer(file) })
  const headers = { authorization: "Bearer key-of-the-test", "content-type": "application/json" }
  const body = JSON.stringify({ prompt: "A fox runs.", model: "grok-imagine-video" })
  await fetch(`${world.mock.url}/xai/v1/videos/generations`, { method: "POST", headers, body })
  const [running] = world.mock.mock.jobs
  const fixture = readFileSync(new URL("fixtures/v1.sql", import.meta.url), "utf8")
  const old = new DatabaseSync(file)
  old.exec(fixture.replaceAll("JOB", running?.id ?? "").replaceAll("BASE", `${world.mock.url}/xai`))
  old.close()
  const worker = await world.process({})
  expect((await worker.run(Durable.result("running"))).state._tag).toBe("Saved")
  expect((await worker.run(Durable.result("waiting"))).state._tag).toBe("Saved")
  const sending = Option.getOrThrow(await worker.run(Durable.state("sending")))
  expect(sending.state).toMatchObject({ _tag: "SubmitUnknown", error: { reason: { sent: { account: "key-d13f5b28" } } } })
  expect(await worker.run(Durable.submit("waiting", { provider: "xai", batch: "winter", request: { prompt: "A fox waits." } }))).toBe(
    "Known"
  )
  expect(world.paid()).toBe(2)
})
