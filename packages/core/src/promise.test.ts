import { describe, expect, it, vi } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { from, lastValueFrom, toArray } from "rxjs"
import { done, provider, request, said } from "../test/fake.ts"
import { fakeFetch } from "../test/fetch.ts"
import { memory } from "../test/journal.ts"
import { ref } from "../test/samples.ts"
import { JobFailed } from "./job/JobError.ts"
import { toUri } from "./job/JobRef.ts"
import { type Limits, none } from "./limits/Limits.ts"
import { ClientClosed, createClient } from "./promise.ts"

const client = (net: ReturnType<typeof fakeFetch>) => createClient({ provider, fetch: net.fetch, pace: 1 })

describe("createClient", () => {
  it("submits once, and every API of the job shares that", async () => {
    const net = fakeFetch()
    const job = await client(net).submit(request)
    const tags: Array<string> = []
    for await (const state of job) tags.push(state._tag)
    expect(tags).toEqual(["Submitted", "Running", "Succeeded"])
    expect((await job.result())._tag).toBe("Succeeded")
    expect(await lastValueFrom(from(job).pipe(toArray()))).toHaveLength(1)
    expect(await job.bytes()).toHaveLength(8)
    expect([net.posts().length, await job.cancel()]).toEqual([1, "CompletedAnyway"])
    expect(job).not.toHaveProperty("then")
  })

  it("a function is an observer, as Svelte and Solid want it, and gets nothing after it leaves", async () => {
    const net = fakeFetch()
    const job = await client(net).submit(request)
    const seen: Array<string> = []
    const finished = new Promise<void>((resolve) => {
      job.subscribe((state) => {
        seen.push(state._tag)
        if (state._tag === "Succeeded") resolve()
      })
    })
    const left: Array<string> = []
    job.subscribe((state) => left.push(state._tag)).unsubscribe()
    await finished
    expect([seen[0], seen.at(-1), left]).toEqual(["Submitted", "Succeeded", ["Submitted"]])
  })

  it("run reports each state, and resolves with the video", async () => {
    const tags: Array<string> = []
    const onSubmitted = vi.fn<() => void>()
    const state = await client(fakeFetch()).run(request, { onState: ({ _tag }) => tags.push(_tag), onSubmitted })
    expect([state._tag, tags]).toEqual(["Succeeded", ["Submitted", "Running", "Succeeded"]])
    expect(onSubmitted).toHaveBeenCalledOnce()
  })

  it("attach takes a reference or its text, and sends no POST", async () => {
    const net = fakeFetch([done])
    for (const given of [ref, toUri(ref)]) expect((await (await client(net).attach(given)).result())._tag).toBe("Succeeded")
    expect(net.posts()).toEqual([])
    await expect(client(net).attach("nonsense")).rejects.toMatchObject({ reason: { _tag: "InvalidRequest", field: "ref" } })
  })

  it("what was left is resumed by the client of another page, and a batch is run once", async () => {
    const { restart } = memory()
    const open = (net: ReturnType<typeof fakeFetch>) => createClient({ provider, fetch: net.fetch, pace: 1, journal: restart() })
    const first = fakeFetch([said("running")])
    await open(first).submit(request, { label: "fox" })
    const net = fakeFetch([done])
    const told: Array<string> = []
    for await (const event of open(net).resumeAll()) told.push(event._tag === "State" ? event.state._tag : event._tag)
    expect([told, net.posts()]).toEqual([["Submitted", "Succeeded"], []])
    for (const posts of [1, 0]) {
      const batch = fakeFetch([done])
      const keys: Array<string> = []
      for await (const event of open(batch).runAll([["fox", request]], { batch: "winter" })) keys.push(`${event.key} ${event._tag}`)
      expect([keys.slice(-1), batch.posts().length]).toEqual([["fox State"], posts])
    }
    for await (const event of client(fakeFetch()).resumeAll()) throw new Error(`nothing is remembered, and yet there is ${event._tag}`)
  })

  it("an aborted signal ends the loop over many jobs with its reason, and one that is not keeps no listener", async () => {
    const controller = new AbortController()
    const net = fakeFetch([said("running")])
    const keys: Array<string> = []
    const loop = async () => {
      for await (const { key } of client(net).runAll([["fox", request]], { signal: controller.signal })) {
        if (keys.push(key) === 2) controller.abort("enough")
      }
    }
    await expect(loop()).rejects.toBe("enough")
    const other = new AbortController()
    const add = vi.spyOn(other.signal, "addEventListener")
    const remove = vi.spyOn(other.signal, "removeEventListener")
    for await (const { key } of client(fakeFetch()).runAll([["fox", request]], { signal: other.signal })) expect(key).toBe("fox")
    expect([add.mock.calls.length, remove.mock.calls.length]).toEqual([1, 1])
  })

  it("every request to the API waits for admission under the limits it is given", async () => {
    const turns: Array<string> = []
    const limits: Limits = {
      turn: (account, patience, send) => {
        turns.push(account.account)
        return none.turn(account, patience, send)
      }
    }
    const net = fakeFetch()
    const limited = createClient({ provider, fetch: net.fetch, pace: 1, limits })
    await limited.run(request)
    expect(turns).toEqual(["me", "me", "me"])
    await (await limited.attach(ref)).result()
    expect(turns).toHaveLength(4)
  })

  it("a job that failed rejects with its state", async () => {
    await expect(client(fakeFetch([said("failed")])).run(request)).rejects.toBeInstanceOf(JobFailed)
  })

  it.each(["submit", "runAll"])("a caller that leaves during %s gets a job whose outcome is unknown", async (way) => {
    // A request of its own: the same one would be refused for ten minutes after this.
    const asked = { prompt: `left in the midst of ${way}` }
    const controller = new AbortController()
    const answers: Array<(response: Response) => void> = []
    const fetch: typeof globalThis.fetch = () => new Promise((resolve) => void answers.push(resolve))
    const told: Array<readonly [string, string]> = []
    const { runAll, submit } = createClient({ provider, fetch, logLevel: "none" })
    const { signal } = controller
    const all = async () => {
      const events = runAll([["fox", asked]], { signal, onUnknown: ({ reason }, key) => void told.push([reason._tag, key]) })
      for await (const event of events) void event
    }
    const leaving = way === "submit" ? submit(asked, { signal, onUnknown: ({ reason }) => void told.push([reason._tag, ""]) }) : all()
    await vi.waitUntil(() => answers.length === 1)
    controller.abort("enough")
    answers[0]?.(new Response("<html>502 Bad Gateway</html>", { status: 502 }))
    await expect(leaving).rejects.toBe("enough")
    await vi.waitUntil(() => told.length > 0)
    expect(told).toEqual([["SubmitUnknown", way === "submit" ? "" : "fox"]])
  })

  it("a signal that was aborted before sends nothing", async () => {
    const net = fakeFetch()
    await expect(client(net).submit(request, { signal: AbortSignal.abort("gone") })).rejects.toBe("gone")
    expect(net.requests).toEqual([])
  })

  it("a signal that is aborted during a poll aborts that, and rejects with its reason", async () => {
    const controller = new AbortController()
    const net = fakeFetch([{ hangs: true }])
    const job = await client(net).submit(request)
    const result = job.result({ signal: controller.signal })
    await vi.waitUntil(() => net.polls().length === 1)
    controller.abort("enough")
    await expect(result).rejects.toBe("enough")
    expect(net.polls()[0]?.signal?.aborted).toBe(true)
  })

  it("a signal that is aborted by the first state leaves at once, and nothing is polled", async () => {
    const net = fakeFetch()
    const controller = new AbortController()
    const onState = (): void => controller.abort(new Error("enough"))
    await expect(client(net).run(request, { signal: controller.signal, onState })).rejects.toThrow("enough")
    for (let steps = 0; steps < 20; steps++) await new Promise((resolve) => setImmediate(resolve))
    expect([net.posts().length, net.polls().length]).toEqual([1, 0])
  })

  it("a long-lived signal keeps no listener", async () => {
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, "addEventListener")
    const remove = vi.spyOn(signal, "removeEventListener")
    const job = await client(fakeFetch()).submit(request, { signal })
    await job.result({ signal })
    await job.bytes({ signal })
    expect(add.mock.calls.length).toBe(4)
    expect(remove.mock.calls).toEqual(add.mock.calls.map(([type, listener]) => [type, listener]))
  })
})

