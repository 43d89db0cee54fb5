/**
 * Words in a prompt that choose what becomes of the job, as test card numbers do: any client in any language can write them.
 *
 * The table below is the only place where they are defined; the README, `--help` and the page at `/` are made from it.
 *
 * @since 0.1.0
 */
import { parseDuration } from "../base/duration.ts"
import * as Fault from "./Fault.ts"
import * as Script from "./Script.ts"

/**
 * One magic word: `mock:<word>` anywhere in a prompt.
 *
 * @category models
 * @since 0.1.0
 */
export interface MagicWord {
  readonly word: string
  /** How it is written if it takes a value. */
  readonly value?: string
  /** Of one group only one word may stand in a prompt. Without a group it combines with all. */
  readonly group?: "ending" | "length" | "shape" | "script"
  /** What happens, in one line; if providers differ, how. */
  readonly what: string
  readonly sets: Partial<Omit<Script.Script, "faults">> & { readonly fault?: string; readonly always?: true; readonly factor?: number }
}

/**
 * Every magic word, in the order in which they are documented.
 *
 * @category constants
 * @since 0.1.0
 */
export const magicWords: ReadonlyArray<MagicWord> = [
  { word: "success", group: "ending", what: "Succeeds. The default.", sets: { ending: "succeeded" } },
  { word: "fail", group: "ending", what: "Fails; the provider says so with HTTP 200.", sets: { ending: "failed" } },
  {
    word: "gateway-fail",
    group: "ending",
    what: "cometapi: the wrapper says FAILURE and holds no provider payload. Elsewhere as mock:fail.",
    sets: { ending: "gateway-failed" }
  },
  {
    word: "moderated",
    group: "ending",
    what: "Rejected by moderation, as the provider says it: xai HTTP 400 on the poll, cometapi done without URL, others failed.",
    sets: { ending: "moderated" }
  },
  {
    word: "moderated-400",
    group: "ending",
    what: "xai: HTTP 400 on the poll, code imagine:content-moderated, billed. Elsewhere as mock:moderated.",
    sets: { ending: "moderated", moderation: "http-400" }
  },
  {
    word: "moderated-400-old",
    group: "ending",
    what: "xai: HTTP 400 on the poll with the code of March 2026. Elsewhere as mock:moderated.",
    sets: { ending: "moderated", moderation: "http-400-first-code" }
  },
  {
    word: "moderated-failed",
    group: "ending",
    what: "xai: HTTP 200, status failed. Elsewhere as mock:moderated.",
    sets: { ending: "moderated", moderation: "failed" }
  },
  {
    word: "moderated-done",
    group: "ending",
    what: 'xai: HTTP 200, status done, respect_moderation false, url "". Elsewhere as mock:moderated.',
    sets: { ending: "moderated", moderation: "done" }
  },
  {
    word: "expired",
    group: "ending",
    what: "xai, cometapi: status expired. xingchao, geeknow have no such word: completed, with a URL that is and stays expired.",
    sets: { ending: "expired" }
  },
  {
    word: "cancelled",
    group: "ending",
    what: "geeknow: status cancelled. The others have no such word: as mock:fail.",
    sets: { ending: "cancelled" }
  },
  {
    word: "no-url",
    group: "ending",
    what: "The word for success, but no URL. geeknow: /content still has the file.",
    sets: { ending: "no-url" }
  },
  {
    word: "delivered",
    group: "ending",
    what: "xai: the word for success, and no URL, as where output.upload_url says where to put the video. Elsewhere it succeeds.",
    sets: { ending: "delivered" }
  },
  { word: "stuck", group: "ending", what: "Runs for ever, from the usual end on at 99 %.", sets: { ending: "never" } },
  { word: "unknown-status", what: 'While it runs, the status is a word of no document, "warming_up".', sets: { fault: "unknown-status" } },
  { word: "slow", what: "Takes ten times as long.", sets: { factor: 10 } },
  { word: "fast", group: "length", what: "Ends at once: the first poll sees the end.", sets: { duration: 0 } },
  { word: "duration", value: "3s", group: "length", what: "Takes that long: 500ms, 3s, 2m, 1h.", sets: {} },
  {
    word: "not-found-first",
    what: "Unknown for the first fifth of its time: task_not_exist (cometapi, geeknow) or 404 (xai, xingchao).",
    sets: { fault: "not-found-first" }
  },
  { word: "flaky", what: "Every second poll is a 503 with an HTML body.", sets: { fault: "flaky" } },
  { word: "rate-limited", what: "The first 2 polls are 429 with Retry-After: 1.", sets: { fault: "rate-limited" } },
  {
    word: "query-failed",
    what: "cometapi: the first 2 polls are HTTP 200 with the wrapper code fail_to_fetch_task. Elsewhere without effect.",
    sets: { fault: "query-failed" }
  },
  {
    word: "lost-submit",
    what: "The POST is accepted (see /__mock/jobs), but its answer is lost: a 502 with an HTML body. The id is never told.",
    sets: { fault: "submit-accepted-5xx", always: true }
  },
  {
    word: "url-expired",
    what: "The URL is already expired at the first download; the next poll after that gives a fresh one.",
    sets: { fault: "url-expired" }
  },
  {
    word: "fault",
    value: "poll-unaccepted-reset",
    what: "Any fault of the catalogue, GET /__mock/faults, at its usual requests.",
    sets: {}
  },
  {
    word: "script",
    value: "three-polls",
    group: "script",
    what: "A script by its name, GET /__mock/scripts; the other words change it.",
    sets: {}
  },
  {
    word: "flat",
    group: "shape",
    what: "cometapi: the flat shape of the newer pages, without the wrapper. Elsewhere without effect.",
    sets: { shape: "flat" }
  },
  {
    word: "output-url",
    group: "shape",
    what: 'geeknow: the URL stands in output.url, and video_url is "". Elsewhere without effect.',
    sets: { shape: "output-url" }
  },
  {
    word: "every-url",
    group: "shape",
    what: "geeknow: output.url, video_url, url and detail.url, all of them good. Elsewhere without effect.",
    sets: { shape: "every-url" }
  }
]

