/**
 * One request out, one answer back: the input and the output of a transport. Pure.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
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
  readonly body?: string | FormData | undefined
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
 * No answer. `unsent` is certain: the connection was never made, so the provider can't have accepted anything. `held`: the engine held it back before
 * it was sent, which says nothing about the address.
 *
 * @category models
 * @since 0.1.0
 */
export interface NoAnswer {
  readonly _tag: "NoAnswer"
  readonly because: "unsent" | "held" | "network" | "timeout"
  readonly detail: string
  /** Something in this process stopped it, as a guard in a test does: another try would be stopped too, and the address is not to blame. */
  readonly isFinal?: boolean | undefined
}

/**
 * The largest body that is read, in bytes after its content coding is undone: answers of these APIs are a few KB. A longer one is cut, and so
 * unreadable as JSON.
 *
 * @category constants
 * @since 0.1.0
 */
export const bodyLimit: number = 1024 * 1024

/** How many requests a transport that has no limit of its own sends at once to one origin: a process can usually open 1,024 files. */
export const atOnce = 256

/** A request that was held back: its caller did not want it any more, or its intent was too old. */
export const held: NoAnswer = { _tag: "NoAnswer", because: "held", detail: "it was not to be sent any more" }

/**
 * Sends one request and reads its answer, without a fiber or a stream for it. It follows no redirect and has no timeouts; its caller aborts what
 * takes too long.
 *
 * @category models
 * @since 0.1.0
 */
export interface Transport {
  /** How many requests it has in flight at once to one origin. The engine keeps the rest in a line of its own. */
  readonly capacity: number
  /** How many submissions it has in flight at once to one origin: others wait before they write their intent. Default: no limit. */
  readonly submissions?: number | undefined
  /**
   * Sends a request. `done` is called once, possibly before `send` returns. Returns a function that aborts the request; after that `done` is not
   * called. Never throws, and `done` must not. The context is that of the caller, for a transport that runs effects.
   *
   * `mayGo` is called once, directly before the first byte: in one step with sending if the transport sees its connections, else before the request
   * is passed on. If it returns `false`, nothing is sent, and the outcome is `held`.
   */
  readonly send: (
    request: Outgoing,
    done: (outcome: Incoming | NoAnswer) => void,
    context: Context.Context<never>,
    mayGo?: () => boolean
  ) => () => void
}

/**
 * What a client sends by.
 *
 * @category models
 * @since 0.1.0
 */
export interface Outbound {
  /** For requests to the provider's API. */
  readonly transport: Transport
  /** For downloads. It is asked for once, with the first of them. */
  readonly downloads: Effect.Effect<Context.Context<HttpClient.HttpClient>>
}
