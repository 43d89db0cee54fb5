/** F19: what each provider makes of a failure in its vendor's languages. */
import { describe, it } from "@effect/vitest"
import { expect } from "../../test/expect.ts"
import { answer } from "../../test/replay.ts"
import { definition as cometapi } from "../cometapi/provider.ts"
import { definition as geeknow } from "../geeknow/provider.ts"
import { definition as xai } from "../xai/provider.ts"
import { definition as xingchao } from "../xingchao/provider.ts"

const wrapped = (error: unknown) => ({
  code: "success",
  data: { task_id: "t", status: "FAILURE", fail_reason: typeof error === "object" ? JSON.stringify(error) : error }
})

const surfaces = [
  { name: "xai", definition: xai, failure: (error: unknown) => ({ status: "failed", error }) },
  { name: "geeknow", definition: geeknow, failure: (error: unknown) => ({ id: "a", status: "failed", error }) },
  { name: "xingchao", definition: xingchao, failure: (error: unknown) => ({ status: "failed", error }) },
  { name: "cometapi, flat", definition: cometapi, failure: (error: unknown) => ({ status: "failed", error }) },
  { name: "cometapi, wrapped", definition: cometapi, failure: wrapped }
]

describe.each(surfaces)("F19: moderation at $name", ({ definition, failure }) => {
  const moderated = (error: unknown): unknown => {
    const reading = definition.interpret(answer(200, failure(error)))
    return reading._tag === "Failed" ? reading.failure.moderated : reading
  }

  it.each([
    { message: "视频被上游内容审核拦截", code: "generation_failed" },
    { message: "Generation failed", code: "InputTextSensitiveContentDetected" },
    { message: "生成视频涉及敏感内容", code: 1027 },
    { message: "failed", code: "bad_response", type: "content_policy_violation" },
    "提示词包含敏感词，请修改后重试",
    "图片涉及名人肖像",
    "内容包含暴力元素",
    "The output was flagged as unsafe",
    "Content could not be generated because it may contain real people",
    { message: "failed", code: "safety_violation" },
    "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"
  ])("true: %j", (error) => {
    expect(moderated(error)).toBe(true)
  })

  it.each([
    { message: "视频生成失败", code: "generation_failed" },
    { message: "内容审核服务超时", code: "upstream_timeout" },
    { message: "The prompt asks for moderate motion", code: "invalid_request" },
    "upstream returned no result"
  ])("absent, if nobody can tell: %j", (error) => {
    expect(moderated(error)).toBe(undefined)
  })
})

const flagged = (respect_moderation: boolean, message: string) =>
  xai.interpret(answer(200, { status: "failed", video: { respect_moderation }, error: { code: "internal_error", message } }))

describe("F19: xAI's own flag", () => {
  it("is the only thing that says false", () => {
    expect(flagged(true, "Video generation failed.")).toMatchObject({ failure: { moderated: false } })
    expect(flagged(false, "Video generation failed.")).toMatchObject({ failure: { moderated: true } })
  })

  it("does not overrule words that say otherwise", () => {
    expect(flagged(true, "rejected by content moderation")).toMatchObject({ failure: { moderated: true } })
  })
})
