import { describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { provider, type Reply, request, script } from "../../test/fake.ts"
import { memory, remembered, withJournal } from "../../test/journal.ts"
import * as Job from "../Job.ts"
import { type JobError, JournalFailed } from "../job/JobError.ts"
import * as Journal from "../journal/Journal.ts"
import * as Limits from "../limits/Limits.ts"
import { announcing, BeforeFirstByte, NeverSent } from "../transport/Transport.ts"

type Net = ReturnType<typeof script>
type Service = Journal.Journal["Service"]

const lost: Reply = { status: 502, body: "<html>" }
const busy: Reply = { status: 429, headers: { "retry-after": "1" } }
const full = Effect.fail(new JournalFailed({ detail: "ENOSPC" }))

const came = <R>(job: Effect.Effect<Job.JobHandle, JobError, R>) =>
  Effect.match(job, { onSuccess: ({ ref }) => ref.id, onFailure: ({ reason }) => reason._tag })

/** Runs an effect while time passes, second by second. */
const passing = <A, E, R>(effect: Effect.Effect<A, E, R>, seconds = 300) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(0)
    for (let second = 0; second < seconds && fiber.pollUnsafe() === undefined; second++) yield* TestClock.adjust("1 second")
    return yield* Fiber.join(fiber)
  })

const making = (net: Net, journal: Service | undefined, options: Job.SubmitOptions = {}, client: HttpClient.HttpClient = net.client) => {
  const made = Effect.provideService(Job.submission(provider, request, options), HttpClient.HttpClient, client)
  return journal === undefined ? made : withJournal(journal)(made)
}

/** Asks, leaves after a second, and gives what the leaving comes to. */
const leaving = Effect.fnUntraced(function* (submission: Job.Submission) {
  const fiber = yield* Effect.forkDetach(submission.job)
  yield* TestClock.adjust("1 second")
  return yield* Effect.forkDetach(Fiber.interrupt(fiber))
})

/** Connects for as long as it is told to. */
const connecting = (net: Net, waits: ReadonlyArray<number>) => {
  let nth = 0
  return announcing(
    HttpClient.make((outgoing) =>
      Effect.gen(function* () {
        const mayGo = yield* BeforeFirstByte
        yield* Effect.sleep(waits[Math.min(nth++, waits.length - 1)] ?? 0)
        const cause = new NeverSent("nothing was sent")
        const failed = new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request: outgoing, cause }) })
        return mayGo() ? yield* net.client.execute(outgoing) : yield* Effect.fail(failed)
      })
    ),
    { connections: 4 }
  )
}

const thrown = (): never => {
  throw new Error("the caller's own")
}

