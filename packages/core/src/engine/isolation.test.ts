import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Logger from "effect/Logger"
import { MinimumLogLevel } from "effect/References"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { expect } from "../../test/expect.ts"
import { definition, done, listen, provider, request, said, script, transport } from "../../test/fake.ts"
import { ref } from "../../test/samples.ts"
import * as Job from "../Job.ts"
import * as Provider from "../provider/Provider.ts"
import { announcing } from "../transport/Transport.ts"

/** Jobs of one process share one due queue: this many are well, and come to their end whatever is broken beside them. */
const others = Effect.gen(function* () {
  const all = yield* Effect.forEach([1, 2, 3], () =>
    Effect.gen(function* () {
      const net = script({ polls: [said("running"), done] })
      return yield* listen(yield* Job.submit(provider, request).pipe(Effect.provide(net.layer)))
    })
  )
  return { well: () => all.map(({ tags }) => tags().at(-1)) }
})

const broken = (): never => {
  throw new RangeError("broken on purpose")
}

const defect = { cause: { reasons: [{ _tag: "Die", defect: { message: "broken on purpose" } }] } }
const wellInTheEnd = ["Succeeded", "Succeeded", "Succeeded"]

describe("what is broken in one job moves no other, and ends that one with its own cause", () => {
  it.effect.each<[string, Provider.Provider<{ readonly prompt: string }>, Job.SubmitOptions]>([
    ["interpret", Provider.configure({ ...definition, interpret: broken })({ apiKey: "k" }), {}],
    ["the call of a poll", Provider.configure({ ...definition, poll: broken })({ apiKey: "k" }), {}],
    ["a pace", provider, { pace: ({ polls }) => (polls === 0 ? 1000 : broken()) }],
    ["a pace, at the first poll", provider, { pace: broken }]
  ])("%s", ([, which, options]) =>
    Effect.gen(function* () {
      const net = script({ polls: [said("running")] })
      const handle = yield* Job.submit(which, request, options).pipe(Effect.provide(net.layer))
      const watching = yield* Effect.forkChild(Effect.exit(handle.result))
      const { well } = yield* others
      yield* TestClock.adjust("1 minute")
      expect(watching.pollUnsafe()).toMatchObject({ value: defect })
      expect(well()).toEqual(wellInTheEnd)
    })
  )

  it.effect("a transport", () =>
    Effect.gen(function* () {
      const net = script({})
      const client = announcing(
        HttpClient.transform(net.client, (sent) => sent),
        { connections: 1, transport: { capacity: 1, send: broken } }
      )
      const handle = yield* Effect.provideService(Job.attach(provider, ref), HttpClient.HttpClient, client)
      const watching = yield* Effect.forkChild(Effect.exit(handle.result))
      const { well } = yield* others
      yield* TestClock.adjust("1 minute")
      expect(watching.pollUnsafe()).toMatchObject({ value: defect })
      expect(well()).toEqual(wellInTheEnd)
    })
  )

  it.effect("an HttpClient that dies is a failed poll", () =>
    Effect.gen(function* () {
      const { layer } = transport(({ method }) => (method === "POST" ? { body: { id: "job-1" } } : broken()))
      const handle = yield* Job.submit(provider, request, { maxConsecutiveFailures: 1 }).pipe(Effect.provide(layer))
      const watching = yield* Effect.forkChild(Effect.flip(handle.result))
      const { well } = yield* others
      yield* TestClock.adjust("1 minute")
      expect(watching.pollUnsafe()).toMatchObject({ value: { reason: { _tag: "Unreachable" } } })
      expect(well()).toEqual(wellInTheEnd)
    })
  )
})

describe("what only listens to a job or shows it does not end it", () => {
  it.effect("a listener that throws is logged, and the others hear on", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const net = script({ polls: [said("running"), done] })
      const handle = yield* Job.submit(provider, request).pipe(Effect.provide(net.layer))
      const context = yield* Effect.provide(
        Effect.context(),
        Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
      )
      handle.subscribe({ state: broken, ended: broken, lost: broken }, context)
      yield* TestClock.adjust("1 minute")
      // Nobody is left who listens.
      expect(net.polls()).toEqual([])
      handle.subscribe({ state: ({ _tag }) => void (_tag === "Running" && broken()), ended: broken, lost: broken }, context)
      const good = yield* listen(handle)
      yield* TestClock.adjust("1 minute")
      expect(good.tags().slice(-2)).toEqual(["Running", "Succeeded"])
      expect(lines).toEqual(Array.from({ length: 2 }, () => expect.stringContaining("A listener of job job-1 failed")))
    })
  )

  it.effect("a tracer and a logger that throw", () =>
    Effect.gen(function* () {
      const net = script({ polls: [said("running"), done] })
      const handle = yield* Job.submit(provider, request).pipe(Effect.provide(net.layer))
      const seen: Array<string> = []
      const tracer = Tracer.make({ span: broken })
      const context = yield* Effect.context().pipe(
        Effect.provideService(Tracer.Tracer, tracer),
        Effect.provideService(MinimumLogLevel, "Debug"),
        Effect.provide(Logger.layer([Logger.make(broken)]))
      )
      handle.subscribe({ state: ({ _tag }) => void seen.push(_tag), ended: () => void seen.push("ended"), lost: broken }, context)
      const { well } = yield* others
      yield* TestClock.adjust("1 minute")
      expect(seen).toEqual(["Submitted", "Running", "Succeeded", "ended"])
      expect(well()).toEqual(wellInTheEnd)
    })
  )
})

describe("a healthy server", () => {
  it.effect("fails no poll because many are due at once: what waits in line has not begun", () =>
    Effect.gen(function* () {
      const net = transport(() => ({ ...done, after: "20 millis" }))
      let inFlight = 0
      let most = 0
      const counted = HttpClient.transform(net.client, (sent) =>
        Effect.suspend(() => {
          most = Math.max(most, ++inFlight)
          return Effect.ensuring(
            sent,
            Effect.sync(() => void (inFlight -= 1))
          )
        })
      )
      const handles = yield* Effect.forEach(Array.from({ length: 2000 }), (_, index) =>
        Effect.provideService(
          Job.attach(provider, { ...ref, id: `job-${index}` }, { requestTimeout: "100 millis", maxConsecutiveFailures: 1 }),
          HttpClient.HttpClient,
          counted
        )
      )
      const fibers = yield* Effect.forEach(handles, ({ result }) => Effect.forkChild(result))
      yield* TestClock.adjust("10 seconds")
      const ends = fibers.map((fiber) => fiber.pollUnsafe()?._tag)
      expect(new Set(ends)).toEqual(new Set(["Success"]))
      expect(net.polls()).toHaveLength(2000)
      expect(most).toBeLessThanOrEqual(256)
    })
  )

  it.effect("is sent nothing for jobs that are all left in one step, however many wait in line", () =>
    Effect.gen(function* () {
      const net = transport(() => ({ hangs: true }))
      const handles = yield* Effect.forEach(Array.from({ length: 600 }), (_, index) =>
        Effect.provideService(Job.attach(provider, { ...ref, id: `job-${index}` }), HttpClient.HttpClient, net.client)
      )
      const leave = handles.map((handle) => handle.subscribe({ state: () => undefined, ended: broken, lost: broken }))
      yield* TestClock.adjust("1 millis")
      const before = net.polls().length
      for (const each of leave) each()
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* TestClock.adjust("1 minute")
      expect([before > 0 && before <= 256, net.polls().length - before]).toEqual([true, 0])
    })
  )
})
