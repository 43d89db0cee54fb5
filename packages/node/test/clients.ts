/** The three ways in which programs on Node send: the client's own pool, `fetch`, and effect's `HttpClient`; over servers that a test runs. */
import { createServer, type RequestListener } from "node:http"
import { Dialect, Job, JobError, type JobRef, Limits } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Schema from "effect/Schema"
import { afterEach } from "vitest"
import { createClient } from "../src/client.ts"
import { tiny } from "./tiny.ts"

const closing: Array<() => void> = []
afterEach(() => closing.splice(0).forEach((close) => close()))

/** A server until the end of the test, and its base URL. */
export const serving = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  closing.push(
    () => server.closeAllConnections(),
    () => server.close()
  )
  const address = server.address()
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
}

export const key = "sk-super-secret-key"

const provider = tiny({
  submission: (value) => Effect.succeed({ kind: "generation", call: { method: "POST", path: "/jobs", body: { _tag: "Json", value } } }),
  receive: Dialect.receiver({
    id: (json) => Dialect.idAt(json, "id"),
    rows: [{ status: 503, code: "model_not_found", source: "this test", read: Dialect.declined("SubmitRejected") }]
  }),
  interpret: Dialect.interpreter({
    schema: Schema.Struct({ status: Schema.String }),
    word: ({ status }) => status,
    statuses: { running: "running", done: "failed" },
    read: {
      queued: () => ({ _tag: "Queued" }),
      running: () => ({ _tag: "Running" }),
      succeeded: () => ({ _tag: "Succeeded", artifacts: [] }),
      failed: () => ({ _tag: "Expired", billed: "unknown" }),
      expired: () => ({ _tag: "Expired", billed: "unknown" }),
      cancelled: () => ({ _tag: "Cancelled", by: "provider", billed: "unknown" })
    }
  })
})

/** The jobs of one account: an error as it is, and "good" or "an end" for any other outcome. */
interface Jobs {
  readonly submit: (prompt: string) => Promise<JobError.JobError | string>
  readonly watch: (id: string) => Promise<JobError.JobError | string>
}

const refOf = (baseUrl: string, id: string): JobRef.JobRef => ({
  provider: "tiny",
  kind: "generation",
  id,
  baseUrl,
  account: "me",
  submittedAt: 0
})

const client = (baseUrl: string, fetch?: typeof globalThis.fetch): Jobs => {
  const made = createClient({ provider: provider({ apiKey: key, account: "me", baseUrl }), limits: Limits.memory(), deadline: 400, fetch })
  return {
    submit: (prompt) => told(made.submit({ prompt })),
    watch: (id) => told(made.attach(refOf(baseUrl, id)).then((job) => job.result()))
  }
}

export const clients: Record<string, (baseUrl: string) => Jobs> = {
  "the dispatcher": (baseUrl) => client(baseUrl),
  fetch: (baseUrl) => client(baseUrl, globalThis.fetch),
  "an HttpClient": (baseUrl) => {
    const limits = Limits.memory()
    const there = provider({ apiKey: key, account: "me", baseUrl })
    const run = <A, E>(job: Effect.Effect<A, E, HttpClient.HttpClient>) =>
      told(Effect.runPromise(job.pipe(Effect.provide(FetchHttpClient.layer), Effect.provideService(Limits.Limits, limits))))
    return {
      submit: (prompt) => run(Job.submit(there, { prompt }, { deadline: 400 })),
      watch: (id) => run(Effect.flatMap(Job.attach(there, refOf(baseUrl, id), { deadline: 400 }), ({ result }) => result))
    }
  }
}

const told = (outcome: Promise<unknown>): Promise<JobError.JobError | string> =>
  outcome.then(
    () => "good",
    (error: unknown) => {
      if (error instanceof JobError.JobExpired) return "an end"
      if (error instanceof JobError.JobError) return error
      throw error
    }
  )

/** An outcome in short. */
export const inShort = (outcome: JobError.JobError | string): string =>
  typeof outcome === "string" ? outcome : `${outcome.reason._tag}, again: ${outcome.again}`
