import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { key, provider } from "../../test/fake.ts"
import { call } from "./call.ts"
import { apiTransport } from "./overHttpClient.ts"
import { ApiTransport } from "./Transport.ts"

/** As for a program that provides an `HttpClient`. */
const over = (fetch: typeof globalThis.fetch) =>
  Layer.effect(ApiTransport, apiTransport).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch))
  )
const get = { method: "GET", path: "/jobs/1" } as const
const coded = (code: string, more: object = {}): Error => Object.assign(new Error(code), { code }, more)
const wrapped = (cause: unknown): Error => new TypeError("fetch failed", { cause })

describe("call", () => {
  it.effect.each<[string, unknown, "unsent" | "network"]>([
    ["connection refused", wrapped(coded("ECONNREFUSED", { syscall: "connect" })), "unsent"],
    ["refused at each of two addresses", wrapped(new AggregateError([coded("ECONNREFUSED"), coded("ECONNREFUSED")], "")), "unsent"],
    ["a name that is not there", wrapped(coded("ENOTFOUND", { syscall: "getaddrinfo" })), "unsent"],
    ["a resolver that is down", wrapped(coded("EAI_AGAIN")), "unsent"],
    ["no route while connecting", wrapped(coded("EHOSTUNREACH", { syscall: "connect" })), "unsent"],
    ["a proxy that makes no tunnel", wrapped(new Error("Proxy response (407) !== 200 when HTTP Tunneling")), "unsent"],
    ["undici's connect timeout", wrapped(coded("UND_ERR_CONNECT_TIMEOUT")), "unsent"],
    ["a certificate that has expired", wrapped(coded("CERT_HAS_EXPIRED")), "unsent"],
    ["Bun's refusal", coded("ConnectionRefused"), "unsent"],
    ["a reset", wrapped(coded("ECONNRESET", { syscall: "read" })), "network"],
    ["a socket that closed", wrapped(coded("UND_ERR_SOCKET")), "network"],
    ["a broken pipe", wrapped(coded("EPIPE")), "network"],
    ["a timeout of the headers", wrapped(coded("UND_ERR_HEADERS_TIMEOUT")), "network"],
    ["a browser, which says nothing", new TypeError("Failed to fetch"), "network"],
    ["what is no error", "boom", "network"]
  ])("%s is %s", ([, failure, because]) =>
    Effect.gen(function* () {
      const silence = yield* Effect.flip(call(provider, "submit", get, 1000)).pipe(Effect.provide(over(() => Promise.reject(failure))))
      expect(silence.because).toBe(because)
    })
  )

  it.effect("the key stands in the header, and in no error", () =>
    Effect.gen(function* () {
      let sent: RequestInit | undefined
      const layer = over((_, init) => {
        sent = init
        return Promise.reject(wrapped(new Error(`bad header "Bearer ${key}" for ${key}`)))
      })
      const silence = yield* Effect.flip(call(provider, "poll", get, 1000)).pipe(Effect.provide(layer))
      expect(new Headers(sent?.headers).get("authorization")).toBe(`Bearer ${key}`)
      expect(JSON.stringify(silence)).not.toContain(key)
    })
  )

  it.effect("no redirect is followed, and no trace header leaves", () =>
    Effect.gen(function* () {
      const sent: Array<RequestInit | undefined> = []
      const layer = over((_, init) => {
        sent.push(init)
        return Promise.resolve(new Response("", { status: 302, headers: { location: "https://evil.test" } }))
      })
      const answer = yield* call(provider, "poll", get, 1000).pipe(Effect.withSpan("outer"), Effect.provide(layer))
      expect([answer.status, sent.length, sent[0]?.redirect]).toEqual([302, 1, "manual"])
      expect([...new Headers(sent[0]?.headers).keys()]).toEqual(["accept", "authorization", "user-agent"])
    })
  )

  it.effect("an empty answer is an answer", () =>
    Effect.gen(function* () {
      const answer = yield* call(provider, "poll", get, 1000).pipe(
        Effect.provide(over(() => Promise.resolve(new Response(null, { status: 202 }))))
      )
      expect(answer).toMatchObject({ operation: "poll", status: 202, body: "" })
    })
  )

  it.effect("an endless body is cut at a mebibyte", () =>
    Effect.gen(function* () {
      const chunk = new TextEncoder().encode("x".repeat(64 * 1024))
      const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(chunk) })
      const answer = yield* call(provider, "poll", get, 60_000).pipe(Effect.provide(over(() => Promise.resolve(new Response(endless)))))
      expect(answer.body.length).toBe(1024 * 1024)
    })
  )

  /** As a body is that was cloned and half of it never read: nobody is ever told that it was cancelled. */
  const bodies: ReadonlyArray<[string, (controller: ReadableStreamDefaultController<Uint8Array>) => Promise<void> | void]> = [
    ["stalls", () => new Promise(() => undefined)],
    ["has no end", (controller) => controller.enqueue(new Uint8Array(64 * 1024))]
  ]
  it.effect.each(bodies)("T15: a body that %s, and hangs where it is cancelled, holds no look beyond its time", ([, pull]) =>
    Effect.gen(function* () {
      const body = new ReadableStream<Uint8Array>({ pull, cancel: () => new Promise(() => undefined) })
      const asked = call(provider, "poll", get, 5000).pipe(
        Effect.provide(over(() => Promise.resolve(new Response(body, { status: 202 })))),
        Effect.exit
      )
      const fiber = yield* Effect.forkDetach(asked)
      for (let turns = 0; turns < 200 && fiber.pollUnsafe() === undefined; turns++) {
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        yield* TestClock.adjust("100 millis")
      }
      expect(fiber.pollUnsafe()).toBeDefined()
    })
  )

  it.effect("time is up for an answer that does not come, and the request is aborted", () =>
    Effect.gen(function* () {
      let signal: AbortSignal | null | undefined
      const layer = over((_, init) => {
        signal = init?.signal
        return new Promise(() => undefined)
      })
      const fiber = yield* Effect.forkChild(Effect.flip(call(provider, "poll", get, 5000)).pipe(Effect.provide(layer)))
      yield* TestClock.adjust("5 seconds")
      expect(yield* Fiber.join(fiber)).toEqual({ _tag: "NoAnswer", because: "timeout", detail: "no answer within 5 s" })
      expect(signal?.aborted).toBe(true)
    })
  )

  it.effect("an interruption aborts the request in flight", () =>
    Effect.gen(function* () {
      let signal: AbortSignal | null | undefined
      const layer = over((_, init) => {
        signal = init?.signal
        return new Promise(() => undefined)
      })
      const fiber = yield* Effect.forkChild(call(provider, "poll", get, 5000).pipe(Effect.provide(layer)))
      yield* TestClock.adjust("1 second")
      expect(signal?.aborted).toBe(false)
      yield* Fiber.interrupt(fiber)
      expect(signal?.aborted).toBe(true)
    })
  )
})
