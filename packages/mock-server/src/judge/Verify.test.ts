import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect, it } from "vitest"
import { type Name, providerNames } from "../../test/names.ts"
import { isRecord } from "../base/Rules.ts"
import * as Mock from "../mock/Mock.ts"
import { builtIn } from "../providers/index.ts"
import * as Verify from "./Verify.ts"

const secret = "sk-live-0123456789abcdef"
const apiKey = Redacted.make(secret)

interface Answer {
  readonly status: number
  readonly text: string
}

/** A mock whose answers are changed on their way; what is sent is kept. */
const world = (change: (answer: Answer, request: Request) => Answer = (answer) => answer, now = () => 0) => {
  const mock = Mock.make({ now, duration: 20_000 })
  const sent: Array<{
    readonly method: string
    readonly path: string
    readonly key: string | null
    readonly body: string
    readonly redirect: string
  }> = []
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const { pathname } = new URL(request.url)
    const body = await request.clone().text()
    sent.push({ method: request.method, path: pathname, key: request.headers.get("authorization"), body, redirect: request.redirect })
    const response = await Mock.fetchOf(mock)(request.clone())
    const { status, text } = change({ status: response.status, text: await response.text() }, request)
    return new Response(text === "" ? null : text, { status, headers: { "content-type": response.headers.get("content-type") ?? "" } })
  }
  return { mock, fetch, sent, posts: () => sent.filter(({ method }) => method === "POST") }
}

const verify = (provider: Name, fetch: typeof globalThis.fetch, more: Partial<Verify.Options> = {}) =>
  Effect.runPromise(Verify.run({ provider: builtIn[provider], baseUrl: `https://gateway.test/${provider}`, fetch, ...more }))

const verdicts = ({ probes }: Verify.Report): ReadonlyArray<string> =>
  probes.map(({ probe, verdict, what }) => `${probe}: ${verdict} ${what}`.trim())

const renamed = (from: string, to: string) => (answer: Answer) => ({ ...answer, text: answer.text.replaceAll(`"${from}":`, `"${to}":`) })

const unplugged = () => Promise.reject(new TypeError("fetch failed", { cause: new Error("getaddrinfo ENOTFOUND") }))

/** An error whose words are the key. */
const echo = (_: Answer, { headers }: Request) => ({ status: 400, text: JSON.stringify({ [`${headers.get("authorization")}`]: 1 }) })

const lost = (answer: Answer, { method }: Request): Answer => {
  if (method === "POST" && isRecord(JSON.parse(answer.text)) && answer.status === 200) throw new TypeError("socket hang up")
  return answer
}

const paid = (provider: Name, change?: (answer: Answer, request: Request) => Answer) =>
  Effect.gen(function* () {
    let now = 0
    const { fetch, mock } = world(change, () => now)
    const options = {
      provider: builtIn[provider],
      baseUrl: `https://gateway.test/${provider}`,
      apiKey,
      budget: 0.5,
      fetch,
      deadline: 60_000
    }
    const fiber = yield* Effect.forkChild(Verify.run(options))
    for (let second = 0; second < 70; second += 1) {
      now += 1000
      yield* TestClock.adjust(1000)
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    }
    return { report: yield* Fiber.join(fiber), mock }
  }).pipe(Effect.scoped, Effect.provide(TestClock.layer()), Effect.runPromise)

