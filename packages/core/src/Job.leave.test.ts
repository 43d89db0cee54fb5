import { describe, it } from "@effect/vitest"
import { expect } from "../test/expect.ts"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as TestClock from "effect/testing/TestClock"
import { listen, provider, request, said, script } from "../test/fake.ts"
import * as Job from "./Job.ts"

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
})