describe("a submission of a client", () => {
  it("is made once, and gives its job to every caller", async () => {
    const net = fakeFetch()
    const submission = await client(net).submission({ prompt: "asked three times" })
    expect([submission.phase()._tag, net.requests.length]).toEqual(["Idle", 0])
    const all = await Promise.all([submission.job(), submission.job()])
    expect([...all, await submission.job()].map(({ ref: { id } }) => id)).toEqual(["job-1", "job-1", "job-1"])
    expect([net.posts().length, submission.phase()._tag]).toEqual([1, "Accepted"])
  })

  it("of one key is one, in two clients of one account", async () => {
    const net = fakeFetch()
    const [one, other] = [client(net), client(net)]
    await Promise.all([one.submit(request, { key: "promise-1" }), other.submit(request, { key: "promise-1" })])
    expect(net.posts()).toHaveLength(1)
  })

  it("T40: whose signal is aborted in the turn of asking sends nothing", async () => {
    const net = fakeFetch()
    const controller = new AbortController()
    const leaving = client(net).submit({ prompt: "left at once" }, { signal: controller.signal })
    controller.abort("gone")
    await expect(leaving).rejects.toBe("gone")
    // What must not happen would happen in one of the next turns.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(net.requests).toEqual([])
  })
})

const losing: typeof globalThis.fetch = () => Promise.resolve(new Response("<html>", { status: 502 }))

