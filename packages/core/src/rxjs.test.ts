import { describe, expect, it, vi } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { defaultIfEmpty, lastValueFrom, type Observable, of, repeat, retry, switchMap, take, takeUntil, tap, timer, toArray } from "rxjs"
import { done, provider, request, said, script } from "../test/fake.ts"
import { fakeFetch } from "../test/fetch.ts"
import { memory } from "../test/journal.ts"
import { ref as jobRef } from "../test/samples.ts"
import type { Resumed } from "./Job.ts"
import type { JobError } from "./job/JobError.ts"
import { toUri } from "./job/JobRef.ts"
import { type Limits, none } from "./limits/Limits.ts"
import type * as Provider from "./provider/Provider.ts"
import { createClient } from "./promise.ts"
import { attach$, jobs$, resumeAll$, submit$, toObservable } from "./rxjs.ts"

const over = (net: Pick<ReturnType<typeof fakeFetch>, "fetch">) => ({ pace: 1, fetch: net.fetch, logLevel: "none" as const })

describe("submit$", () => {
  it("posts nothing before it is subscribed to, and once however many subscribe", async () => {
    const net = fakeFetch()
    const states = submit$(provider, request, over(net))
    expect(net.requests).toEqual([])
    const all = await Promise.all([lastValueFrom(states), lastValueFrom(states)])
    expect(all.map(({ _tag }) => _tag)).toEqual(["Succeeded", "Succeeded"])
    expect((await lastValueFrom(states))._tag).toBe("Succeeded")
    expect(net.posts()).toHaveLength(1)
  })

  it("of one layer share what it builds: one pool serves all", async () => {
    const net = script({ polls: [done] })
    let builds = 0
    const transport = Layer.effect(
      HttpClient.HttpClient,
      Effect.sync(() => {
        builds += 1
        return net.client
      })
    )
    const options = { pace: 1, logLevel: "none", transport } as const
    const one = submit$(provider, { prompt: "one" }, options)
    const other = submit$(provider, { prompt: "other" }, options)
    expect((await lastValueFrom(one))._tag).toBe("Succeeded")
    expect((await lastValueFrom(other))._tag).toBe("Succeeded")
    expect([builds, net.posts().length]).toEqual([1, 2])
    // The job is all that is kept, and whoever comes back gets it.
    expect((await lastValueFrom(one))._tag).toBe("Succeeded")
    expect([builds, net.posts().length]).toEqual([1, 2])
  })

  it("waits for admission under the limits it is given", async () => {
    let turns = 0
    const limits: Limits = {
      turn: (account, patience, send) => {
        turns += 1
        return none.turn(account, patience, send)
      }
    }
    await lastValueFrom(submit$(provider, request, { ...over(fakeFetch()), limits }))
    expect(turns).toBe(3)
  })

  it("retry attaches to the same job instead of paying again", async () => {
    const net = fakeFetch([{ status: 402, body: { error: "no" } }, done])
    const seen = await lastValueFrom(submit$(provider, request, over(net)).pipe(retry(1), toArray()))
    expect(seen.at(-1)?._tag).toBe("Succeeded")
    expect([net.posts().length, net.polls().length]).toEqual([1, 2])
  })

  it("unsubscribing aborts the request in flight, and starts no other", async () => {
    const net = fakeFetch([{ hangs: true }])
    const subscription = submit$(provider, request, over(net)).subscribe()
    await vi.waitUntil(() => net.polls().length === 1)
    subscription.unsubscribe()
    await vi.waitUntil(() => net.polls()[0]?.signal?.aborted === true)
    expect(net.requests).toHaveLength(2)
  })
})

/** Answers the first POST as told, and any other with a job. */
const posting = (first: () => Promise<Response>) => {
  let posts = 0
  const net = fakeFetch([done])
  const fetch: typeof globalThis.fetch = (input, init) => {
    if (init?.method !== "POST" || posts++ > 0) return net.fetch(input, init)
    return first()
  }
  return { net, posts: () => posts, over: over({ ...net, fetch }) }
}

