import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { done, fake, key, listen, provider, type Reply, request, said, script, transport } from "../../test/fake.ts"
import { memory, remembered, withJournal } from "../../test/journal.ts"
import * as Job from "../Job.ts"
import type { JobError } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import * as Journal from "../journal/Journal.ts"
import { Limits } from "../limits/admission.ts"

type Net = ReturnType<typeof script>

/** What came of asking: the job's id, or the reason of the error. */
const came = <R>(job: Effect.Effect<Job.JobHandle, JobError, R>) =>
  Effect.match(job, { onSuccess: ({ ref }) => ref.id, onFailure: ({ reason }) => reason._tag })

/** Runs an effect while time passes, minute by minute. */
const passing = <A, E, R>(effect: Effect.Effect<A, E, R>, minutes = 5) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(0)
    for (let minute = 0; minute < minutes && fiber.pollUnsafe() === undefined; minute++) yield* TestClock.adjust("1 minute")
    return yield* Fiber.join(fiber)
  })

const submit = (net: Net, journal: Journal.Journal["Service"] | undefined, options?: Job.SubmitOptions, prompt = request.prompt) => {
  const job = came(Job.submit(provider, { prompt }, options)).pipe(Effect.provide(net.layer))
  return passing(journal === undefined ? job : withJournal(journal)(job))
}

const lost: Reply = { status: 502, body: "<html>" }
const ids = (...all: ReadonlyArray<string>): ReadonlyArray<Reply> => all.map((id) => ({ body: { id } }))

describe("a submission that is asked again", () => {
  it.effect.each<[string, Reply, string]>([
    ["was accepted", { body: { id: "job-1" } }, "job-1"],
    ["has an unknown outcome", lost, "SubmitUnknown"],
    ["was refused", { status: 400, body: { error: "no" } }, "SubmitRejected"],
    ["has no money", { status: 402 }, "PaymentRequired"]
  ])("T39: answers the same to whoever asks, at once and later, and sends nothing more: it %s", ([, reply, expected]) =>
    Effect.gen(function* () {
      const net = script({ posts: [reply, { body: { id: "job-2" } }] })
      const submission = yield* Job.submission(provider, request).pipe(Effect.provide(net.layer))
      const ask = came(submission.job)
      expect(yield* passing(Effect.all([ask, ask], { concurrency: 2 }))).toEqual([expected, expected])
      expect([yield* ask, yield* ask]).toEqual([expected, expected])
      expect(net.posts()).toHaveLength(1)
    })
  )

  it.effect("T39: a stream over it may be retried: it comes back to its job", () =>
    Effect.gen(function* () {
      const net = script({ polls: [{ status: 402 }, { status: 402 }, done] })
      const submission = yield* Job.submission(provider, request).pipe(Effect.provide(net.layer))
      const states = Stream.unwrap(Effect.map(submission.job, (handle) => handle.states))
      const all = yield* passing(Stream.runCollect(Stream.retry(states, Schedule.recurs(3))))
      expect([all.at(-1)?._tag, net.posts().length, net.polls().length]).toEqual(["Succeeded", 1, 3])
    })
  )

  it.effect("T39: so may many at once: each request has one submission, however often the stream is run", () =>
    Effect.gen(function* () {
      const net = script({ posts: [...ids("job-1"), lost, ...ids("job-3", "job-4")], polls: [done] })
      const many = Job.runAll(provider, Object.entries({ fox: { prompt: "fox" }, owl: { prompt: "owl" }, elk: { prompt: "elk" } }), {
        concurrency: 1
      })
      const ends = Effect.map(Stream.runCollect(many), (events) =>
        events.flatMap((event) =>
          event._tag === "Error"
            ? [event.error.reason._tag]
            : event._tag === "State" && event.state._tag === "Succeeded"
              ? [event.state.ref.id]
              : []
        )
      ).pipe(Effect.provide(net.layer))
      const once = yield* passing(ends)
      expect(once).toEqual(["job-1", "SubmitUnknown", "job-3"])
      expect(yield* passing(ends)).toEqual(once)
      expect(net.posts()).toHaveLength(3)
    })
  )

  it.effect("what was surely not sent is tried again, no earlier than the provider said", () =>
    Effect.gen(function* () {
      const busy: Reply = { status: 429, headers: { "retry-after": "40" } }
      const net = script({ posts: [busy, { body: { id: "job-1" } }] })
      const submission = yield* Job.submission(provider, request, { submitRetry: Schedule.recurs(0) }).pipe(Effect.provide(net.layer))
      expect(yield* passing(came(submission.job))).toBe("RateLimited")
      expect(submission.phase()._tag).toBe("NotSent")
      expect(yield* passing(came(submission.job))).toBe("job-1")
      expect(net.posts().map(({ at }) => at)).toEqual([0, 40_000])
    })
  )

  it.effect("retrying it without a pause does not spin", () =>
    Effect.gen(function* () {
      const net = script({ posts: [{ breaks: Object.assign(new Error("no"), { code: "ECONNREFUSED" }) }] })
      const submission = yield* Job.submission(provider, request, { submitRetry: Schedule.recurs(0) }).pipe(Effect.provide(net.layer))
      const fiber = yield* Effect.forkChild(Effect.retry(submission.job, Schedule.forever))
      yield* TestClock.adjust(0)
      for (let second = 0; second < 10; second++) yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      expect(net.posts().length).toBeLessThanOrEqual(11)
      expect(net.posts().length).toBeGreaterThan(5)
    })
  )
})

