/* oxlint-disable vitest/no-standalone-expect -- The linter does not know this `test` for one. */
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { startVitest } from "vitest/node"
import * as Mock from "../mock/Mock.ts"
import * as Script from "../script/Script.ts"
import * as World from "../script/World.ts"
import { test } from "./vitest.ts"

const headers = { authorization: "Bearer key", "content-type": "application/json" }

const submit = (url: string): Promise<Response> =>
  globalThis.fetch(`${url}/xai/v1/videos/generations`, { method: "POST", headers, body: '{"prompt": "A candle"}' })

const urls: Array<string> = []

describe("the fixture of Vitest", () => {
  test("serves a mock", async ({ mock }) => {
    urls.push(mock.url)
    expect((await submit(mock.url)).status).toBe(200)
    expect([mock.jobs.length, mock.journal.length]).toEqual([1, 1])
  })

  test("gives each test a mock of its own, and closes that of the one before", async ({ mock }) => {
    expect(mock.jobs).toEqual([])
    const [before = ""] = urls
    expect(mock.url).not.toBe(before)
    await expect(globalThis.fetch(`${before}/__mock/health`)).rejects.toThrow("fetch failed")
  })

  test("keeps real providers out of reach", async ({ mock }) => {
    expect(mock.url).toContain("127.0.0.1")
    await expect(globalThis.fetch("https://api.x.ai/v1/models")).rejects.toMatchObject({ _tag: "RealHostError" })
  })

  describe("with options", () => {
    test.override({ mockOptions: { now: () => 5, seed: "mine", verify: { expect: ["abandoned"] }, allowRealHosts: true } })
    const real = globalThis.fetch

    test("passes them on, and says nothing where nothing is wrong", async ({ mock }) => {
      await submit(mock.url)
      expect(mock.jobs[0]).toMatchObject({ createdAt: 5 })
      expect(globalThis.fetch).toBe(real)
    })
  })

  it("fails a test at its end with what the mock found, where that is asked for", async () => {
    const root = fileURLToPath(new URL("../../../..", import.meta.url))
    const config = { root, config: false as const, watch: false, reporters: [{}], include: ["packages/mock-server/test/verified.ts"] }
    const conditions = ["@reelay/source"]
    const vitest = await startVitest("test", [], config, { resolve: { conditions }, ssr: { resolve: { conditions } } })
    const tests = [...(vitest.state.getTestModules()[0]?.children.allTests() ?? [])]
    const results = Object.fromEntries(tests.map((each) => [each.name, each.result().errors?.map(({ message }) => message) ?? []]))
    await vitest.close()
    // It fails this process with the tests that must fail.
    process.exitCode = 0
    const mock = Mock.make({ now: () => 0 })
    for (let nth = 0; nth < 2; nth++)
      await mock.handle(
        new Request("http://mock/xai/v1/videos/generations", { method: "POST", headers, body: '{"prompt": "A candle, mock:fast"}' })
      )
    const [, second] = mock.jobs.map(({ id }) => id)
    expect(results).toEqual({
      "pays twice": [
        [
          "The mock found the client wrong:",
          "  paid-twice (money): paid twice: 2 jobs, $0.80, 0 results used",
          `  abandoned (money): ${second} was submitted, and the client ended before it was told how the job did`,
          '  route (data): GET /xai/v1/vidoes/x found no route; the nearest is GET /xai/v1/videos/{id}: part 3 is "videos", not "vidoes"',
          'If the test means it so: { expect: ["paid-twice","abandoned","route"] }',
          `Again: reelay-mock, and the base URL <url>/r/${World.toToken({ provider: "xai", script: { ...Script.success(10_000), duration: 0 } })}`
        ].join("\n")
      ],
      "pays twice in a world": [
        expect.stringMatching(/^The mock found the client wrong in the world \S+mine:\n {2}paid-twice \(money\): paid twice: 2 jobs/)
      ],
      "pays twice, and nobody asks": [],
      "polls too fast": [
        expect.stringMatching(
          /^The mock found the client wrong:\n {2}abandoned[^\n]*\n {2}floor \(courtesy\): \S+ was asked about after 0 s, and xai wants 5 s/
        )
      ],
      "expects a job that is abandoned": [],
      "expects a job to be lost, and none was": [
        expect.stringMatching(/unmet \(data\): the test expected "lost", and it was not found\nAgain/)
      ]
    })
  })
})
