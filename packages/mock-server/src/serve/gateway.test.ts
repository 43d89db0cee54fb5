import { describe, expect, it } from "vitest"
import { fixtures, makeClient, mask, origin, urlIn } from "../../test/client.ts"
import { isRecord } from "../base/Rules.ts"
import * as History from "../judge/History.ts"
import * as Ledger from "../judge/Ledger.ts"
import * as Verdict from "../judge/Verdict.ts"

const base = "/cometapi+xai/grok/v1/videos"

const idIn = (json: unknown): string => (isRecord(json) ? String(json["request_id"]) : "")
const dataIn = (json: unknown): Readonly<Record<string, unknown>> => (isRecord(json) && isRecord(json["data"]) ? json["data"] : {})

const submitted = async (prompt: string) => {
  const client = makeClient()
  const answer = await client.post(`${base}/generations`, { prompt })
  const id = idIn(answer.json)
  return { ...client, answer, id, ask: (key?: string) => client.get(`${base}/${id}`, key) }
}

describe("a gateway over an upstream", () => {
  it("has an id of its own for the upstream's job, and shows both hops", async () => {
    const { answer, ask, id, mock } = await submitted("A candle")
    expect(mask(answer.json)).toEqual(mask(fixtures.cometapi["generations.accepted"]?.body))
    expect(mock.jobs).toMatchObject([{ provider: "xai", prompt: "A candle" }])
    expect(mock.jobs[0]?.id).not.toBe(id)
    await ask()
    expect(mock.journal.map(({ method, path, provider }) => `${provider} ${method} ${path}`)).toEqual([
      `cometapi POST ${base}/generations`,
      "xai POST /xai/v1/videos/generations",
      `cometapi GET ${base}/${id}`,
      `xai GET /xai/v1/videos/${mock.jobs[0]?.id}`
    ])
    expect(mock.journal.map(({ jobId }) => jobId)).toEqual([id, mock.jobs[0]?.id, id, mock.jobs[0]?.id])
  })

  it("wraps what the upstream says, in its own words, to the end and the file", async () => {
    const { ask, at, id, mock } = await submitted("A candle")
    const seen: Array<unknown> = []
    let last = { json: undefined as unknown, text: "" }
    for (const elapsed of [0, 1500, 5000, 10_000]) {
      at(elapsed)
      last = await ask()
      const data = dataIn(last.json)
      seen.push([data["status"], isRecord(data["data"]) ? data["data"]["status"] : data["data"]])
      expect(data["task_id"]).toBe(id)
    }
    expect(seen).toEqual([
      ["QUEUED", null],
      ["IN_PROGRESS", "pending"],
      ["IN_PROGRESS", "pending"],
      ["SUCCESS", "done"]
    ])
    // And what else the upstream has to say.
    expect(mask(last.json)).toMatchObject(Object(mask(fixtures.cometapi["query.done.with-wrapper"]?.body)))
    const file = await mock.handle(new Request(urlIn(last.text)))
    expect([file.status, urlIn(last.text).startsWith(`${origin}/files/xai/`)]).toEqual([200, true])
    expect([History.check(mock), Ledger.of(mock.jobs, mock.clock.now).findings]).toEqual([[], []])
  })

  it("keeps its id for the same seed and requests, and tells it to nobody else", async () => {
    const { ask, id } = await submitted("A candle")
    expect((await submitted("A candle")).id).toBe(id)
    expect(mask((await ask("other")).json)).toEqual(mask(fixtures.cometapi["query.error.with-task-not-exist"]?.body))
  })

  it.each([
    ["mock:fail", "FAILURE", "Video generation failed.", "failed"],
    ["mock:expired", "SUCCESS", "", "expired"],
    ["mock:moderated-done", "FAILURE", "Generated video rejected by content moderation.", "done"],
    ["mock:moderated-failed", "FAILURE", expect.any(String), "failed"],
    // The cause is lost: to the client this is any failure.
    ["mock:moderated-400", "FAILURE", "upstream returned unrecognized message", undefined],
    ["mock:fault=no-status", "FAILURE", "upstream returned unrecognized message", undefined],
    ["gateway:gateway-fail", "FAILURE", "task failed: upstream returned no result", undefined]
  ])("says of %s: %s, %j", async (words, status, reason, inner) => {
    const { ask, at } = await submitted(`A candle, ${words}`)
    at(10_000)
    const data = dataIn((await ask()).json)
    expect([data["status"], data["fail_reason"]]).toEqual([status, reason])
    expect(isRecord(data["data"]) ? data["data"]["status"] : undefined).toBe(inner)
  })

  it("says that a job failed which still runs upstream, where a word there is unknown", async () => {
    const { ask, at, mock } = await submitted("A candle, mock:unknown-status")
    at(5000)
    expect(dataIn((await ask()).json)).toMatchObject({ status: "FAILURE", data: null })
    expect(mock.jobs[0]?.state).toBe("running")
  })

  it.each([
    "mock:flaky",
    "mock:rate-limited",
    "mock:fault=poll-accepted-drop",
    "mock:fault=poll-body-drop",
    "mock:fault=poll-unaccepted-html"
  ])("tells what it heard last where the upstream's answer is lost: %s", async (words) => {
    const { ask, at, mock } = await submitted(`A candle, ${words}`)
    at(5000)
    const answers = [await ask(), await ask(), await ask(), await ask()]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(mock.journal.some(({ fault, provider }) => provider === "xai" && fault !== undefined)).toBe(true)
    expect(answers.some(({ json }) => dataIn(json)["status"] === "IN_PROGRESS")).toBe(true)
  })

  it("asks the upstream no more once it has heard the end", async () => {
    const { ask, at, mock } = await submitted("A candle")
    at(10_000)
    const [one, two] = [await ask(), await ask()]
    expect(two.text).toBe(one.text)
    expect(mock.jobs[0]?.polls).toBe(1)
  })

  it("breaks at its own layer too, and the upstream does not know", async () => {
    const { ask, at, mock } = await submitted("A candle, gateway:fault=poll-unaccepted-5xx gateway:rate-limited")
    at(10_000)
    const before = await ask()
    expect([before.status, mock.jobs[0]?.polls, mock.jobs[0]?.prompt]).toEqual([502, 0, "A candle,"])
    expect(mock.journal.at(-1)).toMatchObject({ provider: "cometapi", fault: "poll-unaccepted-5xx" })
  })

  it("loses its answer after the upstream gave its own", async () => {
    const { ask, mock } = await submitted("A candle, gateway:fault=poll-accepted-5xx")
    expect([(await ask()).status, mock.jobs[0]?.polls]).toEqual([502, 1])
  })

  it.each([
    ["mock:lost-submit", 500, "do_request_failed"],
    ["mock:fault=submit-accepted-drop", 500, "do_request_failed"],
    ["mock:fault=submit-rate-limited", 429, "fail_to_fetch_task"]
  ])("masks what the upstream says to a submission: %s", async (words, status, code) => {
    const { answer, mock } = await submitted(`A candle, ${words}`)
    expect([answer.status, answer.json]).toEqual([status, { code, message: expect.any(String), data: null }])
    expect(answer.text).not.toContain("http")
    expect(mock.journal.map(({ provider }) => provider)).toEqual(["cometapi", "xai"])
  })

  it("tells what the upstream has against a request, but no address", async () => {
    const { mock, post } = makeClient()
    const sizes = [
      await post(`${base}/generations`, { prompt: "x", size: "1x1" }),
      await post(`${base}/generations`, { prompt: "x", size: "http" })
    ]
    expect(sizes.map(({ status }) => status)).toEqual([400, 400])
    expect(sizes.map(({ text }) => text)).toEqual([expect.stringContaining("1x1"), expect.stringContaining("请求上游地址失败")])
    expect(mock.jobs).toEqual([])
  })

  it("takes the same request for the same intention until it was answered", async () => {
    const { mock, post } = makeClient()
    const statuses: Array<number> = []
    for (let nth = 0; nth < 3; nth++) {
      statuses.push((await post(`${base}/generations`, { prompt: "A candle, gateway:fault=submit-accepted-5xx" })).status)
    }
    expect([statuses, mock.jobs.length]).toEqual([[502, 200, 502], 3])
  })

  it("makes a client that submits again after a masked loss pay twice", async () => {
    const { mock, post } = await submitted("A candle, mock:lost-submit mock:fast")
    await post(`${base}/generations`, { prompt: "A candle, mock:lost-submit mock:fast" })
    expect(Ledger.of(mock.jobs, mock.clock.now).findings).toMatchObject([{ kind: "paid-twice" }])
  })

  it("sends nothing upstream of what it refuses itself", async () => {
    const { get, mock, post } = makeClient()
    const refused = [
      await post(`${base}/generations`, { prompt: "A candle" }, "bad"),
      await post(`${base}/generations`, {}),
      await post(`${base}/generations`, { prompt: "A candle, gateway:nonsense" }),
      await post(`${base}/generations`, { prompt: "A candle, gateway:fault=submit-accepted-reset" }),
      await post(`${base}/generations`, { prompt: "A candle, gateway:fault=submit-unaccepted-5xx" }),
      await post(`${base}/generations`, "{"),
      await get("/cometapi+xai/nowhere"),
      await get(`${base}/generations`, "bad"),
      await get(`${base}/unknown`)
    ]
    expect(refused.map(({ status }) => status)).toEqual([401, 400, 400, 400, 502, 400, 404, 405, 400])
    expect(mock.journal.every(({ provider }) => provider === "cometapi")).toBe(true)
  })

  it("is known to those who judge: what its client saw, asked after the end, and too soon", async () => {
    const { ask, at, id, mock } = await submitted("A candle, mock:rate-limited gateway:rate-limited")
    at(5000)
    // The 429 of the upstream is none of the client's business, that of the gateway is.
    expect((await ask()).status).toBe(429)
    mock.witness({ job: id, states: ["submitted"] })
    expect(History.check(mock)).toEqual([])
    expect((await ask()).status).toBe(429)
    expect(History.check(mock)).toMatchObject([{ law: "retry-after", jobId: id }])
    at(6500)
    await ask()
    at(20_000)
    for (let nth = 0; nth < 3; nth++) await ask()
    mock.witness({ job: id, states: ["submitted", "queued", "succeeded"] })
    expect(History.check(mock).map(({ law }) => law)).toEqual(["retry-after", "after-end"])
    mock.witness({ job: id, states: ["failed"] })
    expect(History.check({ ...mock, floors: { cometapi: 2000 } }).map(({ law }) => law)).toEqual([
      "served",
      "retry-after",
      "floor",
      "floor",
      "floor",
      "after-end",
      "floor"
    ])
  })

  it("tells its client nothing where its own answer is lost, though the upstream told the end", async () => {
    const { ask, at, id, mock } = await submitted("A candle, gateway:fault=poll-accepted-5xx")
    at(10_000)
    expect((await ask()).status).toBe(502)
    expect(Ledger.of(mock.jobs, mock.clock.now).findings).toMatchObject([{ kind: "abandoned" }])
    expect(Verdict.of(mock).findings).toMatchObject([{ law: "abandoned", jobId: id }])
    const lost = await submitted("A candle, gateway:lost-submit")
    expect(Verdict.of(lost.mock).findings).toMatchObject([{ law: "lost", severity: "money" }])
    const again = await submitted("A candle, gateway:fault=submit-rate-limited")
    await again.post(`${base}/generations`, { prompt: "A candle, gateway:fault=submit-rate-limited" })
    expect(History.check(again.mock)).toMatchObject([{ law: "retry-after" }])
  })

  it("is flaky, forgetful and goes back at its own layer", async () => {
    const flaky = await submitted("A candle, gateway:flaky")
    expect([await flaky.ask(), await flaky.ask()].map(({ status }) => status)).toEqual([200, 503])
    const late = await submitted("A candle, gateway:not-found-first")
    expect((await late.ask()).status).toBe(400)
    late.at(2000)
    expect((await late.ask()).status).toBe(200)
    const back = await submitted("A candle, gateway:fault=goes-back")
    back.at(10_000)
    const said = [await back.ask(), await back.ask(), await back.ask(), await back.ask()]
    expect(said.map(({ json, status }) => dataIn(json)["status"] ?? status)).toEqual(["SUCCESS", "IN_PROGRESS", 400, "SUCCESS"])
    expect(back.mock.journal.filter(({ provider }) => provider === "xai")).toHaveLength(2)
  })

  it.each(["slow", "fail", "moderated", "duration=1h", "url-expired", "fault=truncated", "fault=file-body-drop", "script=long", "flat"])(
    "refuses gateway:%s, which is not its own to decide",
    async (word) => {
      const { answer, mock } = await submitted(`A candle, gateway:${word}`)
      expect([answer.status, JSON.parse(answer.text).error.message]).toEqual([
        400,
        expect.stringContaining(`"gateway:${word}" is nothing that a gateway does by itself`)
      ])
      expect(mock.jobs).toEqual([])
    }
  )

  it("forgets its tasks with the rest", async () => {
    const { ask, mock } = await submitted("A candle")
    mock.reset()
    expect(mask((await ask()).json)).toEqual(mask(fixtures.cometapi["query.error.with-task-not-exist"]?.body))
  })
})
