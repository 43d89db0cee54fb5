/** Whether a provider's words say that a content filter rejected a job. Pure, and short: every page carries it. */

/** A flag in a dump of fields says by itself which it is: grok2api#789 writes `moderated=false` into failures that are none. */
const cleared = /\brespect_moderation\W{0,3}true|\b(moderated|nsfw|flagged)\W{0,3}(false|0)/giu

/** A prompt that is repeated, whose words are the caller's. */
const quotedPrompt = /(prompt|提示词)\s*[:：]?\s*("[^"]*"|'[^']*'|“[^”]*”)/giu

/** Whole phrases: "moderate motion", "content-type", "case-sensitive" and a policy about rate are none. */
const english =
  /\b(moderat(ed|ion)|nsfw|csam|guardrail|nudity|porn|data inspection|risk (not pass|control)|safety$|safety (system|filter|polic|guid|check|set|reason|input|text|violat)|(content|usage|community) (polic|filter|violat|guid|standard|check)|(sensitive|inappropriate|prohibited|unsafe|harmful|sexual) (content|word|info|material|image|request)(?! type)|(content|prompt)( \w+){0,4} (blocked|flagged|unsafe|inappropriate)|(violat.{1,60}|rejected by )(polic|guideline|terms)|policy violat|(flagged|marked|classified|detected) as (unsafe|inappropriate|sensitive|harmful)|copyright|public figure|real (people|person)|likeness|celebrit)/u

const chinese =
  /[审審]核|过审|敏感|[违違][规規禁]|色情|低俗|血腥|暴力|裸露|肖像|公众人物|涉[黄政暴]|不当内容|版权|侵权|风控|[内內]容(安全|政策|.{0,8}(拦截|过滤))|安全策略|不合规|([违違]反|不符合).{0,9}(政策|准则|规范|法)/u

/** What such words are about as well. */
const elsewhere =
  /\b(rate|quota|billing|cors|access|routing|account) |账[号户]|实名|认证|支付|限流|频率|约束|键|网络|尺寸|格式|参数|大小|时长|(?<!\bnot |n't )\b(passed|approved)|unavailable|time(d |-)?out|pending|(service|api|server) .*(error|fail)|(call|reach)\w* .*moderation|\b(not?|without) (\w+ )?(flagged|moderat|nsfw|sensitive|inappropriate)|(?<![未不没有能法])通过|[超等]时|超時|异常|不可用|繁忙|接口|等待|审核中|未(发现|检测|涉及|触发)|[无没]有?(敏感|违规)/u

/** A code as its words: `InputTextSensitiveContentDetected`, `SAFETY.INPUT.TEXT`, `content-moderated`. */
const spaced = (text: string): string =>
  text
    .replaceAll(/([a-z])([A-Z])/gu, "$1 $2")
    .replaceAll(/(?<=\w)[_.:/-]+(?=\w)/gu, " ")
    .toLowerCase()

/**
 * Whether texts or codes, in English or Chinese, say that a content filter rejected something. `false` means only that these don't: a filter that
 * let it pass, or that could not be asked, rejected nothing either.
 *
 * @category guards
 * @since 0.1.0
 */
export const speaksOfModeration = (...words: ReadonlyArray<string | undefined>): boolean =>
  words.some((text = "") =>
    spaced(text.replaceAll(quotedPrompt, "$1").replaceAll(cleared, ""))
      .split(/[.;!?](?=\s|$)|[。；！？，、,\n]/u)
      .some((clause) => (english.test(clause) || chinese.test(clause)) && !elsewhere.test(clause))
  )
