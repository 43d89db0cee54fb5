// What a client does with a provider's faults, against a mock that answers as the provider documents: npx vitest run contract.test.ts
import { test } from "@reelay/mock-server/vitest"
import { createClient } from "@reelay/node"
import { xai } from "@reelay/providers/xai"
import { describe, expect } from "vitest"

/** The code under test; yours may use any client. */
const makeVideo = async (baseUrl: string, prompt: string): Promise<Uint8Array> => {
  const client = createClient({ provider: xai({ apiKey: "any-key", baseUrl }), pace: "50 millis" })
  return (await client.submit({ prompt })).bytes()
}

// `verify`: each test fails if anything was paid for twice, or for nothing.
test.override({ mockOptions: { duration: 200, verify: true } })

test("a video is submitted once, and comes", async ({ mock }) => {
  const video = await makeVideo(`${mock.url}/xai`, "A candle flickers.")
  expect(video.byteLength).toBeGreaterThan(1000)
  expect(mock.journal.filter(({ route }) => route === "submit")).toHaveLength(1)
})

describe("a job that the provider fails", () => {
  // No video comes of this test, and that is what it is about.
  test.override({ mockOptions: { duration: 200, verify: { expect: ["unsuccessful"] } } })

  test("is not submitted again", async ({ mock }) => {
    await expect(makeVideo(`${mock.url}/xai`, "mock:fail")).rejects.toThrow("failed")
    expect(mock.journal.filter(({ route }) => route === "submit")).toHaveLength(1)
  })
})