describe("a caller that leaves", () => {
  it.effect("T40: in the turn of asking sends nothing, and leaves nothing behind", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({})
      const submission = yield* Job.submission(provider, request).pipe(Effect.provide(net.layer), withJournal(store.restart()))
      const fiber = Effect.runFork(Effect.provideContext(submission.job, yield* Effect.context()))
      fiber.interruptUnsafe()
      yield* TestClock.adjust("1 minute")
      expect([net.requests, [...store.data], submission.phase()._tag]).toEqual([[], [], "Idle"])
      expect(yield* passing(came(submission.job))).toBe("job-1")
      expect(net.posts()).toHaveLength(1)
    })
  )

  it.effect("T40: in the turn of asking while another stays leaves the job to that one", () =>
    Effect.gen(function* () {
      const net = script({})
      const submission = yield* Job.submission(provider, request).pipe(Effect.provide(net.layer))
      const context = yield* Effect.context()
      const [first, second] = [submission.job, submission.job].map((job) => Effect.runFork(Effect.provideContext(job, context)))
      first?.interruptUnsafe()
      yield* TestClock.adjust("1 minute")
      expect([second?.pollUnsafe()?._tag, net.posts().length]).toEqual(["Success", 1])
    })
  )

  it.effect("while a submission waits for admission sends nothing, and its intent was never written", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({})
      const waiting = Job.submit(provider, request).pipe(
        Effect.provide(net.layer),
        withJournal(store.restart()),
        Effect.provideService(Limits, { turn: () => Effect.never })
      )
      const fiber = yield* Effect.forkChild(waiting)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.interrupt(fiber)
      expect([net.requests, store.written]).toEqual([[], []])
    })
  )

  it.effect("T43: a POST in flight is left after 10 s, and its id, which comes later, turns the unknown outcome into the job", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({ posts: [{ body: { id: "job-1" }, after: "25 seconds" }], polls: [done] })
      const known: Array<JobRef> = []
      const unknown: Array<JobError> = []
      const submission = yield* Job.submission(provider, request, {
        onSubmitted: (ref) => Effect.sync(() => void known.push(ref)),
        onUnknown: (error) => Effect.sync(() => void unknown.push(error))
      }).pipe(Effect.provide(net.layer), withJournal(store.restart()))
      const fiber = yield* Effect.forkChild(submission.job)
      yield* TestClock.adjust("1 second")
      const leaving = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("11 seconds")
      yield* Fiber.join(leaving)
      expect([unknown.length, known.length, submission.phase()._tag]).toEqual([1, 0, "Unknown"])
      expect(yield* Effect.flip(submission.job)).toBe(unknown[0])
      expect(yield* remembered(store.restart())).toEqual(["Unknown"])
      yield* TestClock.adjust("20 seconds")
      expect([unknown.length, known[0]?.id, yield* came(submission.job)]).toEqual([1, "job-1", "job-1"])
      expect(yield* remembered(store.restart())).toEqual(["Accepted"])
      expect([net.posts().length, net.cut.length]).toEqual([1, 0])
    })
  )

  it.effect("a late refusal corrects the journal, and a caller that got an unknown outcome gets the same again", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({ posts: [{ status: 400, body: { error: "no" }, after: "25 seconds" }, { body: { id: "job-2" } }] })
      const submission = yield* Job.submission(provider, request).pipe(Effect.provide(net.layer), withJournal(store.restart()))
      const fiber = yield* Effect.forkChild(submission.job)
      yield* TestClock.adjust("1 second")
      const leaving = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(leaving)
      expect([yield* came(submission.job), [...store.data]]).toEqual(["SubmitUnknown", []])
      // Surely nothing was accepted: another submission of the same request may go.
      expect(yield* submit(net, store.restart())).toBe("job-2")
    })
  )

  it.effect("a retry is not begun for a caller that has left", () =>
    Effect.gen(function* () {
      const net = script({ posts: [{ status: 429, after: "3 seconds" }] })
      const fiber = yield* Effect.forkChild(Job.submit(provider, request).pipe(Effect.provide(net.layer)))
      yield* TestClock.adjust("1 second")
      const leaving = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("5 minutes")
      yield* Fiber.join(leaving)
      expect(net.posts()).toHaveLength(1)
    })
  )
})

