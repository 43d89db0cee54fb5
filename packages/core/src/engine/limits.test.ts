import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import * as TestClock from "effect/testing/TestClock"
import { most } from "../../test/crowd.ts"
import { expect } from "../../test/expect.ts"
import {
  definition,
  done,
  fake,
  key,
  listen,
  printed,
  provider,
  request,
  said,
  script,
  transport,
  type Reply,
  type Sent
} from "../../test/fake.ts"
import { ref } from "../../test/samples.ts"
import * as Job from "../Job.ts"
import type { JobError } from "../job/JobError.ts"
import * as Limits from "../limits/Limits.ts"
import * as Provider from "../provider/Provider.ts"

/** Jobs that are attached to all at once, watched to their ends. */
const attached = Effect.fnUntraced(function* (
  count: number,
  net: ReturnType<typeof transport>,
  limits: Limits.Limits,
  options: Job.AttachOptions = {}
) {
  return yield* Effect.forEach(Array.from({ length: count }), (_, index) =>
    Job.attach(provider, { ...ref, id: `job-${index}` }, { deadline: "10 minutes", ...options }).pipe(
      Effect.provide(net.layer),
      Effect.provideService(Limits.Limits, limits),
      Effect.flatMap(listen)
    )
  )
})

/** Each job ends at its third look; `trouble` comes first. */
const server = (trouble: (sent: Sent, nth: number) => Reply | undefined) => {
  const looks = new Map<string, number>()
  return transport((sent, nth) => {
    const wrong = trouble(sent, nth)
    if (wrong !== undefined) return wrong
    const look = (looks.get(sent.url) ?? 0) + 1
    looks.set(sent.url, look)
    return look < 3 ? said("running", { progress: look * 30 }) : done
  })
}
const reasonOf = (end: "complete" | JobError | undefined) => (end === undefined || end === "complete" ? end : end.reason)

