import { describe, expect, it, vi } from "@effect/vitest"
import { from, lastValueFrom, map, toArray } from "rxjs"
import { done, provider, request, said } from "../../test/fake.ts"
import { fakeFetch } from "../../test/fetch.ts"
import { memory } from "../../test/journal.ts"
import { pause } from "../../test/pause.ts"
import { JobError } from "../job/JobError.ts"
import { createClient, type JobState, type PromiseJob } from "../promise.ts"

const opened = async (net = fakeFetch(), more: { readonly deadline?: number } = {}) => {
  const client = createClient({ provider, fetch: net.fetch, pace: 1, logLevel: "error", ...more })
  return { net, client, job: await client.submit({ ...request }) }
}

/** An answer that ends the watching, though nobody knows the job's fate. */
const refused = { status: 400, body: { error: "no" } }

const members = ["current", "states", "subscribe", "result", "cancel", "bytes", "blob", "url", "leave"] as const

describe("B3: a job is what each framework subscribes to", () => {
  it("its members stay the same, so that nothing subscribes anew in each render", async () => {
    const { job } = await opened()
    // All but `result`, which keeps nothing in thousands of jobs that are only waited for: its promise is the same one.
    const kept = members.filter((name) => name !== "result")
    const again = kept.map((name) => job[name])
    expect(kept.every((name, index) => job[name] === again[index])).toBe(true)
    expect(job.result()).toBe(job.result())
  })

  it("its current state is the same one until it changes, and there before anybody listens", async () => {
    const { job } = await opened(fakeFetch([said("running"), said("running"), said("running"), done]))
    expect(job.current()).toBe(job.current())
    expect(job.current()._tag).toBe("Submitted")
    const seen: Array<JobState> = []
    for await (const state of job.states()) {
      expect(job.current()).toBe(job.current())
      seen.push(state)
    }
    expect(seen.map(({ _tag }) => _tag)).toEqual(["Submitted", "Running", "Succeeded"])
    expect(job.current()).toBe(seen.at(-1))
  })

  it("a Svelte store: the function is called before subscribe returns, which returns what leaves", async () => {
    const { job } = await opened(fakeFetch([said("running")]))
    const seen: Array<string> = []
    const leave = job.subscribe(({ _tag }) => seen.push(_tag))
    expect(seen).toEqual(["Submitted"])
    await vi.waitUntil(() => seen.length === 2)
    leave()
    leave.unsubscribe()
    expect(seen).toEqual(["Submitted", "Running"])
  })

  it("an observer of a class keeps its this", async () => {
    const { job } = await opened()
    class Counting {
      count = 0
      isOver = false
      next(): void {
        this.count += 1
      }
      complete(): void {
        this.isOver = true
      }
    }
    const observer = new Counting()
    job.subscribe(observer)
    await vi.waitUntil(() => observer.isOver)
    expect(observer.count).toBe(3)
  })

  it("an RxJS interop observable, by the symbol and by the string", async () => {
    const { job } = await opened()
    const tags = await lastValueFrom(
      from(job).pipe(
        map(({ _tag }) => _tag),
        toArray()
      )
    )
    expect(tags.at(-1)).toBe("Succeeded")
    const symbol: unknown = Reflect.get(job, "@@observable")
    expect(typeof symbol === "function" && Reflect.apply(symbol, job, [])).toBe(job)
  })

  it.each([
    ["a function", () => undefined],
    ["an observer without error", { next: () => undefined }],
    ["nothing at all", {}]
  ])("an error that %s does not handle is logged, with the job's id", async (_, observer) => {
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined)
    try {
      const { job } = await opened(fakeFetch([refused]))
      job.subscribe(observer)
      await expect(job.result({})).rejects.toBeInstanceOf(JobError)
      await vi.waitUntil(() => log.mock.calls.length > 0)
      const text = log.mock.calls.flat().join(" ")
      expect(text).toContain("job-1")
      expect(text).not.toContain("sk-super-secret")
    } finally {
      log.mockRestore()
    }
  })

  it("an error that is handled is not logged, and neither is leaving or closing", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined)
    try {
      const handled: Array<unknown> = []
      const { client, job } = await opened(fakeFetch([refused]))
      job.subscribe({ error: (error) => handled.push(error) })
      await vi.waitUntil(() => handled.length === 1)
      expect(handled[0]).toBeInstanceOf(JobError)
      const other = await opened(fakeFetch([said("running")]))
      other.job.subscribe(() => undefined)
      other.job.leave()
      other.job.subscribe(() => undefined)
      await Promise.all([client.close(), other.client.close()])
      expect(log.mock.calls.flat().join(" ")).toBe("")
    } finally {
      log.mockRestore()
    }
  })
})

describe("the result of a job", () => {
  it("is one promise for all who ask, as React's use wants it, and before and after the end the same", async () => {
    const { job } = await opened()
    const first = job.result()
    expect(job.result()).toBe(first)
    await first
    expect(job.result()).toBe(first)
    const failed = (await opened(fakeFetch([said("failed")]))).job
    const bad = failed.result()
    await expect(bad).rejects.toMatchObject({ _tag: "JobFailed" })
    expect(failed.result()).toBe(bad)
  })

  it("that has failed already is its failure, to whoever asks only then", async () => {
    const { job } = await opened(fakeFetch([said("failed", { error: "no GPU" })]))
    for await (const state of job.states()) expect(["Submitted", "Failed"]).toContain(state._tag)
    await expect(job.result()).rejects.toMatchObject({ _tag: "JobFailed", state: { failure: { message: "no GPU" } } })
    await expect(job.result()).rejects.toMatchObject({ _tag: "JobFailed" })
  })

  it("after sight was lost is asked for anew", async () => {
    const { job } = await opened(fakeFetch([refused, done]))
    await expect(job.result()).rejects.toBeInstanceOf(JobError)
    expect((await job.result())._tag).toBe("Succeeded")
  })

  it("after sight was lost stays for React, which has read it, until somebody watches the job again", async () => {
    const { job } = await opened(fakeFetch([refused, done]))
    const read = Object.assign(job.result(), { status: "pending" })
    await expect(read).rejects.toBeInstanceOf(JobError)
    expect(job.result()).toBe(read)
    await job.result({})
    expect(job.result()).not.toBe(read)
    expect((await job.result())._tag).toBe("Succeeded")
  })
})