describe("submit$ that is left while it submits", () => {
  it("posts no more: what was refused for the moment is not asked for again", async () => {
    const { over: options, posts } = posting(() => Promise.resolve(new Response("", { status: 429 })))
    const submitRetry = Schedule.spaced("200 millis")
    const subscription = submit$(provider, request, { ...options, submitRetry }).subscribe()
    await vi.waitUntil(() => posts() === 1, { interval: 5 })
    subscription.unsubscribe()
    // What must not happen would happen within 200 ms; a wait on a real clock is all that an Observable leaves.
    await Effect.runPromise(Effect.sleep("500 millis"))
    expect(posts()).toBe(1)
  })

  it("waits for the id, and the next subscriber attaches to that job", async () => {
    const answers: Array<(response: Response) => void> = []
    const { net, over: options, posts } = posting(() => new Promise((resolve) => answers.push(resolve)))
    const states = submit$(provider, request, options)
    const subscription = states.subscribe()
    await vi.waitUntil(() => posts() === 1)
    subscription.unsubscribe()
    const back = lastValueFrom(states)
    answers[0]?.(Response.json({ id: "job-1" }))
    expect((await back).ref.id).toBe("job-1")
    expect([posts(), net.posts().length]).toEqual([1, 0])
  })
})

/** Some turns of the event loop: what must not happen would happen in one of them. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** The POST is answered so, every time. */
const answering = (response: () => Response) => {
  let posts = 0
  const net = fakeFetch([done])
  const fetch: typeof globalThis.fetch = (input, init) => {
    if (init?.method !== "POST") return net.fetch(input, init)
    posts += 1
    return Promise.resolve(response())
  }
  return { posts: () => posts, options: over({ ...net, fetch }) }
}
const failing = (states: Observable<unknown>) => lastValueFrom(states).catch((error: unknown) => error)

describe("submit$ that is asked again", () => {
  it("T39: after a SubmitUnknown gives every retry, repeat and subscription the same error, and pays nothing more", async () => {
    const { options, posts } = answering(() => new Response("<html>", { status: 502 }))
    const states = submit$(provider, { prompt: "rxjs: lost" }, options)
    const first = await failing(states.pipe(retry(3)))
    expect(first).toMatchObject({ reason: { _tag: "SubmitUnknown" }, again: "never" })
    for (let again = 0; again < 3; again++) expect(await failing(states)).toBe(first)
    expect(await failing(states.pipe(repeat(2)))).toBe(first)
    expect(posts()).toBe(1)
  })

  it("T39: after a refusal sends nothing again", async () => {
    const { options, posts } = answering(() => Response.json({ error: "no" }, { status: 400 }))
    expect(await failing(submit$(provider, { prompt: "rxjs: refused" }, options).pipe(retry(3)))).toMatchObject({
      reason: { _tag: "SubmitRejected" }
    })
    expect(posts()).toBe(1)
  })

  it("T39: repeated after its end is the same job", async () => {
    const { options, posts } = answering(() => Response.json({ id: "job-1" }))
    const states = submit$(provider, { prompt: "rxjs: repeated" }, options)
    const all = await lastValueFrom(states.pipe(repeat(3), toArray()))
    expect([new Set(all.map(({ ref }) => ref.id)), posts()]).toEqual([new Set(["job-1"]), 1])
  })

  it("T40: and left in the turn of asking sends nothing", async () => {
    const { options, posts } = answering(() => Response.json({ id: "job-1" }))
    submit$(provider, { prompt: "rxjs: left" }, options).subscribe().unsubscribe()
    await turns()
    expect(posts()).toBe(0)
  })

  it.each(["one Observable", "an Observable for each mount"])(
    "T40: by a component that is mounted twice at once pays once: %s",
    async (kind) => {
      const { options, posts } = answering(() => Response.json({ id: "job-1" }))
      const make = () => submit$(provider, { prompt: `rxjs: mounted twice, ${kind}` }, options)
      const one = make()
      const mount = () => (kind === "one Observable" ? one : make()).subscribe()
      mount().unsubscribe()
      const mounted = mount()
      await turns()
      expect(posts()).toBe(1)
      mounted.unsubscribe()
    }
  )

  it("T40: through switchMap with three values in one turn pays for the last", async () => {
    const { options, posts } = answering(() => Response.json({ id: "job-1" }))
    const states = of("a", "b", "c").pipe(switchMap((prompt) => submit$(provider, { prompt: `rxjs: ${prompt}` }, options)))
    expect((await lastValueFrom(states))._tag).toBe("Succeeded")
    expect(posts()).toBe(1)
  })
})

