import { serve } from "@reelay/mock-server/node"
import { existsSync, mkdtempSync, readdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished, vi } from "vitest"
import { run, start } from "./command.ts"

// Each test starts several processes.
vi.setConfig({ testTimeout: 240_000 })

const world = async (duration = 300) => {
  const { close, mock, url } = await serve({ port: 0, duration })
  onTestFinished(() => close())
  const folder = mkdtempSync(join(tmpdir(), "reelay-cli-durable-"))
  const database = join(folder, "films.db")
  const env = { REELAY_XAI_API_KEY: "key-of-the-test" }
  const at = ["--database", database]
  const worker = (...more: ReadonlyArray<string>) =>
    start(["worker", ...at, "--provider", "xai", "--base-url", `${url}/xai`, "--pace", "200ms", "--allow-private-addresses", ...more], env)
  return { mock, folder, at, worker, database }
}

it("a worker does what others submit, tells its health, and leaves nothing undone on SIGTERM", async () => {
  const { at, folder, mock, worker } = await world()
  const port = 20_000 + Math.floor(Math.random() * 10_000)
  const working = worker("--out", join(folder, "videos"), "--port", String(port), "--log-json")
  await working.says("Working for xai")
  const submitted = await run(["submit", "--provider", "xai", "--key", "winter/fox", "--batch", "winter", ...at, "A red fox in the snow."])
  expect(submitted).toMatchObject({ code: 0, out: "New: winter/fox\n" })
  expect(await run(["submit", "--provider", "xai", "--key", "winter/fox", ...at, "An owl."])).toMatchObject({ code: 2 })
  const watched = await run(["status", "winter/fox", "--watch", "--json", ...at])
  expect(watched.code).toBe(0)
  expect(watched.lines.at(-1)).toMatchObject({ key: "winter/fox", state: "Saved", ended: true })
  expect(watched.out).not.toContain("red fox")
  expect((await run(["status", "--watch", ...at])).out).toBe("Saved 1\n")
  expect(readdirSync(join(folder, "videos"))).toHaveLength(1)
  const health = await fetch(`http://127.0.0.1:${port}/healthz`)
  expect([health.status, await health.json()]).toMatchObject([200, { status: "ok", database: "reachable", open: {} }])
  expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain("reelay_durable_tasks_done")
  working.child.kill("SIGTERM")
  expect((await working.ended).code).toBe(143)
  expect((await working.ended).err + (await working.ended).out).not.toContain("key-of-the-test")
  expect(mock.jobs).toHaveLength(1)
  expect(await run(["prune", "--older-than", "1ms", ...at])).toMatchObject({
    code: 0,
    out: "1 jobs were pruned; their keys stay paid for.\n"
  })
  expect(await run(["prune", "--batch", "winter", ...at])).toMatchObject({ code: 0, out: "1 jobs were dropped with their keys.\n" })
})

it("cancel and resolve say what came of it, and a job that the provider would refuse is not taken", async () => {
  const { at, database, mock, worker } = await world()
  const refused = await run(["submit", "--provider", "xai", "--key", "long", "--duration", "999", ...at, "A fox."])
  expect(refused.code).toBe(2)
  await run(["submit", "--provider", "xai", "--key", "owl", ...at, "An owl."])
  expect(await run(["cancel", "owl", ...at])).toMatchObject({ code: 0, out: "owl: Cancelled\n" })
  expect(await run(["resolve", "owl", "--not-created", ...at])).toMatchObject({ code: 2 })
  await run(["submit", "--provider", "xai", "--key", "fox", ...at, "A fox, mock:lost-submit"])
  const working = worker()
  await working.says("Working for xai")
  const until = Date.now() + 20_000
  while (Date.now() < until && !(await run(["status", "fox", ...at])).out.includes("SubmitUnknown")) continue
  expect(await run(["resolve", "fox", ...at])).toMatchObject({ code: 2 })
  const [made] = mock.jobs
  const ref = `reelay:xai/generation/${made?.id}?v=1&base=${encodeURIComponent("https://api.x.ai")}&at=${Date.now()}`
  expect(await run(["resolve", "fox", "--ref", ref, ...at])).toMatchObject({ code: 0, out: "fox is watched from now on.\n" })
  working.child.kill("SIGTERM")
  await working.ended
  expect(mock.jobs).toHaveLength(1)
  expect(existsSync(database)).toBe(true)
})

it("a database that can't be opened is said to be so, without its password", async () => {
  const failed = await run(["status", "--database", "postgres://somebody:a-secret-word@127.0.0.1:1/films"])
  expect(failed.code).not.toBe(0)
  expect(failed.err).toContain("the database can't be opened")
  expect(failed.err + failed.out).not.toContain("a-secret-word")
})
