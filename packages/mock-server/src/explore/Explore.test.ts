import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Flaw, flaws, makeVideo } from "../../test/careful.ts"
import { world as anyWorld } from "../../test/world.ts"
import { isRecord } from "../base/Rules.ts"
import * as Mock from "../mock/Mock.ts"
import { catalogue } from "../providers/index.ts"
import type * as Fault from "../script/Fault.ts"
import * as World from "../script/World.ts"
import * as Explore from "./Explore.ts"

const failure: Explore.Failure = { findings: [{ law: "law", what: "what" }] }

const plan: Explore.Plan = {
  seed: "1",
  providers: ["xai", "geeknow"],
  runs: 100,
  faults: Object.values(Explore.classes).flat(),
  clock: "lockstep"
}

/** Plays a search to its end with a client that fails where `fails` says so. */
const play = (from: Explore.Search, of: Explore.Plan, fails: (world: World.World) => boolean): Explore.Search => {
  let search = from
  while ("world" in search) search = Explore.judged(of, search, fails(search.world) ? failure : undefined)
  return search
}

/** As if the first world that failed were this one. */
const shrunk = (world: World.World, fails: (world: World.World) => boolean): World.World => {
  const search = play({ _tag: "Exploring", runs: 0, world }, { ...plan, runs: 1 }, fails)
  return search._tag === "Failed" ? search.smallest : expect.unreachable("it did not fail")
}

const has = (world: World.World, name: string): boolean => world.script?.faults?.some((fault) => fault.name === name) === true

const isLongWait = ({ script = {} }: World.World): boolean => {
  const fault = script.faults?.find(({ name }) => name === "rate-limited")
  return (fault?.retryAfter ?? 0) > 4 && typeof script.advances === "object" && script.advances.polls >= 5
}

describe("a search", () => {
  it("passes when every world of the plan has passed, which are the same each time", () => {
    const seen = [0, 1].map(() => {
      const all: Array<string> = []
      const end = play(Explore.begin(plan), plan, (world) => {
        all.push(World.toToken(world))
        return false
      })
      expect(end).toEqual({ _tag: "Passed", runs: 100 })
      return all
    })
    expect(seen[0]).toEqual(seen[1])
    expect(new Set(seen[0]).size).toBe(100)
    expect(World.toToken(Explore.generate({ ...plan, seed: "2" }, 5))).not.toBe(World.toToken(Explore.generate(plan, 5)))
  })

  it("begins in a quiet world, and meets every fault of its plan that the provider has", () => {
    const worlds = Array.from({ length: 100 }, (_, nth) => Explore.generate({ ...plan, providers: ["xai"] }, nth))
    expect(worlds[0]?.script).toEqual({ advances: { polls: 1 } })
    for (const name of plan.faults) {
      const isOfXai = catalogue.kindOf(name)?.only?.includes("xai") !== false
      expect(worlds.some((world) => has(world, name))).toBe(isOfXai)
    }
  })

  it("ends with a world that fails, while none that is one change simpler does", () => {
    // Not monotone: a smaller world may pass where an even smaller one fails.
    fc.assert(
      fc.property(anyWorld, fc.func(fc.nat({ max: 2 })), (world, dice) => {
        const fails = (each: World.World): boolean => World.toToken(each) === World.toToken(world) || dice(World.toToken(each)) === 0
        const smallest = shrunk(world, fails)
        expect(fails(smallest)).toBe(true)
        expect(World.smaller(smallest).filter(fails)).toEqual([])
        expect(World.steps(smallest)).toBeLessThanOrEqual(World.steps(world))
      }),
      { numRuns: 150 }
    )
  })

  it("finds what matters, and nothing else", () => {
    const world = World.fromJson({
      provider: "geeknow",
      clock: "lockstep",
      seed: 9,
      script: {
        advances: { polls: 6 },
        ending: "moderated",
        phases: [{ state: "queued", lasts: 9 }],
        faults: ["flaky", { name: "rate-limited", requests: { first: 3 }, retryAfter: 20 }, "unknown-status"]
      }
    })
    if ("problem" in world) throw new Error(world.problem)
    expect(World.toJson(shrunk(world, isLongWait))).toEqual({
      provider: "geeknow",
      clock: "lockstep",
      script: { advances: { polls: 5 }, faults: [{ name: "rate-limited", retryAfter: 5 }] }
    })
  })

  it("plays no world twice while it shrinks", () => {
    fc.assert(
      fc.property(anyWorld, fc.func(fc.nat({ max: 3 })), (world, dice) => {
        const played: Array<string> = []
        shrunk(world, (each) => {
          const token = World.toToken(each)
          const isFirst = played.push(token) === 1
          return isFirst || dice(token) === 0
        })
        expect(new Set(played).size).toBe(played.length)
      }),
      { numRuns: 100 }
    )
  })
})

/** What is said over HTTP. */
interface Told extends Readonly<Record<string, unknown>> {
  readonly done: boolean
}

