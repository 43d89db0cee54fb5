/** new-api's own answers, at each provider built on it. */
import { describe, it } from "@effect/vitest"
import { expect } from "../../test/expect.ts"
import { answer } from "../../test/replay.ts"
import { definition as cometapi } from "../cometapi/provider.ts"
import { definition as geeknow } from "../geeknow/provider.ts"

const built = [
  { definition: cometapi, idField: "request_id" },
  { definition: geeknow, idField: "id" }
]

describe.each(built)("new-api behind $definition.name", ({ definition, idField }) => {
  const receive = (status: number, body: unknown) => definition.receive(answer(status, body, "submit"))

  it.each([
    ["as the code of a task", 403, { code: "insufficient_user_quota", message: "用户额度不足, 剩余额度: ＄0.000000", data: null }],
    ["as an error's code", 403, { error: { message: "no", type: "new_api_error", param: "", code: "pre_consume_token_quota_failed" } }],
    ["in capitals", 403, { code: "INSUFFICIENT_USER_QUOTA", message: "no" }],
    ["as a type beside a number", 403, { error: { code: 403, type: "insufficient_user_quota", message: "no" } }],
    ["with 429", 429, { code: "insufficient_user_quota", message: "too many requests" }],
    ["with 402", 402, { code: "insufficient_user_quota", message: "no" }],
    ["with 500", 500, { code: "pre_consume_token_quota_failed", message: "token quota is not enough" }],
    ["with 200 and no id", 200, { code: "insufficient_user_quota", message: "用户额度不足, 剩余额度: ¥0.000000", data: null }]
  ])("F16, F22: a code from before the job is forwarded is PaymentRequired: %s", (_, status, body) => {
    expect(receive(status, body)).toMatchObject({ _tag: "Declined", reason: "PaymentRequired", status })
  })

  it.each([
    ["the distributor's code with another status", 500, { error: { code: "model_not_found", message: "no" } }],
    ["the distributor's message without its code", 503, { error: { code: "", message: "No available channel" } }],
    ["an upstream's answer", 503, { code: "fail_to_fetch_task", message: '{"error":{"code":"model_not_found"}}', data: null }],
    ["an upstream's id", 202, { code: "fail_to_fetch_task", message: '{"id":"video_1","code":"insufficient_user_quota"}', data: null }],
    ["a missing channel after another was tried", 500, { code: "get_channel_failed", message: "no", data: null }],
    ["a request that may have left", 500, { code: "do_request_failed", message: "余额不足", data: null }],
    ["an unknown code", 502, { code: "bad_gateway", message: "no" }],
    ["a page", 503, "<html><title>model_not_found</title></html>"],
    ["a page with 403", 403, "<html>insufficient_user_quota 余额不足</html>"]
  ])("F22: a request that may have been forwarded stays unclear: %s", (_, status, body) => {
    expect(receive(status, body)).toMatchObject({ _tag: "Unclear", status })
  })

  it.each([
    [403, { code: "insufficient_user_quota", message: "预扣费额度失败", data: null }, "预扣费额度失败"],
    [200, { code: "insufficient_user_quota", message: "预扣费额度失败", data: null }, "预扣费额度失败"],
    [
      401,
      { error: { message: "This token quota is exhausted TokenStatusExhausted[sk-a***z]", code: "" } },
      "This token quota is exhausted TokenStatusExhausted[sk-a***z]"
    ],
    [401, { error: { message: "该令牌额度已用尽", type: "new_api_error" } }, "该令牌额度已用尽"]
  ])("T46: a poll of an empty account is a failed poll: %i %j", (status, body, text) => {
    expect(definition.interpret(answer(status, body))).toEqual({
      _tag: "Missed",
      because: "payment-required",
      detail: `HTTP ${status}: ${text}`
    })
  })

  it("T46: only 402 stops the polling for lack of money", () => {
    const body = { code: "insufficient_user_quota", message: "no" }
    expect(definition.interpret(answer(402, body))).toMatchObject({ _tag: "Refused", reason: "PaymentRequired", status: 402 })
  })

  it.each([
    { [idField]: "a", code: "insufficient_user_quota" },
    { task_id: "a", code: "fail_to_fetch_task", message: "no" },
    { id: "a", error: { code: "model_not_found" } }
  ])("a 2xx with an id is a job, whatever code is beside it: %j", (body) => {
    for (const status of [200, 201, 299]) expect(receive(status, body)).toEqual({ _tag: "Accepted", id: "a" })
  })
})
