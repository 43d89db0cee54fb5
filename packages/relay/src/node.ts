/**
 * The relay on Node: undici's pool to the providers, and an adapter for `node:http`, Express and Connect.
 *
 * @since 0.1.0
 */
import { Transport } from "@reelay/node"
import * as Layer from "effect/Layer"
import { createRelay as createWebRelay, type Relay } from "./createRelay.ts"
import type { RelayOptions } from "./jobs/options.ts"

export { type Listener, listener, type NodeRequest } from "./node/listener.ts"

/**
 * Makes a relay whose requests to providers go through undici's bounded pool, which also refuses links into private networks by what their names
 * resolve to.
 *
 * **Example** (A relay for Express)
 *
 * ```ts
 * import { xai } from "@reelay/providers/xai"
 * import { FileJournal } from "@reelay/node"
 * import { createRelay, listener } from "@reelay/relay/node"
 * import { createServer } from "node:http"
 *
 * declare const userOf: (cookie: string | null) => string | undefined
 *
 * const relay = createRelay({
 *   providers: [xai({ apiKey: process.env["XAI_API_KEY"] ?? "" })],
 *   journal: FileJournal.make("/var/lib/videos"),
 *   authorize: (request) => {
 *     const user = userOf(request.headers.get("cookie"))
 *     return user === undefined ? undefined : { user }
 *   }
 * })
 *
 * createServer(listener(relay)).listen(3000)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const createRelay = (options: RelayOptions): Relay =>
  createWebRelay(options.fetch === undefined ? { transport: Layer.succeedContext(Transport.context()), ...options } : options)
