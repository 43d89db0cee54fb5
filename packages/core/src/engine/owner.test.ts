import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { done, fake, key, listen, provider, type Reply, request, said, script } from "../../test/fake.ts"
import { memory, withJournal } from "../../test/journal.ts"
import { ref } from "../../test/samples.ts"
import * as Job from "../Job.ts"

const drained: Reply = { status: 401, body: { error: "token quota is used up" } }

describe("401 and 403 on a poll", () => {
  it.effect.each([401, 403])("T44: %i is a failed poll to the account whose submission was accepted, until the budget is spent", (status) =>
    Effect.gen(function* () {
      const net = script({ polls: [{ status, body: { error: "no" } }] })
      const handle = yield* Job.submit(provider, request, { deadline: "1 hour" }).pipe(Effect.provide(net.layer))
      const { end } = yield* listen(handle)
      yield* TestClock.adjust("30 minutes")
      expect(end()).toMatchObject({ reason: { _tag: "Unauthorized", detail: `HTTP ${status}, no` }, again: "watch", ref: { id: "job-1" } })
      expect(net.polls()).toHaveLength(10)
    })
  )

  it.effect("T44: a token that is topped up meanwhile costs the job nothing", () =>
    Effect.gen(function* () {
      const net = script({ polls: [said("running"), drained, drained, done] })
      const { end, tags } = yield* listen(yield* Job.submit(provider, request).pipe(Effect.provide(net.layer)))
      yield* TestClock.adjust("1 minute")
      expect([tags().at(-1), end(), net.posts().length]).toEqual(["Succeeded", "complete", 1])
    })
  )

  it.effect("of a job that was attached to and never answered, they end the watching at once", () =>
    Effect.gen(function* () {
      const net = script({ polls: [drained] })
      const { end } = yield* listen(yield* Job.attach(provider, ref).pipe(Effect.provide(net.layer)))
      yield* TestClock.adjust("10 minutes")
      expect([end(), net.polls().length]).toMatchObject([{ reason: { _tag: "Unauthorized" } }, 1])
    })
  )

  it.effect("of a job that was attached to and has answered, they are failed polls", () =>
    Effect.gen(function* () {
      const net = script({ polls: [said("running"), drained, drained, done] })
      const { end, tags } = yield* listen(yield* Job.attach(provider, ref).pipe(Effect.provide(net.layer)))
      yield* TestClock.adjust("1 minute")
      expect([tags().at(-1), end()]).toEqual(["Succeeded", "complete"])
    })
  )

  it.effect("of a job that this process has submitted before, another handle bears with them", () =>
    Effect.gen(function* () {
      const net = script({ polls: [drained, done] })
      const first = yield* Job.submit(provider, request).pipe(Effect.provide(net.layer))
      const { end } = yield* listen(yield* Job.attach(provider, first.ref).pipe(Effect.provide(net.layer)))
      yield* TestClock.adjust("1 minute")
      expect([end(), net.polls().length]).toEqual(["complete", 2])
    })
  )

  it.effect("of a job that another account has submitted in this process, they end the watching at once", () =>
    Effect.gen(function* () {
      const net = script({ polls: [drained] })
      const first = yield* Job.submit(provider, request).pipe(Effect.provide(net.layer))
      const other = yield* Job.attach(fake({ apiKey: `${key}-2`, account: "you" }), first.ref, { anyAccount: true }).pipe(
        Effect.provide(net.layer)
      )
      const { end } = yield* listen(other)
      yield* TestClock.adjust("10 minutes")
      expect([end(), net.polls().length]).toMatchObject([{ reason: { _tag: "Unauthorized" } }, 1])
    })
  )

  it.effect("of a job that the journal knows of this account, they are failed polls after a restart too", () =>
    Effect.gen(function* () {
      const store = memory()
      yield* Job.submit(provider, request).pipe(Effect.provide(script({}).layer), withJournal(store.restart()))
      const net = script({ polls: [drained, done] })
      const { end } = yield* listen(yield* Job.attach(provider, ref).pipe(Effect.provide(net.layer), withJournal(store.restart())))
      yield* TestClock.adjust("1 minute")
      expect([end(), net.polls().length]).toEqual(["complete", 2])
    })
  )

  it.effect("402 ends the watching at once, for any account", () =>
    Effect.gen(function* () {
      const net = script({ polls: [{ status: 402, body: { error: "no money" } }] })
      const { end } = yield* listen(yield* Job.submit(provider, request).pipe(Effect.provide(net.layer)))
      yield* TestClock.adjust("10 minutes")
      expect([end(), net.polls().length]).toMatchObject([{ reason: { _tag: "PaymentRequired" }, again: "watch" }, 1])
    })
  )
})
