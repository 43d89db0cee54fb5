import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { disk } from "../../test/disk.ts"
import { expect } from "../../test/expect.ts"
import { done, fake, key, listen, printed, provider, type Reply, request, said, script, transport } from "../../test/fake.ts"
import { memory, prefix, remembered, withJournal } from "../../test/journal.ts"
import * as Artifact from "../artifact/Artifact.ts"
import * as Job from "../Job.ts"
import { JournalFailed } from "../job/JobError.ts"
import { type JobRef, toUri } from "../job/JobRef.ts"
import type * as Journal from "../journal/Journal.ts"
import * as KeyValueJournal from "../journal/KeyValueJournal.ts"

const ref: JobRef = { provider: "fake", kind: "generation", id: "job-1", baseUrl: "https://api.fake.test", account: "me", submittedAt: 0 }

const submit = (net: ReturnType<typeof script>, journal: Journal.Journal["Service"], options?: Job.SubmitOptions) =>
  Job.submit(provider, request, options).pipe(Effect.provide(net.layer), withJournal(journal))

/** Lets seconds pass one by one: what begins in one of them finds its sleeps still ahead. */
const pass = (seconds: number) => Effect.forEach(Array(seconds), () => TestClock.adjust("1 second"), { discard: true })

/** What `resumeAll` tells, one line each. */
const told = (event: Job.Resumed): string => {
  switch (event._tag) {
    case "State":
      return `${event.state.ref.id} ${event.state._tag}`
    case "Error":
      return `${event.entry.label ?? event.entry.id} ${event.error.reason._tag}`
    case "Leased":
      return `Leased ${event.entry.label ?? event.entry.id}`
    case "Damaged":
      return `Damaged ${event.id}`
  }
}

const resumed = (
  net: ReturnType<typeof script>,
  journal: Journal.Journal["Service"],
  options?: Job.ResumeOptions,
  providers = [provider]
): Effect.Effect<ReadonlyArray<string>, unknown> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Stream.runCollect(Job.resumeAll(providers, options)))
    yield* pass(300)
    return (yield* Fiber.join(fiber)).map(told)
  }).pipe(Effect.provide(net.layer), withJournal(journal))

