/**
 * What a transport that sees its connections tells the engine: whether a request was surely not sent, and when its first byte is about to go.
 *
 * Any effect `HttpClient` will do without: then a request counts as begun when it is handed over, and as surely not sent by the error codes
 * that Node and undici document.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as HttpClient from "effect/http/HttpClient"

/**
 * The cause of a request that failed before its first byte: nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class NeverSent extends Error {
  override readonly name = "NeverSent"
}

/**
 * The last word before the first byte of a request: `false` sends nothing, and the request fails with `NeverSent`. A transport that was passed
 * to `announcing` calls it once the connection is there, in one step with sending. Default: everything is sent.
 *
 * @category services
 * @since 0.1.0
 */
export const BeforeFirstByte: Context.Reference<() => boolean> = Context.Reference<() => boolean>(
  "@reelay/core/Transport/BeforeFirstByte",
  {
    defaultValue: () => () => true
  }
)

const announcers = new WeakSet<HttpClient.HttpClient>()

/**
 * Marks a client that calls `BeforeFirstByte`, and fails with `NeverSent` as the cause if it did not come to that. Whatever is made of it by
 * `HttpClient.mapRequest` and the like is not marked, and works as any other.
 *
 * @category constructors
 * @since 0.1.0
 */
export const announcing = (client: HttpClient.HttpClient): HttpClient.HttpClient => {
  announcers.add(client)
  return client
}

/**
 * Whether a client was passed to `announcing`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isAnnouncing = (client: HttpClient.HttpClient): boolean => announcers.has(client)