describe("what a client's journal remembers", () => {
  it("is listed, resolved and forgotten", async () => {
    const { restart } = memory()
    const journal = restart()
    const asked = { prompt: "looked up later" }
    const over = (given: typeof globalThis.fetch) => createClient({ provider, fetch: given, pace: 1, journal, logLevel: "none" })
    await expect(over(losing).submit(asked, { key: "order-1" })).rejects.toMatchObject({ reason: { _tag: "SubmitUnknown" } })
    const { forget, jobs, resolve, submit } = over(fakeFetch([done]).fetch)
    expect(await jobs()).toMatchObject([{ key: "order-1", fate: { _tag: "Unknown" } }])
    await expect(resolve("order-1", { ref: "nonsense" })).rejects.toMatchObject({ reason: { _tag: "InvalidRequest", field: "ref" } })
    expect(await resolve("order-1", { ref: toUri(ref) })).toMatchObject({ fate: { _tag: "Accepted", ref: { id: "job-1" } } })
    expect((await submit(asked, { key: "order-1" })).ref.id).toBe("job-1")
    expect([await forget("order-1"), await jobs()]).toEqual([1, []])
    expect(await forget("order-1", { maySubmitAgain: true })).toBe(1)
    expect(await forget("order-1")).toBe(0)
  })

  it("is nothing without a journal", async () => {
    const { forget, jobs } = client(fakeFetch())
    expect(await jobs()).toEqual([])
    await expect(forget("a")).rejects.toMatchObject({ reason: { _tag: "InvalidRequest", field: "journal" } })
  })
})

/** Answers the POST when told to. */
const held = () => {
  const answers: Array<() => void> = []
  const net = fakeFetch([said("running")])
  const fetch: typeof globalThis.fetch = (input, init) =>
    init?.method === "POST" ? new Promise((resolve) => answers.push(() => resolve(Response.json({ id: "job-1" })))) : net.fetch(input, init)
  return { answers, net, fetch }
}

