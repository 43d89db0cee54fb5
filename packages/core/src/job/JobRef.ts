/**
 * Where a job is: enough to find it again from another process, tab or machine. Never contains a secret.
 *
 * @since 0.1.0
 */

/**
 * A serialisable reference to a job at a provider.
 *
 * @category models
 * @since 0.1.0
 */
export interface JobRef {
  /** The provider's name in Reelay, such as `xai`. */
  readonly provider: string
  /** The kind of request. Some providers serve each kind under its own path. */
  readonly kind: Kind
  /** The provider's own id of the job. */
  readonly id: string
  /** Scheme, host and path prefix that the job was submitted to, without a slash at the end. */
  readonly baseUrl: string
  /** A label, or a fingerprint of the key: an id is valid only under the account that created it. Absent if unknown. */
  readonly account?: string | undefined
  /** When the job was submitted: milliseconds since the epoch, our clock. */
  readonly submittedAt: number
  /** Where the provider puts the video itself, if the request asked for that: an address without its signature. */
  readonly deliversTo?: string | undefined
  /** The model that it was submitted to, for what is learned of durations. `toUri` leaves it out: a reference that was pasted does not have it. */
  readonly model?: string | undefined
  /** The length that was asked for, in seconds: the same. */
  readonly seconds?: number | undefined
}

/** @category models */
export type Kind = "generation" | "edit" | "extension"

const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["generation", "generation"],
  ["edit", "edit"],
  ["extension", "extension"]
])

/**
 * Writes a reference as a URI that people can read, paste and keep.
 *
 * **Example** (Writing a reference)
 *
 * ```ts
 * import { JobRef } from "@reelay/core"
 *
 * const ref: JobRef.JobRef = { provider: "xai", kind: "generation", id: "a3d1", baseUrl: "https://api.x.ai", submittedAt: 1773297002000 }
 * JobRef.toUri(ref) // => "reelay:xai/generation/a3d1?v=1&base=https%3A%2F%2Fapi.x.ai&at=1773297002000"
 * ```
 *
 * @category converting
 * @since 0.1.0
 */
export const toUri = (ref: JobRef): string => {
  const query = new URLSearchParams({ v: "1", base: ref.baseUrl })
  if (ref.account !== undefined) query.set("account", ref.account)
  query.set("at", String(ref.submittedAt))
  if (ref.deliversTo !== undefined) query.set("to", ref.deliversTo)
  return `reelay:${encodeURIComponent(ref.provider)}/${ref.kind}/${encodeURIComponent(ref.id)}?${query}`
}

/**
 * One text per job: the same for all references of it, whenever and by whichever of an account's names it was submitted.
 *
 * @category converting
 * @since 0.1.0
 */
export const jobKey = (ref: JobRef): string => toUri({ ...ref, account: undefined, submittedAt: 0, deliversTo: undefined })

/**
 * Reads what `toUri` wrote. Total: any text gives a reference, or a message about what is wrong with it.
 *
 * Parameters that a later version may add are ignored; another version number is refused.
 *
 * @category converting
 * @since 0.1.0
 */
export const fromUri = (text: string): JobRef | string => {
  const match = /^reelay:([^/?#]+)\/([^/?#]+)\/([^/?#]+)\?([^#]+)$/.exec(text.trim())
  if (match === null) return "does not have the form reelay:{provider}/{kind}/{id}?v=1&base=...&at=..."
  const [, provider, kindText, id] = match.map(decoded)
  const query = new URLSearchParams(match[4])
  const kind = kinds.get(kindText ?? "")
  const baseUrl = query.get("base") ?? ""
  const account = query.get("account")
  const deliversTo = query.get("to")
  const submittedAt = Number(query.get("at") ?? Number.NaN)
  if (query.get("v") !== "1") return `has version ${query.get("v") ?? "none"}; this Reelay reads version 1`
  if (provider === undefined || id === undefined) return "is not percent-encoded as a URI"
  if (kind === undefined) return `has an unknown kind; known are ${[...kinds.keys()].join(", ")}`
  if (!isBaseUrl(baseUrl)) return "has a base that isn't an http or https address"
  if (!Number.isSafeInteger(submittedAt)) return "has a time (at) that isn't a number of milliseconds"
  return {
    provider,
    kind,
    id,
    baseUrl,
    submittedAt,
    ...(account === null ? {} : { account }),
    ...(deliversTo === null ? {} : { deliversTo })
  }
}

/**
 * Whether a text can be the base URL of an API: http or https, no query, no fragment, no user name, no slash at the end.
 *
 * @category guards
 * @since 0.1.0
 */
export const isBaseUrl = (text: string): boolean => {
  if (!URL.canParse(text) || text.endsWith("/")) return false
  const url = new URL(text)
  return (url.protocol === "https:" || url.protocol === "http:") && `${url.search}${url.hash}${url.username}${url.password}` === ""
}

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