describe("a key", () => {
  it.effect("makes two submissions one, though both begin at once", () =>
    Effect.gen(function* () {
      const net = script({ posts: ids("job-1", "job-2") })
      const both = Effect.all([submit(net, undefined, { key: "a" }), submit(net, undefined, { key: "a" })], { concurrency: 2 })
      expect(yield* both).toEqual(["job-1", "job-1"])
      expect(yield* submit(net, undefined, { key: "a" })).toBe("job-1")
      expect(yield* submit(net, undefined, { key: "b" })).toBe("job-2")
      expect(net.posts()).toHaveLength(2)
    })
  )

  it.effect("is its account's own without a journal", () =>
    Effect.gen(function* () {
      const net = script({ posts: ids("job-1", "job-2") })
      const other = fake({ apiKey: `${key}-2`, account: "you" })
      const ask = (by: typeof provider) => passing(came(Job.submit(by, request, { key: "a" })).pipe(Effect.provide(net.layer)))
      expect([yield* ask(provider), yield* ask(other), yield* ask(provider)]).toEqual(["job-1", "job-2", "job-1"])
    })
  )

  it.effect.each([false, true])("is refused to another request once it was sent (with a journal: %s)", (kept) =>
    Effect.gen(function* () {
      const journal = kept ? memory().restart() : undefined
      const net = script({})
      yield* submit(net, journal, { key: "a" })
      expect(yield* submit(net, journal, { key: "a" }, "an owl at dusk")).toBe("InvalidRequest")
      expect(net.posts()).toHaveLength(1)
    })
  )

  it.effect.each([false, true])(
    "that was refused leaves no trace: the same or another request may be submitted (with a journal: %s)",
    (kept) =>
      Effect.gen(function* () {
        const journal = kept ? memory().restart() : undefined
        const net = script({ posts: [{ status: 402 }, { status: 402 }, ...ids("job-3")] })
        expect(yield* submit(net, journal, { key: "a" })).toBe("PaymentRequired")
        expect(yield* submit(net, journal, { key: "a" })).toBe("PaymentRequired")
        expect(yield* submit(net, journal, { key: "a" }, "an owl at dusk")).toBe("job-3")
      })
  )

  it.effect("has its job after a restart, and sends nothing", () =>
    Effect.gen(function* () {
      const store = memory()
      yield* submit(script({}), store.restart(), { key: "a" })
      const net = script({ polls: [done] })
      const handle = yield* Job.submit(provider, request, { key: "a" }).pipe(Effect.provide(net.layer), withJournal(store.restart()))
      const { _tag } = yield* passing(handle.result)
      expect([handle.ref.id, _tag, net.posts().length]).toEqual(["job-1", "Succeeded", 0])
    })
  )

  it.effect("T41: is not paid for again when its entry was pruned or forgotten", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({ posts: [...ids("job-1"), lost, ...ids("job-3")], polls: [done] })
      const fox = { key: "fox" }
      const first = yield* Job.submit(provider, request, fox).pipe(Effect.provide(net.layer), withJournal(store.restart()))
      yield* passing(first.result)
      expect(yield* submit(net, store.restart(), { key: "owl" }, "an owl")).toBe("SubmitUnknown")
      yield* TestClock.adjust("40 days")
      expect(yield* withJournal(store.restart())(Journal.prune("30 days"))).toBe(1)
      expect(yield* withJournal(store.restart())(Journal.forget("owl"))).toBe(1)
      expect(yield* remembered(store.restart())).toEqual([])
      expect(yield* submit(net, store.restart(), fox)).toBe("job-1")
      expect(yield* submit(net, store.restart(), { key: "owl" }, "an owl")).toBe("SubmitUnknown")
      expect(yield* submit(net, store.restart(), { key: "owl" }, "another owl")).toBe("InvalidRequest")
      expect(net.posts()).toHaveLength(2)
      yield* withJournal(store.restart())(Journal.forget("owl", { maySubmitAgain: true }))
      expect(yield* submit(net, store.restart(), { key: "owl" }, "an owl")).toBe("job-3")
    })
  )

  it.effect("T41: neither is a batch, whose video stays saved; dropping the batch drops its tombstones", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({ polls: [done] })
      const run = (journal: Journal.Journal["Service"]) =>
        passing(
          Stream.runCollect(Job.runAll(provider, [["fox", request]], { batch: "winter" })).pipe(
            Effect.map((events) => events.at(-1)?._tag),
            Effect.provide(net.layer),
            withJournal(journal)
          )
        )
      yield* run(store.restart())
      const [entry] = yield* store.restart().entries
      if (entry?._tag !== "Entry" || entry.fate._tag !== "Closed") throw new Error("the job has not ended")
      yield* store.restart().write({ ...entry, fate: { ...entry.fate, end: "Saved" } })
      yield* TestClock.adjust("40 days")
      yield* withJournal(store.restart())(Journal.prune("30 days"))
      expect([yield* run(store.restart()), net.posts().length]).toEqual(["Saved", 1])
      expect(yield* withJournal(store.restart())(Journal.forget({ batch: "winter" }, { maySubmitAgain: true }))).toBe(1)
      expect([...store.data]).toEqual([])
      expect([yield* run(store.restart()), net.posts().length]).toEqual(["State", 2])
    })
  )
})