describe("submission, with a journal", () => {
  it.effect("the intent is durable before the POST, the reference before the first poll, the end after it", () =>
    Effect.gen(function* () {
      const store = memory()
      const seen: Array<string> = []
      const net = transport(({ method }) => {
        seen.push(`${method} after ${[...store.data.values()].map((text) => /"_tag":"(Intent|Accepted|Closed)"/u.exec(text)?.[1]).join()}`)
        return method === "POST" ? { body: { id: "job-1" } } : done
      })
      const handle = yield* submit(net, store.restart())
      const listener = yield* listen(handle)
      yield* TestClock.adjust("1 minute")
      expect(listener.end()).toBe("complete")
      expect(seen).toEqual(["POST after Intent", "GET after Accepted"])
      expect(yield* remembered(store.restart())).toEqual(["Closed Succeeded"])
    })
  )

  it.effect("T24: a disk that is full stops a submission before a byte is sent", () =>
    Effect.gen(function* () {
      const store = memory()
      store.failing(() => true)
      const net = script({})
      const error = yield* Effect.flip(submit(net, store.restart()))
      expect(error.reason._tag).toBe("JournalFailed")
      expect(error.message).toContain("ENOSPC: no space left on device, write). Nothing was sent.")
      expect(net.requests).toEqual([])
    })
  )

  it.effect("a disk that fills up after the POST: the caller gets the job, and it is never sent again", () =>
    Effect.gen(function* () {
      const store = memory()
      store.failing((written) => written > 0)
      const net = script({})
      const known: Array<JobRef> = []
      const error = yield* Effect.flip(submit(net, store.restart(), { onSubmitted: (given) => Effect.sync(() => void known.push(given)) }))
      expect(error).toMatchObject({ reason: { _tag: "JournalFailed" }, ref, again: "watch" })
      expect(known).toEqual([ref])
      expect(net.posts().length).toBe(1)
      expect(yield* remembered(store.restart())).toEqual(["Intent"])
    })
  )

  it.effect.each<[string, Reply, string]>([
    ["refused", { status: 400, body: { error: "no" } }, "SubmitRejected"],
    ["unauthorised", { status: 401, body: { error: "no" } }, "Unauthorized"],
    ["never reached", { breaks: Object.assign(new Error("x"), { code: "ECONNREFUSED" }) }, "Unreachable"],
    ["turned away", { status: 429 }, "RateLimited"]
  ])("an intent that was surely not accepted is forgotten: %s", ([, reply, reason]) =>
    Effect.gen(function* () {
      const store = memory()
      const fiber = yield* Effect.forkChild(Effect.flip(submit(script({ posts: [reply] }), store.restart())))
      yield* TestClock.adjust("5 minutes")
      expect((yield* Fiber.join(fiber)).reason._tag).toBe(reason)
      expect([...store.data]).toEqual([])
    })
  )

  it.effect.each<[string, Reply]>([
    ["cut off", { breaks: Object.assign(new Error("x"), { code: "ECONNRESET" }) }],
    ["a page of HTML", { status: 502, body: "<html>" }],
    ["T27: no id", { body: { request: "x" }, headers: { "x-request-id": `req-7 ${key}` } }],
    ["no answer", { hangs: true }]
  ])("one with an unknown outcome is kept, and resumes as SubmitUnknown, with what helps to find it: %s", ([, reply]) =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({ posts: [reply] })
      const fiber = yield* Effect.forkChild(Effect.flip(submit(net, store.restart(), { label: "fox" })))
      yield* TestClock.adjust("5 minutes")
      const error = yield* Fiber.join(fiber)
      expect(error.reason).toMatchObject({
        _tag: "SubmitUnknown",
        sent: { kind: "generation", at: 0, baseUrl: "https://api.fake.test", account: "me" }
      })
      expect(error.message).toContain("Look for a generation of 1970-01-01T00:00:00.000Z at https://api.fake.test, account me")
      expect(printed(error)).not.toContain(key)
      expect(yield* resumed(net, store.restart())).toEqual(["fox SubmitUnknown"])
      expect(yield* resumed(net, store.restart())).toEqual(["fox SubmitUnknown"])
      expect(net.posts().length).toBe(1)
    })
  )

  it.effect("a process that died around its POST: the intent resumes as SubmitUnknown, and nothing is sent", () =>
    Effect.gen(function* () {
      const store = memory()
      const first = script({ posts: [{ hangs: true }] })
      yield* Effect.forkDetach(submit(first, store.restart(), { label: "fox" }))
      yield* TestClock.adjust("1 second")
      const net = script({})
      expect(yield* resumed(net, store.restart())).toEqual(["fox SubmitUnknown"])
      expect(net.requests).toEqual([])
    })
  )

  it.effect("an interruption waits for the id, and writes it down", () =>
    Effect.gen(function* () {
      const store = memory()
      const fiber = yield* Effect.forkChild(submit(script({ posts: [{ body: { id: "job-1" }, after: "3 seconds" }] }), store.restart()))
      yield* TestClock.adjust("1 second")
      yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("5 seconds")
      expect(yield* remembered(store.restart())).toEqual(["Accepted"])
    })
  )

  it.effect("an interruption that gets no id leaves an entry with an unknown outcome", () =>
    Effect.gen(function* () {
      const store = memory()
      const fiber = yield* Effect.forkChild(submit(script({ posts: [{ hangs: true }] }), store.restart()))
      yield* TestClock.adjust("1 second")
      yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("11 seconds")
      expect(yield* remembered(store.restart())).toEqual(["Unknown"])
    })
  )

  it.effect("an interruption between two tries leaves nothing: surely none was accepted", () =>
    Effect.gen(function* () {
      const store = memory()
      const fiber = yield* Effect.forkChild(submit(script({ posts: [{ status: 429, headers: { "retry-after": "30" } }] }), store.restart()))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.interrupt(fiber)
      expect([...store.data]).toEqual([])
    })
  )

  it.effect("what is written holds no key, no prompt and no link", () =>
    Effect.gen(function* () {
      const store = memory()
      const handle = yield* submit(script({ polls: [said("running"), done] }), store.restart())
      yield* listen(handle)
      yield* TestClock.adjust("1 minute")
      expect(store.written.length).toBe(3)
      expect(store.written.join()).not.toMatch(/sk-super|fox in the snow|cdn\.fake|sig=/u)
    })
  )
})

