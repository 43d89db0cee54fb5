import { describe, expect, it } from "vitest"
import { makeClient, urlIn } from "../../test/client.ts"
import type { Name } from "../../test/names.ts"
import * as Verdict from "./Verdict.ts"

type Client = ReturnType<typeof makeClient>

const laws = (client: Client, options: Verdict.Options = {}): ReadonlyArray<string> =>
  Verdict.of(client.mock, options).findings.map(({ law, severity }) => `${law}, ${severity}`)

/** A job, polled at its end; the link that was said. */
const ended = async (client: Client, prompt: string, provider: Name = "xai"): Promise<string> => {
  const id = await client.submit(provider, prompt)
  client.at(10_000)
  return urlIn((await client.poll(provider, id)).text)
}

/** Ways to end in which nothing that a client did was wrong by itself, and no video came. */
const green: ReadonlyArray<readonly [what: string, laws: ReadonlyArray<string>, run: (client: Client) => Promise<unknown>]> = [
  ["no request at all", ["unused, data"], () => Promise.resolve()],
  ["polls, and no submission", ["unused, data"], (client) => client.poll("xai", "8de9c752-1c0c-46be-81a7-61d4a203087b")],
  [
    "every POST refused with 400",
    ["refused, data"],
    async (client) => {
      for (const duration of [99, 0]) await client.submit("xai", "A candle", { duration })
    }
  ],
  ["a wrong key", ["refused, data"], (client) => client.post("/xai/v1/videos/generations", { prompt: "A candle" }, "bad")],
  ["a 429, and no second try", ["refused, data"], (client) => client.submit("xai", "A candle mock:fault=submit-rate-limited")],
  [
    "a POST that broke before it made a job",
    ["refused, data"],
    (client) => client.submit("xai", "A candle mock:fault=submit-unaccepted-5xx")
  ],
  ["a lost submission that was paid", ["lost, money"], (client) => client.submit("xai", "A candle mock:lost-submit")],
  [
    "a lost connection, and the job is paid",
    ["lost, money"],
    (client) => client.submit("geeknow", "A candle mock:fault=submit-accepted-drop")
  ],
  [
    "a paid job behind a gateway that lost it",
    ["lost, money"],
    (client) => client.post("/cometapi+xai/grok/v1/videos/generations", { prompt: "A candle, mock:lost-submit" })
  ],
  ["a job that nobody polled", ["abandoned, money"], (client) => client.submit("xai", "A candle mock:fast")],
  ["a job that still runs", ["abandoned, money"], async (client) => client.poll("xai", await client.submit("xai", "A candle"))],
  ["an end that was never heard", ["abandoned, money"], (client) => ended(client, "A candle mock:fault=poll-accepted-5xx")],
  ["a job that only failed", ["unsuccessful, data"], (client) => ended(client, "A candle mock:fail")],
  ["a job that was only cancelled", ["unsuccessful, data"], (client) => ended(client, "A candle mock:cancelled", "geeknow")],
  ["a job that was moderated, and paid", ["unsuccessful, data"], (client) => ended(client, "A candle mock:moderated")],
  ["a success without a URL", ["unsuccessful, data"], (client) => ended(client, "A candle mock:no-url")],
  ["a job that never ends", ["unsuccessful, data"], (client) => ended(client, "A candle mock:stuck")],
  ["a video that nobody fetched", ["unfetched, money"], (client) => ended(client, "A candle")],
  ["only the head of a file", ["unfetched, money"], async (client) => client.send(await ended(client, "A candle"), { method: "HEAD" })],
  [
    "the first bytes of a file",
    ["incomplete, data"],
    async (client) => client.send(await ended(client, "A candle"), { headers: { range: "bytes=0-99" } })
  ],
  ...["truncated", "corrupted", "json-instead", "file-body-drop", "redirect-loop", "file-accepted-html"].map(
    (fault) =>
      [
        `a download that is ${fault}`,
        ["incomplete, data"],
        async (client: Client) => client.send(await ended(client, `A candle mock:fault=${fault}`)).catch(() => undefined)
      ] as const
  ),
  [
    "a link that expired before anybody fetched it",
    ["expired, money"],
    async (client) => {
      await ended(client, "A candle")
      client.at(4_000_000)
    }
  ]
]