describe("a callback of the caller's", () => {
  it.effect.each<[string, () => Effect.Effect<void>]>([
    ["throws", thrown],
    ["dies", () => Effect.die("the caller's own")]
  ])("that %s on the reference costs nobody the job, nor the journal its entry", ([, onSubmitted]) =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({})
      const submission = yield* making(net, store.restart(), { key: "a", onSubmitted })
      expect([yield* passing(came(submission.job)), yield* passing(came(submission.job))]).toEqual(["job-1", "job-1"])
      expect(yield* remembered(store.restart())).toEqual(["Accepted"])
      expect(yield* passing(came((yield* making(net, store.restart(), { key: "a" })).job))).toBe("job-1")
      expect(net.posts()).toHaveLength(1)
    })
  )

  it.effect("that throws on an unknown outcome leaves its entry", () =>
    Effect.gen(function* () {
      const store = memory()
      const submission = yield* making(script({ posts: [{ ...lost, after: "3 seconds" }] }), store.restart(), { onUnknown: thrown })
      yield* leaving(submission)
      yield* TestClock.adjust("1 minute")
      expect(yield* remembered(store.restart())).toEqual(["Unknown"])
      expect(yield* passing(came(submission.job))).toBe("SubmitUnknown")
    })
  )

  it.effect("that asks the same submission for its job gets it", () =>
    Effect.gen(function* () {
      const ids: Array<string> = []
      let self: Job.Submission | undefined
      const onSubmitted = () => Effect.ignore(Effect.map(self?.job ?? Effect.never, ({ ref: { id } }) => void ids.push(id)))
      self = yield* making(script({}), memory().restart(), { onSubmitted })
      expect([yield* passing(came(self.job)), ids]).toEqual(["job-1", ["job-1"]])
    })
  )

  it.effect("is called for each caller with the value of a key", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const by = (who: string): Job.SubmitOptions => ({ key: "a", onSubmitted: () => Effect.sync(() => void told.push(who)) })
      const net = script({})
      const journal = memory().restart()
      const both = [yield* making(net, journal, by("one")), yield* making(net, journal, by("other"))]
      yield* passing(Effect.all(both.map(({ job }) => job)))
      expect([told.toSorted(), net.posts().length]).toEqual([["one", "other"], 1])
    })
  )

  it.effect("gets an unknown outcome if no caller was left to get it, even if one was there when it was seen", () =>
    Effect.gen(function* () {
      const unknown: Array<string> = []
      const journal = memory().restart()
      const slow: Service = { ...journal, release: (id) => Effect.andThen(Effect.sleep("3 seconds"), journal.release(id)) }
      const submission = yield* making(script({ posts: [lost] }), slow, {
        onUnknown: ({ reason }) => Effect.sync(() => void unknown.push(reason._tag))
      })
      yield* leaving(submission)
      yield* TestClock.adjust("1 minute")
      expect(unknown).toEqual(["SubmitUnknown"])
    })
  )
})

describe("a transport", () => {
  it.effect("that interrupts a POST in flight leaves its outcome unknown, and no caller waiting", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({})
      const closed = HttpClient.transform(net.client, (sent) => Effect.andThen(sent, Effect.interrupt))
      const submission = yield* making(net, store.restart(), {}, closed)
      expect(yield* passing(came(submission.job))).toBe("SubmitUnknown")
      expect([yield* remembered(store.restart()), net.posts().length]).toEqual([["Unknown"], 1])
    })
  )

  it.effect("has no intent grow old while it makes connections for others", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({ posts: [{ body: { id: "job-1" }, after: "7 seconds" }] })
      const narrow = announcing(
        HttpClient.make((outgoing) =>
          Effect.flatMap(BeforeFirstByte, (mayGo) => (mayGo() ? net.client.execute(outgoing) : Effect.die("it was not to be sent")))
        ),
        { connections: 2 }
      )
      const journal = store.restart()
      let most = 0
      const count = Effect.map(journal.entries, (all) => {
        most = Math.max(most, all.filter((each) => each._tag === "Entry" && each.fate._tag === "Intent").length)
      })
      const all = Array.from({ length: 6 }, (_, nth) =>
        Effect.provideService(Job.submit(provider, { prompt: `${nth}` }), HttpClient.HttpClient, narrow).pipe(withJournal(journal))
      )
      const fiber = yield* Effect.forkChild(Effect.all(all.map(came), { concurrency: "unbounded" }))
      yield* TestClock.adjust(0)
      for (let second = 0; second < 60 && fiber.pollUnsafe() === undefined; second++) {
        yield* count
        yield* TestClock.adjust("1 second")
      }
      expect(yield* Fiber.join(fiber)).toEqual(Array(6).fill("job-1"))
      expect([net.posts().length, most]).toEqual([6, 2])
    })
  )

  it.effect("that must send nothing says nothing about the address: its circuit stays closed", () =>
    Effect.gen(function* () {
      const net = script({})
      const limits = yield* Layer.build(Limits.layerMemory({ failures: 1 }))
      const once: Job.SubmitOptions = { submitRetry: Schedule.recurs(0) }
      const stale = yield* Effect.provideContext(making(net, undefined, once, connecting(net, [6000])), limits)
      expect([yield* passing(came(stale.job)), net.requests]).toEqual(["Unreachable", []])
      const since = yield* Clock.currentTimeMillis
      const other = Effect.provide(Job.submit(provider, { prompt: "at once" }, once), net.layer)
      expect(yield* passing(came(Effect.provideContext(other, limits)))).toBe("job-1")
      expect((net.posts()[0]?.at ?? 0) - since).toBe(0)
    })
  )
})

