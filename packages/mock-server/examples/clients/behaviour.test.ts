/**
 * What clients do today, with the versions of the lock file. After an update: `npm run vitest -- packages/mock-server/examples --update`, and then
 * the same with `README=write` before it.
 */
import { type MockServer, serve } from "@reelay/mock-server/node"
import { spawnSync } from "node:child_process"
import { afterAll, beforeAll, describe, it } from "vitest"
import { withDownload } from "./ai-xai.ts"
import { openai } from "./openai.ts"
import { playAll } from "./play.ts"
import { python } from "./python.ts"
import { tanstack } from "./tanstack.ts"

const hasPython = spawnSync("python3", ["--version"]).status === 0

let server: MockServer
beforeAll(async () => {
  server = await serve()
})
afterAll(() => server.close())

const text = (lines: Readonly<Record<string, string>>): string => `${JSON.stringify(lines, undefined, 2)}\n`

// Some wait for what never comes; and the machine may be busy.
describe.concurrent("when something goes wrong, as recorded", { timeout: 240_000 }, () => {
  it("ai + @ai-sdk/xai, with a download of one's own", async ({ expect }) => {
    await expect(text(await playAll(withDownload, server.url))).toMatchFileSnapshot("./behaviour/ai-download.json")
  })

  it("@tanstack/ai + @tanstack/ai-grok", async ({ expect }) => {
    await expect(text(await playAll(tanstack, server.url))).toMatchFileSnapshot("./behaviour/tanstack.json")
  })

  it("openai", async ({ expect }) => {
    await expect(text(await playAll(openai, server.url))).toMatchFileSnapshot("./behaviour/openai.json")
  })

  it.skipIf(!hasPython)("Python's standard library", async ({ expect }) => {
    await expect(text(await playAll(python, server.url))).toMatchFileSnapshot("./behaviour/python.json")
  })
})
