import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { endpoints, makeClient } from "../test/client.ts"
import { providerNames } from "../test/names.ts"
import * as Explore from "./explore/Explore.ts"
import * as Verdict from "./judge/Verdict.ts"
import * as Mock from "./mock/Mock.ts"
import { builtIn } from "./providers/index.ts"
import * as Fault from "./script/Fault.ts"
import { toMarkdown } from "./script/MagicPrompt.ts"
import * as Script from "./script/Script.ts"

const readme = ["../README.md", "../../../docs/mock-scripts.md", "../../../docs/mock-verdict.md"]
  .map((path) => readFileSync(new URL(path, import.meta.url), "utf8"))
  .join("\n")

/** A table without the padding that a formatter gives it. */
const bare = (text: string): string => text.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---")

describe("the README, and the pages of the mock", () => {
  it.each([
    ["magic prompts", toMarkdown()],
    ["scripts", Script.toMarkdown()],
    ["faults", Fault.toMarkdown()],
    ["classes", Explore.toMarkdown()],
    ["laws", Verdict.toMarkdown()]
  ])("has the table of %s as it is in the data", (_, table) => {
    expect(bare(readme)).toContain(`\n\n${bare(table)}\n\n`)
  })

  it("shows a script that can be played", () => {
    const [, json = ""] = /```json\n([^]*?)```/u.exec(readme) ?? []
    expect(Script.fromJson(JSON.parse(json), 10_000)).toMatchObject({
      seed: 7,
      faults: [{ name: "submit-accepted-reset" }, { retryAfter: 7 }]
    })
  })

  it.each(providerNames)("names every endpoint of %s", (provider) => {
    const { poll, submits } = builtIn[provider]
    const row = readme.split("\n").find((line) => line.includes(`\`<url>/${provider}\``)) ?? ""
    for (const { path } of submits) expect(row).toContain(`\`${path}\``)
    expect(row).toContain(poll.split("{")[0])
  })

  it("shows an example that prints what it says", async () => {
    let now = 0
    const mock = Mock.make({ now: () => now, duration: 10_000, seed: 1 })
    const headers = { authorization: "Bearer key", "content-type": "application/json" }
    const body = JSON.stringify({ prompt: "A candle, mock:fail" })
    await mock.handle(new Request("http://mock/xai/v1/videos/generations", { method: "POST", headers, body }))
    now = 10_000
    const answer = await mock.handle(new Request(`http://mock/xai/v1/videos/${mock.jobs[0]?.id}`, { headers }))
    expect(readme).toContain(`prints \`${answer.status} ${await answer.text()} ${mock.journal.length}\`.`)
  })

  it("shows a curl call that is accepted", async () => {
    const [, body = ""] = /-d '([^']+)'/.exec(readme) ?? []
    expect((await makeClient().post(`/xai${endpoints.xai.submit}`, body)).status).toBe(200)
  })
})
