/**
 * Virtual time over real sockets: a client on Effect's TestClock and a served mock that keeps in step with it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Virtual from "./internal/virtual.ts"

/** @category models */
export interface Options {
  /** The mock, such as `http://127.0.0.1:8787`; served with its clock in lock step. */
  readonly url: string
  /** The transport of the program. Default: the platform's `fetch`. */
  readonly transport?: Layer.Layer<HttpClient.HttpClient> | undefined
  /** Real milliseconds without a sign of an answer after which it counts as stalled, and time moves on without it. Default: 500. */
  readonly stalledAfter?: number | undefined
}

/** @category models */
export interface Ran<A> {
  readonly value: A
  /** Virtual milliseconds that it took. */
  readonly elapsed: number
}

const Told = Schema.Struct({ mode: Schema.String, now: Schema.Finite })

/**
 * Runs a program whose time is a TestClock: it jumps from one sleep to the next, and never with a request in flight, so that none is skipped and
 * no deadline comes before an answer that is in flight. Each request tells the mock the time. A render of 25 minutes takes milliseconds, and the
 * client's cadence is in the mock's journal.
 *
 * Rejects with the program's own failure, if the mock is not in lock step, and if the program never ends.
 *
 * **Example** (25 minutes, in no time)
 *
 * ```ts
 * import { Job } from "@reelay/core"
 * import { serve } from "@reelay/mock-server/node"
 * import { xai } from "@reelay/providers/xai"
 * import { Lockstep } from "@reelay/testing"
 * import * as Effect from "effect/Effect"
 *
 * const { url, mock, close } = await serve({ clock: "lockstep" })
 * const provider = xai({ apiKey: "any-key", baseUrl: `${url}/xai` })
 * const { value, elapsed } = await Lockstep.run(
 *   Effect.flatMap(Job.submit(provider, { prompt: "A candle, mock:script=long" }, { deadline: "1 hour" }), (handle) => handle.result),
 *   { url }
 * )
 * console.log(value._tag, elapsed >= 25 * 60_000, mock.journal.length)
 * await close()
 * ```
 *
 * @category running
 * @since 0.1.0
 */
export const run = async <A, E>(
  program: Effect.Effect<A, E, HttpClient.HttpClient>,
  { stalledAfter = 500, transport = FetchHttpClient.layer, url }: Options
): Promise<Ran<A>> => {
  const start = await startOf(url)
  return Virtual.run(
    (world) =>
      Effect.gen(function* () {
        const client = yield* HttpClient.HttpClient
        const value = yield* Effect.provideService(program, HttpClient.HttpClient, stepping(client, world))
        return { value, elapsed: world.now() - start }
      }).pipe(Effect.provide(transport)),
    { start, stalledAfter, longest: 1_000_000 }
  )
}

/** The mock's time, from which the client starts. */
const startOf = (url: string): Promise<number> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const answer = yield* client.get(`${url}/__mock/clock`)
      const { mode, now } = yield* HttpClientResponse.schemaBodyJson(Told)(answer)
      if (mode === "lockstep") return now
      return yield* Effect.die(
        new Error(`The mock at ${url} is not in lock step but ${mode}: serve it with { clock: "lockstep" }, or --clock lockstep`)
      )
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

/** Puts the time into each request, and tells the world that it is in flight until the last byte of its answer. */
const stepping = (client: HttpClient.HttpClient, world: Virtual.World): HttpClient.HttpClient =>
  client.pipe(
    HttpClient.mapRequest((request) => HttpClientRequest.setHeader(request, "x-client-now", String(world.now()))),
    HttpClient.transform((sent, request) =>
      Effect.suspend(() => {
        const idle = world.busy()
        const whole = Effect.flatMap(sent, (response) =>
          Effect.map(response.arrayBuffer, (bytes) => {
            const isBare = bytes.byteLength === 0
            const { headers, status } = response
            return HttpClientResponse.fromWeb(request, new Response(isBare ? null : bytes, { status, headers }))
          })
        )
        return Effect.ensuring(whole, Effect.sync(idle))
      })
    )
  )