describe("T25: after a restart", () => {
  it.effect("all that are unfinished are followed, with one poll at a time, and nothing is posted", () =>
    Effect.gen(function* () {
      const store = memory()
      const before = script({ posts: ["job-1", "job-2", "job-3"].map((id) => ({ body: { id } })) })
      const journal = store.restart()
      yield* Effect.all([submit(before, journal), submit(before, journal), submit(before, journal)])
      const net = script({ polls: [said("running"), said("running"), said("running"), done] })
      expect((yield* resumed(net, store.restart())).toSorted()).toEqual(
        ["job-1", "job-2", "job-3"].flatMap((id) => [`${id} Running`, `${id} Submitted`, `${id} Succeeded`])
      )
      expect(net.posts()).toEqual([])
      expect(yield* remembered(store.restart())).toEqual(["Closed Succeeded", "Closed Succeeded", "Closed Succeeded"])
      expect(yield* resumed(net, store.restart())).toEqual([])
    })
  )

  it.effect("no more at a time than asked", () =>
    Effect.gen(function* () {
      const store = memory()
      const before = script({ posts: ["1", "2", "3", "4", "5", "6"].map((id) => ({ body: { id } })) })
      const journal = store.restart()
      yield* Effect.forEach(Array(6), () => submit(before, journal))
      let running = 0
      let most = 0
      const net = transport(({ url }, nth) => {
        if (nth <= 6) most = Math.max(most, ++running)
        if (!url.includes("never")) running -= nth % 2 === 0 ? 1 : 0
        return { ...done, after: "1 second" }
      })
      yield* resumed(net, store.restart(), { concurrency: 2 })
      // Each job takes one poll of a second: with two at a time the third begins when one of the first two has ended.
      const at = net.requests.map((sent) => sent.at)
      expect(at).toHaveLength(6)
      expect(new Set(at).size).toBe(3)
      expect(most).toBeGreaterThan(0)
    })
  )

  it.effect("one that is lost, refused, unknown or damaged does not stop the others", () =>
    Effect.gen(function* () {
      const store = memory()
      const journal = store.restart()
      const posts = script({ posts: [{ body: { id: "job-1" } }, { body: { id: "gone" } }, { body: { id: "job-3" } }] })
      yield* submit(posts, journal, { label: "one" })
      yield* submit(posts, journal, { label: "two" })
      yield* Job.submit(fake({ apiKey: "another", account: "theirs" }), request, { label: "three" }).pipe(
        Effect.provide(posts.layer),
        withJournal(journal)
      )
      store.data.set(`${prefix}cut`, "{")
      const other = { ...ref, provider: "elsewhere" }
      const foreign = { provider: "elsewhere", kind: ref.kind, baseUrl: ref.baseUrl, account: "me", digest: "", at: 9 }
      store.data.set(`${prefix}x`, KeyValueJournal.toText({ _tag: "Entry", id: "x", ...foreign, fate: { _tag: "Accepted", ref: other } }))
      const net = transport(({ url }) => (url.endsWith("gone") ? { status: 402, body: { error: "no" } } : done))
      expect((yield* resumed(net, store.restart())).toSorted()).toEqual(
        [
          "Damaged cut",
          "job-1 Submitted",
          "job-1 Succeeded",
          "gone Submitted",
          "three Unauthorized",
          "two PaymentRequired",
          "x InvalidRequest"
        ].toSorted()
      )
      expect(net.posts()).toEqual([])
      // What was not finished is there for the next time.
      expect((yield* remembered(store.restart())).filter((fate) => fate === "Accepted").length).toBe(3)
    })
  )

  it.effect("one that can't be claimed is reported with its reference, and is not taken for another's", () =>
    Effect.gen(function* () {
      const store = memory()
      yield* submit(script({}), store.restart(), { label: "fox" })
      const detail = "EROFS: read-only file system"
      const claims = { acquire: () => Effect.fail(new JournalFailed({ detail })), release: () => Effect.void }
      const net = transport(() => done)
      const readOnly = KeyValueJournal.make(store.store, { claims })
      const events = yield* Stream.runCollect(Job.resumeAll([provider], {})).pipe(Effect.provide(net.layer), withJournal(readOnly))
      const error = { reason: { detail }, provider: "fake", operation: "attach", attempt: 0, ref: { id: "job-1" } }
      expect(events).toMatchObject([{ _tag: "Error", entry: { label: "fox" }, error }])
      expect(net.requests).toEqual([])
    })
  )

  it.effect("each account is followed with its own key", () =>
    Effect.gen(function* () {
      const store = memory()
      const journal = store.restart()
      const net = transport(({ method }, nth) => (method === "POST" ? { body: { id: `job-${nth}` } } : done))
      const second = fake({ apiKey: "sk-second-account", account: "second" })
      yield* submit(net, journal)
      yield* Job.submit(second, request).pipe(Effect.provide(net.layer), withJournal(journal))
      const after = transport(() => done)
      yield* resumed(after, store.restart(), {}, [provider, second])
      expect(after.requests.map(({ headers, url }) => `${url.slice(-5)} ${headers["authorization"]}`).toSorted()).toEqual([
        `job-1 Bearer ${key}`,
        "job-2 Bearer sk-second-account"
      ])
    })
  )

  it.effect("T22: a job is followed at the address that it was submitted to, whatever the base URL is now", () =>
    Effect.gen(function* () {
      const store = memory()
      const there = fake({ apiKey: key, account: "me", baseUrl: "https://proxy.test/fake" })
      yield* Job.submit(there, request).pipe(Effect.provide(script({}).layer), withJournal(store.restart()))
      const net = script({ polls: [done] })
      yield* resumed(net, store.restart())
      expect(net.polls()[0]?.url).toBe("https://proxy.test/fake/jobs/job-1")
      // Pasted, without a journal that knows it, it gets no key.
      const pasted = { ...ref, baseUrl: "https://proxy.test/fake" }
      const refused = yield* Effect.flip(Job.attach(provider, pasted).pipe(Effect.provide(net.layer)))
      expect(refused.reason._tag).toBe("ForbiddenAddress")
      const journal = memory()
      yield* Job.submit(there, request, { saveTo: "fox.mp4" }).pipe(Effect.provide(script({}).layer), withJournal(journal.restart()))
      const again = journal.restart()
      const known = yield* Job.attach(provider, pasted).pipe(Effect.provide(net.layer), withJournal(again))
      const { end } = yield* listen(known)
      yield* pass(10)
      expect(end()).toBe("complete")
      // Its video is fetched there too, though the provider was given no such address.
      const state = yield* known.result
      const files = transport(() => ({ body: new Uint8Array([0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70]) }))
      expect((yield* Artifact.bytes(provider, state).pipe(Effect.provide(files.layer), withJournal(again))).length).toBe(8)
      const stranger = yield* Effect.flip(Artifact.bytes(provider, state).pipe(Effect.provide(files.layer)))
      expect(stranger.reason._tag).toBe("ForbiddenAddress")
    })
  )

  it.effect("what this process follows is not followed again, until nothing listens any more", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const net = script({ polls: [said("running"), said("running"), said("running"), done] })
      const handle = yield* submit(net, journal, { label: "fox", deadline: "1 hour" })
      const { fiber } = yield* listen(handle)
      yield* TestClock.adjust("3 seconds")
      expect((yield* resumed(net, journal))[0]).toBe("Leased fox")
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("a job that is left is let go, and can be resumed here or elsewhere", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const net = script({ polls: [said("running"), done] })
      const { fiber } = yield* listen(yield* submit(net, journal, { label: "fox" }))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.interrupt(fiber)
      expect(yield* resumed(net, journal)).toEqual(["job-1 Submitted", "job-1 Succeeded"])
    })
  )

  it.effect("a video whose reader takes its time is not followed by others meanwhile", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const handle = yield* submit(script({ polls: [done] }), journal, { saveTo: "fox.mp4", label: "fox" })
      const reading = yield* Effect.forkChild(Stream.runForEach(handle.states, () => Effect.sleep("1 hour")))
      yield* TestClock.adjust("1 minute")
      expect(handle.current()._tag).toBe("Succeeded")
      expect(yield* resumed(script({}), journal)).toEqual(["Leased fox"])
      yield* TestClock.adjust("2 hours")
      yield* Fiber.join(reading)
      expect(yield* resumed(script({ polls: [done] }), journal)).toEqual(["job-1 Submitted", "job-1 Succeeded"])
    })
  )

  it.effect("a job whose end takes its time to be written is let go once it is", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const held = new Set<string>()
      const slow: Journal.Journal["Service"] = {
        ...journal,
        claim: (id) => Effect.tap(journal.claim(id), () => Effect.sync(() => void held.add(id))),
        release: (id) => Effect.tap(journal.release(id), () => Effect.sync(() => void held.delete(id))),
        write: (entry) => Effect.andThen(journal.write(entry), entry.fate._tag === "Closed" ? Effect.sleep("1 second") : Effect.void)
      }
      const { end } = yield* listen(yield* submit(script({ polls: [done] }), slow))
      yield* TestClock.adjust("2 seconds")
      expect([end(), held.size]).toEqual([undefined, 1])
      yield* TestClock.adjust("1 second")
      expect([end(), held.size]).toEqual(["complete", 0])
    })
  )

  it.effect("a job that was lost sight of stays open", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const net = script({ polls: [{ status: 402, body: { error: "no" } }] })
      const { end } = yield* listen(yield* submit(net, journal))
      yield* TestClock.adjust("1 minute")
      expect(end()).toMatchObject({ reason: { _tag: "PaymentRequired" } })
      expect(yield* remembered(journal)).toEqual(["Accepted"])
      expect(yield* resumed(script({ polls: [done] }), journal)).toEqual(["job-1 Submitted", "job-1 Succeeded"])
    })
  )

  it.effect("a video that is to be saved keeps its entry open until it is", () =>
    Effect.gen(function* () {
      const store = memory()
      yield* listen(yield* submit(script({ polls: [done] }), store.restart(), { saveTo: "/videos/fox.mp4" }))
      yield* TestClock.adjust("1 minute")
      expect(yield* remembered(store.restart())).toEqual(["Accepted"])
      const [entry] = yield* store.restart().entries
      expect(entry).toMatchObject({ saveTo: "/videos/fox.mp4" })
    })
  )

  it.effect("a video that could not be saved is let go, and can be resumed here or elsewhere", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const handle = yield* submit(script({ polls: [done] }), journal, { saveTo: "fox.mp4", label: "fox" })
      yield* listen(handle)
      yield* TestClock.adjust("1 minute")
      const state = yield* handle.result
      const gone = transport(() => ({ body: "<html>", status: 400 }))
      const saving = Artifact.save(provider, state, "fox.mp4").pipe(Effect.provide([gone.layer, disk().layer]), withJournal(journal))
      expect((yield* Effect.flip(saving)).reason._tag).toBe("DownloadFailed")
      expect(yield* remembered(journal)).toEqual(["Accepted"])
      expect(yield* resumed(script({ polls: [done] }), journal)).toEqual(["job-1 Submitted", "job-1 Succeeded"])
    })
  )

  it.effect("a video that is being saved is not followed by others meanwhile", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const handle = yield* submit(script({ polls: [done] }), journal, { saveTo: "fox.mp4", label: "fox" })
      yield* listen(handle)
      yield* TestClock.adjust("1 minute")
      const state = yield* handle.result
      const slow = transport(() => ({ body: new Uint8Array([0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70]), after: "10 seconds" }))
      const saving = Artifact.save(provider, state, "fox.mp4").pipe(Effect.provide([slow.layer, disk().layer]), withJournal(journal))
      const fiber = yield* Effect.forkChild(saving)
      yield* TestClock.adjust("1 second")
      expect(yield* resumed(script({}), journal)).toEqual(["Leased fox"])
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      expect(yield* remembered(journal)).toEqual(["Closed Saved"])
    })
  )

  /** What a caller does with a job that the journal knows, and does not go on with. */
  const leavings: ReadonlyArray<
    readonly [string, (net: ReturnType<typeof script>, journal: Journal.Journal["Service"]) => Effect.Effect<unknown, unknown>]
  > = [
    ["is never watched", (net, journal) => submit(net, journal, { saveTo: "fox.mp4" })],
    [
      "was left while it was being submitted",
      (net, journal) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(submit(net, journal, { saveTo: "fox.mp4" }))
          yield* TestClock.adjust("1 millis")
          const leaving = yield* Effect.forkChild(Fiber.interrupt(fiber))
          yield* TestClock.adjust("2 seconds")
          yield* Fiber.join(leaving)
        })
    ],
    [
      "has ended, and its video is not wanted",
      (net, journal) =>
        Effect.gen(function* () {
          const handle = yield* submit(net, journal, { saveTo: "fox.mp4" })
          const result = yield* Effect.forkChild(handle.result)
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(result)
        })
    ],
    [
      "was read up to its end, and left there",
      (net, journal) =>
        Effect.gen(function* () {
          const handle = yield* submit(net, journal, { saveTo: "fox.mp4" })
          const reading = yield* Effect.forkChild(Stream.runDrain(Stream.takeUntil(handle.states, ({ _tag }) => _tag === "Succeeded")))
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(reading)
        })
    ],
    [
      "was resumed to its end",
      (net, journal) =>
        Effect.gen(function* () {
          yield* submit(net, journal, { saveTo: "fox.mp4" })
          yield* resumed(net, journal)
        })
    ],
    [
      "was one of a batch that was left at its end",
      (net, journal) =>
        Effect.gen(function* () {
          const all = Job.runAll(provider, [["fox", request]], { batch: "winter", saveTo: (name) => `${name}.mp4` }).pipe(
            Stream.takeUntil((event) => event._tag === "State" && event.state._tag === "Succeeded"),
            Stream.runDrain,
            Effect.provide(net.layer),
            withJournal(journal)
          )
          const reading = yield* Effect.forkChild(all)
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(reading)
        })
    ]
  ]
  it.effect.each(leavings)("nobody holds a job that %s", ([, leave]) =>
    Effect.gen(function* () {
      const store = memory()
      const journal = store.restart()
      const net = script({ posts: [{ body: { id: "job-1" }, after: "1 second" }], polls: [done] })
      const leaving = yield* Effect.forkChild(leave(net, journal))
      yield* TestClock.adjust("5 minutes")
      yield* Fiber.join(leaving)
      expect(yield* remembered(journal)).toEqual(["Accepted"])
      expect(yield* resumed(script({ polls: [done] }), journal)).toEqual(["job-1 Submitted", "job-1 Succeeded"])
      expect(net.posts()).toHaveLength(1)
    })
  )

  it.effect("a job whose reference could not be written is not leased", () =>
    Effect.gen(function* () {
      const store = memory()
      const journal = store.restart()
      store.failing((written) => written === 1)
      const error = yield* Effect.flip(submit(script({}), journal, { label: "fox" }))
      expect(error.reason._tag).toBe("JournalFailed")
      expect(yield* resumed(script({}), journal)).toEqual(["fox SubmitUnknown"])
      expect(yield* resumed(script({}), journal)).toEqual(["fox SubmitUnknown"])
    })
  )

  it.effect("a save that was left lets go too", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const handle = yield* submit(script({ polls: [done] }), journal, { saveTo: "fox.mp4" })
      yield* listen(handle)
      yield* TestClock.adjust("1 minute")
      const state = yield* handle.result
      const silent = transport(() => ({ hangs: true }))
      const saving = Artifact.save(provider, state, "fox.mp4").pipe(Effect.provide([silent.layer, disk().layer]), withJournal(journal))
      const fiber = yield* Effect.forkChild(saving)
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      expect(yield* resumed(script({ polls: [done] }), journal)).toEqual(["job-1 Submitted", "job-1 Succeeded"])
    })
  )

  it.effect("the oldest form of an entry, a bare reference, is followed", () =>
    Effect.gen(function* () {
      const store = memory()
      store.data.set(`${prefix}kept`, toUri(ref))
      expect(yield* resumed(script({ polls: [done] }), store.restart())).toEqual(["job-1 Submitted", "job-1 Succeeded"])
      expect(KeyValueJournal.fromText("kept", store.data.get(`${prefix}kept`) ?? "")).toMatchObject({
        fate: { _tag: "Closed", end: "Succeeded" }
      })
    })
  )
})

