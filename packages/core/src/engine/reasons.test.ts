import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { definition, listen, provider, type Reply, request, said, script } from "../../test/fake.ts"
import { ref } from "../../test/samples.ts"
import * as Job from "../Job.ts"
import type { Answer } from "../job/Reading.ts"
import * as Provider from "../provider/Provider.ts"

/** Reads as the fake provider does, but for 299: the query failed, which says nothing of the job. Remembers what it was asked for. */
const attentive = () => {
  const operations: Array<Answer["operation"]> = []
  const given = Provider.configure({
    ...definition,
    receive: (answer) => {
      operations.push(answer.operation)
      return definition.receive(answer)
    },
    interpret: (answer) => {
      operations.push(answer.operation)
      return answer.status === 299
        ? { _tag: "Missed", because: "query-failed", detail: "the gateway could not ask" }
        : definition.interpret(answer)
    }
  })({ apiKey: "k", account: "me" })
  return { given, operations }
}

/** The error that ends the watching of a job of two minutes ago. */
const lostTo = Effect.fnUntraced(function* (reply: Reply, options: Job.AttachOptions = {}) {
  yield* TestClock.adjust("2 minutes")
  const net = script({ polls: [reply] })
  const handle = yield* Job.attach(attentive().given, ref, { maxConsecutiveFailures: 1, ...options }).pipe(Effect.provide(net.layer))
  const fiber = yield* Effect.forkChild(Effect.flip(handle.result))
  yield* TestClock.adjust("10 minutes")
  return yield* Fiber.join(fiber)
})

const refused = Object.assign(new Error("connect ECONNREFUSED 192.0.2.1:443"), { code: "ECONNREFUSED" })

describe("losing sight of a job", () => {
  it.effect.each<{ what: string; reply: Reply; reason: object; attempt?: number }>([
    {
      what: "401",
      reply: { status: 401, body: { error: "no such key" } },
      reason: { _tag: "Unauthorized", detail: "HTTP 401, no such key" }
    },
    { what: "402", reply: { status: 402, body: { error: "top up" } }, reason: { _tag: "PaymentRequired", detail: "HTTP 402, top up" } },
    {
      what: "400",
      reply: { status: 400, body: { error: { code: "bad_id", message: "no id" } } },
      reason: { _tag: "PollRejected", status: 400, code: "bad_id", detail: "no id" }
    },
    {
      what: "404, three times",
      reply: { status: 404, body: { error: "gone" } },
      reason: { _tag: "NotFound", detail: "HTTP 404: gone" },
      attempt: 3
    },
    { what: "408", reply: { status: 408 }, reason: { _tag: "Unreachable", detail: "HTTP 408" } },
    { what: "429", reply: { status: 429, body: { error: "slow down" } }, reason: { _tag: "RateLimited", detail: "HTTP 429: slow down" } },
    {
      what: "429 about money",
      reply: { status: 429, body: { code: "insufficient_user_quota", message: "预扣费额度失败" } },
      reason: { _tag: "PaymentRequired", detail: "HTTP 429: 预扣费额度失败" }
    },
    { what: "502", reply: { status: 502, body: { error: "boom" } }, reason: { _tag: "Unreachable", detail: "HTTP 502: boom" } },
    { what: "no answer", reply: { hangs: true }, reason: { _tag: "Unreachable", detail: "no answer within 30 s" } },
    {
      what: "no connection",
      reply: { breaks: refused },
      reason: { _tag: "Unreachable", detail: "ECONNREFUSED: connect ECONNREFUSED 192.0.2.1:443" }
    },
    {
      what: "half a JSON",
      reply: { body: '{"status":"do' },
      reason: { _tag: "BadPayload", expected: "the documented JSON", excerpt: '{"status":"do' }
    },
    { what: "a query that failed", reply: { status: 299 }, reason: { _tag: "Unreachable", detail: "the gateway could not ask" } }
  ])("by $what says what was seen, of which job, at which look", ({ attempt = 1, reason, reply }) =>
    Effect.gen(function* () {
      expect(yield* lostTo(reply)).toMatchObject({ _tag: "JobError", reason, provider: "fake", operation: "poll", attempt, ref })
    })
  )

  it.effect.each<{ what: string; reply: Reply; lastState?: string; detail?: string }>([
    { what: "that it runs", reply: said("running"), lastState: "Running" },
    { what: "that it waits", reply: said("queued"), lastState: "Queued" },
    { what: "a success without a video", reply: said("done", { url: "" }) },
    { what: "a word that nobody knows", reply: said("cooking"), detail: 'its status is "cooking", which no document explains' },
    { what: "502", reply: { status: 502 }, detail: "the last poll failed: HTTP 502" },
    { what: "404", reply: { status: 404 }, detail: "the last poll failed: HTTP 404" },
    { what: "nothing", reply: { hangs: true }, detail: "the last poll failed: no answer within 10 s" }
  ])("at its deadline says what the last poll saw: $what", ({ detail, lastState = "Submitted", reply }) =>
    Effect.gen(function* () {
      const net = script({ polls: [reply] })
      const handle = yield* Job.submit(provider, request, { pace: "1 minute", deadline: "1 minute" }).pipe(Effect.provide(net.layer))
      const { end } = yield* listen(handle)
      yield* TestClock.adjust("10 minutes")
      const reason = { _tag: "DeadlineExceeded", deadline: 60_000, lastState, detail }
      expect(end()).toMatchObject({ reason, provider: "fake", operation: "poll", attempt: 1, ref })
    })
  )
})