describe("a submission with an unknown outcome that was resolved", () => {
  const unknown = Effect.fnUntraced(function* (net: Net) {
    const store = memory()
    expect(yield* submit(net, store.restart(), { key: "a" })).toBe("SubmitUnknown")
    return store
  })
  const ref: JobRef = { provider: "fake", kind: "generation", id: "found", baseUrl: "https://api.fake.test", submittedAt: 0 }

  it.effect("has its job from then on, if one was found", () =>
    Effect.gen(function* () {
      const net = script({ posts: [lost] })
      const store = yield* unknown(net)
      const entry = yield* withJournal(store.restart())(Journal.resolve("a", { ref }))
      expect(entry).toMatchObject({ key: "a", fate: { _tag: "Accepted", ref: { id: "found", account: "me" } } })
      expect(yield* submit(net, store.restart(), { key: "a" })).toBe("found")
      expect(net.posts()).toHaveLength(1)
    })
  )

  it.effect("may be submitted anew, if there was none: in this process too, and without waiting ten minutes", () =>
    Effect.gen(function* () {
      const net = script({ posts: [lost, ...ids("job-2")] })
      const journal = memory().restart()
      expect(yield* submit(net, journal, { key: "a" })).toBe("SubmitUnknown")
      expect(yield* submit(net, journal, { key: "a" })).toBe("SubmitUnknown")
      expect(yield* withJournal(journal)(Journal.resolve("a", "NotCreated"))).toBeUndefined()
      expect(yield* submit(net, journal, { key: "a" })).toBe("job-2")
    })
  )

  it.effect("is resolved once: a known job, an unused key, and another attempt than the given one are refused", () =>
    Effect.gen(function* () {
      const net = script({ posts: [lost] })
      const store = yield* unknown(net)
      const resolve = (...given: Parameters<typeof Journal.resolve>) =>
        Effect.match(withJournal(store.restart())(Journal.resolve(...given)), {
          onSuccess: () => "resolved",
          onFailure: (reason) => (reason._tag === "InvalidRequest" ? reason.rule : reason.detail)
        })
      expect(yield* resolve("b", "NotCreated")).toBe("is b, and the journal knows no such submission")
      expect(yield* resolve("a", "NotCreated", { attempt: "of yesterday" })).toBe("is a, and another attempt was made since")
      expect(yield* resolve("a", { ref: { ...ref, provider: "elsewhere" } })).toBe(
        "is of a submission to fake, and the reference of a job at elsewhere"
      )
      expect(yield* resolve("a", { ref })).toBe("resolved")
      expect(yield* resolve("a", "NotCreated")).toMatch(/^is a, and its job is known: reelay:fake\/generation\/found/u)
    })
  )

  it.effect("is not resolved while a process submits it", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const net = script({ posts: [{ hangs: true }] })
      yield* Effect.forkDetach(came(Job.submit(provider, request, { key: "a" })).pipe(Effect.provide(net.layer), withJournal(journal)))
      yield* TestClock.adjust("1 second")
      const refused = yield* Effect.flip(withJournal(journal)(Journal.resolve("a", "NotCreated")))
      expect(refused).toMatchObject({ _tag: "JournalFailed", detail: expect.stringContaining("is being worked on by a living process") })
      const kept = yield* Effect.flip(withJournal(journal)(Journal.forget("a", { maySubmitAgain: true })))
      expect(kept._tag).toBe("JournalFailed")
    })
  )

  it.effect("keeps the job of an id that comes after all, beside the one that was submitted meanwhile", () =>
    Effect.gen(function* () {
      const store = memory()
      const journal = store.restart()
      const net = script({ posts: [{ body: { id: "late" }, after: "40 seconds" }, ...ids("job-2")] })
      const known: Array<string> = []
      const options: Job.SubmitOptions = { key: "a", label: "fox", onSubmitted: ({ id }) => Effect.sync(() => void known.push(id)) }
      const fiber = yield* Effect.forkChild(Job.submit(provider, request, options).pipe(Effect.provide(net.layer), withJournal(journal)))
      yield* TestClock.adjust("1 second")
      const leaving = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("11 seconds")
      yield* Fiber.join(leaving)
      yield* withJournal(journal)(Journal.resolve("a", "NotCreated"))
      const second = yield* Job.submit(provider, request, options).pipe(Effect.provide(net.layer), withJournal(journal))
      expect(second.ref.id).toBe("job-2")
      yield* TestClock.adjust("1 minute")
      expect(known).toEqual(["job-2", "late"])
      const entries = yield* store.restart().entries
      expect(
        entries.map((entry) =>
          entry._tag === "Entry" && entry.fate._tag === "Accepted" ? [entry.key, entry.label, entry.fate.ref.id] : []
        )
      ).toEqual(
        expect.arrayContaining([
          ["a", "fox", "job-2"],
          [undefined, "fox", "late"]
        ])
      )
      expect(yield* submit(net, store.restart(), { key: "a" })).toBe("job-2")
    })
  )
})

