import { serve } from "@reelay/mock-server/node"
import { xai } from "@reelay/providers/xai"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { ArtifactStore, createDurable } from "../src/index.ts"

it("a job goes through with promises, in a file that two clients share", async () => {
  const { close, mock, url } = await serve({ duration: 300 })
  const folder = mkdtempSync(join(tmpdir(), "reelay-promise-"))
  const database = join(folder, "jobs.db")
  await using web = createDurable({ database })
  await using background = createDurable({ database, pollInterval: 50 })
  const order = { provider: "xai", batch: "winter", request: { prompt: "A red fox in the snow." } } as const
  expect(await web.submit("winter/fox", order)).toBe("New")
  await expect(web.submit("winter/fox", { ...order, request: { prompt: "An owl." } })).rejects.toMatchObject({ _tag: "KeyTaken" })
  const seen: Array<string> = []
  const following = (async () => {
    for await (const { state } of web.states("winter/fox")) seen.push(state._tag)
  })()
  const { stop } = await background.worker({
    providers: [xai({ apiKey: "k", baseUrl: `${url}/xai` })],
    artifacts: ArtifactStore.folder(folder, { allowPrivateAddresses: true }),
    watch: { pace: 100 }
  })
  await following
  expect([seen[0], seen.at(-1)]).toEqual(["Waiting", "Saved"])
  expect((await web.result("winter/fox")).state).toMatchObject({ _tag: "Saved", saved: { bytes: expect.any(Number) } })
  await stop()
  expect(await web.state("nobody")).toBeUndefined()
  const listed: Array<string> = []
  for await (const { key } of web.list({ batch: "winter" })) listed.push(key)
  expect(listed).toEqual(["winter/fox"])
  expect(await web.cancel("winter/fox")).toBe("CompletedAnyway")
  expect(await web.prune(0)).toBe(1)
  expect(await web.forget({ batch: "winter" })).toBe(1)
  expect(mock.jobs).toHaveLength(1)
  await close()
})