describe("verify", () => {
  it.each(providerNames)("finds no drift between the mock and its own contract, and makes no job: %s", async (provider) => {
    const { fetch, mock, sent } = world()
    const report = await verify(provider, fetch, { apiKey, withKey: true })
    expect(verdicts(report).filter((each) => !each.endsWith(": same"))).toEqual([])
    expect(report.hasDrift).toBe(false)
    expect(mock.jobs).toEqual([])
    const posts = builtIn[provider].submits.length
    const polls = provider === "geeknow" ? 2 : 1
    expect(sent.length).toBe(3 * polls + 2 + 5 * posts)
    expect(new Set(sent.map(({ redirect }) => redirect))).toEqual(new Set(["manual"]))
  })

  it.each(providerNames)("sends no prompt, and the key only to a poll, unless it may; a bad key goes first: %s", async (provider) => {
    const { fetch, sent, posts } = world()
    await verify(provider, fetch, { apiKey })
    const real = `Bearer ${secret}`
    expect(posts().map(({ body, key }) => [body, key === real])).toEqual(posts().map(() => ["{}", false]))
    expect(sent.filter(({ key }) => key === real).map(({ method }) => method)).toEqual(provider === "geeknow" ? ["GET", "GET"] : ["GET"])
    expect(sent[0]?.key).toMatch(/^Bearer bad/)
    const other = world()
    await verify(provider, other.fetch)
    expect(other.sent.some(({ key }) => key === real)).toBe(false)
    const third = world()
    await verify(provider, third.fetch, { apiKey, withKey: true })
    const bodies = third.posts().map(({ body }) => body)
    expect(new Set(bodies)).toEqual(new Set(["{}", "[]", '{"prompt"']))
    expect(third.posts().findIndex(({ key }) => key === real)).toBe(2 * builtIn[provider].submits.length)
  })

  it("says how sure each expectation is, by the fixtures", async () => {
    const report = await verify("xingchao", world().fetch)
    const evidence = Object.fromEntries(report.probes.map((each) => [each.probe, each.evidence]))
    expect(evidence).toMatchObject({ "query: bad key": "assumed", "unknown path": "observed", "wrong method": "assumed" })
    const other = await verify("cometapi", world().fetch)
    expect(other.probes.find(({ probe }) => probe === "query: bad key")?.evidence).toBe("documented")
  })

  it("sends no submission more once one was accepted, and says that it may have been billed", async () => {
    const { fetch, posts } = world((answer, { method }) => (method === "POST" ? { status: 200, text: '{"request_id":"r-1"}' } : answer))
    const report = await verify("xai", fetch, { apiKey, withKey: true, budget: 1 })
    expect(posts().length).toBe(1)
    expect(report.hasDrift).toBe(true)
    expect(verdicts(report).filter((each) => each.includes("differs"))).toEqual([
      'generations: bad key: differs it was accepted: a job may have been made, and billed (status 200, not 401; Unknown field at ["request_id"] Missing key at ["code"] Missing key at ["error"]): {"request_id":"r-1"}'
    ])
  })

  const drifts: ReadonlyArray<readonly [string, Name, (answer: Answer, request: Request) => Answer, ReadonlyArray<string>]> = [
    [
      "a status",
      "xai",
      (answer) => (answer.status === 401 ? { ...answer, status: 403 } : answer),
      ["query: bad key", "status 403, not 401"]
    ],
    ["a field that is renamed", "xai", renamed("error", "err"), ["query: bad key", 'Missing key at ["error"]', 'Unknown field at ["err"]']],
    [
      "a field that is missing",
      "geeknow",
      (answer) => (answer.text.includes("task_not_exist") ? { ...answer, text: '{"code":"task_not_exist","message":""}' } : answer),
      ["query: unknown id", 'Missing key at ["data"]']
    ],
    ["a field of another type", "cometapi", renamed("message", "x"), ["query: bad key", '["error"]["message"]']],
    [
      "another form of errors",
      "xingchao",
      (answer) => ({ ...answer, text: '{"code":401,"msg":"no"}' }),
      ["query: bad key", 'Missing key at ["message"]', '["msg"]']
    ],
    ["a page instead of JSON", "xai", (answer) => ({ ...answer, text: "<html>Sign in</html>" }), ["query: bad key", "no JSON", "Sign in"]],
    ["a body that is gone", "xai", (answer) => ({ ...answer, text: "" }), ["query: bad key", "the body is empty"]],
    [
      "an unknown id that is found",
      "xingchao",
      (answer, { headers, method }) =>
        method === "GET" && headers.get("authorization")?.endsWith(secret) === true ? { status: 200, text: "{}" } : answer,
      ["query: unknown id", "status 200, not 404"]
    ]
  ]

  it.each(drifts)("finds and names %s: %s", async (_, provider, change, [name = "", ...whats]) => {
    const report = await verify(provider, world(change).fetch, { apiKey })
    const found = report.probes.find(({ probe }) => probe === name)
    expect(found?.verdict).toBe("differs")
    for (const what of whats) expect(found?.what).toContain(what)
    expect(report.hasDrift).toBe(true)
    expect(Verify.toText(report)).toContain(whats[0])
  })

  it("takes a field that is new for no drift, and names it", async () => {
    const report = await verify("xai", world((answer) => ({ ...answer, text: answer.text.replace("{", '{"trace":1,') })).fetch)
    expect(report.hasDrift).toBe(false)
    expect(report.probes[0]?.what).toBe('besides: Unknown field at ["trace"]')
  })

  it.each([
    ["a limit", { status: 429, text: "" }, "too many requests"],
    ["a proxy's page", { status: 502, text: "<html></html>" }, "a proxy answered"]
  ])("takes %s for no drift: it says nothing of the provider", async (_, answer, why) => {
    const report = await verify("xai", world(() => answer).fetch)
    expect(report.hasDrift).toBe(false)
    expect(report.probes.every(({ verdict, what }) => verdict === "not comparable" && what.includes(why))).toBe(true)
  })

  it("goes on where the network fails, and says so", async () => {
    const report = await verify("xai", unplugged)
    expect(report.hasDrift).toBe(false)
    expect(new Set(report.probes.map(({ what }) => what))).toEqual(new Set(["no answer: getaddrinfo ENOTFOUND"]))
  })

  it("never prints the key, not even where the other side does", async () => {
    const report = await verify("geeknow", world(echo).fetch, { apiKey, withKey: true, budget: 1 })
    expect(Verify.toText(report) + JSON.stringify(report)).not.toContain(secret)
    expect(Verify.toText(report)).toContain("<key>")
  })

  const https = { baseUrl: "https://gateway.test/xai" }
  it.each<readonly [string, Partial<Verify.Options>]>([
    ["must be an http or https URL", { baseUrl: "gateway.test" }],
    ["in the clear", { baseUrl: "http://127.gateway.test/xai", apiKey }],
    ["in the clear", { baseUrl: "http://gateway.test/xai", apiKey }],
    ["no user, password or query", { baseUrl: "https://a:b@gateway.test/" }],
    ["needs a key", { ...https, withKey: true }],
    ["needs a key", { ...https, budget: 1 }],
    ["about $0.05, more than the budget of $0.04. Nothing was sent.", { ...https, apiKey, budget: 0.04 }],
    ["more than the budget", { ...https, apiKey, budget: Number.NaN }]
  ])("refuses, and sends nothing: %s", async (why, options) => {
    const { fetch, sent } = world()
    const refused = await Effect.runPromise(Effect.flip(Verify.run({ provider: builtIn.xai, fetch, ...https, ...options })))
    expect(refused.message).toContain(why)
    expect(sent).toEqual([])
  })
})

