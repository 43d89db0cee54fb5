import { Artifact, Job } from "@reelay/core"
import { serve } from "@reelay/mock-server/node"
import { Transport } from "@reelay/node"
import { xai } from "@reelay/providers/xai"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Otlp from "effect/observability/Otlp"

const mock = await serve({ duration: 3000 })
const provider = xai({ apiKey: "sk-of-the-example", baseUrl: `${mock.url}/xai` })

// Spans, metrics and logs go to an OpenTelemetry collector; the rest is sent when the program ends.
const telemetry = Otlp.layerJson({
  baseUrl: process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? "http://localhost:4318",
  resource: { serviceName: "films" }
})

const film = Effect.gen(function* () {
  const handle = yield* Job.submit(provider, { prompt: "mock:flaky A red fox in the snow.", duration: 6 }, { pace: "500 millis" })
  const video = yield* handle.result
  return (yield* Artifact.bytes(provider, video)).byteLength
}).pipe(Effect.withSpan("film"))

console.log("bytes:", await Effect.runPromise(Effect.provide(film, Layer.provideMerge(telemetry, Transport.layer()))))
await mock.close()
