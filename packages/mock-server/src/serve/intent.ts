/** What was meant by a submission: two that mean the same are one video, however often it is asked for. */
import type { Body } from "../base/body.ts"
import * as Hash from "../base/hash.ts"

/**
 * The header that names an intention, for clients that mean it when they submit the same body twice: another name is another intention.
 *
 * @category constants
 * @since 0.1.0
 */
export const intentHeader = "x-reelay-intent"

/** The same for the same body under the same key, unless the client says otherwise. Never the key itself. */
export const intentOf = (provider: string, owner: string, headers: Headers, body: Body): string => {
  const said = headers.get(intentHeader) ?? headers.get("idempotency-key") ?? headers.get("x-idempotency-key")
  return `${provider}-${Hash.hex(`intent ${owner} ${said ?? JSON.stringify(body)}`, 12)}`
}