describe("an intent that grew too old", () => {
  it.effect("T42: is not renewed if another process has given it up meanwhile: nothing is sent any more", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({})
      const submission = yield* making(net, store.restart(), { key: "a" }, connecting(net, [6000, 0]))
      const fiber = yield* Effect.forkChild(came(submission.job))
      yield* TestClock.adjust("1 second")
      // As another machine does that takes this one for dead.
      yield* withJournal(store.restart())(Journal.resolve("a", "NotCreated"))
      for (let second = 0; second < 30; second++) yield* TestClock.adjust("1 second")
      expect(["Unreachable", "SubmitUnknown"]).toContain(yield* Fiber.join(fiber))
      expect([net.requests, [...store.data]]).toEqual([[], []])
    })
  )
})

describe("a caller that asks when another's submission was just not sent", () => {
  it.effect("has a try of its own, and does not get the other's outcome", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const slow: Service = { ...journal, release: (id) => Effect.andThen(Effect.sleep("1 second"), journal.release(id)) }
      const refusing: Reply = { breaks: Object.assign(new Error("no"), { code: "ECONNREFUSED" }) }
      const net = script({ posts: [refusing, { body: { id: "job-1" } }] })
      const submission = yield* making(net, slow, { submitRetry: Schedule.recurs(0) })
      const first = yield* Effect.forkChild(came(submission.job))
      yield* TestClock.adjust(0)
      for (let turn = 0; turn < 50 && submission.phase()._tag !== "NotSent"; turn++) yield* Effect.yieldNow
      const second = yield* Effect.forkChild(came(submission.job))
      for (let time = 0; time < 30; time++) yield* TestClock.adjust("1 second")
      expect([yield* Fiber.join(first), yield* Fiber.join(second)]).toEqual(["Unreachable", "job-1"])
    })
  )

  it.effect("does not wait for longer than a submission waits at all", () =>
    Effect.gen(function* () {
      const net = script({ posts: [{ status: 429, headers: { "retry-after": "86400" } }] })
      const submission = yield* making(net, undefined, { deadline: "1 minute" })
      expect([yield* passing(came(submission.job), 5), yield* passing(came(submission.job), 5)]).toEqual(["RateLimited", "RateLimited"])
      expect(net.posts()).toHaveLength(1)
    })
  )
})

