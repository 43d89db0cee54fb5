import { afterEach, describe, expect, it, vi } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import { lastValueFrom } from "rxjs"
import { definition, done, fake, key, provider, request, said } from "../../test/fake.ts"
import { fakeFetch } from "../../test/fetch.ts"
import { version } from "../base/version.ts"
import * as Job from "../Job.ts"
import { createClient, type LogLevel } from "../promise.ts"
import { submit$ } from "../rxjs.ts"

const secret = "tok-of-the-gateway"
const headers = { "X-Gateway-Token": secret }
const client = (net: ReturnType<typeof fakeFetch>, options = {}) =>
  createClient({ provider: fake({ apiKey: key, account: "me", ...options }), fetch: net.fetch, pace: 1 })
const sentBy = (net: ReturnType<typeof fakeFetch>) => net.requests.map(({ headers: sent, url }) => ({ url, sent }))

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe("headers", () => {
  it("go with every call to the API, and never with a download from elsewhere", async () => {
    const net = fakeFetch([said("running"), done])
    await (await client(net, { headers }).submit(request)).bytes()
    const all = sentBy(net)
    expect(all.map(({ sent, url }) => [new URL(url).host, sent.get("x-gateway-token"), sent.get("authorization")])).toEqual([
      ["api.fake.test", secret, `Bearer ${key}`],
      ["api.fake.test", secret, `Bearer ${key}`],
      ["api.fake.test", secret, `Bearer ${key}`],
      ["cdn.fake.test", null, null]
    ])
  })

  it.each([
    ["Authorization", "Bearer other"],
    ["content-type", "text/plain"],
    ["HOST", "evil.test"],
    ["Content-Length", "4096"],
    ["transfer-encoding", "chunked"],
    ["user-agent", "studio/7"],
    ["x y", secret],
    ["", secret],
    ["x-token\r\nx-other", secret],
    ["x-token", `${secret}\r\nauthorization: other`],
    ["x-token", `${secret}\u2713`]
  ])("%j: %j is refused before anything is sent, and its value is not shown", async (name, value) => {
    const net = fakeFetch()
    const error: unknown = await client(net, { headers: { [name]: value } })
      .submit(request)
      .catch((failure: unknown) => failure)
    expect(error).toMatchObject({ reason: { _tag: "InvalidRequest", field: "headers" } })
    expect([String(error), JSON.stringify(error)].join()).not.toContain(value)
    expect(net.requests).toEqual([])
  })

  it("T23: no error shows their values, even if a gateway repeats them", async () => {
    const net = fakeFetch([{ status: 400, body: { error: `The token ${secret} is of another team` } }])
    const job = await client(net, { headers }).submit(request)
    const error: unknown = await job.result().catch((failure: unknown) => failure)
    expect(String(error)).toContain("The token <key> is of another team")
    expect([String(error), JSON.stringify(error)].join()).not.toContain(secret)
  })

  it("are not shown by a printed provider", () => {
    const made = fake({ apiKey: key, headers })
    expect(JSON.stringify(made)).not.toContain(secret)
  })
})

describe("userAgent", () => {
  it("is Reelay's by default, to the API and to the video's host", async () => {
    const net = fakeFetch([done])
    await (await client(net).submit(request)).bytes()
    expect(sentBy(net).map(({ sent }) => sent.get("user-agent"))).toEqual(Array.from({ length: 3 }, () => `reelay/${version}`))
  })

  it("is the caller's to choose", async () => {
    const net = fakeFetch([done])
    await client(net, { userAgent: "studio/7 (ops@example.com)" }).run(request)
    expect(sentBy(net)[0]?.sent.get("user-agent")).toBe("studio/7 (ops@example.com)")
  })

  it("is the browser's own in a browser", async () => {
    vi.stubGlobal("navigator", { userAgent: "Mozilla/5.0 (X11; Linux x86_64)" })
    const net = fakeFetch([done])
    await client(net, { userAgent: "studio/7" }).run(request)
    expect(sentBy(net)[0]?.sent.has("user-agent")).toBe(false)
  })

  it.each(["", "a\nb"])("%j is refused before anything is sent", async (userAgent) => {
    const net = fakeFetch()
    await expect(client(net, { userAgent }).submit(request)).rejects.toMatchObject({
      reason: { _tag: "InvalidRequest", field: "userAgent" }
    })
    expect(net.requests).toEqual([])
  })
})

type Net = ReturnType<typeof fakeFetch>

const apis = {
  createClient: async (net: Net, logLevel?: LogLevel) => {
    const job = await createClient({ provider, fetch: net.fetch, pace: 1, logLevel }).submit(request)
    for await (const state of job) void state
    await job.bytes()
  },
  submit$: async (net: Net, logLevel?: LogLevel) => {
    const transport = Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, net.fetch))
    await lastValueFrom(submit$(provider, request, { transport, pace: 1, logLevel }))
  }
}

/** Everything that is printed on the console while a job runs whose pace is too fast for its provider. */
const printed = async (api: (net: Net, level?: LogLevel) => Promise<void>, logLevel?: LogLevel) => {
  const lines: Array<string> = []
  const write = (...words: ReadonlyArray<unknown>) => void lines.push(words.join(" "))
  for (const method of ["log", "info", "warn", "error", "debug"] as const) vi.spyOn(console, method).mockImplementation(write)
  const net = fakeFetch([said("running", { progress: 40 }), { status: 502, body: `key ${key}` }, done])
  await api(net, logLevel)
  return lines.join("\n")
}

describe.each(Object.entries(apis))("logLevel of %s", (_, api) => {
  it("is warning by default", async () => {
    const lines = await printed(api)
    expect(lines).toContain(`faster than ${definition.title} advises`)
    expect(lines).not.toContain("Poll 1")
  })

  it.each(["none", "error"] as const)("%s hides warnings", async (level) => {
    expect(await printed(api, level)).toBe("")
  })

  it("info adds nothing to warning", async () => {
    expect((await printed(api, "info")).split("\n")).toHaveLength(1)
  })

  it("T23: debug logs the submission, each poll and each wait, without key or signed URL", async () => {
    const lines = await printed(api, "debug")
    expect(lines).toContain("Submission 1 to fake: HTTP 200, Accepted")
    expect(lines).toContain("Poll 1 of fake job job-1: HTTP 200, Running, 40 %")
    expect(lines).toContain("Poll 2 of fake job job-1: HTTP 502, Missed")
    expect(lines).toContain("Poll 3 of fake job job-1: HTTP 200, Succeeded")
    expect(lines).toContain("Polling fake job job-1 in ")
    expect(lines).not.toContain(key)
    expect(lines).not.toContain("sig=")
  })
})

it("a provider built by hand needs none of them", async () => {
  const { headers: _, userAgent: __, ...bare } = provider
  const net = fakeFetch([done])
  expect((await createClient({ provider: bare, fetch: net.fetch, pace: 1 }).run(request))._tag).toBe("Succeeded")
  expect(Effect.isEffect(Job.submit(bare, request))).toBe(true)
})
