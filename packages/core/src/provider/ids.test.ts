import { describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { expect } from "../../test/expect.ts"
import * as Dialect from "./Dialect.ts"

const receive = Dialect.receiver({ id: (json) => Dialect.idIn(json) })
const receipt = (body: string) => receive({ operation: "submit", status: 200, headers: { "content-type": "application/json" }, body })
const idOf = (body: unknown): string | undefined => {
  const seen = receipt(typeof body === "string" ? body : JSON.stringify(body))
  return seen._tag === "Accepted" ? seen.id : undefined
}

describe("F3: the place of an id", () => {
  it.each<[unknown, string]>([
    [{ code: "success", message: "", data: { task_id: "task_abc", status: "NOT_START" } }, "task_abc"],
    [{ code: "success", data: { id: "task_abc" } }, "task_abc"],
    [{ code: 0, message: "SUCCEED", request_id: "req", data: { task_id: "task_abc", task_status: "submitted" } }, "task_abc"],
    [{ code: 200, data: [{ status: "submitted", task_id: "task_abc" }] }, "task_abc"],
    [{ code: "success", data: "task_abc" }, "task_abc"],
    [{ code: "success", data: '{"task_id":"task_abc"}' }, "task_abc"],
    [{ code: "success", data: { code: 0, data: { task_id: "task_abc" } } }, "task_abc"],
    [{ success: true, id: "envelope", data: { id: "task_abc" } }, "task_abc"],
    [{ data: { taskId: "task_abc" } }, "task_abc"],
    [{ request_id: "req", output: { task_id: "task_abc", task_status: "PENDING" } }, "task_abc"],
    [{ task: { id: "task_abc", status: "queued" } }, "task_abc"],
    [{ request_id: "task_abc" }, "task_abc"],
    [{ video: { id: "task_abc" } }, "task_abc"]
  ])("%j is of the job %s", (body, id) => {
    expect(idOf(body)).toBe(id)
  })

  it.each<[string, unknown, string]>([
    ["the task's, not its row's", { code: "success", data: { id: 83_911, task_id: "task_abc" } }, "task_abc"],
    ["the gateway's, not its upstream's", { id: "task_abc", status: "queued", data: { id: "upstream" } }, "task_abc"],
    ["the task's, not its payload's", { code: "success", data: { task_id: "task_abc", data: { id: "upstream" } } }, "task_abc"]
  ])("is %s", (_, body, id) => {
    expect(idOf(body)).toBe(id)
  })

  it.each([
    [{ code: "success", data: [{ id: "a" }, { id: "b" }] }],
    [{ code: "fail", data: "no_channel" }],
    [{ code: "success", data: "your task was submitted" }],
    [{ code: "success", data: null }],
    [{ code: "success", message: "ok" }],
    [{ error: { message: "no" }, request_id: "of the request" }],
    [{ code: "no_channel", message: "no", request_id: "of the request" }],
    [{ data: { data: { data: { data: { id: "a" } } } } }]
  ])("%j has none, and the message quotes it whole", (body) => {
    expect(receipt(JSON.stringify(body))).toEqual({
      _tag: "Unclear",
      status: 200,
      detail: `HTTP 200 without a job id: ${JSON.stringify(body)}`
    })
  })
})

describe("F6: an id is exact", () => {
  it.each([
    ['{"id":9007199254740993}', "9007199254740993"],
    ['{"id":1234567890123456789012345}', "1234567890123456789012345"],
    ['{ "code" : "success", "data" : { "task_id" : 1846529137620455425 } }', "1846529137620455425"],
    ['{"prompt":"12345678901234567890 \\"id\\":1","id":12345678901234567890}', "12345678901234567890"],
    ['{"id":7}', "7"],
    ['{"id":"007"}', "007"],
    ['{"id":"12345678901234567890"}', "12345678901234567890"],
    ['{"id":"1.0"}', "1.0"],
    ['{"id":"a b"}', "a b"],
    ['{"id":" a "}', " a "],
    ['{"id":"a/b?c=d#e%2F"}', "a/b?c=d#e%2F"],
    ['{"id":"任务-1"}', "任务-1"],
    ['{"id":"\\u4efb"}', "任"],
    ['{"id":"..."}', "..."],
    [`{"id":"${"x".repeat(1500)}"}`, "x".repeat(1500)]
  ])("%s", (body, id) => {
    expect(idOf(body)).toBe(id)
  })

  it.each([
    ['{"id":1.5}', "a fraction"],
    ['{"id":1.0}', "a number with a point"],
    ['{"id":1.2345678901234568e+18}', "a number that was rounded"],
    ['{"id":0}', "zero"],
    ['{"id":-12345678901234567890}', "a negative number"],
    ['{"id":true}', "a flag"],
    ['{"id":""}', "empty"],
    ['{"id":" "}', "blank"],
    ['{"id":".."}', "a path that leads elsewhere"],
    ['{"id":"."}', "a path that leads nowhere"],
    ['{"id":"a\\nb"}', "two lines"],
    ['{"id":"\\ud800"}', "half a character"]
  ])("%s is no id: %s", (body) => {
    expect(receipt(body)).toEqual({ _tag: "Unclear", status: 200, detail: `HTTP 200 without a job id: ${body}` })
  })

  it("one that is too long is quoted as far as 2,000 characters", () => {
    const body = `{"id":"${"x".repeat(3000)}"}`
    expect(receipt(body)).toMatchObject({ _tag: "Unclear", detail: expect.stringContaining("x".repeat(1900)) })
  })

  it("any whole number and any text come back unchanged, wherever they are", () => {
    const id = fc.oneof(
      fc.bigInt({ min: 1n, max: 10n ** 40n }).map((number) => ({ json: String(number), id: String(number) })),
      fc
        .string({ unit: "grapheme", minLength: 1 })
        .filter(Dialect.isId)
        .map((text) => ({ json: JSON.stringify(text), id: text }))
    )
    const around = fc.constantFrom(
      (json: string) => `{"id":${json}}`,
      (json: string) => `{"code":"success","message":"1e5 \\"","data":{"task_id":${json},"progress":0.5}}`,
      (json: string) => `{"cost":1.5e300,"data":[{"id":${json}}]}`
    )
    fc.assert(
      fc.property(id, around, (given, wrap) => {
        expect(idOf(wrap(given.json))).toBe(given.id)
      })
    )
  })
})
