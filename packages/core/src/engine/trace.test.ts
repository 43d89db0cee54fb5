import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { definition, done, fake, listen, provider, type Reply, request, said, script, transport } from "../../test/fake.ts"
import { ref, succeeded } from "../../test/samples.ts"
import { recording } from "../../test/tracer.ts"
import * as Artifact from "../artifact/Artifact.ts"
import * as Job from "../Job.ts"
import * as Provider from "../provider/Provider.ts"

const video = new TextEncoder().encode("....ftyp")
const known = { "reelay.provider": "fake", "reelay.job.id": "job-1", "reelay.job.kind": "generation" }
const there = { "reelay.provider": "fake", "server.address": "api.fake.test" }

/** Submits under a recording tracer. */
const begun = Effect.fnUntraced(function* (polls: ReadonlyArray<Reply>, options: Job.SubmitOptions = {}) {
  const trace = recording()
  const net = script({ polls })
  const handle = yield* Job.submit(provider, request, options).pipe(Effect.provide(net.layer), trace.in)
  const watch = (within: "3 seconds" | "2 hours") =>
    Effect.gen(function* () {
      const { fiber } = yield* listen(handle)
      yield* TestClock.adjust(within)
      yield* Fiber.interrupt(fiber)
    }).pipe(trace.in)
  return { trace, net, handle, watch }
})

