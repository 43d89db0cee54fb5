/** A provider of the user's own, from its submission to the verdict: nothing here or in `acme.ts` is of this package's inside. */
import { Explore, Fault, History, Ledger, Mock, Verdict, World } from "@reelay/mock-server"
import * as Guard from "@reelay/mock-server/guard"
import * as Msw from "@reelay/mock-server/msw"
import { serve } from "@reelay/mock-server/node"
import { builtIn } from "@reelay/mock-server/providers"
import * as Recording from "@reelay/mock-server/Recording"
import * as Verify from "@reelay/mock-server/Verify"
import { Validator } from "@seriousme/openapi-schema-validator"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { readFileSync } from "node:fs"
import { posix } from "node:path"
import { setupServer } from "msw/node"
import { describe, expect, it, onTestFinished } from "vitest"
import { acme, acmeOverXai } from "./acme.ts"

const headers = { authorization: "Bearer key", "content-type": "application/json" }

const play = (played: ReadonlyArray<typeof acme> = [acme]) => {
  let now = 0
  const mock = Mock.make({ providers: played, now: () => now, duration: 10_000 })
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await mock.handle(new Request(path.startsWith("http") ? path : `http://mock.test${path}`, { headers, ...init }))
    const text = await response.text()
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true
    const body: Readonly<Record<string, unknown>> = isJson ? JSON.parse(text) : { text }
    return { status: response.status, type: response.headers.get("content-type"), body }
  }
  const submit = async (body: object, base = "/acme") => ask(`${base}/films`, { method: "POST", body: JSON.stringify(body) })
  return { mock, ask, submit, at: (millis: number) => void (now = millis) }
}

