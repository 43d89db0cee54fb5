/**
 * What the mock has seen: one entry a request, by which tests count submits, polls and downloads.
 *
 * @since 0.1.0
 */
import type { Near } from "./nearest.ts"
import { isSecretHeader } from "./redact.ts"

/**
 * One request. Requests for the mock itself (`/`, `/__mock/...`) are not kept.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  /** When it arrived: milliseconds since the epoch, the mock's clock. */
  readonly at: number
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly route: "submit" | "poll" | "content" | "file" | "unknown"
  /** The provider's name; of a gateway that of its surface. */
  readonly provider?: string
  /** Of a submit: the id that was given, even if the answer was lost. */
  readonly jobId?: string
  /** Not there while there is no answer yet, and if a fault kept all of it back. */
  readonly status?: number
  /** Of a submission: what was meant by it, as in `Ledger`. */
  readonly intent?: string
  /** Of a poll whose answer came whole: where the job is, in it. */
  readonly told?: "submitted" | "queued" | "running" | "ended"
  /** Until when the link in that answer is good: milliseconds since the epoch. */
  readonly linkGoodUntil?: number
  /** What a 429 asked for, in milliseconds. */
  readonly retryAfter?: number
  /** Of a submission: its fields, without keys; what is long is cut. Of the newest entries only. */
  readonly body?: unknown
  /** What was answered; what is long is cut, and of bytes there is the number. Of the newest entries only. */
  readonly answer?: { readonly headers: Readonly<Record<string, string>>; readonly body: unknown }
  /** Of a request that found no route: what it may have meant, and what differs. */
  readonly nearest?: ReadonlyArray<Near>
  /** Not about a job that its sender has: another key's, none at all, or by a link that was never given. */
  readonly isStray?: true
  /** Not the client's: a gateway of this mock asked, on its behalf. */
  readonly isUpstream?: true
  /** The name of the fault that shows in the answer. */
  readonly fault?: string
  /** How the connection broke. */
  readonly cut?: "drop" | "reset" | "stall"
  /** The API itself never had the request: a fault lost it on its way. */
  readonly received?: false
  /** A key that the mock accepts came with it. */
  readonly authorised: boolean
  /** A key was sent to a file, which needs none: a leak, as files are elsewhere than the API. */
  readonly keySent?: true
  /** That file was asked for at an origin at which the API is asked, too. */
  readonly isAtApi?: true
  /** By lower-case name; keys are replaced by `[redacted]`. */
  readonly headers: Readonly<Record<string, string>>
}

/** Of a request that a host has readdressed: the origin that its client asked. In no journal. */
export const originHeader = "x-mock-origin"

const redacted = "[redacted]"

/** The key of a request: what follows `Bearer`. */
export const keyOf = (headers: Headers): string | undefined => /^bearer +(\S.*)$/i.exec(headers.get("authorization") ?? "")?.[1]?.trim()

/** What of a request's authorization is secret, whatever its scheme. */
export const secretOf = (headers: Headers): string | undefined =>
  keyOf(headers) ?? (/^(?:\w+ +)?(\S.*)$/.exec(headers.get("authorization") ?? "")?.[1]?.trim() || undefined)

/** The headers that keys are sent in. That of a user's own proxy is none of the API's. */
const keyHeader =
  /^(?!proxy-|(?:x-)?idempotency-key$)(?:.*-)?(?:auth|authorization|authentication|(?:api)?key|token|secret|credentials?)(?:-.*)?$/

/** From so many letters on, a key is nothing else if it stands within something. */
const unmistakable = 8

const holds = (text: string, key: string): boolean => text === key || (key.length >= unmistakable && text.includes(key))

/** What a signed link has by itself. */
const ofLink: ReadonlySet<string> = new Set(["expires", "signature", "hop"])

/** Whether a key came along: in such a header, or, if it is known, anywhere in headers and query. */
export const carriesKey = (headers: Headers, query: URLSearchParams, key: string | undefined): boolean =>
  Array.from(headers).some(([name]) => keyHeader.test(name)) ||
  (key !== undefined &&
    [...headers.values(), ...Array.from(query, ([name, value]) => (ofLink.has(name) ? "" : value))].some((value) => holds(value, key)))

/** A path without the key: as a part of its own, or, if it is long enough to be nothing else, anywhere. */
export const pathWithout = (path: string, key: string | undefined): string => {
  if (key === undefined) return path
  return path
    .split("/")
    .map((part) =>
      part === key || part === encodeURIComponent(key) ? redacted : key.length < unmistakable ? part : part.replaceAll(key, redacted)
    )
    .join("/")
}

/** Headers without keys, wherever in them they stand. `keys`: those that are known. */
export const redact = (headers: Headers, keys: ReadonlyArray<string>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Array.from(headers).flatMap(([name, value]) => {
      if (name === originHeader) return []
      if (name === "authorization") return [[name, keyOf(headers) === undefined ? redacted : `Bearer ${redacted}`]]
      if (isSecretHeader(name)) return [[name, redacted]]
      return [[name, keys.reduce((text, key) => (holds(text, key) ? text.replaceAll(key, redacted) : text), value)]]
    })
  )

/** More than any test needs; keeps a mock that runs for weeks from growing. */
const limit = 100_000
/** So many keep what was sent and answered. */
const whole = 5000

/** Entries in the order of arrival; at the limit the oldest go. */
export class Journal {
  private kept: Array<Entry> = []
  private dropped = 0

  get entries(): ReadonlyArray<Entry> {
    return this.kept
  }

  /** How many entries came before the first that is kept. */
  get first(): number {
    return this.dropped
  }

  /** Adds an entry, and gives a function that completes it. */
  begin(entry: Entry): (answered: Partial<Entry>) => Entry {
    if (this.kept.length >= limit) {
      this.kept = this.kept.slice(limit / 10)
      this.dropped += limit / 10
    }
    this.kept.push(entry)
    const old = this.kept.length - 1 - whole
    const { answer, body, ...bare } = this.kept[old] ?? entry
    if (old >= 0 && (answer !== undefined || body !== undefined)) this.kept[old] = bare
    return (answered) => {
      const complete = { ...entry, ...answered }
      const index = this.kept.lastIndexOf(entry)
      if (index >= 0) this.kept[index] = complete
      return complete
    }
  }

  clear(): void {
    this.kept = []
    this.dropped = 0
  }
}
