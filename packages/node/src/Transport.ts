/**
 * The transport on Node: undici's pool, bounded, without the cost of `fetch`.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type { Dispatcher } from "@effect/platform-node/Undici"
import { PublicNetwork } from "@reelay/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import { dispatchers } from "./internal/dispatcher.ts"

/** @category models */
export interface Options {
  /** Connections to each origin at the most. Requests beyond it wait for a free one. Absent: 32. */
  readonly connections?: number | undefined
  /** Milliseconds that connecting may take. Absent: 10 seconds. */
  readonly connectTimeout?: number | undefined
  /**
   * The proxy for all requests: `"http://host:port"`, with `user:password@` where it wants them, or `"environment"` for what `HTTP_PROXY`,
   * `HTTPS_PROXY` and `NO_PROXY` say (also in lower case; this machine itself is never asked for there). https goes through it in a tunnel that shows it the host and no more; plain http it
   * reads. The proxy resolves the names, so that only the addresses which links spell out can be judged as private. Absent: none.
   */
  readonly proxy?: string | undefined
}

/**
 * Layer for the transport, with `PublicNetwork.Client` for links that lead away from the API: it refuses names that resolve to private
 * addresses. Its connections are closed when the layer is. A `proxy` that can't be one is a `TypeError`.
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
 *   Transport.layer({ proxy: "environment" })
 * )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<HttpClient.HttpClient> =>
  Layer.effectContext(
    Effect.acquireRelease(
      Effect.sync(() => dispatchers(options)),
      ({ api, links }) => Effect.promise(() => Promise.all([api.destroy(), links.destroy()]))
    ).pipe(Effect.flatMap(({ api, links }) => Effect.map(Effect.all([over(api), over(links)]), ([first, second]) => both(first, second))))
  )

/**
 * What `layer` provides as a value, for programs without layers. Idle connections do not keep the process alive. Throws a `TypeError`
 * where `proxy` can't be one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const context = (options: Options = {}): Context.Context<HttpClient.HttpClient> => {
  const { api, links } = dispatchers(options)
  return both(Effect.runSync(over(api)), Effect.runSync(over(links)))
}

/**
 * The transport alone, as a value. What the names of links resolve to is not looked at: for downloads take `context` or `layer`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): HttpClient.HttpClient => Context.get(context(options), HttpClient.HttpClient)

const over = (dispatcher: Dispatcher): Effect.Effect<HttpClient.HttpClient> =>
  Effect.provideService(NodeHttpClient.makeUndici, NodeHttpClient.Dispatcher, dispatcher)

const both = (api: HttpClient.HttpClient, links: HttpClient.HttpClient): Context.Context<HttpClient.HttpClient> =>
  Context.add(Context.make(HttpClient.HttpClient, api), PublicNetwork.Client, links)
