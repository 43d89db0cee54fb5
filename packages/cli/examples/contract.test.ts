import { test } from "@reelay/mock-server/vitest"
import { createClient } from "@reelay/node"
import { xai } from "@reelay/providers/xai"
import { expect } from "vitest"

test.override({ mockOptions: { duration: 300, verify: true } })

test("a video is saved, though every second poll answers 503", async ({ mock }) => {
  const provider = xai({ apiKey: "any-key", baseUrl: `${mock.url}/xai` }) // your own client, in its place
  const { artifacts } = await createClient({ provider, pace: "100 millis" }).run({ prompt: "A candle, mock:flaky" })
  const file = await fetch(artifacts[0].url)
  expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(10_000)
})
