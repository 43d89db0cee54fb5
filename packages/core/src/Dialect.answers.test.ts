import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { definition } from "../test/fake.ts"
import * as Dialect from "./Dialect.ts"
import type { Answer, Reading, Receipt } from "./Reading.ts"

const answer = (status: number, body: unknown, headers: Answer["headers"] = {}): Answer => ({
  operation: "poll",
  status,
  headers,
  body: typeof body === "string" ? body : JSON.stringify(body)
})
const refusal = { error: { message: "no", code: "why" } }
const page = "<html>502 Bad Gateway</html>"
const missed = (because: "timeout" | "server" | "rate-limited" | "unreadable", detail: string): Reading => ({
  _tag: "Missed",
  because,
  detail
})

describe("interpreter, by status", () => {
  const { interpret } = definition

  it.each([408, 409, 425, 429, 499, 500, 501, 502, 503, 504, 522, 524, 599, 100, 199, 600])("T18: %i is missed", (status) => {
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

  it.each([200, 202, 301, 400, 401, 403, 404, 429, 500, 502])("T16: a page with %i is missed", (status) => {
    const because = status === 429 ? "rate-limited" : status >= 500 ? "server" : "unreadable"
    const detail = `HTTP ${status} with a page instead of JSON: ${page}`
    expect(interpret(answer(status, page))).toEqual(missed(because, detail))
    expect(interpret(answer(status, `\n  ${page}`))).toMatchObject({ _tag: "Missed", because })
    expect(interpret(answer(status, "Bad Gateway", { "content-type": "text/html; charset=utf-8" }))).toMatchObject({
      _tag: "Missed",
      because
    })
  })

  it("JSON that calls itself HTML is JSON", () => {
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

  it("a word that nobody knows is unrecognised, and shown short", () => {
    expect(interpret(answer(200, { status: "constructor" }))).toEqual({ _tag: "Unrecognised", word: "constructor" })
    expect(interpret(answer(200, { status: "x".repeat(900) }))).toEqual({ _tag: "Unrecognised", word: `${"x".repeat(499)}…` })
  })

  it("a synonym of a documented word is read as that", () => {
    expect(interpret(answer(200, { status: " SUCCEEDED ", url: "https://a.b/c" }))).toMatchObject({ _tag: "Succeeded" })
    expect(interpret(answer(201, { status: "error", error: "no" }))).toMatchObject({ _tag: "Failed", failure: { message: "no" } })
    expect(interpret(answer(299, { status: "pending" }))).toEqual({ _tag: "Queued" })
  })

  it("the word nsfw makes a failure moderated", () => {
    expect(interpret(answer(200, { status: "nsfw" }))).toMatchObject({ _tag: "Failed", failure: { moderated: true } })
    expect(interpret(answer(200, { status: "failed" }))).toMatchObject({ _tag: "Failed", failure: { moderated: false } })
  })

  it("a word of moderation makes no failure of a job that goes on", () => {
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
        read: () => ({ _tag: "Declined", reason: "SubmitRejected", status: 500, message: "documented" })
      },
      { status: 507, read: () => ({ _tag: "Declined", reason: "PaymentRequired", status: 507, message: "documented" }) }
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

  it("what is no JSON holds no id, however a provider looks for one", () => {
    expect(Dialect.receiver({ id: String })(answer(200, "OK"))).toEqual({
      _tag: "Unclear",
      status: 200,
      detail: "HTTP 200 without a job id: OK"
    })
  })

  it("an id is accepted from no answer outside 2xx", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), (status) => {
        expect(receive(answer(status, { id: "a" }))._tag === "Accepted").toBe(status >= 200 && status <= 299)
      })
    )
  })

  it("only 429 may be tried again", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
        expect(receive(answer(status, body))._tag === "Busy").toBe(status === 429)
      })
    )
  })
})