const isTold = (value: unknown): value is Told => isRecord(value) && typeof value["done"] === "boolean"

/** A mock, and the routes of an exploration as a client has them. */
const host = () => {
  const fetch = Mock.fetchOf(Mock.make({ now: () => 0 }))
  const send = async (path: string, body?: unknown): Promise<{ readonly status: number; readonly json: unknown }> => {
    const post = { method: "POST", body: JSON.stringify(body) }
    const answer = await fetch(path.startsWith("http") ? path : `http://mock.test${path}`, body === undefined ? {} : post)
    return { status: answer.status, json: await answer.json() }
  }
  const told = async (path: string, body?: unknown): Promise<Told> => {
    const { json } = await send(path, body)
    return isTold(json) ? json : expect.unreachable(JSON.stringify(json))
  }
  /** Plays an exploration to its end: `run` rejects if the client itself sees that it fails. */
  const explore = async (asked: object, run: (base: string) => Promise<unknown>): Promise<Told> => {
    let at = await told("/__mock/explore", asked)
    for (let cases = 0; !at.done; cases++) {
      expect(cases).toBeLessThan(500)
      const verdict = await run(String(at["base"])).then(
        () => ({ verdict: "pass" }),
        (error: unknown) => ({ verdict: "fail", message: String(error) })
      )
      at = await told(`/__mock/explore/${String(at["session"])}`, { ...verdict, case: at["case"] })
    }
    return at
  }
  return { fetch, send, told, explore }
}

const asked = { seed: 1, provider: "xai", clock: "lockstep", floor: 5000, failOn: ["money", "data", "courtesy"] }

/** What each flaw is found for; nothing where the client itself has to notice, since no law of the mock's is broken. */
const laws: Readonly<Record<Flaw, string | undefined>> = {
  "goes-on-after-the-end": "one-end",
  "takes-any-end-for-success": "served",
  "asks-once-more": "after-end",
  "ignores-retry-after": "retry-after",
  "asks-too-often": "floor",
  "gives-up": "abandoned",
  "keeps-to-one-link": "expired",
  "trusts-every-body": undefined,
  "submits-again": "paid-twice",
  "sends-its-key-along": "key"
}

const lawsIn = (told: unknown): ReadonlyArray<unknown> => {
  const findings = isRecord(told) && Array.isArray(told["findings"]) ? told["findings"] : []
  return findings.map((finding: unknown) => (isRecord(finding) ? finding["law"] : undefined))
}

/** What the verdict on a world finds, but for what no client can help there. */
const lawsThatCount = (told: unknown): ReadonlyArray<unknown> => {
  const findings = isRecord(told) && Array.isArray(told["findings"]) ? told["findings"] : []
  return lawsIn({ findings: findings.filter((finding: unknown) => isRecord(finding) && finding["breaksOk"] === true) })
}

