// @vitest-environment happy-dom
/** The hooks over the real engine and the mock of a provider: what is paid for, and what comes back after a reload. */
import type { Capability } from "@reelay/core"
import { createClient, inStorage } from "@reelay/core/promise"
import { Mock } from "@reelay/mock-server"
import { type capabilities, xai } from "@reelay/providers/xai"
import * as React from "react"
import * as client from "react-dom/client"
import * as server from "react-dom/server"
import { describe, expect, expectTypeOf, it } from "vitest"
import { useJobs, useVideo } from "../src/index.ts"
import { mounter, quiet } from "./world.ts"

type Request = Capability.RequestOf<typeof capabilities>

/** A page whose jobs take no time to speak of. */
const paged = (mock = Mock.make({ now: Date.now, duration: 60 }), storage = localStorage) => {
  const provider = xai({ apiKey: "any-key", baseUrl: "https://mock.test/xai" })
  return {
    mock,
    client: createClient<Request>({ provider, fetch: Mock.fetchOf(mock), pace: 20, journal: inStorage(() => storage), logLevel: "error" })
  }
}

const posts = ({ journal }: Mock.Mock): number => journal.filter(({ route }) => route === "submit").length

/** Lets the page go on for up to two seconds. */
const until = async (isSo: () => boolean): Promise<void> => {
  for (let turns = 0; turns < 200 && !isSo(); turns++) await React.act(() => new Promise<void>((resolve) => setTimeout(resolve, 10)))
}

describe("the hooks over the real engine", () => {
  quiet()
  const mount = mounter({ name: "React", React, client, server }, true)

  it("pay once for a naive effect in StrictMode, and show the video's state to its end", async () => {
    const { client: page, mock } = paged()
    const seen = new Set<string>()
    const Naive = (): React.ReactNode => {
      const { status, submit } = useVideo(page)
      React.useEffect(() => void submit({ model: "grok-imagine-video", prompt: "naive" }), [submit])
      seen.add(status)
      return status
    }
    const { text } = await mount(React.createElement(Naive))
    await until(() => text() === "done")
    expect([posts(mock), [...seen]]).toEqual([1, ["idle", "submitting", "watching", "done"]])
    await page.close()
  })

  it("list the video after a reload, and it can be fetched without paying again", async () => {
    const first = paged()
    await (await first.client.submit({ model: "grok-imagine-video", prompt: "reloaded" }, { label: "fox" })).result()
    await first.client.close()
    const { client: page, mock } = paged(first.mock)
    const List = (): React.ReactNode =>
      useJobs(page).map(({ id, label, status }) => React.createElement("p", { key: id }, `${label} ${status}`))
    const { text } = await mount(React.createElement(List))
    await until(() => text().includes("fox Succeeded"))
    const line = page.jobs.current().find(({ label }) => label === "fox")
    expect((await line?.job?.bytes())?.byteLength).toBeGreaterThan(1000)
    expect(posts(mock)).toBe(1)
    await page.close()
  })

  it("take what the model can do, and nothing else", () => {
    type Submitted = Parameters<ReturnType<typeof useVideo<Request, never>>["submit"]>[0]
    expectTypeOf<{ model: "grok-imagine-video"; prompt: string; aspectRatio: "16:9" }>().toExtend<Submitted>()
    expectTypeOf<{ model: "grok-imagine-video"; prompt: string; aspectRatio: "21:9" }>().not.toExtend<Submitted>()
    expectTypeOf<{ model: "grok-2"; prompt: string }>().not.toExtend<Submitted>()
  })
})
