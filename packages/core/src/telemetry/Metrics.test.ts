import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { definition, done, listen, provider, type Reply, request, said, script, transport } from "../../test/fake.ts"
import { fakeFetch } from "../../test/fetch.ts"
import { memory, withJournal } from "../../test/journal.ts"
import { ref, succeeded } from "../../test/samples.ts"
import { registry } from "../../test/tracer.ts"
import * as Artifact from "../artifact/Artifact.ts"
import * as Job from "../Job.ts"
import { createClient } from "../promise.ts"
import * as Provider from "../provider/Provider.ts"

const video = new TextEncoder().encode("....ftyp")

const counted = Effect.fnUntraced(function* (
  replies: Parameters<typeof script>[0],
  given: Provider.Provider<{ readonly prompt: string }> = provider
) {
  const metrics = registry()
  const net = script(replies)
  const handle = yield* Job.submit(given, request).pipe(Effect.provide(net.layer), metrics.in, Effect.option)
  const listening = Option.match(handle, { onNone: () => Effect.never, onSome: (found) => metrics.in(listen(found)) })
  return { metrics, handle, listening, numbers: metrics.numbers }
})

describe("metrics", () => {
  it.effect("a job counts once in each state that it enters, and in the gauge while it is watched", () =>
    Effect.gen(function* () {
      const { listening, numbers } = yield* counted({ polls: [said("queued"), said("running"), said("running", { progress: 0.5 }), done] })
      const jobs = Effect.map(numbers, (all) => Object.entries(all).filter(([name]) => name.startsWith("reelay.jobs")))
      expect(yield* jobs).toEqual([["reelay.jobs{Submitted}", 1]])
      const { fiber } = yield* listening
      yield* TestClock.adjust("3 seconds")
      expect(Object.fromEntries(yield* jobs)).toEqual({
        "reelay.jobs{Submitted}": 1,
        "reelay.jobs{Queued}": 1,
        "reelay.jobs.watched{Submitted}": 0,
        "reelay.jobs.watched{Queued}": 1
      })
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.interrupt(fiber)
      expect(Object.fromEntries(yield* jobs)).toMatchObject({ "reelay.jobs{Running}": 1, "reelay.jobs.watched{Running}": 0 })
      yield* listening
      yield* TestClock.adjust("2 hours")
      expect(Object.fromEntries(yield* jobs)).toEqual({
        "reelay.jobs{Submitted}": 1,
        "reelay.jobs{Queued}": 1,
        "reelay.jobs{Running}": 1,
        "reelay.jobs{Succeeded}": 1,
        "reelay.jobs.watched{Submitted}": 0,
        "reelay.jobs.watched{Queued}": 0,
        "reelay.jobs.watched{Running}": 0
      })
    })
  )

  it.effect("two watchers of one handle count its job once", () =>
    Effect.gen(function* () {
      const { listening, numbers } = yield* counted({ polls: [said("running")] })
      const first = yield* listening
      const second = yield* listening
      yield* TestClock.adjust("3 seconds")
      expect(yield* numbers).toMatchObject({ "reelay.jobs.watched{Running}": 1, "reelay.polls": 1 })
      yield* Fiber.interrupt(first.fiber)
      expect(yield* numbers).toMatchObject({ "reelay.jobs.watched{Running}": 1 })
      yield* Fiber.interrupt(second.fiber)
      expect(yield* numbers).toMatchObject({ "reelay.jobs.watched{Running}": 0 })
    })
  )

  it.effect.each<[string, Reply]>([
    ["network", { breaks: new Error("reset") }],
    ["timeout", { hangs: true }],
    ["server", { status: 502 }],
    ["rate-limited", { status: 429 }],
    ["payment-required", { status: 403, body: { code: "insufficient_balance" } }],
    ["unreadable", { body: "<html>" }],
    ["not-found", { status: 404 }]
  ])("a failed poll counts as one, by %s", ([because, reply]) =>
    Effect.gen(function* () {
      const { listening, numbers } = yield* counted({ polls: [said("queued"), reply, reply, done] })
      yield* listening
      yield* TestClock.adjust("1 hour")
      const all = yield* numbers
      expect(Object.entries(all).filter(([name]) => name.startsWith("reelay.polls"))).toEqual([
        ["reelay.polls", 4],
        [`reelay.polls.failed{${because}}`, 2]
      ])
    })
  )

  it.effect("a poll that is aborted because its watcher leaves counts as a poll, but not as failed", () =>
    Effect.gen(function* () {
      const { listening, numbers } = yield* counted({ polls: [{ hangs: true }] })
      const { fiber } = yield* listening
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.interrupt(fiber)
      const all = yield* numbers
      expect([all["reelay.polls"], Object.keys(all).filter((name) => name.includes("missed"))]).toEqual([1, []])
    })
  )

  it.effect.each<[string, Reply, number]>([
    ["accepted", { body: { id: "job-1" } }, 1],
    ["SubmitRejected", { status: 400 }, 0],
    ["Unauthorized", { status: 401 }, 0],
    ["RateLimited", { status: 429 }, 0],
    ["SubmitUnknown", { body: "<html>" }, 0]
  ])("a submission counts once, as %s", ([outcome, reply, jobs]) =>
    Effect.gen(function* () {
      const metrics = registry()
      const net = script({ posts: [reply] })
      yield* Effect.forkChild(Job.submit(provider, request).pipe(Effect.provide(net.layer), metrics.in, Effect.ignore))
      yield* TestClock.adjust("10 minutes")
      const all = yield* metrics.numbers
      expect(Object.entries(all)).toEqual([[`reelay.submits{${outcome}}`, 1], ...(jobs === 0 ? [] : [["reelay.jobs{Submitted}", jobs]])])
    })
  )

  it.effect.each<[string, Reply, Record<string, number>]>([
    ["its outcome", { after: "5 seconds", body: { id: "job-1" } }, { "reelay.submits{accepted}": 1, "reelay.jobs{Submitted}": 1 }],
    ["SubmitUnknown", { hangs: true }, { "reelay.submits{SubmitUnknown}": 1 }]
  ])("a submission whose caller has left counts as %s", ([, reply, expected]) =>
    Effect.gen(function* () {
      const metrics = registry()
      const net = script({ posts: [reply] })
      const fiber = yield* Effect.forkChild(Job.submit(provider, request).pipe(Effect.provide(net.layer), metrics.in))
      yield* TestClock.adjust("1 second")
      yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("5 minutes")
      expect(yield* metrics.numbers).toEqual(expected)
    })
  )

  it.effect("one that was left before anything was sent counts as Interrupted, and one that the journal refused as JournalFailed", () =>
    Effect.gen(function* () {
      const metrics = registry()
      // It waits for its retry.
      const net = script({ posts: [{ status: 429, headers: { "retry-after": "30" } }] })
      const fiber = yield* Effect.forkChild(Job.submit(provider, request).pipe(Effect.provide(net.layer), metrics.in))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      expect(yield* metrics.numbers).toEqual({ "reelay.submits{Interrupted}": 1 })

      const store = memory()
      store.failing(() => true)
      const journal = store.restart()
      yield* Job.submit(provider, request).pipe(Effect.provide(net.layer), withJournal(journal), metrics.in, Effect.ignore)
      expect(yield* metrics.numbers).toEqual({ "reelay.submits{Interrupted}": 1, "reelay.submits{JournalFailed}": 1 })
    })
  )

  it.effect("a download counts the received bytes, including discarded ones", () =>
    Effect.gen(function* () {
      const metrics = registry()
      const net = transport((_, nth) => (nth === 1 ? { body: video, cut: new Error("reset") } : { body: video }))
      const fiber = yield* Effect.forkChild(Artifact.bytes(provider, succeeded).pipe(Effect.provide(net.layer), metrics.in))
      while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
      expect(yield* metrics.numbers).toEqual({ "reelay.download.bytes": 16 })
    })
  )

  it("jobs of createClient are in the registry that an exporter reads by default", async () => {
    const job = await createClient({ provider, fetch: fakeFetch().fetch, pace: 1, logLevel: "none" }).submit(request)
    await job.result()
    const all = await Effect.runPromise(Metric.snapshot)
    expect(all.filter(({ id }) => id.startsWith("reelay.")).map(({ id }) => id)).toEqual(
      expect.arrayContaining(["reelay.submits", "reelay.jobs", "reelay.polls", "reelay.detection_lag"])
    )
  })

  it.effect("each series has its provider, and none a job", () =>
    Effect.gen(function* () {
      const { handle, listening, metrics } = yield* counted({ polls: [said("queued"), { status: 502 }, done] })
      yield* listening
      yield* TestClock.adjust("1 hour")
      const all = yield* metrics.all
      expect(all.length).toBeGreaterThan(7)
      expect(all.filter(({ attributes }) => attributes?.["reelay.provider"] !== "fake")).toEqual([])
      expect(JSON.stringify(all.map(({ attributes }) => attributes))).not.toContain(Option.getOrThrow(handle).ref.id)
    })
  )
})

