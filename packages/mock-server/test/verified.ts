/* oxlint-disable vitest/no-standalone-expect -- The linter does not know this `test` for one. */
/** Tests that are run by a test: four of them must fail. */
import { describe, expect } from "vitest"
import { test } from "../src/hosts/vitest.ts"
import * as World from "../src/script/World.ts"

const headers = { authorization: "Bearer key", "content-type": "application/json" }
const submit = (url: string): Promise<Response> =>
  globalThis.fetch(`${url}/xai/v1/videos/generations`, { method: "POST", headers, body: '{"prompt": "A candle, mock:fast"}' })

describe("verified", () => {
  test.override({ mockOptions: { now: () => 0, verify: true } })

  test("pays twice", async ({ mock }) => {
    await submit(mock.url)
    await submit(mock.url)
    await globalThis.fetch(`${mock.url}/xai/v1/vidoes/x`, { headers })
    expect(mock.jobs).toHaveLength(2)
  })
})

describe("in a world", () => {
  test.override({ mockOptions: { now: () => 0, verify: true } })

  test("pays twice in a world", async ({ mock }) => {
    const world = `${mock.url}/r/${World.toToken({ provider: "xai", script: { phases: [] } })}.mine`
    const init = { method: "POST", headers, body: '{"prompt": "A candle"}' }
    for (let nth = 0; nth < 2; nth++) await globalThis.fetch(`${world}/v1/videos/generations`, init)
    expect(mock.jobs).toHaveLength(0)
  })
})

describe("with a floor", () => {
  test.override({ mockOptions: { now: () => 0, verify: { floors: { xai: 5000 } } } })

  test("polls too fast", async ({ mock }) => {
    await globalThis.fetch(`${mock.url}/xai/v1/videos/generations`, { method: "POST", headers, body: '{"prompt": "A candle"}' })
    const poll = `${mock.url}/xai/v1/videos/${mock.jobs[0]?.id}`
    await globalThis.fetch(poll, { headers })
    await globalThis.fetch(poll, { headers })
    expect(mock.journal).toHaveLength(3)
  })
})

test("pays twice, and nobody asks", async ({ mock }) => {
  await submit(mock.url)
  await submit(mock.url)
  expect(mock.jobs).toHaveLength(2)
})

describe("with what a test expects", () => {
  test.override({ mockOptions: { now: () => 0, verify: { expect: ["abandoned"] } } })

  test("expects a job that is abandoned", async ({ mock }) => {
    await submit(mock.url)
    expect(mock.jobs).toHaveLength(1)
  })
})

describe("with what a test expects in vain", () => {
  test.override({ mockOptions: { now: () => 0, verify: { expect: ["lost"], allow: ["abandoned"] } } })

  test("expects a job to be lost, and none was", async ({ mock }) => {
    await submit(mock.url)
    expect(mock.jobs).toHaveLength(1)
  })
})
