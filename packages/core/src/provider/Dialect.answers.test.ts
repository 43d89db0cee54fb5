import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { definition } from "../../test/fake.ts"
import type { Answer, Reading, Receipt } from "../job/Reading.ts"
import * as Dialect from "./Dialect.ts"

const answer = (status: number, body: unknown, headers: Answer["headers"] = {}): Answer => ({
  operation: "poll",
  status,
  headers,
  body: typeof body === "string" ? body : JSON.stringify(body)
})
const refusal = { error: { message: "no", code: "why" } }
const page = "<html>502 Bad Gateway</html>"
const missed = (because: "timeout" | "server" | "rate-limited" | "payment-required" | "unreadable", detail: string): Reading => ({
  _tag: "Missed",
  because,
  detail
})

describe("interpreter, by status", () => {
  const { interpret } = definition

  it.each([408, 409, 425, 429, 499, 500, 501, 502, 503, 504, 522, 524, 599, 100, 199, 600])("T18: %i is a failed poll", (status) => {
    const because = status === 408 || status === 499 ? "timeout" : status === 429 ? "rate-limited" : "server"
    expect(interpret(answer(status, refusal))).toEqual(missed(because, `HTTP ${status}: no`))
    expect(interpret(answer(status, ""))).toEqual(missed(because, `HTTP ${status}`))
  })

  it.each([404, 410])("%i is not found", (status) => {
    expect(interpret(answer(status, refusal))).toEqual({ _tag: "NotFound", detail: `HTTP ${status}: no` })
    expect(interpret(answer(status, ""))).toEqual({ _tag: "NotFound", detail: `HTTP ${status}` })
  })

  it.each([200, 400, 404, 500])("T19: task_not_exist with %i is not found", (status) => {
    expect(interpret(answer(status, { code: "TASK_NOT_EXIST", message: "x" }))).toMatchObject({ _tag: "NotFound" })
  })

  it.each([
    [401, "Unauthorized"],
    [403, "Unauthorized"],
    [402, "PaymentRequired"],
    [300, "PollRejected"],
    [301, "PollRejected"],
    [302, "PollRejected"],
    [304, "PollRejected"],
    [400, "PollRejected"],
    [405, "PollRejected"],
    [413, "PollRejected"],
    [422, "PollRejected"],
    [451, "PollRejected"],
    [498, "PollRejected"]
  ])("T17: %i is refused: %s", (status, reason) => {
    expect(interpret(answer(status, refusal))).toEqual({ _tag: "Refused", reason, status, code: "why", message: "no" })
  })

  it.each([200, 202, 301, 400, 401, 403, 404, 429, 500, 502])("T16: a page with %i is a failed poll", (status) => {
    const because = status === 429 ? "rate-limited" : status >= 500 ? "server" : "unreadable"
    const detail = `HTTP ${status} with a page instead of JSON: ${page}`
    expect(interpret(answer(status, page))).toEqual(missed(because, detail))
    expect(interpret(answer(status, `\n  ${page}`))).toMatchObject({ _tag: "Missed", because })
    expect(interpret(answer(status, "Bad Gateway", { "content-type": "text/html; charset=utf-8" }))).toMatchObject({
      _tag: "Missed",
      because
    })
  })

  it("JSON with the content type of HTML is JSON", () => {
    expect(interpret(answer(200, { status: "queued" }, { "content-type": "text/html" }))).toEqual({ _tag: "Queued" })
  })

  it.each([
    ["", "an empty body"],
    [" \r\n", "an empty body"],
    ['{"status":"do', '{"status":"do'],
    ["[]", "[]"],
    ["null", "null"],
    ["{}", "{}"],
    ['{"status":7}', '{"status":7}'],
    ["OK", "OK"]
  ])("200 with %j is unreadable", (body, detail) => {
    expect(interpret(answer(200, body))).toEqual(missed("unreadable", detail))
  })

  it("an unknown status is unrecognised, and shown truncated", () => {
    expect(interpret(answer(200, { status: "constructor" }))).toEqual({ _tag: "Unrecognised", word: "constructor" })
    expect(interpret(answer(200, { status: "x".repeat(900) }))).toEqual({ _tag: "Unrecognised", word: `${"x".repeat(499)}…` })
  })

  it("a synonym of a documented status reads as that status", () => {
    expect(interpret(answer(200, { status: " SUCCEEDED ", url: "https://a.b/c" }))).toMatchObject({ _tag: "Succeeded" })
    expect(interpret(answer(201, { status: "error", error: "no" }))).toMatchObject({ _tag: "Failed", failure: { message: "no" } })
    expect(interpret(answer(299, { status: "pending" }))).toEqual({ _tag: "Queued" })
  })

  it("the status nsfw makes a failure moderated", () => {
    expect(interpret(answer(200, { status: "nsfw" }))).toMatchObject({ _tag: "Failed", failure: { moderated: true } })
    expect(interpret(answer(200, { status: "failed" }))).toMatchObject({ _tag: "Failed", failure: { moderated: false } })
  })

  it("a mention of moderation does not fail a running job", () => {
    expect(Dialect.knowing("in_moderation", { _tag: "Queued" })).toEqual({ _tag: "Queued" })
  })

  it("only a 2xx answer ends a job, whatever any body says", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), (status) => {
        const { _tag } = interpret(answer(status, { status: "done", url: "https://a.b/c" }))
        expect(_tag === "Succeeded").toBe(status >= 200 && status <= 299)
      })
    )
  })

  it("any status and any text give a reading", () => {
    fc.assert(
      fc.property(fc.integer(), fc.oneof(fc.string(), fc.json()), (status, body) => {
        expect(interpret(answer(status, body))._tag).toMatch(/^[A-Z]/u)
      })
    )
  })
})