describe("a journal", () => {
  it.effect("that hangs delays no caller that leaves", () =>
    Effect.gen(function* () {
      const journal: Service = { ...memory().restart(), create: () => Effect.never }
      const stop = yield* leaving(yield* making(script({}), journal))
      yield* TestClock.adjust("11 seconds")
      expect(stop.pollUnsafe()).toEqual(Exit.void)
    })
  )

  it.effect("has written a reference before any caller gets it", () =>
    Effect.gen(function* () {
      const store = memory()
      const seen: Array<ReadonlyArray<string>> = []
      const onSubmitted = () => Effect.map(Effect.orDie(remembered(store.restart())), (fates) => void seen.push(fates))
      const journal = store.restart()
      const slow: Service = { ...journal, swap: (...given) => Effect.andThen(Effect.sleep("1 second"), journal.swap(...given)) }
      yield* passing(came((yield* making(script({}), slow, { onSubmitted })).job))
      expect(seen).toEqual([["Accepted"]])
    })
  )

  it.effect("that hangs keeps no reference from its caller", () =>
    Effect.gen(function* () {
      const known: Array<string> = []
      const journal: Service = { ...memory().restart(), swap: () => Effect.never }
      const submission = yield* making(script({}), journal, { onSubmitted: ({ id }) => Effect.sync(() => void known.push(id)) })
      yield* Effect.forkDetach(submission.job)
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("2 seconds")
      expect(known).toEqual(["job-1"])
    })
  )

  it.effect("that dies over the reference loses no job", () =>
    Effect.gen(function* () {
      const known: Array<string> = []
      const store = memory()
      const journal: Service = { ...store.restart(), swap: () => Effect.die("a defect") }
      const submission = yield* making(script({}), journal, { onSubmitted: ({ id }) => Effect.sync(() => void known.push(id)) })
      expect([yield* passing(came(submission.job)), known, yield* passing(came(submission.job))]).toEqual([
        "JournalFailed",
        ["job-1"],
        "job-1"
      ])
      expect(yield* remembered(store.restart())).toEqual(["Intent"])
    })
  )

  it.effect("that could not remove an intent does not take it for another's", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      let fails = 1
      const failing: Service = { ...journal, swap: (...given) => (given[2] === undefined && fails-- > 0 ? full : journal.swap(...given)) }
      const net = script({ posts: [busy, { body: { id: "job-1" } }] })
      expect(yield* passing(came((yield* making(net, failing, { key: "a" })).job))).toBe("job-1")
    })
  )

  it.effect("that could not write a reference down leaves the key its job in this process", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const failing: Service = { ...journal, swap: () => full }
      const net = script({})
      expect(yield* passing(came((yield* making(net, failing, { key: "a" })).job))).toBe("JournalFailed")
      expect(yield* passing(came((yield* making(net, failing, { key: "a" })).job))).toBe("job-1")
      expect(net.posts()).toHaveLength(1)
    })
  )

  it.effect("that can't be read at one moment keeps the job under its key", () =>
    Effect.gen(function* () {
      const store = memory()
      const submission = yield* making(script({}), store.restart(), { key: "a" })
      const told = yield* passing(came(submission.job))
      expect([told, yield* remembered(store.restart())]).toEqual(["job-1", ["Accepted"]])
      expect((yield* store.restart().entries).map((each) => (each._tag === "Entry" ? each.key : ""))).toEqual(["a"])
    })
  )

  it.effect("takes any text for a key, and finds it again", () =>
    Effect.gen(function* () {
      for (const odd of ["x".repeat(300), "../x", "key-00", "🦊 / ?"]) {
        const store = memory()
        expect(
          yield* passing(came((yield* making(script({ posts: [lost] }), store.restart(), { key: odd, maySubmitAgain: true })).job))
        ).toBe("SubmitUnknown")
        expect(yield* withJournal(store.restart())(Journal.resolve(odd, "NotCreated"))).toBeUndefined()
        expect([...store.data]).toEqual([])
      }
    })
  )
})

describe("the guard of requests with an unknown outcome", () => {
  it.effect("stands for as long as one of several is unknown", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const net = script({ posts: [lost, lost, { body: { id: "job-3" } }] })
      const ask = (name: string, maySubmitAgain = false) =>
        Effect.gen(function* () {
          return yield* passing(came((yield* making(net, journal, { key: name, maySubmitAgain })).job))
        })
      expect([yield* ask("k1"), yield* ask("k2", true)]).toEqual(["SubmitUnknown", "SubmitUnknown"])
      yield* withJournal(journal)(Journal.resolve("k1", "NotCreated"))
      expect(yield* ask("k3")).toBe("SubmitUnknown")
      yield* withJournal(journal)(Journal.resolve("k2", "NotCreated"))
      expect(yield* ask("k3")).toBe("job-3")
    })
  )

  it.effect("knows what another process has looked up, and what another has made unknown under a key", () =>
    Effect.gen(function* () {
      const store = memory()
      const [here, there] = [store.restart(), store.restart()]
      const net = script({ posts: [lost, { body: { id: "job-2" } }, lost] })
      const ask = (journal: Service, prompt: string, options: Job.SubmitOptions = {}) =>
        passing(came(Effect.provide(Job.submit(provider, { prompt }, options), net.layer)).pipe(withJournal(journal)))
      expect(yield* ask(here, "a fox", { key: "k1" })).toBe("SubmitUnknown")
      yield* withJournal(there)(Journal.resolve("k1", "NotCreated"))
      expect(yield* ask(here, "a fox", { key: "k1" })).toBe("job-2")
      expect(yield* ask(there, "an owl", { key: "k2" })).toBe("SubmitUnknown")
      yield* TestClock.adjust("6 seconds")
      // In a process of its own, with no memory of that.
      const names = yield* store.restart().ids
      expect(names).toHaveLength(2)
      expect(yield* ask(here, "an owl")).toBe("SubmitUnknown")
      expect(net.posts()).toHaveLength(3)
    })
  )

  it.effect("lets maySubmitAgain through under the key that it had stopped", () =>
    Effect.gen(function* () {
      const net = script({ posts: [lost, { body: { id: "job-2" } }] })
      expect(yield* passing(came((yield* making(net, undefined)).job))).toBe("SubmitUnknown")
      expect(yield* passing(came((yield* making(net, undefined, { key: "two" })).job))).toBe("SubmitUnknown")
      expect(yield* passing(came((yield* making(net, undefined, { key: "two", maySubmitAgain: true })).job))).toBe("job-2")
    })
  )
})

