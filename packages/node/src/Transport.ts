/**
 * The transport on Node: undici's pool, bounded, without the cost of `fetch`.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Agent } from "@effect/platform-node/Undici"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"

/** @category models */
export interface Options {
  /** Connections to each origin at the most. Requests beyond it wait for a free one. Absent: 32. */
  readonly connections?: number | undefined
  /** Milliseconds that connecting may take. Absent: 10 seconds. */
  readonly connectTimeout?: number | undefined
}

const settings = ({ connections = 32, connectTimeout = 10_000 }: Options): Agent.Options => ({
  connections,
  connect: { timeout: connectTimeout },
  // A sleeping job needs no socket; its next look comes seconds later.
  keepAliveTimeout: 4000
})

/**
 * Layer for the transport. Its connections are closed when the layer is.
 *
 * **Example** (Choosing the transport at the edge of a program)
 *
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Job } from "@reelay/core"
 * import { Transport } from "@reelay/node"
 * import { xai } from "@reelay/providers/xai"
 *
 * export const program = Effect.provide(
 *   Effect.flatMap(Job.submit(xai({ apiKey: "xai-..." }), { prompt: "A candle flickers." }), (handle) => handle.result),
 *   Transport.layer()
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<HttpClient.HttpClient> =>
  Layer.provide(NodeHttpClient.layerUndiciNoDispatcher, NodeHttpClient.layerDispatcherOptions(settings(options)))

/**
 * The transport as a value, for programs without layers. Idle connections do not keep the process alive.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): HttpClient.HttpClient =>
  Effect.runSync(Effect.provideService(NodeHttpClient.makeUndici, NodeHttpClient.Dispatcher, new Agent(settings(options))))