describe("receiver", () => {
  const receive = Dialect.receiver({
    id: (json) => Dialect.idAt(json, "id"),
    rows: [
      {
        status: 500,
        code: "invalid_request",
        source: "made up",
        read: () => ({ _tag: "Declined", reason: "SubmitRejected", status: 500, message: "documented" })
      },
      { code: "early_refusal", source: "made up", read: Dialect.declined("PaymentRequired") },
      { words: /^closed for today/iu, source: "made up", read: Dialect.declined("SubmitRejected") },
      { code: "asks_twice", source: "made up", read: () => undefined },
      { status: 507, source: "made up", read: () => ({ _tag: "Declined", reason: "PaymentRequired", status: 507, message: "documented" }) }
    ]
  })

  it.each<[string, number, unknown, Receipt]>([
    ["an id", 200, { id: "a" }, { _tag: "Accepted", id: "a" }],
    ["an id with 201", 201, { id: "a" }, { _tag: "Accepted", id: "a" }],
    ["an id with 202", 202, { id: 7 }, { _tag: "Accepted", id: "7" }],
    ["an id with 299", 299, { id: "a" }, { _tag: "Accepted", id: "a" }],
    ["no id", 200, { request_id: "a" }, { _tag: "Unclear", status: 200, detail: 'HTTP 200 without a job id: {"request_id":"a"}' }],
    ["an empty body", 202, "", { _tag: "Unclear", status: 202, detail: "HTTP 202 without a job id: " }],
    ["half a body", 200, '{"id":"a', { _tag: "Unclear", status: 200, detail: 'HTTP 200 without a job id: {"id":"a' }],
    ["a page", 200, page, { _tag: "Unclear", status: 200, detail: `HTTP 200 with a page instead of JSON: ${page}` }],
    ["a page with 404", 404, page, { _tag: "Unclear", status: 404, detail: `HTTP 404 with a page instead of JSON: ${page}` }],
    ["a redirect", 301, "", { _tag: "Unclear", status: 301, detail: "HTTP 301: " }],
    ["408", 408, refusal, { _tag: "Unclear", status: 408, detail: "HTTP 408: no" }],
    ["500", 500, refusal, { _tag: "Unclear", status: 500, detail: "HTTP 500: no" }],
    ["503", 503, refusal, { _tag: "Unclear", status: 503, detail: "HTTP 503: no" }],
    [
      "a documented 500",
      500,
      { error: { code: "invalid_request", message: "x" } },
      { _tag: "Declined", reason: "SubmitRejected", status: 500, message: "documented" }
    ],
    ["any documented 507", 507, refusal, { _tag: "Declined", reason: "PaymentRequired", status: 507, message: "documented" }],
    ["429", 429, refusal, { _tag: "Busy", status: 429, message: "no" }],
    ["429 as a page", 429, page, { _tag: "Busy", status: 429, message: page }],
    ["401", 401, refusal, { _tag: "Declined", reason: "Unauthorized", status: 401, code: "why", message: "no" }],
    ["403", 403, refusal, { _tag: "Declined", reason: "Unauthorized", status: 403, code: "why", message: "no" }],
    ["402", 402, refusal, { _tag: "Declined", reason: "PaymentRequired", status: 402, code: "why", message: "no" }],
    ["400", 400, refusal, { _tag: "Declined", reason: "SubmitRejected", status: 400, code: "why", message: "no" }],
    ["422", 422, { detail: [{ msg: "no" }] }, { _tag: "Declined", reason: "SubmitRejected", status: 422, message: "no" }],
    ["404", 404, refusal, { _tag: "Declined", reason: "SubmitRejected", status: 404, code: "why", message: "no" }],
    ["498", 498, refusal, { _tag: "Declined", reason: "SubmitRejected", status: 498, code: "why", message: "no" }],
    ["499, of a server whose caller left", 499, refusal, { _tag: "Unclear", status: 499, detail: "HTTP 499: no" }],
    [
      "a proxy's page",
      407,
      page,
      { _tag: "Declined", reason: "SubmitRejected", status: 407, message: "the proxy wants another user name or password" }
    ]
  ])("%s with %i", (_, status, body, receipt) => {
    expect(receive(answer(status, body))).toEqual(receipt)
  })

  it.each<[string, unknown]>([
    ["around another", { code: "early_refusal", error: { code: "why", message: "no" } }],
    ["inside others", { code: "a", error: { code: "b", error: { code: "early_refusal" } } }],
    ["as a type beside a code", { error: { code: 13, type: "early_refusal" } }],
    ["in another case and with other separators", { code: " Early-Refusal" }]
  ])("a row finds its code %s, with any status", (_, body) => {
    for (const status of [200, 403, 408, 499, 502]) {
      expect(receive(answer(status, body))).toMatchObject({ _tag: "Declined", reason: "PaymentRequired", status })
    }
  })

  it("a row finds its words in any message, and in a body of plain text, but not in a page", () => {
    for (const body of [
      { error: "Bad Gateway", message: "Closed for today." },
      { detail: [{ msg: "closed for today" }] },
      "Closed for today"
    ]) {
      expect(receive(answer(502, body))).toMatchObject({ _tag: "Declined", reason: "SubmitRejected", status: 502 })
    }
    expect(receive(answer(502, "<p>closed for today"))).toMatchObject({ _tag: "Unclear" })
    expect(receive(answer(502, { code: "closed for today" }))).toMatchObject({ _tag: "Unclear" })
  })

  it("a row that does not apply leaves the answer to the status", () => {
    expect(receive(answer(400, { code: "asks_twice" }))).toMatchObject({ _tag: "Declined", reason: "SubmitRejected" })
    expect(receive(answer(500, { code: "asks_twice" }))).toMatchObject({ _tag: "Unclear" })
  })

  it.each([200, 201, 202, 299])("a %i with an id is a job, whatever code or message is beside it", (status) => {
    for (const beside of [{ code: "early_refusal" }, { error: { code: "insufficient_balance" } }, { message: "closed for today" }]) {
      expect(receive(answer(status, { id: "a", ...beside }))).toEqual({ _tag: "Accepted", id: "a" })
    }
  })

  it("a body that isn't JSON has no id, however a provider searches for one", () => {
    expect(Dialect.receiver({ id: String })(answer(200, "OK"))).toEqual({
      _tag: "Unclear",
      status: 200,
      detail: "HTTP 200 without a job id: OK"
    })
  })

  it("an id is never accepted from an answer outside 2xx", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), (status) => {
        expect(receive(answer(status, { id: "a" }))._tag === "Accepted").toBe(status >= 200 && status <= 299)
      })
    )
  })

  it("only 429 may be retried", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
        expect(receive(answer(status, body))._tag === "Busy").toBe(status === 429)
      })
    )
  })
})

