import { describe, it, vi } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { expect } from "../../test/expect.ts"
import { provider, request } from "../../test/fake.ts"
import { fakeFetch } from "../../test/fetch.ts"
import { fateOf, memory, prefix, withJournal } from "../../test/journal.ts"
import { ref } from "../../test/samples.ts"
import { storageOf } from "../../test/storage.ts"
import { toUri } from "../job/JobRef.ts"
import { createClient, inStorage as lazily } from "../promise.ts"
import * as Journal from "./Journal.ts"
import { fromText, inStorage, layer, layerSql, lockClaims, make, toText } from "./KeyValueJournal.ts"

const entry: Journal.Entry = {
  _tag: "Entry",
  id: "0kx-1",
  provider: "fake",
  kind: "generation",
  baseUrl: "https://api.fake.test",
  account: "me",
  digest: "00ff",
  at: 1000,
  fate: { _tag: "Accepted", ref }
}

const text = fc.string({ minLength: 1 })
const refs = fc.record(
  {
    provider: text,
    kind: fc.constantFrom("generation" as const, "edit" as const, "extension" as const),
    id: text,
    baseUrl: fc.constant("https://api.fake.test"),
    account: fc.string(),
    submittedAt: fc.nat()
  },
  { requiredKeys: ["provider", "kind", "id", "baseUrl", "submittedAt"] }
)
const fates: fc.Arbitrary<Journal.Fate> = fc.oneof(
  fc.constant({ _tag: "Intent" as const }),
  fc.record({ _tag: fc.constant("Unknown" as const), detail: fc.string() }),
  fc.record({ _tag: fc.constant("Accepted" as const), ref: refs }),
  fc.record({
    _tag: fc.constant("Closed" as const),
    ref: refs,
    end: fc.constantFrom("Saved" as const, "Succeeded" as const, "Failed" as const, "Expired" as const, "Cancelled" as const),
    at: fc.nat()
  })
)
const entries: fc.Arbitrary<Journal.Entry> = fc.record(
  {
    _tag: fc.constant("Entry" as const),
    id: text,
    provider: text,
    kind: fc.constantFrom("generation" as const, "edit" as const, "extension" as const),
    baseUrl: fc.constant("http://localhost:4010/xai"),
    account: fc.string(),
    digest: fc.string(),
    at: fc.nat(),
    label: fc.string(),
    batch: fc.string(),
    key: fc.string(),
    saveTo: fc.string(),
    fate: fates
  },
  { requiredKeys: ["_tag", "id", "provider", "kind", "baseUrl", "account", "digest", "at", "fate"] }
)

describe("an entry as text", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(entries, (given) => {
        expect(fromText(given.id, toText(given))).toEqual(given)
      })
    )
  })

  it("any text is an entry, or says what is wrong with it", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          text.map((id) => toText({ ...entry, id }))
        ),
        (given) => {
          expect(["Entry", "Damaged"]).toContain(fromText("0kx-1", given)._tag)
        }
      )
    )
  })

  it("truncated anywhere, it is damaged and never something else", () => {
    const whole = toText(entry).trimEnd()
    for (let length = 0; length < whole.length; length++) {
      expect(fromText(entry.id, whole.slice(0, length))).toMatchObject({ _tag: "Damaged", id: entry.id })
    }
  })

  it("of version 1 is read forever", () => {
    const old =
      '{"v":1,"_tag":"Entry","id":"0kx-1","provider":"fake","kind":"generation","baseUrl":"https://api.fake.test","account":"me",' +
      '"digest":"00ff","at":1000,"fate":{"_tag":"Accepted","ref":{"provider":"fake","kind":"generation","id":"job-1",' +
      '"baseUrl":"https://api.fake.test","account":"me","submittedAt":0}},"somethingOfALaterVersion":true}\n'
    expect(fromText("0kx-1", old)).toEqual(entry)
  })

  it("the oldest form is a bare reference", () => {
    expect(fromText("kept", `${toUri(ref)}\n`)).toEqual({ ...entry, id: "kept", digest: "", at: 0 })
  })

  it.each([
    ["", /empty/u],
    ["%PDF", /cut or foreign/u],
    ['{"v":3,"id":"0kx-1"}', /version 3; this Reelay reads versions up to 2/u],
    ['{"v":1,"id":"0kx-1"}', /form of an entry/u],
    ["reelay:fake/generation/1?v=9&base=https%3A%2F%2Fa.test&at=0", /version 9/u],
    [toText({ ...entry, id: "another" }), /entry another/u]
  ])("%s is damaged, and the reason is reported", (given, detail) => {
    expect(fromText("0kx-1", given)).toMatchObject({ _tag: "Damaged", detail: expect.stringMatching(detail) })
  })
})

