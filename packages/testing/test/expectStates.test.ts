import { type JobState, Job } from "@reelay/core"
import { submit$ } from "@reelay/core/rxjs"
import { createClient } from "@reelay/core/promise"
import { Mock } from "@reelay/mock-server"
import { xai } from "@reelay/providers/xai"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as fc from "fast-check"
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { expectStates, pictureOf, type StatesDiffer } from "../src/index.ts"

const ref = { provider: "xai", kind: "generation", id: "j1", baseUrl: "https://api.x.ai", submittedAt: 0 } as const
const common = { ref, at: 0, polls: 1 }
const running = (progress?: number): JobState.JobState =>
  progress === undefined ? { _tag: "Running", ...common } : { _tag: "Running", ...common, progress, progressSource: "reported" }
const s: JobState.JobState = { _tag: "Submitted", ...common }
const q: JobState.JobState = { _tag: "Queued", ...common }
const done: JobState.JobState = { _tag: "Succeeded", ...common, artifacts: [{ url: "https://a.test/v", kind: "link" }], billed: "yes" }
const failed: JobState.JobState = {
  _tag: "Failed",
  ...common,
  failure: { origin: "provider", message: "no", moderated: false },
  billed: "unknown"
}
const life = [s, q, running(0.4), running(0.904), done]

const differing = async (states: Iterable<JobState.JobState>, picture: string): Promise<StatesDiffer | undefined> =>
  expectStates(states)
    .toBe(picture)
    .then(
      () => undefined,
      (error: StatesDiffer) => error
    )

describe("expectStates", () => {
  it.each(["s-q-bogus*-ok", "s-R?-ok", "s-r(.4)-ok", "s-r(40%)-ok", "S-Q-D", "s--ok", "s-r(0.123)-ok"])(
    "%s isn't a picture",
    async (picture) => {
      await expect(expectStates(life).toBe(picture)).rejects.toThrow(`The picture "${picture}" has`)
    }
  )

  it.each([undefined, null, {}, 5, "s-q-ok"])("%j is nothing to watch", async (source) => {
    // As from JavaScript, which has no types.
    await expect(Reflect.apply(expectStates, undefined, [source]).toBe("s-ok")).rejects.toThrow("There is nothing to watch")
  })

  it.each([
    [life, "s-q-r(0.4)-r(0.9)-✓"],
    [life, "s - q - r - r - ok"],
    [life, "s-q-r(0.40)-r(0.90)-ok"],
    [life, "s-q?-r*-✓"],
    [life, "s-q-r+-ok"],
    [[s, done], "s-q?-r*-ok"],
    [[s, q, done], "s-q?-r*-ok"],
    [[s, running(), failed], "s-r-✗"],
    [[s, running(), failed], "s-r+-failed"],
    [[s, running(0.1), running(), done], "s-r*-r-ok"],
    [[], ""]
  ])("%#: accepts it", async (states, picture) => {
    expect(await differing(states, picture)).toBe(undefined)
  })

  it.each([
    [life, "s-q-r(0.4)-✓", "r(0.9) came, and ✓ was expected", 11],
    [life, "s-q-r+-failed", "✓ came, and failed was expected", 18],
    [[s, q], "s-q-r-ok", "nothing came after this, and r was expected", 4],
    [life, "s-q-r*", "✓ came, and nothing more was expected", 18],
    [[s, done], "s-q-ok", "✓ came, and q was expected", 2],
    [[s, running(), done], "s-r(0.5)-ok", "r came, and r(0.5) was expected", 2]
  ])("%#: points at the first state that differs", async (states, picture, what, column) => {
    const error = await differing(states, picture)
    expect(error?.message.split("\n")).toEqual([
      "The states are not as expected.",
      `  expected  ${picture}`,
      `  seen      ${pictureOf(states)}`,
      `            ${" ".repeat(column)}^ ${what}`
    ])
    expect(error).toMatchObject({ name: "AssertionError", expected: picture, actual: pictureOf(states) })
  })

  it("accepts the picture of any life, and no other end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(s, q, running(), running(0.5)), { maxLength: 8 }), async (states) => {
        expect(await differing([...states, done], pictureOf([...states, done]))).toBe(undefined)
        expect(await differing([...states, failed], pictureOf([...states, done]))).toBeDefined()
        expect(await differing(states, pictureOf([...states, done]))).toBeDefined()
      })
    )
  })

  describe("takes", () => {
    let now = 0
    const mock = Mock.make({ now: () => now })
    const fetch = Mock.fetchOf(mock)
    const provider = xai({ apiKey: "any-key", baseUrl: "http://mock.test/xai" })
    const picture = "s-q-r+-✓"
    const request = { prompt: "A candle, mock:script=ten-polls" }
    const transport = Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, fetch))

    it("a job of the Promise client", async () => {
      const job = await createClient({ provider, fetch, pace: 1, logLevel: "none" }).submit(request)
      await expect(expectStates(job).toBe(picture)).resolves.toBe(undefined)
    })

    it("an Observable", async () => {
      await expect(expectStates(submit$(provider, request, { transport, pace: 1, logLevel: "none" })).toBe(picture)).resolves.toBe(
        undefined
      )
    })

    it("a handle of Effect", async () => {
      const handle = await Effect.runPromise(Effect.provide(Job.submit(provider, request, { pace: 1 }), transport))
      await expect(expectStates(handle).toBe(picture)).resolves.toBe(undefined)
    })

    it("a job that is lost, and says why", async () => {
      const client = createClient({ provider, fetch, pace: 1, logLevel: "none" })
      const gone = { prompt: "A candle, mock:fault=poll-error.invalid-argument" }
      await expect(expectStates(await client.submit(gone)).toBe("s-lost")).resolves.toBe(undefined)
      await expect(expectStates(await client.submit({ prompt: `${gone.prompt} again` })).toBe("s-ok")).rejects.toThrow(
        /s-#\n.*# came, and ok was expected\nThe job was lost: /u
      )
      now += 1
    })
  })

  it("works under node:test, whose report shows both", () => {
    const program = `
      import { test } from "node:test"
      import { expectStates } from "@reelay/testing"
      const state = { _tag: "Submitted", at: 0, polls: 0, ref: {} }
      test("right", () => expectStates([state]).toBe("s"))
      test("wrong", () => expectStates([state]).toBe("s-q"))`
    const ran = spawnSync(process.execPath, ["--conditions=@reelay/source", "--test-reporter=tap", "--input-type=module", "-e", program], {
      cwd: fileURLToPath(new URL("../", import.meta.url)),
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "" }
    })
    expect(ran.stdout).toMatch(/^ok 1 - right[^]*^not ok 2 - wrong[^]*expected: 's-q'[^]*actual: 's'/mu)
  })

  it("has a picture for each state", () => {
    expect(
      pictureOf([
        ...life,
        failed,
        { _tag: "Expired", ...common, billed: "unknown" },
        { _tag: "Cancelled", ...common, by: "caller", billed: "no" }
      ])
    ).toBe("s-q-r(0.4)-r(0.9)-✓-✗-⌛-⊘")
  })
})