describe("the guard among several", () => {
  it.effect("refuses each of two that come at once after a process that died", () =>
    Effect.gen(function* () {
      const store = memory()
      yield* Effect.forkDetach(Effect.flatMap(making(script({ posts: [{ hangs: true }] }), store.restart()), ({ job }) => job))
      yield* TestClock.adjust("1 second")
      const journal = store.restart()
      const slow: Service = { ...journal, claim: (id) => Effect.andThen(Effect.sleep("10 millis"), journal.claim(id)) }
      const net = script({})
      const both = yield* Effect.all([making(net, slow), making(net, slow, { key: "a" })])
      expect(
        yield* passing(
          Effect.all(
            both.map(({ job }) => came(job)),
            { concurrency: 2 }
          )
        )
      ).toEqual(["SubmitUnknown", "SubmitUnknown"])
      expect(net.requests).toEqual([])
    })
  )

  it.effect("asks the journal that knows of it, and no other", () =>
    Effect.gen(function* () {
      const net = script({ posts: [lost] })
      expect(yield* passing(came((yield* making(net, memory().restart())).job))).toBe("SubmitUnknown")
      expect(yield* passing(came((yield* making(net, memory().restart())).job))).toBe("SubmitUnknown")
      expect(yield* passing(came((yield* making(net, undefined)).job))).toBe("SubmitUnknown")
      expect(net.posts()).toHaveLength(1)
    })
  )

  it.effect("delays no caller once the outcome was resolved, even if it had been read before", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({ posts: [lost, { body: { id: "job-2" } }, { body: { id: "job-3" } }] })
      expect(yield* passing(came((yield* making(net, store.restart(), { key: "k" })).job))).toBe("SubmitUnknown")
      const other = store.restart()
      const owl = Effect.provide(Job.submit(provider, { prompt: "an owl" }), net.layer)
      expect(yield* passing(came(withJournal(other)(owl)))).toBe("job-2")
      yield* TestClock.adjust("6 seconds")
      yield* withJournal(other)(Journal.resolve("k", "NotCreated"))
      // The process that knew of it asks its journal, too.
      expect(yield* passing(came((yield* making(net, other, { key: "k" })).job))).toBe("job-3")
    })
  )
})

