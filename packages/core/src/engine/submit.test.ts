import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { done, fake, key, listen, printed, provider, type Reply, request, said, script } from "../../test/fake.ts"
import * as Job from "../Job.ts"
import type { JobError } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"

const ref: JobRef = { provider: "fake", kind: "generation", id: "job-1", baseUrl: "https://api.fake.test", account: "me", submittedAt: 0 }
const code = (name: string, more: object = {}): Error => Object.assign(new Error(name), { code: name }, more)

describe("submit", () => {
  it.effect("T24: one handle sends one POST, however many subscribe", () =>
    Effect.gen(function* () {
      const net = script({ polls: [said("queued"), said("running"), done] })
      const handle = yield* Job.submit(provider, request).pipe(Effect.provide(net.layer))
      const listeners = yield* Effect.all(Array.from({ length: 20 }, () => listen(handle)))
      yield* TestClock.adjust("1 minute")
      yield* handle.result
      for (const { end, tags } of listeners) {
        expect(tags()).toEqual(["Submitted", "Queued", "Running", "Succeeded"])
        expect(end()).toBe("complete")
      }
      expect([net.posts().length, net.polls().length]).toEqual([1, 3])
    })
  )

  it.effect("an id stays as it is, even if the key is a part of it", () =>
    Effect.gen(function* () {
      const net = script({ posts: [{ body: { id: "sk-super-secret-7" } }] })
      const handle = yield* Job.submit(provider, request).pipe(Effect.provide(net.layer))
      expect(handle.ref.id).toBe("sk-super-secret-7")
    })
  )

  it.effect("a listener that fails does not cost the caller a job that was made", () =>
    Effect.gen(function* () {
      const net = script({})
      const handle = yield* Job.submit(provider, request, { onSubmitted: () => Effect.die("the listener's own") }).pipe(
        Effect.provide(net.layer)
      )
      expect(handle.ref).toEqual(ref)
    })
  )

  it.effect("the reference holds all that is needed, and no key", () =>
    Effect.gen(function* () {
      const net = script({})
      const handle = yield* Job.submit(provider, request).pipe(Effect.provide(net.layer))
      expect(handle.ref).toEqual(ref)
      expect(net.posts()[0]).toMatchObject({ url: "https://api.fake.test/jobs", headers: { authorization: `Bearer ${key}` } })
      const other = yield* Job.submit(fake({ apiKey: key }), request).pipe(Effect.provide(net.layer))
      expect(other.ref.account).toMatch(/^key-[0-9a-f]{8}$/u)
    })
  )

  it.effect("each run is a submission of its own", () =>
    Effect.gen(function* () {
      const net = script({ posts: [{ body: { id: "job-1" } }, { body: { id: "job-2" } }] })
      const submit = Effect.map(Job.submit(provider, request), ({ ref: { id } }) => id).pipe(Effect.provide(net.layer))
      expect(yield* Effect.all([submit, submit])).toEqual(["job-1", "job-2"])
    })
  )

  it.effect.each<[string, Reply, string]>([
    ["a timeout", { hangs: true }, "no answer within 60 s"],
    ["a reset", { breaks: code("ECONNRESET") }, "ECONNRESET: ECONNRESET"],
    ["a failure that nobody explains", { breaks: new TypeError("fetch failed") }, "the request failed"],
    ["a 500", { status: 500, body: { error: "boom" } }, "HTTP 500: boom"],
    ["a 503", { status: 503 }, "HTTP 503: "],
    ["a page", { body: "<html>hello</html>" }, "HTTP 200 with a page instead of JSON: <html>hello</html>"],
    ["a redirect", { status: 302, headers: { location: "https://evil.test/" } }, "HTTP 302, a redirect to https://evil.test/"],
    ["a success without an id", { body: { ok: true } }, 'HTTP 200 without a job id: {"ok":true}'],
    ["an empty success", { status: 202 }, "HTTP 202 without a job id: "]
  ])("T24: after %s nobody knows, and nothing is sent again", ([, reply, detail]) =>
    Effect.gen(function* () {
      const net = script({ posts: [reply] })
      const fiber = yield* Effect.forkChild(Effect.flip(Job.submit(provider, request)).pipe(Effect.provide(net.layer)))
      yield* TestClock.adjust("10 minutes")
      const error = yield* Fiber.join(fiber)
      expect(error.reason).toMatchObject({ _tag: "SubmitUnknown", detail })
      expect(net.requests).toHaveLength(1)
      expect(printed(error)).not.toContain(key)
    })
  )

  it.effect.each<[string, Reply]>([
    ["429", { status: 429, body: { error: "slow down" } }],
    ["connection refused", { breaks: code("ECONNREFUSED", { syscall: "connect" }) }],
    ["an unknown name", { breaks: code("ENOTFOUND") }]
  ])("T24: %s is tried again until it is accepted", ([, busy]) =>
    Effect.gen(function* () {
      const net = script({ posts: [busy, busy, { body: { id: "job-1" } }] })
      const fiber = yield* Effect.forkChild(Job.submit(provider, request).pipe(Effect.provide(net.layer)))
      yield* TestClock.adjust("10 seconds")
      expect((yield* Fiber.join(fiber)).ref.id).toBe("job-1")
      expect(net.posts()).toHaveLength(3)
    })
  )

  it.effect.each<[string, Reply, string]>([
    ["429", { status: 429, body: { error: `no more for ${key}` } }, "RateLimited"],
    ["connection refused", { breaks: code("ECONNREFUSED") }, "Unreachable"]
  ])("%s five times is %s, and no job", ([, busy, reason]) =>
    Effect.gen(function* () {
      const net = script({ posts: [busy] })
      const fiber = yield* Effect.forkChild(Effect.flip(Job.submit(provider, request)).pipe(Effect.provide(net.layer)))
      yield* TestClock.adjust("50 seconds")
      const error = yield* Fiber.join(fiber)
      expect([error.reason._tag, error.attempt, net.posts().length]).toEqual([reason, 5, 5])
      expect(error.message).toContain("No job was made.")
      expect(printed(error)).not.toContain(key)
    })
  )

  it.effect("Retry-After is waited for", () =>
    Effect.gen(function* () {
      const busy = { status: 429, headers: { "retry-after": "20" } }
      const net = script({ posts: [busy, { body: { id: "job-1" } }] })
      const fiber = yield* Effect.forkChild(Job.submit(provider, request).pipe(Effect.provide(net.layer)))
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(fiber)
      expect(net.posts().map(({ at }) => at)).toEqual([0, 20_000])
    })
  )

  it.effect.each([15_000, 20_000])("Retry-After that is as long as the deadline of %i ms is not waited for", (deadline) =>
    Effect.gen(function* () {
      const net = script({ posts: [{ status: 429, headers: { "retry-after": "20" } }] })
      const fiber = yield* Effect.forkChild(Effect.flip(Job.submit(provider, request, { deadline })).pipe(Effect.provide(net.layer)))
      yield* TestClock.adjust("1 minute")
      expect([(yield* Fiber.join(fiber)).reason._tag, net.posts().map(({ at }) => at)]).toEqual(["RateLimited", [0]])
    })
  )

  it.effect.each<[number, string]>([
    [400, "SubmitRejected"],
    [401, "Unauthorized"],
    [402, "PaymentRequired"],
    [403, "Unauthorized"],
    [422, "SubmitRejected"]
  ])("%i is %s at once, and the key is not repeated", ([status, reason]) =>
    Effect.gen(function* () {
      const net = script({ posts: [{ status, body: { error: `Incorrect API key provided: ${key}` } }] })
      const error = yield* Effect.flip(Job.submit(provider, request)).pipe(Effect.provide(net.layer))
      expect(error.reason._tag).toBe(reason)
      expect(error.message).toContain("Incorrect API key provided: <key>")
      expect(printed(error)).not.toContain(key)
      expect(net.requests).toHaveLength(1)
    })
  )

  it.effect.each<[string, () => Effect.Effect<unknown, JobError>, string]>([
    ["an empty prompt", () => Job.submit(provider, { prompt: "" }).pipe(Effect.provide(script({}).layer)), "prompt"],
    ["no key", () => Job.submit(fake({ apiKey: " " }), request).pipe(Effect.provide(script({}).layer)), "apiKey"],
    ["a key with a line break", () => Job.submit(fake({ apiKey: "a\nb" }), request).pipe(Effect.provide(script({}).layer)), "apiKey"],
    ["no address", () => Job.submit(fake({ apiKey: key, baseUrl: "x" }), request).pipe(Effect.provide(script({}).layer)), "baseUrl"],
    ["a pace of nothing", () => Job.submit(provider, request, { pace: 0 }).pipe(Effect.provide(script({}).layer)), "pace"],
    ["a negative deadline", () => Job.submit(provider, request, { deadline: -1 }).pipe(Effect.provide(script({}).layer)), "deadline"]
  ])("%s is refused before sending", ([, submit, field]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(submit())
      expect(error).toMatchObject({ reason: { _tag: "InvalidRequest", field }, attempt: 0, operation: "submit" })
      expect(error.message).toMatch(/^Refused before sending: /u)
    })
  )

  it.effect("what is refused before sending sends nothing", () =>
    Effect.gen(function* () {
      const net = script({})
      yield* Effect.flip(Job.submit(provider, { prompt: "" })).pipe(Effect.provide(net.layer))
      expect(net.requests).toEqual([])
    })
  )
})

