/** What a client sends by if it has `fetch`: what only downloads need is loaded with the first one. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { Outbound } from "../transport/exchange.ts"
import { overFetch } from "../transport/overFetch.ts"

/**
 * All requests go through `fetch`. Default: the platform's, as it is at the time of each request.
 *
 * @category constructors
 * @since 0.1.0
 */
export const byFetch = (fetch?: typeof globalThis.fetch): Outbound => ({
  transport: overFetch(fetch),
  downloads: Effect.flatMap(
    Effect.promise(() => import("../transport/FetchTransport.ts")),
    ({ layer }) => Layer.buildWithScope(layer(fetch), Scope.makeUnsafe())
  )
})
