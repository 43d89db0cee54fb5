/**
 * What a client of the Promise API sends by, for programs that have an effect `HttpClient`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import { transportBy } from "./overHttpClient.ts"
import type { Outbound } from "./exchange.ts"

export type { Outbound } from "./exchange.ts"

/**
 * All requests go through the `HttpClient` of a context, as far as it isn't marked with a transport.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromContext = (context: Context.Context<HttpClient.HttpClient>): Outbound => ({
  transport: transportBy(Context.get(context, HttpClient.HttpClient)),
  downloads: Effect.succeed(context)
})