/** A provider that reports when a job ended: this many milliseconds after submission, by its clock. */
const telling = (endedAt: number) =>
  Provider.configure({
    ...definition,
    interpret: (answer) => {
      const reading = definition.interpret(answer)
      return reading._tag === "Succeeded" || reading._tag === "Failed" ? { ...reading, endedAt } : reading
    }
  })({ apiKey: "k", account: "me" })

describe("the detection lag", () => {
  it.effect("is at most the time since the beginning of the last poll that saw the job unfinished", () =>
    Effect.gen(function* () {
      const { listening, numbers } = yield* counted({ polls: [said("queued"), { ...said("running"), after: "1 second" }, done] })
      yield* listening
      yield* TestClock.adjust("1 hour")
      // Polls begin at 2 s, 7 s and 13 s, and the one at 7 s has seen it run.
      expect(yield* numbers).toMatchObject({ "reelay.detection_lag{bound}": "1 in 6 s" })
    })
  )

  it.effect("a poll that saw the job queued has seen it unfinished", () =>
    Effect.gen(function* () {
      const { listening, numbers } = yield* counted({ polls: [said("queued"), done] })
      yield* listening
      yield* TestClock.adjust("1 hour")
      expect(yield* numbers).toMatchObject({ "reelay.detection_lag{bound}": "1 in 5 s" })
    })
  )

  it.effect("a failed poll has not seen it unfinished", () =>
    Effect.gen(function* () {
      const { listening, numbers } = yield* counted({ polls: [said("running"), said("cooking"), done] })
      yield* listening
      yield* TestClock.adjust("1 hour")
      expect(yield* numbers).toMatchObject({ "reelay.detection_lag{bound}": "1 in 10 s" })
    })
  )

  it.effect("time without a watcher isn't lag", () =>
    Effect.gen(function* () {
      const { listening, numbers } = yield* counted({ polls: [said("running"), done] })
      const { fiber } = yield* listening
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("20 seconds")
      yield* listening
      yield* TestClock.adjust("1 second")
      expect(yield* numbers).toMatchObject({ "reelay.detection_lag{bound}": "1 in 0 s" })
    })
  )

  it.effect.each<[string, number, string]>([
    ["is what the payload reports", 10_500, "1 in 1.5 s"],
    ["is 0 if the provider's clock is ahead", 99_000, "1 in 0 s"],
    ["is the bound if the provider's clock is behind", -60_000, "1 in 5 s"]
  ])("%s", ([, endedAt, lag]) =>
    Effect.gen(function* () {
      const { listening, numbers } = yield* counted({ polls: [said("queued"), said("running"), done] }, telling(endedAt))
      yield* listening
      yield* TestClock.adjust("1 hour")
      const all = yield* numbers
      expect(Object.entries(all).filter(([name]) => name.includes("lag"))).toEqual([["reelay.detection_lag{reported}", lag]])
    })
  )

  it.effect("is unknown for a job that is lost, or that its caller cancelled", () =>
    Effect.gen(function* () {
      const metrics = registry()
      const net = script({ polls: [{ status: 401 }] })
      const handle = yield* Job.attach(provider, ref).pipe(Effect.provide(net.layer), metrics.in)
      yield* metrics.in(Effect.ignore(handle.result))
      const stopping = Provider.configure({ ...definition, cancel: ({ id }) => ({ method: "DELETE", path: `/jobs/${id}` }) })
      const given = stopping({ apiKey: "k", account: "me" })
      const mine = yield* Job.submit(given, request).pipe(
        Effect.provide(transport(({ method }) => (method === "POST" ? { body: { id: "job-2" } } : said("cancelled"))).layer),
        metrics.in
      )
      expect(yield* metrics.in(mine.cancel)).toBe("Cancelled")
      const all = yield* metrics.numbers
      expect(all).toMatchObject({ "reelay.jobs{Cancelled}": 1, "reelay.jobs.watched{Submitted}": 0 })
      expect(Object.keys(all).filter((name) => name.includes("lag"))).toEqual([])
    })
  )
})
