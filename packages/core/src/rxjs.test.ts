import { describe, expect, it, vi } from "@effect/vitest"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { lastValueFrom, retry, toArray } from "rxjs"
import { done, provider, request, said } from "../test/fake.ts"
import { fakeFetch } from "../test/fetch.ts"
import type * as Provider from "./Provider.ts"
import { submit$, toObservable } from "./rxjs.ts"

const over = (net: ReturnType<typeof fakeFetch>) => ({
  pace: 1,
  transport: Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, net.fetch))
})

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

  it("retry attaches to the same job instead of paying again", async () => {
    const net = fakeFetch([{ status: 401, body: { error: "no" } }, done])
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
})

describe("toObservable", () => {
  it("emits, completes and fails as the stream does", async () => {
    expect(await lastValueFrom(toObservable(Stream.make(1, 2)).pipe(toArray()))).toEqual([1, 2])
    await expect(lastValueFrom(toObservable(Stream.fail("no")))).rejects.toBe("no")
  })
})