describe("an interruption during a submit", () => {
  const interrupted = Effect.fnUntraced(function* (reply: Reply, keeping: Effect.Effect<void> = Effect.void) {
    const net = script({ posts: [reply] })
    const known: Array<JobRef> = []
    const unknown: Array<JobError> = []
    const submit = Job.submit(provider, request, {
      onSubmitted: (made) =>
        Effect.andThen(
          Effect.sync(() => void known.push(made)),
          keeping
        ),
      onUnknown: (error) => Effect.sync(() => void unknown.push(error))
    })
    const fiber = yield* Effect.forkChild(Effect.provide(submit, net.layer))
    yield* TestClock.adjust("1 second")
    const stop = yield* Effect.forkChild(Fiber.interrupt(fiber))
    return { net, known, unknown, stop, exit: Fiber.await(fiber) }
  })

  it.effect("waits for the id, and hands it over", () =>
    Effect.gen(function* () {
      const { exit, known, net, stop, unknown } = yield* interrupted({ body: { id: "job-1" }, after: "8 seconds" })
      yield* TestClock.adjust("6 seconds")
      expect(stop.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(stop)
      expect(known).toEqual([ref])
      expect([unknown.length, net.requests.length, net.cut.length]).toEqual([0, 1, 0])
      expect((yield* exit).toString()).toMatch(/^Failure\(Cause\(\[Interrupt\(\d+\)\]\)\)$/u)
    })
  )

  it.effect("waits no longer for a listener that keeps the id, and calls no job unknown that it was given", () =>
    Effect.gen(function* () {
      const { known, stop, unknown } = yield* interrupted({ body: { id: "job-1" }, after: "3 seconds" }, Effect.never)
      yield* TestClock.adjust("9 seconds")
      expect(stop.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(stop)
      expect([known, unknown]).toEqual([[ref], []])
    })
  )

  it.effect("waits 10 seconds at most, and then reports an unknown outcome", () =>
    Effect.gen(function* () {
      const { known, net, stop, unknown } = yield* interrupted({ hangs: true })
      yield* TestClock.adjust("9 seconds")
      expect(stop.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(stop)
      expect(known).toEqual([])
      expect(unknown.map(({ reason }) => reason)).toMatchObject([
        { _tag: "SubmitUnknown", detail: "it was interrupted, and no answer came within 10 s" }
      ])
      expect([net.requests.length, net.cut.length]).toEqual([1, 0])
      // The request itself goes on to its own timeout.
      yield* TestClock.adjust("50 seconds")
      expect([net.requests.length, net.cut.length, unknown.length]).toEqual([1, 1, 1])
    })
  )

  it.effect("an id that comes later than that is handed over all the same", () =>
    Effect.gen(function* () {
      const { known, net, stop, unknown } = yield* interrupted({ body: { id: "job-1" }, after: "20 seconds" })
      yield* TestClock.adjust("11 seconds")
      yield* Fiber.join(stop)
      expect([known, unknown.length]).toEqual([[], 1])
      yield* TestClock.adjust("10 seconds")
      expect([known, unknown.length, net.requests.length]).toEqual([[ref], 1, 1])
    })
  )

  it.effect("is an interruption and nothing else without onUnknown", () =>
    Effect.gen(function* () {
      const net = script({ posts: [{ status: 502, after: "3 seconds" }] })
      const fiber = yield* Effect.forkChild(Job.submit(provider, request).pipe(Effect.provide(net.layer)))
      yield* TestClock.adjust("1 second")
      const stop = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(stop)
      const exit = yield* Fiber.await(fiber)
      expect(Exit.isFailure(exit) && exit.cause.reasons.map(({ _tag }) => _tag)).toEqual(["Interrupt"])
    })
  )

  it.effect("reports an answer that decides nothing, and is silent about a refusal", () =>
    Effect.gen(function* () {
      const unclear = yield* interrupted({ status: 502, after: "3 seconds" })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(unclear.stop)
      expect(unclear.unknown).toHaveLength(1)
      const refused = yield* interrupted({ status: 400, after: "3 seconds" })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(refused.stop)
      expect([refused.unknown, refused.known]).toEqual([[], []])
    })
  )
})
