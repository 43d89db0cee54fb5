/** F21: Reelay's own clients while the mock is behind MSW, and in front of other guards. */
import { Mock } from "@reelay/mock-server"
import * as Guard from "@reelay/mock-server/guard"
import * as Msw from "@reelay/mock-server/msw"
import { JobError } from "@reelay/core"
import { createClient } from "@reelay/node"
import { xai } from "@reelay/providers/xai"
import { setupServer } from "msw/node"
import { afterEach, describe, expect, it } from "vitest"

const open: Array<() => Promise<void> | void> = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

const installed = async () => {
  const mock = Mock.make({ now: () => Date.now(), duration: 200 })
  const { uninstall } = await Msw.install(setupServer, mock)
  open.push(uninstall)
  return mock
}

const client = (fetch?: typeof globalThis.fetch) => createClient({ provider: xai({ apiKey: "any-key" }), pace: "50 millis", fetch })

const errorOf = async (job: Promise<unknown>): Promise<JobError.JobError> => {
  const error: unknown = await job.then(
    () => undefined,
    (thrown: unknown) => thrown
  )
  if (error instanceof JobError.JobError) return error
  throw error
}

/** Nothing was sent, it says so once, and it is not tried again by itself. */
const stopped = {
  reason: { _tag: "Unreachable" },
  again: "submit",
  attempt: 1,
  message: expect.stringMatching(/api\.x\.ai.* stopped, and nothing was sent.* uninstall the guard\)\. No job was made\.$/u)
}

describe("F21: behind MSW", () => {
  it("the client of @reelay/node is stopped at its socket: nothing was sent, and nothing may be billed", async () => {
    const mock = await installed()
    const error = await errorOf(client().submit({ prompt: "a candle" }))
    expect(error).toMatchObject(stopped)
    expect(error.message).toContain("http://127.0.0.1:8787/xai")
    expect(error.message).not.toMatch(/billed|<|>/u)
    expect(mock.jobs).toEqual([])
  })

  it("and again, however often: a guard does not open a circuit that would hide it", async () => {
    await installed()
    for (let nth = 0; nth < 7; nth++) expect(await errorOf(client().submit({ prompt: `candle ${nth}` }))).toMatchObject(stopped)
  })

  it.each<[string, () => typeof globalThis.fetch]>([
    ["fetch as it is at each request", () => (input, init) => fetch(input, init)],
    ["fetch as it is then", () => globalThis.fetch]
  ])("the same client takes %s, and the mock answers", async (_, given) => {
    const mock = await installed()
    const { artifacts } = await client(given()).run({ prompt: "a candle" })
    expect([artifacts[0].url.slice(0, Msw.usualOrigin.length), mock.jobs.length]).toEqual([Msw.usualOrigin, 1])
  })
})

describe("F21: in front of the guard alone", () => {
  it.each<[string, typeof globalThis.fetch | undefined]>([
    ["the client of @reelay/node", undefined],
    ["a client over fetch", (input, init) => fetch(input, init)]
  ])("%s says that nothing was sent", async (what, given) => {
    open.push(Guard.install().uninstall)
    expect(await errorOf(client(given).submit({ prompt: what }))).toMatchObject(stopped)
  })
})
