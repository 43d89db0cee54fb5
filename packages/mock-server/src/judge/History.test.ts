import { describe, expect, it } from "vitest"
import { endpoints, makeClient, start, urlIn } from "../../test/client.ts"
import * as History from "./History.ts"
import * as Verdict from "./Verdict.ts"

type Client = ReturnType<typeof makeClient>
const judged = (client: Client, rest: Partial<History.Evidence> = {}) => History.check({ ...client.mock, ...rest })
const laws = (client: Client, rest: Partial<History.Evidence> = {}) => judged(client, rest).map(({ law }) => law)

/** A client that does nothing wrong: it polls every second, and fetches the file. */
const careful = async (prompt: string) => {
  const client = makeClient()
  const id = await client.submit("xai", prompt)
  for (let elapsed = 0; elapsed <= 10_000; elapsed += 1000) {
    client.at(elapsed)
    await client.poll("xai", id)
  }
  await client.send(urlIn((await client.poll("xai", id)).text) || "http://mock.test/files/none")
  return { ...client, id }
}

describe("a history", () => {
  it("finds nothing where nothing was wrong", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle")
    for (const elapsed of [0, 5000, 10_000]) {
      client.at(elapsed)
      await client.poll("xai", id)
    }
    client.mock.witness({ job: id, states: ["submitted", "queued", "running", "succeeded"] })
    expect(judged(client, { floors: { xai: 5000 } })).toEqual([])
  })

  it("one-end: what has ended has ended", async () => {
    const client = await careful("A candle")
    client.mock.witness({ job: client.id, states: ["running", "succeeded", "running"] })
    expect(judged(client).filter(({ law }) => law === "one-end")).toEqual([
      { law: "one-end", jobId: client.id, what: `${client.id} was succeeded, and then running: a job ends once` }
    ])
  })

  it.each([
    ["succeeded", "mock:fail", "told that it was failed"],
    ["failed", "mock:success", "told that it was succeeded"],
    ["expired", "mock:stuck", "never told how it ended"],
    ["cancelled", "mock:stuck", "never told how it ended"]
  ] as const)("served: %s is no end of %s", async (state, word, truth) => {
    const client = makeClient()
    const id = await client.submit("xai", `A candle ${word}`)
    client.at(10_000)
    await client.poll("xai", id)
    client.mock.witness({ job: id, states: [state] })
    expect(judged(client)).toEqual([{ law: "served", jobId: id, what: `${id} was ${state}, and the provider ${truth}` }])
  })

  it("served: an end that was lost on its way, or of a job that there is not, was never told", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle mock:fast mock:fault=poll-accepted-drop")
    await client.poll("xai", id)
    for (const job of [id, "nobody"]) client.mock.witness({ job, states: ["succeeded"] })
    expect(laws(client)).toEqual(["served", "served"])
  })

  it("after-end: nobody asks again, but for a fresh link where one had expired", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle mock:fast mock:url-expired")
    const expired = urlIn((await client.poll("xai", id)).text)
    await client.send(expired)
    const fresh = urlIn((await client.poll("xai", id)).text)
    expect(laws(client)).toEqual([])
    await client.send(fresh)
    expect(laws(client)).toEqual([])
    await client.poll("xai", id)
    expect(judged(client)).toEqual([{ law: "after-end", jobId: id, at: start, what: `${id} was asked about after its end was told` }])
  })

  it.each([
    ["an answer without its status", "mock:fault=no-status", "GET"],
    ["a word that is another provider's", "mock:fault=foreign-words", "GET"],
    ["an answer to HEAD", "", "HEAD"],
    ["a success without a URL", "mock:no-url", "GET"]
  ])("after-end: %s may be asked about again", async (_, word, method) => {
    const client = makeClient()
    const id = await client.submit("xai", `A candle mock:fast ${word}`)
    await client.send(`/xai${endpoints.xai.poll(id)}`, { method, headers: { authorization: "Bearer key" } })
    await client.poll("xai", id)
    client.mock.witness({ job: id, states: ["succeeded"] })
    expect(judged(client)).toEqual([])
  })

  it("after-end: a link that has expired by itself is reason enough, and not before", async () => {
    const client = makeClient({ urlTtl: 5000 })
    const id = await client.submit("xai", "A candle mock:fast")
    await client.poll("xai", id)
    client.at(5000)
    await client.poll("xai", id)
    expect(laws(client)).toEqual([])
    client.at(9000)
    await client.poll("xai", id)
    expect(laws(client)).toEqual(["after-end"])
  })

  it.each(["json-instead", "file-accepted-html", "file-accepted-5xx", "truncated", "corrupted"])(
    "after-end: a file that is none is reason enough: %s",
    async (fault) => {
      const client = makeClient()
      const id = await client.submit("xai", `A candle mock:fast mock:fault=${fault}`)
      await client.send(urlIn((await client.poll("xai", id)).text))
      await client.poll("xai", id)
      expect(laws(client)).toEqual([])
    }
  )

  it.each(["url-expired", "file-body-drop", "file-unaccepted-5xx", "redirect-loop"])(
    "after-end: a gateway's client has the same reasons: %s",
    async (fault) => {
      const client = makeClient()
      const base = "/cometapi+xai/grok/v1/videos"
      const { json } = await client.post(`${base}/generations`, { prompt: `A candle, mock:fast mock:fault=${fault}` })
      const ask = () => client.get(`${base}/${String(Object(json)["request_id"])}`)
      for (let nth = 0; nth < 2; nth++) await client.send(urlIn((await ask()).text)).catch(() => undefined)
      expect(judged(client)).toEqual([])
    }
  )

  it("after-end: of a gateway's jobs too, nobody asks again while the link is good, or once the file has come", async () => {
    const client = makeClient()
    const base = "/cometapi+xai/grok/v1/videos"
    const { json } = await client.post(`${base}/generations`, { prompt: "A candle, mock:fast mock:fault=file-unaccepted-5xx" })
    const ask = () => client.get(`${base}/${String(Object(json)["request_id"])}`)
    const url = urlIn((await ask()).text)
    await client.send(url)
    await client.send(url)
    await ask()
    expect(laws(client)).toEqual(["after-end"])
    client.at(3_600_000)
    const fresh = urlIn((await ask()).text)
    expect([laws(client), fresh === url, (await client.send(fresh)).status]).toEqual([["after-end"], false, 200])
  })

  it.each(["geeknow", "xingchao"] as const)(
    "after-end: %s's link that says of itself that it has expired may be asked for again",
    async (provider) => {
      const client = makeClient()
      const id = await client.submit(provider, "A candle mock:fast mock:expired")
      for (let nth = 0; nth < 2; nth++) await client.poll(provider, id)
      expect(laws(client)).toEqual([])
    }
  )

  it("after-end: what nobody was given opens nothing again: another's file, or a link of one's own making", async () => {
    const client = makeClient()
    const id = await client.submit("geeknow", "A candle mock:fast")
    const url = urlIn((await client.poll("geeknow", id)).text)
    await client.send(url)
    await client.send(url.replace(/signature=..../, "signature=0000"))
    await client.get(`/geeknow/v1/videos/${id}/content`, "other")
    await client.send(`/geeknow/v1/videos/${id}/content`)
    await client.poll("geeknow", id)
    expect(laws(client)).toEqual(["after-end"])
  })

  it.each(["cometapi", "xingchao", "geeknow", "xai"] as const)(
    "after-end: %s's words for a job of somebody else are no poll of its owner",
    async (provider) => {
      const client = makeClient()
      const id = await client.submit(provider, "A candle mock:fast")
      for (const key of ["key", "other"]) await client.poll(provider, id, key)
      expect(judged(client, { floors: { [provider]: 5000 } })).toEqual([])
    }
  )

  it("after-end: others who ask about it in vain, or with a wrong method, are not its owner", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle mock:fast")
    await client.poll("xai", id)
    for (const key of ["other", "bad"]) expect((await client.poll("xai", id, key)).status).toBeGreaterThan(400)
    await client.send(`/xai${endpoints.xai.poll(id)}`, { method: "DELETE", headers: { authorization: "Bearer key" } })
    expect(laws(client)).toEqual([])
  })

  it("served: nothing runs that never was said to, and of a job that was never made nothing is seen", async () => {
    const client = makeClient()
    const id = await client.submit("geeknow", "A candle")
    client.mock.witness({ job: id, states: ["submitted", "queued", "running"] })
    client.mock.witness({ job: "nope", states: ["queued"] })
    expect(judged(client)).toEqual([
      { law: "served", jobId: id, what: `${id} was running, and the provider never said so` },
      { law: "served", jobId: "nope", what: "nope was followed, and no such job was ever made here" }
    ])
    client.at(5000)
    await client.poll("geeknow", id)
    expect(judged(client)).toHaveLength(1)
  })

  it("after-end: a client that never had the end may go on asking", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle mock:fast mock:fault=poll-body-drop")
    await client.poll("xai", id).catch(() => undefined)
    await client.poll("xai", id).catch(() => undefined)
    await client.poll("xai", id)
    expect(laws(client)).toEqual([])
  })

  it.each(["rate-limited", "rate-limited-date"])("retry-after: a 429 that asks for a time gets it (%s)", async (fault) => {
    const client = makeClient()
    const headers = {
      authorization: "Bearer key",
      "content-type": "application/json",
      "x-reelay-script": JSON.stringify({ faults: [{ name: fault, retryAfter: 5 }] })
    }
    await client.send(`/xai${endpoints.xai.submit}`, { method: "POST", headers, body: JSON.stringify({ prompt: "A candle" }) })
    const id = client.mock.jobs[0]?.id ?? ""
    await client.poll("xai", id)
    client.at(5000)
    await client.poll("xai", id)
    expect(laws(client)).toEqual([])
    client.at(9999)
    await client.poll("xai", id)
    expect(judged(client)).toEqual([
      { law: "retry-after", jobId: id, at: start + 9999, what: `${id} was asked about 4.999 s after a 429 that asked for 5 s` }
    ])
  })

  it("retry-after: a submission too", async () => {
    const client = makeClient()
    await client.submit("xai", "A candle mock:fault=submit-rate-limited")
    client.at(999)
    await client.submit("xai", "Another one")
    expect(laws(client)).toEqual([])
    await client.submit("xai", "A candle mock:fault=submit-rate-limited")
    expect(judged(client)).toMatchObject([{ law: "retry-after", what: "a submission came again 0.999 s after a 429 that asked for 1 s" }])
  })

  it("floor: no job is asked about more often than its provider wants", async () => {
    const client = await careful("A candle mock:stuck")
    expect(laws(client, { floors: { xai: 1000 } })).toEqual(["floor"])
    expect(laws(client, { floors: { geeknow: 60_000 } })).toEqual([])
    expect(judged(client, { floors: { xai: 1500 } })[0]).toMatchObject({ what: expect.stringContaining("xai wants 1.5 s") })
  })

  it("key: it goes to the API alone, unless the file wants it", async () => {
    for (const [word, expected] of [
      ["", ["key"]],
      ["mock:fault=url-needs-key", []]
    ] as const) {
      const client = makeClient()
      const id = await client.submit("xai", `A candle mock:fast ${word}`)
      await client.send(urlIn((await client.poll("xai", id)).text), { headers: { authorization: "Bearer key" } })
      expect(laws(client)).toEqual(expected)
    }
  })
})

