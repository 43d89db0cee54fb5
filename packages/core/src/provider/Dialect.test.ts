import { describe, expect, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import * as Dialect from "./Dialect.ts"

/** providers.md 0.2: the statuses that real clients had to normalise. */
const observed: ReadonlyArray<readonly [Dialect.Kind, ReadonlyArray<string>]> = [
  [
    "queued",
    [
      "queued",
      "queueing",
      "queuing",
      "in_queue",
      "pending",
      "submitted",
      "created",
      "not_start",
      "notstarted",
      "preparing",
      "starting",
      "waiting",
      "wait",
      "unknown"
    ]
  ],
  ["running", ["in_progress", "inprogress", "processing", "running", "generating", "dreaming"]],
  ["succeeded", ["completed", "complete", "succeeded", "succeed", "success", "done", "finished", "ready"]],
  ["failed", ["failed", "failure", "fail", "error", "rejected", "nsfw", "request moderated", "content moderated", "task not found"]],
  // Cancelled is a separate state here; those clients treated it as a failure.
  ["cancelled", ["cancelled", "canceled", "aborted"]],
  ["expired", ["expired"]]
]
const words = observed.flatMap(([kind, all]) => all.map((word) => ({ kind, word })))

describe("lookup", () => {
  const kindOf = Dialect.lookup({})

  it.each(words)("T2, T5: $word is $kind, in any case and padding", ({ kind, word }) => {
    const parts = word.split(/[ _]/u)
    const shapes = [word, word.toUpperCase(), `  ${word}\n`, ...["-", " ", " - ", "__"].map((joint) => parts.join(joint))]
    for (const shape of shapes) expect(kindOf(shape)).toBe(kind)
  })

  it("there is no synonym beyond the observed ones", () => {
    expect(Object.keys(Dialect.synonyms).toSorted()).toEqual(words.map(({ word }) => Dialect.normalised(word)).toSorted())
  })

  it.each(["constructor", "__proto__", "toString", "hasOwnProperty", "", " ", "null", "finish", "processing!", "SUCCEEDED?"])(
    "%j isn't a known status",
    (word) => {
      expect(kindOf(word)).toBeUndefined()
    }
  )

  it("the vendor's own table comes before the synonyms", () => {
    expect(Dialect.lookup({ Ready: "queued" })(" READY ")).toBe("queued")
  })
})

describe("lenient", () => {
  const decode = Schema.decodeUnknownSync(Schema.Struct({ a: Dialect.lenient(Schema.Struct({ b: Dialect.lenient(Schema.String) })) }))

  it.each([{}, { a: null }, { a: 7 }, { a: [] }, { a: "x" }])("%j reads as absent or empty", (json) => {
    expect(decode(json).a?.b).toBeUndefined()
  })

  it("a nested field of another type does not affect its neighbours", () => {
    expect(decode({ a: { b: 7 } })).toEqual({ a: {} })
    expect(decode({ a: { b: "x" } })).toEqual({ a: { b: "x" } })
  })
})

describe("links", () => {
  it("order is kept; repeats and values that aren't URLs are removed", () => {
    expect(Dialect.links(" https://a.b/1 ", undefined, "", "https://a.b/2", "https://a.b/1", "task failed: see https://a.b")).toEqual([
      { url: "https://a.b/1", kind: "link" },
      { url: "https://a.b/2", kind: "link" }
    ])
  })

  it.each([
    "/v1/videos/1/content",
    "/files/a.mp4",
    "files/a.mp4",
    "a.MP4?sig=x",
    "../files/a.webm",
    "//cdn.example/a.mp4",
    "//cdn.example:8443/files/a",
    "//cdn.media.example/files/a",
    "data:video/mp4;base64,AAAA",
    "data:application/octet-stream;base64,AAAA",
    "HTTP://a.b/c"
  ])("T38: %s is a link", (text) => {
    expect(Dialect.links(text)).toHaveLength(1)
  })

  it.each([
    "//",
    "//a.mp4",
    "//user@evil.test/x",
    "\\\\evil.test\\x.mp4",
    "/\\evil.test/x.mp4",
    "files\\a.mp4",
    "failed: no video",
    "failed:a.mp4",
    "failed:https://a.b/c.mp4",
    "no video at files/a.mp4",
    "no data:video/mp4;base64,AAAA",
    "/files/a.mp4 is gone",
    "files/a.mp4 is gone",
    "n/a",
    "error/500",
    "mp4",
    ".mp4 ",
    "/",
    "ftp://a.b/c",
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "https://",
    "https://a b",
    "done"
  ])("T31: %s isn't a link", (text) => {
    expect(Dialect.links(text)).toEqual([])
  })
})

describe("numbers", () => {
  it.each([
    [6, 6],
    ["6", 6],
    [" 10.0 ", 10],
    ["-3", -3],
    ["4.000000", 4],
    [0, 0],
    ["", undefined],
    ["6s", undefined],
    ["1e3", undefined],
    ["0x10", undefined],
    [null, undefined],
    [true, undefined],
    [[6], undefined],
    [Number.POSITIVE_INFINITY, undefined]
  ])("T29: numeric reads %j as %j", (value, number) => {
    expect(Dialect.numeric(value)).toBe(number)
  })

  it.each([
    [42, 0.42],
    ["42", 0.42],
    ["42%", 0.42],
    ["42 %", 0.42],
    [" 42% ", 0.42],
    [0, 0],
    [100, 1],
    [150, 1],
    [-5, 0],
    ["", undefined],
    ["%", undefined],
    ["4%2", undefined],
    ["42%done", undefined],
    [null, undefined],
    ["half", undefined]
  ])("T28: fraction reads %j as %j", (value, number) => {
    expect(Dialect.fraction(value)).toBe(number)
  })

  it.each([
    [1_735_776_000, 1_735_776_000_000],
    ["1735776000", 1_735_776_000_000],
    [1_735_776_000.5, 1_735_776_000_500],
    [1_735_776_000_000, 1_735_776_000_000],
    ["2025-01-02T00:00:00Z", 1_735_776_000_000],
    ["2025-01-02T02:00:00.000+02:00", 1_735_776_000_000],
    ["2025-01-02T02:00:00+0200", 1_735_776_000_000],
    // The last value in seconds, and the first in milliseconds.
    [99_999_999_999, 99_999_999_999_000],
    [100_000_000_000, 100_000_000_000],
    ["+012025-01-02T00:00:00Z", undefined],
    ["2025-13-99T00:00:00Z", undefined],
    ["2025-01-02T00:00:00", undefined],
    ["tomorrow", undefined],
    ["2025", 2_025_000],
    [0, undefined],
    [-1, undefined],
    ["", undefined],
    [null, undefined]
  ])("T33: epochMillis reads %j as %j", (value, moment) => {
    expect(Dialect.epochMillis(value)).toBe(moment)
  })

  it.each([
    [6, 6],
    ["6", 6],
    [0, undefined],
    [-1, undefined],
    ["", undefined]
  ])("positive reads %j as %j", (value, number) => {
    expect(Dialect.positive(value)).toBe(number)
  })
})

describe("errorOf", () => {
  it.each<[string, unknown, Dialect.ErrorBody]>([
    ["a text", "Reference image could not be accessed.", { message: "Reference image could not be accessed." }],
    ["an empty text", " ", {}],
    ["null", null, {}],
    ["C: code and message", { code: "internal_error", message: "no" }, { code: "internal_error", message: "no" }],
    ["C: a number as code", { code: 13, message: "no" }, { code: "13", message: "no" }],
    ["A: an error of empty texts", { message: "", code: "" }, {}],
    [
      "E: new-api task error",
      { code: "task_not_exist", message: "task_not_exist", data: null },
      { code: "task_not_exist", message: "task_not_exist" }
    ],
    [
      "F: OpenAI-style, type if the code is empty",
      { error: { message: "no (request id: 1)", type: "new_api_error", param: "", code: "" } },
      { code: "new_api_error", message: "no (request id: 1)" }
    ],
    [
      "F: the code before the type",
      { error: { message: "no", type: "comet_api_error", code: "invalid_request" } },
      { code: "invalid_request", message: "no" }
    ],
    [
      "G: xAI",
      { code: "imagine:content-moderated", error: "rejected", usage: {} },
      { code: "imagine:content-moderated", message: "rejected" }
    ],
    ["H: a bare text", { error: "no" }, { message: "no" }],
    ["a bare number", { error: 7 }, { message: "7" }],
    ["an error in an error", { error: { error: { code: "why", message: "no" } } }, { code: "why", message: "no" }],
    ["one level deeper than any vendor nests", { error: { error: { error: { code: "why", message: "no" } } } }, {}],
    ["H: success false", { success: false, message: "Invalid Bearer token" }, { message: "Invalid Bearer token" }],
    [
      "flat, with nulls",
      { code: null, message: "no", param: null, type: "invalid_request_error" },
      { code: "invalid_request_error", message: "no" }
    ],
    ["FastAPI, a text", { detail: "no" }, { message: "no" }],
    ["FastAPI, a list", { detail: [{ msg: "field required" }] }, { message: "field required" }],
    ["a list", ["no"], {}],
    ["a number", 7, {}]
  ])("T32: %s", (_, value, error) => {
    expect(Dialect.errorOf(value)).toEqual(error)
  })

  it("its texts are safe to show", () => {
    expect(Dialect.errorOf({ error: `see https://a.b/c?sig=SECRET ${"x".repeat(900)}` }).message).toMatch(
      /^see https:\/\/a\.b\/c\?… x{1,490}…$/u
    )
  })

  it("a hundred thousand nested errors can be read", () => {
    const deep: unknown = JSON.parse(`${'{"error":'.repeat(100_000)}"no"${"}".repeat(100_000)}`)
    expect(Dialect.errorOf(deep)).toEqual({})
  })

  it("any JSON gives texts or nothing", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { code = "", message = "" } = Dialect.errorOf(value)
        expect([typeof code, typeof message]).toEqual(["string", "string"])
      })
    )
  })
})