describe("a paid verify", () => {
  it.each(providerNames)("makes one job within its budget, and judges every answer until its end: %s", async (provider) => {
    const { mock, report } = await paid(provider)
    expect(verdicts(report).filter((each) => !each.endsWith(": same"))).toEqual([])
    expect(report.probes.slice(-2).map(({ probe }) => probe)).toEqual(["paid: submit", "paid: until its end"])
    expect(report.probes.at(-1)?.got).toMatch(/in [345] polls$/)
    expect(mock.jobs).toMatchObject([{ state: "succeeded" }])
    expect((mock.jobs[0]?.seconds ?? 0) * 0.05).toBeCloseTo(Verify.costOf(builtIn[provider]))
  })

  it("finds what drifts only while a job runs", async () => {
    const { report } = await paid("xai", (answer) => ({ ...answer, text: answer.text.replace('"respect_moderation":', '"moderated":') }))
    expect(report.probes.at(-1)).toMatchObject({ verdict: "differs" })
    expect(report.probes.at(-1)?.what).toContain('["respect_moderation"]')
  })

  it("submits once, though the answer is lost, and says what that means", async () => {
    const { mock, report } = await paid("xai", lost)
    expect(mock.jobs.length).toBe(1)
    expect(report.probes.at(-1)).toMatchObject({ probe: "paid: submit", verdict: "not comparable" })
    expect(report.probes.at(-1)?.what).toContain("is not submitted again")
  })

  it("gives up a job that does not end, and says that it may be billed", async () => {
    const { report } = await paid("xingchao", (answer) => ({
      ...answer,
      text: answer.text.replace('"completed"', '"processing"').replace(/"video_url":"[^"]*"/, '"video_url":null')
    }))
    expect(report.probes.at(-1)).toMatchObject({ verdict: "not comparable" })
    expect(report.probes.at(-1)?.what).toContain("not ended after 60 s: it may still run, and be billed")
  })
})