describe("submit$ with onUnsubscribe cancel", () => {
  it("asks the provider to cancel, once the last subscriber has left", async () => {
    const net = fakeFetch([said("running")])
    const cancel = vi.fn<() => Provider.Call>(() => ({ method: "POST", path: "/jobs/job-1/cancel" }))
    const cancelling = { ...provider, definition: { ...provider.definition, cancel } }
    const states = submit$(cancelling, request, { ...over(net), onUnsubscribe: "cancel" })
    const [first, second] = [states.subscribe(), states.subscribe()]
    await vi.waitUntil(() => net.polls().length > 0)
    first.unsubscribe()
    expect(cancel).not.toHaveBeenCalled()
    second.unsubscribe()
    await vi.waitUntil(() => net.posts().length === 2)
    expect(net.posts()[1]?.url).toBe("https://api.fake.test/jobs/job-1/cancel")
  })

  it("begins no other try for subscribers that have left", async () => {
    const { net, over: options, posts } = posting(() => new Promise((resolve) => answers.push(resolve)))
    const answers: Array<(response: Response) => void> = []
    const submitRetry = Schedule.spaced("50 millis")
    const asked = { prompt: "cancelled while it is busy" }
    const subscription = submit$(provider, asked, { ...options, submitRetry, onUnsubscribe: "cancel" }).subscribe()
    await vi.waitUntil(() => answers.length === 1)
    subscription.unsubscribe()
    answers[0]?.(new Response("", { status: 429 }))
    // A wait on a real clock is all that an Observable leaves.
    await Effect.runPromise(Effect.sleep("300 millis"))
    expect([posts(), net.posts().length]).toEqual([1, 0])
  })

  it("cancels a job whose id comes after all have left, and sends nothing if none had begun", async () => {
    const { net, over: options, posts } = posting(() => new Promise((resolve) => answers.push(resolve)))
    const answers: Array<(response: Response) => void> = []
    const cancel = vi.fn<() => Provider.Call>(() => ({ method: "DELETE", path: "/jobs/job-1" }))
    const cancelling = { ...provider, definition: { ...provider.definition, cancel } }
    const make = (prompt: string) => submit$(cancelling, { prompt }, { ...options, onUnsubscribe: "cancel" })
    make("cancelled at once").subscribe().unsubscribe()
    await turns()
    expect([posts(), cancel.mock.calls.length]).toEqual([0, 0])
    const subscription = make("cancelled on its way").subscribe()
    await vi.waitUntil(() => answers.length === 1)
    subscription.unsubscribe()
    answers[0]?.(Response.json({ id: "job-1" }))
    await vi.waitUntil(() => net.requests.some(({ method }) => method === "DELETE"))
    expect(posts()).toBe(1)
  })
})

const deleting = (): Provider.Call => ({ method: "DELETE", path: "/jobs/job-1" })

describe("attach$", () => {
  it("B7: takes a reference or its text, sends no POST, and shares its polls", async () => {
    for (const given of [jobRef, toUri(jobRef)]) {
      const net = fakeFetch([done])
      const states = attach$(provider, given, over(net))
      const all = await Promise.all([lastValueFrom(states), lastValueFrom(states)])
      expect([all.map(({ _tag }) => _tag), net.posts().length, net.polls().length]).toEqual([["Succeeded", "Succeeded"], 0, 1])
      expect((await lastValueFrom(states))._tag).toBe("Succeeded")
      expect(net.polls()).toHaveLength(1)
    }
  })

  it("refuses what is no reference, in a later turn: a bare retry can be stopped", async () => {
    const states = attach$(provider, "nonsense", over(fakeFetch()))
    expect(await failing(states)).toMatchObject({ reason: { _tag: "InvalidRequest", field: "ref" } })
    expect(await failing(states.pipe(retry(), takeUntil(timer(20)), defaultIfEmpty("stopped")))).toBe("stopped")
  })

  it("leaves or cancels when the last subscriber has left, as submit$ does", async () => {
    const net = fakeFetch([said("running")])
    const cancelling = { ...provider, definition: { ...provider.definition, cancel: deleting } }
    const subscription = attach$(cancelling, jobRef, { ...over(net), onUnsubscribe: "cancel" }).subscribe()
    await vi.waitUntil(() => net.polls().length > 0)
    subscription.unsubscribe()
    await vi.waitUntil(() => net.requests.some(({ method }) => method === "DELETE"))
    expect(net.posts()).toEqual([])
  })
})

/** Runs for so many polls, then is done. */
const slow = (polls: number) => fakeFetch([...Array.from({ length: polls }, () => said("running")), done])

