/** F16, F17, F22: the code before the status. What the answer to a submission is at every provider, wherever the body keeps its code. */
import type { Provider, Reading } from "@reelay/core"
import { describe, expect, it } from "vitest"
import { cometapi } from "../src/cometapi/provider.ts"
import { geeknow } from "../src/geeknow/provider.ts"
import { xai } from "../src/xai/provider.ts"
import { xingchao } from "../src/xingchao/provider.ts"

const apiKey = "any-key"
const all: ReadonlyArray<Provider.Provider<never>> = [xai({ apiKey }), cometapi({ apiKey }), xingchao({ apiKey }), geeknow({ apiKey })]
const newApi = all.filter(({ definition }) => definition.name === "cometapi" || definition.name === "geeknow")

const receive = ({ definition }: Provider.Provider<never>, status: number, body: unknown): string => {
  const receipt: Reading.Receipt = definition.receive({ operation: "submit", status, headers: {}, body: JSON.stringify(body) })
  return receipt._tag === "Declined" ? receipt.reason : receipt._tag
}

/** What it is at each of them, without repeats. */
const outcomes = (providers: ReadonlyArray<Provider.Provider<never>>, status: number, body: unknown): ReadonlyArray<string> => [
  ...new Set(providers.map((provider) => receive(provider, status, body)))
]

describe("F16: money, whatever the status and wherever the code", () => {
  it.each<[number, unknown]>([
    [403, { code: "insufficient_user_quota", message: "预扣费额度失败", data: null }],
    [403, { error: { code: "SUBSCRIPTION_NOT_FOUND", message: "No active subscription found for this group" } }],
    [403, { code: "SUBSCRIPTION_INVALID", message: "subscription is invalid or expired" }],
    [403, { error: { type: "billing_error", message: "insufficient account balance" } }],
    [403, { type: "error", error: { type: "billing_error", message: "Forbidden" } }],
    [403, { code: "SUBSCRIPTION_EXPIRED", message: "subscription has expired" }],
    [400, { error: { code: "SUBSCRIPTION_SUSPENDED", message: "no" } }],
    [403, { error: "insufficient_user_quota" }],
    [401, { detail: "insufficient_credits" }],
    [403, { error: { message: "pre_consume_token_quota_failed" } }],
    [400, { errors: ["insufficient-balance"] }],
    [403, { errors: [{ code: "bad" }, { code: "worse" }, { code: "insufficient_user_quota" }] }],
    [422, { detail: [{ msg: "one" }, { msg: "余额不足" }] }],
    [403, { code: "subscription:free-usage-exhausted", error: "You have used it up" }],
    [403, { error: { message: "用户额度不足, 剩余额度: $0.000000" } }],
    [400, { error: { message: "余额不足，请充值", type: "new_api_error" } }],
    [401, { error: { message: "该令牌额度已用尽 !token.UnlimitedQuota && token.RemainQuota = 0" } }],
    [402, { detail: "Insufficient credits" }],
    [403, { errors: [{ code: "insufficient_quota", message: "no" }] }],
    [403, { detail: { code: "insufficient_quota", message: "no" } }],
    [403, { detail: [{ code: "insufficient_quota", msg: "no" }] }],
    [403, { data: { error: { code: "insufficient_quota", message: "no" } } }]
  ])("HTTP %i with %j can't be paid", (status, body) => {
    expect(outcomes(all, status, body)).toEqual(["PaymentRequired"])
  })
})

describe("F17: a 429 about money is not one about pace", () => {
  it.each<[unknown]>([
    [
      {
        code: "Some resource has been exhausted",
        error: "Your team has either used all available credits or reached its monthly spending limit."
      }
    ],
    [{ error: { code: "insufficient_user_quota", message: "quota" } }],
    [{ data: { code: "insufficient_user_quota" }, message: "quota" }],
    [{ error: { message: "账户余额不足" } }],
    [{ error: "insufficient_user_quota" }],
    [{ error: { type: "billing_error", message: "no" } }],
    [{ errors: [{ code: "other" }, { code: "credit_balance_exhausted" }] }]
  ])("429 with %j can't be paid", (body) => {
    expect(outcomes(all, 429, body)).toEqual(["PaymentRequired"])
  })

  it.each<[number, unknown]>([
    [429, { error: { message: "您已达到请求数限制：1分钟内最多请求10次", type: "new_api_error" } }],
    [429, { error: { message: "充值用户：您已达到请求数限制：1分钟内最多请求10次" } }],
    [429, { code: "token_concurrency_limit_reached", message: "too many concurrent requests" }],
    [429, { code: "USAGE_LIMIT_EXCEEDED", message: "daily usage limit exceeded" }],
    [403, { error: { type: "billing_error", code: "USAGE_LIMIT_EXCEEDED", message: "no" } }],
    [403, { error: { code: "rate_limit_exceeded", message: "slow down" } }],
    [400, { error: { type: "rate_limit_error", message: "no" } }]
  ])("HTTP %i with %j is about pace", (status, body) => {
    expect(outcomes(all, status, body)).toEqual(["Busy"])
  })
})

