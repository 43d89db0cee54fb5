/**
 * `fetch` as what an Effect program sends by. Effect's own `FetchHttpClient.layer` works as well, at half as much again for each poll.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import { overFetch } from "./overFetch.ts"
import { through } from "./Transport.ts"

/**
 * An `HttpClient` over `fetch`, whose requests to a provider's API go through `fetch` itself. Default: the platform's, as it is at the time of each
 * request.
 *
 * **Example** (A page in Effect)
 *
 * ```ts
 * import { FetchTransport, Job } from "@reelay/core"
 * import { xai } from "@reelay/providers/xai"
 * import * as Effect from "effect/Effect"
 *
 * export const film = (apiKey: string, prompt: string) =>
 *   Effect.flatMap(Job.submit(xai({ apiKey }), { prompt }), ({ result }) => result).pipe(Effect.provide(FetchTransport.layer()))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (fetch?: typeof globalThis.fetch): Layer.Layer<HttpClient.HttpClient> => {
  const bare =
    fetch === undefined ? FetchHttpClient.layer : Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, fetch))
  const marked = Effect.map(HttpClient.HttpClient, (client) =>
    // A client of its own: what the platform package made may be shared.
    through(
      HttpClient.transform(client, (sent) => sent),
      overFetch(fetch)
    )
  )
  return Layer.provide(Layer.effect(HttpClient.HttpClient, marked), bare)
}
