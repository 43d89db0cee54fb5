/** Why a candidate gave no video. */
import * as Effect from "effect/Effect"
import { excerpt } from "../base/Text.ts"
import type { Artifact } from "../job/Reading.ts"

export interface Miss {
  readonly _tag: "Miss"
  /**
   * `again`: may pass by itself. `later`: the server says that the video is not ready yet. `expired`: a fresh link may help. `never`: this
   * candidate isn't a video.
   */
  readonly kind: "again" | "later" | "expired" | "never"
  readonly detail: string
  /** Milliseconds of the server's `Retry-After`. */
  readonly retryAfter?: number | undefined
  /** Present if the address was refused. */
  readonly forbidden?: { readonly address: string; readonly rule: string }
  /** Present if the answer names another place. */
  readonly link?: Artifact | undefined
}

export const missOf = (kind: Miss["kind"], detail: string): Miss => ({ _tag: "Miss", kind, detail: excerpt(detail) })

export const miss = (kind: Miss["kind"], detail: string): Effect.Effect<never, Miss> => Effect.fail(missOf(kind, detail))

export const forbidden = (address: string, because: string): Miss => {
  const rule = `${because}, and the API is a public one (allowPrivateAddresses: true allows it)`
  return { ...missOf("never", `${address} ${rule}`), forbidden: { address, rule } }
}

/** Scheme, host and path: a signature would be in the query. */
export const where = (url: string): string => (URL.canParse(url) ? `${new URL(url).origin}${new URL(url).pathname}` : "the link")
