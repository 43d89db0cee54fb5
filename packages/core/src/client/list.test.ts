import { describe, expect, it, vi } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { from, lastValueFrom, take } from "rxjs"
import { done, fake, key as apiKey, definition, provider, said } from "../../test/fake.ts"
import { fakeFetch } from "../../test/fetch.ts"
import { memory } from "../../test/journal.ts"
import { pause } from "../../test/pause.ts"
import { ref } from "../../test/samples.ts"
import { storageOf } from "../../test/storage.ts"
import { changed } from "../journal/changes.ts"
import { inStorage } from "../journal/KeyValueJournal.ts"
import type { Journal as JournalOf } from "../journal/Journal.ts"
import { configure } from "../provider/Provider.ts"
import { createClient, type ListedJob } from "../promise.ts"
import { submit$ } from "../rxjs.ts"

const open = (net: ReturnType<typeof fakeFetch>, journal?: JournalOf["Service"]) =>
  createClient({ provider, fetch: net.fetch, pace: 1, journal, logLevel: "none" })

const shown = (all: ReadonlyArray<ListedJob<unknown>>): ReadonlyArray<string> => all.map(({ label, status }) => `${label} ${status}`)

/** Listens until what is listed is as told. */
const until = async (client: Pick<ReturnType<typeof open>, "jobs">, wanted: ReadonlyArray<string>) => {
  const leave = client.jobs.subscribe(() => undefined)
  try {
    await vi.waitUntil(() => JSON.stringify(shown(client.jobs.current())) === JSON.stringify(wanted), { timeout: 2000 })
  } catch {
    expect(shown(client.jobs.current())).toEqual(wanted)
  } finally {
    leave()
  }
  return client.jobs.current()
}

describe("the list of a client's jobs", () => {
  it("is one array until a line changes, and each line is the same until it does", async () => {
    const net = fakeFetch([said("running"), done])
    const client = open(net)
    expect(client.jobs.current()).toBe(client.jobs.current())
    const fox = await client.submit({ prompt: "a" }, { label: "fox" })
    const seen: Array<ReadonlyArray<ListedJob>> = []
    const leave = client.jobs.subscribe((all) => seen.push(all))
    expect(seen).toEqual([client.jobs.current()])
    await vi.waitUntil(() => seen.at(-1)?.[0]?.status === "Succeeded")
    leave()
    expect(seen.map((all) => all[0]?.status)).toEqual(["Submitted", "Running", "Succeeded"])
    expect(seen.at(-1)?.[0]?.job).toBe(fox)
    expect(seen.at(-1)?.[0]?.state).toBe(fox.current())
    expect(new Set(seen).size).toBe(3)
  })

  it("is an RxJS source, and still the listing when it is called", async () => {
    const client = open(fakeFetch(), memory().restart())
    expect(await lastValueFrom(from(Reflect.get(client.jobs, "@@observable").call(client.jobs)).pipe(take(1)))).toEqual([])
    expect(await client.jobs()).toEqual([])
  })

  it("follows the jobs only while somebody listens, and each once", async () => {
    const net = fakeFetch([said("running")])
    const client = open(net)
    client.jobs.current()
    await client.submit({ prompt: "a" })
    const leaves = [client.jobs.subscribe(() => undefined), client.jobs.subscribe(() => undefined)]
    await vi.waitUntil(() => net.polls().length > 1)
    leaves[0]?.()
    const between = net.polls().length
    await vi.waitUntil(() => net.polls().length > between)
    leaves[1]?.()
    const after = net.polls().length
    await pause(20)
    expect(net.polls().length).toBe(after)
  })

  it("what a listener throws keeps no other from it", async () => {
    const client = open(fakeFetch())
    const seen: Array<number> = []
    client.jobs.subscribe((all) => {
      if (all.length > 0) throw new Error("a component that fails")
    })
    client.jobs.subscribe((all) => seen.push(all.length))
    await client.submit({ prompt: "a" })
    expect(seen).toContain(1)
  })

  it("without a journal keeps nothing for a server that never asks", async () => {
    const client = open(fakeFetch())
    await client.submit({ prompt: "a" })
    expect(client.jobs.current()).toEqual([])
    await client.submit({ prompt: "b" }, { label: "asked" })
    expect(shown(client.jobs.current())).toEqual(["undefined Submitted"])
  })
})

