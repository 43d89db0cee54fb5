import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { afterEach, vi } from "vitest"
import { expect } from "../../test/expect.ts"
import { fake, key, provider, type Reply, request, script } from "../../test/fake.ts"
import { memory, withJournal } from "../../test/journal.ts"
import * as Job from "../Job.ts"
import type { JobError } from "../job/JobError.ts"
import { announcing, BeforeFirstByte, NeverSent } from "./Transport.ts"

type Net = ReturnType<typeof script>

const failed = (outgoing: Parameters<HttpClient.HttpClient["execute"]>[0]) =>
  Effect.fail(
    new HttpClientError.HttpClientError({
      reason: new HttpClientError.TransportError({ request: outgoing, cause: new NeverSent("nothing was sent") })
    })
  )

/** A transport that connects for a while, and then asks whether it may send: as often as a careless wrapper would have it. */
const connecting = (net: Net, { for: wait = 0, times = 1, fails = false }: { for?: number; times?: number; fails?: boolean } = {}) => {
  const client: HttpClient.HttpClient = HttpClient.make((outgoing) =>
    Effect.gen(function* () {
      const mayGo = yield* BeforeFirstByte
      yield* Effect.sleep(wait)
      if (fails) return yield* failed(outgoing)
      for (let nth = 1; nth < times; nth++) {
        if (mayGo()) yield* Effect.ignore(net.client.execute(outgoing))
      }
      return mayGo() || times > 1 ? yield* net.client.execute(outgoing) : yield* failed(outgoing)
    })
  )
  return announcing(client, { connections: 16 })
}

const submit = (client: HttpClient.HttpClient, options?: Job.SubmitOptions) =>
  Effect.provideService(Job.submit(provider, request, options), HttpClient.HttpClient, client)

const passing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    for (let second = 0; second < 200 && fiber.pollUnsafe() === undefined; second++) yield* TestClock.adjust("1 second")
    return yield* Fiber.join(fiber)
  })

describe("a transport that announces its first byte", () => {
  it.effect("leaves a submission that is left while it connects unsent", () =>
    Effect.gen(function* () {
      const net = script({})
      const store = memory()
      const fiber = yield* Effect.forkChild(submit(connecting(net, { for: 3000 })).pipe(withJournal(store.restart())))
      yield* TestClock.adjust("1 second")
      expect(store.data.size).toBe(1)
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 minute")
      expect([net.requests, store.data.size]).toEqual([[], 0])
    })
  )

  it.effect("must send nothing if connecting took too long, and the next try has a fresh intent", () =>
    Effect.gen(function* () {
      const net = script({})
      let tries = 0
      const slow = HttpClient.make((outgoing) => connecting(net, { for: tries++ === 0 ? 6000 : 10 }).execute(outgoing))
      const store = memory()
      const handle = yield* passing(submit(announcing(slow, { connections: 16 })).pipe(withJournal(store.restart())))
      expect([handle.ref.id, net.posts().length, tries]).toEqual(["job-1", 1, 2])
      const intents = store.written.filter((text) => text.includes('"Intent"'))
      expect(intents).toHaveLength(2)
    })
  )

  it.effect("that never gets to its first byte is Unreachable, whatever the error calls itself", () =>
    Effect.gen(function* () {
      const net = script({})
      const error = yield* Effect.flip(passing(submit(connecting(net, { fails: true }))))
      expect([error.reason._tag, error.again, net.requests.length]).toEqual(["Unreachable", "submit", 0])
      expect(error.message).toContain("No job was made.")
    })
  )

  it.effect("that never connects within the time of a try is Unreachable", () =>
    Effect.gen(function* () {
      const net = script({})
      const options: Job.SubmitOptions = { submitTimeout: "3 seconds", submitRetry: Schedule.recurs(0) }
      const error = yield* Effect.flip(passing(submit(connecting(net, { for: 60_000 }), options)))
      expect([error.reason._tag, net.requests.length]).toEqual(["Unreachable", 0])
    })
  )
})

describe("a transport that repeats what it was given", () => {
  it.effect("may send it once", () =>
    Effect.gen(function* () {
      const allowed: Array<boolean> = []
      const net = script({})
      const careless = HttpClient.make((outgoing) =>
        Effect.gen(function* () {
          const mayGo = yield* BeforeFirstByte
          allowed.push(mayGo(), mayGo(), mayGo())
          return yield* net.client.execute(outgoing)
        })
      )
      yield* passing(submit(careless))
      expect(allowed).toEqual([true, false, false])
    })
  )
})

const browser = (onLine: boolean): void => void vi.stubGlobal("navigator", { userAgent: "Mozilla/5.0", onLine })

describe("a browser", () => {
  afterEach(() => vi.unstubAllGlobals())
  const once: Job.SubmitOptions = { submitRetry: Schedule.recurs(0) }
  const refused: Reply = { breaks: Object.assign(new TypeError("Failed to fetch"), { code: "ECONNREFUSED" }) }
  const failing = (net: Net, by = provider): Effect.Effect<JobError> =>
    Effect.orDie(Effect.flip(passing(Effect.provide(Job.submit(by, request, once), net.layer))))

  it.effect("that is offline sends nothing, and says so", () =>
    Effect.gen(function* () {
      browser(false)
      const net = script({})
      const error = yield* failing(net)
      expect([error.reason._tag, error.again, net.requests]).toEqual(["Unreachable", "submit", []])
      expect(error.message).toContain("this device is offline")
    })
  )

  it.effect("that is offline reaches its own machine all the same", () =>
    Effect.gen(function* () {
      browser(false)
      for (const baseUrl of ["http://localhost:8787", "http://127.0.0.1:8787/xai", "http://[::1]:80"]) {
        const net = script({})
        yield* Job.submit(fake({ apiKey: key, baseUrl }), request).pipe(Effect.provide(net.layer))
        expect(net.posts()).toHaveLength(1)
      }
    })
  )

  it.effect("proves nothing by a request that failed: it may have been sent, and CORS is named as a cause", () =>
    Effect.gen(function* () {
      browser(true)
      const net = script({ posts: [refused] })
      const error = yield* failing(net)
      expect([error.reason._tag, error.again, net.posts().length]).toEqual(["SubmitUnknown", "never", 1])
      expect(error.message).toContain("may have refused this page (CORS)")
    })
  )

  it.effect("shows no target of a redirect: it is unknown whether the job was accepted", () =>
    Effect.gen(function* () {
      browser(true)
      // What `redirect: "manual"` gives a page.
      const opaque = HttpClient.transformResponse(script({}).client, (sent) =>
        Effect.map(
          sent,
          (response) =>
            new Proxy(response, {
              get: (target, name) => (name === "status" ? 0 : name === "headers" ? {} : Reflect.get(target, name, target))
            })
        )
      )
      const error = yield* Effect.flip(passing(submit(opaque, once)))
      expect(error.reason).toMatchObject({ _tag: "SubmitUnknown", detail: expect.stringContaining("answered with a redirect") })
    })
  )
})