describe("M2: ok is what CI trusts", () => {
  it.each(green)("%s is not ok, and ok to a test that expects it", async (_, expected, run) => {
    const client = makeClient()
    await run(client)
    expect([Verdict.of(client.mock).ok, laws(client)]).toEqual([false, expected])
    const named = Verdict.of(client.mock).findings.map(({ law }) => law)
    for (const options of [{ expect: named }, { allow: named }]) expect(Verdict.of(client.mock, options).ok).toBe(true)
    for (const law of named) {
      const { json } = await client.send(`/__mock/verify?expect=${law}`)
      expect(json).toMatchObject({ ok: true, findings: [{ law, breaksOk: false }] })
    }
    expect(() => Verdict.check(client.mock)).toThrow(`If the test means it so: { expect: ${JSON.stringify(named)} }`)
    Verdict.check(client.mock, { expect: named })
  })

  it.each(["xai", "cometapi", "xingchao", "geeknow"] as const)("a video of %s that came whole is ok", async (provider) => {
    const client = makeClient()
    await client.send(await ended(client, "A candle", provider))
    expect(Verdict.of(client.mock)).toEqual({ ok: true, findings: [] })
  })

  it("a file at its second try, or by an endpoint of its own, is a file", async () => {
    const client = makeClient()
    const link = await ended(client, "A candle mock:fault=truncated")
    for (let tries = 0; tries < 2; tries++) await client.send(link)
    await client.get(`/geeknow/v1/videos/${await client.submit("geeknow", "A candle mock:fast")}/content`)
    expect(laws(client)).toEqual(["abandoned, money"])
    const other = makeClient()
    const id = await other.submit("geeknow", "A candle mock:fast mock:no-url")
    await other.poll("geeknow", id)
    await other.get(`/geeknow/v1/videos/${id}/content`)
    expect(laws(other)).toEqual([])
  })

  it("one success among failures is enough, and one that is lost is not", async () => {
    const client = makeClient()
    await client.send(await ended(client, "A candle"))
    await ended(client, "A candle mock:fast mock:fail")
    await client.submit("xai", "A candle", { duration: 99 })
    expect(laws(client)).toEqual([])
    await client.submit("xai", "A candle mock:lost-submit")
    expect(laws(client)).toEqual(["lost, money"])
    expect(laws(client, { isOver: false })).toEqual([])
  })

  it("says what is wrong with a submission that was refused", async () => {
    const client = makeClient()
    await client.submit("xai", "A candle", { duration: 99 })
    expect(Verdict.of(client.mock).findings[0]?.what).toMatch(
      /^no job was made: of the one submission the last was answered with HTTP 400: \{.*duration/
    )
  })

  it("what a test expects, and is not found, is not ok, and neither is a name that means nothing", async () => {
    const client = makeClient()
    await client.send(await ended(client, "A candle"))
    expect(Verdict.of(client.mock, { expect: ["lost"] })).toEqual({
      ok: false,
      findings: [{ law: "unmet", severity: "data", breaksOk: true, what: 'the test expected "lost", and it was not found' }]
    })
    const names: ReadonlyArray<string> = ["lots"]
    // @ts-expect-error -- JavaScript has no types.
    expect(() => Verdict.of(client.mock, { allow: names })).toThrow('"lots" isn\'t a law; there are paid-twice, lost')
    for (const query of ["allow=lots", "expect=lost,lots", "failOn=much", "copies=0", "copies=two", "alow=lost", "over=perhaps"])
      expect([query, (await client.send(`/__mock/verify?${query}`)).status]).toEqual([query, 400])
  })

  it("what is expected may be found in any of the worlds of a mock", async () => {
    const client = makeClient()
    await client.send(await ended(client, "A candle"))
    await client.post("/r/aeyJwcm92aWRlciI6InhhaSJ9/v1/videos/generations", { prompt: "A candle, mock:lost-submit" })
    expect(() => Verdict.check(client.mock)).toThrow("in the world /r/aeyJwcm92aWRlciI6InhhaSJ9:\n  lost (money)")
    Verdict.check(client.mock, { expect: ["lost"] })
    expect(() => Verdict.check(client.mock, { expect: ["lost", "refused"] })).toThrow('unmet (data): the test expected "refused"')
  })
})

describe("M3: findings have a severity", () => {
  it("a poll after the end is a courtesy, and ok; unless the test is strict", async () => {
    const client = makeClient()
    await client.send(await ended(client, "A candle"))
    await client.poll("xai", client.mock.jobs[0]?.id ?? "")
    expect(Verdict.of(client.mock)).toMatchObject({ ok: true, findings: [{ law: "after-end", severity: "courtesy", breaksOk: false }] })
    Verdict.check(client.mock)
    expect(Verdict.of(client.mock, { failOn: ["courtesy"] }).ok).toBe(false)
    expect(Verdict.of(client.mock, { failOn: ["courtesy"], allow: ["after-end"] }).ok).toBe(true)
    expect((await client.send("/__mock/verify?failOn=money,data,courtesy")).json).toMatchObject({ ok: false })
  })

  it("what was asked for with a number counts: a 429's Retry-After, and a floor", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle mock:rate-limited")
    for (let polls = 0; polls < 2; polls++) await client.poll("xai", id)
    client.at(20_000)
    await client.send(urlIn((await client.poll("xai", id)).text))
    expect(Verdict.of(client.mock)).toMatchObject({ ok: false, findings: [{ law: "retry-after", severity: "courtesy", breaksOk: true }] })
    expect(Verdict.of(client.mock, { allow: ["retry-after"] }).ok).toBe(true)
    expect(Verdict.of(client.mock, { allow: ["retry-after"], floors: { xai: 5000 } }).ok).toBe(false)
  })

  it.each([
    [undefined, true, "courtesy"],
    ["http://files.test", false, "data"]
  ] as const)("a key that is sent to a file is a leak if that is not at the API's origin: links at %s", async (filesAt, ok, severity) => {
    const client = makeClient(filesAt === undefined ? {} : { filesAt })
    const link = await ended(client, "A candle")
    await client.send(link, { headers: { authorization: "Bearer key" } })
    expect(Verdict.of(client.mock)).toMatchObject({ ok, findings: [{ law: "key", severity, breaksOk: !ok }] })
  })

  it("money alone can be failed on", async () => {
    const client = makeClient()
    await ended(client, "A candle mock:fail")
    expect([Verdict.of(client.mock, { failOn: ["money"] }).ok, Verdict.of(client.mock, { failOn: [] }).ok]).toEqual([true, true])
  })
})