describe("T47: the same request to the same account", () => {
  it.effect("is refused for ten minutes after one with an unknown outcome, with the same error, and by any of its names", () =>
    Effect.gen(function* () {
      const net = script({ posts: [lost, ...ids("job-2")] })
      const first = yield* Effect.flip(passing(Job.submit(provider, request).pipe(Effect.provide(net.layer))))
      const again = yield* Effect.flip(passing(Job.submit(provider, request).pipe(Effect.provide(net.layer))))
      expect(again).toBe(first)
      expect(yield* submit(net, undefined, { key: "another" })).toBe("SubmitUnknown")
      expect(yield* passing(came(Effect.retry(Job.submit(provider, request), { times: 3 })).pipe(Effect.provide(net.layer)))).toBe(
        "SubmitUnknown"
      )
      expect(net.posts()).toHaveLength(1)
      yield* TestClock.adjust("11 minutes")
      expect(yield* submit(net, undefined)).toBe("job-2")
    })
  )

  it.effect("may be submitted again with maySubmitAgain; another request, or of another account, without", () =>
    Effect.gen(function* () {
      const net = script({ posts: [lost, ...ids("job-2", "job-3", "job-4")] })
      expect(yield* submit(net, undefined)).toBe("SubmitUnknown")
      expect(yield* submit(net, undefined, { maySubmitAgain: true })).toBe("job-2")
      expect(yield* submit(net, undefined, {}, "an owl")).toBe("job-3")
      const other = fake({ apiKey: `${key}-2`, account: "you" })
      expect(yield* passing(came(Job.submit(other, request)).pipe(Effect.provide(net.layer)))).toBe("job-4")
    })
  )

  it.effect("is refused after a restart too: one with an unknown outcome, and one whose process has died", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({ posts: [lost, { hangs: true }] })
      expect(yield* submit(net, store.restart())).toBe("SubmitUnknown")
      yield* Effect.forkDetach(Job.submit(provider, { prompt: "an owl" }).pipe(Effect.provide(net.layer), withJournal(store.restart())))
      yield* TestClock.adjust("1 second")
      for (const restarted of [store.restart(), store.restart()]) {
        expect(yield* submit(net, restarted)).toBe("SubmitUnknown")
        expect(yield* submit(net, restarted, {}, "an owl")).toBe("SubmitUnknown")
      }
      expect(net.posts()).toHaveLength(2)
    })
  )

  it.effect("is refused after a restart under any other name, though it was submitted under a key, and though others went before", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({ posts: [lost, ...ids("job-2")] })
      expect(yield* submit(net, store.restart(), { key: "a" })).toBe("SubmitUnknown")
      const restarted = store.restart()
      expect(yield* submit(net, restarted, {}, "an owl")).toBe("job-2")
      yield* TestClock.adjust("1 minute")
      expect(yield* submit(net, restarted)).toBe("SubmitUnknown")
      expect(yield* submit(net, restarted, { key: "b" })).toBe("SubmitUnknown")
      expect(net.posts()).toHaveLength(2)
    })
  )

  it.effect("is refused to a process that has lived on while another one died around it", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({ posts: [...ids("job-1"), { hangs: true }, ...ids("job-3")] })
      const lives = store.restart()
      expect(yield* submit(net, lives, {}, "a first one")).toBe("job-1")
      yield* Effect.forkDetach(Job.submit(provider, request).pipe(Effect.provide(net.layer), withJournal(store.restart())))
      yield* TestClock.adjust("10 seconds")
      expect(yield* submit(net, lives)).toBe("SubmitUnknown")
      expect(net.posts()).toHaveLength(2)
    })
  )
})

