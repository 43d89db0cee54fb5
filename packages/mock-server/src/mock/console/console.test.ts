import { Script } from "node:vm"
import { describe, expect, it } from "vitest"
import { makeClient, origin, start } from "../../../test/client.ts"
import * as Mp4 from "../../answer/mp4/Mp4.ts"
import * as World from "../../script/World.ts"
import * as Journal from "../../serve/Journal.ts"
import { html } from "./html.ts"
import { script } from "./script.ts"

const events = async (client: ReturnType<typeof makeClient>) => {
  const leaves = new AbortController()
  const answer = await client.mock.handle(new Request(`${origin}/__mock/events`, { signal: leaves.signal }))
  const reader = answer.body?.getReader()
  const next = async (): Promise<string> => new TextDecoder().decode((await reader?.read())?.value)
  return { answer, leaves, next }
}

describe("the console", () => {
  it("is a page without a script, a style or an address of another server in it, under a policy that allows none", async () => {
    const { headers, status, text } = await makeClient().send("/__mock/")
    expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"])
    expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/)
    expect(headers.get("content-security-policy")).not.toMatch(/unsafe|https?:|\*/)
    expect(text).not.toMatch(/<script>|<style|style=|onclick=|https?:|\/\//)
  })

  it("is found without the slash at its end, in a world too, and leaves no entry", async () => {
    const client = makeClient()
    const { headers, status } = await client.send("/__mock")
    expect([status, headers.get("location")]).toEqual([308, "__mock/"])
    const world = await client.send(`/r/${World.toToken({ provider: "xai", seed: 4 })}/__mock`)
    expect([world.status, world.headers.get("location")]).toEqual([308, "__mock/"])
    expect(client.mock.journal).toEqual([])
  })

  it("has a script and a style beside it, and the script is one that can be read", async () => {
    const client = makeClient()
    const [js, css] = [await client.send("/__mock/console.js"), await client.send("/__mock/console.css")]
    expect([js.headers.get("content-type"), css.headers.get("content-type")]).toEqual([
      "text/javascript; charset=utf-8",
      "text/css; charset=utf-8"
    ])
    expect(new Script(js.text)).toBeInstanceOf(Script)
    expect(js.text).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|\beval\b/)
  })

  it("has every part that its script asks for", () => {
    const asked = [...script.matchAll(/\b(?:any|at)\("([a-z-]+)"/g)].map(([, id]) => id ?? "")
    expect(asked.length).toBeGreaterThan(20)
    expect(asked.filter((id) => !html.includes(`id="${id}"`))).toEqual([])
  })

  it("tells of jobs, requests, money and what is wrong", async () => {
    const client = makeClient()
    await client.post("/__mock/script", { script: "three-polls" })
    const id = await client.submit("xai", "A candle")
    await client.submit("xai", "A candle")
    await client.poll("xai", id)
    await client.get("/xai/v1/nowhere")
    await client.post("/__mock/script", { script: "typical", times: 2 })
    client.at(20_000)
    const { json } = await client.send("/__mock/console.json")
    expect(json).toMatchObject({
      now: start + 20_000,
      mode: "given",
      jobCount: 2,
      journalCount: 4,
      jobs: [
        { state: "succeeded", age: 20_000, advances: "time", polls: 0 },
        { id, state: "running", advances: { polls: 3 }, polls: 1, prompt: "A candle" }
      ],
      journal: [
        { n: 3, route: "unknown", status: 404 },
        { n: 2, route: "poll", jobId: id, told: "running" },
        { n: 1, route: "submit" },
        { n: 0, route: "submit", jobId: id, status: 200 }
      ],
      waiting: [{ what: "typical", left: 2 }]
    })
    expect(JSON.stringify(json)).toContain("paid twice: 2 jobs")
    expect(JSON.stringify(json)).toContain("found no route")
  })

  it("has the whole of an entry by its number, and no key anywhere", async () => {
    const client = makeClient()
    await client.post("/xai/v1/videos/generations", { prompt: "secret-key-1 in a prompt" }, "secret-key-1")
    const [state, entry] = [await client.send("/__mock/console.json"), await client.send("/__mock/journal/0")]
    expect(entry.json).toEqual(client.mock.journal[0])
    expect(entry.json).toMatchObject({ headers: { authorization: "Bearer [redacted]" }, body: { prompt: "[redacted] in a prompt" } })
    expect(state.json).toMatchObject({ jobs: [{ prompt: "[redacted] in a prompt" }] })
    expect(state.text + entry.text).not.toContain("secret-key-1")
    expect((await client.send("/__mock/journal/1")).status).toBe(404)
  })

  it("shows a finished video, by ranges too, without a trace in journal and ledger", async () => {
    const client = makeClient()
    const id = await client.submit("geeknow", "A candle, mock:fault=corrupted")
    const path = `/__mock/jobs/${encodeURIComponent(id)}/video`
    expect((await client.send(path)).status).toBe(404)
    client.at(10_000)
    const before = [client.mock.journal.length, JSON.stringify(client.mock.jobs)]
    const answer = await client.mock.handle(new Request(origin + path))
    expect(Mp4.read(new Uint8Array(await answer.arrayBuffer()))).toMatchObject({ id, intact: true })
    expect((await client.send(path, { headers: { range: "bytes=0-99" } })).headers.get("content-range")).toMatch(/^bytes 0-99\//)
    expect([client.mock.journal.length, JSON.stringify(client.mock.jobs)]).toEqual(before)
    expect((await client.send("/__mock/jobs/%zz/video")).status).toBe(404)
  })

  it("is told of requests, of what the admin's routes change, and of what a test does", async () => {
    const client = makeClient({ clock: "frozen" })
    const { answer, leaves, next } = await events(client)
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/event-stream"])
    const first = await next()
    const seen = new Set([first])
    const changes: ReadonlyArray<() => unknown> = [
      () => client.submit("xai", "A candle"),
      () => client.post("/__mock/script", { script: "by-hand" }),
      () => client.submit("xai", "By hand"),
      () => client.mock.advance(client.mock.jobs.at(-1)?.id ?? ""),
      () => client.post("/__mock/clock", { advance: 1 }),
      () => client.mock.clock.setMode("lockstep"),
      () => client.mock.witness({ job: "x", states: [] }),
      () => client.mock.reset()
    ]
    for (const change of changes) {
      const told = next()
      await change()
      seen.add(await told)
    }
    expect(seen.size).toBe(changes.length + 1)
    leaves.abort()
    expect(await next()).toBe("")
  })

  it("changes nothing by being looked at", async () => {
    const client = makeClient()
    const { next } = await events(client)
    await next()
    for (const path of ["", "console.json", "console.js", "journal", "jobs", "verify"]) await client.send(`/__mock/${path}`)
    client.mock.reset()
    expect(await next()).toContain("data: 1\n")
  })

  it("takes GET and HEAD alone; HEAD watches nothing", async () => {
    const client = makeClient()
    expect((await client.send("/__mock/", { method: "POST" })).headers.get("allow")).toBe("GET, HEAD")
    const head = await client.send("/__mock/events", { method: "HEAD" })
    expect([head.status, head.text, head.headers.get("content-type")]).toEqual([200, "", "text/event-stream"])
    expect((await client.send("/__mock/", { method: "HEAD" })).text).toBe("")
  })

  it("of a world shows that world alone", async () => {
    const client = makeClient()
    const token = World.toToken({ provider: "xai", seed: 1 })
    await client.submit("xai", "Elsewhere")
    await client.post(`/r/${token}/v1/videos/generations`, { prompt: "Here" })
    expect((await client.send(`/r/${token}/__mock/`)).text).toBe(html)
    expect((await client.send(`/r/${token}/__mock/console.json`)).json).toMatchObject({ jobCount: 1, jobs: [{ prompt: "Here" }] })
    expect((await client.send("/__mock/console.json")).json).toMatchObject({ jobCount: 1, jobs: [{ prompt: "Elsewhere" }] })
  })
})

it("an entry of the journal keeps its number when the oldest go", () => {
  const journal = new Journal.Journal()
  const entry = { method: "GET", path: "/", route: "unknown", authorised: false, headers: {} } as const
  for (let at = 0; at <= 100_000; at++) journal.begin({ ...entry, at })
  expect(journal.first).toBe(10_000)
  expect(journal.entries[12_345 - journal.first]?.at).toBe(12_345)
  journal.clear()
  expect(journal.first).toBe(0)
})
