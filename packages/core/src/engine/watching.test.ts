import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { done, key, listen, printed, provider, type Reply, request, said, script } from "../../test/fake.ts"
import { ref } from "../../test/samples.ts"
import * as Job from "../Job.ts"
import * as Pace from "../poll/Pace.ts"

const submitted = Effect.fnUntraced(function* (polls: ReadonlyArray<Reply>, options: Job.SubmitOptions = {}) {
  const net = script({ polls })
  const handle = yield* Job.submit(provider, request, options).pipe(Effect.provide(net.layer))
  return { net, handle, times: () => net.polls().map(({ at }) => at) }
})
const ended = Effect.fnUntraced(function* (polls: ReadonlyArray<Reply>, options: Job.SubmitOptions = {}) {
  const { handle, net, times } = yield* submitted(polls, options)
  const listener = yield* listen(handle)
  yield* TestClock.adjust("2 hours")
  yield* Fiber.join(listener.fiber)
  const end = listener.end()
  return { net, times, tags: listener.tags(), reason: end === "complete" || end === undefined ? end : end.reason, end }
})

describe("polls", () => {
  it.effect("keep the provider's policy by default", () =>
    Effect.gen(function* () {
      const { times } = yield* ended([said("queued"), said("running"), said("running"), done])
      expect(times()).toEqual([2000, 7000, 12_000, 17_000])
    })
  )

  it.effect("keep the caller's pace", () =>
    Effect.gen(function* () {
      const { times } = yield* ended([said("queued"), said("running"), done], { pace: "10 seconds" })
      expect(times()).toEqual([10_000, 20_000, 30_000])
    })
  )

  it.effect("T20: wait as long as Retry-After asks", () =>
    Effect.gen(function* () {
      const { times } = yield* ended([{ ...said("queued"), headers: { "retry-after": "20" } }, done])
      expect(times()).toEqual([2000, 22_000])
    })
  )

  it.effect("T21: grow further apart while they fail", () =>
    Effect.gen(function* () {
      const { times } = yield* ended([{ status: 502 }, { status: 502 }, { status: 502 }, done], { deadline: "10 minutes" })
      const [first = 0, second = 0, third = 0, fourth = 0] = times()
      expect([first, second]).toEqual([2000, 7000])
      expect(third - second).toBeGreaterThanOrEqual(10_000)
      expect(third - second).toBeLessThanOrEqual(12_500)
      expect(fourth - third).toBeGreaterThanOrEqual(20_000)
    })
  )

  it.effect("T1: never spin on an unknown status, and end with the deadline", () =>
    Effect.gen(function* () {
      const { reason, tags, times } = yield* ended([said("constructor")])
      expect(tags).toEqual(["Submitted"])
      expect(times()).toEqual([2000, 7000, 12_000, 17_000, 22_000, 27_000, 32_000, 37_000, 42_000, 47_000, 52_000, 57_000, 60_000])
      expect(reason).toMatchObject({ _tag: "DeadlineExceeded", detail: 'its status is "constructor", which no document explains' })
    })
  )

  it.effect("T18: that hang are cut by the request's timeout", () =>
    Effect.gen(function* () {
      const { net, tags } = yield* ended([{ hangs: true }, done], { requestTimeout: "4 seconds" })
      expect(tags).toEqual(["Submitted", "Succeeded"])
      expect([net.cut.length, net.polls().map(({ at }) => at)]).toEqual([1, [2000, 11_000]])
    })
  )
})

describe("a pace", () => {
  it.effect("gets each poll, and the age that a job has since it was accepted", () =>
    Effect.gen(function* () {
      const looks: Array<Omit<Pace.LastPoll, "state"> & { readonly state: string }> = []
      const pace = Pace.byRemaining({
        remaining: ({ state, ...look }) => {
          looks.push({ ...look, state: state._tag })
          return 10_000
        },
        min: "1 second",
        max: "1 minute",
        share: 1
      })
      yield* TestClock.adjust("100 seconds")
      const net = script({ polls: [said("running"), { status: 502, headers: { "retry-after": "20" } }, { status: 502 }, done] })
      const handle = yield* Job.attach(provider, { ...ref, submittedAt: 40_000 }, { pace }).pipe(Effect.provide(net.layer))
      yield* listen(handle)
      yield* TestClock.adjust("2 minutes")
      expect(looks).toEqual([
        { state: "Submitted", polls: 0, failures: 0, age: 60_000, retryAfter: undefined },
        { state: "Running", polls: 1, failures: 0, age: 60_000, retryAfter: undefined },
        { state: "Running", polls: 2, failures: 1, age: 70_000, retryAfter: 20_000 },
        { state: "Running", polls: 3, failures: 2, age: 90_000, retryAfter: undefined }
      ])
    })
  )

  it.effect("that breaks ends the watching with its own defect", () =>
    Effect.gen(function* () {
      const pace = Pace.byRemaining({
        remaining: ({ polls }) => {
          if (polls === 1) throw new RangeError("the estimator's own")
          return undefined
        },
        min: "5 seconds",
        max: "1 minute"
      })
      const { handle, times } = yield* submitted([said("running")], { pace })
      const watching = yield* Effect.forkChild(Effect.exit(handle.result))
      yield* TestClock.adjust("1 minute")
      const cause = { reasons: [{ _tag: "Die", defect: { message: "the estimator's own" } }] }
      expect([watching.pollUnsafe(), times()]).toMatchObject([{ value: { cause } }, [5000]])
    })
  )
})

