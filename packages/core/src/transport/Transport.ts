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

export { bodyLimit, held, type Incoming, NeverSent, type NoAnswer, type Outgoing, type Transport } from "./exchange.ts"
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
}

const announcers = new WeakMap<HttpClient.HttpClient, Announcer>()

/**
 * Marks a client that calls `BeforeFirstByte`, and fails with `NeverSent` as the cause if a request ended before its first byte. `connections` is how
 * many submissions it sends at once to one origin: others wait before they write their intent. With `transport`, requests to a provider's API go
 * through that, at a fraction of the cost. A client that `HttpClient.mapRequest` and the like derive from it is not marked, and works as any other.
 *
 * @category constructors
 * @since 0.1.0
 */
export const announcing = (
  client: HttpClient.HttpClient,
  { connections, transport }: { readonly connections: number; readonly transport?: Transport | undefined }
): HttpClient.HttpClient => {
  announcers.set(client, { connections, transport })
  return client
}

/**
 * How many submissions a client that was passed to `announcing` sends at once to one origin. `undefined`: it was not.
 *
 * @category guards
 * @since 0.1.0
 */
export const connectionsOf = (client: HttpClient.HttpClient): number | undefined => announcers.get(client)?.connections

const transports = new WeakMap<HttpClient.HttpClient, Transport>()

/**
 * Marks a client whose requests to a provider's API go through a transport. All else goes through the client.
 *
 * @category constructors
 * @since 0.1.0
 */
export const through = (client: HttpClient.HttpClient, transport: Transport): HttpClient.HttpClient => {
  transports.set(client, transport)
  return client
}

/** The transport that requests to a provider's API go through instead of the client itself, if it was marked with one. */
export const transportOf = (client: HttpClient.HttpClient): Transport | undefined =>
  transports.get(client) ?? announcers.get(client)?.transport

/** What requests to a provider's API go through. Not an `HttpClient`, so that a page that has `fetch` does not load one. */
export class ApiTransport extends Context.Service<ApiTransport, Transport>()("@reelay/core/Transport/ApiTransport") {}

const lines = new WeakMap<Transport, Map<string, Semaphore.Semaphore>>()

/** Where submissions to an origin wait for a connection. `undefined`: the transport has no limit. */
export const submissionsOf = (transport: Transport, origin: string): Semaphore.Semaphore | undefined => {
  if (transport.submissions === undefined) return undefined
  const known = lines.get(transport) ?? new Map<string, Semaphore.Semaphore>()
  lines.set(transport, known)
  const line = known.get(origin) ?? Semaphore.makeUnsafe(transport.submissions)
  known.set(origin, line)
  return line
}
