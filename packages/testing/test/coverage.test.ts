import { Mock } from "@reelay/mock-server"
import { createClient } from "@reelay/core/promise"
import { geeknow } from "@reelay/providers/geeknow"
import { xai } from "@reelay/providers/xai"
import { describe, expect, it } from "vitest"
import { Coverage } from "../src/index.ts"

/** A suite: each prompt is a test with its own mock. */
const suite = async (name: "xai" | "geeknow", prompts: ReadonlyArray<string>): Promise<ReadonlyArray<Mock.Mock>> =>
  Promise.all(
    prompts.map(async (prompt) => {
      const mock = Mock.make({ now: () => 0 })
      const provider = { xai, geeknow }[name]({ apiKey: "any-key", baseUrl: `http://mock.test/${name}` })
      const client = createClient({ provider, fetch: Mock.fetchOf(mock), pace: 1, logLevel: "none" })
      await client.run({ prompt }).catch(() => undefined)
      return mock
    })
  )

describe("the coverage of a suite", () => {
  it("is nothing at first", () => {
    const report = Coverage.of("xai", [])
    expect([report.states.share, report.transitions.share, report.faults.share]).toEqual([0, 0, 0])
    expect(Coverage.toText(report)).toContain("states: 0 of 8, 0 %")
  })

  it("is counted from the answers, job by job", async () => {
    const report = Coverage.of(
      "xai",
      await suite("xai", ["mock:script=ten-polls", "mock:script=ten-polls mock:fail", "mock:fast mock:expired"])
    )
    expect([...report.states.met]).toEqual([
      ["queued", 2],
      ["running", 16],
      ["succeeded", 1],
      ["failed", 1],
      ["expired", 1]
    ])
    expect([...report.transitions.met.keys()]).toEqual(["queued > running", "running > succeeded", "running > failed"])
    expect(report.states.share).toBe(5 / 8)
  })

  it("counts faults that occurred, and none that the host or the provider can't show", async () => {
    const mocks = await suite("xai", ["mock:script=ten-polls mock:fault=rate-limited-date", "mock:fault=submit-accepted-drop"])
    const web = Coverage.of("xai", mocks, "web")
    expect([...web.faults.met.keys()]).toEqual(["rate-limited-date", "submit-accepted-drop"])
    expect(web.faults.all.some((name) => name.endsWith("-reset") || name.startsWith("content-"))).toBe(false)
    expect(Coverage.of("xai", mocks).faults.all).toContain("poll-accepted-reset")
    expect(Coverage.of("geeknow", mocks).faults.met.size).toBe(0)
    expect(Coverage.of("geeknow", []).faults.all).toContain("content-accepted-drop")
  })

  it("knows a provider's statuses: GeekNow has one for waiting jobs, and one for cancelled", async () => {
    const report = Coverage.of("geeknow", await suite("geeknow", ["mock:script=ten-polls mock:cancelled"]))
    expect(report.states.all).not.toContain("submitted")
    expect([...report.transitions.met.keys()]).toEqual(["queued > running", "running > cancelled"])
  })

  it("is checked against thresholds, which name what was not met", async () => {
    const report = Coverage.of("xai", await suite("xai", ["mock:script=ten-polls"]), "every")
    expect(() => Coverage.check(report, { states: 0.3, transitions: 0.1, faults: 0 })).not.toThrow()
    expect(() => Coverage.check(report, { states: 0.5 })).toThrow(
      "states of xai: 37 % met, 50 % wanted; not met: submitted, failed, moderated, expired, no-url"
    )
    expect(() => Coverage.check(report, { states: 0.3, faults: 0.01 })).toThrow(
      /^faults of xai: 0 % met, 1 % wanted; not met: rate-limited, /u
    )
  })

  it("is full if everything was met", async () => {
    const endings = ["success", "fail", "moderated", "expired", "no-url"]
    const scripts = [
      { phases: [] },
      ...["submitted", "queued", "running"].map((state) => ({ phases: [{ state, lasts: 10 }], advances: { polls: 2 } }))
    ]
    const words = endings.flatMap((ending) => scripts.map((script) => ({ ending, script })))
    const mocks = await Promise.all(
      words.map(async ({ ending, script }) => {
        const mock = Mock.make({ now: () => 0 })
        const headers = { authorization: "Bearer k", "content-type": "application/json" }
        const named = { success: "succeeded", fail: "failed" }[ending] ?? ending
        const post = {
          method: "POST",
          headers: { ...headers, "x-reelay-script": JSON.stringify({ ...script, ending: named }) },
          body: '{"prompt":"x"}'
        }
        await mock.handle(new Request("http://mock.test/xai/v1/videos/generations", post))
        for (let nth = 0; nth < 3; nth++) await mock.handle(new Request(`http://mock.test/xai/v1/videos/${mock.jobs[0]?.id}`, { headers }))
        return mock
      })
    )
    const all = Coverage.of("xai", [...mocks, ...(await suite("xai", ["mock:script=ten-polls"])), await stepping()])
    expect([all.states.share, all.transitions.share]).toEqual([1, 1])
    expect(Coverage.toText(all)).toContain("transitions: 17 of 17, 100 %\n")
  })
})

/** Polled before and after its first step. */
const stepping = async (): Promise<Mock.Mock> => {
  let now = 0
  const mock = Mock.make({ now: () => now })
  const headers = { authorization: "Bearer k", "content-type": "application/json" }
  await mock.handle(new Request("http://mock.test/xai/v1/videos/generations", { method: "POST", headers, body: '{"prompt":"x"}' }))
  for (now = 0; now < 2000; now += 1000) await mock.handle(new Request(`http://mock.test/xai/v1/videos/${mock.jobs[0]?.id}`, { headers }))
  return mock
}
