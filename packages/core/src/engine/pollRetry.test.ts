import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { done, listen, provider, type Reply, request, said, script } from "../../test/fake.ts"
import * as Job from "../Job.ts"
import type { JobError } from "../job/JobError.ts"

/** Looks every 5 s at a job whose first poll comes at 2 s. */
const watched = Effect.fnUntraced(function* (polls: ReadonlyArray<Reply>, options: Job.SubmitOptions) {
  const net = script({ polls })
  const handle = yield* Job.submit(provider, request, { deadline: "10 minutes", ...options }).pipe(Effect.provide(net.layer))
  const once = Effect.fnUntraced(function* () {
    const listener = yield* listen(handle)
    yield* TestClock.adjust("10 minutes")
    yield* Fiber.join(listener.fiber)
    return listener.end()
  })
  return { end: yield* once(), once, times: () => net.polls().map(({ at }) => at) }
})
const bad: Reply = { status: 502 }

describe("pollRetry", () => {
  it.effect("says When to poll again after a failed poll", () =>
    Effect.gen(function* () {
      const { times } = yield* watched([bad, bad, done], { pollRetry: Schedule.exponential("7 seconds") })
      expect(times()).toEqual([2000, 9000, 23_000])
    })
  )

  it.effect("shortens no pace and no Retry-After", () =>
    Effect.gen(function* () {
      const { times } = yield* watched([bad, { ...bad, headers: { "retry-after": "30" } }, done], {
        pollRetry: Schedule.spaced("1 second")
      })
      expect(times()).toEqual([2000, 7000, 37_000])
    })
  )

  it.effect("T21: begins anew after a good answer", () =>
    Effect.gen(function* () {
      const { times } = yield* watched([bad, bad, said("running"), bad, bad, done], { pollRetry: Schedule.exponential("10 seconds") })
      expect(times()).toEqual([2000, 12_000, 32_000, 37_000, 47_000, 67_000])
    })
  )

  it.effect("continues where it was after an answer that does not know the job yet: that one isn't a good answer", () =>
    Effect.gen(function* () {
      const { times } = yield* watched([bad, { status: 404 }, bad, done], { pollRetry: Schedule.exponential("10 seconds") })
      expect(times()).toEqual([2000, 12_000, 17_000, 37_000])
    })
  )

  it.effect("that has ended is the end of watching, and of nothing else", () =>
    Effect.gen(function* () {
      const { end, once, times } = yield* watched([bad, bad, bad, bad, done], { pollRetry: Schedule.recurs(2), deadline: "2 hours" })
      expect([end, times()]).toMatchObject([{ reason: { _tag: "Unreachable" }, attempt: 3, ref: { id: "job-1" } }, [2000, 7000, 12_000]])
      expect([yield* once(), times().length]).toEqual(["complete", 5])
    })
  )

  it.effect("gives up no sooner than maxConsecutiveFailures if it never ends", () =>
    Effect.gen(function* () {
      const { end, times } = yield* watched([bad], { pollRetry: Schedule.spaced("6 seconds"), maxConsecutiveFailures: 3 })
      expect([end, times()]).toMatchObject([{ reason: { _tag: "Unreachable" } }, [2000, 8000, 14_000]])
    })
  )

  it.effect("is cut at the deadline, where one last poll is taken", () =>
    Effect.gen(function* () {
      const { end, times } = yield* watched([bad, done], { pollRetry: Schedule.spaced("1 hour") })
      expect([end, times()]).toEqual(["complete", [2000, 600_000]])
    })
  )

  it.effect("T17: gets the reason by kind, so that a caller may give up on one and not on another", () =>
    Effect.gen(function* () {
      const onlyLimits = Schedule.spaced("20 seconds").pipe(
        Schedule.setInputType<JobError>(),
        Schedule.while(({ input }) => input.reason._tag === "RateLimited")
      )
      const { end, times } = yield* watched([{ status: 429 }, { status: 429 }, bad, done], { pollRetry: onlyLimits })
      expect([end, times()]).toMatchObject([{ reason: { _tag: "Unreachable" } }, [2000, 22_000, 42_000]])
    })
  )

  it.effect("knows nothing of an unknown word, of a job that is not known yet, or of a success without a video", () =>
    Effect.gen(function* () {
      const silent = [said("constructor"), { status: 404 }, said("done", { url: "" }), said("running"), done]
      const { times } = yield* watched(silent, { pollRetry: Schedule.recurs(0) })
      expect(times()).toEqual([2000, 7000, 12_000, 17_000, 22_000])
    })
  )
})

describe("without pollRetry", () => {
  it.effect("T21: failed polls double the wait up to a minute, and ten of them are the end", () =>
    Effect.gen(function* () {
      const { end, times } = yield* watched([bad], { deadline: "1 hour" })
      const waits = times().map((at, index, all) => Math.round(at - (all[index - 1] ?? 0)))
      expect(waits.slice(0, 2)).toEqual([2000, 5000])
      for (const [index, doubled] of [10_000, 20_000, 40_000].entries()) {
        const wait = waits[index + 2]
        expect(wait).toBeGreaterThanOrEqual(doubled)
        expect(wait).toBeLessThanOrEqual(doubled * 1.25)
      }
      expect(waits.slice(5)).toEqual(Array.from({ length: 5 }, () => 60_000))
      expect(end).toMatchObject({ reason: { _tag: "Unreachable" }, attempt: 10 })
    })
  )

  it.effect("a pace slower than a minute stays as slow", () =>
    Effect.gen(function* () {
      const { times } = yield* watched([bad, bad, bad, done], { pace: "90 seconds" })
      expect(times()).toEqual([90_000, 180_000, 270_000, 360_000])
    })
  )
})