const batch = ["fox", "owl", "elk"].map((name) => [name, { prompt: name }] as const)

const ran = (
  net: { readonly layer: ReturnType<typeof script>["layer"] },
  journal: Journal.Journal["Service"] | undefined,
  options?: Job.RunAllOptions,
  requests: Iterable<readonly [string, { readonly prompt: string }]> = batch
): Effect.Effect<ReadonlyArray<string>, unknown> => {
  const events = Job.runAll(provider, requests, options).pipe(
    Stream.map((event) =>
      event._tag === "State"
        ? `${event.key} ${event.state._tag}`
        : event._tag === "Saved"
          ? `${event.key} Saved`
          : `${event.key} ${event.error.reason._tag}`
    )
  )
  const program: Effect.Effect<ReadonlyArray<string>, unknown, HttpClient.HttpClient> = Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Stream.runCollect(events))
    yield* pass(600)
    return yield* Fiber.join(fiber)
  })
  return Effect.provide(journal === undefined ? program : withJournal(journal)(program), net.layer)
}

/** Gives each POST an id of its own, and answers looks by `look`. */
const farm = (look: (id: string, nth: number) => Reply = () => done) => {
  let made = 0
  const looks = new Map<string, number>()
  return transport(({ method, url }) => {
    if (method === "POST") return { body: { id: `job-${++made}` } }
    const id = url.slice(url.lastIndexOf("/") + 1)
    looks.set(id, (looks.get(id) ?? 0) + 1)
    return look(id, looks.get(id) ?? 0)
  })
}

