import { describe, expect, it } from "@effect/vitest"
import { speaksOfModeration } from "./moderation.ts"

describe("speaksOfModeration", () => {
  it.each([
    "rejected by content moderation",
    "NSFW",
    "safety system",
    "violate content policies",
    "this violates our usage policies",
    "content_filter",
    "ContentPolicyViolation",
    "request moderated",
    "imagine:content-moderated",
    "moderation_blocked",
    "sensitive_words_detected",
    "prompt_blocked",
    "violation_fee.grok.csam",
    "InputTextSensitiveContentDetected",
    "InputImageSensitiveContentDetected.PolicyViolation",
    "OutputVideoSensitiveContentDetected",
    "DataInspectionFailed",
    "data_inspection_failed",
    "SAFETY",
    "SAFETY.INPUT.TEXT",
    "INPUT_PREPROCESSING.SAFETY.TEXT",
    "unsafe_request",
    "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO",
    "Your request was rejected as a result of our safety system.",
    "This request has been blocked by our content filters. Please adjust your text prompt to submit a new request.",
    "The prompt may contain sensitive words and was refused",
    "The content was flagged by a content checker.",
    "the content of prompt field is unsafe",
    "Post Img Risk Not Pass",
    "This content may violate our guardrails around similarity to third-party content.",
    "Moderation passed for the image, but the prompt violates our content policy",
    "has not passed content moderation",
    'upstream: {"status":"done","video":{"respect_moderation":false,"url":""}}',
    "Prompt 'a candle' was rejected: sensitive content"
  ])("F19: %s does", (text) => {
    expect(speaksOfModeration(undefined, text)).toBe(true)
  })

  it.each([
    "视频被上游内容审核拦截",
    "视频被上游内容审核拦截 (progress=100, frames=2, moderated=true, video_id=v)",
    "内容审核未通过",
    "审核不通过，请修改提示词后重试",
    "您的提示词没有通过审核",
    "未能通过内容审核",
    "提示词包含敏感词",
    "视频描述涉及敏感内容，请调整",
    "生成视频涉及敏感内容",
    "图片涉嫌违规，请更换",
    "检测到违规内容",
    "内容违规",
    "触发平台的内容安全策略",
    "触发风控",
    "生成内容涉及色情低俗",
    "提示词违反社区准则",
    "违反相关法律法规",
    "内容不合规",
    "提示詞違反內容政策",
    "內容審核未通過",
    "输入图片可能包含不当内容",
    "素材可能涉及版权风险",
    "图片审核通过，视频审核未通过"
  ])("F19: %s does", (text) => {
    expect(speaksOfModeration(undefined, text)).toBe(true)
  })

  it.each([
    "Video generation failed.",
    "the content could not be read",
    "policy",
    "",
    "generation_failed",
    "internal_error",
    "The prompt asks for moderate camera motion, which this model can't do",
    "moderate load, try again",
    "Unsupported Content-Type",
    "sensitive_content_type is not a field",
    "Field names are case-sensitive",
    "This request violates the rate limit policy",
    "Request blocked by CORS policy",
    "Denied by access policy",
    "The moderation service is unavailable",
    "Failed to reach the moderation API",
    "content moderation timed out",
    "moderation service returned an internal error",
    "The image passed moderation, but the upload failed",
    "no sensitive content was found; the encoder failed",
    "Thread-safety assertion failed in the encoder",
    "No video URL (progress=100, moderated=false, video_id=v)",
    'upstream: {"status":"failed","video":{"respect_moderation":true}}',
    'the prompt "an nsfw club with a sensitive content sign" is too long'
  ])("F19: %s does not", (text) => {
    expect(speaksOfModeration(text)).toBe(false)
  })

  it.each([
    "视频生成失败",
    "上游超时",
    "内容审核服务超时",
    "内容审核服务暂时不可用，请稍后重试",
    "调用审核接口失败",
    "审核通过，但上传失败",
    "未检测到敏感内容，编码失败",
    "账号审核中",
    "实名认证审核未完成",
    "账号触发风控",
    "大小写敏感",
    "图片尺寸不合规",
    "违反唯一约束",
    "请求违反限流策略",
    "网络安全策略拒绝连接",
    "安全证书无效",
    "视频生成完成但没有返回内容 URL (progress=100, moderated=false)",
    "提示词“敏感内容展示”过长"
  ])("F19: %s does not", (text) => {
    expect(speaksOfModeration(text)).toBe(false)
  })
})
