import { describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as TestClock from "effect/testing/TestClock"
import * as WrongClock from "../../test/clock.ts"
import { expect } from "../../test/expect.ts"
import { done, listen, provider, type Reply, request, said, script } from "../../test/fake.ts"
import { ref } from "../../test/samples.ts"
import * as Artifact from "../artifact/Artifact.ts"
import * as Job from "../Job.ts"

const hour = 3_600_000
const steps = [
  ["an hour forward", hour],
  ["an hour back", -hour]
] as const

/** A machine with a clock of its own, on which everything runs. `now` is the true time since the start, in milliseconds. */
const machine = Effect.fnUntraced(function* (polls: ReadonlyArray<Reply>, posts?: ReadonlyArray<Reply>) {
  const { clock, step, suspend } = yield* WrongClock.make
  const net = script(posts === undefined ? { polls } : { polls, posts })
  // What was sent is written down in true time.
  const trueTime = yield* Clock.clockWith((inner) => Effect.succeed(inner))
  const client = HttpClient.transform(net.client, (sent) => Effect.provideService(sent, Clock.Clock, trueTime))
  const on = <A, E>(effect: Effect.Effect<A, E, HttpClient.HttpClient>): Effect.Effect<A, E> =>
    effect.pipe(Effect.provideService(HttpClient.HttpClient, client), Effect.provideService(Clock.Clock, clock))
  return { net, on, step, suspend, times: () => net.polls().map(({ at }) => Math.round(at)) }
})

describe.each(steps)("a wall clock that is set %s", (_, by) => {
  it.effect("moves neither pace nor deadline", () =>
    Effect.gen(function* () {
      const { on, step, times } = yield* machine([said("running")])
      const handle = yield* on(Job.submit(provider, request))
      const listener = yield* on(listen(handle))
      yield* TestClock.adjust("8 seconds")
      yield* step(by)
      yield* TestClock.adjust("2 minutes")
      expect(times()).toEqual([2000, 7000, 12_000, 17_000, 22_000, 27_000, 32_000, 37_000, 42_000, 47_000, 52_000, 57_000, 60_000])
      expect(listener.end()).toMatchObject({ reason: { _tag: "DeadlineExceeded" } })
    })
  )

  it.effect("costs no finished job its video", () =>
    Effect.gen(function* () {
      const { on, step, times } = yield* machine([said("running"), said("running"), done])
      const handle = yield* on(Job.submit(provider, request))
      const listener = yield* on(listen(handle))
      yield* TestClock.adjust("6 seconds")
      yield* step(by)
      yield* TestClock.adjust("10 seconds")
      expect([listener.tags(), times()]).toEqual([
        ["Submitted", "Running", "Succeeded"],
        [2000, 7000, 12_000]
      ])
    })
  )

  it.effect("T20: changes no Retry-After that is a date, if the answer has its own date", () =>
    Effect.gen(function* () {
      const busy = { status: 429, headers: { date: "Thu, 01 Jan 1970 00:00:02 GMT", "retry-after": "Thu, 01 Jan 1970 00:00:22 GMT" } }
      const { on, step, times } = yield* machine([busy, done])
      yield* step(by)
      const handle = yield* on(Job.submit(provider, request))
      yield* on(listen(handle))
      yield* TestClock.adjust("1 minute")
      expect(times()).toEqual([2000, 22_000])
    })
  )

  it.effect("T19: leaves a job that is not known yet the whole of its first minute, and no more", () =>
    Effect.gen(function* () {
      const { on, step, times } = yield* machine([{ status: 404 }])
      const handle = yield* on(Job.submit(provider, request, { deadline: "1 hour" }))
      const listener = yield* on(listen(handle))
      yield* TestClock.adjust("10 seconds")
      yield* step(by)
      yield* TestClock.adjust("10 minutes")
      expect(listener.end()).toMatchObject({ reason: { _tag: "NotFound" } })
      expect(times().filter((at) => at >= 60_000)).toHaveLength(3)
      expect(times().length).toBeGreaterThan(12)
    })
  )

  it.effect("moves no wait between two tries to submit", () =>
    Effect.gen(function* () {
      const busy = { status: 429, headers: { "retry-after": "20" } }
      const { net, on, step } = yield* machine([done], [busy, busy, { body: { id: "job-1" } }])
      const fiber = yield* Effect.forkChild(on(Job.submit(provider, request, { deadline: "2 minutes" })))
      yield* TestClock.adjust("10 seconds")
      yield* step(by)
      yield* TestClock.adjust("1 minute")
      expect((yield* Fiber.join(fiber)).ref.id).toBe("job-1")
      expect(net.posts().map(({ at }) => at)).toEqual([0, 20_000, 40_000])
    })
  )

  it.effect("moves no wait between two downloads", () =>
    Effect.gen(function* () {
      const { net, on, step } = yield* machine([
        { status: 503 },
        { body: "\u0000\u0000\u0000\u0018ftypisom", headers: { "content-type": "video/mp4" } }
      ])
      const artifacts = [{ url: "https://cdn.fake.test/video.mp4", kind: "link" }] as const
      const state = { _tag: "Succeeded", ref, at: 0, polls: 1, artifacts, billed: "yes" } as const
      const fiber = yield* Effect.forkChild(on(Artifact.bytes(provider, state)))
      yield* TestClock.adjust("500 millis")
      yield* step(by)
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(fiber)).toHaveLength(12)
      expect(net.polls()[1]?.at).toBeLessThanOrEqual(1200)
    })
  )
})

