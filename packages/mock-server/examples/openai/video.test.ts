/** The tests of video.ts: `reelay-mock` in one terminal, `node --test` in another. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { AuthenticationError, InternalServerError, OpenAI } from "openai"
import { type Clock, clientOf, makeVideo } from "./video.ts"

const mock = process.env["MOCK_URL"] ?? "http://127.0.0.1:8787"

/** A time in which no wait takes any. */
const lockStep = (): Clock => {
  let at = 0
  return {
    now: () => at,
    sleep: async (millis) => {
      at += millis
    },
    headers: () => ({ "x-client-now": String(at) })
  }
}

/** The base URL of a world of GeekNow, in which time is the client's. */
const worldOf = (script: object): string => {
  const json = JSON.stringify({ provider: "geeknow", clock: "lockstep", script })
  return `${mock}/r/a${Buffer.from(json).toString("base64url")}.${crypto.randomUUID()}`
}

/** What the mock says on its own routes, as far as these tests read it. */
interface Said {
  readonly findings: ReadonlyArray<{ readonly law: string; readonly breaksOk: boolean }>
  readonly session: string
  readonly case: number
  readonly base: string
  readonly done: boolean
  readonly ok: boolean
}

const call = async (url: string, body?: unknown): Promise<Said> => {
  const answer = await fetch(url, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- The mock's own answers; a wrong one fails the test.
  return (await answer.json()) as Said
}

/** What the client did wrong in a world; but for what the test says that it expects, which has to be there. */
const lawsBroken = async (base: string, expected = ""): Promise<ReadonlyArray<string>> => {
  const { findings } = await call(`${base}/__mock/verify?expect=${expected}`)
  return findings.flatMap(({ breaksOk, law }) => (breaksOk ? [law] : []))
}

await test("a video is made, and is an MP4", async () => {
  const base = worldOf({ advances: { polls: 3 } })
  const file = await makeVideo(clientOf(base, "key"), "A candle", lockStep())
  assert.equal(new TextDecoder().decode(file?.slice(4, 8)), "ftyp")
  assert.deepEqual(await lawsBroken(base), [])
})

await test("a video that failed is none", async () => {
  const base = worldOf({ advances: { polls: 2 }, ending: "failed" })
  assert.equal(await makeVideo(clientOf(base, "key"), "A candle", lockStep()), undefined)
  assert.deepEqual(await lawsBroken(base, "unsuccessful"), [])
})

await test("a refusal is OpenAI's error", async () => {
  const base = worldOf({ advances: { polls: 1 } })
  await assert.rejects(makeVideo(clientOf(base, "bad"), "A candle", lockStep()), AuthenticationError)
})

await test("a submission whose answer is lost is not sent again, as the package does where it is left to itself", async () => {
  const script = { advances: { polls: 1 }, faults: ["submit-accepted-5xx"] }
  const base = worldOf(script)
  await assert.rejects(makeVideo(clientOf(base, "key"), "A candle", lockStep()), InternalServerError)
  assert.deepEqual(await lawsBroken(base, "lost"), [])
  const other = worldOf(script)
  await makeVideo(new OpenAI({ baseURL: `${other}/v1`, apiKey: "key" }), "A candle", lockStep())
  assert.deepEqual(await lawsBroken(other), ["paid-twice"])
})

await test("nothing goes wrong in fifty worlds", async () => {
  let at = await call(`${mock}/__mock/explore`, { provider: "geeknow", runs: 50, clock: "lockstep", floor: 5000 })
  while (!at.done) {
    // That it rejects is an honest answer, where nobody can know.
    await makeVideo(clientOf(at.base, "key"), "A candle", lockStep()).catch(() => undefined)
    at = await call(`${mock}/__mock/explore/${at.session}`, { verdict: "pass", case: at.case })
  }
  assert.ok(at.ok, JSON.stringify(at))
})
