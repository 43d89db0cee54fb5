import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { definition, done, fake, key, listen, provider, type Reply, request, said, script } from "../../test/fake.ts"
import { ref } from "../../test/samples.ts"
import * as Job from "../Job.ts"
import * as JobRef from "../job/JobRef.ts"
import * as Provider from "../provider/Provider.ts"

describe("attach", () => {
  it.effect("sends no POST, and polls at once", () =>
    Effect.gen(function* () {
      const net = script({ polls: [said("running"), done] })
      const handle = yield* Job.attach(provider, ref).pipe(Effect.provide(net.layer))
      const listener = yield* listen(handle)
      yield* TestClock.adjust("10 seconds")
      expect(listener.tags()).toEqual(["Submitted", "Running", "Succeeded"])
      expect([net.posts().length, net.polls().map(({ at }) => at)]).toEqual([0, [0, 5000]])
    })
  )

  it.effect("coming and going during the first poll makes no burst", () =>
    Effect.gen(function* () {
      const net = script({ polls: [{ hangs: true }] })
      const handle = yield* Job.attach(provider, ref).pipe(Effect.provide(net.layer))
      for (let visit = 0; visit < 10; visit++) {
        const visitor = yield* listen(handle)
        yield* TestClock.adjust(10)
        yield* Fiber.interrupt(visitor.fiber)
      }
      expect(net.polls()).toHaveLength(1)
    })
  )

  it.effect("the deadline counts from the attachment", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("3 hours")
      const net = script({ polls: [said("running"), done] })
      const handle = yield* Job.attach(provider, ref).pipe(Effect.provide(net.layer))
      const listener = yield* listen(handle)
      yield* TestClock.adjust("10 seconds")
      expect(listener.tags()).toEqual(["Submitted", "Running", "Succeeded"])
    })
  )

  it.effect("T19: an old job that is not found is given up after three polls", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("3 hours")
      const net = script({ polls: [{ status: 404 }] })
      const handle = yield* Job.attach(provider, ref).pipe(Effect.provide(net.layer))
      const listener = yield* listen(handle)
      yield* TestClock.adjust("1 minute")
      expect(listener.end()).toMatchObject({ reason: { _tag: "NotFound" } })
      expect(net.polls()).toHaveLength(3)
    })
  )

  it.effect.each([
    ["a foreign base", { ...ref, baseUrl: "https://evil.test" }, "ForbiddenAddress"],
    ["the vendor's host over http", { ...ref, baseUrl: "http://api.fake.test" }, "ForbiddenAddress"],
    ["another port", { ...ref, baseUrl: "https://api.fake.test:444" }, "ForbiddenAddress"],
    ["another account", { ...ref, account: "you" }, "Unauthorized"],
    ["another provider", { ...ref, provider: "xai" }, "InvalidRequest"]
  ] as const)("T22: %s is refused, and nothing is sent", ([, foreign, reason]) =>
    Effect.gen(function* () {
      const net = script({})
      const error = yield* Effect.flip(Job.attach(provider, foreign)).pipe(Effect.provide(net.layer))
      expect(error).toMatchObject({ reason: { _tag: reason }, operation: "attach", attempt: 0 })
      expect(error.message).not.toContain(key)
      expect(net.requests).toEqual([])
    })
  )

  it.effect("a deadline that is none is refused, with the reference, and nothing is sent", () =>
    Effect.gen(function* () {
      const net = script({})
      const error = yield* Effect.flip(Job.attach(provider, ref, { deadline: -1 })).pipe(Effect.provide(net.layer))
      expect(error).toMatchObject({ reason: { _tag: "InvalidRequest", field: "deadline" }, operation: "attach", attempt: 0, ref })
      expect(net.requests).toEqual([])
    })
  )

  it.effect("a refused base shows the line that allows it, and that line does", () =>
    Effect.gen(function* () {
      const proxied = { ...ref, baseUrl: "http://localhost:8787/fake" }
      const net = script({ polls: [done] })
      const error = yield* Effect.flip(Job.attach(provider, proxied)).pipe(Effect.provide(net.layer))
      expect(error.message).toContain("(baseUrl): http://localhost:8787/fake")
      const trusting = fake({ apiKey: key, account: "me", baseUrl: "http://localhost:8787/fake/" })
      const handle = yield* Job.attach(trusting, proxied).pipe(Effect.provide(net.layer))
      yield* handle.result
      expect(net.requests.map(({ url }) => url)).toEqual(["http://localhost:8787/fake/jobs/job-1"])
    })
  )

  it.effect("T22: the vendor's own base is followed though another is configured", () =>
    Effect.gen(function* () {
      const net = script({ polls: [done] })
      const handle = yield* Job.attach(fake({ apiKey: key, account: "me", baseUrl: "http://localhost:1" }), ref).pipe(
        Effect.provide(net.layer)
      )
      yield* handle.result
      expect(net.requests.map(({ url }) => url)).toEqual(["https://api.fake.test/jobs/job-1"])
    })
  )

  it.effect("T22: a job is asked for under the path of its kind, which its reference keeps as text", () =>
    Effect.gen(function* () {
      const paths = { generation: "text2video", edit: "image2video", extension: "extend" } as const
      const pathed = Provider.configure({ ...definition, poll: ({ id, kind }) => ({ method: "GET", path: `/${paths[kind]}/${id}` }) })
      const net = script({ polls: [done] })
      for (const kind of ["generation", "edit", "extension"] as const) {
        const kept = JobRef.fromUri(JobRef.toUri({ ...ref, kind }))
        if (typeof kept === "string") throw new Error(kept)
        const handle = yield* Job.attach(pathed({ apiKey: key, account: "me" }), kept).pipe(Effect.provide(net.layer))
        yield* handle.result
      }
      expect(net.requests.map(({ url }) => new URL(url).pathname)).toEqual(["/text2video/job-1", "/image2video/job-1", "/extend/job-1"])
    })
  )

  it.effect.each(["..", ".", "a\nb", "\ud800", ""])("F6: refuses the id %j, which would lead elsewhere, before anything is sent", (id) =>
    Effect.gen(function* () {
      const net = script({})
      const error = yield* Effect.flip(Job.attach(provider, { ...ref, id }).pipe(Effect.provide(net.layer)))
      expect(error).toMatchObject({
        reason: { _tag: "InvalidRequest", field: "ref", rule: "has an id that can't be a part of an address" }
      })
      expect(net.requests).toEqual([])
    })
  )

  it.effect("anyAccount lets a renewed key in", () =>
    Effect.gen(function* () {
      const net = script({ polls: [done] })
      const handle = yield* Job.attach(provider, { ...ref, account: "you" }, { anyAccount: true }).pipe(Effect.provide(net.layer))
      expect((yield* handle.result)._tag).toBe("Succeeded")
    })
  )
})