const tell = async (client: Client, body: unknown) => client.send("/__mock/trace", { method: "POST", body: JSON.stringify(body) })

describe("over HTTP", () => {
  it("a client in any language says what it saw, and is told what was wrong", async () => {
    const client = makeClient()
    for (let nth = 0; nth < 2; nth++) await client.submit("xai", "A candle mock:lost-submit mock:fast")
    const [first, second] = client.mock.jobs.map(({ id }) => id)
    await client.poll("xai", second ?? "")
    expect((await tell(client, { job: first, states: ["submitted", "succeeded"] })).status).toBe(200)
    await client.get("/xai/v1/video/generation")
    expect((await client.send("/__mock/verify")).json).toEqual({
      ok: false,
      findings: [
        { law: "paid-twice", severity: "money", breaksOk: true, jobs: [first, second], what: "paid twice: 2 jobs, $0.80, 0 results used" },
        {
          law: "unfetched",
          severity: "money",
          breaksOk: true,
          jobId: second,
          what: `nobody tried to download the video of ${second}, $0.40`
        },
        {
          law: "served",
          severity: "data",
          breaksOk: true,
          jobId: first,
          what: `${first} was succeeded, and the provider never told how it ended`
        },
        {
          law: "route",
          severity: "data",
          breaksOk: true,
          at: start,
          what: 'GET /xai/v1/video/generation found no route; the nearest is GET /xai/v1/videos/{id}: part 3 is "videos", not "video"'
        }
      ]
    })
    client.mock.reset()
    expect((await client.send("/__mock/verify?over=false")).json).toEqual({ ok: true, findings: [] })
  })

  it("floors are given in the query", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle")
    for (const elapsed of [0, 1000]) {
      client.at(elapsed)
      await client.poll("xai", id)
    }
    const oks = ["", "?floor=1000", "?floor=1001", "?floor=geeknow:5000", "?floor=geeknow:5000&floor=xai:1001"].map(async (query) => {
      const { json } = await client.send(`/__mock/verify?over=false${query.replace("?", "&")}`)
      return JSON.stringify(json).startsWith('{"ok":true')
    })
    expect(await Promise.all(oks)).toEqual([true, true, false, true, false])
    expect((await client.send("/__mock/verify?floor=soon")).status).toBe(400)
    expect((await client.send("/__mock/verify?floor=nobody:1")).status).toBe(400)
  })

  it.each([undefined, {}, { job: "a", states: ["done"] }])("%j is no trace", async (body) => {
    expect((await tell(makeClient(), body)).status).toBe(400)
  })
})

