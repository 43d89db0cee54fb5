/** F17: what one answer means for the other jobs of its account, over each of Node's transports and over real sockets. */
import { describe, expect, it } from "vitest"
import { clients, inShort, serving } from "../test/clients.ts"

interface Given {
  readonly status: number
  readonly body: unknown
}

/** Answers in turn to POSTs and to polls, each an hour of `Retry-After`; the last is repeated. */
const serve = async (posts: ReadonlyArray<Given>, polls: ReadonlyArray<Given> = []) => {
  const seen: Array<string> = []
  const counts = { GET: 0, POST: 0 }
  const baseUrl = await serving((request, response) => {
    const all = request.method === "POST" ? posts : polls
    const nth = request.method === "POST" ? counts.POST++ : counts.GET++
    const { body, status } = all[Math.min(nth, all.length - 1)] ?? { status: 500, body: "" }
    seen.push(`${request.method} ${request.url}`)
    request.resume()
    const wait = status >= 400 ? { "retry-after": "3600" } : {}
    response.writeHead(status, { "content-type": "application/json", ...wait }).end(JSON.stringify(body))
  })
  return { seen, baseUrl }
}

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
    expect([inShort(await submit("one")), inShort(await submit("two"))]).toEqual(["PaymentRequired, again: never", "good"])
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
    expect([inShort(await submit("one")), inShort(await submit("two"))]).toEqual([
      "RateLimited, again: submit",
      "RateLimited, again: submit"
    ])
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
    const first = watch("one")
    await expect.poll(() => seen.length).toBe(1)
    expect(inShort(await watch("two"))).toBe("an end")
    expect([inShort(await first), seen]).toEqual(["DeadlineExceeded, again: watch", ["GET /jobs/one", "GET /jobs/two"]])
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
    const first = watch("one")
    await expect.poll(() => seen.length).toBe(1)
    const lost = "DeadlineExceeded, again: watch"
    expect([inShort(await watch("two")), inShort(await first), seen]).toEqual([lost, lost, ["GET /jobs/one"]])
  })

  it.each([
    [500, { error: "it broke" }, 5],
    [503, { code: "model_not_found", message: "no channel" }, 6]
  ])("a refusal that says why does not count towards the circuit, and any other %i does: %j, %i POSTs", async (status, body, sent) => {
    const { baseUrl, seen } = await serve([{ status, body }])
    const { submit } = clientOf(baseUrl)
    const ends: Array<string> = []
    for (let nth = 0; nth < 6; nth++) ends.push(inShort(await submit(String(nth))))
    expect([ends.at(-1), seen.length]).toEqual([sent === 6 ? "SubmitRejected, again: never" : "Unreachable, again: submit", sent])
  })
})