const post = (client: Client, headers: Readonly<Record<string, string>>) =>
  client.send("/xai/v1/videos/generations", {
    method: "POST",
    headers: { authorization: "Bearer key", "content-type": "application/json", ...headers },
    body: JSON.stringify({ prompt: "A candle, mock:fast" })
  })
const fetchAll = async (client: Client): Promise<void> => {
  for (const { id } of client.mock.jobs) await client.send(urlIn((await client.poll("xai", id)).text))
}

describe("M4: a client that says what it means", () => {
  it.each(["x-reelay-intent", "idempotency-key", "x-idempotency-key", "Idempotency-Key"])("by %s is not accused", async (name) => {
    const client = makeClient()
    for (const take of ["one", "two", "three", "four"]) await post(client, { [name]: take })
    await fetchAll(client)
    expect(Verdict.of(client.mock)).toEqual({ ok: true, findings: [] })
    await post(client, { [name]: "four" })
    expect(laws(client)).toEqual(["paid-twice, money"])
  })

  it("by how many are meant is not accused, and of one too many it is", async () => {
    const client = makeClient()
    for (let nth = 0; nth < 4; nth++) await post(client, {})
    await fetchAll(client)
    expect(laws(client)).toEqual(["paid-twice, money"])
    expect((await client.send("/__mock/verify?copies=4")).json).toEqual({ ok: true, findings: [] })
    expect(Verdict.of(client.mock, { copies: 3 }).findings[0]?.what).toBe("paid 4 times: 4 jobs, 3 meant, $1.60, 4 results used")
  })

  it("by a new name for each try still loses the job whose answer was lost", async () => {
    const client = makeClient()
    await post(client, { "idempotency-key": "one", "x-reelay-script": '{"faults":["submit-accepted-5xx"]}' })
    await post(client, { "idempotency-key": "two" })
    await client.send(urlIn((await client.poll("xai", client.mock.jobs[1]?.id ?? "")).text))
    expect(laws(client)).toEqual(["lost, money"])
  })

  it("that is allowed to pay twice has to have a video all the same", async () => {
    const client = makeClient()
    for (let nth = 0; nth < 2; nth++) await post(client, {})
    const [first] = client.mock.jobs
    await client.poll("xai", first?.id ?? "")
    expect(Verdict.of(client.mock, { allow: ["paid-twice"] })).toMatchObject({
      ok: false,
      findings: [
        { law: "paid-twice", breaksOk: false },
        { law: "unfetched", jobId: first?.id }
      ]
    })
  })
})