describe("a client that is closed", () => {
  it("finishes the submission that has begun, and gives its job", async () => {
    const { answers, fetch } = held()
    const { close, submit } = createClient({ provider, fetch, logLevel: "none" })
    const job = submit({ prompt: "on its way" })
    await vi.waitUntil(() => answers.length === 1)
    const closed = close()
    await expect(submit({ prompt: "too late" })).rejects.toBeInstanceOf(ClientClosed)
    answers[0]?.()
    expect((await job).ref.id).toBe("job-1")
    await closed
    expect(answers).toHaveLength(1)
  })

  it("sends nothing of what has not begun, leaves polling, and rejects what waits", async () => {
    const net = fakeFetch([{ hangs: true }])
    const waits: Limits = {
      turn: (account, patience, send) => (net.posts().length > 0 ? Effect.never : none.turn(account, patience, send))
    }
    const { close, submit } = createClient({ provider, fetch: net.fetch, pace: 1, logLevel: "none" })
    const limited = createClient({ provider, fetch: net.fetch, pace: 1, logLevel: "none", limits: waits })
    const job = await submit({ prompt: "polled" })
    const result = job.result()
    const loop = (async () => {
      for await (const state of job) void state
    })()
    const waiting = limited.submit({ prompt: "in line" })
    await vi.waitUntil(() => net.polls().length === 1)
    const rejected = Promise.all([result, loop, waiting].map((each) => expect(each).rejects.toBeInstanceOf(ClientClosed)))
    await Promise.all([close(), limited.close()])
    await rejected
    expect(net.posts()).toHaveLength(1)
    expect(net.polls().every(({ signal }) => signal?.aborted === true)).toBe(true)
    await expect(job.result()).rejects.toBeInstanceOf(ClientClosed)
  })

  it("begins no other try of a submission that must wait", async () => {
    const answers: Array<(response: Response) => void> = []
    const fetch: typeof globalThis.fetch = () => new Promise((resolve) => answers.push(resolve))
    const { close, submit } = createClient({ provider, fetch, submitRetry: Schedule.spaced("20 millis"), logLevel: "none" })
    const submitted = submit({ prompt: "busy while it closes" })
    await vi.waitUntil(() => answers.length === 1)
    const closed = close()
    answers[0]?.(new Response("", { status: 429 }))
    await expect(submitted).rejects.toMatchObject({ reason: { _tag: "RateLimited" }, again: "submit" })
    await closed
    expect(answers).toHaveLength(1)
  })

  it("sends nothing more of a loop over many jobs that is busy with something else", async () => {
    const net = fakeFetch([said("running")])
    let turns = 0
    const limits: Limits = {
      turn: (account, patience, send) => Effect.andThen(Effect.sleep(turns++ === 0 ? 0 : 30), none.turn(account, patience, send))
    }
    const { close, runAll } = createClient({ provider, fetch: net.fetch, pace: 1, limits, logLevel: "none" })
    const requests = ["a", "b", "c"].map((name) => [name, { prompt: `closed in its midst: ${name}` }] as const)
    const loop = async () => {
      for await (const event of runAll(requests, { concurrency: 3 })) {
        await close()
        // What must not happen would happen within 30 ms.
        await Effect.runPromise(Effect.sleep("150 millis"))
        expect([event.key, net.posts().length]).toEqual(["a", 1])
      }
    }
    await expect(loop()).rejects.toBeInstanceOf(ClientClosed)
    const polls = net.polls().length
    await Effect.runPromise(Effect.sleep("50 millis"))
    expect([net.posts().length, net.polls().length]).toEqual([1, polls])
  })

  it("is closed at the end of its block", async () => {
    const net = fakeFetch()
    const open = client(net)
    {
      await using inside = open
      await inside.submit({ prompt: "in a block" })
    }
    await expect(open.submit({ prompt: "after it" })).rejects.toBeInstanceOf(ClientClosed)
    expect(net.posts()).toHaveLength(1)
  })
})