describe("subscribers", () => {
  it.effect("come late and begin at the current state", () =>
    Effect.gen(function* () {
      const { handle } = yield* submitted([said("queued"), said("running", { progress: 40 }), done])
      const early = yield* listen(handle)
      yield* TestClock.adjust("8 seconds")
      const late = yield* listen(handle)
      yield* TestClock.adjust("8 seconds")
      expect(early.tags()).toEqual(["Submitted", "Queued", "Running", "Succeeded"])
      expect(late.tags()).toEqual(["Running", "Succeeded"])
      const last = yield* listen(handle)
      yield* Fiber.join(last.fiber)
      expect([last.tags(), last.end()]).toEqual([["Succeeded"], "complete"])
    })
  )

  it.effect("stop the poller with the last of them, and the next resumes no earlier than the pace allows", () =>
    Effect.gen(function* () {
      const { handle, times } = yield* submitted([said("queued")], { pace: "10 seconds" })
      const first = yield* listen(handle)
      const second = yield* listen(handle)
      yield* TestClock.adjust("11 seconds")
      yield* Fiber.interrupt(first.fiber)
      yield* TestClock.adjust("10 seconds")
      expect(times()).toEqual([10_000, 20_000])
      yield* Fiber.interrupt(second.fiber)
      yield* listen(handle)
      yield* TestClock.adjust("8 seconds")
      expect(times()).toEqual([10_000, 20_000])
      yield* TestClock.adjust("1 second")
      expect(times()).toEqual([10_000, 20_000, 30_000])
    })
  )

  it.effect.each<{ what: string; reply: Reply; pace: number; at: number }>([
    { what: "its pace", reply: { status: 402 }, pace: 10_000, at: 20_000 },
    { what: "Retry-After", reply: { status: 402, headers: { "retry-after": "30" } }, pace: 10_000, at: 40_000 },
    { what: "a pace longer than Retry-After", reply: { status: 402, headers: { "retry-after": "5" } }, pace: 10_000, at: 20_000 },
    { what: "the deadline", reply: { status: 402 }, pace: 40_000, at: 60_000 },
    { what: "the floor, at the deadline", reply: { status: 402 }, pace: 58_000, at: 61_000 },
    { what: "Retry-After, past the deadline", reply: { status: 402, headers: { "retry-after": "90" } }, pace: 10_000, at: 100_000 },
    { what: "the floor, after a look that was cut at the deadline", reply: { hangs: true }, pace: 58_000, at: 61_000 }
  ])("that come back look no earlier than $what allows", ({ at, pace, reply }) =>
    Effect.gen(function* () {
      const { handle, times } = yield* submitted([reply, said("running")], { pace })
      const first = yield* listen(handle)
      yield* TestClock.adjust(pace + 1000)
      yield* Fiber.interrupt(first.fiber)
      yield* listen(handle)
      yield* TestClock.adjust(at - pace - 1000 - 1)
      expect(times()).toEqual([pace])
      yield* TestClock.adjust("1 millis")
      expect(times()).toEqual([pace, at])
    })
  )

  it.effect("that all left see no request, however long that lasts", () =>
    Effect.gen(function* () {
      const { handle, times } = yield* submitted([said("queued")], { deadline: "2 hours" })
      const only = yield* listen(handle)
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.interrupt(only.fiber)
      yield* TestClock.adjust("1 hour")
      expect(times()).toEqual([2000])
      yield* listen(handle)
      yield* TestClock.adjust("1 second")
      expect(times()).toHaveLength(2)
    })
  )

  it.effect("that leave during a poll cut it, and those that come keep its distance", () =>
    Effect.gen(function* () {
      const { handle, net, times } = yield* submitted([{ hangs: true }])
      for (let visit = 0; visit < 5; visit++) {
        const visitor = yield* listen(handle)
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.interrupt(visitor.fiber)
      }
      expect(times()).toEqual([2000, 4000, 6000, 8000, 10_000])
      expect(net.cut).toHaveLength(5)
    })
  )

  it.effect("see the payload if they opted in, and only then", () =>
    Effect.gen(function* () {
      const open = yield* submitted([said("queued")], { raw: true })
      const seen = yield* listen(open.handle)
      yield* TestClock.adjust("3 seconds")
      expect(seen.seen.at(-1)?.raw).toEqual({ status: "queued" })
      const shut = yield* submitted([said("queued")])
      const other = yield* listen(shut.handle)
      yield* TestClock.adjust("3 seconds")
      expect(other.seen.at(-1)).not.toHaveProperty("raw")
    })
  )
})

