import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { done, provider, said, script } from "../../test/fake.ts"
import { ref } from "../../test/samples.ts"
import * as Job from "../Job.ts"
import * as Pace from "../poll/Pace.ts"
import type { Poller } from "../poll/Poller.ts"
import * as PollerSchema from "../poll/PollerSchema.ts"

const decoded = (text: string): Poller => Schema.decodeUnknownSync(PollerSchema.Poller)(JSON.parse(text))

/** A shell that keeps the record as text between two polls. */
const worker = Effect.fnUntraced(function* (
  net: ReturnType<typeof script>,
  options: Job.AttachOptions & { readonly owned?: boolean } = {}
) {
  let text = JSON.stringify(yield* Job.poller(provider, ref, options))
  const log: Array<string> = []
  for (let steps = 0; steps < 50; steps++) {
    const { next, poller, state } = yield* Job.poll(provider, decoded(text), options).pipe(Effect.provide(net.layer))
    text = JSON.stringify(poller)
    if (state !== undefined) log.push(state._tag)
    if (next._tag === "Ended") return { log, end: undefined }
    if (next._tag === "Lost") return { log, end: next.error }
    yield* TestClock.adjust(next.at - (yield* Effect.clockWith((clock) => clock.currentTimeMillis)))
  }
  return { log: [...log, "too many"], end: undefined }
})

describe("one poll without the sleep", () => {
  it.effect("follows a job to its end from a record that is kept as text", () =>
    Effect.gen(function* () {
      const net = script({ polls: [said("queued"), { status: 502 }, said("running", { progress: 40 }), done] })
      expect((yield* worker(net)).log).toEqual(["Queued", "Running", "Succeeded"])
      expect(net.polls().map(({ at }) => at)).toEqual([0, 5000, 10_000, 15_000])
    })
  )

  it.effect("reports what is lost in its outcome, with the reference", () =>
    Effect.gen(function* () {
      const { end } = yield* worker(script({ polls: [{ status: 402 }] }))
      expect(end).toMatchObject({ reason: { _tag: "PaymentRequired" }, ref: { id: "job-1" }, attempt: 1 })
      const late = yield* worker(script({ polls: [said("running")] }))
      expect(late.end).toMatchObject({ reason: { _tag: "DeadlineExceeded" }, attempt: 13 })
      const away = yield* worker(script({ polls: [{ ...said("running"), headers: { "retry-after": "90" } }] }))
      expect(away.end).toMatchObject({ reason: { _tag: "DeadlineExceeded" }, attempt: 1 })
    })
  )

  it.effect("bears a 401 of a job that is known to be its own", () =>
    Effect.gen(function* () {
      const polls = [{ status: 401 }, { status: 401 }, done]
      expect((yield* worker(script({ polls }))).end).toMatchObject({ reason: { _tag: "Unauthorized" } })
      expect(yield* worker(script({ polls }), { owned: true })).toEqual({ log: ["Succeeded"], end: undefined })
    })
  )

  it.effect("sends nothing before a poll is allowed, and nothing after the end", () =>
    Effect.gen(function* () {
      const net = script({ polls: [said("running"), done] })
      const at = Effect.provide(net.layer)
      const first = yield* Job.poll(provider, yield* Job.poller(provider, ref)).pipe(at)
      expect(yield* Job.poll(provider, first.poller).pipe(at)).toEqual({ poller: first.poller, state: undefined, next: first.next })
      yield* TestClock.adjust("5 seconds")
      const second = yield* Job.poll(provider, first.poller).pipe(at)
      expect(second.next).toEqual({ _tag: "Ended" })
      yield* TestClock.adjust("1 hour")
      expect(yield* Job.poll(provider, second.poller).pipe(at)).toMatchObject({ next: { _tag: "Ended" } })
      expect(net.polls()).toHaveLength(2)
    })
  )

  it.effect.each<[string, Job.AttachOptions, string]>([
    ["a pace", { pace: Pace.fromSchedule(Schedule.forever) }, "pace"],
    ["a retry", { pollRetry: Schedule.forever }, "pollRetry"]
  ])("%s that is a Schedule is refused, since it can't be stored", ([, options, field]) =>
    Effect.gen(function* () {
      const net = script({})
      const error = yield* Effect.flip(Job.poller(provider, ref, options))
      expect(error).toMatchObject({ operation: "poll", reason: { _tag: "InvalidRequest", field } })
      const record = yield* Job.poller(provider, ref)
      expect(yield* Effect.flip(Job.poll(provider, record, options).pipe(Effect.provide(net.layer)))).toMatchObject({ reason: { field } })
      expect(net.requests).toEqual([])
    })
  )
})
