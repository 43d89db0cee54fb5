import { serve } from "@reelay/mock-server/node"
import { createClient } from "@reelay/node"
import { xai } from "@reelay/providers/xai"
import { afterEach, expect, it } from "vitest"
import { Verdict } from "../src/index.ts"

const servers: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const close of servers.splice(0)) await close()
})

/** A mock, and a function that makes a video of the one prompt there is, with headers of its own. */
const playing = async () => {
  const { close, mock, url } = await serve({ duration: 1 })
  servers.push(close)
  const make = async (headers: Readonly<Record<string, string>> = {}): Promise<void> => {
    const provider = xai({ apiKey: "key", baseUrl: `${url}/xai`, headers })
    const job = await createClient({ provider, pace: "10 millis" }).submit({ prompt: "A candle." })
    await job.bytes()
  }
  return { mock, make }
}

it("M4: Reelay's client that says its intent makes the same video several times, and is not accused", async () => {
  const { make, mock } = await playing()
  for (const take of ["one", "two", "three", "four"]) await make({ "x-reelay-intent": take })
  expect(Verdict.of(mock).ok).toBe(true)
})

it("M4: and one that does not say so is accused, unless the test says that so many are meant", async () => {
  const { make, mock } = await playing()
  for (let nth = 0; nth < 4; nth++) await make()
  const { findings, ok } = Verdict.of(mock)
  expect([ok, findings[0]]).toMatchObject([false, { law: "paid-twice", severity: "money" }])
  expect(Verdict.of(mock, { copies: 4 }).ok).toBe(true)
})