describe("B4: what a page finds after a reload", () => {
  it("a finished job is listed until it is forgotten, and its video can be fetched", async () => {
    const { restart } = memory()
    await (await open(fakeFetch(), restart()).submit({ prompt: "a" }, { label: "fox" })).result()
    const net = fakeFetch([done])
    const client = open(net, restart())
    const [line] = await until(client, ["fox Succeeded"])
    expect([line?.state, net.requests.length]).toEqual([undefined, 0])
    expect(await line?.job?.bytes()).toHaveLength(8)
    expect(net.posts()).toEqual([])
    expect(await client.forget(line?.id ?? "")).toBe(1)
    expect(client.jobs.current()).toEqual([])
    await until(open(fakeFetch(), restart()), [])
  })

  it("an unfinished one is followed, once, and attach returns the very job", async () => {
    const { restart } = memory()
    await open(fakeFetch([said("running")]), restart()).submit({ prompt: "a" }, { label: "fox" })
    const net = fakeFetch([said("running"), done])
    const client = open(net, restart())
    const [line] = await until(client, ["fox Succeeded"])
    expect(await client.attach(line?.job?.id ?? "")).toBe(line?.job)
    expect(net.polls()).toHaveLength(2)
  })

  it("one that this client submits is one object from its first line on, and is polled once", async () => {
    const net = fakeFetch([said("running"), said("running"), done])
    const client = open(net, memory().restart())
    const seen = new Set<unknown>()
    const leave = client.jobs.subscribe((all) => {
      for (const { job } of all) seen.add(job)
    })
    const fox = await client.submit({ prompt: "a" }, { label: "fox" })
    await until(client, ["fox Succeeded"])
    leave()
    expect(Array.from(seen)).toEqual([fox])
    expect(net.polls()).toHaveLength(3)
  })

  it("two tabs never follow one job: the other shows it without a state", async () => {
    const storage = storageOf()
    await open(fakeFetch([said("running")]), inStorage(storage)).submit({ prompt: "a" }, { label: "fox" })
    const [net, other] = [fakeFetch([said("running")]), fakeFetch([said("running")])]
    const [one, two] = [open(net, inStorage(storage)), open(other, inStorage(storage))]
    const leave = one.jobs.subscribe(() => undefined)
    await vi.waitUntil(() => net.polls().length > 0)
    const [line] = await until(two, ["fox Submitted"])
    await pause(20)
    expect([line?.state, other.polls().length]).toEqual([undefined, 0])
    leave()
    await one.close()
    await until(two, ["fox Running"])
  })

  it("entries that were closed more than 30 days ago are gone, and newer ones stay", async () => {
    const { restart } = memory()
    const journal = restart()
    for (const [id, days] of [
      ["old", 31],
      ["new", 29]
    ] as const) {
      const at = Effect.runSync(Clock.currentTimeMillis) - days * 86_400_000
      const fate = { _tag: "Closed", ref: { ...ref, id }, end: "Succeeded", at } as const
      await Effect.runPromise(
        journal.write({
          _tag: "Entry",
          id,
          provider: "fake",
          kind: "generation",
          baseUrl: ref.baseUrl,
          account: "me",
          digest: "",
          at,
          label: id,
          fate
        })
      )
    }
    await until(open(fakeFetch(), restart()), ["new Succeeded"])
    expect((await Effect.runPromise(journal.entries)).map(({ id }) => id)).toEqual(["new"])
  })
})

const offline: typeof globalThis.fetch = (_, init) => (init?.method === "POST" ? Promise.reject(new TypeError("Failed to fetch")) : hang())