describe("an exploration over HTTP", () => {
  it.each([1, 2, 3])("lets a careful client through a hundred worlds, with seed %i", async (seed) => {
    const { explore, fetch } = host()
    expect(await explore({ ...asked, seed }, (base) => makeVideo(fetch, base))).toMatchObject({ ok: true, runs: 100 })
  })

  it.each(flaws)("catches a client that %s, with a world of five steps at most, in which it fails again", async (flaw) => {
    const { explore, fetch, send } = host()
    const end = await explore(asked, (base) => makeVideo(fetch, base, flaw))
    expect(end).toMatchObject({ ok: false })
    const { base, steps, verify } = isRecord(end["smallest"]) ? end["smallest"] : {}
    expect(steps).toBeLessThanOrEqual(5)
    const law = laws[flaw]
    expect(String(end["message"])).toContain(law === undefined ? "SyntaxError" : "undefined")
    expect([...new Set(lawsIn(end))]).toEqual(law === undefined ? [] : [law])
    // The base URL that is told was played by nobody yet.
    expect((await send(`${String(base)}/__mock/journal`)).json).toEqual([])
    const again = await makeVideo(fetch, String(base), flaw).catch(() => "rejected")
    expect(again === "rejected").toBe(law === undefined)
    expect(new Set(lawsThatCount((await send(String(verify))).json))).toEqual(new Set(lawsIn(end)))
    // And it is the client that fails, not the world.
    await makeVideo(fetch, `${String(base)}.careful`)
    expect((await send(String(verify).replace("/__mock", ".careful/__mock"))).json).toMatchObject({ ok: true })
  })

  it("says where it stands, and counts a verdict that comes twice once", async () => {
    const { told } = host()
    const first = await told("/__mock/explore", { seed: 3 })
    expect(first).toMatchObject({ session: "1", case: 0, done: false, phase: "exploring", steps: 1 })
    const verdict = { verdict: "fail", message: "It broke", case: 0 }
    const second = await told("/__mock/explore/1", verdict)
    expect(second).toMatchObject({ case: 1, phase: "shrinking", steps: 0 })
    expect(await told("/__mock/explore/1", verdict)).toEqual(second)
    expect(await told("/__mock/explore/1")).toEqual(second)
    const end = await told("/__mock/explore/1", { verdict: "pass", case: 1 })
    // Nothing was submitted, so that it did not pass.
    expect(end).toMatchObject({ done: true, ok: false, findings: [{ law: "unused" }], smallest: { steps: 0 } })
    expect(await told("/__mock/explore/1", { verdict: "pass" })).toEqual(end)
  })

  it("gives two that are equal worlds that don't meet, and one name a new world each time", async () => {
    const { told, send, fetch } = host()
    const [one, other] = [await told("/__mock/explore", asked), await told("/__mock/explore", asked)]
    expect(one["token"]).toBe(other["token"])
    await makeVideo(fetch, String(one["base"]))
    expect((await send(`${String(other["base"])}/__mock/jobs`)).json).toEqual([])
    await told("/__mock/explore/1", { verdict: "pass" })
    expect((await send(`${String(one["base"])}/__mock/jobs`)).json).toEqual([])
  })

  it("tells a job that is lost from one that never ends, and both from one that was abandoned", async () => {
    const { send, fetch } = host()
    const playIn = async (script: object): Promise<unknown> => {
      const base = `http://mock.test/r/a${btoa(JSON.stringify({ provider: "xai", clock: "lockstep", script }))}`
      await makeVideo(fetch, base)
      const { json } = await send(`${base}/__mock/verify`)
      const { ok } = isRecord(json) ? json : {}
      return [ok, lawsIn(json)]
    }
    expect(await playIn({ advances: { polls: 1 }, faults: ["submit-accepted-drop"] })).toEqual([false, ["lost"]])
    expect(await playIn({ advances: { polls: 1 }, ending: "never" })).toEqual([false, ["unsuccessful"]])
    expect(await playIn({ advances: { polls: 1 }, faults: [{ name: "poll-accepted-5xx", requests: { after: 0 } }] })).toEqual([
      false,
      ["abandoned"]
    ])
  })

  it("blames the client for a job whose id it was told, though the connection broke after that", async () => {
    const mock = Mock.make({ now: () => 0 })
    const script = { advances: { polls: 1 }, faults: ["submit-answered-drop"] }
    const base = `http://mock.test/r/a${btoa(JSON.stringify({ provider: "xai", script }))}`
    const headers = { authorization: "Bearer key", "content-type": "application/json" }
    const post = { method: "POST", headers, body: JSON.stringify({ prompt: "A candle" }) }
    await mock.deliver(new Request(`${base}/v1/videos/generations`, post), "socket")
    const { answer } = await mock.deliver(new Request(`${base}/__mock/verify?over=true`), "socket")
    expect(lawsIn(answer.body)).toEqual(["abandoned"])
  })

  it("leaves out what its host can't show: a class goes without it, a fault by its name is refused", async () => {
    const mock = Mock.make({ now: () => 0 })
    const begin = async (faults: ReadonlyArray<string>, needs: Fault.Needs) => {
      const request = new Request("http://mock.test/__mock/explore", { method: "POST", body: JSON.stringify({ faults }) })
      return (await mock.deliver(request, needs)).answer
    }
    expect(await begin(["drop", "content"], "every")).toMatchObject({ status: 200, body: { faults: Explore.classes.content } })
    expect(await begin(["drop"], "web")).toMatchObject({ status: 200, body: { faults: Explore.classes.drop } })
    expect(await begin(["submit-accepted-drop"], "every")).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining("socket") }
    })
    expect(await begin(["poll-headers-reset"], "socket")).toMatchObject({ status: 200 })
    expect(await begin(["quakes"], "socket")).toMatchObject({ status: 400, body: { error: expect.stringContaining("submit, poll, file") } })
  })

  it.each([
    [{ provider: "acme" }, 400, "provider"],
    [{ providers: ["xai"] }, 400, '"providers" isn\'t a field of an exploration'],
    [{ runs: 0 }, 400, "runs"],
    [[], 400, "must be JSON"]
  ])("refuses to begin with %j", async (body, status, error) => {
    const { send } = host()
    expect(await send("/__mock/explore", body)).toMatchObject({ status, json: { error: expect.stringContaining(error) } })
  })

  it("refuses what is no verdict, or one on a case that is still to come", async () => {
    const { send, told } = host()
    await told("/__mock/explore", {})
    expect(await send("/__mock/explore/1", { verdict: "maybe" })).toMatchObject({ status: 400 })
    expect(await send("/__mock/explore/1", { verdict: "pass", case: 4 })).toMatchObject({ status: 409 })
    expect(await send("/__mock/explore/2", { verdict: "pass" })).toMatchObject({ status: 404 })
    expect(await send("/__mock/explore")).toMatchObject({ status: 405 })
    expect(await send("/r/aeyJwcm92aWRlciI6InhhaSJ9/__mock/explore", {})).toMatchObject({ status: 404 })
  })
})
