/** effect's client over `fetch`, whose requests to a provider's API go through `fetch` itself. */
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import { overFetch } from "./overFetch.ts"
import { through } from "./Transport.ts"

/** Default: the platform's, as it is at the time of each request. */
export const fetchClient = (fetch?: typeof globalThis.fetch): Layer.Layer<HttpClient.HttpClient> => {
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