describe("the deadline", () => {
  it.effect("T25: gets one last poll, which may still find the video", () =>
    Effect.gen(function* () {
      const { tags, times } = yield* ended([said("running"), done], { pace: "40 seconds", deadline: "60 seconds" })
      expect([tags, times()]).toEqual([
        ["Submitted", "Running", "Succeeded"],
        [40_000, 60_000]
      ])
    })
  )

  it.effect("T20: gets no poll if Retry-After forbids it", () =>
    Effect.gen(function* () {
      const { reason, times } = yield* ended([{ ...said("running"), headers: { "retry-after": "90" } }])
      expect(times()).toEqual([2000])
      expect(reason).toMatchObject({ _tag: "DeadlineExceeded", deadline: 60_000, lastState: "Running" })
    })
  )

  it.effect("T20: is waited for if Retry-After forbids the last poll: a confirmed cancellation may still come", () =>
    Effect.gen(function* () {
      const { handle } = yield* submitted([{ ...said("running"), headers: { "retry-after": "90" } }])
      const { end } = yield* listen(handle)
      yield* TestClock.adjust(59_999)
      expect(end()).toBeUndefined()
      yield* TestClock.adjust("1 millis")
      expect(end()).toMatchObject({ reason: { _tag: "DeadlineExceeded" } })
    })
  )

  it.effect("T25: gets its poll even if the pace would begin after it", () =>
    Effect.gen(function* () {
      const { tags, times } = yield* ended([done], { pace: "2 minutes" })
      expect([tags, times()]).toEqual([["Submitted", "Succeeded"], [60_000]])
    })
  )

  it.effect("T25: gets its poll on time from a pace that has become faster than the minimum", () =>
    Effect.gen(function* () {
      const pace = Pace.byRemaining({ remaining: ({ polls }) => (polls === 0 ? 58_000 : 2000), min: "1 second", max: "1 hour", share: 1 })
      const { times } = yield* ended([said("running")], { pace })
      expect(times()).toEqual([58_000, 60_000])
    })
  )

  it.effect("cuts a poll that is in flight, and gets another", () =>
    Effect.gen(function* () {
      const { times } = yield* ended([{ hangs: true }, done], { pace: "50 seconds" })
      expect(times()).toEqual([50_000, 60_000])
    })
  )

  // A timer may wake a millisecond too early.
  describe.each([59_999, 60_000])("gives the look at %i ms", (pace) => {
    it.effect("the time that an answer takes", () =>
      Effect.gen(function* () {
        const { tags, times } = yield* ended([{ ...done, after: "9 seconds" }], { pace })
        expect([tags, times()]).toEqual([["Submitted", "Succeeded"], [pace]])
      })
    )

    it.effect.each<{ requestTimeout: number; within: number }>([
      { requestTimeout: 30_000, within: 10_000 },
      { requestTimeout: 4000, within: 4000 }
    ])("$within ms of a timeout of $requestTimeout, and no look after it", ({ requestTimeout, within }) =>
      Effect.gen(function* () {
        const { handle, net, times } = yield* submitted([{ hangs: true }], { pace, requestTimeout })
        const { end } = yield* listen(handle)
        yield* TestClock.adjust(pace + within - 1)
        expect([end(), net.cut.length]).toEqual([undefined, 0])
        yield* TestClock.adjust("1 millis")
        expect(end()).toMatchObject({ reason: { _tag: "DeadlineExceeded" }, attempt: 1 })
        yield* TestClock.adjust("1 minute")
        expect(times()).toEqual([pace])
      })
    )
  })

  it.effect("does not begin anew with a new subscriber", () =>
    Effect.gen(function* () {
      const { handle, times } = yield* submitted([said("running")])
      yield* Fiber.interrupt((yield* listen(handle)).fiber)
      yield* TestClock.adjust("5 minutes")
      const late = yield* listen(handle)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(late.fiber)
      expect(late.end()).toMatchObject({ reason: { _tag: "DeadlineExceeded" }, ref: { id: "job-1" } })
      expect(times()).toEqual([300_000])
    })
  )

  it.effect("is waited for without polling if the pace has ended", () =>
    Effect.gen(function* () {
      const { reason, times } = yield* ended([said("running")], {
        pace: Pace.fromSchedule(Schedule.spaced("5 seconds").pipe(Schedule.upTo({ times: 2 })))
      })
      expect(times()).toEqual([5000, 10_000, 60_000])
      expect(reason).toMatchObject({ _tag: "DeadlineExceeded" })
    })
  )
})