describe("the list of jobs and the rest of the page", () => {
  it("shows what another API submits under the same journal, and how it ends", async () => {
    const journal = memory().restart()
    const client = open(fakeFetch(), journal)
    const seen: Array<string> = []
    const leave = client.jobs.subscribe((all) => seen.push(shown(all).join()))
    const net = fakeFetch([said("running"), done])
    await lastValueFrom(submit$(provider, { prompt: "elsewhere in the page" }, { fetch: net.fetch, pace: 1, journal, label: "owl" }))
    await vi.waitUntil(() => seen.at(-1) === "owl Succeeded")
    leave()
    expect(seen).toContain("owl Submitted")
  })

  it("shows what is left when a loop of resumeAll has ended them", async () => {
    const { restart } = memory()
    await open(fakeFetch([said("running")]), restart()).submit({ prompt: "a" }, { label: "fox" })
    const net = fakeFetch([said("running"), said("running"), done])
    const client = open(net, restart())
    const loop = (async () => {
      for await (const event of client.resumeAll()) void event
    })()
    await until(client, ["fox Succeeded"])
    await loop
    expect(net.polls()).toHaveLength(3)
  })

  it("follows what other tabs write to the storage that they share", async () => {
    const target = new EventTarget()
    vi.stubGlobal("addEventListener", target.addEventListener.bind(target))
    vi.stubGlobal("removeEventListener", target.removeEventListener.bind(target))
    try {
      const storage = storageOf()
      const client = open(fakeFetch(), inStorage(storage))
      const leave = client.jobs.subscribe(() => undefined)
      const other = open(fakeFetch([said("running")]), inStorage(storage))
      const job = await other.submit({ prompt: "in another tab" }, { label: "fox" })
      target.dispatchEvent(new Event("storage"))
      await vi.waitUntil(() => shown(client.jobs.current()).join() === "fox Submitted")
      await other.forget(job.id)
      target.dispatchEvent(new Event("storage"))
      await vi.waitUntil(() => client.jobs.current().length === 0)
      leave()
      await other.submit({ prompt: "nobody listens" })
      target.dispatchEvent(new Event("storage"))
      await pause(20)
      expect(client.jobs.current()).toEqual([])
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it("reads the journal once for many changes at a time", async () => {
    const { restart } = memory()
    const journal = restart()
    const entries = vi.fn<() => void>()
    const counted = { ...journal, entries: Effect.tap(journal.entries, () => Effect.sync(entries)) }
    const client = open(fakeFetch(), counted)
    const leave = client.jobs.subscribe(() => undefined)
    await pause(10)
    const before = entries.mock.calls.length
    for (let change = 0; change < 50; change++) changed(counted)
    await pause(10)
    leave()
    expect(entries.mock.calls.length - before).toBeLessThanOrEqual(2)
  })
})

describe("B1: a submission with an unknown outcome", () => {
  it("is a line with its error, at once and after a reload, and can be forgotten by its id", async () => {
    const { restart } = memory()
    const client = createClient({ provider, fetch: offline, journal: restart(), logLevel: "none" })
    const leave = client.jobs.subscribe(() => undefined)
    await expect(client.submit({ prompt: "cut off" }, { label: "fox" })).rejects.toMatchObject({ reason: { _tag: "SubmitUnknown" } })
    await until(client, ["fox Unknown"])
    leave()
    const later = open(fakeFetch(), restart())
    const [line] = await until(later, ["fox Unknown"])
    expect([line?.job, line?.error]).toMatchObject([undefined, { reason: { _tag: "SubmitUnknown" } }])
    expect(await later.forget(line?.id ?? "")).toBe(1)
    await until(open(fakeFetch(), restart()), [])
  })

  it("that was resolved is a job", async () => {
    const { restart } = memory()
    const client = createClient({ provider, fetch: offline, journal: restart(), logLevel: "none", pace: 1 })
    await expect(client.submit({ prompt: "found later" }, { key: "k", label: "fox" })).rejects.toBeDefined()
    const [line] = await until(client, ["fox Unknown"])
    const leave = client.jobs.subscribe(() => undefined)
    await client.resolve(line?.id ?? "", { ref })
    await vi.waitUntil(() => client.jobs.current()[0]?.job !== undefined)
    leave()
  })

  it("forget takes a job's own id as well", async () => {
    const client = open(fakeFetch([done]), memory().restart())
    const job = await client.submit({ prompt: "by its own id" })
    expect([await client.forget(job.id), await client.jobs()]).toEqual([1, []])
  })

  it("forgetting a job that is followed ends that", async () => {
    const net = fakeFetch([said("running")])
    const client = open(net, memory().restart())
    const leave = client.jobs.subscribe(() => undefined)
    await client.submit({ prompt: "followed" })
    await vi.waitUntil(() => net.polls().length > 0)
    const [line] = client.jobs.current()
    await client.forget(line?.id ?? "")
    const { length } = net.polls()
    await pause(20)
    expect([client.jobs.current(), net.polls().length]).toEqual([[], length])
    leave()
  })
})

const hang = (): Promise<Response> => new Promise(() => undefined)

describe("B8: providers that share a journal", () => {
  const otherProvider = configure({ ...definition, name: "other", title: "Other" })({ apiKey, account: "me" })
  const sibling = fake({ apiKey, account: "second" })

  it("list, resume and count only their own jobs, and report no errors", async () => {
    const { restart } = memory()
    const journal = restart()
    const net = fakeFetch([said("running")])
    const two = createClient({ provider: otherProvider, fetch: net.fetch, pace: 1, journal, logLevel: "none" })
    await open(net, journal).submit({ prompt: "a" }, { label: "fox" })
    await two.submit({ prompt: "b" }, { label: "owl" })
    const later = restart()
    const [one, other] = [
      open(fakeFetch([done]), later),
      createClient({ provider: otherProvider, fetch: fakeFetch([done]).fetch, pace: 1, journal: later })
    ]
    expect([(await one.jobs()).length, (await other.jobs()).length]).toEqual([1, 1])
    await until(one, ["fox Succeeded"])
    const events: Array<string> = []
    for await (const event of other.resumeAll()) events.push(event._tag === "State" ? event.state._tag : event._tag)
    expect(events).toEqual(["Submitted", "Succeeded"])
  })

  it("leave the jobs of another account to its own client, if there is one", async () => {
    const { restart } = memory()
    const journal = restart()
    await open(fakeFetch([said("running")]), journal).submit({ prompt: "a" }, { label: "fox" })
    const later = restart()
    const net = fakeFetch([done])
    const second = createClient({ provider: sibling, fetch: net.fetch, pace: 1, journal: later, logLevel: "none" })
    const first = open(fakeFetch([done]), later)
    const events: Array<string> = []
    for await (const event of second.resumeAll()) events.push(event._tag)
    await until(second, [])
    expect([events, await second.jobs(), net.requests]).toEqual([[], [], []])
    await until(first, ["fox Succeeded"])
    await first.close()
    // Now nobody else is meant, and silence would lose a job that is paid for.
    expect(await second.jobs()).toHaveLength(1)
  })

  it("an entry of another account is a line with its error, not a job that is lost", async () => {
    const { restart } = memory()
    await open(fakeFetch([said("running")]), restart()).submit({ prompt: "a" }, { label: "fox" })
    const net = fakeFetch()
    const client = createClient({ provider: sibling, fetch: net.fetch, journal: restart(), logLevel: "none" })
    const [line] = await until(client, ["fox Submitted"])
    expect([line?.error, net.requests]).toMatchObject([{ reason: { _tag: "Unauthorized" } }, []])
  })
})

describe("B9: a journal that can't be read", () => {
  it("is a line that says so, and the jobs of the page are listed all the same", async () => {
    const blocked = inStorage(() => {
      throw new Error("Access is denied")
    })
    const client = open(fakeFetch([said("running")]), blocked)
    const [line] = await until(client, ["undefined Damaged"])
    expect(String(line?.error)).toContain("Access is denied")
    await client.attach(ref)
    await until(client, ["undefined Damaged", "undefined Running"])
  })
})
