/** As behaviour.test.ts, for a client that keeps the vendor's base URL: MSW stands between it and the network. */
import { Mock, Verdict } from "@reelay/mock-server"
import * as Msw from "@reelay/mock-server/msw"
import { setupServer } from "msw/node"
import { afterAll, beforeAll, expect, it } from "vitest"
import { behindMsw } from "./ai-xai.ts"
import { playAll } from "./play.ts"

const mock = Mock.make({ now: () => Date.now(), duration: 200 })

let installed: Msw.Installed
beforeAll(async () => {
  installed = await Msw.install(setupServer, mock)
})
afterAll(() => installed.uninstall())

it("M1: ai + @ai-sdk/xai behind MSW makes a video at the vendor's own base URL", async () => {
  const came = await behindMsw.make("https://api.x.ai", 8000)
  expect("bytes" in came && came.bytes.byteLength).toBeGreaterThan(10_000)
  Verdict.check(mock)
})

it("ai + @ai-sdk/xai behind MSW, when something goes wrong, as recorded", { timeout: 240_000 }, async () => {
  const lines = await playAll(behindMsw, Msw.usualOrigin)
  await expect(`${JSON.stringify(lines, undefined, 2)}\n`).toMatchFileSnapshot("./behaviour/ai-msw.json")
})