describe("many jobs on one account", () => {
  it.effect("keep its rate at the wire, and all come to their end", () =>
    Effect.gen(function* () {
      const net = server(() => undefined)
      const jobs = yield* attached(300, net, Limits.memory({ rate: { limit: 10, window: "1 second" } }))
      yield* TestClock.adjust("5 minutes")
      expect(jobs.map((job) => job.tags().at(-1))).toEqual(jobs.map(() => "Succeeded"))
      expect(net.polls().length).toBe(900)
      expect(
        most(
          net.polls().map(({ at }) => at),
          1000
        )
      ).toBe(10)
      const firsts = jobs.map((_, index) => net.polls().findIndex(({ url }) => url.endsWith(`/job-${index}`)))
      expect(firsts).toEqual(firsts.toSorted((one, two) => one - two))
    })
  )

  it.effect.each<[string, Reply, number]>([
    ["money", { status: 429, body: { error: { code: "credit_balance_exhausted", message: "no credits" } } }, 0],
    ["money, in Chinese", { status: 429, body: { code: 429, message: "额度不足" } }, 0],
    ["pace", { status: 429, body: { error: { code: "rate_limit_exceeded" } } }, 30_000],
    ["pace, with another status", { status: 403, body: { error: { code: "rate_limit_exceeded", message: "no" } } }, 30_000]
  ])("F17: a poll by itself that is refused over %s", ([, reply, wait]) =>
    Effect.gen(function* () {
      const net = transport((_, nth) => (nth === 1 ? { ...reply, headers: { "retry-after": "30" } } : done))
      const limits = Limits.memory()
      const under = <A, E>(effect: Effect.Effect<A, E, HttpClient.HttpClient>) =>
        effect.pipe(Effect.provide(net.layer), Effect.provideService(Limits.Limits, limits))
      yield* under(Effect.flatMap(Job.poller(provider, ref), (poller) => Job.poll(provider, poller)))
      yield* attached(1, net, limits)
      yield* TestClock.adjust("1 minute")
      expect(net.polls().map(({ at }) => at)).toEqual([0, wait])
    })
  )

  it.effect("all keep away after one 429, others do not, and then they come one by one", () =>
    Effect.gen(function* () {
      const net = server((_, nth) => (nth === 1 ? { status: 429, headers: { "retry-after": "30" } } : undefined))
      const limits = Limits.memory()
      const first = yield* attached(1, net, limits)
      yield* TestClock.adjust("1 millis")
      const jobs = yield* attached(200, net, limits)
      const stranger = yield* Job.attach(fake({ apiKey: key, account: "you" }), { ...ref, id: "stranger", account: "you" }).pipe(
        Effect.provide(net.layer),
        Effect.provideService(Limits.Limits, limits),
        Effect.flatMap(listen)
      )
      yield* TestClock.adjust("29 seconds")
      expect(
        new Set(
          net
            .polls()
            .slice(1)
            .map(({ url }) => url)
        )
      ).toEqual(new Set(["https://api.fake.test/jobs/stranger"]))
      yield* TestClock.adjust("5 seconds")
      expect(net.polls().length).toBeLessThan(12)
      yield* TestClock.adjust("5 minutes")
      for (const job of [...first, ...jobs, stranger]) expect(job.tags().at(-1)).toBe("Succeeded")
    })
  )

  it.effect("leave an address alone that does not answer, spend no failures on that, and continue when it is back", () =>
    Effect.gen(function* () {
      const net = server(({ at }) => (at < 120_000 ? { status: 503 } : undefined))
      const jobs = yield* attached(100, net, Limits.memory({ open: "10 seconds" }), { maxConsecutiveFailures: 3 })
      yield* TestClock.adjust("119 seconds")
      const before = net.polls().map(({ at }) => at)
      // What was under way when the circuit opened, then one probe each time.
      expect(before.filter((at) => at > 10_000).length).toBeLessThanOrEqual(12)
      expect(jobs.map((job) => job.end())).toEqual(jobs.map(() => undefined))
      yield* TestClock.adjust("8 minutes")
      expect(jobs.map((job) => job.tags().at(-1))).toEqual(jobs.map(() => "Succeeded"))
    })
  )
})

describe("a job that waits for admission", () => {
  it.effect("is given up at its deadline, and says what it waited for", () =>
    Effect.gen(function* () {
      const net = server(() => ({ status: 429, headers: { "retry-after": "3600" } }))
      const limits = Limits.memory()
      const [first] = yield* attached(1, net, limits, { deadline: "40 seconds" })
      yield* TestClock.adjust("1 second")
      const [second] = yield* attached(1, net, limits, { deadline: "20 seconds" })
      yield* TestClock.adjust("19 seconds")
      expect(second?.end()).toBe(undefined)
      yield* TestClock.adjust("1 second")
      expect(reasonOf(second?.end())).toMatchObject({
        _tag: "DeadlineExceeded",
        lastState: "Submitted",
        detail: "and the last poll had to wait: https://api.fake.test had asked this account to wait"
      })
      yield* TestClock.adjust("19 seconds")
      expect([reasonOf(first?.end()), net.polls().length]).toMatchObject([{ _tag: "DeadlineExceeded" }, 1])
      expect(printed(second?.end())).not.toContain(key)
    })
  )

  it.effect("takes its last poll at the deadline, if nothing but others of that moment is in the way", () =>
    Effect.gen(function* () {
      const net = transport(() => said("constructor"))
      const jobs = yield* attached(20, net, Limits.memory(), { deadline: "14 seconds" })
      yield* TestClock.adjust("14 seconds")
      expect(net.polls().filter(({ at }) => at === 14_000).length).toBe(20)
      for (const job of jobs) {
        const detail = 'its status is "constructor", which no document explains'
        expect(reasonOf(job.end())).toMatchObject({ _tag: "DeadlineExceeded", detail })
      }
    })
  )

  it.effect("has not polled yet: the poll's own time begins with the poll", () =>
    Effect.gen(function* () {
      const net = server((_, nth) =>
        nth === 1 ? { status: 429, headers: { "retry-after": "50" } } : { ...said("running"), after: 20_000 }
      )
      const limits = Limits.memory()
      yield* attached(1, net, limits)
      yield* TestClock.adjust("1 millis")
      const [late] = yield* attached(1, net, limits, { requestTimeout: "25 seconds", maxConsecutiveFailures: 1 })
      yield* TestClock.adjust("90 seconds")
      expect([late?.tags(), late?.seen.map(({ polls }) => polls)]).toEqual([
        ["Submitted", "Running"],
        [0, 1]
      ])
    })
  )

  it.effect("can be left at once, and delays no other", () =>
    Effect.gen(function* () {
      const net = server((_, nth) => (nth === 1 ? { status: 429, headers: { "retry-after": "30" } } : undefined))
      const limits = Limits.memory()
      yield* attached(1, net, limits)
      yield* TestClock.adjust("1 millis")
      const [leaver, stayer] = yield* attached(2, net, limits)
      yield* TestClock.adjust("10 seconds")
      if (leaver !== undefined) yield* Fiber.interrupt(leaver.fiber)
      yield* TestClock.adjust("5 minutes")
      expect([leaver?.tags(), stayer?.tags().at(-1)]).toEqual([["Submitted"], "Succeeded"])
      expect(net.polls().filter(({ url }) => url.endsWith("job-0")).length).toBe(3 + 1)
    })
  )
})