const byName: ReadonlyMap<string, MagicWord> = new Map(magicWords.map((entry) => [entry.word, entry]))

/**
 * The word that a text such as `flaky` or `duration=3s` is written with; `undefined` if there is none.
 *
 * @category getters
 * @since 0.1.0
 */
export const wordOf = (text: string): MagicWord | undefined => byName.get(text.split("=")[0]?.toLowerCase() ?? "")

/** `mock:fail`, `mock:duration=3s`. */
export const written = ({ word, value }: MagicWord): string => (value === undefined ? `mock:${word}` : `mock:${word}=${value}`)

/**
 * The script that a prompt chooses, or the reason why it can't be one: a word that is not in the table (a typing error must not pass for
 * success), two words of one group, or a bad duration. With a provider, words that have no effect at it have none. `catalogue`: the faults that
 * there are. Default: any provider's.
 *
 * @example
 * ```ts
 * import { MagicPrompt } from "@reelay/mock-server"
 *
 * MagicPrompt.parse("A candle, mock:fail mock:slow", 10_000) // { script: { ending: "failed", duration: 100_000, … } }
 * MagicPrompt.parse("mock:fial", 10_000) // { problem: 'prompt: "mock:fial" isn\'t a magic word; …' }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (
  prompt: string,
  duration: number,
  provider?: string,
  catalogue: Fault.Catalogue = Fault.anyProvider
): { readonly script: Script.Script } | { readonly problem: string } => {
  const faults: Array<Fault.Fault> = []
  let script = Script.success(duration)
  const changes: Partial<Script.Script> = {}
  let factor = 1
  const groups = new Map<string, string>()
  const [, alone = ""] = /(?<![\w-])mock:\s+([a-z0-9-]+)/i.exec(prompt) ?? []
  if (byName.has(alone.toLowerCase())) return { problem: `prompt: "mock: ${alone}" has a space in it; it is "mock:${alone}"` }
  const [, theirs] = /(?<![\w-])gateway:([a-z][\w=.-]*\w)/i.exec(prompt) ?? []
  if (theirs !== undefined) return { problem: `prompt: "gateway:${theirs}" is for a gateway, and here is none; it is "mock:${theirs}"` }
  for (const [, word = "", rest = ""] of prompt.matchAll(/(?<![\w-])mock:([\w-]*(?:=[\w.-]*)?)(\S*)/gi)) {
    // What ends a sentence ends a word; anything else that stands close to it is a typing error.
    const [name = "", value] = word.replace(/\.+$/, "").split("=")
    if (!/^(?:[\p{P}>|]|$)/u.test(rest) || /^[:=_#@&*\\%-]/.test(rest))
      return { problem: `prompt: "mock:${word}${rest}" isn't a magic word` }
    const entry = byName.get(name.toLowerCase())
    if (entry === undefined) {
      return { problem: `prompt: "mock:${name}" isn't a magic word; there are ${magicWords.map(written).join(", ")}` }
    }
    const text = value === undefined ? entry.word : `${entry.word}=${value}`
    if (value !== undefined && entry.value === undefined)
      return { problem: `prompt: "mock:${entry.word}" takes no value, and has "${value}"` }
    const rival = entry.group === undefined ? undefined : groups.get(entry.group)
    if (rival !== undefined && rival !== text) return { problem: `prompt: "mock:${rival}" and "mock:${text}" exclude each other` }
    if (entry.group !== undefined) groups.set(entry.group, text)
    const { always, fault = entry.word === "fault" ? (value ?? "") : undefined, factor: times, ...sets } = entry.sets
    Object.assign(changes, sets)
    const kind = fault === undefined ? undefined : catalogue.kindOf(fault)
    if (fault !== undefined && kind === undefined && entry.word === "fault") {
      return { problem: `prompt: "mock:fault=${fault}" names no fault; GET /__mock/faults lists them` }
    }
    // A word is without effect elsewhere; a fault by its name is refused there.
    const isElsewhere =
      entry.word !== "fault" && (kind === undefined || (provider !== undefined && kind.only?.includes(provider) === false))
    if (fault !== undefined && !isElsewhere && !faults.some((each) => each.name === fault)) {
      faults.push(always === true ? { name: fault, requests: { after: 0 } } : { name: fault })
    }
    factor = times ?? factor
    if (entry.word === "script") {
      const named = Script.library.find((each) => each.name === value)
      if (named === undefined) return { problem: `prompt: "mock:script=${value ?? ""}" names no script; GET /__mock/scripts lists them` }
      script = named.script
    }
    if (entry.word !== "duration") continue
    const length = parseDuration(value ?? "")
    if (length === undefined) return { problem: `prompt: "mock:${text}" needs a time of a year at most, as in ${written(entry)}` }
    Object.assign(changes, { duration: length })
  }
  const chosen = Script.slowed({ ...script, ...changes, faults: [...script.faults, ...faults] }, factor)
  return Script.isPlayable(chosen) ? { script: chosen } : { problem: "prompt: the job would take more than a year" }
}

/**
 * The table as text in two columns, for `--help` and the page at `/`.
 *
 * @category formatting
 * @since 0.1.0
 */
export const toText = (): string => {
  const width = Math.max(...magicWords.map((entry) => written(entry).length))
  return magicWords.map((entry) => `  ${written(entry).padEnd(width)}  ${entry.what}`).join("\n")
}

/**
 * The table in Markdown, for the README.
 *
 * @category formatting
 * @since 0.1.0
 */
export const toMarkdown = (): string =>
  ["| In the prompt | What happens |", "| --- | --- |", ...magicWords.map((entry) => `| \`${written(entry)}\` | ${entry.what} |`)].join(
    "\n"
  )
