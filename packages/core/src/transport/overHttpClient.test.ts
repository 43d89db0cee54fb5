/** What only an effect `HttpClient` may do. The cases that every transport keeps stand in packages/node/test/transportSuite.ts. */
import { describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import { afterEach, vi } from "vitest"
import { expect } from "../../test/expect.ts"
import { sending, settled } from "../../test/sending.ts"
import type { Outgoing } from "./exchange.ts"
import { overHttpClient } from "./overHttpClient.ts"
import { NeverSent } from "./Transport.ts"

const request: Outgoing = {
  method: "GET",
  url: "https://api.fake.test/jobs/1?sig=SECRET",
  headers: { authorization: "Bearer sk-super-secret-key" }
}

const sent = (client: HttpClient.HttpClient, context?: Context.Context<never>) => sending(overHttpClient(client), request, context)

const over = (fetch: typeof globalThis.fetch): HttpClient.HttpClient =>
  Effect.runSync(
    Effect.provide(
      Effect.map(HttpClient.HttpClient, HttpClient.transformResponse(Effect.provideService(FetchHttpClient.Fetch, fetch))),
      FetchHttpClient.layer
    )
  )

const failing = (cause: unknown): HttpClient.HttpClient =>
  HttpClient.make((outgoing) =>
    Effect.fail(new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request: outgoing, cause }) }))
  )

afterEach(() => vi.unstubAllGlobals())

describe("the transport over an HttpClient", () => {
  const ready = HttpClient.make((outgoing) => Effect.succeed(HttpClientResponse.fromWeb(outgoing, new Response(null, { status: 202 }))))

  it("reports once, if the client answers at once", async () => {
    const { abort, outcome, outcomes } = sent(ready)
    expect(await outcome).toMatchObject({ _tag: "Incoming", status: 202, body: "" })
    abort()
    await settled()
    expect(outcomes).toHaveLength(1)
  })

  it("has no answer of a client that dies, or interrupts itself", async () => {
    expect(await sent(HttpClient.make(() => Effect.die(new Error("a bug")))).outcome).toEqual({
      _tag: "NoAnswer",
      because: "network",
      detail: "a bug"
    })
    expect(await sent(HttpClient.make(() => Effect.interrupt)).outcome).toMatchObject({ _tag: "NoAnswer", because: "network" })
  })

  it("takes the word of a client that says so: nothing was sent", async () => {
    expect(await sent(failing(new NeverSent("nothing was sent"))).outcome).toMatchObject({ because: "unsent" })
    expect(await sent(failing(Object.assign(new Error("no"), { code: "ECONNREFUSED" }))).outcome).toMatchObject({ because: "unsent" })
  })

  it("takes no word of a browser", async () => {
    vi.stubGlobal("navigator", { userAgent: "Mozilla/5.0" })
    expect(await sent(failing(Object.assign(new Error("no"), { code: "ECONNREFUSED" }))).outcome).toMatchObject({
      because: "network",
      detail: expect.stringContaining("CORS")
    })
  })

  it("shows neither key nor signature", async () => {
    const outcomes = await Promise.all([
      sent(failing(new Error(`bad header "Bearer sk-super-secret-key" for ${request.url}`))).outcome,
      sent(failing(undefined)).outcome
    ])
    expect(outcomes).toMatchObject([{ _tag: "NoAnswer" }, { _tag: "NoAnswer", detail: "TransportError" }])
    expect(JSON.stringify(outcomes)).not.toMatch(/SECRET|sk-super/u)
  })

  it("has the services that it is given", async () => {
    const Name = Context.Reference<string>("overHttpClient.test/Name", { defaultValue: () => "none" })
    const naming = HttpClient.make((outgoing) => Effect.map(Name, (name) => HttpClientResponse.fromWeb(outgoing, new Response(name))))
    expect(await sent(naming).outcome).toMatchObject({ body: "none" })
    expect(await sent(naming, Context.make(Name, "mine")).outcome).toMatchObject({ body: "mine" })
  })

  it("T15: a body that stalls though its length is known is left at once, and its request aborted", async () => {
    const body = new ReadableStream({ pull: () => new Promise(() => undefined), cancel: () => new Promise(() => undefined) })
    const signals: Array<AbortSignal | null | undefined> = []
    const { abort, outcomes } = sent(
      over((_, init) => {
        signals.push(init?.signal)
        return Promise.resolve(new Response(body, { headers: { "content-length": "10" } }))
      })
    )
    await settled()
    abort()
    await settled()
    expect([outcomes, signals.map((signal) => signal?.aborted)]).toEqual([[], [true]])
  })

  it("T15: a body that stalls, and hangs if it is cancelled, is left at once", async () => {
    let cancelled = 0
    const cancel = (): Promise<void> => {
      cancelled += 1
      return new Promise(() => undefined)
    }
    const body = new ReadableStream({ pull: () => new Promise(() => undefined), cancel })
    const { abort, outcomes } = sent(over(() => Promise.resolve(new Response(body))))
    await settled()
    abort()
    await settled()
    expect([outcomes, cancelled]).toEqual([[], 1])
  })
})
