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
import * as Semaphore from "effect/Semaphore"

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

/**
 * One request, complete: the key and all other headers are in it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Outgoing {
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  /** With scheme and host. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

/**
 * What came back: any status from 200 on, any bytes.
 *
 * @category models
 * @since 0.1.0
 */
export interface Incoming {
  readonly _tag: "Incoming"
  readonly status: number
  /** Names in lower case; several values of one name are joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The body as text, its content coding undone, cut after `bodyLimit` bytes. */
  readonly body: string
}

/**
 * No answer. `unsent` is certain: the connection was never made, so the provider can't have accepted anything. `held`: it was not sent because
 * it was not to be sent any more, which says nothing of the address.
 *
 * @category models
 * @since 0.1.0
 */
export interface NoAnswer {
  readonly _tag: "NoAnswer"
  readonly because: "unsent" | "held" | "network" | "timeout"
  readonly detail: string
}

/**
 * The largest body that is read, in bytes of what comes out of its content coding: answers of these APIs are a few KB. What is longer is
 * cut, and so unreadable as JSON.
 *
 * @category constants
 * @since 0.1.0
 */
export const bodyLimit: number = 1024 * 1024

/**
 * One request out, one answer back, without a fiber or a stream for it: what polls go through. It follows no redirect, and has no timeouts of its
 * own; whoever sends aborts what takes too long.
 *
 * @category models
 * @since 0.1.0
 */
export interface Transport {
  /** How many requests it has in flight at once to one origin. The engine keeps more than that in a line of its own. */
  readonly capacity: number
  /**
   * Sends a request. `done` is called once, and maybe before `send` returns. What `send` answers with aborts the request; after that
   * `done` is not called. Never throws. The context is that of the watch session, for a transport that runs effects.
   */
  readonly send: (request: Outgoing, done: (outcome: Incoming | NoAnswer) => void, context: Context.Context<never>) => () => void
}

interface Announcer {
  readonly connections: number
  readonly transport: Transport | undefined
  readonly lines: Map<string, Semaphore.Semaphore>
}

const announcers = new WeakMap<HttpClient.HttpClient, Announcer>()

/**
 * Marks a client that calls `BeforeFirstByte`, and fails with `NeverSent` as the cause if it did not come to that. `connections` is how many
 * submissions it sends at once to one origin: others wait before they write their intent. With `transport` polls go through that, at a
 * fraction of the cost. Whatever is made of the client by `HttpClient.mapRequest` and the like is not marked, and works as any other.
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

/** What polls go through instead of the client itself, if it was marked with one. */
export const transportOf = (client: HttpClient.HttpClient): Transport | undefined => announcers.get(client)?.transport

/** Where submissions to an origin wait for a connection of a client that was passed to `announcing`. */
export const lineOf = (client: HttpClient.HttpClient, origin: string): Semaphore.Semaphore | undefined => {
  const announcer = announcers.get(client)
  if (announcer === undefined) return undefined
  const line = announcer.lines.get(origin) ?? Semaphore.makeUnsafe(announcer.connections)
  announcer.lines.set(origin, line)
  return line
}