describe("the video of a job", () => {
  it("is a blob with its type, and an object URL only if a page can't load the link", async () => {
    const { job } = await opened()
    const blob = await job.blob()
    expect([blob.type, blob.size]).toEqual(["video/mp4", 8])
    expect(await job.url()).toBe("https://cdn.fake.test/video.mp4?sig=abc")
  })

  it("at the API's own origin, which may need the key, is an object URL that is made once, and revoked by leave", async () => {
    const net = fakeFetch([said("done", { url: "https://api.fake.test/files/1.mp4" })])
    const fetch: typeof globalThis.fetch = (input, init) =>
      !(input instanceof Request) && input.toString().includes("/files/") ? Promise.resolve(new Response(mp4)) : net.fetch(input, init)
    const job = await createClient({ provider, fetch, pace: 1, logLevel: "error" }).submit({ prompt: "own origin" })
    const revoke = vi.spyOn(URL, "revokeObjectURL")
    try {
      const url = await job.url()
      expect(url).toMatch(/^blob:/u)
      expect(await job.url()).toBe(url)
      expect(await (await fetch0(url)).text()).toHaveLength(8)
      job.leave()
      expect(revoke.mock.calls).toEqual([[url]])
    } finally {
      revoke.mockRestore()
    }
  })

  it("B4: read into memory closes an entry that was kept open for it", async () => {
    const { restart } = memory()
    const journal = restart()
    for (const way of ["bytes", "blob"] as const) {
      const client = createClient({ provider, fetch: fakeFetch().fetch, pace: 1, journal, logLevel: "error" })
      const job = await client.submit({ prompt: `kept open: ${way}` }, { key: way, saveTo: `${way}.mp4` })
      await job.result()
      expect(await fates(client)).toContain(`${way} Accepted`)
      await job[way]()
      expect(await fates(client)).toContain(`${way} Closed`)
    }
  })
})

const mp4 = new Uint8Array([0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70])
const fetch0 = globalThis.fetch

const fates = async (client: Pick<ReturnType<typeof createClient>, "jobs">): Promise<ReadonlyArray<string>> =>
  (await client.jobs()).map((entry) => (entry._tag === "Entry" ? `${entry.key} ${entry.fate._tag}` : entry._tag))

describe("B10: a job that is left", () => {
  it("at the end of its block is not polled any more, and not cancelled", async () => {
    const { job, net } = await opened(fakeFetch([said("running")]))
    const seen: Array<string> = []
    {
      await using here = job
      here.subscribe(({ _tag }) => seen.push(_tag))
      await vi.waitUntil(() => seen.includes("Running"))
    }
    const { length } = net.polls()
    await pause(30)
    expect(net.polls().length).toBe(length)
    expect(net.requests.every(({ method }) => method !== "DELETE")).toBe(true)
  })

  it("ends the loops and promises that wait for it, and only those", async () => {
    const { client, job } = await opened(fakeFetch([said("running")]))
    const other = await client.attach({ ...job.ref, id: "job-2" })
    const waits = other.result({})
    const loop = (async () => {
      for await (const state of job) void state
    })()
    const rejected = Promise.all(
      [job.result(), job.result({}), loop].map((each) => expect(each).rejects.toMatchObject({ name: "AbortError" }))
    )
    await pause(5)
    job.leave()
    await rejected
    const still = await Promise.race([waits, Promise.resolve("still waiting")])
    expect(still).toBe("still waiting")
    other.leave()
    await expect(waits).rejects.toMatchObject({ name: "AbortError" })
  })

  it("can be listened to again", async () => {
    const { job } = await opened()
    job.leave()
    expect((await job.result())._tag).toBe("Succeeded")
  })

  it("a loop with a signal ends with its reason, and the job is not polled any more", async () => {
    const { job, net } = await opened(fakeFetch([said("running")]))
    const controller = new AbortController()
    const loop = async () => {
      for await (const { _tag } of job.states({ signal: controller.signal })) if (_tag === "Running") controller.abort("enough")
    }
    await expect(loop()).rejects.toBe("enough")
    const { length } = net.polls()
    await pause(20)
    expect(net.polls().length).toBe(length)
  })
})

/** Names imported as types are types, not namespaces. */
const shown = (state: JobState, job: PromiseJob): string => `${state._tag} of ${job.id}`

describe("B8: one import for a page", () => {
  it("gives the types as types, and the journal of a browser", async () => {
    const api = await import("../promise.ts")
    expect(Object.keys(api).toSorted()).toEqual([
      "ClientClosed",
      "JobCancelled",
      "JobError",
      "JobExpired",
      "JobFailed",
      "byFetch",
      "checkClient",
      "clientOver",
      "createClient",
      "inStorage",
      "isTerminal",
      "logging",
      "promised"
    ])
    const { job } = await opened()
    expect(shown(job.current(), job)).toMatch(/^Submitted of reelay:fake\/generation\/job-1/u)
  })
})