describe("many jobs", () => {
  it.effect.each([0, -1, Number.NaN])("%d at a time is refused before anything is sent", (concurrency) =>
    Effect.gen(function* () {
      const net = script({})
      const journal = memory().restart()
      const all = Stream.runDrain(Job.runAll(provider, [["fox", request]], { concurrency }))
      const rest = Stream.runDrain(Job.resumeAll([provider], { concurrency }))
      const reason = { _tag: "InvalidRequest", field: "concurrency", rule: `is ${concurrency}, and must be 1 or more` }
      for (const [each, where] of [
        [all, { provider: "fake", operation: "submit", attempt: 0 }],
        [rest, { provider: "reelay", operation: "attach", attempt: 0 }]
      ] as const) {
        const error = yield* Effect.flip(each.pipe(Effect.provide(net.layer), withJournal(journal)))
        expect(error).toMatchObject({ reason, ...where })
      }
      expect(net.requests).toEqual([])
    })
  )

  it.effect("streams the states of all, each with its key", () =>
    Effect.gen(function* () {
      const net = farm((_, nth) => (nth === 1 ? said("running") : done))
      expect((yield* ran(net, undefined)).toSorted()).toEqual(
        batch.flatMap(([name]) => [`${name} Running`, `${name} Submitted`, `${name} Succeeded`]).toSorted()
      )
      expect(net.posts().length).toBe(3)
    })
  )

  it.effect("no more jobs at a time than asked", () =>
    Effect.gen(function* () {
      const net = farm((_, nth) => (nth < 4 ? said("running") : done))
      yield* ran(net, undefined, { concurrency: 2 })
      const third = net.posts()[2]
      const before = net.polls().filter(({ at }) => at <= (third?.at ?? 0))
      expect(before.filter(({ url }) => url.endsWith("job-1")).length).toBe(4)
    })
  )

  it.effect("one that fails does not stop the others", () =>
    Effect.gen(function* () {
      const net = farm((id) => (id === "job-2" ? said("failed", { error: "no" }) : done))
      const requests: ReadonlyArray<readonly [string, { readonly prompt: string }]> = [...batch, ["bad", { prompt: "" }]]
      const events = yield* ran(net, undefined, {}, requests)
      expect(events.filter((event) => /Succeeded|Failed|Invalid/u.test(event)).toSorted()).toEqual([
        "bad InvalidRequest",
        "elk Succeeded",
        "fox Succeeded",
        "owl Failed"
      ])
    })
  )

  it.effect("unless asked: then the first failure ends all, and nothing more is submitted", () =>
    Effect.gen(function* () {
      const net = farm((id) => (id === "job-1" ? said("failed", { error: "no" }) : said("running")))
      const error = yield* Effect.flip(ran(net, undefined, { concurrency: 2, stopOnFailure: true }))
      expect(error).toMatchObject({ _tag: "JobFailed" })
      expect(net.posts().length).toBe(2)
      const polls = net.polls().length
      yield* pass(60)
      expect(net.polls().length).toBe(polls)
    })
  )

  it.effect("refuses two requests of one key, and a batch without a journal, before anything is sent", () =>
    Effect.gen(function* () {
      const net = farm()
      const twice = yield* Effect.flip(ran(net, undefined, {}, [...batch, ...batch]))
      expect(String(twice)).toContain("requests have the key fox more than once")
      const forgotten = yield* Effect.flip(ran(net, undefined, { batch: "winter" }))
      expect(String(forgotten)).toContain("there is no journal to keep it in")
      expect(net.requests).toEqual([])
    })
  )

  it.effect("T26: a batch that was stopped is resumed, and nothing is submitted twice", () =>
    Effect.gen(function* () {
      const store = memory()
      const first = farm((id) => (id === "job-1" ? done : said("running")))
      const fiber = yield* Effect.forkChild(ran(first, store.restart(), { batch: "winter", concurrency: 2 }))
      yield* pass(10)
      yield* Fiber.interrupt(fiber)
      expect(first.posts().length).toBeGreaterThanOrEqual(2)
      const second = farm()
      const events = yield* ran(second, store.restart(), { batch: "winter", concurrency: 2 })
      expect(events.filter((event) => event.endsWith("Succeeded")).toSorted()).toEqual(["elk Succeeded", "fox Succeeded", "owl Succeeded"])
      expect(first.posts().length + second.posts().length).toBe(3)
      const third = farm()
      expect((yield* ran(third, store.restart(), { batch: "winter" })).filter((event) => event.endsWith("Succeeded")).length).toBe(3)
      expect(third.posts()).toEqual([])
      // Another batch is another order.
      const other = farm()
      yield* ran(other, store.restart(), { batch: "summer" })
      expect(other.posts().length).toBe(3)
    })
  )

  it.effect("two callers that run one batch at the same time submit each request once", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const net = farm((_, nth) => (nth < 3 ? said("running") : done))
      const all = yield* Effect.all([ran(net, journal, { batch: "winter" }), ran(net, journal, { batch: "winter" })], { concurrency: 2 })
      expect(net.posts().length).toBe(3)
      expect(all.map((events) => events.filter((event) => event.endsWith("Succeeded")).length)).toEqual([3, 3])
    })
  )

  it.effect(
    "a request with an unknown outcome, a damaged entry, and another request under an old key are reported, and not submitted",
    () =>
      Effect.gen(function* () {
        const store = memory()
        const first = transport(({ method }, nth) =>
          method === "POST" && nth === 3 ? { status: 502, body: "<html>" } : method === "POST" ? { body: { id: `job-${nth}` } } : done
        )
        yield* ran(first, store.restart(), { batch: "winter", concurrency: 1 })
        expect(first.posts().length).toBe(3)
        const cut = [...store.data].find(([, text]) => text.includes('"key":"elk"'))
        store.data.set(cut?.[0] ?? "", "{")
        const changed = [["fox", { prompt: "another fox" }], ...batch.slice(1)] as const
        const net = farm()
        expect((yield* ran(net, store.restart(), { batch: "winter" }, changed)).toSorted()).toEqual([
          "elk SubmitUnknown",
          "fox InvalidRequest",
          "owl SubmitUnknown"
        ])
        expect(net.posts()).toEqual([])
      })
  )

  it.effect("reports each reference with its key, as soon as it is known", () =>
    Effect.gen(function* () {
      const known: Array<string> = []
      yield* ran(farm(), undefined, { onSubmitted: ({ id }, name) => Effect.sync(() => void known.push(`${name} ${id}`)), concurrency: 1 })
      expect(known).toEqual(["fox job-1", "owl job-2", "elk job-3"])
    })
  )
})
