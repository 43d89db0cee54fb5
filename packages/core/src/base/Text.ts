/**
 * Makes text from outside safe to show: short, and without secrets.
 *
 * Pure, and without a runtime import.
 *
 * @since 0.1.0
 */

const limit = 500

/**
 * At most 500 characters (or `most`), on one line, without the query strings of URLs and bearer tokens.
 *
 * @category combinators
 * @since 0.1.0
 */
export const excerpt = (text: string, most = limit): string => {
  // Cut first: a body may be megabytes, and patterns over it would be slow.
  const line = withoutSecrets(text.slice(0, 4 * most))
    .replaceAll(/\s+/gu, " ")
    .trim()
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`
}

/**
 * Removes a secret from a text: unchanged, as JSON (or JSON in JSON) or a URL encodes it, and if the text was truncated in the middle of
 * it. A value shorter than 8 characters isn't a secret, and would be found in any word.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withoutSecret = (text: string, secret: string): string => {
  if (!isSecret(secret)) return text
  const forms = formsOf(secret)
  const whole = forms.reduce((shown, form) => shown.replaceAll(form, "<key>"), text)
  for (const form of whole.endsWith("…") ? forms : []) {
    for (let length = form.length - 1; length >= 4; length--) {
      const cut = `${form.slice(0, length)}…`
      if (whole.endsWith(cut)) return `${whole.slice(0, -cut.length)}<key>…`
    }
  }
  return whole
}

const isSecret = ({ length }: string): boolean => length >= 8

/** The spellings of a secret: `excerpt` has collapsed spaces, and some servers write a slash in JSON as `\/`. */
const formsOf = (secret: string): ReadonlyArray<string> => {
  const plain = [secret, secret.replaceAll(/\s+/gu, " ").trim()]
  const once = plain.flatMap(inJson)
  const addresses = [encodeURIComponent(secret), new URLSearchParams([["", secret]]).toString().slice(1)]
  return [...new Set([...once.flatMap(inJson), ...once, ...addresses, ...plain])].filter(isSecret)
}

const inJson = (text: string): ReadonlyArray<string> => {
  const escaped = JSON.stringify(text).slice(1, -1)
  return [escaped, escaped.replaceAll("/", "\\/")]
}

// Signed URLs carry their signature in the query, whether JSON has escaped their slashes or a truncated text has lost their scheme; a
// data: URL is the file itself. A path may contain an apostrophe. "Invalid Bearer token" is a documented message, not a token.
const withoutSecrets = (text: string): string =>
  text
    .replaceAll(/\b(https?:(?:\\?\/){2}[^\s"<>?#]*)[?#][^\s"<>]*/giu, "$1?…")
    .replaceAll(/\?[\w.~%-]+=[^\s"<>]*/gu, "?…")
    .replaceAll(/\bdata:[a-z]+\/[^\s"'<>]*/giu, "data:…")
    .replaceAll(/\bbearer\s+[\w.~+/=-]{8,}/giu, "Bearer …")

/**
 * A non-empty text, trimmed; `undefined` if it isn't a text or is empty.
 *
 * GeekNow and CometAPI write absence as an empty string.
 *
 * @category guards
 * @since 0.1.0
 */
export const present = (value: unknown): string | undefined => {
  const text = typeof value === "string" ? value.trim() : typeof value === "number" && Number.isFinite(value) ? String(value) : ""
  return text === "" ? undefined : text
}

/**
 * A text as JSON, or `undefined` if it isn't JSON.
 *
 * @category converting
 * @since 0.1.0
 */
export const parseJson = (text: string): unknown => {
  // A documented answer (xAI's 202), and an error that is thrown costs more than all the rest of a poll.
  if (text === "") return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * A text from outside as the end of a sentence that goes on: on one line, markup reduced to its title or text, without doubled stops, without
 * empty quotes, and without the stop at its end. Empty if it says nothing.
 *
 * @category combinators
 * @since 0.1.0
 */
export const phrase = (text: string): string => {
  const words = unmarked(text.slice(0, 4 * limit))
    .replaceAll(/[\s\p{Cc}]+/gu, " ")
    .replaceAll(/\.{3,}/gu, "…")
    .replaceAll(/(^|[\s(])(""|''|“”)(?=[\s.,;)]|$)/gu, "$1")
    .replaceAll(/([.。!?！？…;；,，:：])(\s*[.。])+(?=\s|["'”’)\]]|$)/gu, "$1")
    .replace(/^[\s.。,，;；:：!?！？]+/u, "")
    .replace(/[\s.。,，;；:：]+(["'”’)\]]*)$/u, "$1")
  return /[\p{L}\p{N}]/u.test(words) ? words : ""
}

/** What only markup has: an end tag, a declaration, an attribute, or an element that has no end tag or begins a page. */
const page = /<[/!?]|<[a-z][\w:-]*(\s+[\w:-]+\s*=|\s*\/>)|<(html|head|body|title|meta|br|hr|p|h\d)\b/iu

/** A page as its title, else as its text. What a redactor has put in place of a key stays. */
const unmarked = (text: string): string => {
  const title = /<title[^>]*>([^<]*)/iu.exec(text)?.[1]?.trim() ?? ""
  if (title !== "") return title
  // A placeholder ("as <url>/xai") and a comparison ("a<b") are no markup, and lose no words.
  if (!page.test(text))
    return text.replaceAll(/<(?!key>)([a-z]([^<>]{0,60}[^<>\s])?)>/giu, "[$1]").replaceAll(/<(?!key>)(?=[a-z])/giu, "< ")
  return text
    .replaceAll(/<(script|style)\b.*?(<\/\1>|$)|<!--.*?(-->|$)/gisu, " ")
    .replaceAll(/<(?!key>)[/!?]?[a-z][^<>]*(>|$|(?=<))/giu, " ")
}
