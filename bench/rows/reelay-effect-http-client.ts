import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { effect } from "./parts/reelay.ts"

/** Any `HttpClient` of effect's will do: this is its own over undici, with as many connections as `@reelay/node` has. */
export const row = effect({
  kind: "http-client",
  title: "effect's HttpClient",
  layer: NodeHttpClient.layerUndiciOptions({ connections: 32 })
})