describe("getting no job", () => {
  const sent = { kind: "generation", at: 0, baseUrl: "https://api.fake.test", account: "me" }

  it.effect.each<{ what: string; reply: Reply; reason: object }>([
    {
      what: "no connection",
      reply: { breaks: refused },
      reason: {
        _tag: "Unreachable",
        detail: "https://api.fake.test can't be reached (ECONNREFUSED: connect ECONNREFUSED 192.0.2.1:443)"
      }
    },
    { what: "429", reply: { status: 429, body: { error: "slow down" } }, reason: { _tag: "RateLimited", detail: "HTTP 429: slow down" } },
    {
      what: "422",
      reply: { status: 422, body: { error: { code: "too_long", message: "at most 15 s" } } },
      reason: { _tag: "SubmitRejected", status: 422, code: "too_long", detail: "at most 15 s" }
    },
    {
      what: "a 500 with an x-request-id",
      reply: { status: 500, headers: { "x-request-id": "req-7", "request-id": "req-8" } },
      reason: { _tag: "SubmitUnknown", detail: "HTTP 500: ", sent: { ...sent, requestId: "req-7" } }
    },
    {
      what: "a 500 with a request-id",
      reply: { status: 500, headers: { "request-id": "req-8" } },
      reason: { _tag: "SubmitUnknown", detail: "HTTP 500: ", sent: { ...sent, requestId: "req-8" } }
    },
    {
      what: "a reset",
      reply: { breaks: new Error("socket hang up") },
      reason: { _tag: "SubmitUnknown", detail: "socket hang up", sent: { ...sent, requestId: undefined } }
    }
  ])("by $what says what was seen, at which try", ({ reason, reply }) =>
    Effect.gen(function* () {
      const net = script({ posts: [reply] })
      const error = yield* Effect.flip(Job.submit(provider, request, { submitRetry: Schedule.recurs(0) })).pipe(Effect.provide(net.layer))
      expect(error).toMatchObject({ _tag: "JobError", reason, provider: "fake", operation: "submit", attempt: 1 })
      expect(error).not.toHaveProperty("ref")
    })
  )
})

it.effect("a provider gets the request that was answered", () =>
  Effect.gen(function* () {
    const { given, operations } = attentive()
    const net = script({ polls: [said("running")] })
    const handle = yield* Job.submit(given, request).pipe(Effect.provide(net.layer))
    yield* listen(handle)
    yield* TestClock.adjust("8 seconds")
    expect(operations).toEqual(["submit", "poll", "poll"])
  })
)