describe("the journal over a store", () => {
  it.effect("persists over a restart, oldest first, and leaves the keys of others alone", () =>
    Effect.gen(function* () {
      const { data, restart } = memory()
      data.set("somebody else's", "theirs")
      const journal = restart()
      yield* journal.write({ ...entry, id: "b", at: 2000 })
      yield* journal.write({ ...entry, id: "a", at: 1000 })
      yield* journal.write({ ...entry, id: "b", at: 2000, fate: { _tag: "Closed", ref, end: "Failed", at: 3000 } })
      const found = yield* restart().entries
      expect(found.map((one) => (one._tag === "Entry" ? `${one.id} ${fateOf(one)}` : one._tag))).toEqual(["a Accepted", "b Closed Failed"])
    })
  )

  it.effect("a damaged entry is reported, and the others are read", () =>
    Effect.gen(function* () {
      const { data, restart } = memory()
      yield* restart().write(entry)
      data.set(`${prefix}cut`, '{"v":1,"_tag":"Ent')
      const found = yield* restart().entries
      expect(found.map(({ _tag, id }) => `${_tag} ${id}`)).toEqual(["Damaged cut", "Entry 0kx-1"])
    })
  )

  it.effect("one at a time holds an entry, until it is released", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      expect([yield* journal.claim("a"), yield* journal.claim("a"), yield* journal.claim("b")]).toEqual([true, false, true])
      yield* journal.release("a")
      expect(yield* journal.claim("a")).toBe(true)
    })
  )

  it.effect("finds the entry of a job under any account name in the reference", () =>
    Effect.gen(function* () {
      const { restart } = memory()
      yield* restart().write(entry)
      const find = (wanted: typeof ref) => Journal.find(wanted).pipe(withJournal(restart()))
      expect(yield* find({ ...ref, account: undefined, submittedAt: 5 })).toEqual(entry)
      expect(yield* find({ ...ref, id: "job-2" })).toBeUndefined()
      expect(yield* find({ ...ref, baseUrl: "https://other.test" })).toBeUndefined()
    })
  )

  it.effect("prunes entries that were closed long ago, and never open ones", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      yield* journal.write({ ...entry, id: "open" })
      yield* journal.write({ ...entry, id: "intent", fate: { _tag: "Intent" } })
      yield* journal.write({ ...entry, id: "old", fate: { _tag: "Closed", ref, end: "Saved", at: -1001 } })
      yield* journal.write({ ...entry, id: "new", fate: { _tag: "Closed", ref, end: "Saved", at: -999 } })
      expect(yield* Journal.prune("1 second").pipe(withJournal(journal))).toBe(1)
      expect((yield* journal.entries).map(({ id }) => id)).toEqual(["open", "intent", "new"])
    })
  )

  it.effect("a store that can't be written or read says why", () =>
    Effect.gen(function* () {
      const { failing, restart } = memory()
      failing(() => true)
      expect((yield* Effect.flip(restart().write(entry))).detail).toBe(
        "the journal can't be written (ENOSPC: no space left on device, write)"
      )
    })
  )

  it("lives in a browser's storage", () => {
    const storage = storageOf()
    Effect.runSync(inStorage(storage).write(entry))
    expect(Effect.runSync(inStorage(storage).entries)).toEqual([entry])
  })

  describe("B9: in a storage that is asked for when it is needed", () => {
    const absent: ReadonlyArray<readonly [string, () => Storage, string]> = [
      ["is not there, as on a server", () => Reflect.get(globalThis, "noStorage"), "there is no storage here"],
      ["is blocked", () => raise("Access is denied for this document."), "Access is denied"],
      ["is full", () => Object.assign(storageOf(), { setItem: () => raise("exceeded the quota") }), "exceeded the quota"]
    ]

    it("nothing is touched before, and then it is the same journal", () => {
      const data = new Map<string, string>()
      let count = 0
      const journal = inStorage(() => {
        count += 1
        return storageOf(data)
      })
      expect(count).toBe(0)
      Effect.runSync(journal.write(entry))
      expect(Effect.runSync(inStorage(storageOf(data)).entries)).toEqual([entry])
    })

    it.each([undefined, null])("Web Locks that are %s are not asked", async (locks) => {
      vi.stubGlobal("navigator", { locks })
      try {
        const journal = inStorage(() => storageOf())
        expect([await Effect.runPromise(journal.claim("fox")), await Effect.runPromise(journal.claim("fox"))]).toEqual([true, false])
      } finally {
        vi.unstubAllGlobals()
      }
    })

    it.each(absent)("a submission sends nothing if it %s, and says why", async (_, storage, why) => {
      const net = fakeFetch()
      const client = createClient({ provider, fetch: net.fetch, journal: inStorage(storage), pace: 1, logLevel: "none" })
      await expect(client.submit({ prompt: `a storage that fails: ${why}` })).rejects.toMatchObject({ reason: { _tag: "JournalFailed" } })
      await expect(client.submit({ prompt: `a storage that fails: ${why}` })).rejects.toThrow(why)
      expect(net.requests).toEqual([])
    })
  })
})

