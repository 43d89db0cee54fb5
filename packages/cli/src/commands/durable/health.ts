/** What a worker tells over HTTP: `/healthz`, and `/metrics` for Prometheus. */
import { Durable } from "@reelay/durable"
import * as Effect from "effect/Effect"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import type * as Scope from "effect/Scope"
import { createServer } from "node:http"
import type { JobError } from "@reelay/core"
import { invalid } from "./database.ts"

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

const health = Effect.map(Durable.health, ({ database, ...rest }): Answer => {
  const isWell = database === "reachable"
  return {
    status: isWell ? 200 : 503,
    type: "application/json",
    body: `${JSON.stringify({ status: isWell ? "ok" : "failing", database, ...rest })}\n`
  }
})

const metrics = Effect.map(Effect.andThen(Durable.health, PrometheusMetrics.format()), (body): Answer => ({
  status: 200,
  type: "text/plain; version=0.0.4",
  body
}))

/** Serves until its scope closes. It listens on every address: a container's probe comes from outside. */
export const serveHealth = Effect.fnUntraced(function* (
  port: number
): Effect.fn.Return<void, JobError.JobError, Durable.Durable | Durable.Working | Scope.Scope> {
  const context = yield* Effect.context<Durable.Durable | Durable.Working>()
  const answer = (path: string | undefined): Promise<Answer> => {
    if (path === "/healthz") return Effect.runPromise(Effect.provideContext(health, context))
    if (path === "/metrics") return Effect.runPromise(Effect.provideContext(metrics, context))
    return Promise.resolve({ status: 404, type: "text/plain", body: "There are /healthz and /metrics.\n" })
  }
  const server = createServer((request, response) => {
    const end = ({ body, status, type }: Answer) => response.writeHead(status, { "content-type": type }).end(body)
    answer(request.url?.split("?")[0]).then(end, () => end({ status: 500, type: "text/plain", body: "It could not be told.\n" }))
  })
  yield* Effect.acquireRelease(
    Effect.callback<void, JobError.JobError>((resume) => {
      server.once("error", ({ message }) => resume(Effect.fail(invalid("port", `is ${port}, and can't be listened on: ${message}`))))
      server.listen(port, () => resume(Effect.void))
    }),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )
})