describe("cancel", () => {
  const cancelling = Provider.configure({ ...definition, cancel: ({ id }) => ({ method: "POST", path: `/jobs/${id}/cancel` }) })({
    apiKey: key,
    account: "me"
  })
  const attached = Effect.fnUntraced(function* (answer: Reply, polls: ReadonlyArray<Reply> = [said("running")]) {
    const net = script({ posts: [answer], polls })
    const handle = yield* Job.attach(cancelling, ref).pipe(Effect.provide(net.layer))
    return { net, handle }
  })

  it.effect("is unsupported if the provider documents none, and nothing is sent", () =>
    Effect.gen(function* () {
      const net = script({})
      const handle = yield* Job.submit(provider, request).pipe(Effect.provide(net.layer))
      expect([yield* handle.cancel, net.requests.length]).toEqual(["Unsupported", 1])
      expect(handle.current()._tag).toBe("Submitted")
    })
  )

  it.effect("that is confirmed moves the job, and ends the watching", () =>
    Effect.gen(function* () {
      const { handle, net } = yield* attached(said("cancelled"))
      const listener = yield* listen(handle)
      yield* TestClock.adjust("1 second")
      expect(yield* handle.cancel).toBe("Cancelled")
      yield* Fiber.join(listener.fiber)
      expect(listener.seen.at(-1)).toMatchObject({ _tag: "Cancelled", by: "caller" })
      expect(net.posts().map(({ url }) => url)).toEqual(["https://api.fake.test/jobs/job-1/cancel"])
      const polls = net.polls().length
      yield* TestClock.adjust("1 minute")
      expect(net.polls()).toHaveLength(polls)
      expect([yield* handle.cancel, net.posts().length]).toEqual(["Cancelled", 1])
    })
  )

  it.effect.each<[Reply, Job.CancelOutcome]>([
    [done, "CompletedAnyway"],
    [said("failed"), "CompletedAnyway"],
    [said("expired"), "CompletedAnyway"],
    [said("queued"), "Unknown"],
    [said("running"), "Unknown"],
    [said("a word of next year"), "Unknown"],
    [{ status: 401, body: { error: "no" } }, "Unknown"],
    [{ status: 500 }, "Unknown"],
    [{ status: 404 }, "Unknown"],
    [{ breaks: new Error("reset") }, "Unknown"]
  ])("answered by %o is %s, and moves nothing", ([answer, outcome]) =>
    Effect.gen(function* () {
      const { handle } = yield* attached(answer)
      expect(yield* handle.cancel).toBe(outcome)
      expect(handle.current()._tag).toBe("Submitted")
    })
  )

  it.effect("that is confirmed after the job was seen to end came too late", () =>
    Effect.gen(function* () {
      const { handle } = yield* attached({ ...said("cancelled"), after: "3 seconds" }, [{ ...done, after: "1 second" }])
      const asking = yield* Effect.forkChild(handle.cancel)
      const listener = yield* listen(handle)
      yield* TestClock.adjust("3 seconds")
      expect(yield* Fiber.join(asking)).toBe("CompletedAnyway")
      expect(listener.tags()).toEqual(["Submitted", "Succeeded"])
    })
  )

  it.effect("differs from a poll: its answer is read as the provider reads those to cancel", () =>
    Effect.gen(function* () {
      const read: Array<string> = []
      const telling = Provider.configure({
        ...definition,
        cancel: ({ id }) => ({ method: "POST", path: `/jobs/${id}/cancel` }),
        interpret: (answer) => {
          read.push(answer.operation)
          return definition.interpret(answer)
        }
      })({ apiKey: key, account: "me" })
      const net = script({ posts: [said("running")], polls: [done] })
      const handle = yield* Job.attach(telling, ref).pipe(Effect.provide(net.layer))
      yield* handle.cancel
      yield* handle.result
      expect(read).toEqual(["cancel", "poll"])
    })
  )

  it.effect("of a finished job sends nothing", () =>
    Effect.gen(function* () {
      const { handle, net } = yield* attached(said("cancelled"), [done])
      yield* handle.result
      expect([yield* handle.cancel, net.posts().length]).toEqual(["CompletedAnyway", 0])
    })
  )
})