describe("a value of a key", () => {
  it.effect("that was left while it connected is asked again through its key, and has no unknown outcome", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const slow: Service = { ...journal, swap: (...given) => Effect.andThen(Effect.sleep("100 millis"), journal.swap(...given)) }
      const net = script({})
      const client = connecting(net, [3000, 0])
      const first = yield* making(net, slow, { key: "a" }, client)
      const leaves = yield* Effect.forkDetach(first.job)
      yield* TestClock.adjust("1 second")
      leaves.interruptUnsafe()
      expect(yield* passing(came((yield* making(net, slow, { key: "a" }, client)).job))).toBe("job-1")
      expect(net.posts()).toHaveLength(1)
    })
  )

  it.effect("that was refused while its unknown outcome was being written leaves no entry", () =>
    Effect.gen(function* () {
      const store = memory()
      const journal = store.restart()
      const slow: Service = {
        ...journal,
        swap: (...given) => Effect.andThen(Effect.sleep(given[2] === undefined ? 0 : "1500 millis"), journal.swap(...given))
      }
      const net = script({ posts: [{ status: 400, body: { error: "no" }, after: "12 seconds" }] })
      yield* leaving(yield* making(net, slow, { key: "a" }))
      for (let second = 0; second < 20; second++) yield* TestClock.adjust("1 second")
      expect([...store.data]).toEqual([])
    })
  )

  it.effect("whose intent was written though the journal said that it failed, is its own", () =>
    Effect.gen(function* () {
      const store = memory()
      const journal = store.restart()
      let fails = 1
      const odd: Service = {
        ...journal,
        create: (entry) => Effect.flatMap(journal.create(entry), (done) => (fails-- > 0 ? full : Effect.succeed(done)))
      }
      const net = script({})
      const submission = yield* making(net, odd, { key: "a" })
      expect(yield* passing(came(submission.job))).toBe("JournalFailed")
      expect([...store.data]).toEqual([])
      expect([yield* passing(came(submission.job)), net.posts().length]).toEqual(["job-1", 1])
    })
  )

  it.effect("that another refused does not pass its refusal to one made before", () =>
    Effect.gen(function* () {
      const net = script({ posts: [{ status: 402 }, { body: { id: "job-2" } }] })
      const first = yield* making(net, undefined, { key: "a" })
      const other = Effect.provide(Job.submission(provider, { prompt: "an owl" }, { key: "a" }), net.layer)
      expect(yield* passing(came((yield* other).job))).toBe("PaymentRequired")
      expect(yield* passing(came(first.job))).toBe("job-2")
    })
  )
})

describe("maxSubmissions", () => {
  it.effect("counts each attempt of a key that was looked up and submitted anew", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const net = script({ posts: [lost] })
      const options: Job.SubmitOptions = { key: "a", maxSubmissions: { limit: 2, window: "1 hour" } }
      const told: Array<string> = []
      for (let round = 0; round < 4; round++) {
        told.push(yield* passing(came((yield* making(net, journal, options)).job)))
        yield* Effect.ignore(withJournal(journal)(Journal.resolve("a", "NotCreated")))
      }
      expect([told, net.posts().length]).toEqual([["SubmitUnknown", "SubmitUnknown", "RateLimited", "RateLimited"], 2])
    })
  )

  it.effect("does not count what came to nothing by a defect", () =>
    Effect.gen(function* () {
      const net = script({ posts: [busy, { body: { id: "job-1" } }] })
      const dying = Schedule.recurs(1).pipe(Schedule.modifyDelay(() => Effect.die("the caller's own")))
      const max = { maxSubmissions: { limit: 1, window: "1 hour" } } as const
      const broken = yield* making(net, undefined, { ...max, submitRetry: Schedule.setInputType<JobError>()(dying) })
      expect(yield* passing(came(broken.job))).toBe("RateLimited")
      expect(yield* passing(came((yield* making(net, undefined, max)).job))).toBe("job-1")
    })
  )
})

describe("a key that was never sent", () => {
  it.effect("is free for another request", () =>
    Effect.gen(function* () {
      const net = script({ posts: [{ status: 429 }, { body: { id: "job-2" } }] })
      const once: Job.SubmitOptions = { key: "a", submitRetry: Schedule.recurs(0) }
      expect(yield* passing(came((yield* making(net, undefined, once)).job))).toBe("RateLimited")
      const other = Effect.provide(Job.submit(provider, { prompt: "an owl" }, once), net.layer)
      expect(yield* passing(came(other))).toBe("job-2")
    })
  )
})
