/** What a body that is no video says: its kind, its words for an error, and whether the video is only not ready yet. Pure. */
import { excerpt, parseJson } from "../base/Text.ts"
import { codesOf, textsOf } from "../provider/payload.ts"

/** A text that came in place of a video. */
export interface Said {
  /** `JSON`, `an HLS playlist`, `a page`. */
  readonly what: string
  /** Its words, at most 500 characters and without markup. Empty if it has none. */
  readonly words: string
  /** The video will be there later. */
  readonly isNotReady: boolean
  /** Present if the text is JSON. */
  readonly json?: unknown
}

export const saidIn = (body: string): Said => {
  const text = body.replace(/^\ufeff/u, "").trim()
  const json = parseJson(text)
  if (typeof json === "object" && json !== null) {
    const known = [...new Set([...codesOf(json), ...textsOf(json)])].filter((word) => !/^(success|ok|0)$/iu.test(word))
    return { what: "JSON", words: shown(known.join(": ") || text), isNotReady: stage.test(text) || known.some(saysNotReady), json }
  }
  if (text.startsWith("#EXTM3U")) return { what: "an HLS playlist", words: "", isNotReady: false }
  const isMarkup = text.startsWith("<")
  const what = isMarkup ? (text.includes("<MPD") ? "a DASH manifest" : "a page") : "text"
  const words = shown(isMarkup ? text.slice(0, 9999).replaceAll(/<(script|style)[^]*?<\/\1>|<[^>]*>?/giu, " ") : text)
  return { what, words, isNotReady: saysNotReady(words) }
}

/** Within a sentence, which has a stop of its own. */
const shown = (text: string): string => excerpt(text).replace(/[.。]+$/u, "")

/** The stage of a job, wherever a gateway puts it. */
const stage = /"\w*(status|state)":\s*"(processing|pending|queue|running|in_progress|submitted|not_start|generating)/iu

/** Codes such as `video_not_ready` and `task.processing`, and phrases such as "is still being processed". */
const notReady = [
  /(^([a-z]+[_.-])*|\b(still|being|is) )((process|generat|render|prepar|upload|queu)(ing|ed)|pending|in[ _-]progress)/iu,
  /(not|n['’]t)[ _-]((been|yet|fully)[ _-])*(ready|((complete|finishe|generate|processe|uploade)d?|done|available yet)(?![a-z]))/iu,
  /please wait|try again (later|shortly|soon|in)/iu,
  /(未|没有?)(完成|就绪|准备好|生成|处理完)|(生成|处理|排队|进行|上传|转存)中|正在|稍[后候等]/u
]

/** Whether words say that a video comes later. A wrong yes costs a few more requests within half a minute, and never a job. */
const saysNotReady = (words: string): boolean => notReady.some((phrase) => phrase.test(words))
