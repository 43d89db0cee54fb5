import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { disk } from "../../test/disk.ts"
import { expect } from "../../test/expect.ts"
import { done, listen, provider, type Reply, request, said, script, transport } from "../../test/fake.ts"
import { memory, remembered, withJournal } from "../../test/journal.ts"
import { ref, succeeded } from "../../test/samples.ts"
import * as Artifact from "../artifact/Artifact.ts"
import * as Job from "../Job.ts"
import { JournalFailed } from "../job/JobError.ts"
import type * as Journal from "../journal/Journal.ts"
import * as KeyValueJournal from "../journal/KeyValueJournal.ts"
import { Limits } from "../limits/admission.ts"

const mp4 = new TextEncoder().encode("....ftyp")
const full = "the journal can't be written (ENOSPC: no space left on device, write)"

/** What is taken and let go, and what is sent meanwhile, in order. */
const witnessed = (answer: (method: string) => Reply = (method) => (method === "POST" ? { body: { id: "job-1" } } : done)) => {
  const store = memory()
  const log: Array<string> = []
  const held = new Set<string>()
  const claims: KeyValueJournal.Claims = {
    acquire: (id) =>
      Effect.sync(() => {
        log.push(`take ${id}`)
        if (held.has(id)) return false
        held.add(id)
        return true
      }),
    release: (id) =>
      Effect.sync(() => {
        log.push(`drop ${id}`)
        held.delete(id)
      })
  }
  const net = transport(({ method }) => {
    log.push(method)
    return answer(method)
  })
  return { store, log, net, journal: KeyValueJournal.make(store.store, { claims }) }
}

/** The lines of an effect's log. */
const logging = () => {
  const lines: Array<string> = []
  return { lines, layer: Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))]) }
}

const submit = (net: ReturnType<typeof script>, journal: Journal.Journal["Service"], options?: Job.SubmitOptions) =>
  Job.submit(provider, request, options).pipe(Effect.provide(net.layer), withJournal(journal))

const watched = Effect.fnUntraced(function* (handle: Job.JobHandle) {
  const { end, fiber } = yield* listen(handle)
  yield* TestClock.adjust("1 minute")
  yield* Fiber.join(fiber)
  return end()
})

describe("the lease of an entry", () => {
  it.effect("one of a batch is claimed once, from before its POST until its job has ended", () =>
    Effect.gen(function* () {
      const { journal, log, net } = witnessed()
      const all = Stream.runDrain(Job.runAll(provider, [["fox", request]], { batch: "winter" }))
      const fiber = yield* Effect.forkChild(all.pipe(Effect.provide(net.layer), withJournal(journal)))
      // The first poll must find its sleep still ahead.
      yield* TestClock.adjust(0)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      const [entry] = yield* journal.entries
      expect(entry?.id).toMatch(/^batch-[\da-f]{32}$/u)
      expect(log).toEqual([`take ${entry?.id}`, "POST", "GET", `drop ${entry?.id}`])
    })
  )

  it.effect("an intent that can't be written is let go, and nothing is sent", () =>
    Effect.gen(function* () {
      const { journal, log, net, store } = witnessed()
      store.failing(() => true)
      const error = yield* Effect.flip(submit(net, journal))
      expect(error).toMatchObject({ reason: { _tag: "JournalFailed", detail: full }, provider: "fake", operation: "submit", attempt: 0 })
      expect(log.map((line) => line.replace(/ .*/u, ""))).toEqual(["take", "drop"])
    })
  )

  it.effect("an intent that can't be claimed is not sent", () =>
    Effect.gen(function* () {
      const detail = "EROFS: read-only file system"
      const claims: KeyValueJournal.Claims = { acquire: () => Effect.fail(new JournalFailed({ detail })), release: () => Effect.void }
      const net = script({})
      const store = memory()
      const error = yield* Effect.flip(submit(net, KeyValueJournal.make(store.store, { claims })))
      expect(error).toMatchObject({ reason: { _tag: "JournalFailed", detail }, operation: "submit", attempt: 0 })
      expect([net.requests, [...store.data]]).toEqual([[], []])
    })
  )

  it.effect("no intent is written before it is admitted", () =>
    Effect.gen(function* () {
      const store = memory()
      const net = script({})
      const limits: Limits = { turn: () => Effect.never }
      const fiber = yield* Effect.forkChild(Effect.provideService(submit(net, store.restart()), Limits, limits))
      yield* TestClock.adjust("1 second")
      // Whoever finds it would take it for one that may have been sent.
      expect(yield* remembered(store.restart())).toEqual([])
      yield* Fiber.interrupt(fiber)
      expect([net.requests, [...store.data]]).toEqual([[], []])
    })
  )

  it.effect("a watcher that comes while the transport is slow to stop holds the entry until it is left", () =>
    Effect.gen(function* () {
      const { journal, log, net } = witnessed((method) => (method === "POST" ? { body: { id: "job-1" } } : { hangs: true }))
      // Letting go of a request takes a second, as a transport that closes a connection may.
      const slow = HttpClient.transform(net.client, (sent) => Effect.onInterrupt(sent, () => Effect.sleep("1 second")))
      const handle = yield* Job.submit(provider, request).pipe(Effect.provideService(HttpClient.HttpClient, slow), withJournal(journal))
      const [entry] = yield* journal.entries
      log.length = 0
      const first = yield* listen(handle)
      yield* TestClock.adjust("2 seconds")
      yield* Effect.forkChild(Fiber.interrupt(first.fiber))
      yield* TestClock.adjust("500 millis")
      const second = yield* listen(handle)
      yield* TestClock.adjust("10 seconds")
      expect(log).toEqual([`take ${entry?.id}`, "GET", `drop ${entry?.id}`, `take ${entry?.id}`, "GET"])
      yield* Effect.forkChild(Fiber.interrupt(second.fiber))
      yield* TestClock.adjust("1 second")
      expect(log.at(-1)).toBe(`drop ${entry?.id}`)
    })
  )
})