it.effect("a reference from a clock that is ahead has a first minute, as a job submitted now", () =>
  Effect.gen(function* () {
    const { on, times } = yield* machine([{ status: 404 }])
    const handle = yield* on(Job.attach(provider, { ...ref, submittedAt: hour }, { deadline: "1 hour" }))
    const listener = yield* on(listen(handle))
    yield* TestClock.adjust("10 minutes")
    expect(listener.end()).toMatchObject({ reason: { _tag: "NotFound" } })
    expect(times().filter((at) => at >= 60_000)).toHaveLength(3)
  })
)

describe.each(["counts", "stands still"] as const)("a machine that slept for hours, whose monotonic clock %s", (monotonic) => {
  it.effect("T25: finds the video of a job that was finished meanwhile", () =>
    Effect.gen(function* () {
      const { net, on, suspend } = yield* machine([said("running"), done])
      const handle = yield* on(Job.submit(provider, request))
      const listener = yield* on(listen(handle))
      yield* TestClock.adjust("4 seconds")
      yield* suspend(5 * hour, monotonic)
      yield* TestClock.adjust("10 seconds")
      expect([listener.tags(), listener.end(), net.polls().length]).toEqual([["Submitted", "Running", "Succeeded"], "complete", 2])
    })
  )

  it.effect("T25: finds it even if a poll was in flight when the lid was shut", () =>
    Effect.gen(function* () {
      const { net, on, suspend } = yield* machine([said("running"), { hangs: true }, done])
      const handle = yield* on(Job.submit(provider, request))
      const listener = yield* on(listen(handle))
      yield* TestClock.adjust("8 seconds")
      yield* suspend(5 * hour, monotonic)
      yield* TestClock.adjust("1 minute")
      expect([listener.tags(), listener.end(), net.polls().length]).toEqual([["Submitted", "Running", "Succeeded"], "complete", 3])
    })
  )

  it.effect("sends no burst: each job is looked at once, and then at the pace or not at all", () =>
    Effect.gen(function* () {
      const { net, on, suspend, times } = yield* machine([said("running")])
      const handle = yield* on(Job.submit(provider, request, { deadline: "1 day", pace: "10 seconds" }))
      yield* on(listen(handle))
      yield* TestClock.adjust("12 seconds")
      yield* suspend(5 * hour, monotonic)
      yield* TestClock.adjust("30 seconds")
      const all = times()
      expect(all.length).toBe(monotonic === "counts" ? 5 : 4)
      for (const [index, at] of all.entries()) expect(at - (all[index - 1] ?? 0)).toBeGreaterThanOrEqual(index === 1 ? 2000 : 10_000)
      expect(net.cut).toHaveLength(0)
    })
  )

  it.effect("T25: loses sight of a job past its deadline only after a poll", () =>
    Effect.gen(function* () {
      const { on, suspend, times } = yield* machine([said("running")])
      const handle = yield* on(Job.submit(provider, request))
      const listener = yield* on(listen(handle))
      yield* TestClock.adjust("4 seconds")
      yield* suspend(5 * hour, monotonic)
      yield* TestClock.adjust("2 minutes")
      expect(listener.end()).toMatchObject({ reason: { _tag: "DeadlineExceeded", lastState: "Running" }, ref: { id: "job-1" } })
      expect(times().length).toBe(monotonic === "counts" ? 2 : 13)
    })
  )

  it.effect("T24: posts once more at the most if it slept between two tries", () =>
    Effect.gen(function* () {
      const { net, on, suspend } = yield* machine([done], [{ status: 429 }, { body: { id: "job-1" } }])
      const fiber = yield* Effect.forkChild(on(Job.submit(provider, request)))
      yield* TestClock.adjust("500 millis")
      yield* suspend(5 * hour, monotonic)
      yield* TestClock.adjust("2 seconds")
      expect((yield* Fiber.join(fiber)).ref.id).toBe("job-1")
      expect(net.posts()).toHaveLength(2)
    })
  )
})
