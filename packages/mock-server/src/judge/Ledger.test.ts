import { describe, expect, it } from "vitest"
import { makeClient, start, urlIn } from "../../test/client.ts"
import type { Name } from "../../test/names.ts"
import * as Ledger from "./Ledger.ts"

type Client = ReturnType<typeof makeClient>

const at = (client: Client, elapsed: number) => {
  client.at(elapsed)
  return Ledger.of(client.mock.jobs, start + elapsed)
}
const kinds = ({ findings }: Ledger.Ledger) => findings.map(({ kind }) => kind)
const fetchOnce = async (client: Client, provider: Name, id: string, init: RequestInit = {}) =>
  client.send(urlIn((await client.poll(provider, id)).text), init)

const post = async (client: Client, headers: Record<string, string>, key = "key") =>
  client.send("/xai/v1/videos/generations", {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ prompt: "A candle" })
  })

describe("the ledger", () => {
  it("finds nothing where each job was asked about, and its file fetched", async () => {
    const client = makeClient()
    const ids = [await client.submit("xai", "one", { duration: 4 }), await client.submit("geeknow", "two", { seconds: 6 })] as const
    client.at(10_000)
    await fetchOnce(client, "xai", ids[0])
    await client.get(`/geeknow/v1/videos/${ids[1]}/content`)
    expect(at(client, 10_000_000)).toMatchObject({
      total: 0.5,
      findings: [],
      lines: [
        { jobId: ids[0], provider: "xai", cost: 0.2, used: true, state: "succeeded" },
        { jobId: ids[1], provider: "geeknow", cost: 0.3, used: true }
      ]
    })
  })

  it("says what was paid twice, how much, and what of it was used", async () => {
    const client = makeClient()
    // The answer to the first is lost, and a client that knows no better sends it again.
    for (let nth = 0; nth < 2; nth++) await client.submit("xai", "A candle mock:lost-submit", { duration: 6 })
    client.at(10_000)
    await fetchOnce(client, "xai", client.mock.jobs[1]?.id ?? "")
    const { findings } = Ledger.of(client.mock.jobs, start + 10_000, { xai: 0.07 })
    expect(findings).toEqual([
      { kind: "paid-twice", cost: 0.84, jobs: client.mock.jobs.map(({ id }) => id), what: "paid twice: 2 jobs, $0.84, 1 result used" }
    ])
    await client.submit("xai", "A candle mock:lost-submit", { duration: 6 })
    expect(at(client, 20_000).findings[0]?.what).toBe("paid 3 times: 3 jobs, $0.90, 1 result used")
  })

  it("knows one intention from another: by the body, by the key, by the name that a client gives it", async () => {
    const client = makeClient()
    await post(client, { "x-reelay-intent": "one" })
    await post(client, { "x-reelay-intent": "two" })
    await post(client, { "idempotency-key": "three" })
    await post(client, {})
    await post(client, {}, "another")
    expect(kinds(at(client, 0))).toEqual([])
    await post(client, { "x-reelay-intent": "two" })
    expect(kinds(at(client, 0))).toEqual(["paid-twice"])
    expect(JSON.stringify(client.mock.jobs.map(({ intent }) => intent))).not.toContain("another")
  })

  it("a submission that was refused, or failed before it was accepted, is not paid for", async () => {
    const client = makeClient()
    for (const word of ["mock:fault=submit-unaccepted-5xx", "mock:fault=submit-rate-limited"]) {
      for (let nth = 0; nth < 2; nth++) await client.submit("xai", `A candle ${word}`)
    }
    expect([kinds(at(client, 0)), client.mock.jobs.length]).toEqual([[], 2])
  })

  it.each([
    ["fail", 0],
    ["cancelled", 0],
    ["moderated", 0.3],
    ["no-url", 0.3],
    ["success", 0.3]
  ])("mock:%s costs %d dollars", async (word, cost) => {
    const client = makeClient()
    await client.submit("geeknow", `A candle mock:${word}`, { seconds: 6 })
    expect(at(client, 10_000).total).toBe(cost)
  })

  it("says what was paid and abandoned: nobody was told of its end", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle mock:fault=poll-accepted-drop", { duration: 4 })
    client.at(10_000)
    // Two polls are lost on their way back, and then the client gives up.
    expect([(await client.poll("xai", id)).status, (await client.poll("xai", id)).status]).toEqual([0, 0])
    expect(at(client, 10_000).findings).toEqual([
      { kind: "abandoned", cost: 0.2, jobs: [id], what: `paid and abandoned: ${id}, $0.20, and nobody was told that it ended` }
    ])
    await client.poll("xai", id)
    expect(at(client, 10_000).findings).toEqual([])
  })

  it("says whose file was never fetched while its link was good; half a file, its head, or the wrong bytes are none", async () => {
    const client = makeClient({ urlTtl: 60_000 })
    const id = await client.submit("xai", "A candle mock:fault=corrupted", { duration: 4 })
    client.at(10_000)
    await fetchOnce(client, "xai", id)
    await fetchOnce(client, "xai", id, { method: "HEAD" })
    await fetchOnce(client, "xai", id, { headers: { range: "bytes=0-99" } })
    expect(kinds(at(client, 69_999))).toEqual([])
    expect(at(client, 70_000).findings).toEqual([
      { kind: "expired", cost: 0.2, jobs: [id], what: `result never fetched before it expired: ${id}, $0.20` }
    ])
    // The last part of it completes it.
    client.at(69_000)
    await fetchOnce(client, "xai", id, { headers: { range: "bytes=100-" } })
    expect(kinds(at(client, 500_000))).toEqual([])
  })

  it("counts the parts of a file: all of them are the file, and the last of them is not", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle mock:fast")
    const url = urlIn((await client.poll("xai", id)).text)
    const part = (range: string) => client.send(url, { headers: { range } })
    const used = () => Ledger.of(client.mock.jobs, start).lines[0]?.used
    await part("bytes=-1")
    await part("bytes=0-99")
    await part("bytes=200-")
    expect(used()).toBe(false)
    await part("bytes=50-199")
    expect([used(), client.mock.jobs[0]?.fetched]).toEqual([true, 1])
    await client.send(url)
    expect(client.mock.jobs[0]?.fetched).toBe(2)
  })

  it("takes a gateway's words for what was told: no link of a failure expires, and other words are another intention", async () => {
    const client = makeClient({ urlTtl: 1000 })
    const base = "/cometapi+xai/grok/v1/videos"
    const make = async (prompt: string) => {
      const { json } = await client.post(`${base}/generations`, { prompt })
      for (let nth = 0; nth < 2; nth++) await client.get(`${base}/${String(Object(json)["request_id"])}`)
    }
    for (const words of ["gateway:gateway-fail", "gateway:flaky"]) await make(`A candle mock:fast ${words}`)
    expect(kinds(at(client, 0))).toEqual([])
    expect(at(client, 9000).findings).toMatchObject([{ kind: "expired", jobs: [client.mock.jobs[1]?.id] }])
    await make("A candle mock:fast gateway:flaky")
    expect(kinds(at(client, 0))).toEqual(["paid-twice"])
  })

  it("says of an answer that not everybody understands nothing of its link", async () => {
    const client = makeClient({ urlTtl: 1000 })
    const id = await client.submit("xai", "A candle mock:fast mock:fault=foreign-words")
    await client.poll("xai", id)
    expect(kinds(at(client, 9000))).toEqual([])
  })

  it("is served", async () => {
    const client = makeClient()
    await client.submit("xai", "A candle")
    expect((await client.send("/__mock/ledger")).json).toEqual(at(client, 0))
  })
})