describe("a job that the journal does not know", () => {
  it.effect("is attached to, watched and saved, and the journal stays as it is", () =>
    Effect.gen(function* () {
      const { journal, log, net, store } = witnessed()
      const handle = yield* Job.attach(provider, ref).pipe(Effect.provide(net.layer), withJournal(journal))
      expect(yield* watched(handle)).toBe("complete")
      const files = transport(() => ({ body: mp4 }))
      const to = disk()
      const saved = yield* Artifact.save(provider, succeeded, "fox.mp4").pipe(Effect.provide([files.layer, to.layer]), withJournal(journal))
      expect([saved.path, to.names()]).toEqual(["fox.mp4", ["fox.mp4"]])
      expect([log, [...store.data]]).toEqual([["GET"], []])
    })
  )

  it.effect("may fail, and the journal stays as it is", () =>
    Effect.gen(function* () {
      const { journal, log, net, store } = witnessed(() => said("failed"))
      const handle = yield* Job.attach(provider, ref).pipe(Effect.provide(net.layer), withJournal(journal))
      expect(yield* watched(handle)).toBe("complete")
      expect([log, [...store.data]]).toEqual([["GET"], []])
    })
  )

  it.effect("gets no key at an address that is not trusted", () =>
    Effect.gen(function* () {
      const state = { ...succeeded, ref: { ...ref, baseUrl: "https://proxy.test/fake" } }
      const files = transport(() => ({ body: mp4 }))
      const error = yield* Effect.flip(Artifact.bytes(provider, state).pipe(Effect.provide(files.layer), withJournal(memory().restart())))
      expect(error.reason._tag).toBe("ForbiddenAddress")
      expect(files.requests).toEqual([])
    })
  )
})

describe("an end that the journal records", () => {
  it.effect.each(["failed", "expired", "cancelled"])("closes an entry for good, though its video was to be saved: %s", (word) =>
    Effect.gen(function* () {
      const journal = memory().restart()
      yield* watched(yield* submit(script({ polls: [said(word)] }), journal, { saveTo: "fox.mp4" }))
      const end = { failed: "Failed", expired: "Expired", cancelled: "Cancelled" }[word]
      expect(yield* journal.entries).toMatchObject([{ saveTo: "fox.mp4", fate: { _tag: "Closed", ref, end, at: 2000 } }])
    })
  )
})

describe("a journal that fails once a job is under way", () => {
  it.effect("is logged if an unknown outcome can't be written, and the caller gets it all the same", () =>
    Effect.gen(function* () {
      const store = memory()
      store.failing((written) => written === 1)
      const log = logging()
      const net = script({ posts: [{ status: 502, body: "<html>" }] })
      const error = yield* Effect.flip(submit(net, store.restart()).pipe(Effect.provide(log.layer)))
      expect(error.reason).toMatchObject({ _tag: "SubmitUnknown", detail: "HTTP 502 with a page instead of JSON: <html>" })
      const [entry] = yield* store.restart().entries
      expect(log.lines).toEqual([`${full}; the entry ${entry?.id} stays an intent of unknown fate`])
    })
  )

  it.effect("is logged if the end can't be written, and resuming finds it again", () =>
    Effect.gen(function* () {
      const store = memory()
      store.failing((written) => written === 2)
      const log = logging()
      const net = script({ polls: [done] })
      const handle = yield* submit(net, store.restart())
      expect(yield* watched(handle).pipe(Effect.provide(log.layer))).toBe("complete")
      const [entry] = yield* store.restart().entries
      expect(log.lines).toEqual([`${full}; the entry ${entry?.id} stays open`])
      expect(yield* remembered(store.restart())).toEqual(["Accepted"])
    })
  )

  it.effect("is logged if it can't be read, and keeps no caller from a job that is paid for", () =>
    Effect.gen(function* () {
      const detail = "the journal can't be read (EACCES: permission denied)"
      const journal = { ...memory().restart(), entries: Effect.fail(new JournalFailed({ detail })) }
      const log = logging()
      const net = script({ polls: [done] })
      const attached = Job.attach(provider, ref).pipe(Effect.provide(Layer.merge(net.layer, log.layer)), withJournal(journal))
      expect(yield* watched(yield* attached)).toBe("complete")
      expect(log.lines).toEqual([detail])
    })
  )
})