describe("T48: maxSubmissions", () => {
  const max = { maxSubmissions: { limit: 2, window: "1 hour" } } as const

  it.effect("bounds what an account may spend within a time, and nothing beyond it is sent", () =>
    Effect.gen(function* () {
      const net = script({ posts: ids("job-1", "job-2", "job-3") })
      expect([yield* submit(net, undefined, max), yield* submit(net, undefined, max)]).toEqual(["job-1", "job-2"])
      const error = yield* Effect.flip(passing(Job.submit(provider, request, max).pipe(Effect.provide(net.layer))))
      expect([error.reason._tag, error.again]).toEqual(["RateLimited", "submit"])
      expect(error.message).toContain("maxSubmissions allows 2; nothing was sent")
      expect(net.posts()).toHaveLength(2)
      yield* TestClock.adjust("1 hour")
      expect(yield* submit(net, undefined, max)).toBe("job-3")
    })
  )

  it.effect("counts no submission that was surely not accepted, and each account by itself", () =>
    Effect.gen(function* () {
      const refused: Reply = { status: 400, body: { error: "no" } }
      const net = script({ posts: [refused, refused, refused, ...ids("job-1", "job-2", "job-3")] })
      for (let times = 0; times < 3; times++) expect(yield* submit(net, undefined, max)).toBe("SubmitRejected")
      expect([yield* submit(net, undefined, max), yield* submit(net, undefined, max)]).toEqual(["job-1", "job-2"])
      const other = fake({ apiKey: `${key}-2`, account: "you" })
      expect(yield* passing(came(Job.submit(other, request, max)).pipe(Effect.provide(net.layer)))).toBe("job-3")
    })
  )

  it.effect("holds for submissions at the same time, and one with an unknown outcome counts", () =>
    Effect.gen(function* () {
      const net = script({ posts: [lost, ...ids("job-2", "job-3", "job-4")] })
      const prompts = ["a", "b", "c", "d"]
      const all = yield* Effect.all(
        prompts.map((prompt) => submit(net, undefined, max, prompt)),
        { concurrency: "unbounded" }
      )
      expect(all.toSorted()).toEqual(["RateLimited", "RateLimited", "SubmitUnknown", "job-2"])
      expect(net.posts()).toHaveLength(2)
    })
  )

  it.effect("counts what the journal knows of other processes", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({ posts: ids("job-1", "job-2", "job-3") })
      yield* submit(net, store.restart())
      yield* submit(net, store.restart(), { key: "a" })
      expect(yield* submit(net, store.restart(), max)).toBe("RateLimited")
      yield* TestClock.adjust("1 hour")
      expect(yield* submit(net, store.restart(), max)).toBe("job-3")
    })
  )

  it.effect.each<[string, NonNullable<Job.SubmitOptions["maxSubmissions"]>, string]>([
    ["a limit that is none", { limit: -1, window: "1 hour" }, "maxSubmissions.limit"],
    ["a fraction", { limit: 1.5, window: "1 hour" }, "maxSubmissions.limit"],
    ["no window", { limit: 1, window: 0 }, "maxSubmissions.window"]
  ])("with %s is refused before anything is sent", ([, maxSubmissions, field]) =>
    Effect.gen(function* () {
      const net = script({})
      const error = yield* Effect.flip(Job.submit(provider, request, { maxSubmissions })).pipe(Effect.provide(net.layer))
      expect(error.reason).toMatchObject({ _tag: "InvalidRequest", field })
      expect(net.requests).toEqual([])
    })
  )
})