const raise = (message: string): never => {
  throw new Error(message)
}

const blocked: LockManager["request"] = () => Promise.reject(new Error("SecurityError: storage is blocked"))

describe("claims by Web Locks", () => {
  const run = Effect.runPromise

  it("are shared by all tabs: what one holds no other gets, until it is released", async () => {
    const [one, other] = [lockClaims(), lockClaims()]
    expect(await Promise.all([one, other, one].map((tab) => run(tab.acquire("fox")))).then((all) => all.filter(Boolean))).toEqual([true])
    const [holder, waiter] = (await run(other.acquire("fox"))) ? [other, one] : [one, other]
    expect(await run(waiter.acquire("owl"))).toBe(true)
    expect(await run(waiter.acquire("fox"))).toBe(false)
    await run(holder.release("fox"))
    expect(await run(waiter.acquire("fox"))).toBe(true)
    await run(waiter.release("fox"))
    await run(waiter.release("owl"))
    // Releasing a free entry does nothing.
    await run(one.release("fox"))
    expect((await navigator.locks.query()).held).toEqual([])
  })

  it("say why if there are none", async () => {
    const error = await run(Effect.flip(lockClaims({ request: blocked, query: () => navigator.locks.query() }).acquire("fox")))
    expect(error.detail).toContain("can't be claimed (Error: SecurityError: storage is blocked)")
  })

  it("keep two tabs that run the same batch from paying twice", async () => {
    const storage = storageOf()
    const net = fakeFetch()
    const tab = async () => {
      const client = createClient({ provider, fetch: net.fetch, journal: inStorage(storage), pace: 1, logLevel: "none" })
      for await (const event of client.runAll([["fox", request]], { batch: "winter" })) void event
    }
    await Promise.all([tab(), tab(), tab()])
    expect(net.posts()).toHaveLength(1)
    expect((await navigator.locks.query()).held).toEqual([])
  })
})

/** What a caller without types may give. */
const given = (maker: (...options: Array<never>) => unknown, ...options: ReadonlyArray<unknown>): unknown =>
  Reflect.apply(maker, undefined, options)

describe("F20: options of a journal that can't be are refused, by name", () => {
  const makers: Record<string, (options: unknown) => unknown> = {
    make: (options) => given(make, {}, options),
    layer: (options) => given(layer, options),
    inStorage: (options) => given(inStorage, storageOf(), options),
    "inStorage of the Promise API": (options) => given(lazily, storageOf(), options)
  }

  it.each(Object.entries(makers))("%s", (_, makeOf) => {
    for (const [options, message] of [
      [{ prefx: "a/" }, "KeyValueJournal: prefx isn't an option; it is prefix"],
      [{ prefix: 7 }, "KeyValueJournal: prefix must be a text"],
      [{ claims: {} }, "KeyValueJournal: claims must have acquire and release"],
      [{ create: "INSERT" }, "KeyValueJournal: create must be a function"],
      [{ table: "jobs" }, "KeyValueJournal: table isn't an option; there are prefix, claims, create"],
      ["reelay/", "KeyValueJournal: options must be an object"]
    ] as const) {
      expect(() => makeOf(options)).toThrow(RangeError)
      expect(() => makeOf(options)).toThrow(message)
    }
    expect(() => makeOf({ prefix: "", claims: undefined })).not.toThrow()
    expect(() => makeOf(undefined)).not.toThrow()
  })

  it("layerSql, which has its own way to create an entry", () => {
    for (const [options, message] of [
      [{ table: "" }, "KeyValueJournal: table must be a text that isn't empty"],
      [{ tabel: "jobs" }, "KeyValueJournal: tabel isn't an option; it is table"],
      [{ create: () => true }, "KeyValueJournal: create isn't an option; there are prefix, claims, table"]
    ] as const)
      expect(() => given(layerSql, options)).toThrow(message)
    expect(() => layerSql({ table: "jobs" })).not.toThrow()
  })
})