describe("the budget", () => {
  it.effect.each<[string, Reply, string]>([
    ["502", { status: 502 }, "Unreachable"],
    ["a reset", { breaks: new Error("socket hang up") }, "Unreachable"],
    ["429", { status: 429 }, "RateLimited"],
    ["a page with 200", { body: `<html>${key}</html>` }, "BadPayload"],
    ["half a JSON", { body: '{"status":"do' }, "BadPayload"],
    ["an empty body", { body: "" }, "BadPayload"]
  ])("T16, T21: ten times %s in a row is the end of watching: %s", ([, reply, expected]) =>
    Effect.gen(function* () {
      const { end, net, reason, tags } = yield* ended([reply], { deadline: "1 hour" })
      expect([reason, net.polls().length, tags]).toMatchObject([{ _tag: expected }, 10, ["Submitted"]])
      expect(end).toMatchObject({ ref: { id: "job-1" }, attempt: 10 })
      expect(printed(end)).not.toContain(key)
    })
  )

  it.effect("T21: is given back by any good answer", () =>
    Effect.gen(function* () {
      const nine = Array.from({ length: 9 }, (): Reply => ({ status: 502 }))
      const { tags } = yield* ended([...nine, said("running"), ...nine, done], { deadline: "1 hour" })
      expect(tags).toEqual(["Submitted", "Running", "Succeeded"])
    })
  )

  it.effect("is the caller's to choose", () =>
    Effect.gen(function* () {
      const { net } = yield* ended([{ status: 502 }], { maxConsecutiveFailures: 2 })
      expect(net.polls()).toHaveLength(2)
    })
  )

  it.effect("T19: is not spent on 404 in the first minute, and the third after it ends the watching", () =>
    Effect.gen(function* () {
      const { reason, times } = yield* ended([{ status: 404 }], { deadline: "10 minutes" })
      expect(reason).toMatchObject({ _tag: "NotFound" })
      expect(times().filter((at) => at >= 60_000)).toHaveLength(3)
      expect(times().length).toBeGreaterThan(12)
    })
  )

  it.effect("T10: three successes without a video are a failure, and two are not", () =>
    Effect.gen(function* () {
      const empty = said("done", { url: "" })
      const first = yield* ended([empty])
      expect([first.tags, first.net.polls().length, first.end]).toEqual([["Submitted", "Failed"], 3, "complete"])
      const second = yield* ended([empty, empty, done])
      expect(second.tags).toEqual(["Submitted", "Succeeded"])
    })
  )

  it.effect.each<[number, string]>([
    [402, "PaymentRequired"],
    [400, "PollRejected"],
    [301, "PollRejected"]
  ])("T17: %i ends the watching at once: %s", ([status, expected]) =>
    Effect.gen(function* () {
      const { end, net, reason } = yield* ended([{ status, body: { error: `not with ${key}` } }])
      expect([reason, net.polls().length]).toMatchObject([{ _tag: expected }, 1])
      expect(printed(end)).not.toContain(key)
    })
  )
})

describe("result", () => {
  it.effect.each<[Reply, object]>([
    [said("failed", { error: "no" }), { _tag: "JobFailed", state: { _tag: "Failed", failure: { message: "no" }, at: 2000 } }],
    [said("expired"), { _tag: "JobExpired", state: { _tag: "Expired", billed: "unknown", at: 2000 } }],
    [said("cancelled"), { _tag: "JobCancelled", state: { _tag: "Cancelled", by: "provider", at: 2000 } }],
    [{ status: 402 }, { _tag: "JobError", reason: { _tag: "PaymentRequired" } }]
  ])("%o is the typed failure %o", ([reply, failure]) =>
    Effect.gen(function* () {
      const { handle } = yield* submitted([reply])
      const fiber = yield* Effect.forkChild(Effect.flip(handle.result))
      yield* TestClock.adjust("10 seconds")
      expect(yield* Fiber.join(fiber)).toMatchObject(failure)
    })
  )

  it.effect("is the video, for each caller, of one poller", () =>
    Effect.gen(function* () {
      const { handle, times } = yield* submitted([said("running"), done])
      const fiber = yield* Effect.forkChild(Effect.all([handle.result, handle.result], { concurrency: 2 }))
      yield* TestClock.adjust("10 seconds")
      const [one, two] = yield* Fiber.join(fiber)
      expect(one).toMatchObject({ _tag: "Succeeded", artifacts: [{ url: "https://cdn.fake.test/video.mp4?sig=abc", kind: "link" }] })
      expect([two, times().length]).toEqual([one, 2])
    })
  )
})