describe("money", () => {
  const receive = Dialect.receiver({ id: (json) => Dialect.idAt(json, "id") })
  const { interpret } = definition
  const refusals: ReadonlyArray<readonly [status: number, body: unknown]> = [
    ...Object.keys(Dialect.moneyCodes).flatMap((code) => [[403, { code, message: "no" }] as const, [429, { error: { code } }] as const]),
    [403, { error: { code: "INSUFFICIENT_BALANCE", message: "no" } }],
    [400, { error: { code: "invalid_request_error", message: "Your credit balance is too low to access the API." } }],
    [401, { error: { code: "", message: "该令牌额度已用尽" } }],
    [403, { error: "Forbidden", message: "账户余额不足" }],
    [403, { code: "insufficient_quota", message: "no" }],
    [403, "Insufficient account balance"],
    [404, { message: "Please top up your account." }],
    [422, { detail: [{ msg: "You do not have enough credits." }] }],
    [
      429,
      { error: { message: "You exceeded your current quota, please check your plan and billing details.", code: "insufficient_quota" } }
    ],
    [429, { error: { message: "Insufficient balance. Please recharge your account and try again later." } }]
  ]

  it.each(refusals)("F16, F17: a submission that is refused with %i and %j is PaymentRequired", (status, body) => {
    expect(receive({ ...answer(status, body), operation: "submit" })).toMatchObject({ _tag: "Declined", reason: "PaymentRequired", status })
  })

  it("F21: nock's answer to what no interceptor takes is a refusal: it has no network", () => {
    const body = { code: "ERR_NOCK_NO_MATCH", message: "Nock: No match for request" }
    expect(receive({ ...answer(501, body), operation: "submit" })).toMatchObject({
      _tag: "Declined",
      reason: "SubmitRejected",
      status: 501
    })
  })

  it.each(refusals)("F17: a poll that is refused with %i and %j is a failed poll, with the answer's message", (status, body) => {
    const reading = interpret(answer(status, body))
    expect(reading).toMatchObject({ _tag: "Missed", because: "payment-required" })
    expect(reading).toHaveProperty("detail", expect.stringMatching(`^HTTP ${status}`))
  })

  it.each([401, 403, 404, 410, 500, 503, 200])("F17: a code about money with %i on a poll is a failed poll, with its message", (status) => {
    expect(interpret(answer(status, { code: "insufficient_balance", message: "no money" }))).toEqual(
      missed("payment-required", `HTTP ${status}: no money`)
    )
  })

  it.each([200, 401, 403, 404, 429, 503])("F17: a code about pace with %i on a poll is a failed poll, with its message", (status) => {
    expect(interpret(answer(status, { error: { code: "rate_limit_exceeded", message: "slow down" } }))).toEqual(
      missed("rate-limited", `HTTP ${status}: slow down`)
    )
  })

  it("F17: only 402 stops the polling for lack of money", () => {
    const body = { code: "insufficient_balance", message: "no" }
    expect(interpret(answer(402, body))).toEqual({
      _tag: "Refused",
      reason: "PaymentRequired",
      status: 402,
      code: body.code,
      message: "no"
    })
  })

  it("a job that failed for lack of money is a failed job", () => {
    expect(interpret(answer(200, { status: "failed", error: "Insufficient balance" }))).toMatchObject({ _tag: "Failed" })
    expect(interpret(answer(200, { status: "running", code: "insufficient_balance" }))).toMatchObject({ _tag: "Running" })
  })

  it("a body of plain text about money is a failed poll for lack of money", () => {
    expect(interpret(answer(200, "Insufficient balance"))).toEqual(missed("payment-required", "HTTP 200: Insufficient balance"))
  })

  it.each([403, 429])("F17: an answer to a cancellation is read as one to a poll: %i", (status) => {
    expect(interpret({ ...answer(status, { code: "insufficient_balance" }), operation: "cancel" })).toMatchObject({
      _tag: "Missed",
      because: "payment-required"
    })
  })

  it.each([
    { code: "resource_exhausted", message: "Resource has been exhausted (e.g. check quota)." },
    { code: "insufficient_quota", message: "You exceeded your current quota." },
    { code: "insufficient_quota", message: "Tokens per minute exceeded: check your plan and billing details." },
    { code: "rate_limit_error", message: "Rate limit reached: upgrade your plan or add credits." },
    { message: "quota exceeded, retry later" },
    { message: "Too many requests. Your balance is too low for more." },
    { message: "请求过于频繁，充值可提高限额" },
    {}
  ])("F17: in doubt a 429 is about rate: %j", (body) => {
    expect(receive(answer(429, body))).toMatchObject({ _tag: "Busy", status: 429 })
  })

  it.each([200, 302, 408, 499, 500, 502, 503, 504])("F22: without a row neither code nor message declines a %i", (status) => {
    for (const body of [{ code: "insufficient_balance", message: "no" }, { error: "余额不足" }, "insufficient balance"]) {
      expect(receive(answer(status, body))).toMatchObject({ _tag: "Unclear", status })
    }
  })

  it.each([200, 400, 403, 500, 503])("F22: a page with %i is unclear, whatever it says", (status) => {
    expect(receive(answer(status, "<html>insufficient_balance: 余额不足, out of credits</html>"))).toMatchObject({
      _tag: "Unclear",
      status
    })
  })

  it("every code about money names its source, and has the form in which codes are compared", () => {
    for (const [code, source] of Object.entries(Dialect.moneyCodes)) {
      expect(Dialect.normalised(code)).toBe(code)
      expect(source).toMatch(/\S+\/\S+|\w\.\w+/u)
    }
  })
})
