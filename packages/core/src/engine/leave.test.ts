import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { listen, provider, request, said, script } from "../../test/fake.ts"
import { registry } from "../../test/tracer.ts"
import * as Job from "../Job.ts"

describe("a poller that is slow to stop", () => {
  it.effect("leaves its successor to be stopped by the last who leaves", () =>
    Effect.gen(function* () {
      const net = script({ polls: [{ hangs: true }, said("running")] })
      // Letting go of a request takes a second, as a transport that closes a connection may.
      const slow = HttpClient.transform(net.client, (sent) => Effect.onInterrupt(sent, () => Effect.sleep("1 second")))
      const handle = yield* Effect.provideService(Job.submit(provider, request), HttpClient.HttpClient, slow)
      const first = yield* listen(handle)
      yield* TestClock.adjust("2 seconds")
      const leaving = yield* Effect.forkChild(Fiber.interrupt(first.fiber))
      yield* TestClock.adjust("500 millis")
      const second = yield* listen(handle)
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(leaving)
      yield* Fiber.interrupt(second.fiber)
      const polls = net.polls().length
      yield* TestClock.adjust("30 seconds")
      expect([polls > 1, net.polls().length - polls]).toEqual([true, 0])
    })
  )

  it.effect("takes nothing from its successor: the job counts as watched all the while", () =>
    Effect.gen(function* () {
      const metrics = registry()
      const net = script({ polls: [{ hangs: true }] })
      const slow = HttpClient.transform(net.client, (sent) => Effect.onInterrupt(sent, () => Effect.sleep("1 second")))
      const handle = yield* Effect.provideService(Job.submit(provider, request), HttpClient.HttpClient, slow)
      const first = yield* metrics.in(listen(handle))
      yield* TestClock.adjust("2 seconds")
      const leaving = yield* Effect.forkChild(Fiber.interrupt(first.fiber))
      yield* TestClock.adjust("500 millis")
      const second = yield* metrics.in(listen(handle))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(leaving)
      expect(yield* metrics.numbers).toMatchObject({ "reelay.jobs.watched{Submitted}": 1 })
      yield* Fiber.interrupt(second.fiber)
      expect(yield* metrics.numbers).toMatchObject({ "reelay.jobs.watched{Submitted}": 0 })
    })
  )
})

describe("a request that is stopped from outside", () => {
  it.effect("is a failed poll, and keeps no caller waiting", () =>
    Effect.gen(function* () {
      // As where a transport runs its requests in a scope of its own, which is closed.
      const net = script({})
      const closed = HttpClient.transform(net.client, (sent, { method }) => (method === "GET" ? Effect.interrupt : sent))
      const handle = yield* Effect.provideService(Job.submit(provider, request, { deadline: "1 hour" }), HttpClient.HttpClient, closed)
      const waiting = yield* Effect.forkChild(Effect.flip(handle.result))
      yield* TestClock.adjust("1 hour")
      expect(yield* Fiber.join(waiting)).toMatchObject({ reason: { _tag: "Unreachable", detail: "the request was interrupted" } })
    })
  )
})
