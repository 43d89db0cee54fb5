/**
 * Leaves secrets out of an exchange: each becomes a placeholder, `redacted-1`, `redacted-2`, …, in the order in which they were met. They are
 * numbered, not hashed: a hash of something short can be guessed. The same secret has the same placeholder wherever it stands.
 */
import { isRecord } from "../base/Rules.ts"

interface Known {
  readonly placeholder: string
  /** Whether it is left out of every text, and not only where it was found: what is short may be a word that means nothing. */
  readonly isAnywhere: boolean
  /** Matches it in every form. */
  readonly form: RegExp
}

export type Secrets = ReadonlyMap<string, Known>

export interface Redactor {
  /** Of the headers, those that matter to a replay, and those that are secret as placeholders. The others are left out. */
  readonly headers: (headers: Readonly<Record<string, string>>) => Readonly<Record<string, string>>
  readonly text: (text: string) => string
  /** Of JSON, every text in it, names too. A field with a name like `api_key` is left out whole. */
  readonly json: (value: unknown) => unknown
  /** A field of a form. */
  readonly field: (name: string, value: string) => string
  readonly secrets: () => Secrets
}

/** A text that is a placeholder, and nothing else. */
const placeholder = /^redacted-\d+$/

/** A text in which no two placeholders differ: who numbered them otherwise met the same secrets in another order. */
export const anonymous = (text: string): string => text.replaceAll(/redacted-\d+/g, "redacted")

const plainHeaders = new Set([
  "accept",
  "accept-ranges",
  "allow",
  "content-disposition",
  "content-length",
  "content-range",
  "content-type",
  "etag",
  "if-range",
  "last-modified",
  "location",
  "range",
  "retry-after"
])

const isPlain = (name: string): boolean => plainHeaders.has(name) || /^(?:x-)?ratelimit-/.test(name)

const secretHeader =
  /auth|key|token|secret|cookie|session|signature|credential|account|organi[sz]ation|(?:^|-)org(?:-|$)|(?:^|-)user(?!-agent)|team|project|tenant|customer/

/** Whether a header, by its name in lower case, holds a secret, or says who is asking. */
export const isSecretHeader = (name: string): boolean => secretHeader.test(name) && name !== "idempotency-key"

const secretField =
  /^(?:x[-_])?(?:api[-_]?key|access[-_]?key|(?:access|refresh|session|security|id)?[-_]?token|(?:client[-_]?)?secret(?:[-_]?key)?|password|authorization|cookie|signature|credentials?)$/i

/** What a signed URL says of its time: clients read when a link expires. */
const timeParameter = /^(?:expires|exp|x-(?:amz|goog|oss|tos)-(?:date|expires))$/i
const timeValue = /^(?:\d{1,13}|\d{8}T\d{6}Z)$/

/** From so many characters on, a secret of a header is left out of every text; one of a URL or a field is more often a word. */
const shortestOfHeader = 8
const shortestOfText = 20

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0")

/** A character as it is, or as JSON, a URL or HTML writes it, once or several times over. */
const written = (character: string): string => {
  const code = character.codePointAt(0) ?? 0
  const bytes = Array.from(new TextEncoder().encode(character), (byte) => `%(?:25)*${anyCase(hex(byte, 2))}`).join("")
  const plain = `\\\\*\\u{${code.toString(16)}}`
  const named = { "&": "|&amp;", '"': "|&quot;", "<": "|&lt;", ">": "|&gt;" }[character] ?? ""
  const numbered = `&#(?:0*${code}|[xX]0*${anyCase(code.toString(16))});`
  return `(?:${plain}|${bytes}|\\\\+u${anyCase(hex(code, 4))}|${numbered}${named})`
}

const anyCase = (digits: string): string =>
  Array.from(digits, (digit) => (/[a-f]/.test(digit) ? `[${digit}${digit.toUpperCase()}]` : digit)).join("")

const anyForm = (secret: string): RegExp => new RegExp(Array.from(secret, written).join(""), "gu")

/** Goes on with the secrets that are known. Its own are told by `secrets`. */
export const redactor = (known: Secrets): Redactor => {
  const all = new Map(known)

  const placeholderOf = (secret: string, shortest: number): string => {
    if (secret === "" || placeholder.test(secret)) return secret
    const found = all.get(secret)
    const isAnywhere = found?.isAnywhere === true || secret.length >= shortest
    const name = found?.placeholder ?? `redacted-${all.size + 1}`
    if (found?.isAnywhere !== isAnywhere) all.set(secret, { placeholder: name, isAnywhere, form: found?.form ?? anyForm(secret) })
    return name
  }

  const withoutKnown = (text: string): string => {
    // Every other form than the plain one needs one of these; to look for that one is much faster.
    const isPlainly = !/[\\%&]/.test(text)
    return (
      Array.from(all)
        .filter(([secret, { isAnywhere }]) => isAnywhere && (!isPlainly || text.includes(secret)))
        // One may be a part of another.
        .toSorted(([one], [other]) => other.length - one.length)
        .reduce((left, [, { form, placeholder: name }]) => left.replace(form, name), text)
    )
  }

  const text = (value: string): string =>
    withoutKnown(value)
      .replaceAll(/:\/\/([^/?#\s"@]+)@/g, (_, user: string) => `://${placeholderOf(user, shortestOfText)}@`)
      .replaceAll(/([?&#]|&amp;|\\+u0026)([^=?&#\s"<>\\]+)=([^&#\s"<>\\]+)/g, (whole, before: string, name: string, secret: string) =>
        timeParameter.test(name) && timeValue.test(secret) ? whole : `${before}${name}=${placeholderOf(secret, shortestOfText)}`
      )

  const field = (name: string, value: string): string => (secretField.test(name) ? placeholderOf(value, shortestOfText) : text(value))

  const json = (value: unknown): unknown => {
    if (typeof value === "string") return text(value)
    if (Array.isArray(value)) return value.map(json)
    if (!isRecord(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [text(name), typeof inner === "string" ? field(name, inner) : json(inner)])
    )
  }

  const secretIn = (name: string, value: string): string => {
    const [, scheme = "", credential = ""] = (name.endsWith("authorization") ? /^(\w+ +)(.+)$/.exec(value) : null) ?? [undefined, "", value]
    if (name.endsWith("cookie")) {
      for (const [, one = ""] of value.matchAll(/=([^;,\s]+)/g)) placeholderOf(one, shortestOfHeader)
    }
    return scheme + placeholderOf(credential, shortestOfHeader)
  }

  return {
    headers: (headers) => {
      const kept: Array<readonly [string, string]> = []
      for (const [name, value] of Object.entries(headers)) {
        const lower = name.toLowerCase()
        if (isPlain(lower)) kept.push([lower, text(value)])
        else if (isSecretHeader(lower)) kept.push([lower, secretIn(lower, value)])
      }
      return Object.fromEntries(kept)
    },
    text,
    json,
    field,
    secrets: () => new Map(all)
  }
}
