import { describe, expect, it } from "vitest"
import { makeClient, start } from "../../test/client.ts"
import * as World from "../script/World.ts"
import * as Verdict from "./Verdict.ts"

/** What is thrown, or undefined. */
const thrown = (work: () => void): unknown => {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}

const twice = async (client: ReturnType<typeof makeClient>, base: string): Promise<void> => {
  for (let nth = 0; nth < 2; nth++) await client.post(`${base}/v1/videos/generations`, { prompt: "A candle" })
}

describe("a verdict", () => {
  it("is ok while the client runs, if nothing was wrong so far, in the mock and in its worlds", async () => {
    const client = makeClient()
    await client.submit("xai", "A candle")
    await client.post(`/r/${World.toToken({ provider: "xai" })}/v1/videos/generations`, { prompt: "A candle" })
    expect(thrown(() => Verdict.check(client.mock, { isOver: false }))).toBeUndefined()
  })

  it("says what was wrong where, and names worlds in which a client that does the same meets the same", async () => {
    const client = makeClient({ clock: "frozen", seed: 5, urlTtl: 9000, duration: 4000 })
    await twice(client, "/xai")
    client.mock.clock.set(start + 5000)
    const error = thrown(() => Verdict.check(client.mock, { isOver: false }))
    expect(error).toBeInstanceOf(Verdict.FoundWrong)
    expect(error).toMatchObject({ findings: [{ law: "paid-twice" }] })
    const [, token = ""] = /Again: reelay-mock, and the base URL <url>\/r\/(\S+)$/.exec(String(error)) ?? []
    expect(World.fromToken(token)).toEqual({
      provider: "xai",
      script: { duration: 4000 },
      seed: 5,
      clock: "frozen",
      starts: start,
      urlTtl: 9000
    })

    const again = makeClient()
    await twice(again, `/r/${token}`)
    const world = again.mock.worlds.get(token)
    expect(world?.jobs.map(({ createdAt, id, life }) => [id, createdAt, life])).toEqual(
      client.mock.jobs.map(({ createdAt, id, life }) => [id, createdAt, life])
    )
    expect(String(thrown(() => Verdict.check(again.mock)))).toMatch(
      `The mock found the client wrong in the world /r/${token}:\n  paid-twice (money): `
    )
  })

  it("names a gateway's world to a gateway's client, and a mock's length where the prompts choose", async () => {
    const client = makeClient({ duration: 300 })
    for (let nth = 0; nth < 2; nth++)
      await client.post("/cometapi+xai/grok/v1/videos/generations", { prompt: "A candle, mock:lost-submit" })
    client.at(1000)
    const text = String(thrown(() => Verdict.check(client.mock)))
    expect(World.fromToken(/\/r\/(\S+)$/.exec(text)?.[1] ?? "")).toEqual(client.mock.like("xai"))
    const gateway = makeClient()
    for (let nth = 0; nth < 2; nth++) await gateway.post("/cometapi+xai/grok/v1/videos/generations", { prompt: "A candle" })
    gateway.at(10_000)
    const [token = ""] = /(?<=\/r\/)\S+$/.exec(String(thrown(() => Verdict.check(gateway.mock)))) ?? []
    expect(World.fromToken(token)).toEqual({ provider: "cometapi+xai", script: { duration: 10_000 } })
    const short = makeClient({ duration: 300 })
    for (const word of ["fial", "fail"]) await short.submit("xai", `A candle, mock:${word}`)
    expect(short.mock.like("xai")).toEqual({ provider: "xai", duration: 300 })
    const again = makeClient()
    const base = `/r/${World.toToken(short.mock.like("xai"))}`
    await again.post(`${base}/v1/videos/generations`, { prompt: "A candle, mock:fail" })
    expect([...again.mock.worlds.values()][0]?.jobs[0]?.life).toEqual(short.mock.jobs[0]?.life)
  })

  it("leaves it to the prompts where a mock's jobs had several lives", async () => {
    const client = makeClient()
    for (const word of ["fail", "success"]) await client.submit("geeknow", `A candle, mock:${word}`)
    expect(client.mock.like("geeknow")).toEqual({ provider: "geeknow" })
    expect(client.mock.like("xai")).toEqual({ provider: "xai" })
  })

  it("on a client that is over: what it left undone; and a mock that only its worlds were played in is not unused", async () => {
    const client = makeClient()
    expect(String(thrown(() => Verdict.check(client.mock, { isOver: true })))).toContain("unused (data): nothing was submitted here")
    await client.post(`/r/${World.toToken({ provider: "xai" })}/v1/videos/generations`, { prompt: "A candle" })
    expect(thrown(() => Verdict.check(client.mock, { isOver: true }))).toMatchObject({ findings: [{ law: "abandoned" }] })
    const other = makeClient()
    const id = await other.submit("xai", "A candle mock:fast mock:fail")
    await other.poll("xai", id)
    await other.get(`/r/${World.toToken({ provider: "xai" })}`)
    expect(thrown(() => Verdict.check(other.mock, { expect: ["unsuccessful"] }))).toBeUndefined()
  })

  it("has floors where they are given", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle")
    for (const elapsed of [0, 4000]) {
      client.at(elapsed)
      await client.poll("xai", id)
    }
    expect(thrown(() => Verdict.check(client.mock, { floors: { geeknow: 5000 }, isOver: false }))).toBeUndefined()
    expect(thrown(() => Verdict.check(client.mock, { floors: { xai: 5000 }, isOver: false }))).toMatchObject({
      findings: [{ law: "floor", severity: "courtesy" }]
    })
  })
})