describe("F16: permission and mistakes", () => {
  it.each<[string, number, unknown]>([
    ["Unauthorized", 403, { error: { code: "access_denied", message: "您的 IP 不在令牌允许访问的列表中" } }],
    ["Unauthorized", 401, { error: { code: "", message: "无效的令牌", type: "new_api_error" } }],
    ["Unauthorized", 401, { error: { message: "该令牌已过期" } }],
    ["Unauthorized", 403, { error: { code: "access_denied", message: "余额充足, 但您的 IP 不在令牌允许访问的列表中" } }],
    ["Unauthorized", 400, { error: { code: "invalid_api_key", message: "Incorrect API key. Check your billing details" } }],
    ["Unauthorized", 401, { error: { code: "API_KEY_DISABLED", message: "API key is disabled: add credits" } }],
    ["Unauthorized", 403, { error: "access_denied" }],
    ["SubmitRejected", 403, { error: { code: "content_policy_violation", message: "no" } }],
    ["SubmitRejected", 403, { error: { message: "Your request was rejected as a result of our safety system." } }],
    ["SubmitRejected", 403, { error: { message: "内容审核未通过" } }],
    ["SubmitRejected", 401, { code: "invalid_request", message: "duration must be at most 15" }],
    ["SubmitRejected", 400, { error: { message: "The prompt mentions a white balance and closing credits" } }],
    ["SubmitRejected", 404, { error: { code: "model_not_found", message: "no such model" } }]
  ])("%s for HTTP %i with %j", (expected, status, body) => {
    expect(outcomes(all, status, body)).toEqual([expected])
  })
})

describe("F22: refusals that don't look like refusals", () => {
  it.each<[string, number, unknown]>([
    ["PaymentRequired", 200, { code: "insufficient_user_quota", message: "预扣费额度失败", data: null }],
    ["SubmitRejected", 200, { error: { code: "sensitive_words_detected", message: "用户输入包含敏感词" } }],
    ["SubmitRejected", 200, { code: "invalid_request", message: "prompt is required", data: null }],
    ["Unauthorized", 200, { data: { code: "access_denied" }, message: "您的 IP 不在令牌允许访问的列表中" }],
    ["SubmitRejected", 503, { error: { code: "model_not_found", message: "分组 default 下模型 grok-video 无可用渠道（distributor）" } }]
  ])("new-api says %s with HTTP %i and %j before it forwards anything", (expected, status, body) => {
    expect(outcomes(newApi, status, body)).toEqual([expected])
  })

  it.each<[number, unknown]>([
    [200, { error: { message: "upstream error: do request failed" } }],
    [200, { success: false, message: "something went wrong" }],
    [500, { error: { code: "do_request_failed", message: "do request failed" } }],
    [502, { error: { code: "sensitive_words_detected", message: "upstream sensitive content filter triggered" } }]
  ])("HTTP %i with %j may stand for a job", (status, body) => {
    expect(outcomes(all, status, body)).toEqual(["Unclear"])
  })
})

const poll = ({ definition }: Provider.Provider<never>, status: number, body: unknown): string => {
  const reading = definition.interpret({ operation: "poll", status, headers: {}, body: JSON.stringify(body) })
  return reading._tag === "Missed" ? reading.because : reading._tag === "Refused" ? reading.reason : reading._tag
}

describe("F16, F17: the same codes on a poll", () => {
  it.each<[string, number, unknown]>([
    ["payment-required", 403, { error: "insufficient_user_quota" }],
    ["payment-required", 403, { type: "error", error: { type: "billing_error", message: "Forbidden" } }],
    ["payment-required", 429, { errors: [{ code: "other" }, { code: "credit_balance_exhausted" }] }],
    ["payment-required", 404, { error: { code: "SUBSCRIPTION_NOT_FOUND", message: "subscription not found" } }],
    ["rate-limited", 403, { error: { code: "token_concurrency_limit_reached" } }],
    ["Unauthorized", 403, { error: { code: "access_denied", message: "余额充足" } }],
    ["Unauthorized", 400, { error: { code: "invalid_api_key", message: "no" } }],
    ["server", 404, { error: { code: "model_not_found", message: "no channel" } }],
    ["server", 404, { error: { code: "channel_not_found", message: "no" } }],
    ["Unauthorized", 404, { code: "USER_NOT_FOUND", message: "User associated with API key not found" }],
    ["NotFound", 404, { error: { code: "task_not_found", message: "no" } }],
    ["NotFound", 404, { error: { code: "response_not_found", message: "Response 不存在或已过期" } }],
    ["NotFound", 404, { error: { code: "not_found", message: "no" } }],
    ["NotFound", 404, {}]
  ])("%s for HTTP %i with %j", (expected, status, body) => {
    expect(new Set(all.map((provider) => poll(provider, status, body)))).toEqual(new Set([expected]))
  })
})