describe("the deadline", () => {
  it.effect("starts anew for the first listener after it was reported, and for none before", () =>
    Effect.gen(function* () {
      const net = script({ polls: [said("running")] })
      const handle = yield* Job.submit(provider, request, { deadline: "1 minute" }).pipe(Effect.provide(net.layer))
      const first = yield* listen(handle)
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.interrupt(first.fiber)
      const second = yield* listen(handle)
      yield* TestClock.adjust("45 seconds")
      // Leaving and coming back has moved nothing.
      expect(second.end()).toMatchObject({ reason: { _tag: "DeadlineExceeded" }, again: "watch" })
      yield* TestClock.adjust("5 minutes")
      const third = yield* listen(handle)
      yield* TestClock.adjust("50 seconds")
      expect(third.end()).toBeUndefined()
      yield* TestClock.adjust("20 seconds")
      expect(third.end()).toMatchObject({ reason: { _tag: "DeadlineExceeded", deadline: 60_000 } })
    })
  )

  it.effect("so that retrying after it continues watching at the pace", () =>
    Effect.gen(function* () {
      const net = transport(({ at, method }) => (method === "POST" ? { body: { id: "job-1" } } : at < 150_000 ? said("running") : done))
      const handle = yield* Job.submit(provider, request, { deadline: "1 minute", pace: "5 seconds" }).pipe(Effect.provide(net.layer))
      const all = yield* passing(
        Effect.retry(handle.result, { times: 3, while: (error) => error._tag === "JobError" && error.again === "watch" })
      )
      expect(all._tag).toBe("Succeeded")
      const at = net.polls().map((sent) => sent.at)
      expect(at.every((time, index) => index === 0 || time - (at[index - 1] ?? 0) >= 3000)).toBe(true)
    })
  )
})