describe("a provider of one's own", () => {
  it("plays a job from its submission to its file, and is judged as the built-in ones are", async () => {
    const { ask, at, mock, submit } = play()
    const { body, status } = await submit({ prompt: "A candle", length: 2 })
    expect([status, body]).toEqual([201, { job: mock.jobs[0]?.id }])
    const poll = () => ask(`/acme/films/${String(body["job"])}`)
    const seen: Array<unknown> = []
    for (const millis of [0, 1500, 6000]) {
      at(millis)
      seen.push((await poll()).body["state"])
    }
    expect(seen).toEqual(["waiting", "waiting", "working"])
    expect((await ask(`/acme/films/${String(body["job"])}/file`)).body).toEqual({ problem: "not ready" })
    at(10_000)
    const ended = await poll()
    expect(ended.body).toMatchObject({ state: "ready" })
    const file = await mock.handle(new Request(String(ended.body["file"])))
    expect([file.status, file.headers.get("content-type")]).toEqual([200, "video/mp4"])
    expect(mock.journal.map(({ provider, route }) => `${provider} ${route}`)).toEqual([
      "acme submit",
      ...seen.map(() => "acme poll"),
      "acme content",
      "acme poll",
      "acme file"
    ])
    expect(Ledger.of(mock.jobs, 10_000, Ledger.pricesOf(mock.providers))).toMatchObject({
      total: 1,
      lines: [{ provider: "acme", cost: 1, used: true }]
    })
    expect((await ask("/__mock/ledger")).body).toMatchObject({ total: 1 })
    expect([Verdict.of(mock), History.check(mock)]).toEqual([{ ok: true, findings: [] }, []])
  })

  it("is told what its client did wrong, with its own price and floor, and a world to see it again", async () => {
    const { ask, at, mock, submit } = play()
    const { body } = await submit({ prompt: "A candle" })
    await submit({ prompt: "A candle" })
    await ask(`/acme/films/${String(body["job"])}`)
    at(100)
    await ask(`/acme/films/${String(body["job"])}`)
    expect(() => Verdict.check(mock, { floors: { acme: 1000 } })).toThrow(
      /paid twice: 2 jobs, \$3\.00[\s\S]*abandoned \(money\)[\s\S]*acme wants 1 s between two polls[\s\S]*Again: reelay-mock/
    )
    expect((await ask("/__mock/verify?floor=acme:1000")).body).toMatchObject({
      findings: [{ law: "paid-twice" }, { law: "abandoned" }, { law: "floor" }]
    })
  })

  it("refuses by its rules, and names its routes to who missed them", async () => {
    const { ask, mock, submit } = play()
    expect((await submit({ prompt: "A candle", length: 9 })).body).toEqual({ problem: "length must be an integer from 1 to 5, not 9" })
    expect(await ask("/acme/film/7")).toMatchObject({ status: 404, body: { problem: "No handler found for GET /film/7" } })
    expect(Verdict.of(mock, { isOver: false }).findings).toMatchObject([
      { law: "route", what: expect.stringContaining("the nearest is GET /acme/films/{id}") }
    ])
    expect(await ask("/acme/films", { method: "PUT" })).toMatchObject({ status: 405 })
    expect(await ask("/acme/films/7", { headers: { authorization: "Bearer bad" } })).toMatchObject({ status: 401 })
    // Those that it does not play are nobody here.
    expect(await ask("/xai/v1/videos/7")).toEqual({
      status: 404,
      type: "application/json; charset=utf-8",
      body: { error: "No handler found for GET /xai/v1/videos/7" }
    })
  })

  it("has its contract as OpenAPI and to be read, and keeps it", async () => {
    const { ask, mock } = play()
    const { body } = await ask("/acme/openapi.json")
    expect(await new Validator().validate(structuredClone(body))).toEqual({ valid: true })
    expect(body).toMatchObject({
      info: { title: "Acme films" },
      servers: [{ url: "http://mock.test/acme" }, { url: "https://api.acme.example/v2" }]
    })
    expect(Object.keys(Object(body["paths"]))).toEqual(["/films", "/films/{job}", "/films/{job}/file"])
    expect((await ask("/acme/v2/docs")).body["text"]).toContain("Acme films")
    const report = await Effect.runPromise(Verify.run({ provider: acme, baseUrl: "http://127.0.0.1/acme", fetch: Mock.fetchOf(mock) }))
    expect(report.probes.filter(({ verdict }) => verdict !== "same")).toEqual([])
    expect([Verify.costOf(acme), report.provider]).toEqual([1, "acme"])
    const without = await Effect.runPromise(Effect.flip(Verify.run({ provider: bare, baseUrl: "http://127.0.0.1/acme" })))
    expect(without.message).toContain("acme has no contract")
  })

  it("has faults: what everybody has, its own error bodies, and its content endpoint", async () => {
    const { ask, mock, submit } = play()
    const named = mock.catalogue.kinds.map(({ name }) => name)
    expect(named).toEqual(expect.arrayContaining(["flaky", "poll-error.closed", "content-body-drop"]))
    expect(named).not.toContain("query-failed")
    expect(named.some((name) => name.includes("rate-limited") && name.includes("-error."))).toBe(false)
    expect(Fault.catalogueOf([acme]).kinds).toEqual(mock.catalogue.kinds)
    expect((await submit({ prompt: "A candle mock:fault=submit-error.closed" })).body).toEqual({ problem: "closed" })
    expect(mock.jobs).toEqual([])
    const refused = await submit({ prompt: "A candle mock:fault=poll-error.rate-limited" })
    expect(refused.body["problem"]).toContain("names no fault")
    // A word that has no effect at it has none.
    expect((await submit({ prompt: "A candle mock:query-failed" })).status).toBe(201)
    expect(
      await ask("/__mock/script", { method: "POST", body: JSON.stringify({ script: { faults: ["poll-error.opened"] } }) })
    ).toMatchObject({
      status: 400
    })
  })

  it("has worlds, and is explored", async () => {
    const { ask, mock } = play([builtIn.xai, acme])
    const token = World.toToken({ provider: "acme", script: { ending: "failed", phases: [] } })
    const made = await ask(`/r/${token}/films`, { method: "POST", body: JSON.stringify({ prompt: "A candle" }) })
    expect((await ask(`/r/${token}/films/${String(made.body["job"])}`)).body).toMatchObject({ state: "broken" })
    expect([...mock.worlds.values()].map(({ providers: those }) => those.map(({ name }) => name))).toEqual([["xai", "acme"]])
    const other = World.toToken({ provider: "geeknow" })
    expect((await ask(`/r/${other}`)).body["error"]).toContain('"xai" | "acme"')
    const first = await ask("/__mock/explore", {
      method: "POST",
      body: JSON.stringify({ provider: "acme", faults: ["content", "poll-error.closed"] })
    })
    expect(first.body).toMatchObject({ world: { provider: "acme" }, faults: expect.arrayContaining(["poll-error.closed"]) })
    const plan: Explore.Plan = { seed: "1", providers: ["acme"], runs: 30, faults: ["poll-error.closed"], catalogue: mock.catalogue }
    const worlds = Array.from({ length: 30 }, (_, nth) => Explore.generate(plan, nth))
    expect(worlds.some(({ script }) => script?.faults?.some(({ name }) => name === "poll-error.closed") === true)).toBe(true)
  })

  it("is on the page, on a port, and recorded", async () => {
    expect((await play().ask("/")).body["text"]).toContain("mock of one video API.")
    expect((await play([builtIn.xai, acme]).ask("/")).body["text"]).toContain("mock of two video APIs.")
    const { close, url } = await serve({ providers: [acme] })
    onTestFinished(close)
    expect((await fetch(`${url}/acme/films/7`, { headers })).status).toBe(404)
    const { mock } = play()
    const recorder = Result.getOrThrow(
      Recording.recorder({ provider: acme, upstream: "http://127.0.0.1/acme", now: () => 0, fetch: Mock.fetchOf(mock) })
    )
    await recorder.handle(new Request("http://proxy.test/acme/films/7", { headers }))
    expect(Result.isSuccess(Recording.fromJson(JSON.parse(JSON.stringify(recorder.recording))))).toBe(true)
    expect(recorder.recording).toMatchObject({ provider: "acme", exchanges: [{ request: { path: "/films/7" } }] })
  })

  it("answers at its vendor's own address behind MSW, whose other hosts are out of reach", async () => {
    const { mock } = play()
    const { uninstall } = await Msw.install(setupServer, mock)
    onTestFinished(uninstall)
    expect((await fetch("https://api.acme.example/v2/films/7", { headers })).status).toBe(404)
    expect(mock.journal).toMatchObject([{ provider: "acme", path: "/acme/v2/films/7" }])
    await expect(fetch("https://files.acme.example/7.mp4")).rejects.toMatchObject({ cause: { host: "files.acme.example" } })
  })

  it("is guarded while a guard knows it", async () => {
    const guard = Guard.install({ providers: [acme] })
    const again = Guard.install({ providers: [acme] })
    await Guard.selfTest()
    await expect(fetch("https://api.acme.example/films")).rejects.toThrow("such as http://127.0.0.1:8787/acme")
    again.uninstall()
    expect(Guard.isReal("https://api.acme.example")).toBe(true)
    guard.uninstall()
    expect([Guard.isReal("https://api.acme.example"), Guard.isReal("https://api.x.ai")]).toEqual([false, true])
  })

  it.each([
    ["", "can't be a provider's name"],
    ["a/b", "can't be a provider's name"],
    ["r", "can't be a provider's name"],
    ["files", "can't be a provider's name"],
    ["__mock", "can't be a provider's name"]
  ])("called %j is refused", (name, why) => {
    expect(() => play([{ ...acme, name }])).toThrow(why)
  })

  it("is alone with its name, and a gateway needs its upstream", () => {
    expect(() => play([acme, acme])).toThrow("there are two called acme")
    expect(() => play([acmeOverXai])).toThrow("acme+xai passes its jobs on to xai, which has to be one of them")
  })
})

