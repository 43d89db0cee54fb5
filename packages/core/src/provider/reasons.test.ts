import { describe, it } from "@effect/vitest"
import { expect } from "../../test/expect.ts"
import * as Dialect from "./Dialect.ts"

describe("F9: words that explain are found", () => {
  it.each<[unknown, Dialect.ErrorBody]>([
    [{ error: { code: "storage_error", message: "bucket quota exceeded" } }, { code: "storage_error", message: "bucket quota exceeded" }],
    [{ fail_reason: "upload to OSS failed" }, { message: "upload to OSS failed" }],
    [{ error: { message: "", code: "" }, fail_reason: "upload to OSS failed" }, { message: "upload to OSS failed" }],
    [{ failure_message: "GPU out of memory" }, { message: "GPU out of memory" }],
    [{ status_message: "GPU out of memory" }, { message: "GPU out of memory" }],
    [{ statusMsg: "GPU out of memory" }, { message: "GPU out of memory" }],
    [{ result_url: "转存失败" }, { message: "转存失败" }],
    [
      { error: "quota", error_code: 1203 },
      { code: "1203", message: "quota" }
    ],
    [
      { error_msg: "out of memory", err_code: "E1" },
      { code: "E1", message: "out of memory" }
    ],
    [
      { code: "UPSTREAM", message: "lost" },
      { code: "UPSTREAM", message: "lost" }
    ],
    [{ data: { error: { message: "inner" } } }, { message: "inner" }],
    [{ data: { data: { task_status_msg: "inner" } } }, { message: "inner" }],
    [
      { fail_reason: "outer", data: { error: { code: "c", message: "inner" } } },
      { code: "c", message: "outer" }
    ],
    [{ error: { reason: "no space left", at: "oss" } }, { message: "no space left, oss" }],
    [{ error: ["no space left"] }, { message: "no space left" }],
    ["no space left", { message: "no space left" }]
  ])("%j", (json, reason) => {
    expect(Dialect.reasonIn(json)).toEqual(reason)
  })

  it.each<[unknown]>([
    [{}],
    [null],
    [{ error: null, message: "", fail_reason: " " }],
    [{ error: { message: "", code: "" } }],
    [{ error: {} }],
    [{ message: "success", code: 200 }],
    [{ code: "success", message: "SUCCESS" }],
    [{ fail_reason: "https://cdn.example/v.mp4" }],
    [{ error: { code: 0, message: "ok" } }]
  ])("T30: %j has none", (json) => {
    expect(Dialect.reasonIn(json)).toEqual({})
  })
})
