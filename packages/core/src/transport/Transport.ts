/**
 * What a transport that sees its connections reports to the engine: whether a request was surely not sent, and when its first byte is about to be
 * sent.
 *
 * Any effect `HttpClient` works without this. Then a request counts as begun when it is passed to the client, and as surely not sent by the error
 * codes that Node and undici document.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as HttpClient from "effect/http/HttpClient"
import * as Semaphore from "effect/Semaphore"
import type { Transport } from "./exchange.ts"

export { bodyLimit, type Incoming, NeverSent, type NoAnswer, type Outgoing, type Transport } from "./exchange.ts"
export { failed, type Proof } from "./failure.ts"

/**
 * The last check before the first byte of a request: if it returns `false`, nothing is sent, and the request fails with `NeverSent`. A client that
 * was passed to `announcing` calls it when the connection is open, in one step with sending. Default: everything is sent.
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

interface Announcer {
  readonly connections: number
  readonly transport: Transport | undefined
  readonly lines: Map<string, Semaphore.Semaphore>
}

const announcers = new WeakMap<HttpClient.HttpClient, Announcer>()

/**
 * Marks a client that calls `BeforeFirstByte`, and fails with `NeverSent` as the cause if a request ended before its first byte. `connections` is how
 * many submissions it sends at once to one origin: others wait before they write their intent. With `transport`, polls go through that, at a fraction
 * of the cost. A client that `HttpClient.mapRequest` and the like derive from it is not marked, and works as any other.
 *
 * @category constructors
 * @since 0.1.0
 */
export const announcing = (
  client: HttpClient.HttpClient,
  { connections, transport }: { readonly connections: number; readonly transport?: Transport | undefined }
): HttpClient.HttpClient => {
  announcers.set(client, { connections, transport, lines: new Map() })
  return client
}

/**
 * Whether a client was passed to `announcing`.
 *
 * @category guards
 * @since 0.1.0
 */
export const isAnnouncing = (client: HttpClient.HttpClient): boolean => announcers.has(client)

const transports = new WeakMap<HttpClient.HttpClient, Transport>()

/**
 * Marks a client whose polls go through a transport. All else goes through the client.
 *
 * @category constructors
 * @since 0.1.0
 */
export const polling = (client: HttpClient.HttpClient, transport: Transport): HttpClient.HttpClient => {
  transports.set(client, transport)
  return client
}

/** The transport that polls go through instead of the client itself, if it was marked with one. */
export const transportOf = (client: HttpClient.HttpClient): Transport | undefined =>
  transports.get(client) ?? announcers.get(client)?.transport

/** Where submissions to an origin wait for a connection of a client that was passed to `announcing`. */
export const lineOf = (client: HttpClient.HttpClient, origin: string): Semaphore.Semaphore | undefined => {
  const announcer = announcers.get(client)
  if (announcer === undefined) return undefined
  const line = announcer.lines.get(origin) ?? Semaphore.makeUnsafe(announcer.connections)
  announcer.lines.set(origin, line)
  return line
}