describe("idAt", () => {
  it.each<[unknown, string | undefined]>([
    [{ id: "a", task_id: "b" }, "a"],
    [{ id: "", task_id: "b" }, "b"],
    [{ id: 7 }, "7"],
    [{ id: null }, undefined],
    [{ id: { id: "a" } }, undefined],
    [["a"], undefined],
    [undefined, undefined]
  ])("%j has the id %j", (json, id) => {
    expect(Dialect.idAt(json, "id", "task_id")).toBe(id)
  })
})

describe("speaksOfMoney", () => {
  it.each([
    "Insufficient Balance",
    "insufficient USD or Diem balance",
    "You do not have sufficient credits",
    "Your account balance is insufficient. Please recharge your account.",
    "Your credit balance is too low",
    "Your prepayment credits are depleted.",
    "You have run out of credits or need a Grok subscription.",
    "has either used all available credits",
    "please purchase more credits",
    "Please add funds to continue.",
    "reached its monthly spending limit",
    "check your plan and billing details",
    "Billing hard limit has been reached",
    "payment required",
    "用户额度不足, 剩余额度: ＄0.000000",
    "预扣费额度失败",
    "账户余额已用尽，请充值",
    "您的账号已欠费",
    "积分不足"
  ])("%s does", (text) => {
    expect(Dialect.speaksOfMoney(undefined, text)).toBe(true)
  })

  it.each([
    "quota exceeded",
    "Resource has been exhausted (e.g. check quota).",
    "white balance is not a parameter",
    "the load balancer is exhausted",
    "closing credits over a sunset",
    "refunds are not enough",
    "this model is not in your plan",
    "当前分组上游负载已饱和，请稍后再试，或升级账户以提升服务质量",
    ""
  ])("%s does not", (text) => {
    expect(Dialect.speaksOfMoney(text)).toBe(false)
  })
})

describe("speaksOfPace", () => {
  it.each([
    "Too Many Requests",
    "You are sending requests too quickly",
    "slow down",
    "Rate limit reached",
    "rate_limit_exceeded",
    "Requests per Minute (actual/limit): 2/2",
    "RPM",
    "Concurrency limit reached",
    "请求过于频繁",
    "每分钟最多 10 次"
  ])("%s does", (text) => {
    expect(Dialect.speaksOfPace(undefined, text)).toBe(true)
  })

  it.each(["quota exceeded", "monthly spending limit", "try again later", "an accurate limit", ""])("%s does not", (text) => {
    expect(Dialect.speaksOfPace(text)).toBe(false)
  })
})
