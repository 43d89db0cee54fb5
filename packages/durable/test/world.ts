/** A mock provider, a database, and processes on it: each has its own connection, as if it ran elsewhere. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Transport } from "@reelay/node"
import { serve, type MockServer } from "@reelay/mock-server/node"
import { xai } from "@reelay/providers/xai"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import type * as SqlClient from "effect/sql/SqlClient"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestContext } from "vitest"
import { ArtifactStore, Durable } from "../src/index.ts"
import type { Database } from "./databases.ts"

type Services = Durable.Durable | SqlClient.SqlClient | HttpClient.HttpClient | FileSystem.FileSystem

export interface Process {
  readonly run: <A, E>(work: Effect.Effect<A, E, Services>) => Promise<A>
  /** Leaves as SIGTERM makes it leave. */
  readonly stop: () => Promise<void>
}

export interface World {
  readonly mock: MockServer
  readonly out: string
  readonly process: (worker?: Partial<Durable.WorkerOptions>) => Promise<Process>
  /** POSTs that the provider has accepted. */
  readonly paid: () => number
}

export const worldOf = async (
  { onTestFinished }: Pick<TestContext, "onTestFinished">,
  database: Database,
  duration = 300,
  latency?: number
): Promise<World> => {
  const mock = await serve({ port: 0, duration, ...(latency === undefined ? {} : { latency }) })
  onTestFinished(() => mock.close())
  const out = mkdtempSync(join(tmpdir(), "reelay-videos-"))
  const provider = xai({ apiKey: "key-of-the-test", baseUrl: `${mock.url}/xai` })
  return {
    mock,
    out,
    paid: () => mock.mock.jobs.length,
    process: async (worker) => {
      const base = Durable.layer({ lease: "3 seconds", pollInterval: "50 millis" }).pipe(
        Layer.provideMerge(database.client()),
        Layer.merge(Transport.layer()),
        Layer.merge(NodeFileSystem.layer),
        Layer.merge(Logger.layer([]))
      )
      const options: Durable.WorkerOptions = {
        providers: [provider],
        artifacts: ArtifactStore.folder(out, { allowPrivateAddresses: true }),
        watch: { pace: "100 millis" },
        concurrency: 8,
        ...worker
      }
      const layer: Layer.Layer<Services, unknown> = worker === undefined ? base : Durable.worker(options).pipe(Layer.provideMerge(base))
      const scope = Scope.makeUnsafe()
      const context = await Effect.runPromise(Layer.buildWithScope(Layer.fresh(layer), scope))
      let isStopped = false
      const stop = async () => {
        if (isStopped) return
        isStopped = true
        await Effect.runPromise(Scope.close(scope, Exit.void))
      }
      onTestFinished(stop)
      return {
        run: (work) => Effect.runPromise(Effect.provideContext(work, context)),
        stop
      }
    }
  }
}
