import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { definition, done, fake, key, provider, said, script } from "../../test/fake.ts"
import { memory, prefix, withJournal } from "../../test/journal.ts"
import { ref } from "../../test/samples.ts"
import * as Job from "../Job.ts"
import type { JobRef } from "../job/JobRef.ts"
import type * as Journal from "../journal/Journal.ts"
import * as KeyValueJournal from "../journal/KeyValueJournal.ts"
import * as Provider from "../provider/Provider.ts"

const entry: Journal.Entry = {
  _tag: "Entry",
  id: "e-1",
  provider: "fake",
  kind: "generation",
  baseUrl: "https://api.fake.test",
  account: "me",
  digest: "00ff",
  at: 1000,
  label: "fox",
  fate: { _tag: "Accepted", ref }
}

const { account: _, ...nameless } = ref
const proxied: JobRef = { ...ref, baseUrl: "https://proxy.test/fake" }

/** A store that holds one entry. */
const holding = (given: Journal.Entry) => {
  const store = memory()
  store.data.set(`${prefix}${given.id}`, KeyValueJournal.toText(given))
  return store
}

const resumed = (
  net: ReturnType<typeof script>,
  journal: Journal.Journal["Service"],
  options: Job.ResumeOptions = {},
  providers: ReadonlyArray<Provider.Provider<never>> = [provider]
) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Stream.runCollect(Job.resumeAll(providers, options)))
    // What begins at one moment must find its sleeps still ahead.
    yield* TestClock.adjust(0)
    yield* Effect.forEach(Array(60), () => TestClock.adjust("1 second"), { discard: true })
    return yield* Fiber.join(fiber)
  }).pipe(Effect.provide(net.layer), withJournal(journal))

describe("an entry that is resumed", () => {
  it.effect.each<
    [string, Journal.Fate, object, { readonly options?: Job.ResumeOptions; readonly providers?: ReadonlyArray<Provider.Provider<never>> }?]
  >([
    [
      "its process died around its POST",
      { _tag: "Intent" },
      {
        reason: {
          _tag: "SubmitUnknown",
          detail: "the process ended between its intent and the answer",
          sent: { kind: "generation", at: 1000, baseUrl: "https://api.fake.test", account: "me" }
        },
        operation: "submit"
      }
    ],
    [
      "its answer told nothing",
      { _tag: "Unknown", detail: "HTTP 502 with a page" },
      {
        reason: {
          _tag: "SubmitUnknown",
          detail: "HTTP 502 with a page",
          sent: { kind: "generation", at: 1000, baseUrl: "https://api.fake.test", account: "me" }
        },
        operation: "submit"
      }
    ],
    [
      "nobody gave its provider",
      { _tag: "Accepted", ref },
      {
        reason: { _tag: "InvalidRequest", field: "providers", rule: "hold none for fake: give one, with the key of account me" },
        operation: "attach",
        ref
      },
      { providers: [] }
    ],
    [
      "nobody gave its provider, and its account was never told",
      { _tag: "Accepted", ref: nameless },
      { reason: { _tag: "InvalidRequest", rule: "hold none for fake: give one, with the key of account unknown" } },
      { providers: [] }
    ],
    [
      "the key is of another account",
      { _tag: "Accepted", ref },
      { reason: { _tag: "Unauthorized" }, operation: "attach", ref },
      { providers: [fake({ apiKey: key, account: "you" })] }
    ],
    [
      "the deadline is none",
      { _tag: "Accepted", ref },
      { reason: { _tag: "InvalidRequest", field: "deadline" }, operation: "attach", ref },
      { options: { deadline: -1 } }
    ]
  ])("is told with all that is known of it, and asks nobody, where %s", ([, fate, error, { options, providers } = {}]) =>
    Effect.gen(function* () {
      const net = script({ polls: [done] })
      const given = { ...entry, fate }
      expect(yield* resumed(net, holding(given).restart(), options, providers)).toMatchObject([
        { _tag: "Error", entry: given, error: { provider: "fake", attempt: 0, ...error } }
      ])
      expect(net.requests).toEqual([])
    })
  )

  it.effect.each<[string, string | undefined, ReadonlyArray<Job.Resumed>]>([
    ["forgotten", undefined, []],
    ["closed", KeyValueJournal.toText({ ...entry, fate: { _tag: "Closed", ref, end: "Succeeded", at: 2000 } }), []],
    ["cut", "{", [{ _tag: "Damaged", id: "e-1", detail: "is no entry: it is cut or foreign" }]]
  ])("is looked at again once it is claimed: whoever held it may have left it %s", ([, left, told]) =>
    Effect.gen(function* () {
      const store = holding(entry)
      const at = `${prefix}${entry.id}`
      const acquire = () =>
        Effect.sync(() => {
          if (left === undefined) store.data.delete(at)
          else store.data.set(at, left)
          return true
        })
      const net = script({ polls: [done] })
      const journal = KeyValueJournal.make(store.store, { claims: { acquire, release: () => Effect.void } })
      expect(yield* resumed(net, journal)).toEqual(told)
      expect(net.requests).toEqual([])
    })
  )

  it.effect("is looked for at once, at its own address, with the provider of its name and account, which each state brings along", () =>
    Effect.gen(function* () {
      const given: Journal.Entry = { ...entry, baseUrl: proxied.baseUrl, fate: { _tag: "Accepted", ref: proxied } }
      const elsewhere = Provider.configure({ ...definition, name: "elsewhere" })({ apiKey: "sk-elsewhere", account: "me" })
      const another = fake({ apiKey: "sk-another", account: "you" })
      const net = script({ polls: [said("running"), done] })
      const events = yield* resumed(net, holding(given).restart(), {}, [elsewhere, another, provider])
      const there = { ...provider, baseUrl: "https://proxy.test/fake" }
      expect(events).toMatchObject([
        { _tag: "State", entry: given, provider: there, state: { _tag: "Submitted", ref: proxied } },
        { _tag: "State", entry: given, provider: there, state: { _tag: "Running" } },
        { _tag: "State", entry: given, provider: there, state: { _tag: "Succeeded" } }
      ])
      expect(net.requests).toMatchObject([
        { at: 0, method: "GET", url: "https://proxy.test/fake/jobs/job-1", headers: { authorization: `Bearer ${key}` } },
        { at: 5000, method: "GET" }
      ])
    })
  )

  it.effect("is followed with a renewed key, if the caller says so", () =>
    Effect.gen(function* () {
      const renewed = fake({ apiKey: "sk-renewed", account: "renewed" })
      const net = script({ polls: [done] })
      const events = yield* resumed(net, holding(entry).restart(), { anyAccount: true }, [renewed])
      expect(events).toMatchObject([{ state: { _tag: "Submitted" } }, { state: { _tag: "Succeeded" } }])
      expect(net.polls()).toMatchObject([{ headers: { authorization: "Bearer sk-renewed" } }])
    })
  )
})