describe("a submission that waits for admission", () => {
  const paused = Effect.fnUntraced(function* () {
    const net = script({ posts: [{ status: 429, headers: { "retry-after": "30" } }, { body: { id: "job-1" } }] })
    const limits = Limits.memory()
    const submit = (options?: Job.SubmitOptions) =>
      Effect.forkChild(
        Job.submit(provider, request, options).pipe(Effect.provide(net.layer), Effect.provideService(Limits.Limits, limits), Effect.exit)
      )
    const first = yield* submit()
    yield* TestClock.adjust("1 millis")
    return { net, submit, first }
  })

  it.effect("is sent when the pause is over", () =>
    Effect.gen(function* () {
      const { first, net, submit } = yield* paused()
      const second = yield* submit()
      yield* TestClock.adjust("5 minutes")
      expect([(yield* Fiber.join(first))._tag, (yield* Fiber.join(second))._tag]).toEqual(["Success", "Success"])
      expect(net.posts().map(({ at }) => at)[1]).toBe(30_000)
      expect(net.posts().length).toBe(3)
    })
  )

  it.effect("is interrupted at once, and was never sent", () =>
    Effect.gen(function* () {
      const { net, submit } = yield* paused()
      const second = yield* submit()
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.interrupt(second)
      yield* TestClock.adjust("5 minutes")
      expect(net.posts().length).toBe(2)
    })
  )

  it.effect("fails at its deadline, and says that nothing was sent", () =>
    Effect.gen(function* () {
      const { submit } = yield* paused()
      const second = yield* submit({ deadline: "10 seconds" })
      yield* TestClock.adjust("10 seconds")
      const exit = yield* Fiber.join(second)
      expect(JSON.stringify(exit)).toContain("nothing was sent")
      expect(exit).toMatchObject({ cause: { reasons: [{ error: { operation: "submit", attempt: 0, reason: { _tag: "RateLimited" } } }] } })
    })
  )

  it.effect.each<{ what: string; options: Limits.Options; first: Reply; reason: object }>([
    {
      what: "an address that failed",
      options: { failures: 1 },
      first: { status: 500 },
      reason: {
        _tag: "Unreachable",
        detail: "https://api.fake.test failed several times in a row, and was being left alone; nothing was sent"
      }
    },
    {
      what: "a pause",
      options: {},
      first: { status: 429, headers: { "retry-after": "30" } },
      reason: { _tag: "RateLimited", detail: "https://api.fake.test had asked this account to wait; nothing was sent" }
    },
    {
      what: "the caller's own rate",
      options: { rate: { limit: 1, window: "1 minute" } },
      first: { body: { id: "job-1" } },
      reason: {
        _tag: "RateLimited",
        detail: "other requests to https://api.fake.test came first, at the rate that was set; nothing was sent"
      }
    }
  ])("says that it waited for $what", ({ first, options, reason }) =>
    Effect.gen(function* () {
      const net = script({ posts: [first] })
      const limits = Limits.memory(options)
      const submit = Job.submit(provider, request, { deadline: "3 seconds" }).pipe(
        Effect.provide(net.layer),
        Effect.provideService(Limits.Limits, limits)
      )
      yield* Effect.exit(submit)
      const second = yield* Effect.forkChild(Effect.flip(submit))
      yield* TestClock.adjust("3 seconds")
      const error = yield* Fiber.join(second)
      expect(error).toMatchObject({ reason, provider: "fake", operation: "submit", attempt: 0 })
      expect(net.posts()).toHaveLength(1)
    })
  )

  it.effect("a try that is on its way is waited for all the same", () =>
    Effect.gen(function* () {
      const net = script({ posts: [{ body: { id: "job-1" }, after: "5 seconds" }] })
      const told: Array<string> = []
      const submitting = yield* Effect.forkChild(
        Job.submit(provider, request, { onSubmitted: ({ id }) => Effect.sync(() => void told.push(id)) }).pipe(
          Effect.provide(net.layer),
          Effect.provideService(Limits.Limits, Limits.memory())
        )
      )
      yield* TestClock.adjust("1 second")
      const leaving = yield* Effect.forkChild(Fiber.interrupt(submitting))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(leaving)
      expect([told, net.cut]).toEqual([["job-1"], []])
    })
  )
})

