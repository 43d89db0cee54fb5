/** F17: what one answer means for the other jobs of its account, over each of Node's transports and over real sockets. */
import { createServer } from "node:http"
import { Dialect, Job, JobError, type JobRef, Limits } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Schema from "effect/Schema"
import { afterEach, describe, expect, it } from "vitest"
import { tiny } from "../test/tiny.ts"
import { createClient } from "./client.ts"

const closing: Array<() => void> = []
afterEach(() => closing.splice(0).forEach((close) => close()))

interface Given {
  readonly status: number
  readonly body: unknown
}

/** Answers in turn to POSTs and to polls, each an hour of `Retry-After`; the last is repeated. */
const serve = async (posts: ReadonlyArray<Given>, polls: ReadonlyArray<Given> = []) => {
  const seen: Array<string> = []
  const counts = { GET: 0, POST: 0 }
  const server = createServer((request, response) => {
    const all = request.method === "POST" ? posts : polls
    const nth = request.method === "POST" ? counts.POST++ : counts.GET++
    const { body, status } = all[Math.min(nth, all.length - 1)] ?? { status: 500, body: "" }
    seen.push(`${request.method} ${request.url}`)
    request.resume()
    const wait = status >= 400 ? { "retry-after": "3600" } : {}
    response.writeHead(status, { "content-type": "application/json", ...wait }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  closing.push(
    () => server.closeAllConnections(),
    () => server.close()
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { seen, baseUrl: `http://127.0.0.1:${port}` }
}

const provider = tiny({
  submission: (value) => Effect.succeed({ kind: "generation", call: { method: "POST", path: "/jobs", body: { _tag: "Json", value } } }),
  receive: Dialect.receiver({
    id: (json) => Dialect.idAt(json, "id"),
    rows: [{ status: 503, code: "model_not_found", source: "this test", read: Dialect.declined("SubmitRejected") }]
  }),
  interpret: Dialect.interpreter({
    schema: Schema.Struct({ status: Schema.String }),
    word: ({ status }) => status,
    statuses: { running: "running", done: "failed" },
    read: {
      queued: () => ({ _tag: "Queued" }),
      running: () => ({ _tag: "Running" }),
      succeeded: () => ({ _tag: "Succeeded", artifacts: [] }),
      failed: () => ({ _tag: "Expired", billed: "unknown" }),
      expired: () => ({ _tag: "Expired", billed: "unknown" }),
      cancelled: () => ({ _tag: "Cancelled", by: "provider", billed: "unknown" })
    }
  })
})

/** The jobs of one account, as each of Node's clients sends them: the tag of what came of a submission, and the end of a job that is watched. */
interface Jobs {
  readonly submit: (prompt: string) => Promise<string>
  readonly watch: (ref: JobRef.JobRef) => Promise<string>
}

const client = (baseUrl: string, fetch?: typeof globalThis.fetch): Jobs => {
  const made = createClient({ provider: provider({ apiKey: "k", account: "me", baseUrl }), limits: Limits.memory(), deadline: 400, fetch })
  return {
    submit: (prompt) => told(made.submit({ prompt })),
    watch: (ref) => told(made.attach(ref).then((job) => job.result()))
  }
}

const clients: Record<string, (baseUrl: string) => Jobs> = {
  "the dispatcher": (baseUrl) => client(baseUrl),
  fetch: (baseUrl) => client(baseUrl, globalThis.fetch),
  "an HttpClient": (baseUrl) => {
    const limits = Limits.memory()
    const there = provider({ apiKey: "k", account: "me", baseUrl })
    const run = <A, E>(job: Effect.Effect<A, E, HttpClient.HttpClient>) =>
      told(Effect.runPromise(job.pipe(Effect.provide(FetchHttpClient.layer), Effect.provideService(Limits.Limits, limits))))
    return {
      submit: (prompt) => run(Job.submit(there, { prompt }, { deadline: 400 })),
      watch: (ref) => run(Effect.flatMap(Job.attach(there, ref, { deadline: 400 }), ({ result }) => result))
    }
  }
}

const told = (outcome: Promise<unknown>): Promise<string> =>
  outcome.then(
    () => "good",
    (error: unknown) => {
      if (error instanceof JobError.JobExpired) return "an end"
      if (error instanceof JobError.JobError) return `${error.reason._tag}, again: ${error.again}`
      throw error
    }
  )

const accepted: Given = { status: 200, body: { id: "job-2" } }

/** Refusals over money, as gateways and vendors write them with 429. */
const money: ReadonlyArray<unknown> = [
  {
    code: "Some resource has been exhausted",
    error: "Your team has either used all available credits or reached its monthly spending limit."
  },
  { code: "insufficient_user_quota", message: "预扣费额度失败", data: null },
  { error: { message: "You exceeded your current quota, please check your plan and billing details.", code: "insufficient_quota" } },
  { error: { message: "账户余额不足，请充值", code: "" } }
]

describe.each(Object.entries(clients))("F17: over %s", (_, clientOf) => {
  it.each(money)("a 429 about money pauses no other job of the account: %j", async (body) => {
    const { baseUrl, seen } = await serve([{ status: 429, body }, accepted])
    const { submit } = clientOf(baseUrl)
    expect([await submit("one"), await submit("two")]).toEqual(["PaymentRequired, again: never", "good"])
    expect(seen).toEqual(["POST /jobs", "POST /jobs"])
  })

  it.each([
    [429, { error: "slow down" }],
    [429, { error: { message: "insufficient balance for 10 requests per minute" } }],
    [403, { error: { code: "rate_limit_exceeded", message: "too fast" } }],
    [400, { code: "too_many_requests" }]
  ])("an answer about pace pauses all of them: %i %j", async (status, body) => {
    const { baseUrl, seen } = await serve([{ status, body }, accepted])
    const { submit } = clientOf(baseUrl)
    expect([await submit("one"), await submit("two")]).toEqual(["RateLimited, again: submit", "RateLimited, again: submit"])
    expect(seen).toEqual(["POST /jobs"])
  })

  it.each(money.slice(0, 2))("a poll that is refused with 429 over money stops the polls of no other job: %j", async (body) => {
    const { baseUrl, seen } = await serve(
      [],
      [
        { status: 429, body },
        { status: 200, body: { status: "done" } }
      ]
    )
    const { watch } = clientOf(baseUrl)
    const ref = { provider: "tiny", kind: "generation", baseUrl, account: "me", submittedAt: 0 } as const
    const first = watch({ ...ref, id: "one" })
    await expect.poll(() => seen.length).toBe(1)
    expect(await watch({ ...ref, id: "two" })).toBe("an end")
    expect([await first, seen]).toEqual(["DeadlineExceeded, again: watch", ["GET /jobs/one", "GET /jobs/two"]])
  })

  it("a poll that is refused over pace stops the polls of every other job", async () => {
    const { baseUrl, seen } = await serve(
      [],
      [
        { status: 429, body: { error: "slow down" } },
        { status: 200, body: { status: "done" } }
      ]
    )
    const { watch } = clientOf(baseUrl)
    const ref = { provider: "tiny", kind: "generation", baseUrl, account: "me", submittedAt: 0 } as const
    const first = watch({ ...ref, id: "one" })
    await expect.poll(() => seen.length).toBe(1)
    const lost = "DeadlineExceeded, again: watch"
    expect([await watch({ ...ref, id: "two" }), await first, seen]).toEqual([lost, lost, ["GET /jobs/one"]])
  })

  it.each([
    [500, { error: "it broke" }, 5],
    [503, { code: "model_not_found", message: "no channel" }, 6]
  ])("a refusal that says why does not count towards the circuit, and any other %i does: %j, %i POSTs", async (status, body, sent) => {
    const { baseUrl, seen } = await serve([{ status, body }])
    const { submit } = clientOf(baseUrl)
    const ends: Array<string> = []
    for (let nth = 0; nth < 6; nth++) ends.push(await submit(String(nth)))
    expect([ends.at(-1), seen.length]).toEqual([sent === 6 ? "SubmitRejected, again: never" : "Unreachable, again: submit", sent])
  })
})