describe("the journal", () => {
  it("keeps what was sent and answered, without the key, and cut where it is long", async () => {
    const client = makeClient()
    await client.post("/xai/v1/videos/generations", { prompt: `key of key ${"long ".repeat(500)}`, user: "me" })
    const id = client.mock.jobs[0]?.id ?? ""
    client.at(10_000)
    await client.send(urlIn((await client.poll("xai", id)).text))
    const [post, poll, file] = client.mock.journal
    expect(post).toMatchObject({
      body: { user: "me", prompt: expect.stringMatching(/^\[redacted\] of \[redacted\] long .*… \(\d+ characters\)$/u) },
      answer: { body: { request_id: id } },
      intent: expect.stringMatching(/^xai-[0-9a-f]{12}$/u)
    })
    expect(poll).toMatchObject({ told: "ended", answer: { body: { status: "done" } } })
    expect(file).toMatchObject({ answer: { body: expect.stringMatching(/^\(\d+ bytes\)$/u), headers: { "content-type": "video/mp4" } } })
    expect(JSON.stringify(client.mock.journal)).not.toContain("Bearer key")
  })

  it.each(["x-goog-api-key", "x-auth-token", "xi-api-key", "x-access-token", "api-key", "authorization", "x-other"])(
    "keeps no key in it, and tells of one that went to a file: %s",
    async (name) => {
      const client = makeClient()
      await client.submit("xai", "A candle mock:fast")
      const url = urlIn((await client.poll("xai", client.mock.jobs[0]?.id ?? "")).text)
      await client.send(url, { headers: { [name]: name === "x-other" ? "key" : "secret-of-mine" } })
      await client.send(`${url}&token=key`)
      await client.send("/xai/v1/videos/secret-of-mine", { headers: { authorization: "Bearer secret-of-mine" } })
      expect(laws(client).filter((law) => law === "key")).toHaveLength(2)
      expect(JSON.stringify(client.mock.journal)).not.toContain("secret-of-mine")
    }
  )

  it("takes cookies, and a key for the user's own proxy, for no key of the API", async () => {
    const client = makeClient()
    await client.submit("xai", "A candle mock:fast")
    const url = urlIn((await client.poll("xai", client.mock.jobs[0]?.id ?? "")).text)
    const headers = {
      cookie: "session=secret-of-mine",
      "proxy-authorization": "Basic secret-of-mine",
      "sec-fetch-user": "?1",
      "x-idempotency-key": "1",
      "x-author": "me",
      // The key is "key": what it is a part of is not it.
      "user-agent": "keyboard"
    }
    await client.send(url, { headers })
    expect(laws(client)).toEqual([])
    expect(JSON.stringify(client.mock.journal)).not.toContain("secret-of-mine")
  })

  it.each(["Bearer secret-of-mine", "Token secret-of-mine", "secret-of-mine"])(
    "keeps no key in it, wherever it stands: %s",
    async (authorization) => {
      const client = makeClient()
      await client.submit("xai", "A candle mock:fast")
      const headers = { authorization, referer: "http://a.test/?k=secret-of-mine" }
      for (const path of ["/secret-of-mine/v1/videos", "/xai/secret-of-mine/generations", "/xai/v1/videos/secret-of-mine"])
        await client.send(path, { headers })
      expect(JSON.stringify([client.mock.journal, judged(client), Verdict.of(client.mock)])).not.toContain("secret-of-mine")
      const mine = makeClient()
      await mine.post("/xai/v1/videos/generations", { prompt: "A candle mock:fast" }, "secret-of-mine")
      const url = urlIn((await mine.poll("xai", mine.mock.jobs[0]?.id ?? "", "secret-of-mine")).text)
      await mine.send(url, { headers: { referer: "http://a.test/?k=secret-of-mine" } })
      expect(JSON.stringify(mine.mock.journal)).not.toContain("secret-of-mine")
      expect(laws(mine)).toEqual(["key"])
    }
  )

  it("has nothing to say of a browser's icon", async () => {
    const client = makeClient()
    expect([(await client.send("/favicon.ico")).status, client.mock.journal]).toEqual([204, []])
  })

  it("lets go of bodies that are old, and of entries that are very old", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle mock:stuck")
    for (let nth = 0; nth < 6000; nth++) await client.poll("xai", id)
    const { journal } = client.mock
    expect(journal).toHaveLength(6001)
    expect(journal.filter(({ answer }) => answer !== undefined)).toHaveLength(5000)
    expect(journal[0]).not.toHaveProperty("body")
    expect(journal.at(-1)).toHaveProperty("answer")
  })

  it.each([
    ["POST", "/xai/v1/videos/generation", "POST /xai/v1/videos/generations", 'part 4 is "generations", not "generation"'],
    ["GET", "/xai/v1/videos/generations", "POST /xai/v1/videos/generations", "the method is POST, not GET"],
    [
      "POST",
      "/cometapi+xai/grok/v1/videos/generationz",
      "POST /cometapi+xai/grok/v1/videos/generations",
      'part 5 is "generations", not "generationz"'
    ],
    ["PUT", "/geeknow/v1/videos", "POST /geeknow/v1/videos", "the method is POST, not PUT"],
    ["GET", "/geeknow/v1/videos/a/b/content", "GET /geeknow/v1/videos/{id}/content", 'part 5 is "content", not "b"'],
    ["POST", "/cometapi/grok/v1/videos", "POST /cometapi/grok/v1/videos/edits", '"edits" is missing at its end'],
    ["GET", "/xai/v1/videos/a/b", "GET /xai/v1/videos/{id}", 'there is nothing below it: "b" is too much']
  ])("%s %s may have meant %s", async (method, path, near, differs) => {
    const client = makeClient()
    await client.send(path, { method, headers: { authorization: "Bearer key" } })
    const entry = client.mock.journal[0]
    const [first] = entry?.nearest ?? []
    const isKnown = entry?.nearest === undefined
    expect(isKnown ? [near, ""] : [`${first?.method} ${first?.path}`, first?.differs]).toEqual([near, differs])
  })
})