describe("B7: retry after DeadlineExceeded watches anew, with a deadline of its own", () => {
  it.each([
    [
      "submit$",
      (net: ReturnType<typeof fakeFetch>) => submit$(provider, { prompt: "rxjs: slow" }, { ...over(net), pace: 30, deadline: 100 })
    ],
    ["attach$", (net: ReturnType<typeof fakeFetch>) => attach$(provider, jobRef, { ...over(net), pace: 30, deadline: 100 })]
  ])("%s", async (_, make) => {
    const net = slow(5)
    const errors: Array<unknown> = []
    const states = make(net).pipe(tap({ error: (error) => errors.push(error) }), retry(3), toArray())
    expect((await lastValueFrom(states)).at(-1)?._tag).toBe("Succeeded")
    expect(errors).not.toEqual([])
    for (const error of errors) expect(error).toMatchObject({ reason: { _tag: "DeadlineExceeded" } })
    expect(net.posts().length).toBeLessThanOrEqual(1)
  })
})

describe("the options of submit$ are plain", () => {
  it("B7: onSubmitted is a function that returns nothing, and gets the reference", async () => {
    const ids: Array<string> = []
    await lastValueFrom(submit$(provider, { prompt: "rxjs: told" }, { ...over(fakeFetch()), onSubmitted: ({ id }) => void ids.push(id) }))
    expect(ids).toEqual(["job-1"])
  })

  it("B7: onUnknown gets the error if nobody is left to get it", async () => {
    const answers: Array<(response: Response) => void> = []
    const told: Array<string> = []
    const { over: options } = posting(() => new Promise((resolve) => answers.push(resolve)))
    const onUnknown = ({ reason }: JobError): void => void told.push(reason._tag)
    const subscription = submit$(provider, { prompt: "rxjs: left, and lost" }, { ...options, onUnknown }).subscribe()
    await vi.waitUntil(() => answers.length === 1)
    subscription.unsubscribe()
    answers[0]?.(new Response("<html>", { status: 502 }))
    await vi.waitUntil(() => told.length > 0)
    expect(told).toEqual(["SubmitUnknown"])
  })

  it("Observables of one fetch share a transport, and so its line of requests", async () => {
    const net = fakeFetch([done])
    const options = over(net)
    const states = ["one", "two"].map((prompt) => submit$(provider, { prompt: `rxjs: share, ${prompt}` }, options))
    await Promise.all(states.map((each) => lastValueFrom(each)))
    expect(net.posts()).toHaveLength(2)
  })
})

const tags = (events: ReadonlyArray<Resumed>) => events.map((event) => (event._tag === "State" ? event.state._tag : event._tag))

describe("resumeAll$", () => {
  it("B7: follows the journal's jobs to their end, and each subscription reads it anew", async () => {
    const { restart } = memory()
    const left = submit$(provider, { prompt: "rxjs: left open" }, { ...over(fakeFetch([said("running")])), journal: restart() })
    await lastValueFrom(left.pipe(take(1)))
    const net = fakeFetch([done])
    const resumed = resumeAll$([provider], { ...over(net), journal: restart() })
    expect(tags(await lastValueFrom(resumed.pipe(toArray())))).toEqual(["Submitted", "Succeeded"])
    expect([await lastValueFrom(resumed.pipe(toArray())), net.posts()]).toEqual([[], []])
  })

  it("leaves the jobs when it is left", async () => {
    const { restart } = memory()
    await lastValueFrom(
      submit$(provider, { prompt: "rxjs: resumed, and left" }, { ...over(fakeFetch([said("running")])), journal: restart() }).pipe(take(1))
    )
    const net = fakeFetch([said("running")])
    const subscription = resumeAll$([provider], { ...over(net), journal: restart() }).subscribe()
    await vi.waitUntil(() => net.polls().length > 0)
    subscription.unsubscribe()
    await turns()
    const { length } = net.polls()
    await Effect.runPromise(Effect.sleep(30))
    expect(net.polls().length).toBe(length)
  })
})

describe("jobs$", () => {
  it("emits the list at once and after each change, and follows while it is subscribed", async () => {
    const net = fakeFetch([said("running"), done])
    const client = createClient({ provider, fetch: net.fetch, pace: 1, logLevel: "none" })
    const statuses: Array<string> = []
    const subscription = jobs$(client).subscribe((jobs) => statuses.push(jobs.map(({ status }) => status).join(" ")))
    await client.submit({ prompt: "rxjs: listed" })
    await vi.waitUntil(() => statuses.at(-1) === "Succeeded")
    subscription.unsubscribe()
    expect(statuses).toEqual(["", "Submitted", "Running", "Succeeded"])
  })
})

describe("toObservable", () => {
  it("emits, completes and fails as the stream does", async () => {
    expect(await lastValueFrom(toObservable(Stream.make(1, 2)).pipe(toArray()))).toEqual([1, 2])
    await expect(lastValueFrom(toObservable(Stream.fail("no")))).rejects.toBe("no")
  })
})