describe("a cancellation", () => {
  it.effect.each<[string, Reply, number]>([
    ["about money pauses nothing", { status: 429, body: { code: "insufficient_balance", message: "no money" } }, 0],
    ["about money, in words, pauses nothing", { status: 429, body: { error: "Insufficient credits" } }, 0],
    ["about pace pauses the account", { status: 429, body: { error: "slow down" } }, 30_000],
    ["about pace pauses the account, whatever the status", { status: 429, body: "" }, 30_000]
  ])("F17: whose answer is %s", ([, reply, wait]) =>
    Effect.gen(function* () {
      const net = transport(({ method }) => (method === "DELETE" ? { ...reply, headers: { "retry-after": "30" } } : done))
      const stoppable = Provider.configure({ ...definition, cancel: ({ id }) => ({ method: "DELETE", path: `/jobs/${id}` }) })
      const handle = yield* Job.attach(stoppable({ apiKey: key, account: "me" }), ref).pipe(
        Effect.provide(net.layer),
        Effect.provideService(Limits.Limits, Limits.memory())
      )
      expect(yield* handle.cancel).toBe("Unknown")
      yield* listen(handle)
      yield* TestClock.adjust("1 minute")
      expect(net.polls().map(({ at }) => at)).toEqual([wait])
    })
  )

  it.effect("waits for admission too", () =>
    Effect.gen(function* () {
      const net = transport(({ method }) => (method === "DELETE" ? said("cancelled") : { status: 429, headers: { "retry-after": "20" } }))
      const stoppable = Provider.configure({
        ...definition,
        cancel: ({ id }) => ({ method: "DELETE", path: `/jobs/${id}` })
      })({ apiKey: key, account: "me" })
      const handle = yield* Job.attach(stoppable, ref).pipe(
        Effect.provide(net.layer),
        Effect.provideService(Limits.Limits, Limits.memory())
      )
      yield* listen(handle)
      yield* TestClock.adjust("1 second")
      const cancelling = yield* Effect.forkChild(handle.cancel)
      yield* TestClock.adjust("18 seconds")
      expect(net.requests.length).toBe(1)
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.join(cancelling)).toBe("Cancelled")
    })
  )
})