describe("spans", () => {
  it.effect("a job is one trace: the submission, then the watching under it, then the download", () =>
    Effect.gen(function* () {
      const { handle, trace, watch } = yield* begun([said("queued"), said("running"), done])
      yield* watch("2 hours")
      const net = transport(() => ({ body: video }))
      yield* Artifact.bytes(provider, { ...succeeded, ref: handle.ref }).pipe(Effect.provide(net.layer), trace.in)
      expect(trace.tree()).toEqual([
        " > reelay.submit",
        "reelay.submit > reelay.submit.try",
        "reelay.submit > reelay.job",
        "reelay.job > reelay.poll",
        "reelay.job > reelay.poll",
        "reelay.job > reelay.poll",
        "reelay.job > reelay.download"
      ])
      expect(new Set(trace.spans.map(({ traceId }) => traceId)).size).toBe(1)
      expect(trace.open()).toEqual([])
    })
  )

  it.effect("their attributes say what was asked of whom, and what came of it", () =>
    Effect.gen(function* () {
      const { trace, watch } = yield* begun([said("queued"), { status: 502 }, done])
      yield* watch("2 hours")
      const net = transport(() => ({ body: video }))
      yield* Artifact.bytes(provider, succeeded).pipe(Effect.provide(net.layer), trace.in)
      const look = { ...known, ...there }
      expect(trace.attributes("reelay.submit")).toEqual([{ ...there, "reelay.job.id": "job-1" }])
      expect(trace.attributes("reelay.submit.try")).toEqual([
        { ...there, "reelay.attempt": 1, "http.response.status_code": 200, "reelay.job.id": "job-1" }
      ])
      expect(trace.attributes("reelay.job")).toEqual([{ ...known, "reelay.job.state": "Succeeded", "reelay.polls": 3 }])
      expect(trace.attributes("reelay.poll")).toEqual([
        { ...look, "reelay.attempt": 1, "reelay.reading": "Queued", "http.response.status_code": 200 },
        { ...look, "reelay.attempt": 2, "reelay.reading": "Missed", "http.response.status_code": 502, "error.type": "server" },
        { ...look, "reelay.attempt": 3, "reelay.reading": "Succeeded", "http.response.status_code": 200 }
      ])
      expect(trace.attributes("reelay.download")).toEqual([{ ...known, "reelay.download.bytes": 8 }])
      expect(trace.spans.map(({ kind }) => kind)).toEqual(["internal", "client", "internal", "client", "client", "client", "client"])
    })
  )

  it.effect("a poll without an answer has no status, and one that reported something no error", () =>
    Effect.gen(function* () {
      const { trace, watch } = yield* begun([{ breaks: new Error("socket hang up") }, done])
      yield* watch("2 hours")
      const look = [...Object.keys(known), "server.address", "reelay.attempt", "reelay.reading"]
      expect(trace.attributes("reelay.poll").map((attributes) => Object.keys(attributes).toSorted())).toEqual([
        [...look, "error.type"].toSorted(),
        [...look, "http.response.status_code"].toSorted()
      ])
    })
  )

  it.effect("each watch session is one, linked to the one before, and none is open while nothing watches", () =>
    Effect.gen(function* () {
      const { trace, watch } = yield* begun([said("running")])
      yield* watch("3 seconds")
      expect(trace.open()).toEqual([])
      yield* TestClock.adjust("1 minute")
      yield* watch("3 seconds")
      yield* watch("3 seconds")
      expect(trace.open()).toEqual([])
      expect(trace.links("reelay.job")).toEqual([[], ["reelay.job"], ["reelay.job"]])
      const [first, second, third] = trace.named("reelay.job")
      expect([second, third].map((span) => span?.links[0]?.span.spanId)).toEqual([first?.spanId, second?.spanId])
    })
  )

  it.effect("a job that was watched in a thousand stretches keeps the ids of one, and no span", () =>
    Effect.gen(function* () {
      const { trace, watch } = yield* begun([said("running")])
      for (let times = 0; times < 1000; times++) yield* watch("3 seconds")
      const kept = trace.spans.flatMap(({ links, parent }) => links.map(({ span }) => span).concat(Option.toArray(parent)))
      expect([trace.named("reelay.job").length, kept.every(({ _tag }) => _tag === "ExternalSpan")]).toEqual([1000, true])
      expect(Math.max(...trace.spans.map(({ links }) => links.length))).toBe(1)
    })
  )

  it.effect("under a caller's span they are its children, and linked to where the job came from", () =>
    Effect.gen(function* () {
      const { handle, trace } = yield* begun([done])
      const mine = Effect.withSpan(Stream.runDrain(handle.states), "mine")
      const fiber = yield* Effect.forkChild(trace.in(mine))
      yield* TestClock.adjust("2 hours")
      yield* Fiber.join(fiber)
      expect(trace.tree().slice(2)).toEqual([" > mine", "mine > reelay.job", "reelay.job > reelay.poll"])
      expect(trace.links("reelay.job")).toEqual([["reelay.submit"]])
    })
  )

  it.effect("what is attached to belongs to the attachment", () =>
    Effect.gen(function* () {
      const trace = recording()
      const net = script({ polls: [done] })
      const handle = yield* Job.attach(provider, ref).pipe(Effect.provide(net.layer), trace.in)
      yield* trace.in(handle.result)
      expect(trace.tree()).toEqual([" > reelay.attach", "reelay.attach > reelay.job", "reelay.job > reelay.poll"])
      expect(trace.attributes("reelay.attach")).toEqual([known])
    })
  )

  it.effect("what ends otherwise has ended all the same, and says why", () =>
    Effect.gen(function* () {
      const { trace, watch } = yield* begun([{ status: 402, body: { error: "no" } }])
      yield* watch("2 hours")
      expect(trace.open()).toEqual([])
      expect(trace.attributes("reelay.job")).toMatchObject([{ "error.type": "PaymentRequired", "reelay.job.state": "Submitted" }])
      expect(trace.named("reelay.job").map(({ status }) => status._tag === "Ended" && status.exit._tag)).toEqual(["Failure"])

      const refused = recording()
      const net = script({ posts: [{ status: 400, body: { error: "no" } }] })
      yield* Job.submit(provider, request).pipe(Effect.provide(net.layer), refused.in, Effect.ignore)
      expect(refused.open()).toEqual([])
      expect(refused.attributes("reelay.submit")).toEqual([{ ...there, "error.type": "SubmitRejected" }])
      expect(refused.attributes("reelay.submit.try")).toMatchObject([{ "error.type": "SubmitRejected", "http.response.status_code": 400 }])
    })
  )

  it.effect("a session whose job was cancelled meanwhile has ended well, whatever its last poll reported", () =>
    Effect.gen(function* () {
      const trace = recording()
      const stopping = Provider.configure({ ...definition, cancel: ({ id }) => ({ method: "DELETE", path: `/jobs/${id}` }) })
      const net = transport(({ method }) => (method === "DELETE" ? said("cancelled") : { status: 502 }))
      const handle = yield* Job.attach(stopping({ apiKey: "k", account: "me" }), ref).pipe(Effect.provide(net.layer))
      // A reader that takes its time listens on, and the session ends all the same.
      yield* Effect.forkChild(trace.in(Stream.runForEach(handle.states, () => Effect.sleep("1 minute"))))
      yield* TestClock.adjust("1 second")
      expect(yield* handle.cancel).toBe("Cancelled")
      yield* TestClock.adjust("10 seconds")
      expect(trace.attributes("reelay.job")).toEqual([{ ...known, "reelay.job.state": "Cancelled", "reelay.polls": 1 }])
      expect(trace.named("reelay.job").map(({ status }) => status._tag === "Ended" && status.exit._tag)).toEqual(["Success"])
    })
  )

  it.effect("a poll that is cut, and a submission that is left, are ended", () =>
    Effect.gen(function* () {
      const { trace, watch } = yield* begun([{ hangs: true }])
      yield* watch("3 seconds")
      expect([trace.named("reelay.poll").length, trace.open()]).toEqual([1, []])

      const left = recording()
      const net = script({ posts: [{ hangs: true }] })
      const fiber = yield* Effect.forkChild(Job.submit(provider, request).pipe(Effect.provide(net.layer), left.in))
      yield* TestClock.adjust("1 second")
      const leaving = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(leaving)
      expect([left.named("reelay.submit.try").length, left.open()]).toEqual([1, []])
    })
  )

  it.effect("cancelling is one of the job's, with its outcome", () =>
    Effect.gen(function* () {
      const { handle, trace } = yield* begun([said("running")])
      yield* trace.in(handle.cancel)
      expect(trace.tree().at(-1)).toBe("reelay.submit > reelay.cancel")
      expect(trace.attributes("reelay.cancel")).toMatchObject([{ ...known, "reelay.cancel.outcome": "Unsupported" }])
    })
  )

  it.effect("without a tracer's leave there is none", () =>
    Effect.gen(function* () {
      const trace = recording()
      const net = script({ polls: [done] })
      const all = Effect.flatMap(Job.submit(fake({ apiKey: "k", account: "me" }), request), ({ result }) => result)
      const fiber = yield* Effect.forkChild(all.pipe(Effect.provide(net.layer), trace.in, Effect.withTracerEnabled(false)))
      yield* TestClock.adjust("2 hours")
      yield* Fiber.join(fiber)
      expect(trace.spans).toEqual([])
    })
  )

  it.effect("a log line isn't an event of theirs: a watch of hours would gather them", () =>
    Effect.gen(function* () {
      const { trace, watch } = yield* begun([said("running")], { deadline: "90 minutes" })
      yield* watch("2 hours").pipe(
        Effect.provideService(References.MinimumLogLevel, "Debug"),
        Effect.provide(Logger.layer([Logger.tracerLogger]))
      )
      expect(trace.named("reelay.poll").length).toBeGreaterThan(100)
      expect(trace.spans.flatMap(({ events }) => events)).toEqual([])
    })
  )
})