const { contract: _, ...bare } = acme

describe("a gateway of one's own", () => {
  it("passes its jobs on, keeps what it hears in its own words, and shows both hops", async () => {
    const { ask, at, mock, submit } = play([builtIn.xai, acmeOverXai])
    const { body, status } = await submit({ prompt: "A candle", length: 2 }, "/acme+xai")
    expect([status, mock.jobs]).toMatchObject([201, [{ provider: "xai", seconds: 2 }]])
    const seen: Array<unknown> = []
    for (const millis of [0, 5000, 10_000]) {
      at(millis)
      seen.push((await ask(`/acme+xai/films/${String(body["job"])}`)).body["state"])
    }
    expect(seen).toEqual(["waiting", "working", "ready"])
    expect(mock.journal.slice(0, 2)).toMatchObject([{ provider: "acme+xai" }, { provider: "xai", isUpstream: true }])
    expect(mock.tasks).toMatchObject([{ id: body["job"], gateway: "acme+xai", upstream: mock.jobs[0]?.id, state: "succeeded" }])
    expect(History.check(mock)).toEqual([])
    expect(World.toJson(mock.like("acme+xai"))).toMatchObject({ provider: "acme+xai" })
  })

  it("masks what the upstream refuses, and breaks on its own", async () => {
    const { mock, submit } = play([builtIn.xai, acmeOverXai])
    expect((await submit({ prompt: "mock:fial" }, "/acme+xai")).body).toEqual({ problem: "upstream refused" })
    expect((await submit({ prompt: "A candle mock:lost-submit" }, "/acme+xai")).status).toBe(502)
    expect((await submit({ prompt: "A candle gateway:fault=submit-error.closed" }, "/acme+xai")).body).toEqual({ problem: "closed" })
    expect(mock.journal.at(-1)).toMatchObject({ provider: "acme+xai", fault: "submit-error.closed" })
  })
})

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")

describe("the built-in gateway", () => {
  it("is written with what everybody can import, and another provider", () => {
    const source = "src/providers/cometapi+xai/dialect.ts"
    const exported = read("package.json")
    const imports = Array.from(read(source).matchAll(/from "(\.[^"]+)"/g), ([, path = ""]) => posix.join(posix.dirname(source), path))
    expect(imports.length).toBeGreaterThan(2)
    expect(imports.filter((path) => !exported.includes(`"./${path}"`) && !/^src\/providers\/\w+\/dialect\.ts$/.test(path))).toEqual([])
  })
})
