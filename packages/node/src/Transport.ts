/**
 * The transport on Node: undici's pool, bounded, without the cost of `fetch`.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type { Dispatcher } from "@effect/platform-node/Undici"
import { PublicNetwork, Transport as CoreTransport } from "@reelay/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import { beforeFirstByte, type Dispatchers, dispatchers } from "./internal/dispatcher.ts"
import type { Options } from "./internal/options.ts"
import { overDispatcher } from "./internal/overDispatcher.ts"

export type {
  /** @category models */
  Options
} from "./internal/options.ts"

/**
 * Layer for the transport, with `PublicNetwork.Client` for links that lead away from the API: it refuses names that resolve to private
 * addresses. Its connections are closed when the layer is. A `proxy` that can't be one is a `TypeError`, any other wrong option a `RangeError`.
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
      // A submission that has begun is cut by nobody: its connections close when it is over.
      ({ api, links, posts }) =>
        Effect.promise(() => {
          posts.close().catch(() => undefined)
          return Promise.all([...(posts === api ? [] : [api.destroy()]), links.destroy()])
        })
    ).pipe(Effect.flatMap(clients))
  )

/**
 * What `layer` provides as a value, for programs without layers. Idle connections do not keep the process alive. Throws a `TypeError`
 * if `proxy` can't be one, and a `RangeError` for any other wrong option.
 *
 * @category constructors
 * @since 0.1.0
 */
export const context = (options: Options = {}): Context.Context<HttpClient.HttpClient> => {
  return Effect.runSync(clients(dispatchers(options)))
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

const clients = ({ links, ...both }: Dispatchers): Effect.Effect<Context.Context<HttpClient.HttpClient>> =>
  Effect.map(Effect.all([over(both.api), over(both.posts), over(links)]), ([asking, posting, linked]) => {
    const client = byMethod(asking, posting, { connections: both.sending, transport: overDispatcher(both) })
    return Context.add(Context.make(HttpClient.HttpClient, client), PublicNetwork.Client, linked)
  })

/** What changes something at the other end goes by a connection of its own, and is announced. */
const byMethod = (
  asking: HttpClient.HttpClient,
  posting: HttpClient.HttpClient,
  announcement: { readonly connections: number; readonly transport: CoreTransport.Transport }
): HttpClient.HttpClient =>
  CoreTransport.announcing(
    HttpClient.makeWith<never, never, HttpClientError.HttpClientError, never>(
      Effect.flatMap((request) => {
        if (request.method === "GET" || request.method === "HEAD") return asking.execute(request)
        return Effect.flatMap(CoreTransport.BeforeFirstByte, (mayGo) =>
          Effect.updateService(posting.execute(request), NodeHttpClient.UndiciOptions, (given) => ({ ...given, [beforeFirstByte]: mayGo }))
        )
      }),
      Effect.succeed
    ),
    announcement
  )
