/** What a user of these clients writes first: the ways that work over HTTP, and the verdict on each. */
import { Mp4, Verdict } from "@reelay/mock-server"
import { serve } from "@reelay/mock-server/node"
import { afterEach, describe, expect, it } from "vitest"
import { overHttp, withDownload } from "./ai-xai.ts"
import { openai } from "./openai.ts"
import { tanstack } from "./tanstack.ts"

const servers: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const close of servers.splice(0)) await close()
})

const serving = async () => {
  const { close, mock, url } = await serve({ duration: 200 })
  servers.push(close)
  return { mock, url }
}

describe("M1: ai + @ai-sdk/xai over HTTP", () => {
  it("makes a video with a download of one's own", async () => {
    const { mock, url } = await serving()
    const came = await withDownload.make(`${url}/xai`, 8000)
    expect("bytes" in came ? Mp4.read(came.bytes) : undefined).toMatchObject({ id: mock.jobs[0]?.id, intact: true })
    Verdict.check(mock)
  })

  it("M2: makes none without, as its guard refuses 127.0.0.1, and the verdict is not ok", async () => {
    const { mock, url } = await serving()
    await expect(overHttp.make(`${url}/xai`, 8000)).rejects.toThrow(/127\.0\.0\.1/)
    expect(Verdict.of(mock)).toMatchObject({ ok: false, findings: [{ law: "unfetched", severity: "money" }] })
  })
})

it("M3: @tanstack/ai polls once after the end, which is a courtesy: its success is ok to a test that fetches its link", async () => {
  const { mock, url } = await serving()
  const came = await tanstack.make(`${url}/xai`, 8000)
  const { findings, ok } = Verdict.of(mock)
  expect([ok, findings.map(({ breaksOk, law }) => [law, breaksOk])]).toEqual([
    false,
    [
      ["unfetched", true],
      ["after-end", false]
    ]
  ])
  const answer = await fetch("link" in came ? came.link : "")
  expect(Mp4.read(new Uint8Array(await answer.arrayBuffer()))).toMatchObject({ intact: true })
  Verdict.check(mock)
})

it("openai makes a video at GeekNow's surface", async () => {
  const { mock, url } = await serving()
  const came = await openai.make(`${url}/geeknow`, 8000)
  expect("bytes" in came ? Mp4.read(came.bytes) : undefined).toMatchObject({ intact: true })
  Verdict.check(mock)
})
